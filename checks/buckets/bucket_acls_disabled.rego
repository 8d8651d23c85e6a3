# METADATA
# title: Access control lists are disabled on the bucket
# description: >
#   Access control lists are a second way to share a bucket or a single object, beside its policy and easily overlooked:
#   one `PutObjectAcl` opens one object to another account or to everybody, and nothing shows in the policy. With lists in
#   force, objects that another account uploads also stay that account's property. Object Ownership `BucketOwnerEnforced`
#   disables them; a bucket for which it was never set has them in force.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ensure-object-ownership.html
# custom:
#   id: bucket-acls-disabled
#   area: buckets
#   resource: bucket
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   remediation: disable-acls
#   mend: |
#     Read the access control list first: whoever holds a grant there loses it, and needs a statement in the bucket's
#     policy. AWS refuses the change while the list grants anything to others, so reset it; afterwards uploads that
#     send an ACL other than `bucket-owner-full-control` fail.
#
#         aws s3api get-bucket-acl --bucket BUCKET > before.json
#         aws s3api put-bucket-acl --bucket BUCKET --acl private --expected-bucket-owner ACCOUNT_ID
#         aws s3api put-bucket-ownership-controls --bucket BUCKET --expected-bucket-owner ACCOUNT_ID \
#           --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
#   calls:
#     - s3:GetBucketOwnershipControls
package exfilguard.buckets.bucket_acls_disabled

import rego.v1

pass if input.acls_disabled.holds

message := sprintf("access control lists of bucket `%s` are in force: %s", [input.name, input.acls_disabled.reason])
