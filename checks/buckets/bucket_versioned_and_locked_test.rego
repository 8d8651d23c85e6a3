package exfilguard.buckets.bucket_versioned_and_locked_test

import rego.v1

import data.exfilguard.buckets.bucket_versioned_and_locked

bucket(sensitive, versioned, locked) := {
	"name": "ledger",
	"sensitive": {"holds": sensitive, "reason": "by its tags"},
	"versioned": {"holds": versioned, "reason": "its versioning was never switched on"},
	"locked": {"holds": locked, "reason": "it has no Object Lock"},
}

test_a_sensitive_bucket_with_both_passes if {
	bucket_versioned_and_locked.applies with input as bucket(true, true, true)
	bucket_versioned_and_locked.pass with input as bucket(true, true, true)
}

test_a_sensitive_bucket_without_versions_fails if {
	not bucket_versioned_and_locked.pass with input as bucket(true, false, true)
	message := bucket_versioned_and_locked.message with input as bucket(true, false, true)
	message == "objects of bucket `ledger` can be destroyed: its versioning was never switched on"
}

test_a_sensitive_bucket_without_lock_fails if {
	not bucket_versioned_and_locked.pass with input as bucket(true, true, false)
	message := bucket_versioned_and_locked.message with input as bucket(true, true, false)
	message == "objects of bucket `ledger` can be destroyed: it has no Object Lock"
}

test_an_ordinary_bucket_is_not_judged if {
	not bucket_versioned_and_locked.applies with input as bucket(false, false, false)
}

test_missing_facts_do_not_pass if {
	not bucket_versioned_and_locked.pass with input as {"name": "ledger"}
}
