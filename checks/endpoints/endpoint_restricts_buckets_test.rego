package exfilguard.endpoints.endpoint_restricts_buckets_test

import rego.v1

import data.exfilguard.endpoints.endpoint_restricts_buckets

denied := {"holds": true, "reason": "no statement allows it"}

allowed(statement) := {"holds": false, "reason": sprintf("statement `%s` allows it", [statement])}

endpoint := {
	"id": "vpce-1",
	"vpc_id": "vpc-1",
	"service_name": "com.amazonaws.eu-west-1.s3",
	"denies_org_to_foreign_bucket": denied,
	"denies_foreign_to_foreign_bucket": denied,
	"denies_anonymous_to_foreign_bucket": denied,
}

test_an_endpoint_that_refuses_all_three_passes if {
	endpoint_restricts_buckets.pass with input as endpoint
}

test_an_endpoint_that_asks_only_who_calls_fails if {
	facts := object.union(endpoint, {"denies_org_to_foreign_bucket": allowed("OurOrg")})
	not endpoint_restricts_buckets.pass with input as facts
	message := endpoint_restricts_buckets.message with input as facts
	message == concat("", [
		"endpoint `vpce-1` of `vpc-1` lets ",
		"the organization's principals reach buckets of others (statement `OurOrg` allows it)",
	])
}

test_an_endpoint_that_admits_brought_credentials_fails if {
	facts := object.union(endpoint, {"denies_foreign_to_foreign_bucket": allowed("Others")})
	not endpoint_restricts_buckets.pass with input as facts
	message := endpoint_restricts_buckets.message with input as facts
	message == concat("", [
		"endpoint `vpce-1` of `vpc-1` lets ",
		"credentials of others reach buckets of others (statement `Others` allows it)",
	])
}

test_an_endpoint_that_admits_unsigned_requests_fails if {
	facts := object.union(endpoint, {"denies_anonymous_to_foreign_bucket": allowed("Updates")})
	not endpoint_restricts_buckets.pass with input as facts
	message := endpoint_restricts_buckets.message with input as facts
	message == concat("", [
		"endpoint `vpce-1` of `vpc-1` lets ",
		"unsigned requests reach buckets of others (statement `Updates` allows it)",
	])
}

test_the_default_policy_fails_with_all_three if {
	everything := {"holds": false, "reason": "the default policy allows it"}
	facts := object.union(endpoint, {
		"denies_org_to_foreign_bucket": everything,
		"denies_foreign_to_foreign_bucket": everything,
		"denies_anonymous_to_foreign_bucket": everything,
	})
	not endpoint_restricts_buckets.pass with input as facts
	message := endpoint_restricts_buckets.message with input as facts
	message == concat("", [
		"endpoint `vpce-1` of `vpc-1` lets ",
		"the organization's principals reach buckets of others (the default policy allows it); ",
		"credentials of others reach buckets of others (the default policy allows it); ",
		"unsigned requests reach buckets of others (the default policy allows it)",
	])
}

test_missing_facts_do_not_pass if {
	not endpoint_restricts_buckets.pass with input as {"id": "vpce-1", "vpc_id": "vpc-1"}
}
