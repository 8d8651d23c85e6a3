package exfilguard.buckets.bucket_blocks_public_access_test

import rego.v1

import data.exfilguard.buckets.bucket_blocks_public_access

set := {"holds": true, "reason": "the account sets it"}

unset := {"holds": false, "reason": "neither account nor bucket sets it"}

bucket(settings) := {
	"name": "ledger",
	"public_access_blocked": object.union(
		{
			"block_public_acls": set,
			"ignore_public_acls": set,
			"block_public_policy": set,
			"restrict_public_buckets": set,
		},
		settings,
	),
}

# The bucket fails, and its message names this one setting.
lacks(field, name) if {
	facts := bucket({field: unset})
	not bucket_blocks_public_access.pass with input as facts
	message := bucket_blocks_public_access.message with input as facts
	message == concat("", [
		"public access to bucket `ledger` is not fully blocked: ",
		sprintf("`%s` is not in force (neither account nor bucket sets it)", [name]),
	])
}

test_a_bucket_with_all_four_settings_passes if {
	bucket_blocks_public_access.pass with input as bucket({})
}

test_a_bucket_without_block_public_acls_fails if {
	lacks("block_public_acls", "BlockPublicAcls")
}

test_a_bucket_without_ignore_public_acls_fails if {
	lacks("ignore_public_acls", "IgnorePublicAcls")
}

test_a_bucket_without_block_public_policy_fails if {
	lacks("block_public_policy", "BlockPublicPolicy")
}

test_a_bucket_without_restrict_public_buckets_fails if {
	lacks("restrict_public_buckets", "RestrictPublicBuckets")
}

test_a_bucket_without_any_setting_fails_with_all_four if {
	facts := bucket({
		"block_public_acls": unset,
		"ignore_public_acls": unset,
		"block_public_policy": unset,
		"restrict_public_buckets": unset,
	})
	not bucket_blocks_public_access.pass with input as facts
	message := bucket_blocks_public_access.message with input as facts
	message == concat("", [
		"public access to bucket `ledger` is not fully blocked: ",
		"`BlockPublicAcls` is not in force (neither account nor bucket sets it); ",
		"`IgnorePublicAcls` is not in force (neither account nor bucket sets it); ",
		"`BlockPublicPolicy` is not in force (neither account nor bucket sets it); ",
		"`RestrictPublicBuckets` is not in force (neither account nor bucket sets it)",
	])
}

test_missing_facts_do_not_pass if {
	not bucket_blocks_public_access.pass with input as {"name": "ledger", "public_access_blocked": {}}
}
