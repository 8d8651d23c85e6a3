package exfilguard.buckets.bucket_requires_tls_test

import rego.v1

import data.exfilguard.buckets.bucket_requires_tls

bucket(holds, reason) := {"name": "ledger", "requires_tls": {"holds": holds, "reason": reason}}

test_a_bucket_that_refuses_plain_http_passes if {
	bucket_requires_tls.pass with input as bucket(true, "statement `TlsOnly` denies it")
}

test_a_bucket_that_refuses_it_for_itself_but_not_its_objects_fails if {
	facts := bucket(false, "no statement denies `s3:GetObject` over plain HTTP")
	not bucket_requires_tls.pass with input as facts
	message := bucket_requires_tls.message with input as facts
	message == "bucket `ledger` answers requests without TLS: no statement denies `s3:GetObject` over plain HTTP"
}

test_a_bucket_without_any_policy_fails if {
	facts := bucket(false, "it has no policy")
	not bucket_requires_tls.pass with input as facts
	message := bucket_requires_tls.message with input as facts
	message == "bucket `ledger` answers requests without TLS: it has no policy"
}

test_missing_facts_do_not_pass if {
	not bucket_requires_tls.pass with input as {"name": "ledger"}
}
