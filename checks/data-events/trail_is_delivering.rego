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
