# METADATA
# title: The rule drops no essential finding for its severity
# description: >
#   Most of GuardDuty's findings that tell of S3 exfiltration have the severity 8.0. A rule that asks for more, or for
#   another range, looks like an alert on GuardDuty and stays silent when data is being copied out: the theft is found,
#   and nobody is told. A finding that another rule of the same bus takes is not lost.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
# custom:
#   id: event-rule-keeps-severities
#   area: event-rules
#   resource: event-rule
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Take the condition on the severity out of the pattern. `put-rule` replaces the rule: send its description, state
#     and, if it has one, `--role-arn` again; its targets stay. A rule with `ManagedBy` belongs to an AWS service:
#     leave it, and make one of your own (the check `guardduty-s3-findings-routed`).
#
#         aws events describe-rule --region REGION --name RULE --event-bus-name BUS > before.json
#         jq '.EventPattern | fromjson | del(.detail.severity)
#           | del(.detail | select(. == {}))' before.json > pattern.json
#         aws events put-rule --region REGION --name RULE --event-bus-name BUS --state ENABLED \
#           --event-pattern file://pattern.json --description DESCRIPTION
#   calls:
#     - events:ListEventBuses
#     - events:ListRules
#     - events:ListTargetsByRule
package exfilguard.event_rules.event_rule_keeps_severities

import rego.v1

applies if input.concerns_guardduty.holds

pass if input.keeps_severities.holds

message := sprintf(
	"rule `%s` on bus `%s` in `%s` misses findings about S3 exfiltration: %s",
	[input.name, input.bus, input.region, input.keeps_severities.reason],
)
