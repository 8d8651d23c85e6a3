package exfilguard.macie.sensitive_bucket_classified_test

import rego.v1

import data.exfilguard.macie.sensitive_bucket_classified

bucket(sensitive, classified, reason) := {
	"name": "ledger",
	"sensitive": {"holds": sensitive, "reason": "the policy file says so"},
	"classified": {"holds": classified, "reason": reason},
}

test_a_bucket_that_macie_analyses_passes if {
	facts := bucket(true, true, "automated discovery analyses the bucket")
	sensitive_bucket_classified.applies with input as facts
	sensitive_bucket_classified.pass with input as facts
}

test_a_bucket_that_nothing_analyses_fails if {
	facts := bucket(true, false, "neither automated discovery nor a job analyses the bucket")
	sensitive_bucket_classified.applies with input as facts
	not sensitive_bucket_classified.pass with input as facts
	message := sensitive_bucket_classified.message with input as facts
	message == concat("", [
		"nobody looks for sensitive data in sensitive bucket `ledger`: ",
		"neither automated discovery nor a job analyses the bucket",
	])
}

test_a_bucket_that_is_not_sensitive_is_not_judged if {
	not sensitive_bucket_classified.applies with input as bucket(false, false, "Macie is not enabled there")
}

test_missing_facts_do_not_pass if {
	not sensitive_bucket_classified.pass with input as {"name": "ledger"}
}
