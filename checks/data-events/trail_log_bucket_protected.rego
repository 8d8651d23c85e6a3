# METADATA
# title: The trail's log bucket is closed, and keeps what is in it
# description: >
#   The log is the evidence, and the thief knows it. Its bucket must be closed to the public and to strangers, also
#   where CloudTrail acts for a stranger's trail (the policy asks for `aws:SourceArn` or `aws:SourceAccount`); it
#   must keep versions or lock its objects, and no lifecycle rule may delete files before anybody looks: a rule of
#   one day is a known way to destroy a log.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
# custom:
#   id: trail-log-bucket-protected
#   area: data-events
#   resource: trail
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Block public access, keep versions, and let CloudTrail in for your trails only. `put-bucket-policy` and
#     `put-bucket-lifecycle-configuration` replace what is there: read both, edit copies (`aws:SourceArn` in each
#     statement for `cloudtrail.amazonaws.com`, with all trails that deliver there; no strangers; nothing expires
#     before 90 days), send them.
#
#         aws s3api put-public-access-block --bucket LOG_BUCKET \
#           --public-access-block-configuration \
#           BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
#         aws s3api put-bucket-versioning --bucket LOG_BUCKET --versioning-configuration Status=Enabled
#         aws s3api get-bucket-policy --bucket LOG_BUCKET --query Policy --output text > before.json
#         jq '(.Statement[] | select(.Principal.Service? == "cloudtrail.amazonaws.com") | .Condition.StringEquals)
#           += {"aws:SourceArn":"TRAIL_ARN"}' before.json > policy.json
#         aws s3api put-bucket-policy --bucket LOG_BUCKET --policy file://policy.json
#         aws s3api get-bucket-lifecycle-configuration --bucket LOG_BUCKET > lifecycle.json
#         aws s3api put-bucket-lifecycle-configuration --bucket LOG_BUCKET \
#           --lifecycle-configuration file://lifecycle.json
#   calls:
#     - cloudtrail:DescribeTrails
#     - organizations:DescribeEffectivePolicy
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketAcl
#     - s3:GetBucketLifecycleConfiguration
#     - s3:GetBucketOwnershipControls
#     - s3:GetBucketPolicy
#     - s3:GetBucketVersioning
#     - s3:GetObjectLockConfiguration
#     - s3:GetPublicAccessBlock
#     - s3control:GetPublicAccessBlock
#   parameters:
#     days:
#       type: integer
#       default: 90
#       description: for how many days at least files stay before a lifecycle rule deletes them
#   empty_is: pass
#   empty_reason: a bucket without a rule that deletes files keeps them for ever; that the rules were read is asked beside it
package exfilguard.data_events.trail_log_bucket_protected

import rego.v1

pass if {
	input.log_bucket.not_public.holds
	input.log_bucket.denies_strangers.holds
	input.log_bucket.kept.holds
	input.log_bucket.expiry_read.holds
	count(too_early) == 0
}

too_early contains days if {
	some days in input.log_bucket.expiry_days
	days < data.parameters.days
}

message := sprintf("bucket `%s`, which has the files of trail `%s`, is not protected: %s", [input.log_bucket.name, input.name, concat("; ", reasons)])

reasons := array.concat(
	[sprintf(why, [fact.reason]) |
		some [fact, why] in [
			[input.log_bucket.not_public, "it is public (%s)"],
			[input.log_bucket.denies_strangers, "it serves strangers (%s)"],
			[input.log_bucket.kept, "files can be deleted for good (%s)"],
			[input.log_bucket.expiry_read, "%s"],
		]
		not fact.holds
	],
	[sprintf("a lifecycle rule deletes files after %d days, before %d", [days, data.parameters.days]) |
		some days in too_early
	],
)
