package exfilguard.buckets.bucket_not_public_test

import rego.v1

import data.exfilguard.buckets.bucket_not_public

bucket(holds, reason) := {"name": "ledger", "not_public": {"holds": holds, "reason": reason}}

test_a_bucket_that_admits_nobody_else_passes if {
	bucket_not_public.pass with input as bucket(true, "its policy grants nothing to the public")
}

test_a_bucket_without_policy_and_grants_passes if {
	bucket_not_public.pass with input as bucket(true, "it has no policy and no access control list")
}

test_a_bucket_whose_policy_admits_everybody_fails if {
	facts := bucket(false, "statement `Read` allows `s3:GetObject` to `*`")
	not bucket_not_public.pass with input as facts
	message := bucket_not_public.message with input as facts
	message == "bucket `ledger` is open to the public: statement `Read` allows `s3:GetObject` to `*`"
}

test_a_bucket_whose_access_control_list_admits_everybody_fails if {
	facts := bucket(false, "its access control list grants `READ` to `AllUsers`")
	not bucket_not_public.pass with input as facts
	message := bucket_not_public.message with input as facts
	message == "bucket `ledger` is open to the public: its access control list grants `READ` to `AllUsers`"
}

test_missing_facts_do_not_pass if {
	not bucket_not_public.pass with input as {"name": "ledger"}
}
