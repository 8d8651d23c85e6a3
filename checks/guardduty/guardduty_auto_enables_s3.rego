# METADATA
# title: GuardDuty switches S3 Protection on in every account of the organization
# description: >
#   Accounts come and go, and a team that suspends GuardDuty in its own account is not noticed by its own account. Where
#   GuardDuty's administrator, or a GuardDuty policy of the organization, switches GuardDuty and its S3 Protection on in
#   all accounts, an account that was made or moved yesterday is watched today. Only for new accounts is not enough: those
#   that were there before, or were switched off since, stay dark, and a thief who reads their buckets is not seen.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/set-guardduty-auto-enable-preferences.html
#   - ref: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty_syntax.html
# custom:
#   id: guardduty-auto-enables-s3
#   area: guardduty
#   resource: organization-region
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: enable-guardduty-auto-s3
#   mend: |
#     From the administrator's account, in each region. Send both settings and leave out the deprecated
#     `--auto-enable`; other features stay as they are. Accounts follow within a day, and each is billed for what
#     GuardDuty reads. Where a GuardDuty policy of the organization rules the feature, edit that policy instead.
#
#         aws guardduty list-detectors --region REGION
#         aws guardduty describe-organization-configuration --region REGION --detector-id DETECTOR_ID
#         aws guardduty update-organization-configuration --region REGION --detector-id DETECTOR_ID \
#           --auto-enable-organization-members ALL --features '[{"Name":"S3_DATA_EVENTS","AutoEnable":"ALL"}]'
#         aws organizations describe-effective-policy --policy-type GUARDDUTY_POLICY --target-id ACCOUNT_ID
#   calls:
#     - guardduty:DescribeOrganizationConfiguration
#     - guardduty:GetDetector
#     - guardduty:ListDetectors
#     - guardduty:ListOrganizationAdminAccounts
package exfilguard.guardduty.guardduty_auto_enables_s3

import rego.v1

applies if input.in_organization.holds

pass if input.guardduty_enables_s3.holds

message := sprintf(
	"GuardDuty's S3 Protection is not switched on by itself in every account of organization %s, region `%s`: %s",
	[input.organization_id, input.region, input.guardduty_enables_s3.reason],
)
