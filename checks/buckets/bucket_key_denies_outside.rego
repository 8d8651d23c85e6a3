# METADATA
# title: The key of a sensitive bucket refuses everybody outside
# description: >
#   Who reads an object that is encrypted with a key of KMS needs the key as well. A key whose policy admits the
#   organization alone stops the thief whom a changed bucket policy, an access point or a grant has let in: the
#   second lock on the door. S3's own keys refuse nobody who may read the object.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
#   - ref: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
# custom:
#   id: bucket-key-denies-outside
#   area: buckets
#   resource: bucket
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Encrypt new objects with a key of your own whose policy admits the organization alone. `put-key-policy` replaces
#     the policy: read it, take out outsiders, keep a statement for the account's administrators. Objects that exist
#     keep their old key until they are copied onto themselves; readers need `kms:Decrypt`, writers
#     `kms:GenerateDataKey`.
#
#         aws s3api get-bucket-encryption --bucket BUCKET
#         aws kms get-key-policy --region REGION --key-id KEY_ARN --policy-name default --query Policy \
#           --output text > before.json
#         # edit a copy, policy.json
#         aws kms put-key-policy --region REGION --key-id KEY_ARN --policy-name default --policy file://policy.json
#         aws kms list-grants --region REGION --key-id KEY_ARN
#         aws s3api put-bucket-encryption --bucket BUCKET --server-side-encryption-configuration '{"Rules":[{
#           "BucketKeyEnabled":true,
#           "ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"KEY_ARN"}}]}'
#   calls:
#     - kms:DescribeKey
#     - kms:GetKeyPolicy
#     - s3:GetBucketEncryption
#     - s3:GetBucketTagging
package exfilguard.buckets.bucket_key_denies_outside

import rego.v1

applies if input.sensitive.holds

pass if input.key_denies_outside.holds

message := sprintf("the key of bucket `%s` does not keep outsiders away: %s", [input.name, input.key_denies_outside.reason])
