package exfilguard.data_events.trail_log_bucket_protected_test

import rego.v1

import data.exfilguard.data_events.trail_log_bucket_protected

fact(holds, reason) := {"holds": holds, "reason": reason}

good := {
	"name": "logs",
	"not_public": fact(true, ""),
	"denies_strangers": fact(true, ""),
	"kept": fact(true, "it keeps versions"),
	"expiry_read": fact(true, "its lifecycle rules were read"),
	"expiry_days": [365],
}

judged(changes) := {"name": "main", "log_bucket": object.union(good, changes)}

begin := "bucket `logs`, which has the files of trail `main`, is not protected: "

test_a_protected_bucket_passes if {
	trail_log_bucket_protected.pass with input as judged({}) with data.parameters as {"days": 90}
}

test_a_bucket_that_keeps_files_for_ever_passes if {
	trail_log_bucket_protected.pass with input as judged({"expiry_days": []}) with data.parameters as {"days": 90}
}

test_a_public_bucket_fails if {
	facts := judged({"not_public": fact(false, "statement 1 admits everybody")})
	not trail_log_bucket_protected.pass with input as facts with data.parameters as {"days": 90}
	message := trail_log_bucket_protected.message with input as facts with data.parameters as {"days": 90}
	message == concat("", [begin, "it is public (statement 1 admits everybody)"])
}

test_a_bucket_for_any_trail_fails if {
	facts := judged({"denies_strangers": fact(false, "CloudTrail may write for account 999999999999")})
	not trail_log_bucket_protected.pass with input as facts with data.parameters as {"days": 90}
	message := trail_log_bucket_protected.message with input as facts with data.parameters as {"days": 90}
	message == concat("", [begin, "it serves strangers (CloudTrail may write for account 999999999999)"])
}

test_a_bucket_without_versions_and_lock_fails if {
	facts := judged({"kept": fact(false, "its versioning was never switched on")})
	not trail_log_bucket_protected.pass with input as facts with data.parameters as {"days": 90}
	message := trail_log_bucket_protected.message with input as facts with data.parameters as {"days": 90}
	message == concat("", [begin, "files can be deleted for good (its versioning was never switched on)"])
}

test_a_rule_of_one_day_fails if {
	facts := judged({"expiry_days": [1, 365]})
	not trail_log_bucket_protected.pass with input as facts with data.parameters as {"days": 90}
	message := trail_log_bucket_protected.message with input as facts with data.parameters as {"days": 90}
	message == concat("", [begin, "a lifecycle rule deletes files after 1 days, before 90"])
}

test_rules_that_were_not_read_do_not_pass if {
	facts := judged({"expiry_read": fact(false, "not known"), "expiry_days": []})
	not trail_log_bucket_protected.pass with input as facts with data.parameters as {"days": 90}
	message := trail_log_bucket_protected.message with input as facts with data.parameters as {"days": 90}
	message == concat("", [begin, "not known"])
}

test_missing_facts_do_not_pass if {
	not trail_log_bucket_protected.pass with input as {"name": "main"} with data.parameters as {"days": 90}
}
