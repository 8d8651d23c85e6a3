package exfilguard.buckets.bucket_restricts_network_test

import rego.v1

import data.exfilguard.buckets.bucket_restricts_network

denied := {"holds": true, "reason": "statement `NetworkPerimeter` denies it"}

served(reason) := {"holds": false, "reason": reason}

bucket(internet, endpoint, presigned) := {
	"name": "ledger",
	"sensitive": {"holds": true, "reason": "tag `data` is `secret`"},
	"denies_foreign_network": {
		"from_internet": internet,
		"from_foreign_endpoint": endpoint,
		"by_presigned_url": presigned,
	},
}

test_a_bucket_that_refuses_all_three_passes if {
	facts := bucket(denied, denied, denied)
	bucket_restricts_network.applies with input as facts
	bucket_restricts_network.pass with input as facts
}

test_a_bucket_open_to_the_internet_fails if {
	facts := bucket(served("no statement denies `s3:GetObject`"), denied, denied)
	not bucket_restricts_network.pass with input as facts
	message := bucket_restricts_network.message with input as facts
	message == concat("", [
		"bucket `ledger` serves the organization's credentials ",
		"from the internet (no statement denies `s3:GetObject`)",
	])
}

test_a_bucket_open_to_endpoints_of_others_fails if {
	facts := bucket(denied, served("no statement asks for `aws:VpceOrgID`"), denied)
	not bucket_restricts_network.pass with input as facts
	message := bucket_restricts_network.message with input as facts
	message == concat("", [
		"bucket `ledger` serves the organization's credentials ",
		"through endpoints of others (no statement asks for `aws:VpceOrgID`)",
	])
}

test_a_bucket_open_to_presigned_urls_fails if {
	facts := bucket(denied, denied, served("statement `Header` denies only signed headers"))
	not bucket_restricts_network.pass with input as facts
	message := bucket_restricts_network.message with input as facts
	message == concat("", [
		"bucket `ledger` serves the organization's credentials ",
		"in presigned URLs (statement `Header` denies only signed headers)",
	])
}

test_a_bucket_without_any_policy_fails_with_all_three if {
	facts := bucket(served("it has no policy"), served("it has no policy"), served("it has no policy"))
	not bucket_restricts_network.pass with input as facts
	message := bucket_restricts_network.message with input as facts
	message == concat("", [
		"bucket `ledger` serves the organization's credentials from the internet (it has no policy); ",
		"through endpoints of others (it has no policy); in presigned URLs (it has no policy)",
	])
}

test_a_bucket_that_is_not_sensitive_is_not_judged if {
	facts := object.union(
		bucket(denied, denied, denied),
		{"sensitive": {"holds": false, "reason": "nothing in the policy file calls it so"}},
	)
	not bucket_restricts_network.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not bucket_restricts_network.pass with input as {"name": "ledger", "denies_foreign_network": {}}
}
