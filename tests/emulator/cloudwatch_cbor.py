"""CloudWatch in RPC v2 CBOR, the only protocol of the Rust SDK; moto speaks JSON and query only.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

import datetime
import json

import botocore.session
import cbor2

import alarm_states
from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

TARGET = "GraniteServiceVersion20100801"
_model = botocore.session.get_session().get_service_model("cloudwatch")


def answer(call: Call, moto, state: SeededState) -> Answer:
    """Answers a CBOR call: mute rules from the seeded state, anything else by way of moto's JSON."""
    if call.operation not in _model.operation_names:
        return error(call, 404, "UnknownOperationException", call.operation)
    parameters = cbor2.loads(call.body) if call.body else {}
    if call.operation == "ListAlarmMuteRules":
        return _encoded(call.operation, _mute_rules(call, state, parameters))
    if call.operation == "GetAlarmMuteRule":
        name = parameters.get("AlarmMuteRuleName")
        rule = state.last("alarm_mute_rule", account=call.account, region=call.region, name=name)
        if rule is None:
            return error(call, 404, "ResourceNotFoundException", f"no alarm mute rule {name}")
        return _encoded(call.operation, {"Name": name, "AlarmMuteRuleArn": _arn(rule)} | rule["value"])
    return _by_way_of_json(call, moto, state, parameters)


def _by_way_of_json(call: Call, moto, state: SeededState, parameters: dict) -> Answer:
    environ = call.environ_for_moto(
        PATH_INFO="/",
        RAW_URI="/",
        REQUEST_URI="/",
        CONTENT_TYPE="application/x-amz-json-1.0",
        HTTP_X_AMZ_TARGET=f"{TARGET}.{call.operation}",
        HTTP_SMITHY_PROTOCOL=None,
        HTTP_ACCEPT="application/json",
        body=json.dumps(parameters, default=_epoch).encode(),
    )
    answer = moto(environ)
    try:
        value = answer.json() if answer.body else {}
    except ValueError:
        return answer
    if answer.status >= 400:
        code = value.get("__type", "InternalServiceError").rpartition("#")[2]
        return error(call, answer.status, code, value.get("message", value.get("Message", "")))
    if call.operation == "DescribeAlarms":
        value = alarm_states.describe_alarms(call, state, parameters, value)
    return _encoded(call.operation, value)


def _mute_rules(call: Call, state: SeededState, parameters: dict) -> dict:
    rules = state.all("alarm_mute_rule", account=call.account, region=call.region)
    latest = {rule["name"]: rule for rule in rules}
    names = sorted(latest)
    start = int(parameters.get("NextToken") or 0)
    end = start + int(parameters.get("MaxRecords") or 100)
    summaries = [
        {"AlarmMuteRuleArn": _arn(latest[name]), "Status": latest[name]["value"].get("Status", "ACTIVE")}
        for name in names[start:end]
    ]
    return {"AlarmMuteRuleSummaries": summaries} | ({"NextToken": str(end)} if end < len(names) else {})


def _arn(rule: dict) -> str:
    return f"arn:aws:cloudwatch:{rule['region']}:{rule['account']}:alarm-mute-rule:{rule['name']}"


def _encoded(operation: str, value: dict) -> Answer:
    shape = _model.operation_model(operation).output_shape
    body = cbor2.dumps(_shaped(shape, value) if shape else {})
    return Answer(200, body, [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")])


def _shaped(shape, value):
    """The value with CBOR's types where JSON has none: times are tag 1, blobs byte strings, floats never integers."""
    if value is None or shape is None:
        return value
    if shape.type_name == "structure":
        members = shape.members
        # What is not in the shape stays, for the validation to find.
        pairs = ((name, _shaped(members.get(name), child)) for name, child in value.items())
        return {name: child for name, child in pairs if child is not None}
    if shape.type_name == "list":
        return [_shaped(shape.member, child) for child in value]
    if shape.type_name == "map":
        return {key: _shaped(shape.value, child) for key, child in value.items()}
    if shape.type_name == "timestamp":
        return cbor2.CBORTag(1, _seconds(value))
    if shape.type_name in ("double", "float"):
        return float(value)
    if shape.type_name in ("integer", "long"):
        return int(value)
    return value


def _seconds(value) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()


def _epoch(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)
