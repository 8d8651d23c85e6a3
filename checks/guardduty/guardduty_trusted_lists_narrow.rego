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
package exfilguard.guardduty.guardduty_trusted_lists_narrow

import rego.v1

pass if input.guardduty_trusts_nobody.holds

message := sprintf(
	"GuardDuty overlooks trusted addresses in account %s, region `%s`: %s",
	[input.account_id, input.region, input.guardduty_trusts_nobody.reason],
)
