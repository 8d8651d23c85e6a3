# METADATA
# title: A sensitive bucket serves the organization's credentials only inside its networks
# description: >
#   Stolen keys of the organization pass every check of who is asking; what gives the thief away is where he is. A
#   bucket with sensitive data must refuse the organization's own credentials from an internet address outside the
#   trusted networks, through a VPC endpoint of somebody else, and in a presigned URL that was carried out. Where one of
#   the three is open, a leaked key is enough to download everything from anywhere.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html
# custom:
#   id: bucket-restricts-network
#   area: buckets
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-bucket-policy
#   mend: |
#     Refuse what comes from outside your networks and endpoints. `put-bucket-policy` replaces the policy: read it,
#     merge, keep before.json. Name every network and a role for emergencies, or consoles, backups and partners break.
#
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         jq '.Statement += [{"Sid":"NetworkPerimeter","Effect":"Deny","Principal":"*","Action":"s3:*",
#           "Resource":["arn:PARTITION:s3:::BUCKET","arn:PARTITION:s3:::BUCKET/*"],"Condition":{
#           "NotIpAddressIfExists":{"aws:SourceIp":["CIDR"]},"StringNotEqualsIfExists":{"aws:VpceOrgID":"ORG_ID"},
#           "BoolIfExists":{"aws:PrincipalIsAWSService":"false","aws:ViaAWSService":"false"},
#           "ArnNotLikeIfExists":{"aws:PrincipalArn":["EMERGENCY_ROLE_ARN"]}}}]' before.json > policy.json
#         aws accessanalyzer validate-policy --policy-type RESOURCE_POLICY --policy-document file://policy.json
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#   calls:
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketPolicy
#     - s3:GetBucketTagging
package exfilguard.buckets.bucket_restricts_network

import rego.v1

applies if input.sensitive.holds

pass if {
	input.denies_foreign_network.from_internet.holds
	input.denies_foreign_network.from_foreign_endpoint.holds
	input.denies_foreign_network.by_presigned_url.holds
}

message := sprintf("bucket `%s` serves the organization's credentials %s", [input.name, concat("; ", open)])

open := [sprintf("%s (%s)", [probe.way, probe.denied.reason]) |
	some probe in [
		{"way": "from the internet", "denied": input.denies_foreign_network.from_internet},
		{"way": "through endpoints of others", "denied": input.denies_foreign_network.from_foreign_endpoint},
		{"way": "in presigned URLs", "denied": input.denies_foreign_network.by_presigned_url},
	]
	not probe.denied.holds
]
