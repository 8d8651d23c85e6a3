package exfilguard.data_events.trail_is_delivering_test

import rego.v1

import data.exfilguard.data_events.trail_is_delivering

trail(logging, delivering) := {
	"name": "main",
	"home_region": "eu-west-1",
	"logging": logging,
	"delivering": delivering,
}

logs := {"holds": true, "reason": "logging is on"}

stopped := {"holds": false, "reason": "logging is switched off"}

delivers := {"holds": true, "reason": "the last delivery succeeded"}

refused := {"holds": false, "reason": "the last delivery failed with `AccessDenied`"}

test_a_trail_that_logs_and_delivers_passes if {
	trail_is_delivering.pass with input as trail(logs, delivers)
}

test_a_trail_that_was_stopped_fails if {
	facts := trail(stopped, delivers)
	not trail_is_delivering.pass with input as facts
	message := trail_is_delivering.message with input as facts
	message == "trail `main` in `eu-west-1` records nothing: logging is switched off"
}

test_a_trail_whose_deliveries_are_refused_fails if {
	facts := trail(logs, refused)
	not trail_is_delivering.pass with input as facts
	message := trail_is_delivering.message with input as facts
	message == "trail `main` in `eu-west-1` records nothing: the last delivery failed with `AccessDenied`"
}

test_a_trail_with_both_defects_names_both if {
	facts := trail(stopped, refused)
	not trail_is_delivering.pass with input as facts
	message := trail_is_delivering.message with input as facts
	message == concat("", [
		"trail `main` in `eu-west-1` records nothing: ",
		"logging is switched off; the last delivery failed with `AccessDenied`",
	])
}

test_missing_facts_do_not_pass if {
	not trail_is_delivering.pass with input as {"name": "main", "home_region": "eu-west-1", "logging": logs}
	not trail_is_delivering.pass with input as {"name": "main", "home_region": "eu-west-1", "delivering": delivers}
}
