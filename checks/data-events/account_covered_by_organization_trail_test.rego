package exfilguard.data_events.account_covered_by_organization_trail_test

import rego.v1

import data.exfilguard.data_events.account_covered_by_organization_trail

account(holds, reason) := {"id": "111122223333", "organization_trail_covers": {"holds": holds, "reason": reason}}

test_an_account_under_the_organization_s_trail_passes if {
	account_covered_by_organization_trail.pass with input as account(true, "trail `organization` covers it")
}

test_an_account_with_its_own_trail_only_fails if {
	facts := account(false, "it has only trail `own`, which its own principals can stop")
	not account_covered_by_organization_trail.pass with input as facts
	message := account_covered_by_organization_trail.message with input as facts
	message == concat("", [
		"no trail that its own principals cannot stop covers account 111122223333: ",
		"it has only trail `own`, which its own principals can stop",
	])
}

test_an_account_without_any_trail_fails if {
	not account_covered_by_organization_trail.pass with input as account(false, "it has no trail at all")
}

test_missing_facts_do_not_pass if {
	not account_covered_by_organization_trail.pass with input as {"id": "111122223333"}
}
