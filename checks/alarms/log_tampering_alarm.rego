# METADATA
# title: A person hears of it when a trail is stopped or changed
# description: >
#   Whoever is about to copy data out first switches off what would show it: StopLogging, DeleteTrail, UpdateTrail and
#   PutEventSelectors (which can take the data events away and leave the trail running). Each of these calls alone must
#   raise an alarm of a metric filter on the trail's log group, or match an EventBridge rule, and either must reach a
#   person. Otherwise the download that follows leaves no trace and nobody asks why.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
#   - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
# custom:
#   id: log-tampering-alarm
#   area: alarms
#   resource: account
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Count the calls with a metric filter and let a single one raise an alarm. Both calls replace a filter or alarm
#     of the same name. The log group must be that of a trail that logs management events of all regions, and the
#     topic in TOPIC_ARN must have a confirmed subscriber in the same region.
#
#         P='$.eventName = "StopLogging" || $.eventName = "DeleteTrail" || $.eventName = "UpdateTrail"'
#         P="$P"' || $.eventName = "PutEventSelectors"'
#         aws logs put-metric-filter --region REGION --log-group-name LOG_GROUP --filter-name trail-changed \
#           --filter-pattern "{ \$.eventSource = \"cloudtrail.amazonaws.com\" && ($P) }" \
#           --metric-transformations metricName=TrailChanged,metricNamespace=S3Exfiltration,metricValue=1
#         aws cloudwatch put-metric-alarm --region REGION --alarm-name trail-changed --namespace S3Exfiltration \
#           --metric-name TrailChanged --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 \
#           --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching \
#           --alarm-actions TOPIC_ARN
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
#     - cloudwatch:DescribeAlarms
#     - cloudwatch:GetAlarmMuteRule
#     - cloudwatch:ListAlarmMuteRules
#     - events:ListEventBuses
#     - events:ListRules
#     - events:ListTargetsByRule
#     - logs:DescribeLogGroups
#     - logs:DescribeMetricFilters
#     - sns:GetSubscriptionAttributes
#     - sns:GetTopicAttributes
#     - sns:ListSubscriptionsByTopic
package exfilguard.alarms.log_tampering_alarm

import rego.v1

pass if input.log_tampering_heard.holds

message := sprintf(
	"account %s: nobody hears of every call that stops or changes a trail: %s",
	[input.id, input.log_tampering_heard.reason],
)
