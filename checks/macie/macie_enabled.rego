# METADATA
# title: Macie is enabled where sensitive buckets are
# description: >
#   Macie reports when a bucket is shared outside the organization, copied to a stranger or opened to the public, and
#   finds personal data and credentials in objects. Where it is off, nobody knows what was in the bucket that a thief
#   emptied, and copies of sensitive data in forgotten buckets stay undiscovered until he finds them. It works per
#   region; a paused session reports nothing.
# related_resources:
#   - ref: https://docs.aws.amazon.com/macie/latest/user/getting-started.html
#   - ref: https://docs.aws.amazon.com/macie/latest/user/findings-types.html
# custom:
#   id: macie-enabled
#   area: macie
#   resource: account-region
#   severity: medium
#   since: "0.1.0"
#   status: stable
package exfilguard.macie.macie_enabled

import rego.v1

applies if input.holds_sensitive_buckets.holds

pass if input.macie_enabled.holds

message := sprintf(
	"Macie does not watch account %s, region `%s`, where %s: %s",
	[input.account_id, input.region, input.holds_sensitive_buckets.reason, input.macie_enabled.reason],
)
