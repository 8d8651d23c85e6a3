package exfilguard.data_events.trail_encrypted_test

import rego.v1

import data.exfilguard.data_events.trail_encrypted

trail(holds, reason) := {"name": "main", "encrypted": {"holds": holds, "reason": reason}}

test_a_trail_with_a_working_key_passes if {
	trail_encrypted.pass with input as trail(true, "its key is enabled and lets CloudTrail use it")
}

test_a_trail_without_a_key_fails if {
	facts := trail(false, "it names no key")
	not trail_encrypted.pass with input as facts
	message := trail_encrypted.message with input as facts
	message == "files of trail `main` are not encrypted with a key that works: it names no key"
}

test_a_trail_whose_key_is_to_be_deleted_fails if {
	not trail_encrypted.pass with input as trail(false, "its key is in state `PendingDeletion`")
}

test_missing_facts_do_not_pass if {
	not trail_encrypted.pass with input as {"name": "main"}
}
