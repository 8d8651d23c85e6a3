package exfilguard.buckets.access_point_not_shared_outside_test

import rego.v1

import data.exfilguard.buckets.access_point_not_shared_outside

trust := {
	"accounts": ["444455556666"],
	"organizations": ["o-partner1234"],
	"vpc_endpoints": [],
	"networks": [],
}

point(grants) := {"name": "reports", "buckets": ["ledger"], "outside_grants": grants}

to_account(id) := {
	"grantee": id,
	"kind": "account",
	"account_id": id,
	"granted": {"holds": true, "reason": "both policies allow it"},
	"actions": ["s3:GetObject"],
}

to_organization(id) := object.union(to_account(""), {"kind": "organization", "grantee": id})

passes(grants) if {
	access_point_not_shared_outside.pass with input as point(grants) with data.policy.trust as trust
}

fails_with(facts, bucket, reason) if {
	not access_point_not_shared_outside.pass with input as facts with data.policy.trust as trust
	message := access_point_not_shared_outside.message with input as facts with data.policy.trust as trust
	message == concat("", [
		"bucket `",
		bucket,
		"` is shared outside the organization through access point `reports`: ",
		reason,
	])
}

test_an_access_point_that_admits_no_outsider_passes if {
	passes([])
}

test_trusted_ones_pass if {
	passes([to_account("444455556666"), to_organization("o-partner1234")])
}

test_a_grant_that_the_bucket_refuses_passes if {
	refused := {"holds": false, "reason": "no statement of the bucket policy allows it"}
	passes([object.union(to_account("999999999999"), {"granted": refused, "actions": []})])
}

test_a_stranger_fails if {
	grants := [to_account("444455556666"), to_account("999999999999")]
	fails_with(point(grants), "ledger", "account `999999999999` may use `s3:GetObject` (both policies allow it)")
}

test_a_strange_organization_fails if {
	grants := [to_organization("o-stranger123")]
	fails_with(point(grants), "ledger", "organization `o-stranger123` may use `s3:GetObject` (both policies allow it)")
}

test_another_kind_of_grantee_is_not_trusted_for_a_trusted_organization if {
	grants := [object.union(to_organization("o-partner1234"), {"kind": "other"})]
	fails_with(point(grants), "ledger", "other `o-partner1234` may use `s3:GetObject` (both policies allow it)")
}

test_everybody_fails_and_all_buckets_are_named if {
	everybody := object.union(to_account(""), {"kind": "anonymous", "grantee": "*", "actions": []})
	facts := object.union(point([everybody, to_account("999999999999")]), {"buckets": ["ledger", "copies"]})
	fails_with(facts, "ledger`, `copies", concat("; ", [
		"anonymous `*` may use it (both policies allow it)",
		"account `999999999999` may use `s3:GetObject` (both policies allow it)",
	]))
}

test_without_a_policy_file_nobody_outside_is_trusted if {
	facts := point([to_account("444455556666")])
	nobody := {"accounts": [], "organizations": []}
	not access_point_not_shared_outside.pass with input as facts with data.policy.trust as nobody
}
