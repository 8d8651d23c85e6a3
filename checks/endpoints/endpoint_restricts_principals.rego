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
package exfilguard.endpoints.endpoint_restricts_principals

import rego.v1

pass if input.denies_foreign_to_own_bucket.holds

message := sprintf(
	"endpoint `%s` of `%s` serves credentials of others: %s",
	[input.id, input.vpc_id, input.denies_foreign_to_own_bucket.reason],
)
