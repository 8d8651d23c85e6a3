# METADATA
# title: A person hears of it when a bucket is opened
# description: >
#   Data can leave without a single download from within: the thief writes a bucket policy or an access control list
#   that admits his own account, replicates the bucket into it, deletes a policy that denies, or takes Block Public
#   Access away, and then reads from outside. Each of these calls alone must raise an alarm of a metric filter on a
#   trail's log group, or match an EventBridge rule, in every region, and either must reach a person.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
#   - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
# custom:
#   id: bucket-policy-change-alarm
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
#         P='$.eventName = "PutBucketPolicy" || $.eventName = "DeleteBucketPolicy" || $.eventName = "PutBucketAcl"'
#         P="$P"' || $.eventName = "PutBucketReplication" || $.eventName = "DeleteBucketPublicAccessBlock"'
#         P="$P"' || $.eventName = "DeleteAccountPublicAccessBlock"'
#         aws logs put-metric-filter --region REGION --log-group-name LOG_GROUP --filter-name bucket-opened \
#           --filter-pattern "{ \$.eventSource = \"s3.amazonaws.com\" && ($P) }" \
#           --metric-transformations metricName=BucketOpened,metricNamespace=S3Exfiltration,metricValue=1
#         aws cloudwatch put-metric-alarm --region REGION --alarm-name bucket-opened --namespace S3Exfiltration \
#           --metric-name BucketOpened --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 \
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
package exfilguard.alarms.bucket_policy_change_alarm

import rego.v1

pass if input.bucket_policy_changes_heard.holds

message := sprintf(
	"account %s: nobody hears of every call that opens a bucket: %s",
	[input.id, input.bucket_policy_changes_heard.reason],
)
