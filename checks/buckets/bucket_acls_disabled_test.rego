package exfilguard.buckets.bucket_acls_disabled_test

import rego.v1

import data.exfilguard.buckets.bucket_acls_disabled

bucket(holds, reason) := {
	"name": "ledger",
	"acls_disabled": {"holds": holds, "reason": reason},
}

test_the_good_state_passes if {
	facts := bucket(true, "Object Ownership is `BucketOwnerEnforced`")
	bucket_acls_disabled.pass with input as facts
}

test_the_bad_state_fails if {
	facts := bucket(false, "Object Ownership is `ObjectWriter`, which leaves them in force")
	not bucket_acls_disabled.pass with input as facts
	message := bucket_acls_disabled.message with input as facts
	message == "access control lists of bucket `ledger` are in force: Object Ownership is `ObjectWriter`, which leaves them in force"
}

test_a_bucket_without_any_policy_fails_with_its_reason if {
	facts := bucket(false, "nothing is set")
	not bucket_acls_disabled.pass with input as facts
	message := bucket_acls_disabled.message with input as facts
	message == "access control lists of bucket `ledger` are in force: nothing is set"
}

test_missing_facts_do_not_pass if {
	not bucket_acls_disabled.pass with input as {"name": "ledger"}
}
