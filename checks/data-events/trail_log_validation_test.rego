package exfilguard.data_events.trail_log_validation_test

import rego.v1

import data.exfilguard.data_events.trail_log_validation

trail(holds, reason) := {"name": "main", "log_file_validation": {"holds": holds, "reason": reason}}

test_a_trail_with_digests_passes if {
	trail_log_validation.pass with input as trail(true, "log file validation is switched on")
}

test_a_trail_without_digests_fails if {
	facts := trail(false, "log file validation is switched off")
	not trail_log_validation.pass with input as facts
	message := trail_log_validation.message with input as facts
	message == "files of trail `main` can be changed unseen: log file validation is switched off"
}

test_missing_facts_do_not_pass if {
	not trail_log_validation.pass with input as {"name": "main"}
}
