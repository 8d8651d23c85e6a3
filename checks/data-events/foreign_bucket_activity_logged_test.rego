package exfilguard.data_events.foreign_bucket_activity_logged_test

import rego.v1

import data.exfilguard.data_events.foreign_bucket_activity_logged

account(reads, writes) := {
	"id": "111122223333",
	"foreign_reads_logged": {"holds": reads, "reason": "no trail logs reads in `eu-west-1`"},
	"foreign_writes_logged": {"holds": writes, "reason": "no trail logs writes in `eu-west-1`"},
}

test_an_account_that_logs_all_buckets_passes if {
	foreign_bucket_activity_logged.pass with input as account(true, true)
}

test_writes_that_are_not_logged_fail if {
	facts := account(true, false)
	not foreign_bucket_activity_logged.pass with input as facts
	message := foreign_bucket_activity_logged.message with input as facts
	message == concat("", [
		"what principals of account 111122223333 do to buckets of others is not all logged: ",
		"writes: no trail logs writes in `eu-west-1`",
	])
}

test_reads_that_are_not_logged_fail if {
	facts := account(false, true)
	not foreign_bucket_activity_logged.pass with input as facts
	message := foreign_bucket_activity_logged.message with input as facts
	endswith(message, "not all logged: reads: no trail logs reads in `eu-west-1`")
}

test_an_account_without_any_trail_fails if {
	not foreign_bucket_activity_logged.pass with input as account(false, false)
}

test_missing_facts_do_not_pass if {
	not foreign_bucket_activity_logged.pass with input as {"id": "111122223333"}
}
