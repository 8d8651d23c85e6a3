package exfilguard.alarms.alarm_reaches_someone_test

import rego.v1

import data.exfilguard.alarms.alarm_reaches_someone

alarm(enabled, reaches) := {
	"name": "downloads",
	"region": "eu-west-1",
	"security_relevant": {"holds": true, "reason": "it watches a metric of log group `trail`"},
	"actions_enabled": enabled,
	"reaches_someone": reaches,
}

enabled := {"holds": true, "reason": "its actions are switched on"}

disabled := {"holds": false, "reason": "its actions are switched off"}

reaches := {"holds": true, "reason": "topic `security` has a confirmed subscription by email"}

unconfirmed := {"holds": false, "reason": "no subscription of topic `security` is confirmed"}

test_an_alarm_with_a_confirmed_subscriber_passes if {
	facts := alarm(enabled, reaches)
	alarm_reaches_someone.applies with input as facts
	alarm_reaches_someone.pass with input as facts
}

test_an_alarm_without_a_confirmed_subscriber_fails if {
	facts := alarm(enabled, unconfirmed)
	not alarm_reaches_someone.pass with input as facts
	message := alarm_reaches_someone.message with input as facts
	message == "alarm `downloads` in `eu-west-1` tells nobody: no subscription of topic `security` is confirmed"
}

test_an_alarm_with_its_actions_switched_off_fails if {
	facts := alarm(disabled, reaches)
	not alarm_reaches_someone.pass with input as facts
	message := alarm_reaches_someone.message with input as facts
	message == "alarm `downloads` in `eu-west-1` tells nobody: its actions are switched off"
}

test_an_alarm_without_any_action_fails if {
	facts := alarm(disabled, {"holds": false, "reason": "it has no action"})
	not alarm_reaches_someone.pass with input as facts
	message := alarm_reaches_someone.message with input as facts
	message == "alarm `downloads` in `eu-west-1` tells nobody: it has no action; its actions are switched off"
}

test_what_both_facts_say_is_said_once if {
	facts := alarm(disabled, disabled)
	not alarm_reaches_someone.pass with input as facts
	message := alarm_reaches_someone.message with input as facts
	message == "alarm `downloads` in `eu-west-1` tells nobody: its actions are switched off"
}

test_an_alarm_on_another_metric_is_not_judged if {
	facts := object.union(
		alarm(enabled, reaches),
		{"security_relevant": {"holds": false, "reason": "it watches `CPUUtilization`"}},
	)
	not alarm_reaches_someone.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not alarm_reaches_someone.pass with input as {"name": "downloads", "actions_enabled": enabled}
	not alarm_reaches_someone.pass with input as {"name": "downloads", "reaches_someone": reaches}
}
