# METADATA
# title: Outside the organization only trusted accounts hold access to the bucket
# description: >
#   Sharing a bucket with one outside account is the quiet back door: the bucket is not public, so neither Block Public
#   Access nor GuardDuty's findings about public buckets notice, and every later download is allowed. The intruder adds
#   his account to the policy once; or a partner of years ago is still in it and is breached himself. Who is a partner
#   stands in the policy file below `trust`; everybody else is a finding, and so is a grant to everybody.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
# custom:
#   id: bucket-not-shared-outside
#   area: buckets
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-bucket-policy
#   mend: |
#     Ask the bucket's owner whether the account is a partner: then list it below `trust` in the policy file.
#     Otherwise take its statement out; `put-bucket-policy` replaces the policy, so read it and send the rest (if
#     nothing is left, delete it). The access control list may hold a grant too; `--acl private` replaces all of them.
#
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         jq 'del(.Statement[] | select(.Sid == "SID"))' before.json > policy.json
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#         aws s3api delete-bucket-policy --bucket BUCKET --expected-bucket-owner ACCOUNT_ID
#         aws s3api get-bucket-acl --bucket BUCKET
#         aws s3api put-bucket-acl --bucket BUCKET --acl private --expected-bucket-owner ACCOUNT_ID
#   calls:
#     - organizations:DescribeEffectivePolicy
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketAcl
#     - s3:GetBucketOwnershipControls
#     - s3:GetBucketPolicy
#     - s3:GetPublicAccessBlock
#     - s3control:GetPublicAccessBlock
#   empty_is: pass
#   empty_reason: >
#     A bucket that grants nothing to outsiders is the good state; what could not be read of its policy or access
#     control list stands in the list as an entry of its own.
package exfilguard.buckets.bucket_not_shared_outside

import rego.v1

pass if {
	every grant in input.outside_grants {
		harmless(grant)
	}
}

message := sprintf("bucket `%s` is shared outside the organization: %s", [input.name, concat("; ", shared)])

harmless(grant) if not grant.granted.holds

harmless(grant) if grant.account_id in data.policy.trust.accounts

harmless(grant) if {
	grant.kind == "organization"
	grant.grantee in data.policy.trust.organizations
}

# A service that acts for no named account is a confused deputy at worst, which is a matter of the identity perimeter.
# One that acts for a named outside account is access of that account, and so must be trusted like it.
harmless(grant) if {
	grant.kind == "service"
	grant.account_id == ""
}

shared := [sprintf("%s `%s` may use %s (%s)", [grant.kind, grant.grantee, actions(grant), grant.granted.reason]) |
	some grant in input.outside_grants
	not harmless(grant)
]

actions(grant) := sprintf("`%s`", [concat("`, `", grant.actions)]) if {
	grant.actions != []
} else := "it"
