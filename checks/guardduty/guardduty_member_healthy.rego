# METADATA
# title: GuardDuty's administrator sees the account's findings
# description: >
#   An account that is no member of GuardDuty's administrator, or whose membership is paused, removed or was never
#   completed, reports to nobody: the security team that watches the administrator's findings does not learn of a theft
#   there, and the account's own administrators can switch the detector off. Only the relationship `Enabled` is a working
#   one.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_accounts.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Member.html
# custom:
#   id: guardduty-member-healthy
#   area: guardduty
#   resource: account-region
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     From the administrator's account, in the region: add the account if it is missing or was removed, and resume it
#     if it is paused. DETECTOR_ID is the administrator's. In an organization the member needs to accept nothing.
#
#         aws guardduty list-members --region REGION --detector-id DETECTOR_ID --only-associated false
#         aws guardduty create-members --region REGION --detector-id DETECTOR_ID \
#           --account-details AccountId=ACCOUNT_ID,Email=ADDRESS
#         aws guardduty start-monitoring-members --region REGION --detector-id DETECTOR_ID --account-ids ACCOUNT_ID
#         aws guardduty update-member-detectors --region REGION --detector-id DETECTOR_ID \
#           --account-ids ACCOUNT_ID --features '[{"Name":"S3_DATA_EVENTS","Status":"ENABLED"}]'
#   calls:
#     - guardduty:GetDetector
#     - guardduty:ListDetectors
#     - guardduty:ListMembers
#     - guardduty:ListOrganizationAdminAccounts
package exfilguard.guardduty.guardduty_member_healthy

import rego.v1

applies if input.guardduty_member_expected.holds

pass if input.guardduty_member_healthy.holds

message := sprintf(
	"GuardDuty's administrator does not see the findings of account %s in region `%s`: %s",
	[input.account_id, input.region, input.guardduty_member_healthy.reason],
)
