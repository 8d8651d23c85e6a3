# METADATA
# title: The bucket is closed to the public
# description: >
#   A policy or access control list that admits everybody makes the data leave without any stolen credential: whoever
#   guesses or finds the bucket's name downloads it, anonymously, and tools search for such names all day. Conditions
#   that look like a restriction often are none, for example one that holds when its key is missing from the request.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   id: bucket-not-public
#   area: buckets
#   resource: bucket
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-bucket-policy
#   mend: |
#     Block public access, which works at once, and then take the statement or grant out, so that the bucket stays
#     closed without the block. `put-bucket-policy` and `put-bucket-acl` replace what is there: read both first. A
#     website that must stay public belongs behind CloudFront.
#
#         aws s3api put-public-access-block --bucket BUCKET \
#           --public-access-block-configuration \
#           BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         jq 'del(.Statement[] | select(.Sid == "SID"))' before.json > policy.json
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#         aws s3api get-bucket-acl --bucket BUCKET
#         aws s3api put-bucket-acl --bucket BUCKET --acl private
#         aws s3api get-bucket-policy-status --bucket BUCKET
#   calls:
#     - organizations:DescribeEffectivePolicy
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketAcl
#     - s3:GetBucketOwnershipControls
#     - s3:GetBucketPolicy
#     - s3:GetPublicAccessBlock
#     - s3control:GetPublicAccessBlock
package exfilguard.buckets.bucket_not_public

import rego.v1

pass if input.not_public.holds

message := sprintf("bucket `%s` is open to the public: %s", [input.name, input.not_public.reason])
