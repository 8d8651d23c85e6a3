package exfilguard.data_events.object_reads_logged_test

import rego.v1

import data.exfilguard.data_events.object_reads_logged

bucket(holds, reason) := {"name": "ledger", "reads_logged": {"holds": holds, "reason": reason}}

test_a_bucket_whose_reads_are_logged_passes if {
	object_reads_logged.pass with input as bucket(true, "trail `main` logs all reads")
}

test_a_bucket_whose_writes_alone_are_logged_fails if {
	facts := bucket(false, "trail `main` logs only writes")
	not object_reads_logged.pass with input as facts
	message := object_reads_logged.message with input as facts
	message == "object reads in bucket `ledger` are not logged: trail `main` logs only writes"
}

test_a_bucket_of_an_account_without_any_trail_fails if {
	facts := bucket(false, "there is no trail and no event data store")
	not object_reads_logged.pass with input as facts
	message := object_reads_logged.message with input as facts
	message == "object reads in bucket `ledger` are not logged: there is no trail and no event data store"
}

test_missing_facts_do_not_pass if {
	not object_reads_logged.pass with input as {"name": "ledger"}
}
