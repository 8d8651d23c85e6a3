# METADATA
# title: The bucket's policies lock nobody out who should be served
# description: >
#   A restriction that also hits those it was not meant for does not last: somebody repairs it in a hurry, mostly by
#   deleting the statement, and the bucket stands open from then on. So a workload of the organization must be served through
#   its own VPC endpoint, a service such as Athena with the credentials of a principal (it comes from no network of yours),
#   AWS services that the policy itself names must not be refused by another statement, and the account's root user must be
#   able to replace the policy. Usual causes are `NotIpAddress` or `StringNotEquals` without `IfExists`, which also match
#   requests that lack the key, and an organization condition without an exception for AWS services.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
# custom:
#   id: bucket-policy-not-broken
#   area: buckets
#   resource: bucket
#   severity: low
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Narrow the statement that refuses too much, rather than delete it: use operators with `IfExists`
#     (`NotIpAddressIfExists`, `StringNotEqualsIfExists`) and except AWS services with `"BoolIfExists":
#     {"aws:PrincipalIsAWSService":"false","aws:ViaAWSService":"false"}`. `put-bucket-policy` replaces the policy:
#     read it, edit a copy and send it. If nobody may any more, the account's root user still can, unless a policy of
#     the organization or of the endpoint refuses.
#
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         # edit a copy, policy.json
#         aws accessanalyzer validate-policy --policy-type RESOURCE_POLICY --policy-document file://policy.json
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#         # as root, if locked out; the bucket is then without any restriction until the next call
#         aws s3api delete-bucket-policy --bucket BUCKET
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#   calls:
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketPolicy
package exfilguard.buckets.bucket_policy_not_broken

import rego.v1

pass if {
	input.legitimate_use.own_endpoint.holds
	input.legitimate_use.services.holds
	input.legitimate_use.forward_access.holds
	input.legitimate_use.repair.holds
}

message := sprintf("the policies of bucket `%s` lock out %s", [input.name, concat("; ", locked_out)])

locked_out := [sprintf("%s (%s)", [probe.who, probe.served.reason]) |
	some probe in [
		{"who": "workloads at the organization's endpoints", "served": input.legitimate_use.own_endpoint},
		{"who": "AWS services that they name", "served": input.legitimate_use.services},
		{"who": "services that read for a principal", "served": input.legitimate_use.forward_access},
		{"who": "the root user, who would have to repair them", "served": input.legitimate_use.repair},
	]
	not probe.served.holds
]
