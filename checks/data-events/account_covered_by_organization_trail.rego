# METADATA
# title: A trail of the organization covers the account
# description: >
#   A thief with rights in an account stops the account's own trail first. The organization's trail belongs to the
#   management account: a member can neither stop nor change it, so what he does stays on record. An account outside
#   of any organization needs a trail of its own in all regions.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html
# custom:
#   id: account-covered-by-organization-trail
#   area: data-events
#   resource: account
#   severity: high
#   since: "0.1.0"
#   status: stable
#   mend: |
#     In the management account, make the trail one of the organization, or create one. The policy of its log bucket
#     must first let CloudTrail write below `AWSLogs/ORG_ID/` too: `put-bucket-policy` replaces the policy, so read it
#     and merge. An account outside of any organization takes the same calls without the first and
#     `--is-organization-trail`.
#
#         aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com
#         aws s3api get-bucket-policy --bucket LOG_BUCKET --query Policy --output text > before.json
#         # edit a copy, policy.json
#         aws s3api put-bucket-policy --bucket LOG_BUCKET --policy file://policy.json
#         # a trail of the management account that exists
#         aws cloudtrail update-trail --region HOME_REGION --name TRAIL_ARN --is-organization-trail \
#           --is-multi-region-trail --include-global-service-events
#         # or a new one
#         aws cloudtrail create-trail --region HOME_REGION --name TRAIL --s3-bucket-name LOG_BUCKET \
#           --is-organization-trail --is-multi-region-trail --include-global-service-events \
#           --enable-log-file-validation
#         aws cloudtrail start-logging --region HOME_REGION --name TRAIL_ARN
#   calls:
#     - cloudtrail:DescribeTrails
#     - cloudtrail:GetTrailStatus
package exfilguard.data_events.account_covered_by_organization_trail

import rego.v1

pass if input.organization_trail_covers.holds

message := sprintf("no trail that its own principals cannot stop covers account %s: %s", [input.id, input.organization_trail_covers.reason])
