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
package exfilguard.event_rules.guardduty_s3_findings_routed

import rego.v1

pass if input.guardduty_findings_routed.holds

message := sprintf(
	"findings of S3 exfiltration in account %s, region `%s` do not all reach a person: %s",
	[input.account_id, input.region, input.guardduty_findings_routed.reason],
)
