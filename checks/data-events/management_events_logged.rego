# METADATA
# title: Management events that matter for S3 are logged in every region
# description: >
#   Before data leaves, somebody prepares the way with management events: PutBucketPolicy opens a bucket to his account,
#   PutBucketReplication copies it there, StopLogging and DeleteDetector blind the defenders. A trail can be set to skip
#   management events, to keep only reads or only writes, or to exclude sources; one that logs only data events looks
#   healthy and misses all of this.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
# custom:
#   id: management-events-logged
#   area: data-events
#   resource: account
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Let a trail of all regions log all management events, reads and writes. `put-event-selectors` replaces all
#     selectors: read them, stay in their family, keep the data events; the new management selector excludes nothing.
#
#         aws cloudtrail update-trail --region HOME_REGION --name TRAIL_ARN --is-multi-region-trail \
#           --include-global-service-events
#         aws cloudtrail get-event-selectors --region HOME_REGION --trail-name TRAIL_ARN > before.json
#         # advanced selectors
#         jq '.AdvancedEventSelectors | select(length > 0)
#           | map(select(any(.FieldSelectors[]; .Equals == ["Management"]) | not))
#           + [{"Name":"Management","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]' \
#           before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --advanced-event-selectors file://selectors.json
#         # basic selectors
#         jq '.EventSelectors | select(length > 0) + [{"ReadWriteType":"All","IncludeManagementEvents":true}]' \
#           before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --event-selectors file://selectors.json
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
package exfilguard.data_events.management_events_logged

import rego.v1

pass if input.management_events_logged.holds

message := sprintf(
	"management events of account `%s` (%s) are not all logged: %s",
	[input.name, input.id, input.management_events_logged.reason],
)
