# METADATA
# title: The endpoint lets requests only to buckets of the organization
# description: >
#   A VPC endpoint of S3 is a way out that needs no internet. With the default policy, malware on an instance copies its
#   loot to the thief's own bucket: with the instance's role, with a key that the thief brings along, or unsigned if his
#   bucket accepts that. No proxy and no firewall sees it. The endpoint's policy must refuse all three; a policy that
#   only asks who the caller is leaves the first way open, one that names buckets by a prefix lets the thief register
#   the name.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
# custom:
#   id: endpoint-restricts-buckets
#   area: endpoints
#   resource: vpc-endpoint
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-endpoint-policy
#   mend: |
#     Let only the organization's principals reach only its buckets. `modify-vpc-endpoint` replaces the policy: read
#     it, merge what is still needed, keep before.json. First look in the trail who uses the endpoint: buckets of AWS
#     (package mirrors, Systems Manager, ECR layers) and of partners need statements of their own.
#
#         aws ec2 describe-vpc-endpoints --region REGION --vpc-endpoint-ids ENDPOINT_ID \
#           --query 'VpcEndpoints[0].PolicyDocument' --output text > before.json
#         jq -n '{"Version":"2012-10-17","Statement":[
#           {"Sid":"OrgToOrg","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{
#            "StringEquals":{"aws:PrincipalOrgID":"ORG_ID","aws:ResourceOrgID":"ORG_ID"}}},
#           {"Sid":"AwsServices","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*",
#            "Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}},
#           {"Sid":"AwsBuckets","Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],
#            "Resource":["arn:PARTITION:s3:::AWS_BUCKET","arn:PARTITION:s3:::AWS_BUCKET/*"]}]}' > policy.json
#         aws ec2 modify-vpc-endpoint --region REGION --vpc-endpoint-id ENDPOINT_ID \
#           --policy-document file://policy.json
#   calls:
#     - ec2:DescribeVpcEndpoints
package exfilguard.endpoints.endpoint_restricts_buckets

import rego.v1

pass if {
	input.denies_org_to_foreign_bucket.holds
	input.denies_foreign_to_foreign_bucket.holds
	input.denies_anonymous_to_foreign_bucket.holds
}

message := sprintf("endpoint `%s` of `%s` lets %s", [input.id, input.vpc_id, concat("; ", open)])

open := [sprintf("%s reach buckets of others (%s)", [probe.who, probe.denied.reason]) |
	some probe in [
		{"who": "the organization's principals", "denied": input.denies_org_to_foreign_bucket},
		{"who": "credentials of others", "denied": input.denies_foreign_to_foreign_bucket},
		{"who": "unsigned requests", "denied": input.denies_anonymous_to_foreign_bucket},
	]
	not probe.denied.holds
]
