# METADATA
# title: GuardDuty watches the region's S3 data events
# description: >
#   An enabled detector alone sees management events only. S3 Protection, a feature of its own, makes GuardDuty read
#   object reads and writes, without any trail, and find what the Exfiltration:S3, Discovery:S3 and Impact:S3 types tell
#   of. Where it is off, or where the detector itself is, a bulk download with stolen credentials yields no finding.
# related_resources:
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/s3-protection.html
#   - ref: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-s3.html
# custom:
#   id: guardduty-s3-protection
#   area: guardduty
#   resource: account-region
#   severity: critical
#   since: "0.1.0"
#   status: stable
#   remediation: enable-guardduty-s3-protection
#   mend: |
#     Switch the feature on in the detector of the region; where an organization's administrator manages GuardDuty,
#     only that account can do it, with `update-member-detectors` and its own detector's id. Other features stay as
#     they are. Where `get-detector` shows `ManagedBy` for the feature, a GuardDuty policy of the organization rules
#     it: edit that one.
#
#         aws guardduty list-detectors --region REGION
#         aws guardduty get-detector --region REGION --detector-id DETECTOR_ID
#         aws guardduty update-detector --region REGION --detector-id DETECTOR_ID --enable \
#           --features '[{"Name":"S3_DATA_EVENTS","Status":"ENABLED"}]'
#         # from the administrator's account
#         aws guardduty update-member-detectors --region REGION --detector-id DETECTOR_ID \
#           --account-ids ACCOUNT_ID --features '[{"Name":"S3_DATA_EVENTS","Status":"ENABLED"}]'
#   calls:
#     - guardduty:GetDetector
#     - guardduty:GetMemberDetectors
#     - guardduty:ListDetectors
#     - guardduty:ListMembers
#     - guardduty:ListOrganizationAdminAccounts
package exfilguard.guardduty.guardduty_s3_protection

import rego.v1

# The feature can be on in a detector that is off: then it watches nothing.
pass if {
	input.guardduty_enabled.holds
	input.guardduty_s3_protection.holds
}

message := sprintf(
	"GuardDuty does not watch S3 data events in account %s, region `%s`: %s",
	[input.account_id, input.region, broken[0]],
)

broken := [fact.reason |
	some fact in [input.guardduty_enabled, input.guardduty_s3_protection]
	not fact.holds
]
