package exfilguard.event_rules.guardduty_s3_findings_routed_test

import rego.v1

import data.exfilguard.event_rules.guardduty_s3_findings_routed

region(holds, reason) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_findings_routed": {"holds": holds, "reason": reason},
}

test_a_region_whose_findings_all_reach_a_person_passes if {
	guardduty_s3_findings_routed.pass with input as region(true, "rule `findings` sends all of them to topic `security`")
}

test_a_region_whose_rule_drops_a_type_fails if {
	facts := region(false, "no rule matches `Exfiltration:S3/AnomalousBehavior`")
	not guardduty_s3_findings_routed.pass with input as facts
	message := guardduty_s3_findings_routed.message with input as facts
	message == concat("", [
		"findings of S3 exfiltration in account 111122223333, region `eu-west-1` do not all reach a person: ",
		"no rule matches `Exfiltration:S3/AnomalousBehavior`",
	])
}

test_a_region_without_any_rule_fails if {
	facts := region(false, "no rule matches a finding of GuardDuty")
	not guardduty_s3_findings_routed.pass with input as facts
	message := guardduty_s3_findings_routed.message with input as facts
	message == concat("", [
		"findings of S3 exfiltration in account 111122223333, region `eu-west-1` do not all reach a person: ",
		"no rule matches a finding of GuardDuty",
	])
}

test_missing_facts_do_not_pass if {
	not guardduty_s3_findings_routed.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
