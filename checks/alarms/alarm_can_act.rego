# METADATA
# title: The alarm on a trail's log can act
# description: >
#   An alarm does something only at the moment when it enters ALARM, and only if its actions are switched on, there are
#   some, what they name takes the message, and no mute rule holds them back. An alarm that has been red for days, or is
#   muted for the weekend, counts the downloads of a thief and stays silent. Actions of a composite alarm that follows
#   it count as its own.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
#   - ref: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html
#   - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
# custom:
#   id: alarm-can-act
#   area: alarms
#   resource: alarm
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Switch the actions on and end a mute rule that is in force (it may hold other alarms too). An alarm without
#     actions needs `put-metric-alarm`, which replaces all of it: send every field of alarm.json again, without those
#     that only AWS sets (ARN, state, times), and with the topic in `AlarmActions`. One that has been red for days
#     needs a threshold above what ordinary days bring. A composite alarm takes `put-composite-alarm` likewise.
#
#         aws cloudwatch describe-alarms --region REGION --alarm-names ALARM --alarm-types MetricAlarm \
#           --query 'MetricAlarms[0]' > alarm.json
#         aws cloudwatch enable-alarm-actions --region REGION --alarm-names ALARM
#         aws cloudwatch put-metric-alarm --region REGION --cli-input-json file://alarm.json
#         aws cloudwatch list-alarm-mute-rules --region REGION --alarm-name ALARM
#         aws cloudwatch delete-alarm-mute-rule --region REGION --alarm-mute-rule-name MUTE_RULE
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudwatch:DescribeAlarms
#     - cloudwatch:GetAlarmMuteRule
#     - cloudwatch:ListAlarmMuteRules
#     - logs:DescribeMetricFilters
#     - sns:GetTopicAttributes
package exfilguard.alarms.alarm_can_act

import rego.v1

applies if input.security_relevant.holds

pass if input.can_act.holds

message := sprintf("alarm `%s` in `%s` cannot act: %s", [input.name, input.region, input.can_act.reason])
