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
package exfilguard.data_events.account_covered_by_organization_trail

import rego.v1

pass if input.organization_trail_covers.holds

message := sprintf("no trail that its own principals cannot stop covers account %s: %s", [input.id, input.organization_trail_covers.reason])
