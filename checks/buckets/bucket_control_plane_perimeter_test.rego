package exfilguard.buckets.bucket_control_plane_perimeter_test

import rego.v1

import data.exfilguard.buckets.bucket_control_plane_perimeter

bucket(holds, reason) := {
	"name": "ledger",
	"sensitive": {"holds": true, "reason": "the policy file names it"},
	"control_plane_perimeter": {"holds": holds, "reason": reason},
}

test_the_good_state_passes if {
	facts := bucket(true, "every such request is refused")
	bucket_control_plane_perimeter.applies with input as facts
	bucket_control_plane_perimeter.pass with input as facts
}

test_the_bad_state_fails if {
	facts := bucket(false, "`s3:PutBucketPolicy` is allowed")
	bucket_control_plane_perimeter.applies with input as facts
	not bucket_control_plane_perimeter.pass with input as facts
	message := bucket_control_plane_perimeter.message with input as facts
	message == "the controls of bucket `ledger` can be changed from the internet: `s3:PutBucketPolicy` is allowed"
}

test_a_bucket_without_any_policy_fails_with_its_reason if {
	facts := bucket(false, "nothing is set")
	not bucket_control_plane_perimeter.pass with input as facts
	message := bucket_control_plane_perimeter.message with input as facts
	message == "the controls of bucket `ledger` can be changed from the internet: nothing is set"
}

test_a_bucket_that_is_not_sensitive_is_not_judged if {
	facts := object.union(bucket(false, "`s3:PutBucketPolicy` is allowed"), {"sensitive": {"holds": false, "reason": "nothing says so"}})
	not bucket_control_plane_perimeter.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not bucket_control_plane_perimeter.pass with input as {"name": "ledger"}
}
