# METADATA
# title: Reads of the bucket's objects are logged
# description: >
#   Whoever steals credentials downloads objects with GetObject and finds them with ListObjects. CloudTrail writes these
#   calls down only where a trail or event data store selects S3 data events, and a selector may cover only some
#   buckets, some prefixes or only writes. Without a record of reads, a bulk download leaves no trace: nobody can alarm
#   on it, and afterwards nobody can say which objects are gone.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
# custom:
#   id: object-reads-logged
#   area: data-events
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: enable-s3-data-events
#   mend: |
#     Append a selector for reads to the trail, best to the organization's. `put-event-selectors` replaces all
#     selectors: read them, stay in their family, and call in the trail's home region. Data events cost per event.
#
#         aws cloudtrail get-event-selectors --region HOME_REGION --trail-name TRAIL_ARN > before.json
#         # advanced selectors
#         jq '.AdvancedEventSelectors | select(length > 0) + [{"Name":"S3 object reads","FieldSelectors":[
#           {"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},
#           {"Field":"readOnly","Equals":["true"]}]}]' before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --advanced-event-selectors file://selectors.json
#         # basic selectors
#         jq '.EventSelectors | select(length > 0) + [{"ReadWriteType":"ReadOnly","IncludeManagementEvents":false,
#           "DataResources":[{"Type":"AWS::S3::Object","Values":["arn:PARTITION:s3"]}]}]' before.json > selectors.json
#         aws cloudtrail put-event-selectors --region HOME_REGION --trail-name TRAIL_ARN \
#           --event-selectors file://selectors.json
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventDataStore
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
#     - cloudtrail:ListEventDataStores
package exfilguard.data_events.object_reads_logged

import rego.v1

pass if input.reads_logged.holds

message := sprintf("object reads in bucket `%s` are not logged: %s", [input.name, input.reads_logged.reason])
