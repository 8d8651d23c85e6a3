# METADATA
# title: Workloads of the VPC reach S3 through an endpoint
# description: >
#   Where a VPC has no S3 endpoint, requests to S3 leave through a NAT, internet or transit gateway together with all
#   other traffic. There no endpoint policy asks where they go: malware on an instance copies its loot to the thief's
#   bucket, and bucket policies that admit the organization's endpoints only cannot be used. An endpoint serves only the
#   subnets whose route table names it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
# custom:
#   id: vpc-has-s3-endpoint
#   area: endpoints
#   resource: vpc
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Create a gateway endpoint (it costs nothing), or add the missing route tables to the one there is. Open
#     connections to S3 break once, and S3 then sees private addresses: bucket policies that ask for `aws:SourceIp`
#     stop to match. Without a policy a new endpoint lets everything through (the check `endpoint-restricts-buckets`
#     shows a good one).
#
#         aws ec2 describe-route-tables --region REGION --filters Name=vpc-id,Values=VPC_ID
#         aws ec2 describe-vpc-endpoints --region REGION --filters Name=vpc-id,Values=VPC_ID
#         aws ec2 create-vpc-endpoint --region REGION --vpc-id VPC_ID --vpc-endpoint-type Gateway \
#           --service-name com.amazonaws.REGION.s3 --route-table-ids ROUTE_TABLE_ID \
#           --policy-document file://policy.json
#         aws ec2 modify-vpc-endpoint --region REGION --vpc-endpoint-id ENDPOINT_ID \
#           --add-route-table-ids ROUTE_TABLE_ID
#         # an interface endpoint that its VPC does not use
#         aws ec2 modify-vpc-endpoint --region REGION --vpc-endpoint-id ENDPOINT_ID --private-dns-enabled \
#           --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false
#   calls:
#     - ec2:DescribeNetworkInterfaces
#     - ec2:DescribeRouteTables
#     - ec2:DescribeVpcEndpoints
#     - ec2:DescribeVpcs
package exfilguard.endpoints.vpc_has_s3_endpoint

import rego.v1

applies if input.has_workloads.holds

pass if input.s3_through_endpoint.holds

message := sprintf(
	"workloads of `%s` in `%s` reach S3 past every endpoint policy: %s",
	[input.id, input.region, input.s3_through_endpoint.reason],
)
