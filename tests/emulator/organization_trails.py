"""Trails as AWS answers for them where moto does not: organization trails in member accounts, default selectors,
delivery errors.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html
"""

import json

from moto.cloudtrail.models import cloudtrail_backends
from moto.organizations.models import organizations_backends

from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html: a trail without selectors
# of its own logs all management events and no data events.
DEFAULT_SELECTORS = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]
HEADERS = [("Content-Type", "application/x-amz-json-1.1")]


def describe_trails(call: Call, moto, _state: SeededState) -> Answer:
    """moto's trails and, in a member account, the organization's."""
    answer = moto(call.environ_for_moto())
    if answer.status != 200:
        return answer
    trails = answer.json().get("trailList", [])
    parameters = call.parameters()
    wanted = parameters.get("trailNameList") or []
    shadows = parameters.get("includeShadowTrails", True)
    for trail in organization_trails(call.account):
        described = trail.description(include_region=True)
        home = described.get("HomeRegion") == call.region
        if not (home or (shadows and trail.is_multi_region)):
            continue
        if not wanted or trail.trail_name in wanted or trail.arn in wanted:
            trails.append(described)
    if wanted:
        # moto ignores the list of names.
        trails = [trail for trail in trails if trail["Name"] in wanted or trail["TrailARN"] in wanted]
    return answer.with_json({"trailList": trails})


def get_trail_status(call: Call, moto, state: SeededState) -> Answer:
    """The status, with the seeded delivery errors. A member account may ask for an organization trail's by its ARN.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """
    name = call.parameters().get("Name", "")
    trail = _organization_trail(call, name)
    if trail is None:
        answer = moto(call.environ_for_moto())
    else:
        answer = Answer(200, json.dumps(trail.status.description()).encode(), HEADERS)
    if answer.status == 200:
        value = answer.json()
        trail = trail or _own_trail(call, name)
        if value.get("IsLogging") and trail is not None and trail.cw_log_group_arn:
            # moto knows nothing of the delivery to a log group.
            value["LatestCloudWatchLogsDeliveryTime"] = value["LatestDeliveryTime"]
        answer = answer.with_json(value)
    arn = name if name.startswith("arn:") else f"arn:aws:cloudtrail:{call.region}:{call.account}:trail/{name}"
    seeded = state.last("trail_status", arn=arn)
    if seeded and answer.status == 200:
        answer = answer.with_json(answer.json() | seeded["value"])
    return answer


def get_event_selectors(call: Call, moto, _state: SeededState) -> Answer:
    """The selectors; the default one if none was set. A member account does not see an organization trail's."""
    name = call.parameters().get("TrailName", "")
    if _organization_trail(call, name) is not None:
        return error(call, 400, "TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")
    answer = moto(call.environ_for_moto())
    if answer.status != 200:
        return answer
    value = answer.json()
    if not value.get("EventSelectors") and not value.get("AdvancedEventSelectors"):
        value["EventSelectors"] = DEFAULT_SELECTORS
    return answer.with_json({name: child for name, child in value.items() if child})


def organization_trails(member: str) -> list:
    """The organization trails that a member account shows; none for the management account, which has them anyway."""
    management = management_account(member)
    if management in (None, member):
        return []
    regions = cloudtrail_backends[management].values()
    return [trail for region in list(regions) for trail in list(region.trails.values()) if trail.is_org_trail]


def management_account(member: str) -> str | None:
    """The management account of the organization of an account, if it is in one."""
    for account in list(organizations_backends):
        backend = organizations_backends[account]["aws"]
        if backend.org and any(known.id == member for known in backend.accounts):
            return backend.org.master_account_id
    return None


def _own_trail(call: Call, name: str):
    regions = list(cloudtrail_backends[call.account].values())
    trails = [trail for region in regions for trail in list(region.trails.values())]
    here = [trail for trail in trails if trail.trail_name == name and trail.region_name == call.region]
    return next((trail for trail in trails if trail.arn == name), here[0] if here else None)


def _organization_trail(call: Call, name: str):
    # A short name means a trail of the account and region that is asked.
    return next((trail for trail in organization_trails(call.account) if name == trail.arn), None)
