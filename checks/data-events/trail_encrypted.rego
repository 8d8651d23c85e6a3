# METADATA
# title: The trail's files are encrypted with a key that can be used
# description: >
#   With a customer's key of KMS, reading the log needs two permissions instead of one, and every reading of it is
#   logged. The key must be enabled and let CloudTrail use it: a key that is about to be deleted stops the delivery,
#   which is one way to silence a trail.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html
# custom:
#   id: trail-encrypted
#   area: data-events
#   resource: trail
#   severity: low
#   since: "0.1.0"
#   status: stable
package exfilguard.data_events.trail_encrypted

import rego.v1

pass if input.encrypted.holds

message := sprintf("files of trail `%s` are not encrypted with a key that works: %s", [input.name, input.encrypted.reason])
