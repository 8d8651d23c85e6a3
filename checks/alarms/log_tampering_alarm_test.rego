package exfilguard.alarms.log_tampering_alarm_test

import rego.v1

import data.exfilguard.alarms.log_tampering_alarm

facts(heard) := {"id": "111122223333", "name": "shop", "log_tampering_heard": heard}

heard := {"holds": true, "reason": "a person hears of every such call"}

test_calls_of_which_a_person_hears_pass if {
	log_tampering_alarm.pass with input as facts(heard)
}

test_an_account_without_any_alarm_fails if {
	judged := facts({"holds": false, "reason": "`DeleteTrail` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it"})
	not log_tampering_alarm.pass with input as judged
	message := log_tampering_alarm.message with input as judged
	message == concat("", [
		"account 111122223333: nobody hears of every call that stops or changes a trail: ",
		"`DeleteTrail` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it",
	])
}

test_an_alarm_that_one_call_does_not_raise_fails if {
	judged := facts({"holds": false, "reason": "`StopLogging` in `eu-west-1`: alarm `trails` is surely raised only by 9 such calls, not by one"})
	not log_tampering_alarm.pass with input as judged
	message := log_tampering_alarm.message with input as judged
	message == concat("", [
		"account 111122223333: nobody hears of every call that stops or changes a trail: ",
		"`StopLogging` in `eu-west-1`: alarm `trails` is surely raised only by 9 such calls, not by one",
	])
}

test_missing_facts_do_not_pass if {
	not log_tampering_alarm.pass with input as {"id": "111122223333", "account_id": "111122223333", "region": "eu-west-1"}
}
