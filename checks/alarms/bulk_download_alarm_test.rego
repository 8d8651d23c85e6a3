package exfilguard.alarms.bulk_download_alarm_test

import rego.v1

import data.exfilguard.alarms.bulk_download_alarm

parameters := {"objects": 1000, "within": 3600}

account(chains) := {"id": "111122223333", "name": "payments", "bulk_download_alarms": chains}

working := {
	"alarm": "downloads",
	"region": "eu-west-1",
	"log_group": "trail",
	"filter": "reads",
	"covers_bucket_reads": {"holds": true, "reason": "filter `reads` counts all reads"},
	"detects": {"holds": true, "reason": "1000 reads raise it"},
	"smallest_burst": 1000,
	"seconds_to_alarm": 3600,
	"reaches_someone": {"holds": true, "reason": "topic `security` has a confirmed subscription"},
}

uncovered := object.union(working, {
	"alarm": "uncovered",
	"covers_bucket_reads": {"holds": false, "reason": "filter `reads` counts bucket `ledger` only"},
})

undetecting := object.union(working, {
	"alarm": "undetecting",
	"detects": {"holds": false, "reason": "its actions are switched off"},
	"smallest_burst": 0,
	"seconds_to_alarm": 0,
})

insensitive := object.union(working, {"alarm": "insensitive", "smallest_burst": 1001})

slow := object.union(working, {"alarm": "slow", "seconds_to_alarm": 3601})

unheard := object.union(working, {
	"alarm": "unheard",
	"reaches_someone": {"holds": false, "reason": "no subscription of topic `security` is confirmed"},
})

intro := "a download of 1000 objects from account `payments` (111122223333) alarms nobody within 3600 s: "

fails_with(chains, reason) if {
	not bulk_download_alarm.pass with input as account(chains) with data.parameters as parameters
	message := bulk_download_alarm.message with input as account(chains) with data.parameters as parameters
	message == concat("", [intro, reason])
}

test_a_chain_at_both_limits_passes if {
	bulk_download_alarm.pass with input as account([working]) with data.parameters as parameters
}

test_one_working_chain_among_broken_ones_passes if {
	chains := [uncovered, working, unheard]
	bulk_download_alarm.pass with input as account(chains) with data.parameters as parameters
}

test_an_account_without_any_alarm_fails if {
	fails_with([], "no alarm watches a metric filter on a trail's log group")
}

test_a_filter_that_does_not_count_every_bucket_fails if {
	fails_with([uncovered], "alarm `uncovered` in `eu-west-1`: filter `reads` counts bucket `ledger` only")
}

test_an_alarm_that_a_burst_does_not_raise_fails if {
	fails_with([undetecting], "alarm `undetecting` in `eu-west-1`: its actions are switched off")
}

test_a_threshold_above_the_parameter_fails if {
	fails_with([insensitive], "alarm `insensitive` in `eu-west-1` needs 1001 reads to be sure")
}

test_an_alarm_that_takes_longer_than_the_parameter_fails if {
	fails_with([slow], "alarm `slow` in `eu-west-1` may take 3601 s")
}

test_an_alarm_without_a_subscriber_fails if {
	fails_with([unheard], "alarm `unheard` in `eu-west-1`: no subscription of topic `security` is confirmed")
}

test_links_of_different_chains_do_not_add_up if {
	chains := [uncovered, undetecting, unheard, insensitive, slow]
	fails_with(chains, "alarm `unheard` in `eu-west-1`: no subscription of topic `security` is confirmed")
}

test_the_first_of_equally_broken_chains_is_named if {
	slower := object.union(slow, {"alarm": "slower", "seconds_to_alarm": 7200})
	fails_with([uncovered, slow, slower], "alarm `slow` in `eu-west-1` may take 3601 s")
}

test_a_part_that_could_not_be_read_is_called_so if {
	unread := object.union(working, {
		"alarm": "",
		"region": "",
		"covers_bucket_reads": {"holds": false, "reason": "not known because the call was denied"},
		"smallest_burst": 0,
		"seconds_to_alarm": 0,
	})
	fails_with([unread], "an alarm that could not be read: not known because the call was denied")
}

test_stricter_parameters_are_followed if {
	strict := {"objects": 999, "within": 3600}
	not bulk_download_alarm.pass with input as account([working]) with data.parameters as strict
	quick := {"objects": 1000, "within": 3599}
	not bulk_download_alarm.pass with input as account([working]) with data.parameters as quick
}

test_missing_facts_do_not_pass if {
	not bulk_download_alarm.pass with input as {"name": "payments"} with data.parameters as parameters
}

test_missing_parameters_do_not_pass if {
	not bulk_download_alarm.pass with input as account([working]) with data.parameters as {}
}
