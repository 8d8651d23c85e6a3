package exfilguard.alarms.alarm_can_act_test

import rego.v1

import data.exfilguard.alarms.alarm_can_act

alarm(can_act) := {
	"name": "downloads",
	"region": "eu-west-1",
	"security_relevant": {"holds": true, "reason": "it watches a metric of log group `trail`"},
	"can_act": can_act,
}

acts := {"holds": true, "reason": "topic `security` lets CloudWatch publish"}

test_an_alarm_that_acts_passes if {
	alarm_can_act.applies with input as alarm(acts)
	alarm_can_act.pass with input as alarm(acts)
}

test_an_alarm_that_cannot_act_fails_and_says_why if {
	facts := alarm({"holds": false, "reason": "alarm `downloads` is muted now by rule `weekend`"})
	alarm_can_act.applies with input as facts
	not alarm_can_act.pass with input as facts
	message := alarm_can_act.message with input as facts
	message == "alarm `downloads` in `eu-west-1` cannot act: alarm `downloads` is muted now by rule `weekend`"
}

test_an_alarm_on_another_metric_is_not_judged if {
	facts := object.union(
		alarm(acts),
		{"security_relevant": {"holds": false, "reason": "it watches `CPUUtilization`"}},
	)
	not alarm_can_act.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not alarm_can_act.pass with input as {"name": "downloads"}
	not alarm_can_act.applies with input as {"name": "downloads"}
}
