# METADATA
# title: A bulk download of the account's objects alarms a person in time
# description: >
#   The usual theft is a loop of GetObject over a bucket, with a stolen key whose use is in itself allowed. The one
#   thing that stands out is the number of reads. A metric filter on the trail's log group counts them, an alarm on its
#   metric notices the burst, and its action must reach a person while there is still something to save. Every link can
#   fail unseen: a filter that counts one bucket only, a threshold that no thief reaches, a period of a day, missing
#   data that keep the alarm quiet, a topic without a subscriber.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
# custom:
#   id: bulk-download-alarm
#   area: alarms
#   resource: account
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: create-bulk-download-alarm
#   mend: |
#     Count the reads of all buckets and alarm on a burst: a sum of 500 in five minutes catches every burst of 1000,
#     however it falls. The trail must send reads of objects to the log group (the check `data-events-can-alert`). An
#     alarm that is always red acts no more: where ordinary days bring more reads, make a filter and an alarm for each
#     bucket instead. Both calls replace a filter or alarm of the same name; the topic in TOPIC_ARN needs a confirmed
#     subscriber in the same region.
#
#         aws logs put-metric-filter --region REGION --log-group-name LOG_GROUP --filter-name object-reads \
#           --filter-pattern '{ $.eventSource = "s3.amazonaws.com" && $.eventName = "GetObject" }' \
#           --metric-transformations metricName=ObjectReads,metricNamespace=S3Exfiltration,metricValue=1
#         aws cloudwatch put-metric-alarm --region REGION --alarm-name object-reads --namespace S3Exfiltration \
#           --metric-name ObjectReads --statistic Sum --period 300 --evaluation-periods 1 --threshold 500 \
#           --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching \
#           --alarm-actions TOPIC_ARN
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetEventSelectors
#     - cloudtrail:GetTrailStatus
#     - cloudwatch:DescribeAlarms
#     - cloudwatch:GetAlarmMuteRule
#     - cloudwatch:ListAlarmMuteRules
#     - logs:DescribeLogGroups
#     - logs:DescribeMetricFilters
#     - sns:GetSubscriptionAttributes
#     - sns:GetTopicAttributes
#     - sns:ListSubscriptionsByTopic
#   parameters:
#     objects:
#       type: integer
#       default: 1000
#       description: A burst of this many object reads must raise the alarm.
#     within:
#       type: duration
#       default: 1h
#       description: The alarm must be raised at the latest this long after the burst.
package exfilguard.alarms.bulk_download_alarm

import rego.v1

pass if {
	some chain in input.bulk_download_alarms
	chain.covers_bucket_reads.holds
	chain.detects.holds
	chain.smallest_burst <= data.parameters.objects
	chain.seconds_to_alarm <= data.parameters.within
	chain.reaches_someone.holds
}

message := sprintf(
	"a download of %d objects from account `%s` (%s) alarms nobody within %d s: %s",
	[data.parameters.objects, input.name, input.id, data.parameters.within, reason],
)

# The chain that is nearest to working is the one worth repairing: the message names its first broken link.
reason := nearest[0]

nearest := [link.text |
	some link in broken_links
	link.order == max([other.order | some other in broken_links])
]

broken_links := array.concat(
	[{"order": 0, "text": "no alarm watches a metric filter on a trail's log group"}],
	[first_broken_link(chain) | some chain in input.bulk_download_alarms],
)

# The last one needs no condition: the message is asked for only when no chain is whole.
first_broken_link(chain) := {"order": 1, "text": concat(": ", [name(chain), chain.covers_bucket_reads.reason])} if {
	not chain.covers_bucket_reads.holds
} else := {"order": 2, "text": concat(": ", [name(chain), chain.detects.reason])} if {
	not chain.detects.holds
} else := {"order": 3, "text": sprintf("%s needs %d reads to be sure", [name(chain), chain.smallest_burst])} if {
	chain.smallest_burst > data.parameters.objects
} else := {"order": 4, "text": sprintf("%s may take %d s", [name(chain), chain.seconds_to_alarm])} if {
	chain.seconds_to_alarm > data.parameters.within
} else := {"order": 5, "text": concat(": ", [name(chain), chain.reaches_someone.reason])}

# The part of a list that could not be read has no name.
name(chain) := sprintf("alarm `%s` in `%s`", [chain.alarm, chain.region]) if {
	chain.alarm != ""
} else := "an alarm that could not be read"
