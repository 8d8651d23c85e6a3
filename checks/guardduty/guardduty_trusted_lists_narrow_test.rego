package exfilguard.guardduty.guardduty_trusted_lists_narrow_test

import rego.v1

import data.exfilguard.guardduty.guardduty_trusted_lists_narrow

region(holds, reason) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_trusts_nobody": {"holds": holds, "reason": reason},
}

test_a_region_without_lists_passes if {
	guardduty_trusted_lists_narrow.pass with input as region(true, "no trusted list is active")
}

test_a_wide_list_fails if {
	facts := region(false, "trusted list `all` holds 0.0.0.0/0")
	not guardduty_trusted_lists_narrow.pass with input as facts
	message := guardduty_trusted_lists_narrow.message with input as facts
	message == concat("", [
		"GuardDuty overlooks trusted addresses in account 111122223333, region `eu-west-1`: ",
		"trusted list `all` holds 0.0.0.0/0",
	])
}

test_missing_facts_do_not_pass if {
	not guardduty_trusted_lists_narrow.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
