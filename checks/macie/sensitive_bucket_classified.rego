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
package exfilguard.macie.sensitive_bucket_classified

import rego.v1

applies if input.sensitive.holds

pass if input.classified.holds

message := sprintf(
	"nobody looks for sensitive data in sensitive bucket `%s`: %s",
	[input.name, input.classified.reason],
)
