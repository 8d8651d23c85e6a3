# METADATA
# title: A person hears of every call in the region that opens a bucket or stops the watching
# description: >
#   PutBucketPolicy and PutBucketReplication carry data out of the account; StopLogging, DeleteTrail, PutEventSelectors
#   and DeleteDetector blind whoever might notice. They are rare, and each deserves a look. In every region each of them
#   must match an EventBridge rule (which hears of calls only where a trail logs them) or be counted by a metric filter
#   whose alarm one call raises, and a person must be told. An attacker picks the region that nobody watches.
# related_resources:
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-s3.html
# custom:
#   id: tampering-alerted
#   area: event-rules
#   resource: account-region
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Make a rule in each region, with a topic of that region to which a person has confirmed a subscription.
#     `put-rule` replaces a rule of that name, `Policy` the topic's whole policy: read and merge. EventBridge hears of
#     calls only where a trail logs them.
#
#         aws events put-rule --region REGION --name tampering --state ENABLED --event-pattern '{
#           "source":["aws.s3","aws.cloudtrail","aws.guardduty"],"detail-type":["AWS API Call via CloudTrail"],
#           "detail":{"eventName":["PutBucketPolicy","PutBucketReplication","PutEventSelectors","StopLogging",
#           "DeleteTrail","DeleteDetector"]}}'
#         aws events put-targets --region REGION --rule tampering --targets Id=alert,Arn=TOPIC_ARN
#         aws sns get-topic-attributes --region REGION --topic-arn TOPIC_ARN --query Attributes.Policy \
#           --output text > before.json
#         jq '.Statement += [{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish",
#           "Resource":"TOPIC_ARN","Condition":{"ArnEquals":{"aws:SourceArn":"RULE_ARN"}}}]' before.json > policy.json
#         aws sns set-topic-attributes --region REGION --topic-arn TOPIC_ARN --attribute-name Policy \
#           --attribute-value file://policy.json
#         aws sns subscribe --region REGION --topic-arn TOPIC_ARN --protocol email --notification-endpoint ADDRESS
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
package exfilguard.event_rules.tampering_alerted

import rego.v1

pass if input.tampering_heard.holds

message := sprintf(
	"account %s, region `%s`: nobody hears of every call that opens a bucket or stops the watching: %s",
	[input.account_id, input.region, input.tampering_heard.reason],
)
