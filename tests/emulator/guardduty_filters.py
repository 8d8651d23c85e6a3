"""GuardDuty's list of filters and its trusted lists, which moto lacks. Trusted lists are those that were put.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListFilters.html
"""

import json

from moto.guardduty.models import guardduty_backends

from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/json")]


def list_filters(call: Call, _moto, _state: SeededState) -> Answer:
    """The names of the detector's filters."""
    detector = guardduty_backends[call.account][call.region].detectors.get(call.path.split("/")[2])
    if detector is None:
        return error(call, 400, "BadRequestException", "The request is rejected because the detectorId is not owned.")
    return _answer({"filterNames": list(detector.filters)})


def list_ip_sets(call: Call, _moto, state: SeededState) -> Answer:
    """The ids of the trusted IP sets: the names that they were put under."""
    return _answer({"ipSetIds": [item["name"] for item in _lists(call, state)]})


def get_ip_set(call: Call, _moto, state: SeededState) -> Answer:
    """https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetIPSet.html"""
    name = call.path.rpartition("/")[2]
    for item in _lists(call, state):
        if item["name"] == name:
            return _answer({"name": name, **item["value"]})
    return error(call, 400, "BadRequestException", f"no IP set {name}")


def list_trusted_entity_sets(_call: Call, _moto, _state: SeededState) -> Answer:
    """None: they are like trusted IP sets."""
    return _answer({"trustedEntitySetIds": []})


def _lists(call: Call, state: SeededState) -> list[dict]:
    return state.all("trusted_ip_set", account=call.account, region=call.region)


def _answer(value: dict) -> Answer:
    return Answer(200, json.dumps(value).encode(), HEADERS)
