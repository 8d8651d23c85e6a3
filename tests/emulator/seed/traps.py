"""The organization of traps: configuration that looks right and is not; see `expected_trap.md`."""

import sys

from seed import good, policies
from seed.organization import ELSEWHERE, HOME, MANAGEMENT, REGIONS, Account, Organization

LOGS = f"org-logs-{MANAGEMENT}"
OUTSIDER = "999999999999"
# GuardDuty no longer reports findings of this type.
RETIRED = "Exfiltration:S3/ObjectRead.Unusual"
ROLES = ("good", "logging-traps", "detection-traps", "alert-traps", "prevention-traps", "closed")
PENDING = "pending@example.com"


def seed(endpoint: str) -> dict[str, str]:
    """Seeds the organization. Returns its accounts by role."""
    organization = Organization(endpoint)
    accounts = organization.add_accounts(*ROLES)
    organization.suspend(accounts["closed"])
    management = organization.management
    good.create_log_bucket(management, LOGS)
    good.create_trail(management, "org-management-events", LOGS, of_organization=True)
    good.create_account(accounts["good"], LOGS)
    logging_traps(accounts["logging-traps"])
    detection_traps(accounts["detection-traps"])
    alert_traps(accounts["alert-traps"])
    prevention_traps(accounts["prevention-traps"])
    return {"management": MANAGEMENT} | {role: account.id for role, account in accounts.items()}


def logging_traps(account: Account) -> None:
    """Trails that select too little, that do not log, or that log in another region."""
    prefix = f"trap-one-prefix-{account.id}"
    good.create_bucket(account, f"trap-write-only-{account.id}", ELSEWHERE)
    good.create_bucket(account, prefix, ELSEWHERE)
    good.create_bucket(account, f"covered-{account.id}", HOME)
    good.create_trail(account, "write-only", LOGS, good.data_events("WriteOnly"))
    good.create_trail(account, "one-prefix", LOGS, good.data_events("All", f"arn:aws:s3:::{prefix}/pii/"))
    good.create_trail(account, "stopped", LOGS, good.data_events())
    account.client("cloudtrail").stop_logging(Name="stopped")
    good.create_trail(account, "single-region", LOGS, good.data_events(), multi_region=False)


def detection_traps(account: Account) -> None:
    """A suspended detector, one without S3 Protection, a disabled rule and a rule for what no longer happens."""
    good.enable_guardduty(account, HOME, enable=False)
    good.enable_guardduty(account, ELSEWHERE, s3=False)
    topics = {region: good.create_topic(account, "soc-findings", region) for region in REGIONS}
    good.create_rule(account, "disabled", topics[HOME], HOME, state="DISABLED")
    retired = good.FINDINGS | {"detail": {"type": [RETIRED]}}
    good.create_rule(account, "retired", topics[ELSEWHERE], ELSEWHERE, pattern=retired)


def alert_traps(account: Account) -> None:
    """A filter that never matches, an alarm without actions, a topic without reader, S3 Protection in one region."""
    good.create_bucket(account, f"watched-{account.id}")
    good.create_trail(account, "data-to-logs", LOGS, good.data_events(), log_group=good.LOG_GROUP)
    # No event has two names.
    never = '{ ($.eventName = "GetObject") && ($.eventName = "PutObject") }'
    good.create_filter(account, "never-matches", never)
    good.create_filter(account, "reads")
    soc = good.create_topic(account, "soc-alarms")
    nobody = good.create_topic(account, "unconfirmed", email=PENDING)
    _leave_unconfirmed(account, nobody)
    good.create_alarm(account, "on-dead-filter", "never-matches", soc)
    good.create_alarm(account, "actions-off", "reads", soc, actions=False)
    good.create_alarm(account, "nobody", "reads", nobody)
    good.enable_guardduty(account, HOME)
    good.enable_guardduty(account, ELSEWHERE, s3=False)


def _leave_unconfirmed(account: Account, topic: str) -> None:
    """moto confirms every subscription; only the wrapper knows of unconfirmed ones."""
    if account.organization.control("put", {"kind": "pending-subscription", "endpoint": PENDING}):
        return
    subscriptions = account.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    for subscription in subscriptions:
        item = {"kind": "pending_subscription", "arn": subscription["SubscriptionArn"]}
        if not account.organization.control("put", item):
            print(f"warning: the emulator keeps the subscription of {PENDING} confirmed", file=sys.stderr)


def prevention_traps(account: Account) -> None:
    """Policies that look like a restriction, and buckets that anybody or an outsider may read."""
    organization = account.organization.id
    good.create_endpoint(account, HOME, "default-policy")
    good.create_endpoint(account, HOME, "org-id-only", policies.organization_identities_only(organization))
    paths = {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": [f"{organization}/*"]}}
    read = {"Sid": "Readers", "Effect": "Allow", "Action": "s3:GetObject"}
    _create_trap_bucket(account, "forallvalues", {**read, "Principal": "*", "Condition": paths})
    root = {"AWS": f"arn:aws:iam::{account.id}:root"}
    _create_trap_bucket(account, "notprincipal", {**read, "NotPrincipal": root})
    outsider = {"AWS": f"arn:aws:iam::{OUTSIDER}:root"}
    _create_trap_bucket(account, "shared", {**read, "Principal": outsider})
    networks = policies.outside_networks(organization, account.id)
    deny = {"Sid": "Networks", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Condition": networks}
    _create_trap_bucket(account, "getobject-only", deny, sensitive=True)
    bucket = f"trap-acl-{account.id}"
    good.create_plain_bucket(account, bucket, block=False, ownership="ObjectWriter")
    account.client("s3").put_bucket_acl(Bucket=bucket, ACL="public-read")


def _create_trap_bucket(account: Account, trap: str, statement: dict, *, sensitive: bool = False) -> None:
    """A bucket whose policy is one statement about its objects, without Block Public Access."""
    name = f"trap-{trap}-{account.id}"
    policy = policies.document({**statement, "Resource": f"arn:aws:s3:::{name}/*"})
    good.create_plain_bucket(account, name, policy=policy, block=False, sensitive=sensitive)
