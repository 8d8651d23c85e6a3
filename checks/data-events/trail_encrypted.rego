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
#   mend: |
#     Give the trail an enabled key of your own in the log bucket's region. The key's policy must first let CloudTrail
#     use it, or deliveries stop; `put-key-policy` replaces the policy, so read it and merge. Readers of the log need
#     `kms:Decrypt`.
#
#         aws kms get-key-policy --region REGION --key-id KEY_ARN --policy-name default --query Policy \
#           --output text > before.json
#         jq '.Statement += [{"Sid":"CloudTrail","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},
#           "Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*",
#           "Condition":{"StringEquals":{"aws:SourceArn":"TRAIL_ARN"}}}]' before.json > policy.json
#         aws kms put-key-policy --region REGION --key-id KEY_ARN --policy-name default --policy file://policy.json
#         aws cloudtrail update-trail --region HOME_REGION --name TRAIL_ARN --kms-key-id KEY_ARN
#         # a key that is to be deleted, or is disabled
#         aws kms cancel-key-deletion --region REGION --key-id KEY_ARN
#         aws kms enable-key --region REGION --key-id KEY_ARN
#   calls:
#     - cloudtrail:DescribeTrails
#     - kms:DescribeKey
#     - kms:GetKeyPolicy
package exfilguard.data_events.trail_encrypted

import rego.v1

pass if input.encrypted.holds

message := sprintf("files of trail `%s` are not encrypted with a key that works: %s", [input.name, input.encrypted.reason])
