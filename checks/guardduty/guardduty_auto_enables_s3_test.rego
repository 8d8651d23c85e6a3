package exfilguard.guardduty.guardduty_auto_enables_s3_test

import rego.v1

import data.exfilguard.guardduty.guardduty_auto_enables_s3

region(organization, holds, reason) := {
	"organization_id": "o-acme",
	"region": "eu-west-1",
	"in_organization": {"holds": organization, "reason": ""},
	"guardduty_enables_s3": {"holds": holds, "reason": reason},
}

test_all_accounts_pass if {
	facts := region(true, true, "in all accounts")
	guardduty_auto_enables_s3.applies with input as facts
	guardduty_auto_enables_s3.pass with input as facts
}

test_new_accounts_only_fail if {
	facts := region(true, false, "S3 Protection is switched on in new accounts only")
	not guardduty_auto_enables_s3.pass with input as facts
	message := guardduty_auto_enables_s3.message with input as facts
	message == "GuardDuty's S3 Protection is not switched on by itself in every account of organization o-acme, region `eu-west-1`: S3 Protection is switched on in new accounts only"
}

test_an_account_alone_has_no_organization if {
	not guardduty_auto_enables_s3.applies with input as region(false, false, "S3 Protection is switched on in new accounts only")
}

test_missing_facts_neither_apply_nor_pass if {
	not guardduty_auto_enables_s3.applies with input as {"organization_id": "o-acme", "region": "eu-west-1"}
	not guardduty_auto_enables_s3.pass with input as {"organization_id": "o-acme", "region": "eu-west-1"}
}
