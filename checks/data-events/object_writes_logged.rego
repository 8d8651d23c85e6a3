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
package exfilguard.data_events.object_writes_logged

import rego.v1

pass if input.writes_logged.holds

message := sprintf("object writes in bucket `%s` are not logged: %s", [input.name, input.writes_logged.reason])
