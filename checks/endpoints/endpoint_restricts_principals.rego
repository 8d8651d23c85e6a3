# METADATA
# title: The endpoint lets only principals of the organization to its buckets
# description: >
#   An endpoint whose policy asks only where a request goes lets anybody's credentials use it: a thief who sits in
#   the network reads the organization's buckets with a key of his own account, wherever a bucket admits it. The
#   policy must ask for `aws:PrincipalOrgID` too.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
# custom:
#   id: endpoint-restricts-principals
#   area: endpoints
#   resource: vpc-endpoint
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-endpoint-policy
#   mend: |
#     Ask for `aws:PrincipalOrgID` in each statement that allows access to your buckets, beside `aws:ResourceOrgID`.
#     `modify-vpc-endpoint` replaces the policy: read it, merge, keep before.json. Unsigned reads of AWS's own buckets
#     (package mirrors) carry no organization and need a statement of their own.
#
#         aws ec2 describe-vpc-endpoints --region REGION --vpc-endpoint-ids ENDPOINT_ID \
#           --query 'VpcEndpoints[0].PolicyDocument' --output text > before.json
#         jq '(.Statement[] | select(.Sid == "SID") | .Condition.StringEquals)
#           += {"aws:PrincipalOrgID":"ORG_ID","aws:ResourceOrgID":"ORG_ID"}' before.json > policy.json
#         aws ec2 modify-vpc-endpoint --region REGION --vpc-endpoint-id ENDPOINT_ID \
#           --policy-document file://policy.json
#   calls:
#     - ec2:DescribeVpcEndpoints
package exfilguard.endpoints.endpoint_restricts_principals

import rego.v1

pass if input.denies_foreign_to_own_bucket.holds

message := sprintf(
	"endpoint `%s` of `%s` serves credentials of others: %s",
	[input.id, input.vpc_id, input.denies_foreign_to_own_bucket.reason],
)
