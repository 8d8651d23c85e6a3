package exfilguard.guardduty.guardduty_enabled_test

import rego.v1

import data.exfilguard.guardduty.guardduty_enabled

region(holds, reason) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_enabled": {"holds": holds, "reason": reason},
}

test_a_region_with_an_enabled_detector_passes if {
	guardduty_enabled.pass with input as region(true, "detector `d1` is enabled")
}

test_a_region_with_a_disabled_detector_fails if {
	facts := region(false, "detector `d1` is disabled")
	not guardduty_enabled.pass with input as facts
	message := guardduty_enabled.message with input as facts
	message == "GuardDuty is not enabled in account 111122223333, region `eu-west-1`: detector `d1` is disabled"
}

test_a_region_without_any_detector_fails if {
	facts := region(false, "there is no detector")
	not guardduty_enabled.pass with input as facts
	message := guardduty_enabled.message with input as facts
	message == "GuardDuty is not enabled in account 111122223333, region `eu-west-1`: there is no detector"
}

test_missing_facts_do_not_pass if {
	not guardduty_enabled.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
