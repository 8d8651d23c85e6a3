# METADATA
# title: A person hears of every call in the region that opens a bucket or stops the watching
# description: >
#   PutBucketPolicy and PutBucketReplication carry data out of the account; StopLogging, DeleteTrail, PutEventSelectors
#   and DeleteDetector blind whoever might notice. They are rare, and each deserves a look. In every region each of them
#   must match an EventBridge rule (which hears of calls only where a trail logs them) or be counted by a metric filter
#   whose alarm one call raises, and a person must be told. An attacker picks the region that nobody watches.
# related_resources:
#   - ref: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-s3.html
# custom:
#   id: tampering-alerted
#   area: event-rules
#   resource: account-region
#   severity: high
#   since: "0.1.0"
#   status: stable
package exfilguard.event_rules.tampering_alerted

import rego.v1

pass if input.tampering_heard.holds

message := sprintf(
	"account %s, region `%s`: nobody hears of every call that opens a bucket or stops the watching: %s",
	[input.account_id, input.region, input.tampering_heard.reason],
)
