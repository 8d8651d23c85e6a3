"""Macie as AWS answers: off until it is enabled, and what it says of buckets, which moto lacks.

https://docs.aws.amazon.com/macie/latest/APIReference/macie.html
https://docs.aws.amazon.com/macie/latest/APIReference/datasources-s3.html
https://docs.aws.amazon.com/macie/latest/APIReference/automated-discovery-configuration.html
"""

import json

from moto.core.utils import utcnow
from moto.macie2.models import macie2_backends
from moto.s3.models import s3_backends

from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/json")]
NOWHERE = {"isDefinedInJob": "FALSE", "isMonitoredByJob": "FALSE"}


def enable(call: Call, moto, _state: SeededState) -> Answer:
    """Enables Macie; moto says that it always was."""
    answer = moto(call.environ_for_moto())
    _backend(call).exfilguard_enabled = answer.status == 200
    return answer


def disable(call: Call, _moto, _state: SeededState) -> Answer:
    """Disables it and forgets what it was told."""
    backend = _backend(call)
    backend.exfilguard_enabled = backend.exfilguard_discovery = False
    return _answer({})


def get_session(call: Call, moto, _state: SeededState) -> Answer:
    """The session, with the time zone that moto leaves out; without a session nobody is there to answer."""
    if not is_enabled(call):
        return _not_enabled(call)
    answer = moto(call.environ_for_moto())
    value = answer.json()
    return answer.with_json(value | {name: f"{value[name]}Z" for name in ("createdAt", "updatedAt")})


def update_session(call: Call, _moto, _state: SeededState) -> Answer:
    """Pauses or resumes."""
    if not is_enabled(call):
        return _not_enabled(call)
    changed = {name: call.parameters()[name] for name in ("status", "findingPublishingFrequency") if name in call.parameters()}
    _backend(call).macie_session |= changed | {"updatedAt": utcnow()}
    return _answer({})


def update_discovery(call: Call, _moto, _state: SeededState) -> Answer:
    """Switches automated discovery of sensitive data on or off."""
    if not is_enabled(call):
        return _not_enabled(call)
    _backend(call).exfilguard_discovery = call.parameters().get("status") == "ENABLED"
    return _answer({})


def describe_buckets(call: Call, _moto, state: SeededState) -> Answer:
    """A page of the region's buckets with what automated discovery does with them, and what was put."""
    if not is_enabled(call):
        return _not_enabled(call)
    parameters = call.parameters()
    buckets = s3_backends[call.account]["aws"].buckets
    names = sorted(name for name in list(buckets) if buckets[name].region_name == call.region)
    start = int(parameters.get("nextToken") or 0)
    end = start + int(parameters.get("maxResults") or 50)
    page = {"buckets": [_bucket(call, state, buckets[name]) for name in names[start:end]]}
    return _answer(page | ({"nextToken": str(end)} if end < len(names) else {}))


def _bucket(call: Call, state: SeededState, bucket) -> dict:
    monitored = getattr(_backend(call), "exfilguard_discovery", False)
    described = {
        "accountId": call.account,
        "automatedDiscoveryMonitoringStatus": "MONITORED" if monitored else "NOT_MONITORED",
        "bucketArn": f"arn:aws:s3:::{bucket.name}",
        "bucketName": bucket.name,
        "jobDetails": NOWHERE,
        "region": bucket.region_name,
    }
    item = state.last("macie_bucket", account=call.account, region=call.region, name=bucket.name)
    return described | (item["value"] if item else {})


def _backend(call: Call):
    return macie2_backends[call.account][call.region]


def is_enabled(call: Call) -> bool:
    """Whether somebody enabled Macie there."""
    return getattr(_backend(call), "exfilguard_enabled", False)


def _not_enabled(call: Call) -> Answer:
    return error(call, 403, "AccessDeniedException", "Macie is not enabled.")


def _answer(value: dict) -> Answer:
    return Answer(200, json.dumps(value).encode(), HEADERS)
