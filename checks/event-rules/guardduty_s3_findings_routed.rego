# METADATA
# title: GuardDuty's findings about S3 exfiltration reach a person
# description: >
#   A finding that nobody is told of is found weeks later. GuardDuty tells nobody by itself: an EventBridge rule, in
#   this account or in that of GuardDuty's administrator, must match the finding and hand it to a target that ends at a
#   person. Rules lose findings by a severity limit, by a list of types that lacks the new ones, by being disabled, or
#   by a topic without a confirmed subscription. A thief then downloads while the finding that names him waits in the
#   console.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-s3.html
# custom:
#   id: guardduty-s3-findings-routed
#   area: event-rules
#   resource: account-region
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   remediation: create-guardduty-event-rule
#   mend: |
#     Make a rule in the region, here or in GuardDuty's administrator account; a person must confirm the subscription.
#     `put-rule` replaces a rule of that name, `Policy` the topic's whole policy: read and merge.
#
#         aws events put-rule --region REGION --name s3-findings --event-pattern '{"source":["aws.guardduty"],
#           "detail-type":["GuardDuty Finding"],"detail":{"type":[{"wildcard":"*:S3/*"},{"prefix":"AttackSequence:"},
#           {"prefix":"UnauthorizedAccess:IAMUser/"},"Exfiltration:IAMUser/AnomalousBehavior",
#           "CredentialAccess:IAMUser/CompromisedCredentials","DefenseEvasion:IAMUser/AnomalousBehavior",
#           "Stealth:IAMUser/CloudTrailLoggingDisabled"]}}'
#         aws events put-targets --region REGION --rule s3-findings --targets Id=alert,Arn=TOPIC_ARN
#         aws sns get-topic-attributes --region REGION --topic-arn TOPIC_ARN --query Attributes.Policy \
#           --output text > before.json
#         jq '.Statement += [{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish",
#           "Resource":"TOPIC_ARN","Condition":{"ArnEquals":{"aws:SourceArn":"RULE_ARN"}}}]' before.json > policy.json
#         aws sns set-topic-attributes --region REGION --topic-arn TOPIC_ARN --attribute-name Policy \
#           --attribute-value file://policy.json
#         aws sns subscribe --region REGION --topic-arn TOPIC_ARN --protocol email --notification-endpoint ADDRESS
#         aws guardduty create-sample-findings --region REGION --detector-id DETECTOR_ID \
#           --finding-types Exfiltration:S3/AnomalousBehavior
#   calls:
#     - events:ListEventBuses
#     - events:ListRules
#     - events:ListTargetsByRule
#     - guardduty:GetDetector
#     - guardduty:GetFilter
#     - guardduty:ListDetectors
#     - guardduty:ListFilters
#     - guardduty:ListOrganizationAdminAccounts
#     - sns:GetSubscriptionAttributes
#     - sns:GetTopicAttributes
#     - sns:ListSubscriptionsByTopic
package exfilguard.event_rules.guardduty_s3_findings_routed

import rego.v1

pass if input.guardduty_findings_routed.holds

message := sprintf(
	"findings of S3 exfiltration in account %s, region `%s` do not all reach a person: %s",
	[input.account_id, input.region, input.guardduty_findings_routed.reason],
)
