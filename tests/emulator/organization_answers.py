"""Organizations and AssumeRole as AWS answers where moto is too friendly, and account ids that a test can know."""

import itertools
import json

from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.organizations import utils
from moto.organizations.models import organizations_backends

from error_format import error
from organization_trails import management_account
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/x-amz-json-1.1")]
ORGANIZATION_ID = "o-exfilguard"


def make_ids_known() -> None:
    """Makes ids the same in every run: the organization's, 111111111111 for the first account, and so on."""
    # moto draws one id more for the management account, and throws it away.
    drawn = itertools.count(0)
    utils.make_random_org_id = lambda: ORGANIZATION_ID
    utils.make_random_root_id = lambda: "r-root"

    def account_id() -> str:
        number = next(drawn)
        return str(number) * 12 if number < 10 else f"{number:012d}"

    utils.make_random_account_id = account_id
    mock_random.seed(20)


def for_managers_only(call: Call, moto, _state: SeededState) -> Answer:
    """Answers the management account, and denies the others.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html: "can be called only from the
    organization's management account or by a member account that is a delegated administrator".
    """
    management = management_account(call.account)
    if management not in (None, call.account) and call.account not in _administrators(management):
        return error(call, 400, "AccessDeniedException", "You don't have permissions to access this resource.")
    return moto(call.environ_for_moto())


def list_accounts(call: Call, moto, state: SeededState) -> Answer:
    """The accounts; moto calls the management account `master`."""
    answer = for_managers_only(call, moto, state)
    if answer.status != 200:
        return answer
    value = answer.json()
    for account in value.get("Accounts", []):
        if account["Id"] == management_account(account["Id"]):
            account["Name"] = "management"
    return answer.with_json(value)


def _administrators(management: str) -> set[str]:
    return {admin.account.id for admin in organizations_backends[management]["aws"].admins}


def list_roots(call: Call, moto, state: SeededState) -> Answer:
    """The root, with the policy types enabled of which an effective policy was seeded."""
    answer = for_managers_only(call, moto, state)
    kinds = sorted({item["policy_type"] for item in state.all("effective_policy")})
    if answer.status != 200 or not kinds:
        return answer
    value = answer.json()
    for root in value.get("Roots", []):
        root.setdefault("PolicyTypes", []).extend({"Type": kind, "Status": "ENABLED"} for kind in kinds)
    return answer.with_json(value)


def describe_effective_policy(call: Call, _moto, state: SeededState) -> Answer:
    """The seeded effective policy, which moto cannot compute."""
    parameters = call.parameters()
    target, kind = parameters.get("TargetId", call.account), parameters.get("PolicyType", "")
    item = state.last("effective_policy", account=target, policy_type=kind)
    if item is None:
        return error(call, 400, "EffectivePolicyNotFoundException", f"no effective {kind} for {target}")
    policy = {"PolicyContent": item["content"], "TargetId": target, "PolicyType": kind}
    return Answer(200, json.dumps({"EffectivePolicy": policy}).encode(), HEADERS)


def assume_role(call: Call, moto, _state: SeededState) -> Answer:
    """Denies a role that does not exist, is in a closed account, or wants another external id.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; the rest of the trust policy is not
    evaluated.
    """
    parameters = call.parameters()
    arn = parameters.get("RoleArn", "")
    account, _, name = arn.removeprefix("arn:aws:iam::").partition(":role/")
    role = _role(account, name)
    if role is None or _closed(account) or not _external_id_fits(role, parameters.get("ExternalId")):
        who = f"arn:aws:iam::{call.account}:root"
        message = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        return error(call, 403, "AccessDenied", message)
    return moto(call.environ_for_moto())


def _role(account: str, name: str):
    if account not in iam_backends:
        return None
    roles = list(iam_backends[account]["aws"].roles.values())
    return next((role for role in roles if role.name == name.rpartition("/")[2]), None)


def _closed(account: str) -> bool:
    management = management_account(account)
    if management is None:
        return False
    accounts = organizations_backends[management]["aws"].accounts
    return any(known.id == account and known.status != "ACTIVE" for known in accounts)


def _external_id_fits(role, given: str | None) -> bool:
    document = role.assume_role_policy_document
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        wanted = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId")
        if wanted is not None and given not in ([wanted] if isinstance(wanted, str) else wanted):
            return False
    return True
