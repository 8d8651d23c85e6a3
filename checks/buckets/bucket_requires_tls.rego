# METADATA
# title: The bucket refuses requests without TLS
# description: >
#   S3 also answers plain HTTP. Whoever sits on the path reads the objects of such a request, and its presigned URL or
#   session token, with which he can go on by himself. The bucket's policy must refuse what comes with
#   `aws:SecureTransport` false, for the bucket and for its objects.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
# custom:
#   id: bucket-requires-tls
#   area: buckets
#   resource: bucket
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   remediation: require-tls
#   mend: |
#     Add a statement that refuses plain HTTP for the bucket and for its objects. `put-bucket-policy` replaces the
#     policy: read it and merge. A bucket without a policy answers the first call with `NoSuchBucketPolicy`: then
#     start from `{"Version":"2012-10-17","Statement":[]}`.
#
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         jq '.Statement += [{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*",
#           "Resource":["arn:PARTITION:s3:::BUCKET","arn:PARTITION:s3:::BUCKET/*"],
#           "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]' before.json > policy.json
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#   calls:
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketPolicy
package exfilguard.buckets.bucket_requires_tls

import rego.v1

pass if input.requires_tls.holds

message := sprintf("bucket `%s` answers requests without TLS: %s", [input.name, input.requires_tls.reason])
