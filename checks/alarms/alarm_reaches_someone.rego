# METADATA
# title: The alarm on a trail's log reaches a person
# description: >
#   An alarm that turns red where nobody looks stops no thief. Its actions must be switched on, and one of them must end
#   at a person: a topic whose policy and key let CloudWatch publish, with a confirmed subscription whose filter lets
#   the message through. A subscription that was never confirmed, or a topic whose key the alarm may not use, looks
#   complete in the console while every message is lost.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
#   - ref: https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html
# custom:
#   id: alarm-reaches-someone
#   area: alarms
#   resource: alarm
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Switch the actions on and subscribe a person to the topic, who confirms by the link in the mail. Setting
#     `Policy` replaces the topic's policy: read it and merge. A filter policy on message attributes drops every
#     alarm, and so does the key `alias/aws/sns`: take a key of your own that CloudWatch may use.
#
#         aws cloudwatch enable-alarm-actions --region REGION --alarm-names ALARM
#         aws sns list-subscriptions-by-topic --region REGION --topic-arn TOPIC_ARN
#         aws sns subscribe --region REGION --topic-arn TOPIC_ARN --protocol email --notification-endpoint ADDRESS
#         aws sns set-subscription-attributes --region REGION --subscription-arn SUBSCRIPTION_ARN \
#           --attribute-name FilterPolicy --attribute-value '{}'
#         aws sns get-topic-attributes --region REGION --topic-arn TOPIC_ARN --query Attributes.Policy \
#           --output text > before.json
#         jq '.Statement += [{"Sid":"CloudWatchAlarms","Effect":"Allow","Action":"sns:Publish","Resource":"TOPIC_ARN",
#           "Principal":{"Service":"cloudwatch.amazonaws.com"},
#           "Condition":{"StringEquals":{"aws:SourceAccount":"ACCOUNT_ID"}}}]' before.json > policy.json
#         aws sns set-topic-attributes --region REGION --topic-arn TOPIC_ARN --attribute-name Policy \
#           --attribute-value file://policy.json
#         aws sns set-topic-attributes --region REGION --topic-arn TOPIC_ARN --attribute-name KmsMasterKeyId \
#           --attribute-value KEY_ARN
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudwatch:DescribeAlarms
#     - cloudwatch:GetAlarmMuteRule
#     - cloudwatch:ListAlarmMuteRules
#     - logs:DescribeMetricFilters
#     - sns:GetSubscriptionAttributes
#     - sns:GetTopicAttributes
#     - sns:ListSubscriptionsByTopic
package exfilguard.alarms.alarm_reaches_someone

import rego.v1

applies if input.security_relevant.holds

pass if {
	input.actions_enabled.holds
	input.reaches_someone.holds
}

message := sprintf("alarm `%s` in `%s` tells nobody: %s", [input.name, input.region, concat("; ", broken)])

# A set: what both facts say is said once.
broken := {fact.reason |
	some fact in [input.actions_enabled, input.reaches_someone]
	not fact.holds
}
