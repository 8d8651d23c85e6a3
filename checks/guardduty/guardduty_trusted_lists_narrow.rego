# METADATA
# title: GuardDuty trusts no list of addresses
# description: >
#   GuardDuty makes no findings about addresses and domains on a trusted list, and trust wins over threat. A list
#   that holds more than a few addresses of your own is a place to hide in. What a list holds lies in an object of
#   S3, which an auditor does not read: an active list is therefore reported as unknown, for somebody to look at.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_upload-lists.html
# custom:
#   id: guardduty-trusted-lists-narrow
#   area: guardduty
#   resource: account-region
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Look where the list lies (`Location`) and what it holds. Deactivate it unless each entry is an address of your
#     own that must be trusted; exfilguard does not read lists, so one that stays active stays unknown to it. In an
#     organization the administrator's lists count, too.
#
#         aws guardduty list-ip-sets --region REGION --detector-id DETECTOR_ID
#         aws guardduty get-ip-set --region REGION --detector-id DETECTOR_ID --ip-set-id IP_SET_ID
#         aws guardduty update-ip-set --region REGION --detector-id DETECTOR_ID --ip-set-id IP_SET_ID --no-activate
#         aws guardduty list-trusted-entity-sets --region REGION --detector-id DETECTOR_ID
#         aws guardduty get-trusted-entity-set --region REGION --detector-id DETECTOR_ID \
#           --trusted-entity-set-id SET_ID
#         aws guardduty update-trusted-entity-set --region REGION --detector-id DETECTOR_ID \
#           --trusted-entity-set-id SET_ID --no-activate
#   calls:
#     - guardduty:GetDetector
#     - guardduty:GetIPSet
#     - guardduty:GetTrustedEntitySet
#     - guardduty:ListDetectors
#     - guardduty:ListIPSets
#     - guardduty:ListOrganizationAdminAccounts
#     - guardduty:ListTrustedEntitySets
package exfilguard.guardduty.guardduty_trusted_lists_narrow

import rego.v1

pass if input.guardduty_trusts_nobody.holds

message := sprintf(
	"GuardDuty overlooks trusted addresses in account %s, region `%s`: %s",
	[input.account_id, input.region, input.guardduty_trusts_nobody.reason],
)
