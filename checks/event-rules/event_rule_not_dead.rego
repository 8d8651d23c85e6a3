# METADATA
# title: The rule can still match a finding of GuardDuty
# description: >
#   GuardDuty retires finding types: since 2022 a download that is out of the ordinary is no longer
#   Exfiltration:S3/ObjectRead.Unusual but Exfiltration:S3/AnomalousBehavior. A rule that names only retired types, or
#   whose conditions no finding can meet, never fires again, but looks in every inventory like an alert that is in
#   place.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
# custom:
#   id: event-rule-not-dead
#   area: event-rules
#   resource: event-rule
#   severity: low
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Replace retired types by those that GuardDuty makes today; best take them all by pattern. `put-rule` replaces
#     the rule: send its description, state and, if it has one, `--role-arn` again; its targets stay.
#
#         aws events describe-rule --region REGION --name RULE --event-bus-name BUS > before.json
#         jq -n '{"source":["aws.guardduty"],
#           "detail-type":["GuardDuty Finding"],"detail":{"type":[{"wildcard":"*:S3/*"},{"prefix":"AttackSequence:"},
#           {"prefix":"UnauthorizedAccess:IAMUser/"},"Exfiltration:IAMUser/AnomalousBehavior",
#           "CredentialAccess:IAMUser/CompromisedCredentials","DefenseEvasion:IAMUser/AnomalousBehavior",
#           "Stealth:IAMUser/CloudTrailLoggingDisabled"]}}' > pattern.json
#         aws events put-rule --region REGION --name RULE --event-bus-name BUS --state ENABLED \
#           --event-pattern file://pattern.json --description DESCRIPTION
#   calls:
#     - events:ListEventBuses
#     - events:ListRules
package exfilguard.event_rules.event_rule_not_dead

import rego.v1

applies if input.concerns_guardduty.holds

pass if input.not_dead.holds

message := sprintf(
	"rule `%s` on bus `%s` in `%s` matches no finding that GuardDuty still makes: %s%s",
	[input.name, input.bus, input.region, input.not_dead.reason, retired],
)

retired := sprintf(" (retired: `%s`)", [concat("`, `", input.retired_types)]) if {
	input.retired_types != []
} else := ""
