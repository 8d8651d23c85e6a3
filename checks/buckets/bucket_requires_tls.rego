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
package exfilguard.buckets.bucket_requires_tls

import rego.v1

pass if input.requires_tls.holds

message := sprintf("bucket `%s` answers requests without TLS: %s", [input.name, input.requires_tls.reason])
