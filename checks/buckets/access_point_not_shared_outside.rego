# METADATA
# title: Outside the organization only trusted accounts can use the bucket through the access point
# description: >
#   An access point has a policy of its own. The usual bucket policy leaves the decision to it: whoever the account's
#   access points let in, the bucket serves. So somebody can share a bucket with a stranger without touching the bucket's
#   policy, where everybody looks, and every download through the access point is allowed. Both policies are asked
#   together; who is a partner stands in the policy file below `trust`.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPoints.html
# custom:
#   id: access-point-not-shared-outside
#   area: buckets
#   resource: access-point
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Take the outside account out of the access point's policy, or list it below `trust` in the policy file if it is
#     a partner. `put-access-point-policy` replaces the policy: read it, take the statement SID out, and send the
#     rest; if nothing is left, delete it. A multi-region access point has its own call, in us-west-2.
#
#         aws s3control get-access-point-policy --region REGION --account-id ACCOUNT_ID --name ACCESS_POINT \
#           --query Policy --output text > before.json
#         jq 'del(.Statement[] | select(.Sid == "SID"))' before.json > policy.json
#         aws s3control put-access-point-policy --region REGION --account-id ACCOUNT_ID --name ACCESS_POINT \
#           --policy file://policy.json
#         aws s3control delete-access-point-policy --region REGION --account-id ACCOUNT_ID --name ACCESS_POINT
#         # a multi-region access point: details.json is {"Name": "ACCESS_POINT", "Policy": "POLICY"}
#         aws s3control get-multi-region-access-point-policy --region us-west-2 --account-id ACCOUNT_ID \
#           --name ACCESS_POINT
#         aws s3control put-multi-region-access-point-policy --region us-west-2 --account-id ACCOUNT_ID \
#           --details file://details.json
#   calls:
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketAcl
#     - s3:GetBucketOwnershipControls
#     - s3:GetBucketPolicy
#     - s3:GetPublicAccessBlock
#     - s3control:GetAccessPoint
#     - s3control:GetAccessPointPolicy
#     - s3control:GetMultiRegionAccessPointPolicy
#     - s3control:GetPublicAccessBlock
#     - s3control:ListAccessPoints
#     - s3control:ListMultiRegionAccessPoints
#   empty_is: pass
#   empty_reason: >
#     An access point that admits no outsider is the good state; what could not be read of its policy or of its bucket's
#     stands in the list as an entry of its own.
package exfilguard.buckets.access_point_not_shared_outside

import rego.v1

pass if {
	every grant in input.outside_grants {
		harmless(grant)
	}
}

message := sprintf(
	"bucket `%s` is shared outside the organization through access point `%s`: %s",
	[concat("`, `", input.buckets), input.name, concat("; ", shared)],
)

harmless(grant) if not grant.granted.holds

harmless(grant) if grant.account_id in data.policy.trust.accounts

harmless(grant) if {
	grant.kind == "organization"
	grant.grantee in data.policy.trust.organizations
}

shared := [sprintf("%s `%s` may use %s (%s)", [grant.kind, grant.grantee, actions(grant), grant.granted.reason]) |
	some grant in input.outside_grants
	not harmless(grant)
]

actions(grant) := sprintf("`%s`", [concat("`, `", grant.actions)]) if {
	grant.actions != []
} else := "it"
