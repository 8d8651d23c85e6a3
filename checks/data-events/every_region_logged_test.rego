package exfilguard.data_events.every_region_logged_test

import rego.v1

import data.exfilguard.data_events.every_region_logged

region(management, data_events) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"management_events_logged": {"holds": management, "reason": "no trail logs management events"},
	"some_data_events_logged": {"holds": data_events, "reason": "no trail logs data events of its 2 buckets"},
}

test_a_region_with_both_passes if {
	every_region_logged.pass with input as region(true, true)
}

test_a_region_whose_management_events_are_lost_fails if {
	facts := region(false, true)
	not every_region_logged.pass with input as facts
	message := every_region_logged.message with input as facts
	message == "region `eu-west-1` of account 111122223333 is not watched: no trail logs management events"
}

test_a_region_whose_data_events_are_lost_fails if {
	facts := region(true, false)
	not every_region_logged.pass with input as facts
	message := every_region_logged.message with input as facts
	message == "region `eu-west-1` of account 111122223333 is not watched: no trail logs data events of its 2 buckets"
}

test_a_region_without_any_trail_fails_for_both if {
	message := every_region_logged.message with input as region(false, false)
	startswith(message, "region `eu-west-1` of account 111122223333 is not watched: no trail logs data events")
	endswith(message, "; no trail logs management events")
}

test_missing_facts_do_not_pass if {
	not every_region_logged.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
