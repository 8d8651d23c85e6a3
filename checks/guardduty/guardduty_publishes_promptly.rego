# METADATA
# title: GuardDuty publishes repeated findings within the hour
# description: >
#   GuardDuty tells of a new finding within minutes, but of every further sign of the same theft only as often as it
#   is set to: by default every six hours. A thief who goes on for hours after a finding that was taken for noise is
#   then seen too late.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
# custom:
#   id: guardduty-publishes-promptly
#   area: guardduty
#   resource: account-region
#   severity: low
#   since: "0.1.0"
#   status: stable
#   mend: |
#     Set the frequency on the detector; in an organization only the administrator can, on its own detector, and the
#     members follow. It costs nothing, but repeated findings then reach their readers more often.
#
#         aws guardduty list-detectors --region REGION
#         aws guardduty update-detector --region REGION --detector-id DETECTOR_ID \
#           --finding-publishing-frequency FIFTEEN_MINUTES
#   calls:
#     - guardduty:GetDetector
#     - guardduty:ListDetectors
package exfilguard.guardduty.guardduty_publishes_promptly

import rego.v1

pass if input.guardduty_publishes_promptly.holds

message := sprintf(
	"GuardDuty is slow to tell of repeated findings in account %s, region `%s`: %s",
	[input.account_id, input.region, input.guardduty_publishes_promptly.reason],
)
