package exfilguard.buckets.bucket_key_denies_outside_test

import rego.v1

import data.exfilguard.buckets.bucket_key_denies_outside

bucket(sensitive, holds, reason) := {
	"name": "ledger",
	"sensitive": {"holds": sensitive, "reason": "by its tags"},
	"key_denies_outside": {"holds": holds, "reason": reason},
}

test_a_sensitive_bucket_with_a_closed_key_passes if {
	bucket_key_denies_outside.applies with input as bucket(true, true, "every such request is refused")
	bucket_key_denies_outside.pass with input as bucket(true, true, "every such request is refused")
}

test_a_key_that_admits_an_account_outside_fails if {
	facts := bucket(true, false, "`kms:Decrypt` by 999999999999 is allowed")
	not bucket_key_denies_outside.pass with input as facts
	message := bucket_key_denies_outside.message with input as facts
	message == "the key of bucket `ledger` does not keep outsiders away: `kms:Decrypt` by 999999999999 is allowed"
}

test_a_bucket_without_a_key_fails if {
	not bucket_key_denies_outside.pass with input as bucket(true, false, "new objects are encrypted with S3's own keys")
}

test_an_ordinary_bucket_is_not_judged if {
	not bucket_key_denies_outside.applies with input as bucket(false, false, "")
}

test_missing_facts_do_not_pass if {
	not bucket_key_denies_outside.pass with input as {"name": "ledger"}
}
