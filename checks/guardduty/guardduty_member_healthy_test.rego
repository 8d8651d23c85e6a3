package exfilguard.guardduty.guardduty_member_healthy_test

import rego.v1

import data.exfilguard.guardduty.guardduty_member_healthy

region(member, holds, reason) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_member_expected": {"holds": member, "reason": ""},
	"guardduty_member_healthy": {"holds": holds, "reason": reason},
}

test_a_member_passes if {
	facts := region(true, true, "it sees them")
	guardduty_member_healthy.applies with input as facts
	guardduty_member_healthy.pass with input as facts
}

test_a_paused_member_fails if {
	facts := region(true, false, "its relationship is `Paused`")
	not guardduty_member_healthy.pass with input as facts
	message := guardduty_member_healthy.message with input as facts
	message == "GuardDuty's administrator does not see the findings of account 111122223333 in region `eu-west-1`: its relationship is `Paused`"
}

test_the_administrator_itself_is_no_member if {
	not guardduty_member_healthy.applies with input as region(false, false, "its relationship is `Paused`")
}

test_missing_facts_neither_apply_nor_pass if {
	not guardduty_member_healthy.applies with input as {"account_id": "111122223333", "region": "eu-west-1"}
	not guardduty_member_healthy.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
