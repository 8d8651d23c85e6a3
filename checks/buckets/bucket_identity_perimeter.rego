# METADATA
# title: The bucket refuses strangers, and AWS services that act for strangers
# description: >
#   Whoever belongs to no account of the organization must be refused, even with valid credentials of his own. The less
#   known half are AWS services: a statement that lets `cloudtrail.amazonaws.com` or `logging.s3.amazonaws.com` write here
#   without `aws:SourceArn`, `aws:SourceAccount` or `aws:SourceOrgID` lets the service do it for every customer of AWS. An
#   attacker points his own trail or inventory at the bucket and has the service as his deputy; where the service may read,
#   it carries the data out for him. Accounts that a statement names are judged by `bucket-not-shared-outside`.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
# custom:
#   id: bucket-identity-perimeter
#   area: buckets
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
#   remediation: restrict-bucket-policy
#   mend: |
#     Refuse strangers, and services that act for them. `put-bucket-policy` replaces the policy: read it, merge, keep
#     before.json. List partners in place of PARTNER_ACCOUNT_ID, or they are shut out.
#
#         aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text > before.json
#         jq '.Statement += [{"Sid":"IdentityPerimeter","Effect":"Deny","Principal":"*","Action":"s3:*",
#           "Resource":["arn:PARTITION:s3:::BUCKET","arn:PARTITION:s3:::BUCKET/*"],"Condition":{
#            "StringNotEqualsIfExists":{"aws:PrincipalOrgID":"ORG_ID","aws:PrincipalAccount":["PARTNER_ACCOUNT_ID"]},
#            "BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}},
#           {"Sid":"ServicesOnlyForUs","Effect":"Deny","Principal":"*","Action":"s3:*",
#           "Resource":["arn:PARTITION:s3:::BUCKET","arn:PARTITION:s3:::BUCKET/*"],"Condition":{
#            "StringNotEqualsIfExists":{"aws:SourceOrgID":"ORG_ID"},"Null":{"aws:SourceAccount":"false"},
#            "Bool":{"aws:PrincipalIsAWSService":"true"}}}]' before.json > policy.json
#         aws accessanalyzer validate-policy --policy-type RESOURCE_POLICY --policy-document file://policy.json
#         aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json --expected-bucket-owner ACCOUNT_ID
#   calls:
#     - organizations:DescribePolicy
#     - organizations:ListParents
#     - organizations:ListPolicies
#     - organizations:ListRoots
#     - organizations:ListTargetsForPolicy
#     - s3:GetBucketAcl
#     - s3:GetBucketOwnershipControls
#     - s3:GetBucketPolicy
package exfilguard.buckets.bucket_identity_perimeter

import rego.v1

pass if input.identity_perimeter.holds

message := sprintf("bucket `%s` serves strangers: %s", [input.name, input.identity_perimeter.reason])
