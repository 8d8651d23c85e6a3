# METADATA
# title: What happens in the region is logged
# description: >
#   A thief chooses the region in which nobody looks. Each enabled region needs a trail that logs and delivers: for
#   management events always, and for data events of S3 where there are buckets. A trail of a single region, or one
#   whose selectors leave the region's buckets out altogether, leaves the region blind.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html
# custom:
#   id: every-region-logged
#   area: data-events
#   resource: account-region
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: enable-s3-data-events
#   mend: |
#     Make the trail one of all regions and let it log. If the region's data events are missing, extend the selectors:
#     `put-event-selectors` replaces all of them, so read them, merge into selectors.json in the same family (basic or
#     advanced) and keep the management events. Data events cost per event.
#
#         aws cloudtrail update-trail --region HOME_REGION --name TRAIL_ARN --is-multi-region-trail \
#           --include-global-service-events
#         aws cloudtrail start-logging --region HOME_REGION --name TRAIL_ARN
#         aws cloudtrail get-event-selectors --region HOME_REGION --trail-name TRAIL_ARN
#         # advanced selectors
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --advanced-event-selectors file://selectors.json
#         # basic selectors
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --event-selectors file://selectors.json
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventDataStore
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
#     - cloudtrail:ListEventDataStores
package exfilguard.data_events.every_region_logged

import rego.v1

pass if {
	input.management_events_logged.holds
	input.some_data_events_logged.holds
}

message := sprintf("region `%s` of account %s is not watched: %s", [input.region, input.account_id, concat("; ", reasons)])

reasons := [fact.reason |
	some fact in [input.some_data_events_logged, input.management_events_logged]
	not fact.holds
]
