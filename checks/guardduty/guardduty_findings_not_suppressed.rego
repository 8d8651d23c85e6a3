# METADATA
# title: No filter archives findings of S3 exfiltration
# description: >
#   A suppression rule archives findings the moment they are made: they reach no EventBridge rule, no Security Hub
#   and no person. One that was written against noise, or by a thief, and that fits every finding of a type about S3
#   makes GuardDuty blind for it. A rule that fits one bucket, role or address only is named in the facts and does
#   not fail the check.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/findings_suppression-rule.html
# custom:
#   id: guardduty-findings-not-suppressed
#   area: guardduty
#   resource: account-region
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   remediation: unsuppress-findings
#   mend: |
#     Let the filter archive nothing, in the account that owns it (the administrator's, for members): `NOOP` keeps its
#     criteria. If it was written against real noise, narrow it to the one bucket, role or address instead;
#     `--finding-criteria` replaces all criteria, so edit what `get-filter` shows. Then look through what it has
#     hidden.
#
#         aws guardduty list-filters --region REGION --detector-id DETECTOR_ID
#         aws guardduty get-filter --region REGION --detector-id DETECTOR_ID --filter-name FILTER \
#           --query FindingCriteria > criteria.json
#         aws guardduty update-filter --region REGION --detector-id DETECTOR_ID --filter-name FILTER --action NOOP
#         # or narrowed
#         aws guardduty update-filter --region REGION --detector-id DETECTOR_ID --filter-name FILTER \
#           --finding-criteria file://criteria.json
#         aws guardduty list-findings --region REGION --detector-id DETECTOR_ID \
#           --finding-criteria '{"Criterion":{"service.archived":{"Equals":["true"]}}}'
#   calls:
#     - guardduty:GetDetector
#     - guardduty:GetFilter
#     - guardduty:ListDetectors
#     - guardduty:ListFilters
#     - guardduty:ListOrganizationAdminAccounts
package exfilguard.guardduty.guardduty_findings_not_suppressed

import rego.v1

pass if input.guardduty_findings_kept.holds

message := sprintf(
	"findings of S3 exfiltration in account %s, region `%s` are archived unseen: %s%s",
	[input.account_id, input.region, input.guardduty_findings_kept.reason, narrowed],
)

narrowed := "" if count(input.guardduty_narrowed_filters) == 0

narrowed := sprintf("; in part by %s", [concat(", ", input.guardduty_narrowed_filters)]) if {
	count(input.guardduty_narrowed_filters) > 0
}
