# METADATA
# title: A sensitive bucket's controls can be changed only inside the organization's networks
# description: >
#   A thief with administrator's keys need not download anything: he opens the bucket for an account of his own, sets up
#   a replication or an inventory that carries the data out, or switches Block Public Access off, and then reads at leisure.
#   Refusing only reads leaves that way open. The policies must refuse changes of the bucket's policy, access control list,
#   replication, inventory and Block Public Access from internet addresses outside the trusted networks.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
# custom:
#   id: bucket-control-plane-perimeter
#   area: buckets
#   resource: bucket
#   severity: medium
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-bucket-policy
#   mend: |
#     Add a statement that refuses the changes from outside your networks. `put-bucket-policy` replaces the policy:
#     read it, merge, keep before.json. Name every network and a role for emergencies, and call from inside, or you
#     lock yourself out.
#
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         jq '.Statement += [{"Sid":"ControlPlanePerimeter","Effect":"Deny","Principal":"*","Action":[
#           "s3:PutBucketPolicy","s3:DeleteBucketPolicy","s3:PutBucketAcl","s3:PutBucketPublicAccessBlock",
#           "s3:PutReplicationConfiguration","s3:PutInventoryConfiguration"],
#           "Resource":"arn:PARTITION:s3:::BUCKET","Condition":{
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
package exfilguard.buckets.bucket_control_plane_perimeter

import rego.v1

applies if input.sensitive.holds

pass if input.control_plane_perimeter.holds

message := sprintf(
	"the controls of bucket `%s` can be changed from the internet: %s",
	[input.name, input.control_plane_perimeter.reason],
)
