# METADATA
# title: Data events arrive where something can react to them
# description: >
#   Files in a log bucket are evidence for later; nobody is woken by them. Data events must also reach a CloudWatch
#   Logs group, where metric filters count them, or EventBridge, which gets what a trail logs. An event data store
#   alone alerts nobody.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/monitor-cloudtrail-log-files-with-cloudwatch-logs.html
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
# custom:
#   id: data-events-can-alert
#   area: data-events
#   resource: account
#   severity: medium
#   since: "0.1.0"
#   status: stable
package exfilguard.data_events.data_events_can_alert

import rego.v1

pass if input.data_events_can_alert.holds

message := sprintf("nothing can react to data events of account %s: %s", [input.id, input.data_events_can_alert.reason])
