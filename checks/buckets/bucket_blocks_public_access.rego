# METADATA
# title: S3 Block Public Access is fully in force for the bucket
# description: >
#   S3 Block Public Access is the net below every policy and access control list: with all four settings in force, by
#   the organization, the account or the bucket, no mistake and no intruder's PutBucketPolicy opens the bucket to
#   everybody. Each missing setting leaves one of the ways open: new or existing access control lists, new or existing
#   policies.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   id: bucket-blocks-public-access
#   area: buckets
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: block-public-access
#   mend: |
#     Set all four for the account, or for the bucket alone where another bucket of the account is public on purpose.
#     Whoever reads anonymously is shut out at once: look first for websites and public downloads. Where a policy of
#     the organization (`S3_POLICY`) rules the account, the account's own call is refused, and that policy must be
#     edited.
#
#         aws s3control put-public-access-block --account-id ACCOUNT_ID \
#           --public-access-block-configuration \
#           BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
#         aws s3api put-public-access-block --bucket BUCKET \
#           --public-access-block-configuration \
#           BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
#         aws organizations describe-effective-policy --policy-type S3_POLICY --target-id ACCOUNT_ID
#   calls:
#     - organizations:DescribeEffectivePolicy
#     - organizations:ListRoots
#     - s3:GetPublicAccessBlock
#     - s3control:GetPublicAccessBlock
package exfilguard.buckets.bucket_blocks_public_access

import rego.v1

pass if {
	input.public_access_blocked.block_public_acls.holds
	input.public_access_blocked.ignore_public_acls.holds
	input.public_access_blocked.block_public_policy.holds
	input.public_access_blocked.restrict_public_buckets.holds
}

message := sprintf("public access to bucket `%s` is not fully blocked: %s", [input.name, concat("; ", missing)])

missing := [sprintf("`%s` is not in force (%s)", [setting.name, setting.fact.reason]) |
	some setting in [
		{"name": "BlockPublicAcls", "fact": input.public_access_blocked.block_public_acls},
		{"name": "IgnorePublicAcls", "fact": input.public_access_blocked.ignore_public_acls},
		{"name": "BlockPublicPolicy", "fact": input.public_access_blocked.block_public_policy},
		{"name": "RestrictPublicBuckets", "fact": input.public_access_blocked.restrict_public_buckets},
	]
	not setting.fact.holds
]
