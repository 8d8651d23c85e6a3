package exfilguard.data_events.management_events_logged_test

import rego.v1

import data.exfilguard.data_events.management_events_logged

account(holds, reason) := {
	"id": "111122223333",
	"name": "payments",
	"management_events_logged": {"holds": holds, "reason": reason},
}

test_an_account_whose_management_events_are_logged_passes if {
	management_events_logged.pass with input as account(true, "trail `main` logs them in every region")
}

test_an_account_whose_trail_excludes_a_source_fails if {
	facts := account(false, "trail `main` excludes `s3.amazonaws.com`")
	not management_events_logged.pass with input as facts
	message := management_events_logged.message with input as facts
	message == concat("", [
		"management events of account `payments` (111122223333) are not all logged: ",
		"trail `main` excludes `s3.amazonaws.com`",
	])
}

test_an_account_without_any_trail_fails if {
	facts := account(false, "there is no trail and no event data store")
	not management_events_logged.pass with input as facts
	message := management_events_logged.message with input as facts
	message == concat("", [
		"management events of account `payments` (111122223333) are not all logged: ",
		"there is no trail and no event data store",
	])
}

test_missing_facts_do_not_pass if {
	not management_events_logged.pass with input as {"id": "111122223333", "name": "payments"}
}
