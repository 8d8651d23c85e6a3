# METADATA
# title: GuardDuty has a delegated administrator in the region
# description: >
#   The administrator is designated per region. Where there is none, every account looks after its own GuardDuty: nobody
#   sees the findings of all of them, whoever took over an account can suspend its detector or archive what it found, and
#   new accounts have none. Thieves prefer the regions that nobody looks at.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_organizations.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/delegated-admin-designate.html
# custom:
#   id: guardduty-administrator-set
#   area: guardduty
#   resource: organization-region
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     From the management account, name the administrator in every region: the same account everywhere, best that of
#     the security team. GuardDuty refuses a second one as long as another region has a different one.
#
#         aws guardduty list-organization-admin-accounts --region REGION
#         aws guardduty enable-organization-admin-account --region REGION --admin-account-id ADMIN_ACCOUNT_ID
#   calls:
#     - guardduty:ListOrganizationAdminAccounts
package exfilguard.guardduty.guardduty_administrator_set

import rego.v1

applies if input.in_organization.holds

pass if input.guardduty_administrator_set.holds

message := sprintf(
	"nobody looks after GuardDuty for organization %s in region `%s`: %s",
	[input.organization_id, input.region, input.guardduty_administrator_set.reason],
)
