package exfilguard.endpoints.endpoint_restricts_principals_test

import rego.v1

import data.exfilguard.endpoints.endpoint_restricts_principals

endpoint(holds, reason) := {
	"id": "vpce-1",
	"vpc_id": "vpc-1",
	"denies_foreign_to_own_bucket": {"holds": holds, "reason": reason},
}

test_an_endpoint_for_the_organization_s_principals_passes if {
	endpoint_restricts_principals.pass with input as endpoint(true, "every such request is refused")
}

test_an_endpoint_for_everybody_s_principals_fails if {
	facts := endpoint(false, "`s3:GetObject` is allowed by statement 1 of the endpoint policy")
	not endpoint_restricts_principals.pass with input as facts
	message := endpoint_restricts_principals.message with input as facts
	message == concat("", [
		"endpoint `vpce-1` of `vpc-1` serves credentials of others: ",
		"`s3:GetObject` is allowed by statement 1 of the endpoint policy",
	])
}

test_missing_facts_do_not_pass if {
	not endpoint_restricts_principals.pass with input as {"id": "vpce-1", "vpc_id": "vpc-1"}
}
