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
package exfilguard.data_events.object_reads_logged

import rego.v1

pass if input.reads_logged.holds

message := sprintf("object reads in bucket `%s` are not logged: %s", [input.name, input.reads_logged.reason])
