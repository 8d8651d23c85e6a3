package exfilguard.macie.macie_enabled_test

import rego.v1

import data.exfilguard.macie.macie_enabled

region(sensitive, enabled, reason) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"holds_sensitive_buckets": {"holds": sensitive, "reason": "bucket `ledger` is sensitive"},
	"macie_enabled": {"holds": enabled, "reason": reason},
}

test_a_region_with_an_enabled_session_passes if {
	facts := region(true, true, "Macie is enabled")
	macie_enabled.applies with input as facts
	macie_enabled.pass with input as facts
}

test_a_region_with_a_paused_session_fails if {
	facts := region(true, false, "Macie is paused there")
	not macie_enabled.pass with input as facts
	message := macie_enabled.message with input as facts
	message == concat("", [
		"Macie does not watch account 111122223333, region `eu-west-1`, where bucket `ledger` is sensitive: ",
		"Macie is paused there",
	])
}

test_a_region_where_it_was_never_enabled_fails if {
	facts := region(true, false, "Macie is not enabled there")
	macie_enabled.applies with input as facts
	not macie_enabled.pass with input as facts
	message := macie_enabled.message with input as facts
	message == concat("", [
		"Macie does not watch account 111122223333, region `eu-west-1`, where bucket `ledger` is sensitive: ",
		"Macie is not enabled there",
	])
}

test_a_region_without_sensitive_buckets_is_not_judged if {
	not macie_enabled.applies with input as region(false, false, "Macie is not enabled there")
}

test_missing_facts_do_not_pass if {
	not macie_enabled.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
