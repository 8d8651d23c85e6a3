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
#   mend: |
#     Enable Macie in the region, or resume a paused session; in an organization let Macie's administrator do it for
#     its members. It bills per bucket, and per gigabyte where it looks into objects.
#
#         aws macie2 get-macie-session --region REGION
#         aws macie2 enable-macie --region REGION --status ENABLED --finding-publishing-frequency FIFTEEN_MINUTES
#         # if the session is paused
#         aws macie2 update-macie-session --region REGION --status ENABLED
#         # a member, from the administrator's account
#         aws macie2 create-member --region REGION --account accountId=ACCOUNT_ID,email=ADDRESS
#         aws macie2 update-member-session --region REGION --id ACCOUNT_ID --status ENABLED
#   calls:
#     - macie2:GetMacieSession
#     - s3:GetBucketTagging
package exfilguard.macie.macie_enabled

import rego.v1

applies if input.holds_sensitive_buckets.holds

pass if input.macie_enabled.holds

message := sprintf(
	"Macie does not watch account %s, region `%s`, where %s: %s",
	[input.account_id, input.region, input.holds_sensitive_buckets.reason, input.macie_enabled.reason],
)
