package exfilguard.buckets.bucket_not_shared_outside_test

import rego.v1

import data.exfilguard.buckets.bucket_not_shared_outside

trust := {
	"accounts": ["444455556666"],
	"organizations": ["o-partner1234"],
	"vpc_endpoints": [],
	"networks": [],
}

bucket(grants) := {"name": "ledger", "outside_grants": grants}

to_account(id) := {
	"grantee": id,
	"kind": "account",
	"account_id": id,
	"granted": {"holds": true, "reason": "statement `Share` allows it"},
	"actions": ["s3:GetObject", "s3:ListBucket"],
}

to_organization(id) := object.union(to_account(""), {"kind": "organization", "grantee": id})

to_service(account) := object.union(
	to_account(account),
	{"kind": "service", "grantee": "logging.s3.amazonaws.com", "actions": ["s3:PutObject"]},
)

passes(grants) if {
	bucket_not_shared_outside.pass with input as bucket(grants) with data.policy.trust as trust
}

fails_with(grants, reason) if {
	not bucket_not_shared_outside.pass with input as bucket(grants) with data.policy.trust as trust
	message := bucket_not_shared_outside.message with input as bucket(grants) with data.policy.trust as trust
	message == concat("", ["bucket `ledger` is shared outside the organization: ", reason])
}

test_a_bucket_that_names_no_outsider_passes if {
	passes([])
}

test_a_bucket_shared_with_trusted_ones_passes if {
	passes([to_account("444455556666"), to_organization("o-partner1234")])
}

test_a_grant_that_something_else_refuses_passes if {
	refused := {"holds": false, "reason": "the resource control policy denies it"}
	passes([object.union(to_account("999999999999"), {"granted": refused, "actions": []})])
}

test_a_bucket_shared_with_an_unknown_account_fails if {
	grants := [to_account("444455556666"), to_account("999999999999")]
	reason := "account `999999999999` may use `s3:GetObject`, `s3:ListBucket` (statement `Share` allows it)"
	fails_with(grants, reason)
}

test_all_unknown_grantees_are_named if {
	reason := concat("; ", [
		"account `999999999999` may use `s3:GetObject`, `s3:ListBucket` (statement `Share` allows it)",
		"account `888888888888` may use `s3:GetObject`, `s3:ListBucket` (statement `Share` allows it)",
	])
	fails_with([to_account("999999999999"), to_account("888888888888")], reason)
}

test_a_bucket_shared_with_an_unknown_organization_fails if {
	grants := [to_organization("o-stranger123")]
	reason := "organization `o-stranger123` may use `s3:GetObject`, `s3:ListBucket` (statement `Share` allows it)"
	fails_with(grants, reason)
}

test_another_kind_of_grantee_is_not_trusted_for_a_trusted_organization if {
	grants := [object.union(to_organization("o-partner1234"), {"kind": "other"})]
	reason := "other `o-partner1234` may use `s3:GetObject`, `s3:ListBucket` (statement `Share` allows it)"
	fails_with(grants, reason)
}

test_a_bucket_open_to_everybody_is_also_shared if {
	grants := [object.union(to_account(""), {"kind": "anonymous", "grantee": "*", "actions": ["s3:GetObject"]})]
	reason := "anonymous `*` may use `s3:GetObject` (statement `Share` allows it)"
	fails_with(grants, reason)
}

test_a_canonical_user_is_trusted_only_by_the_account if {
	passes([object.union(to_account("444455556666"), {"kind": "canonical-user", "grantee": "79a59df900b949e5"})])
	grants := [object.union(to_account(""), {"kind": "canonical-user", "grantee": "79a59df900b949e5", "actions": []})]
	reason := "canonical-user `79a59df900b949e5` may use it (statement `Share` allows it)"
	fails_with(grants, reason)
}

test_a_service_that_acts_for_no_outside_account_passes if {
	passes([to_service("")])
}

test_a_service_that_acts_for_an_unknown_account_fails if {
	grants := [to_service("999999999999")]
	reason := "service `logging.s3.amazonaws.com` may use `s3:PutObject` (statement `Share` allows it)"
	fails_with(grants, reason)
}

test_a_service_that_acts_for_a_trusted_account_passes if {
	passes([to_service("444455556666")])
}

test_missing_facts_do_not_pass if {
	not bucket_not_shared_outside.pass with input as {"name": "ledger"} with data.policy.trust as trust
}

test_without_a_policy_file_nobody_outside_is_trusted if {
	nobody := {"accounts": [], "organizations": []}
	facts := bucket([to_account("444455556666")])
	not bucket_not_shared_outside.pass with input as facts with data.policy.trust as nobody
}
