package exfilguard.guardduty.guardduty_administrator_set_test

import rego.v1

import data.exfilguard.guardduty.guardduty_administrator_set

region(organization, holds, reason) := {
	"organization_id": "o-acme",
	"region": "eu-west-1",
	"in_organization": {"holds": organization, "reason": ""},
	"guardduty_administrator_set": {"holds": holds, "reason": reason},
}

test_an_administrator_passes if {
	facts := region(true, true, "account 111122223333 is")
	guardduty_administrator_set.applies with input as facts
	guardduty_administrator_set.pass with input as facts
}

test_nobody_fails if {
	facts := region(true, false, "GuardDuty has no delegated administrator there")
	not guardduty_administrator_set.pass with input as facts
	message := guardduty_administrator_set.message with input as facts
	message == "nobody looks after GuardDuty for organization o-acme in region `eu-west-1`: GuardDuty has no delegated administrator there"
}

test_an_account_alone_needs_none if {
	not guardduty_administrator_set.applies with input as region(false, false, "GuardDuty has no delegated administrator there")
}

test_missing_facts_neither_apply_nor_pass if {
	not guardduty_administrator_set.applies with input as {"organization_id": "o-acme", "region": "eu-west-1"}
	not guardduty_administrator_set.pass with input as {"organization_id": "o-acme", "region": "eu-west-1"}
}
