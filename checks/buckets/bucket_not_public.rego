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
package exfilguard.buckets.bucket_not_public

import rego.v1

pass if input.not_public.holds

message := sprintf("bucket `%s` is open to the public: %s", [input.name, input.not_public.reason])
