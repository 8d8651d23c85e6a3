"""The organization of the README: four teams, some of them careful."""

import sound_configuration as sound
from organization_sessions import MANAGEMENT, REGIONS, Account, Organization

HOME, ELSEWHERE = REGIONS
LOGS = f"acme-cloudtrail-{MANAGEMENT}"
PARTNER = "999988887777"


def seed(endpoint: str) -> dict:
    """Seeds the organization. Returns its accounts by name."""
    organization = Organization(endpoint)
    names = ("payments-prod", "analytics", "sandbox", "security-tooling", "legacy-import")
    accounts = {name: organization.account(name) for name in names}
    organization.close(accounts["legacy-import"])
    organization.unit("Production", accounts["payments-prod"], accounts["analytics"])
    organization.unit("Security", accounts["security-tooling"])
    management = organization.management
    sound.create_bucket(management, LOGS, policy=sound.log_bucket_policy(management, LOGS))
    sound.create_trail(management, "acme-organization", LOGS, IsOrganizationTrail=True)
    administrator = accounts["security-tooling"]
    for region in REGIONS:
        sound.enable_guardduty(management, region)
    security_tooling(administrator)
    payments_prod(accounts["payments-prod"])
    analytics(accounts["analytics"])
    sandbox(accounts["sandbox"])
    members = [management, accounts["payments-prod"], accounts["analytics"], accounts["sandbox"]]
    sound.administer_guardduty(management, administrator, HOME, members)
    # Nobody took the sandbox in there.
    sound.administer_guardduty(management, administrator, ELSEWHERE, members[:-1], s3="NEW")
    return {
        "organization": organization.id,
        "regions": list(REGIONS),
        "accounts": {"management": MANAGEMENT} | {name: account.id for name, account in accounts.items()},
    }


def payments_prod(account: Account) -> None:
    """Everything is right, but the monthly statements have no network perimeter."""
    sound.block_public_access(account)
    for name, region in (("acme-payments-ledger", ELSEWHERE), ("acme-payments-card-tokens", HOME)):
        sound.create_bucket(account, name, region, sensitive=True, policy=sound.bucket_policy(account, name))
    name = "acme-payments-statements"
    policy = sound.bucket_policy(account, name)
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] != "NetworkPerimeter"]
    sound.create_bucket(account, name, HOME, sensitive=True, policy=policy)
    sound.create_trail(account, "payments-objects", LOGS, log_group="cloudtrail", EventSelectors=sound.data_events())
    sound.create_filter(account, "cloudtrail", "object-reads")
    topic, _ = sound.create_topic(account, "payments-oncall")
    sound.create_alarm(account, "bulk-download", "object-reads", topic)
    tampering = sound.calls_counted(*sound.BUCKET_CALLS, *sound.TRAIL_CALLS, "DeleteDetector")
    sound.create_filter(account, "cloudtrail", "tampering", tampering)
    sound.create_alarm(account, "tampering", "tampering", topic, threshold=0)
    for region in REGIONS:
        sound.enable_guardduty(account, region)
        sound.enable_macie(account, region)
        sound.create_endpoint(account, "s3", sound.endpoint_policy(account, region), region)
    sound.create_network(account, endpoint="subnet")


def analytics(account: Account) -> None:
    """Only writes are logged, an alarm that is off, a bucket opened by a missing key and one shared with a partner."""
    paths = {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": [f"{account.organization_id}/*"]}}
    read = {"Effect": "Allow", "Action": "s3:GetObject"}
    share = {"Sid": "OrganizationReads", **read, "Principal": "*", "Condition": paths}
    _bucket(account, "acme-analytics-reports", share, block=False)
    partner = {"Sid": "Partner", **read, "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:root"}}
    _bucket(account, "acme-analytics-exports", partner, sensitive=True)
    sound.create_bucket(account, "acme-analytics-events", ELSEWHERE)
    selected = sound.data_events("WriteOnly")
    sound.create_trail(account, "analytics-writes", LOGS, log_group="cloudtrail", EventSelectors=selected)
    sound.create_filter(account, "cloudtrail", "object-reads")
    topic, _ = sound.create_topic(account, "analytics-alerts")
    sound.create_alarm(account, "bulk-download", "object-reads", topic, actions_enabled=False)
    sound.enable_guardduty(account, HOME)
    sound.enable_guardduty(account, ELSEWHERE, s3=False)
    sound.create_endpoint(account, "s3", None)


def sandbox(account: Account) -> None:
    """Nobody looked after it."""
    sound.create_bucket(account, "acme-sandbox-scratch", block=False)
    detector = sound.enable_guardduty(account, HOME)
    account.client("guardduty").update_detector(DetectorId=detector, Enable=False)
    sound.create_endpoint(account, "s3", None)
    sound.create_network(account)


def security_tooling(account: Account) -> None:
    """GuardDuty's administrator: it tells the SOC of every account's findings, but in one region by an old rule."""
    sound.block_public_access(account)
    name = "acme-security-findings"
    sound.create_bucket(account, name, policy=sound.bucket_policy(account, name))
    for region in REGIONS:
        sound.enable_guardduty(account, region)
        topic, _ = sound.create_topic(account, "soc", region)
        old = {"detail": {"type": ["Exfiltration:S3/ObjectRead.Unusual"]}} if region == ELSEWHERE else {}
        sound.create_rule(account, "guardduty-to-soc", topic, region, pattern=sound.FINDINGS | old)


def _bucket(account: Account, name: str, statement: dict, *, block: bool = True, sensitive: bool = False) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{name}/*"}]}
    sound.create_bucket(account, name, block=block, sensitive=sensitive, policy=policy)
