package exfilguard.buckets.bucket_exports_stay_inside_test

import rego.v1

import data.exfilguard.buckets.bucket_exports_stay_inside

trust := {"accounts": ["444455556666"], "organizations": [], "vpc_endpoints": [], "networks": []}

bucket(exports) := {"name": "ledger", "exports": exports}

replication(account, inside) := {
	"kind": "replication",
	"destination": "copies",
	"account_id": account,
	"inside": inside,
}

inside := {"holds": true, "reason": "account 222233334444 belongs to the organization"}

outside := {"holds": false, "reason": "account 999999999999 does not belong to the organization"}

passes(exports) if {
	bucket_exports_stay_inside.pass with input as bucket(exports) with data.policy.trust as trust
}

fails_with(exports, reason) if {
	not bucket_exports_stay_inside.pass with input as bucket(exports) with data.policy.trust as trust
	message := bucket_exports_stay_inside.message with input as bucket(exports) with data.policy.trust as trust
	message == concat("", ["bucket `ledger` sends data out of the organization: ", reason])
}

test_a_bucket_that_sends_nothing_passes if {
	passes([])
}

test_copies_inside_the_organization_pass if {
	passes([replication("222233334444", inside)])
}

test_copies_for_a_trusted_account_pass if {
	passes([replication("444455556666", outside)])
}

test_copies_for_a_stranger_fail if {
	fails_with(
		[replication("222233334444", inside), replication("999999999999", outside)],
		"replication to `copies` (account 999999999999 does not belong to the organization)",
	)
}

test_access_logs_for_a_bucket_that_is_gone_fail if {
	fails_with(
		[{
			"kind": "access-log",
			"destination": "gone",
			"account_id": "",
			"inside": {"holds": false, "reason": "the account has no bucket of that name"},
		}],
		"access-log to `gone` (the account has no bucket of that name)",
	)
}

test_every_export_that_leaves_is_named if {
	events := object.union(
		replication("999999999999", outside),
		{"kind": "notification", "destination": "arn:aws:sqs:eu-west-1:999999999999:events"},
	)
	fails_with([replication("999999999999", outside), events], concat("; ", [
		"replication to `copies` (account 999999999999 does not belong to the organization)",
		concat("", [
			"notification to `arn:aws:sqs:eu-west-1:999999999999:events` ",
			"(account 999999999999 does not belong to the organization)",
		]),
	]))
}

test_without_a_policy_file_only_the_organization_counts if {
	facts := bucket([replication("444455556666", outside)])
	not bucket_exports_stay_inside.pass with input as facts with data.policy.trust as {"accounts": []}
}

test_missing_facts_do_not_pass if {
	not bucket_exports_stay_inside.pass with input as {"name": "ledger"} with data.policy.trust as trust
}
