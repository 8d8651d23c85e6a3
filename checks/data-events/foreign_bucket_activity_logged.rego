# METADATA
# title: What the account's principals do to buckets of others is logged
# description: >
#   The copy into the thief's own bucket is an event on a bucket of another account. A selector that lists the
#   account's buckets does not see it: only one for all buckets does. Without it the theft by `CopyObject` leaves a
#   read at most, and an upload to a foreign bucket leaves nothing.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
# custom:
#   id: foreign-bucket-activity-logged
#   area: data-events
#   resource: account
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: enable-s3-data-events
#   mend: |
#     Append a selector for all buckets to a trail of all regions. `put-event-selectors` replaces all selectors: read
#     them, stay in their family. Data events cost per event, and deliveries to the log bucket would be events again:
#     except it (basic selectors cannot; let such a trail deliver to another account's bucket).
#
#         aws cloudtrail get-event-selectors --region HOME_REGION --trail-name TRAIL_ARN > before.json
#         # advanced selectors
#         jq '.AdvancedEventSelectors | select(length > 0) + [{"Name":"S3 objects of everybody","FieldSelectors":[
#           {"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},
#           {"Field":"resources.ARN","NotStartsWith":["arn:PARTITION:s3:::LOG_BUCKET/"]}]}]' \
#           before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --advanced-event-selectors file://selectors.json
#         # basic selectors
#         jq '.EventSelectors | select(length > 0) + [{"ReadWriteType":"All","IncludeManagementEvents":false,
#           "DataResources":[{"Type":"AWS::S3::Object","Values":["arn:PARTITION:s3"]}]}]' before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --event-selectors file://selectors.json
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventDataStore
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
#     - cloudtrail:ListEventDataStores
package exfilguard.data_events.foreign_bucket_activity_logged

import rego.v1

pass if {
	input.foreign_reads_logged.holds
	input.foreign_writes_logged.holds
}

message := sprintf("what principals of account %s do to buckets of others is not all logged: %s", [input.id, concat("; ", reasons)])

reasons := [sprintf("%s: %s", [what, fact.reason]) |
	some [what, fact] in [["reads", input.foreign_reads_logged], ["writes", input.foreign_writes_logged]]
	not fact.holds
]
