"""The organization of the README: careful and careless teams of one company."""

from seed import good, policies
from seed.organization import ELSEWHERE, HOME, MANAGEMENT, REGIONS, Account, Organization

LOGS = f"acme-cloudtrail-{MANAGEMENT}"
PARTNER = "999999999999"
NAMES = ("payments-prod", "analytics", "sandbox", "security-tooling")


def seed(endpoint: str) -> dict[str, str]:
    """Seeds the organization. Returns its accounts by name."""
    organization = Organization(endpoint)
    accounts = organization.add_accounts(*NAMES)
    management = organization.management
    good.create_log_bucket(management, LOGS)
    good.create_bucket(management, "acme-billing-reports", ELSEWHERE, sensitive=True)
    good.create_plain_bucket(management, "acme-cloudformation-templates")
    good.create_trail(management, "acme-organization", LOGS, of_organization=True)
    payments_prod(accounts["payments-prod"])
    analytics(accounts["analytics"])
    sandbox(accounts["sandbox"])
    security_tooling(accounts["security-tooling"])
    return {"management": MANAGEMENT} | {name: account.id for name, account in accounts.items()}


def payments_prod(account: Account) -> None:
    """Everything is right, but that the monthly statements may be read from any network."""
    good.create_bucket(account, "acme-payments-ledger", ELSEWHERE, sensitive=True)
    good.create_bucket(account, "acme-payments-card-tokens", HOME, sensitive=True)
    name = "acme-payments-statements"
    policy = policies.bucket(name, account.organization.id, account.id)
    policy = policies.without(policy, "NetworkPerimeter")
    good.create_plain_bucket(account, name, ELSEWHERE, policy=policy, sensitive=True)
    good.watch_reads(account, LOGS)
    for region in REGIONS:
        good.watch_findings(account, region)
        good.create_endpoint(account, region, "s3", good.restrictive_endpoint(account, region))


def analytics(account: Account) -> None:
    """Logs writes only, opens a bucket by a missing key, shares one with a partner, and its alarm's actions are off."""
    organization = account.organization.id
    read = {"Sid": "Readers", "Effect": "Allow", "Action": "s3:GetObject"}
    paths = {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": [f"{organization}/*"]}}
    _create_shared_bucket(account, "acme-analytics-reports", {**read, "Principal": "*", "Condition": paths})
    partner = {"AWS": f"arn:aws:iam::{PARTNER}:root"}
    _create_shared_bucket(account, "acme-analytics-exports", {**read, "Principal": partner}, sensitive=True)
    good.create_bucket(account, "acme-analytics-events", ELSEWHERE)
    good.create_trail(
        account, "analytics-writes", LOGS, good.data_events("WriteOnly"), log_group=good.LOG_GROUP
    )
    good.create_filter(account, "object-reads")
    topic = good.create_topic(account, "analytics-oncall", email="analytics@example.com")
    good.create_alarm(account, "bulk-download", "object-reads", topic, actions=False)
    good.watch_findings(account, HOME)
    good.enable_guardduty(account, ELSEWHERE, s3=False)
    good.create_endpoint(account, HOME, "s3", policies.organization_identities_only(organization))
    good.create_endpoint(account, ELSEWHERE, "s3", good.restrictive_endpoint(account, ELSEWHERE))


def _create_shared_bucket(account: Account, name: str, statement: dict, *, sensitive: bool = False) -> None:
    tls = policies.bucket(name, account.organization.id, account.id)["Statement"][0]
    policy = policies.document(tls, {**statement, "Resource": f"arn:aws:s3:::{name}/*"})
    good.create_plain_bucket(account, name, policy=policy, block=False, sensitive=sensitive)


def sandbox(account: Account) -> None:
    """Nobody looked after it: a suspended detector, a stopped trail, open buckets, a default endpoint."""
    good.create_plain_bucket(account, "acme-sandbox-scratch", block=False)
    good.create_plain_bucket(account, "acme-sandbox-demo-site", block=False, ownership="ObjectWriter")
    account.client("s3").put_bucket_acl(Bucket="acme-sandbox-demo-site", ACL="public-read")
    good.create_plain_bucket(account, "acme-sandbox-model-weights", ELSEWHERE)
    good.create_trail(account, "sandbox-trial", LOGS, good.data_events())
    account.client("cloudtrail").stop_logging(Name="sandbox-trial")
    good.enable_guardduty(account, HOME, enable=False)
    good.create_endpoint(account, HOME, "s3")


def security_tooling(account: Account) -> None:
    """Sound in one region; in the other a rule that waits for a type of finding that GuardDuty retired."""
    good.create_bucket(account, "acme-security-findings", HOME, sensitive=True)
    good.create_bucket(account, "acme-security-forensics", ELSEWHERE, sensitive=True)
    good.create_bucket(account, "acme-security-runbooks", ELSEWHERE)
    good.watch_reads(account, LOGS)
    good.watch_findings(account, ELSEWHERE)
    good.enable_guardduty(account, HOME)
    retired = good.FINDINGS | {"detail": {"type": ["Exfiltration:S3/ObjectRead.Unusual"]}}
    good.create_rule(account, "s3-findings", good.create_topic(account, "soc-findings"), HOME, pattern=retired)
    good.create_endpoint(account, HOME, "s3", good.restrictive_endpoint(account, HOME))
