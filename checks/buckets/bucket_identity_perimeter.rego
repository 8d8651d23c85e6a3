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
package exfilguard.buckets.bucket_identity_perimeter

import rego.v1

pass if input.identity_perimeter.holds

message := sprintf("bucket `%s` serves strangers: %s", [input.name, input.identity_perimeter.reason])
