# METADATA
# title: The trail logs and delivers
# description: >
#   A trail that exists proves nothing: StopLogging leaves it in place with all its settings, and a changed bucket
#   policy or KMS key makes every delivery fail without a word to anybody. Both are what an intruder does first and what
#   a careless change does by accident. From then on no download is recorded, and alarms on the trail stay silent.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
# custom:
#   id: trail-is-delivering
#   area: data-events
#   resource: trail
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   remediation: start-trail-logging
#   mend: |
#     Start the logging, then look for `LatestDeliveryError`. A delivery fails when the log bucket is gone or its
#     policy or the trail's key no longer admits CloudTrail: `put-bucket-policy` and `put-key-policy` replace the
#     whole policy, so read it, merge and send it again. Ask who stopped the trail.
#
#         aws cloudtrail start-logging --region HOME_REGION --name TRAIL_ARN
#         aws cloudtrail get-trail-status --region HOME_REGION --name TRAIL_ARN
#         aws s3api get-bucket-policy --bucket LOG_BUCKET --query Policy --output text > before.json
#         # edit a copy, policy.json
#         aws s3api put-bucket-policy --bucket LOG_BUCKET --policy file://policy.json
#         aws kms get-key-policy --region REGION --key-id KEY_ARN --policy-name default --query Policy --output text
#         aws cloudtrail lookup-events --region HOME_REGION \
#           --lookup-attributes AttributeKey=EventName,AttributeValue=StopLogging
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetTrailStatus
package exfilguard.data_events.trail_is_delivering

import rego.v1

pass if {
	input.logging.holds
	input.delivering.holds
}

message := sprintf("trail `%s` in `%s` records nothing: %s", [input.name, input.home_region, concat("; ", broken)])

broken := [fact.reason |
	some fact in [input.logging, input.delivering]
	not fact.holds
]
