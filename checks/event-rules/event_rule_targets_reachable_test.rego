package exfilguard.event_rules.event_rule_targets_reachable_test

import rego.v1

import data.exfilguard.event_rules.event_rule_targets_reachable

rule(enabled, reachable) := {
	"name": "findings",
	"bus": "default",
	"region": "eu-west-1",
	"watches_exfiltration": {"holds": true, "reason": "it matches `Exfiltration:S3/AnomalousBehavior`"},
	"enabled": enabled,
	"target_reachable": reachable,
}

on := {"holds": true, "reason": "the rule is enabled"}

off := {"holds": false, "reason": "the rule is disabled"}

reachable := {"holds": true, "reason": "topic `security` lets EventBridge publish"}

refused := {"holds": false, "reason": "function `page` does not exist or has no policy that lets EventBridge invoke it"}

test_a_rule_with_a_target_that_takes_its_events_passes if {
	facts := rule(on, reachable)
	event_rule_targets_reachable.applies with input as facts
	event_rule_targets_reachable.pass with input as facts
}

test_a_disabled_rule_fails if {
	facts := rule(off, reachable)
	not event_rule_targets_reachable.pass with input as facts
	message := event_rule_targets_reachable.message with input as facts
	message == "rule `findings` on bus `default` in `eu-west-1` hands its events to nothing: the rule is disabled"
}

test_a_rule_whose_target_refuses_fails if {
	facts := rule(on, refused)
	not event_rule_targets_reachable.pass with input as facts
	message := event_rule_targets_reachable.message with input as facts
	message == concat("", [
		"rule `findings` on bus `default` in `eu-west-1` hands its events to nothing: ",
		"function `page` does not exist or has no policy that lets EventBridge invoke it",
	])
}

test_a_disabled_rule_without_any_target_fails_for_both if {
	facts := rule(off, {"holds": false, "reason": "it has no target"})
	not event_rule_targets_reachable.pass with input as facts
	message := event_rule_targets_reachable.message with input as facts
	message == concat("", [
		"rule `findings` on bus `default` in `eu-west-1` hands its events to nothing: ",
		"the rule is disabled; it has no target",
	])
}

test_a_rule_about_something_else_is_not_judged if {
	facts := object.union(
		rule(off, refused),
		{"watches_exfiltration": {"holds": false, "reason": "it matches no finding or call that tells of exfiltration"}},
	)
	not event_rule_targets_reachable.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not event_rule_targets_reachable.pass with input as {"name": "findings", "enabled": on}
	not event_rule_targets_reachable.pass with input as {"name": "findings", "target_reachable": reachable}
}
