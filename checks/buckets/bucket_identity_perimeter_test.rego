package exfilguard.buckets.bucket_identity_perimeter_test

import rego.v1

import data.exfilguard.buckets.bucket_identity_perimeter

bucket(holds, reason) := {
	"name": "ledger",
	"identity_perimeter": {"holds": holds, "reason": reason},
}

test_the_good_state_passes if {
	facts := bucket(true, "every such request is refused")
	bucket_identity_perimeter.pass with input as facts
}

test_the_bad_state_fails if {
	facts := bucket(false, "statement `Trail` admits `cloudtrail.amazonaws.com` for any account")
	not bucket_identity_perimeter.pass with input as facts
	message := bucket_identity_perimeter.message with input as facts
	message == "bucket `ledger` serves strangers: statement `Trail` admits `cloudtrail.amazonaws.com` for any account"
}

test_a_bucket_without_any_policy_fails_with_its_reason if {
	facts := bucket(false, "nothing is set")
	not bucket_identity_perimeter.pass with input as facts
	message := bucket_identity_perimeter.message with input as facts
	message == "bucket `ledger` serves strangers: nothing is set"
}

test_missing_facts_do_not_pass if {
	not bucket_identity_perimeter.pass with input as {"name": "ledger"}
}
