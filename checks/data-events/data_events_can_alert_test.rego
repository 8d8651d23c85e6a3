package exfilguard.data_events.data_events_can_alert_test

import rego.v1

import data.exfilguard.data_events.data_events_can_alert

account(holds, reason) := {"id": "111122223333", "data_events_can_alert": {"holds": holds, "reason": reason}}

test_data_events_in_a_log_group_pass if {
	data_events_can_alert.pass with input as account(true, "trail `main` hands them to EventBridge")
}

test_data_events_in_an_event_data_store_alone_fail if {
	facts := account(false, "no trail logs data events in `eu-west-1`")
	not data_events_can_alert.pass with input as facts
	message := data_events_can_alert.message with input as facts
	message == "nothing can react to data events of account 111122223333: no trail logs data events in `eu-west-1`"
}

test_missing_facts_do_not_pass if {
	not data_events_can_alert.pass with input as {"id": "111122223333"}
}
