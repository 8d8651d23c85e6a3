# METADATA
# title: The trail writes digests that show whether its files were changed
# description: >
#   Whoever reaches the log bucket can take the lines about himself out of the files. With log file validation
#   CloudTrail writes a signed digest every hour, so that a missing or changed file shows; without it an
#   investigation cannot trust what it reads.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
# custom:
#   id: trail-log-validation
#   area: data-events
#   resource: trail
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Switch the validation on in the trail's home region; it costs nothing and covers files from now on. Check the
#     digests from time to time: they only show a change to somebody who looks.
#
#         aws cloudtrail update-trail --region HOME_REGION --name TRAIL_ARN --enable-log-file-validation
#         aws cloudtrail validate-logs --region HOME_REGION --trail-arn TRAIL_ARN --start-time START_TIME
#   calls:
#     - cloudtrail:DescribeTrails
package exfilguard.data_events.trail_log_validation

import rego.v1

pass if input.log_file_validation.holds

message := sprintf("files of trail `%s` can be changed unseen: %s", [input.name, input.log_file_validation.reason])
