# METADATA
# title: A sensitive bucket keeps versions and locks its objects
# description: >
#   A thief who wants ransom deletes or encrypts what he has copied. Versions let you go back, as long as he cannot
#   delete them too: Object Lock keeps him from it, whatever rights he has.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
# custom:
#   id: bucket-versioned-and-locked
#   area: buckets
#   resource: bucket
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Switch versions on, then Object Lock. Neither comes off again: Object Lock cannot be disabled, and versions then
#     not be suspended. GOVERNANCE gives way to whoever holds `s3:BypassGovernanceRetention`, COMPLIANCE to nobody,
#     root included. Old versions cost storage until a lifecycle rule expires them.
#
#         aws s3api put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Enabled \
#           --expected-bucket-owner ACCOUNT_ID
#         aws s3api put-object-lock-configuration --bucket BUCKET --object-lock-configuration '{
#           "ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"GOVERNANCE","Days":30}}}'
#   calls:
#     - s3:GetBucketTagging
#     - s3:GetBucketVersioning
#     - s3:GetObjectLockConfiguration
package exfilguard.buckets.bucket_versioned_and_locked

import rego.v1

applies if input.sensitive.holds

pass if {
	input.versioned.holds
	input.locked.holds
}

message := sprintf("objects of bucket `%s` can be destroyed: %s", [input.name, concat("; ", reasons)])

reasons contains input.versioned.reason if not input.versioned.holds

reasons contains input.locked.reason if not input.locked.holds
