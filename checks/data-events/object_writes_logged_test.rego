package exfilguard.data_events.object_writes_logged_test

import rego.v1

import data.exfilguard.data_events.object_writes_logged

bucket(holds, reason) := {"name": "ledger", "writes_logged": {"holds": holds, "reason": reason}}

test_a_bucket_whose_writes_are_logged_passes if {
	object_writes_logged.pass with input as bucket(true, "trail `main` logs all writes")
}

test_a_bucket_whose_reads_alone_are_logged_fails if {
	facts := bucket(false, "trail `main` logs only reads")
	not object_writes_logged.pass with input as facts
	message := object_writes_logged.message with input as facts
	message == "object writes in bucket `ledger` are not logged: trail `main` logs only reads"
}

test_a_bucket_of_an_account_without_any_trail_fails if {
	facts := bucket(false, "there is no trail and no event data store")
	not object_writes_logged.pass with input as facts
	message := object_writes_logged.message with input as facts
	message == "object writes in bucket `ledger` are not logged: there is no trail and no event data store"
}

test_missing_facts_do_not_pass if {
	not object_writes_logged.pass with input as {"name": "ledger"}
}
