package exfilguard.alarms.bucket_policy_change_alarm_test

import rego.v1

import data.exfilguard.alarms.bucket_policy_change_alarm

facts(heard) := {"id": "111122223333", "name": "shop", "bucket_policy_changes_heard": heard}

heard := {"holds": true, "reason": "a person hears of every such call"}

test_calls_of_which_a_person_hears_pass if {
	bucket_policy_change_alarm.pass with input as facts(heard)
}

test_an_account_without_any_alarm_fails if {
	judged := facts({"holds": false, "reason": "`PutBucketPolicy` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it"})
	not bucket_policy_change_alarm.pass with input as judged
	message := bucket_policy_change_alarm.message with input as judged
	message == concat("", [
		"account 111122223333: nobody hears of every call that opens a bucket: ",
		"`PutBucketPolicy` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it",
	])
}

test_a_rule_where_no_trail_logs_fails if {
	judged := facts({"holds": false, "reason": "`PutBucketAcl` in `us-east-1`: no metric filter with an alarm counts it; no trail logs in `us-east-1`, so that EventBridge hears of no call there"})
	not bucket_policy_change_alarm.pass with input as judged
	message := bucket_policy_change_alarm.message with input as judged
	message == concat("", [
		"account 111122223333: nobody hears of every call that opens a bucket: ",
		"`PutBucketAcl` in `us-east-1`: no metric filter with an alarm counts it; no trail logs in `us-east-1`, so that EventBridge hears of no call there",
	])
}

test_missing_facts_do_not_pass if {
	not bucket_policy_change_alarm.pass with input as {"id": "111122223333", "account_id": "111122223333", "region": "eu-west-1"}
}
