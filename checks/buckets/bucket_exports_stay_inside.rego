# METADATA
# title: What the bucket sends out by itself stays inside the organization
# description: >
#   Replication copies every object to another bucket, an inventory lists them all, access logs and event notifications
#   tell of each one. A thief needs to be in the account once: he adds a rule whose destination is his, and S3 carries
#   everything to come out to him under its own name, without a single download in the logs of his keys. The
#   destinations must belong to accounts of the organization or to those below `trust` in the policy file. A destination
#   bucket that does not exist any more is a gift to whoever registers its name.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/configure-inventory.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
# custom:
#   id: bucket-exports-stay-inside
#   area: buckets
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Stop what leaves, or list the destination's account below `trust` if it is a partner. The replication, logging
#     and notification calls each replace the whole configuration: read it, take out the one entry that leaves, and
#     send the rest. An empty logging status switches the access log off. Ask who set it up.
#
#         aws s3api get-bucket-replication --bucket BUCKET --query ReplicationConfiguration > replication.json
#         aws s3api put-bucket-replication --bucket BUCKET --replication-configuration file://replication.json
#         aws s3api delete-bucket-replication --bucket BUCKET
#         aws s3api list-bucket-inventory-configurations --bucket BUCKET
#         aws s3api delete-bucket-inventory-configuration --bucket BUCKET --id INVENTORY_ID
#         aws s3api get-bucket-logging --bucket BUCKET
#         aws s3api put-bucket-logging --bucket BUCKET --bucket-logging-status '{}'
#         aws s3api get-bucket-notification-configuration --bucket BUCKET > notification.json
#         aws s3api put-bucket-notification-configuration --bucket BUCKET \
#           --notification-configuration file://notification.json
#   calls:
#     - s3:GetBucketLogging
#     - s3:GetBucketNotificationConfiguration
#     - s3:GetBucketReplication
#     - s3:ListBucketInventoryConfigurations
#   empty_is: pass
#   empty_reason: >
#     A bucket that sends nothing out is the good state; a kind of export that could not be read stands in the list as an
#     entry of its own.
package exfilguard.buckets.bucket_exports_stay_inside

import rego.v1

pass if {
	every export in input.exports {
		stays(export)
	}
}

message := sprintf("bucket `%s` sends data out of the organization: %s", [input.name, concat("; ", leaving)])

stays(export) if export.inside.holds

stays(export) if export.account_id in data.policy.trust.accounts

leaving := [sprintf("%s to `%s` (%s)", [export.kind, export.destination, export.inside.reason]) |
	some export in input.exports
	not stays(export)
]
