"""GuardDuty's administration of an organization, which moto lacks: members, their features, what is switched on by itself.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_organizations.html. The state belongs to the administrator's
detector; the features of a member are those of its own detector.
"""

import json

from moto.guardduty.models import guardduty_backends

from error_format import error
from guardduty_features import legacy
from organization_trails import management_account
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/json")]
MEMBERS_PER_CALL = 50
NOT_THE_ADMINISTRATOR = "The request is rejected because the input detectorId is not owned by the current account."
SINCE = "2024-01-15T03:12:44.000Z"


def describe_configuration(call: Call, _moto, _state: SeededState) -> Answer:
    """https://docs.aws.amazon.com/guardduty/latest/APIReference/API_DescribeOrganizationConfiguration.html"""
    if (detector := _detector(call)) is None or not _administers(call):
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    kept = _configuration(detector)
    members = kept["members"]
    features = [{"name": name, "autoEnable": whose} for name, whose in sorted(kept["features"].items())]
    answer = {"memberAccountLimitReached": False, "autoEnableOrganizationMembers": members, "features": features}
    return _answer(answer | {"autoEnable": members != "NONE"})


def update_configuration(call: Call, _moto, _state: SeededState) -> Answer:
    """https://docs.aws.amazon.com/guardduty/latest/APIReference/API_UpdateOrganizationConfiguration.html"""
    if (detector := _detector(call)) is None or not _administers(call):
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    parameters, kept = call.parameters(), _configuration(detector)
    if "autoEnableOrganizationMembers" in parameters:
        kept["members"] = parameters["autoEnableOrganizationMembers"]
    kept["features"] |= {feature["name"]: feature["autoEnable"] for feature in parameters.get("features", [])}
    return _answer({})


def create_members(call: Call, _moto, _state: SeededState) -> Answer:
    """Accounts of the organization are members at once."""
    if (detector := _detector(call)) is None or not _administers(call):
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    for account in call.parameters()["accountDetails"]:
        _members(detector)[account["accountId"]] = {"email": account["email"], "relationshipStatus": "Enabled"}
    return _answer({"unprocessedAccounts": []})


def stop_monitoring(call: Call, _moto, _state: SeededState) -> Answer:
    """Suspends GuardDuty in member accounts: https://docs.aws.amazon.com/guardduty/latest/APIReference/API_StopMonitoringMembers.html"""
    if (detector := _detector(call)) is None or not _administers(call):
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    for account in call.parameters()["accountIds"]:
        _members(detector)[account]["relationshipStatus"] = "Paused"
    return _answer({"unprocessedAccounts": []})


def list_members(call: Call, _moto, _state: SeededState) -> Answer:
    """A page of the members; those of a detector that administers nothing are none."""
    if (detector := _detector(call)) is None:
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    parameters = call.parameters() if call.body else {}
    query = dict(pair.partition("=")[::2] for pair in call.query.split("&"))
    start = int(query.get("nextToken") or parameters.get("nextToken") or 0)
    end = start + int(query.get("maxResults") or MEMBERS_PER_CALL)
    members = sorted(_members(detector).items())
    page = {"members": [_member(call, account, found) for account, found in members[start:end]]}
    return _answer(page | ({"nextToken": str(end)} if end < len(members) else {}))


def get_member_detectors(call: Call, _moto, _state: SeededState) -> Answer:
    """https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetMemberDetectors.html"""
    accounts = call.parameters().get("accountIds", [])
    if (detector := _detector(call)) is None or not 1 <= len(accounts) <= MEMBERS_PER_CALL:
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    found, unprocessed = [], []
    for account in accounts:
        own = next(iter(guardduty_backends[account][call.region].detectors.values()), None)
        if account not in _members(detector) or own is None:
            why = "The request is rejected because the account is not a member."
            unprocessed.append({"accountId": account, "result": why})
        else:
            features = [{"name": f["name"], "status": f["status"]} for f in own.features if f["name"] in MEMBER_FEATURES]
            found.append({"accountId": account, "dataSources": legacy(own.features), "features": features})
    return _answer({"members": found, "unprocessedAccounts": unprocessed})


def update_member_detectors(call: Call, _moto, _state: SeededState) -> Answer:
    """https://docs.aws.amazon.com/guardduty/latest/APIReference/API_UpdateMemberDetectors.html"""
    accounts = call.parameters().get("accountIds", [])
    if (detector := _detector(call)) is None or not 1 <= len(accounts) <= MEMBERS_PER_CALL:
        return error(call, 400, "BadRequestException", NOT_THE_ADMINISTRATOR)
    unprocessed = []
    for account in accounts:
        own = next(iter(guardduty_backends[account][call.region].detectors.values()), None)
        if account not in _members(detector) or own is None:
            why = "The request is rejected because the account is not a member."
            unprocessed.append({"accountId": account, "result": why})
            continue
        wanted = {f["name"]: f["status"] for f in call.parameters().get("features", []) if f["name"] in MEMBER_FEATURES}
        for feature in own.features:
            feature["status"] = wanted.get(feature["name"], feature["status"])
    return _answer({"unprocessedAccounts": unprocessed})


# The features that a member's administrator may set.
MEMBER_FEATURES = {
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
}


def _member(call: Call, account: str, found: dict) -> dict:
    own = next(iter(guardduty_backends[account][call.region].detectors), None)
    described = {"accountId": account, "masterId": call.account, "administratorId": call.account, "updatedAt": SINCE}
    return described | found | ({"detectorId": own} if own else {})


def _detector(call: Call):
    return guardduty_backends[call.account][call.region].detectors.get(call.path.split("/")[2])


def _administers(call: Call) -> bool:
    management = management_account(call.account)
    if management is None:
        return False
    return call.account in guardduty_backends[management][call.region].admin_account_ids


def _configuration(detector) -> dict:
    if not hasattr(detector, "exfilguard_configuration"):
        detector.exfilguard_configuration = {"members": "NONE", "features": dict.fromkeys(MEMBER_FEATURES, "NONE")}
    return detector.exfilguard_configuration


def _members(detector) -> dict:
    if not hasattr(detector, "exfilguard_members"):
        detector.exfilguard_members = {}
    return detector.exfilguard_members


def _answer(value: dict) -> Answer:
    return Answer(200, json.dumps(value).encode(), HEADERS)
