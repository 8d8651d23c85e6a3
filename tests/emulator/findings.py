"""Findings of GuardDuty and Macie, which moto lacks: those that were put, chosen by criteria, in pages.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListFindings.html
https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetFindings.html
https://docs.aws.amazon.com/macie/latest/APIReference/findings.html
https://docs.aws.amazon.com/macie/latest/APIReference/findings-describe.html
"""

import datetime
import json

from moto.guardduty.models import guardduty_backends

import macie
from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/json")]
# The most ids of one `GetFindings`, and of one page, in both services.
MOST = 50


def list_guardduty(call: Call, _moto, state: SeededState) -> Answer:
    """The ids of the findings that meet the criteria, a page of them."""
    if not _has_detector(call):
        return error(call, 400, "BadRequestException", "The request is rejected because the input detectorId is not owned by the current account.")
    return _page(call, _chosen(call, state, "guardduty_finding"))


def get_guardduty(call: Call, _moto, state: SeededState) -> Answer:
    """Findings by their ids."""
    if not _has_detector(call):
        return error(call, 400, "BadRequestException", "The request is rejected because the input detectorId is not owned by the current account.")
    return _by_id(call, state, "guardduty_finding")


def list_macie(call: Call, _moto, state: SeededState) -> Answer:
    """The same of Macie."""
    if not macie.is_enabled(call):
        return error(call, 403, "AccessDeniedException", "Macie is not enabled.")
    return _page(call, _chosen(call, state, "macie_finding"))


def get_macie(call: Call, _moto, state: SeededState) -> Answer:
    """Findings of Macie by their ids."""
    if not macie.is_enabled(call):
        return error(call, 403, "AccessDeniedException", "Macie is not enabled.")
    return _by_id(call, state, "macie_finding")


def create_job(call: Call, _moto, state: SeededState) -> Answer:
    """Remembers the job that was asked for, so that a test can see it."""
    wanted = call.parameters()
    missing = [name for name in ("clientToken", "jobType", "name", "s3JobDefinition") if name not in wanted]
    if missing:
        return error(call, 400, "ValidationException", f"{missing[0]} is required")
    state.put([{"kind": "macie_job", "account": call.account, "region": call.region, "value": wanted}])
    arn = f"arn:aws:macie2:{call.region}:{call.account}:classification-job/0123456789abcdef0123456789abcdef"
    return _answer({"jobArn": arn, "jobId": "0123456789abcdef0123456789abcdef"})


def _has_detector(call: Call) -> bool:
    return call.path.split("/")[2] in guardduty_backends[call.account][call.region].detectors


def _all(call: Call, state: SeededState, kind: str) -> list[dict]:
    return [item["value"] for item in state.all(kind, account=call.account, region=call.region)]


def _chosen(call: Call, state: SeededState, kind: str) -> list[str]:
    criteria = (call.parameters().get("findingCriteria") or {}).get("criterion") or {}
    found = [finding for finding in _all(call, state, kind) if all(_meets(finding, *one) for one in criteria.items())]
    return [finding["id"] for finding in found]


def _meets(finding: dict, field: str, condition: dict) -> bool:
    values = _at(finding, field.split("."))
    texts = {json.dumps(value) if isinstance(value, bool) else str(value) for value in values}
    moments = [_milliseconds(value) for value in values if isinstance(value, (str, int, float)) and not isinstance(value, bool)]
    for operator, wanted in condition.items():
        match operator:
            case "equals" | "eq":
                if len(wanted) > MOST:
                    return False
                holds = bool(texts & set(wanted))
            case "notEquals" | "neq":
                holds = not texts & set(wanted)
            case "greaterThanOrEqual" | "gte":
                holds = any(moment is not None and moment >= wanted for moment in moments)
            case "lessThan" | "lt":
                holds = any(moment is not None and moment < wanted for moment in moments)
            case _:
                raise ValueError(f"this emulator does not know the operator {operator}")
        if not holds:
            return False
    return True


def _at(value, path: list[str]) -> list:
    if isinstance(value, list):
        return [found for child in value for found in _at(child, path)]
    if not path:
        return [value]
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def _milliseconds(value):
    if isinstance(value, (int, float)):
        return value * 1000
    try:
        return datetime.datetime.fromisoformat(value).timestamp() * 1000
    except ValueError:
        return None


def _page(call: Call, ids: list[str]) -> Answer:
    parameters = call.parameters()
    size = int(parameters.get("maxResults") or MOST)
    start = int(parameters.get("nextToken") or 0)
    more = {"nextToken": str(start + size)} if start + size < len(ids) else {}
    return _answer({"findingIds": ids[start : start + size]} | more)


def _by_id(call: Call, state: SeededState, kind: str) -> Answer:
    wanted = call.parameters().get("findingIds") or []
    if not 1 <= len(wanted) <= MOST:
        return error(call, 400, "BadRequestException" if kind == "guardduty_finding" else "ValidationException", "The request is rejected because the number of finding ids is not from 1 to 50.")
    return _answer({"findings": [finding for finding in _all(call, state, kind) if finding["id"] in wanted]})


def _answer(value: dict) -> Answer:
    return Answer(200, json.dumps(value).encode(), HEADERS)
