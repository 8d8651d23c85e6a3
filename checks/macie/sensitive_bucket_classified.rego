# METADATA
# title: Macie looks for sensitive data in the sensitive bucket
# description: >
#   After an exfiltration the first question is what was in the bucket: whose data, which credentials, who must be told.
#   Without a classification that is not older than 90 days, by automated discovery or by a job, the answer has to be
#   found while the thief already sells it, and credentials among the objects are not known to need rotation.
# related_resources:
#   - ref: https://docs.aws.amazon.com/macie/latest/user/discovery-asdd.html
#   - ref: https://docs.aws.amazon.com/macie/latest/user/discovery-jobs.html
# custom:
#   id: sensitive-bucket-classified
#   area: macie
#   resource: bucket
#   severity: low
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Switch automated discovery on and take the bucket off its list of exclusions, or run a job. In an organization
#     the administrator does it. A job starts at once, must be made in the bucket's region and costs per gigabyte:
#     estimate the bucket's size first, and begin with a sample.
#
#         aws macie2 get-automated-discovery-configuration --region REGION
#         aws macie2 update-automated-discovery-configuration --region REGION --status ENABLED
#         aws macie2 list-classification-scopes --region REGION
#         aws macie2 update-classification-scope --region REGION --id SCOPE_ID \
#           --s3 '{"excludes":{"bucketNames":["BUCKET"],"operation":"REMOVE"}}'
#         aws macie2 create-classification-job --region REGION --name JOB --job-type ONE_TIME \
#           --s3-job-definition '{"bucketDefinitions":[{"accountId":"ACCOUNT_ID","buckets":["BUCKET"]}]}' \
#           --managed-data-identifier-selector RECOMMENDED --sampling-percentage 10
#   calls:
#     - macie2:DescribeBuckets
#     - macie2:GetMacieSession
#     - s3:GetBucketTagging
package exfilguard.macie.sensitive_bucket_classified

import rego.v1

applies if input.sensitive.holds

pass if input.classified.holds

message := sprintf(
	"nobody looks for sensitive data in sensitive bucket `%s`: %s",
	[input.name, input.classified.reason],
)
