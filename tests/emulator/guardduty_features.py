"""GuardDuty's detector features as AWS keeps them; moto forgets those that a request does not name.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetDetector.html
"""

import json

from moto.guardduty.models import guardduty_backends

from error_format import error
from organization_trails import management_account
from seeded_state import SeededState
from service_call import Answer, Call

ALWAYS_ON = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
# On in a new detector unless the request says otherwise, as AWS does for every protection plan but Runtime Monitoring.
# https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html
BY_DEFAULT = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS")


def create_detector(call: Call, moto, _state: SeededState) -> Answer:
    """One detector per region, with the default features filled in."""
    if guardduty_backends[call.account][call.region].list_detectors():
        message = "The request is rejected because a detector already exists for the current account."
        return error(call, 400, "BadRequestException", message)
    parameters = call.parameters()
    statuses = dict.fromkeys(ALWAYS_ON + BY_DEFAULT, "ENABLED")
    statuses |= _asked_for(parameters)
    parameters["features"] = _features(statuses)
    parameters.pop("dataSources", None)
    return moto(call.environ_for_moto(body=json.dumps(parameters).encode()))


def update_detector(call: Call, moto, _state: SeededState) -> Answer:
    """Changes the features that the request names and keeps the others."""
    parameters = call.parameters()
    asked = _asked_for(parameters)
    detector = guardduty_backends[call.account][call.region].detectors.get(call.path.rpartition("/")[2])
    if detector is not None and asked:
        kept = {feature["name"]: feature["status"] for feature in detector.features}
        parameters["features"] = _features(kept | asked)
    parameters.pop("dataSources", None)
    return moto(call.environ_for_moto(body=json.dumps(parameters).encode()))


def get_detector(call: Call, moto, _state: SeededState) -> Answer:
    """The detector, with the older `dataSources` saying the same as its features."""
    answer = moto(call.environ_for_moto())
    if answer.status != 200:
        return answer
    value = answer.json()
    value["dataSources"] = legacy(value.get("features") or [])
    return answer.with_json(value)


def legacy(features: list[dict]) -> dict:
    """The older `dataSources`, which say the same as the features."""
    statuses = {feature["name"]: feature["status"] for feature in features}
    off = "DISABLED"
    return {
        "cloudTrail": {"status": statuses.get("CLOUD_TRAIL", off)},
        "dnsLogs": {"status": statuses.get("DNS_LOGS", off)},
        "flowLogs": {"status": statuses.get("FLOW_LOGS", off)},
        "s3Logs": {"status": statuses.get("S3_DATA_EVENTS", off)},
        "kubernetes": {"auditLogs": {"status": statuses.get("EKS_AUDIT_LOGS", off)}},
    }


def list_organization_admin_accounts(call: Call, moto, _state: SeededState) -> Answer:
    """The delegated administrators; only the management account may ask."""
    if management_account(call.account) not in (None, call.account):
        message = "The request is rejected because the caller is not the management account of the organization."
        return error(call, 400, "BadRequestException", message)
    return moto(call.environ_for_moto())


def _asked_for(parameters: dict) -> dict[str, str]:
    statuses = {}
    if s3_logs := (parameters.get("dataSources") or {}).get("s3Logs"):
        statuses["S3_DATA_EVENTS"] = "ENABLED" if s3_logs.get("enable") else "DISABLED"
    for feature in parameters.get("features") or []:
        statuses[feature["name"]] = feature["status"]
    return statuses


def _features(statuses: dict[str, str]) -> list[dict]:
    return [{"name": name, "status": status} for name, status in statuses.items()]
