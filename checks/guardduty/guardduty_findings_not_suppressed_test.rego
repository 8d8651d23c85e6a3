package exfilguard.guardduty.guardduty_findings_not_suppressed_test

import rego.v1

import data.exfilguard.guardduty.guardduty_findings_not_suppressed

region(holds, reason, narrowed) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_findings_kept": {"holds": holds, "reason": reason},
	"guardduty_narrowed_filters": narrowed,
}

begin := "findings of S3 exfiltration in account 111122223333, region `eu-west-1` are archived unseen: "

test_a_region_without_such_a_filter_passes if {
	guardduty_findings_not_suppressed.pass with input as region(true, "no filter archives them", [])
}

test_a_filter_for_one_bucket_does_not_fail if {
	guardduty_findings_not_suppressed.pass with input as region(true, "no filter archives them", ["scanner"])
}

test_a_filter_for_a_type_fails if {
	facts := region(false, "filter `quiet` archives it", [])
	not guardduty_findings_not_suppressed.pass with input as facts
	message := guardduty_findings_not_suppressed.message with input as facts
	message == concat("", [begin, "filter `quiet` archives it"])
}

test_filters_for_parts_are_named_beside_it if {
	facts := region(false, "filter `quiet` archives it", ["backup", "scanner"])
	message := guardduty_findings_not_suppressed.message with input as facts
	message == concat("", [begin, "filter `quiet` archives it; in part by backup, scanner"])
}

test_missing_facts_do_not_pass if {
	not guardduty_findings_not_suppressed.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
