package exfilguard.buckets.bucket_policy_not_broken_test

import rego.v1

import data.exfilguard.buckets.bucket_policy_not_broken

served := {"holds": true, "reason": "every such request is served"}

refused(reason) := {"holds": false, "reason": reason}

bucket(changes) := {
	"name": "ledger",
	"legitimate_use": object.union(
		{"own_endpoint": served, "services": served, "forward_access": served, "repair": served},
		changes,
	),
}

fails_with(changes, who) if {
	not bucket_policy_not_broken.pass with input as bucket(changes)
	message := bucket_policy_not_broken.message with input as bucket(changes)
	message == concat("", ["the policies of bucket `ledger` lock out ", who])
}

test_a_bucket_that_serves_everybody_who_should_be_passes if {
	bucket_policy_not_broken.pass with input as bucket({})
}

test_workloads_that_are_locked_out_fail if {
	fails_with(
		{"own_endpoint": refused("`Office` denies it")},
		"workloads at the organization's endpoints (`Office` denies it)",
	)
}

test_services_that_are_locked_out_fail if {
	fails_with({"services": refused("`Organization` denies it")}, "AWS services that they name (`Organization` denies it)")
}

test_services_for_somebody_that_are_locked_out_fail if {
	fails_with(
		{"forward_access": refused("`Office` denies it")},
		"services that read for a principal (`Office` denies it)",
	)
}

test_a_root_user_who_is_locked_out_fails if {
	fails_with(
		{"repair": refused("a resource control policy denies it")},
		"the root user, who would have to repair them (a resource control policy denies it)",
	)
}

test_all_who_are_locked_out_are_named if {
	fails_with(
		{"own_endpoint": refused("`All` denies it"), "forward_access": refused("`All` denies it")},
		concat("; ", [
			"workloads at the organization's endpoints (`All` denies it)",
			"services that read for a principal (`All` denies it)",
		]),
	)
}

test_missing_facts_do_not_pass if {
	not bucket_policy_not_broken.pass with input as {"name": "ledger"}
}
