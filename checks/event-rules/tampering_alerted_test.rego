package exfilguard.event_rules.tampering_alerted_test

import rego.v1

import data.exfilguard.event_rules.tampering_alerted

facts(heard) := {"account_id": "111122223333", "region": "eu-west-1", "tampering_heard": heard}

heard := {"holds": true, "reason": "a person hears of every such call"}

test_calls_of_which_a_person_hears_pass if {
	tampering_alerted.pass with input as facts(heard)
}

test_a_region_without_any_rule_or_alarm_fails if {
	judged := facts({"holds": false, "reason": "`DeleteDetector` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it"})
	not tampering_alerted.pass with input as judged
	message := tampering_alerted.message with input as judged
	message == concat("", [
		"account 111122223333, region `eu-west-1`: nobody hears of every call that opens a bucket or stops the watching: ",
		"`DeleteDetector` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it",
	])
}

test_a_rule_that_reaches_nobody_fails if {
	judged := facts({"holds": false, "reason": "`PutBucketPolicy` in `eu-west-1`: no metric filter with an alarm counts it; topic `alerts` has no subscription"})
	not tampering_alerted.pass with input as judged
	message := tampering_alerted.message with input as judged
	message == concat("", [
		"account 111122223333, region `eu-west-1`: nobody hears of every call that opens a bucket or stops the watching: ",
		"`PutBucketPolicy` in `eu-west-1`: no metric filter with an alarm counts it; topic `alerts` has no subscription",
	])
}

test_missing_facts_do_not_pass if {
	not tampering_alerted.pass with input as {"id": "111122223333", "account_id": "111122223333", "region": "eu-west-1"}
}
