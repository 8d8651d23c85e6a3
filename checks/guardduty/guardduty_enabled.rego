# METADATA
# title: GuardDuty is enabled in the region
# description: >
#   GuardDuty is what recognizes the use of stolen credentials: calls from Tor, from known malicious addresses, from
#   outside AWS with an instance's role, or unlike anything the principal did before. It works per region: the buckets
#   of an enabled region without a detector are read, shared and emptied without a finding.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_regions.html
# custom:
#   id: guardduty-enabled
#   area: guardduty
#   resource: account-region
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Create the region's detector, or resume a suspended one. In an organization let the administrator do it, who
#     makes the account a member (the check `guardduty-member-healthy`). GuardDuty bills for what it reads.
#
#         aws guardduty list-detectors --region REGION
#         aws guardduty create-detector --region REGION --enable --finding-publishing-frequency FIFTEEN_MINUTES \
#           --features '[{"Name":"S3_DATA_EVENTS","Status":"ENABLED"}]'
#         # if there is a detector, it is suspended
#         aws guardduty update-detector --region REGION --detector-id DETECTOR_ID --enable
#         # a member, from the administrator's account
#         aws guardduty start-monitoring-members --region REGION --detector-id DETECTOR_ID --account-ids ACCOUNT_ID
#   calls:
#     - guardduty:GetDetector
#     - guardduty:GetMemberDetectors
#     - guardduty:ListDetectors
#     - guardduty:ListMembers
#     - guardduty:ListOrganizationAdminAccounts
package exfilguard.guardduty.guardduty_enabled

import rego.v1

pass if input.guardduty_enabled.holds

message := sprintf(
	"GuardDuty is not enabled in account %s, region `%s`: %s",
	[input.account_id, input.region, input.guardduty_enabled.reason],
)
