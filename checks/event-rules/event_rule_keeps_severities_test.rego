package exfilguard.event_rules.event_rule_keeps_severities_test

import rego.v1

import data.exfilguard.event_rules.event_rule_keeps_severities

rule(keeps) := {
	"name": "findings",
	"bus": "default",
	"region": "eu-west-1",
	"concerns_guardduty": {"holds": true, "reason": "its pattern names `aws.guardduty`"},
	"keeps_severities": keeps,
}

keeps := {"holds": true, "reason": "no essential finding type is dropped for its severity"}

test_a_rule_that_keeps_every_essential_type_passes if {
	event_rule_keeps_severities.applies with input as rule(keeps)
	event_rule_keeps_severities.pass with input as rule(keeps)
}

test_a_rule_that_drops_some_fails_and_names_them if {
	facts := rule({
		"holds": false,
		"reason": "its condition on the severity drops `Exfiltration:S3/AnomalousBehavior`, whose severity is 8.0",
	})
	event_rule_keeps_severities.applies with input as facts
	not event_rule_keeps_severities.pass with input as facts
	message := event_rule_keeps_severities.message with input as facts
	message == concat("", [
		"rule `findings` on bus `default` in `eu-west-1` misses findings about S3 exfiltration: ",
		"its condition on the severity drops `Exfiltration:S3/AnomalousBehavior`, whose severity is 8.0",
	])
}

test_a_rule_about_something_else_is_not_judged if {
	facts := object.union(
		rule(keeps),
		{"concerns_guardduty": {"holds": false, "reason": "its pattern names `aws.ec2`"}},
	)
	not event_rule_keeps_severities.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not event_rule_keeps_severities.pass with input as {"name": "findings"}
	not event_rule_keeps_severities.applies with input as {"name": "findings"}
}
