package exfilguard.guardduty.guardduty_s3_protection_test

import rego.v1

import data.exfilguard.guardduty.guardduty_s3_protection

region(detector, protection) := {
	"account_id": "111122223333",
	"region": "eu-west-1",
	"guardduty_enabled": detector,
	"guardduty_s3_protection": protection,
}

enabled := {"holds": true, "reason": "detector `d1` is enabled"}

on := {"holds": true, "reason": "feature `S3_DATA_EVENTS` is enabled"}

off := {"holds": false, "reason": "feature `S3_DATA_EVENTS` is disabled"}

test_a_region_with_the_feature_on_passes if {
	guardduty_s3_protection.pass with input as region(enabled, on)
}

test_a_region_with_the_feature_off_fails if {
	facts := region(enabled, off)
	not guardduty_s3_protection.pass with input as facts
	message := guardduty_s3_protection.message with input as facts
	message == concat("", [
		"GuardDuty does not watch S3 data events in account 111122223333, region `eu-west-1`: ",
		"feature `S3_DATA_EVENTS` is disabled",
	])
}

test_a_region_with_the_feature_on_in_a_disabled_detector_fails if {
	facts := region({"holds": false, "reason": "detector `d1` is disabled"}, on)
	not guardduty_s3_protection.pass with input as facts
	message := guardduty_s3_protection.message with input as facts
	message == concat("", [
		"GuardDuty does not watch S3 data events in account 111122223333, region `eu-west-1`: ",
		"detector `d1` is disabled",
	])
}

test_a_region_without_any_detector_fails_and_says_so_once if {
	absent := {"holds": false, "reason": "there is no detector"}
	facts := region(absent, absent)
	not guardduty_s3_protection.pass with input as facts
	message := guardduty_s3_protection.message with input as facts
	message == concat("", [
		"GuardDuty does not watch S3 data events in account 111122223333, region `eu-west-1`: ",
		"there is no detector",
	])
}

test_missing_facts_do_not_pass if {
	not guardduty_s3_protection.pass with input as {"guardduty_enabled": enabled}
	not guardduty_s3_protection.pass with input as {"guardduty_s3_protection": on}
}
