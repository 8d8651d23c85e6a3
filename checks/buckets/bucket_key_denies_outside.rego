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
package exfilguard.buckets.bucket_key_denies_outside

import rego.v1

applies if input.sensitive.holds

pass if input.key_denies_outside.holds

message := sprintf("the key of bucket `%s` does not keep outsiders away: %s", [input.name, input.key_denies_outside.reason])
