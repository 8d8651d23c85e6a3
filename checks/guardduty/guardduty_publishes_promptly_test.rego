package exfilguard.guardduty.guardduty_publishes_promptly_test

import rego.v1

import data.exfilguard.guardduty.guardduty_publishes_promptly

region(holds, reason) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_publishes_promptly": {"holds": holds, "reason": reason},
}

test_an_hour_passes if {
	guardduty_publishes_promptly.pass with input as region(true, "every hour")
}

test_six_hours_fail if {
	facts := region(false, "every six hours")
	not guardduty_publishes_promptly.pass with input as facts
	message := guardduty_publishes_promptly.message with input as facts
	message == "GuardDuty is slow to tell of repeated findings in account 111122223333, region `eu-west-1`: every six hours"
}

test_a_region_without_a_detector_fails if {
	not guardduty_publishes_promptly.pass with input as region(false, "GuardDuty was never enabled there")
}

test_missing_facts_do_not_pass if {
	not guardduty_publishes_promptly.pass with input as {"account_id": "111122223333", "region": "eu-west-1"}
}
