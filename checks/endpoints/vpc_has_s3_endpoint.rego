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
package exfilguard.endpoints.vpc_has_s3_endpoint

import rego.v1

applies if input.has_workloads.holds

pass if input.s3_through_endpoint.holds

message := sprintf(
	"workloads of `%s` in `%s` reach S3 past every endpoint policy: %s",
	[input.id, input.region, input.s3_through_endpoint.reason],
)
