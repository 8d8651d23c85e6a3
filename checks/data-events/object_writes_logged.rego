# METADATA
# title: Writes and deletions of the bucket's objects are logged
# description: >
#   An intruder who copies data into the bucket as a staging place, overwrites objects with ones that only he can
#   decrypt, or deletes them for ransom or to hide his traces does so with PutObject, CopyObject and DeleteObject.
#   CloudTrail writes these calls down only where a trail or event data store selects S3 data events that are writes.
#   Without them the destruction is noticed by its victims, and nobody can say who did it, when, and to which objects.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
# custom:
#   id: object-writes-logged
#   area: data-events
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: enable-s3-data-events
#   mend: |
#     Append a selector for writes. `put-event-selectors` replaces all selectors: read them, stay in their family.
#     Data events cost per event; leave out the trail's log bucket, where each delivery would be one more.
#
#         aws cloudtrail get-event-selectors --region HOME_REGION --trail-name TRAIL_ARN > before.json
#         # advanced selectors
#         jq '.AdvancedEventSelectors | select(length > 0) + [{"Name":"S3 object writes","FieldSelectors":[
#           {"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},
#           {"Field":"readOnly","Equals":["false"]},
#           {"Field":"resources.ARN","NotStartsWith":["arn:PARTITION:s3:::LOG_BUCKET/"]}]}]' \
#           before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --advanced-event-selectors file://selectors.json
#         # basic selectors
#         jq '.EventSelectors | select(length > 0) + [{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,
#           "DataResources":[{"Type":"AWS::S3::Object","Values":["arn:PARTITION:s3:::BUCKET/"]}]}]' \
#           before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --event-selectors file://selectors.json
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventDataStore
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
#     - cloudtrail:ListEventDataStores
package exfilguard.data_events.object_writes_logged

import rego.v1

pass if input.writes_logged.holds

message := sprintf("object writes in bucket `%s` are not logged: %s", [input.name, input.writes_logged.reason])
