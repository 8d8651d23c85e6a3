"""Composite alarms, which moto forgets, and since when an alarm is in its state.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from seeded_state import SeededState
from service_call import Call


def describe_alarms(call: Call, state: SeededState, parameters: dict, value: dict) -> dict:
    """moto's answer, with what was put: states of metric alarms, and on the first page composite alarms if asked for."""
    metric = [alarm | _put(state, "alarm_state", call, alarm.get("AlarmName")) for alarm in value.get("MetricAlarms") or []]
    composite = []
    # Without the types, AWS answers with metric alarms only.
    if "CompositeAlarm" in (parameters.get("AlarmTypes") or []) and not parameters.get("NextToken"):
        items = state.all("composite_alarm", account=call.account, region=call.region)
        latest = {item["name"]: item for item in items}
        composite = [_composite(latest[name]) for name in sorted(latest)]
    return value | {"MetricAlarms": metric, "CompositeAlarms": composite}


def _put(state: SeededState, kind: str, call: Call, name: str | None) -> dict:
    item = state.last(kind, account=call.account, region=call.region, name=name) if name else None
    return item["value"] if item else {}


def _composite(item: dict) -> dict:
    arn = f"arn:aws:cloudwatch:{item['region']}:{item['account']}:alarm:{item['name']}"
    defaults = {"ActionsEnabled": True, "AlarmActions": [], "StateValue": "OK"}
    return {"AlarmName": item["name"], "AlarmArn": arn} | defaults | item["value"]
