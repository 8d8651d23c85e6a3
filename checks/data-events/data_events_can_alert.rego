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
#   mend: |
#     First let the trail select data events: `put-event-selectors` replaces all selectors, so read and merge (the
#     checks `object-reads-logged` and `object-writes-logged` show how). Then deliver it to a log group of the class
#     STANDARD, through a role that may `logs:CreateLogStream` and `logs:PutLogEvents`. Every data event then costs
#     once more, for its ingestion.
#
#         aws cloudtrail get-event-selectors --region HOME_REGION --trail-name TRAIL_ARN
#         aws logs create-log-group --region HOME_REGION --log-group-name LOG_GROUP --log-group-class STANDARD
#         aws logs put-retention-policy --region HOME_REGION --log-group-name LOG_GROUP --retention-in-days 90
#         aws cloudtrail update-trail --region HOME_REGION --name TRAIL_ARN --cloud-watch-logs-role-arn ROLE_ARN \
#           --cloud-watch-logs-log-group-arn 'arn:PARTITION:logs:HOME_REGION:ACCOUNT_ID:log-group:LOG_GROUP:*'
#         aws cloudtrail get-trail-status --region HOME_REGION --name TRAIL_ARN
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
package exfilguard.data_events.data_events_can_alert

import rego.v1

pass if input.data_events_can_alert.holds

message := sprintf("nothing can react to data events of account %s: %s", [input.id, input.data_events_can_alert.reason])
