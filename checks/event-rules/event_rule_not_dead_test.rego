package exfilguard.event_rules.event_rule_not_dead_test

import rego.v1

import data.exfilguard.event_rules.event_rule_not_dead

rule(not_dead, retired_types) := {
	"name": "findings",
	"bus": "default",
	"region": "eu-west-1",
	"concerns_guardduty": {"holds": true, "reason": "its pattern names `aws.guardduty`"},
	"not_dead": not_dead,
	"retired_types": retired_types,
}

alive := {"holds": true, "reason": "it matches `Exfiltration:S3/AnomalousBehavior`"}

test_a_rule_that_matches_a_present_type_passes if {
	facts := rule(alive, [])
	event_rule_not_dead.applies with input as facts
	event_rule_not_dead.pass with input as facts
}

test_a_rule_that_names_a_retired_type_besides_a_present_one_passes if {
	event_rule_not_dead.pass with input as rule(alive, ["Exfiltration:S3/ObjectRead.Unusual"])
}

test_a_rule_that_names_only_retired_types_fails_and_lists_them if {
	facts := rule(
		{"holds": false, "reason": "its pattern names only retired types"},
		["Discovery:S3/BucketEnumeration.Unusual", "Exfiltration:S3/ObjectRead.Unusual"],
	)
	not event_rule_not_dead.pass with input as facts
	message := event_rule_not_dead.message with input as facts
	message == concat("", [
		"rule `findings` on bus `default` in `eu-west-1` matches no finding that GuardDuty still makes: ",
		"its pattern names only retired types ",
		"(retired: `Discovery:S3/BucketEnumeration.Unusual`, `Exfiltration:S3/ObjectRead.Unusual`)",
	])
}

test_a_rule_that_is_dead_without_any_retired_type_fails if {
	facts := rule({"holds": false, "reason": "no finding has severity 11"}, [])
	not event_rule_not_dead.pass with input as facts
	message := event_rule_not_dead.message with input as facts
	message == concat("", [
		"rule `findings` on bus `default` in `eu-west-1` matches no finding that GuardDuty still makes: ",
		"no finding has severity 11",
	])
}

test_a_rule_about_something_else_is_not_judged if {
	facts := object.union(
		rule(alive, []),
		{"concerns_guardduty": {"holds": false, "reason": "its pattern names `aws.ec2`"}},
	)
	not event_rule_not_dead.applies with input as facts
}

test_missing_facts_do_not_pass if {
	not event_rule_not_dead.pass with input as {"name": "findings", "retired_types": []}
}
