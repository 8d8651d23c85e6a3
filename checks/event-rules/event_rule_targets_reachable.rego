# METADATA
# title: A rule that watches for exfiltration is on and sends somewhere that takes its events
# description: >
#   A rule that matches GuardDuty's findings, or calls that open a bucket or stop a trail, alerts nobody while it is
#   disabled, has no target, or may not use its targets: EventBridge drops what a function's or queue's policy does not
#   let it hand over, and what is encrypted with a key that it may not use. In the console such a rule looks complete.
#   Whether a person hears of the events is not judged here.
# related_resources:
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
# custom:
#   id: event-rule-targets-reachable
#   area: event-rules
#   resource: event-rule
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Enable the rule, give it a target, and let EventBridge use that: a function, a queue or a topic by its own
#     policy, other kinds by the role in `RoleArn`. Setting `Policy` of a queue or topic replaces it: read it, add
#     `events.amazonaws.com` for the rule's ARN to a copy (for a queue in queue.json, as the attribute `Policy`), and
#     send it. An encrypted one needs a customer's key that EventBridge may use.
#
#         aws events enable-rule --region REGION --name RULE --event-bus-name BUS
#         aws events list-targets-by-rule --region REGION --rule RULE --event-bus-name BUS
#         aws events put-targets --region REGION --rule RULE --event-bus-name BUS --targets Id=alert,Arn=TARGET_ARN
#         aws lambda add-permission --region REGION --function-name FUNCTION --statement-id RULE \
#           --source-arn RULE_ARN --action lambda:InvokeFunction --principal events.amazonaws.com
#         aws sqs get-queue-attributes --region REGION --queue-url QUEUE_URL --attribute-names Policy KmsMasterKeyId
#         aws sqs set-queue-attributes --region REGION --queue-url QUEUE_URL --attributes file://queue.json
#         aws sns get-topic-attributes --region REGION --topic-arn TOPIC_ARN
#         aws sns set-topic-attributes --region REGION --topic-arn TOPIC_ARN --attribute-name Policy \
#           --attribute-value file://policy.json
#   calls:
#     - events:ListEventBuses
#     - events:ListRules
#     - events:ListTargetsByRule
#     - lambda:GetPolicy
#     - sns:GetTopicAttributes
#     - sqs:GetQueueAttributes
package exfilguard.event_rules.event_rule_targets_reachable

import rego.v1

applies if input.watches_exfiltration.holds

pass if {
	input.enabled.holds
	input.target_reachable.holds
}

message := sprintf(
	"rule `%s` on bus `%s` in `%s` hands its events to nothing: %s",
	[input.name, input.bus, input.region, concat("; ", broken)],
)

broken := [fact.reason |
	some fact in [input.enabled, input.target_reachable]
	not fact.holds
]
