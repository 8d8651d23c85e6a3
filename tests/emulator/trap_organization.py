"""The organization of traps: configuration that looks right and is not; see `expected_trap.md`."""

import datetime
import json

import sound_configuration as sound
from organization_sessions import MANAGEMENT, REGIONS, Account, Organization

HOME, ELSEWHERE = REGIONS
LOGS = f"organization-logs-{MANAGEMENT}"
STRANGER = "999999999999"
RETIRED = "Exfiltration:S3/ObjectRead.Unusual"
ROLES = ("good", "selectors", "stopped", "single-region", "closed", "quiet-filter", "quiet-alarm", "perimeter")


def seed(endpoint: str) -> dict:
    """Seeds the organization. Returns its accounts by role and the ids that are not names."""
    organization = Organization(endpoint)
    accounts = {role: organization.account(role) for role in ROLES}
    organization.close(accounts["closed"])
    organization.unit("workloads", *(accounts[role] for role in ROLES[:4]))
    management = organization.management
    sound.create_bucket(management, LOGS, policy=sound.log_bucket_policy(management, LOGS), kept=True)
    # No selectors of its own: management events only. Data events here would credit every account.
    sound.create_trail(management, "organization", LOGS, IsOrganizationTrail=True)
    endpoints = {"good": good(accounts["good"])}
    vpcs = {"good": sound.create_network(accounts["good"], endpoint="subnet")["vpc"]}
    selectors(accounts["selectors"], organization)
    stopped(accounts["stopped"], organization)
    single_region(accounts["single-region"])
    quiet_filter(accounts["quiet-filter"])
    quiet_alarm(accounts["quiet-alarm"], organization)
    endpoints |= perimeter(accounts["perimeter"])
    vpcs |= networks(accounts["perimeter"])
    classification(accounts, organization)
    administration(management, accounts)
    return {
        "organization": organization.id,
        "regions": list(REGIONS),
        "accounts": {"management": MANAGEMENT} | {role: account.id for role, account in accounts.items()},
        "endpoints": endpoints,
        "vpcs": vpcs,
    }


def good(account: Account) -> str:
    """Nothing to complain of. Returns the id of its endpoint."""
    sound.block_public_access(account)
    for region in REGIONS:
        name = f"good-{region}-{account.id}"
        policy = sound.bucket_policy(account, name)
        key = sound.create_key(account, region)
        sound.create_bucket(account, name, region, sensitive=True, policy=policy, kept=True, key=key)
        guarded(account, region)
        sound.enable_macie(account, region)
    # What is not sensitive needs no network perimeter.
    plain = f"plain-{account.id}"
    policy = sound.bucket_policy(account, plain)
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] != "NetworkPerimeter"]
    sound.create_bucket(account, plain, HOME, policy=policy, kept=True)
    reader = f"arn:aws:iam::{account.id}:role/reports"
    sound.create_access_point(account, "reports", f"good-{HOME}-{account.id}", reader)
    everything = {"EventSelectors": sound.data_events(), "KmsKeyId": sound.create_key(account)}
    sound.create_trail(account, "all-data-events", LOGS, log_group="trail", **everything)
    sound.create_filter(account, "trail", "object-reads")
    topic, _ = sound.create_topic(account, "soc-alarms")
    sound.create_alarm(account, "bulk-download", "object-reads", topic)
    # Of calls on trails an alarm tells, of the others rules.
    sound.create_filter(account, "trail", "trail-calls", sound.calls_counted(*sound.TRAIL_CALLS))
    sound.create_alarm(account, "trail-calls", "trail-calls", topic, threshold=0)
    for region in REGIONS:
        calls, _ = sound.create_topic(account, "tampering", region)
        pattern = sound.calls_matched(*sound.BUCKET_CALLS, "DeleteDetector")
        sound.create_rule(account, "tampering", calls, region, pattern=pattern)
    return sound.create_endpoint(account, "good", sound.endpoint_policy(account, HOME))


def administration(management: Account, accounts: dict[str, Account]) -> None:
    """GuardDuty's administrator: one member is paused, one was left out, and elsewhere only new accounts get S3 Protection."""
    members = [account for role, account in accounts.items() if role not in ("closed", "perimeter")]
    for region, s3 in ((HOME, "ALL"), (ELSEWHERE, "NEW")):
        sound.enable_guardduty(management, region)
        detector = sound.administer_guardduty(management, management, region, members, s3=s3)
        if region == HOME:
            paused = [accounts["stopped"].id]
            management.client("guardduty", region).stop_monitoring_members(DetectorId=detector, AccountIds=paused)


def guarded(account: Account, region: str, *, s3: bool = True, frequency: str = "FIFTEEN_MINUTES") -> str:
    """GuardDuty, with S3 Protection unless `s3` is false, and a rule that tells the SOC. Returns the detector's id."""
    detector = sound.enable_guardduty(account, region, s3=s3, frequency=frequency)
    topic, _ = sound.create_topic(account, "guardduty-findings", region)
    sound.create_rule(account, "guardduty-findings", topic, region)
    return detector


def selectors(account: Account, organization: Organization) -> None:
    """Trails that log writes only, and one prefix only; a topic whose subscription nobody confirmed."""
    sound.create_bucket(account, f"trap-write-only-{account.id}")
    sound.create_trail(account, "write-only", LOGS, EventSelectors=sound.data_events("WriteOnly"))
    bucket = sound.create_bucket(account, f"trap-one-prefix-{account.id}")
    prefix = f"arn:aws:s3:::{bucket}/incoming/"
    sound.create_trail(account, "one-prefix", LOGS, EventSelectors=sound.data_events("All", (prefix,)))
    sound.enable_guardduty(account, HOME)
    topic, subscription = sound.create_topic(account, "unconfirmed")
    sound.create_rule(account, "unconfirmed", topic, HOME)
    organization.put({"kind": "pending_subscription", "arn": subscription})
    guarded(account, ELSEWHERE)


def stopped(account: Account, organization: Organization) -> None:
    """Trails that select everything, of which one was stopped and one cannot deliver; a suspended detector."""
    sound.create_bucket(account, f"trap-stopped-{account.id}")
    sound.create_trail(account, "stopped", LOGS, EventSelectors=sound.data_events())
    account.client("cloudtrail").stop_logging(Name="stopped")
    arn = sound.create_trail(account, "undeliverable", LOGS, EventSelectors=sound.data_events())
    # CloudTrail answers with S3's error code:
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    organization.put({"kind": "trail_status", "arn": arn, "value": {"LatestDeliveryError": "AccessDenied"}})
    account.client("guardduty").update_detector(DetectorId=guarded(account, HOME), Enable=False)
    elsewhere = guarded(account, ELSEWHERE, frequency="SIX_HOURS")
    by_type = {"type": {"Equals": ["Exfiltration:S3/AnomalousBehavior"]}}
    account.client("guardduty", ELSEWHERE).create_filter(
        DetectorId=elsewhere, Name="too-noisy", Action="ARCHIVE", FindingCriteria={"Criterion": by_type}
    )


def single_region(account: Account) -> None:
    """A trail of one region with a bucket in another; S3 Protection in one region only."""
    sound.create_bucket(account, f"covered-{account.id}", HOME)
    # A log bucket that forgets within a day, and lets any account's trail write.
    forgetful = sound.create_bucket(account, f"trap-forgetful-{account.id}")
    write = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject"}
    statement = {"Sid": "AnyTrail", **write, "Resource": f"arn:aws:s3:::{forgetful}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.client("s3").put_bucket_policy(Bucket=forgetful, Policy=policy)
    rule = {"ID": "forget", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=forgetful, LifecycleConfiguration={"Rules": [rule]}
    )
    sound.create_trail(account, "forgetful", forgetful)
    shared = sound.create_key(account, outsider=STRANGER)
    sound.create_bucket(account, f"trap-shared-key-{account.id}", sensitive=True, key=shared)
    sound.create_bucket(account, f"trap-single-region-{account.id}", ELSEWHERE)
    selected = sound.data_events()
    bare = {"IsMultiRegionTrail": False, "EnableLogFileValidation": False}
    sound.create_trail(account, "single-region", LOGS, EventSelectors=selected, **bare)
    guarded(account, HOME)
    guarded(account, ELSEWHERE, s3=False)


def quiet_filter(account: Account) -> None:
    """All reads are logged, but the metric filter can never match; a rule that is disabled."""
    sound.create_bucket(account, f"trap-never-matches-{account.id}")
    sound.create_trail(account, "all-data-events", LOGS, log_group="trail", EventSelectors=sound.data_events())
    # No event has two names.
    never = '{ ($.eventName = "GetObject") && ($.eventName = "HeadObject") }'
    sound.create_filter(account, "trail", "never-matches", never)
    topic, _ = sound.create_topic(account, "soc-alarms")
    sound.create_alarm(account, "never-matches", "never-matches", topic)
    detector = sound.enable_guardduty(account, HOME)
    one_bucket = {"resource.s3BucketDetails.name": {"Equals": ["crown-jewels"]}}
    account.client("guardduty").create_filter(
        DetectorId=detector, Name="one-bucket", Action="ARCHIVE", FindingCriteria={"Criterion": one_bucket}
    )
    sound.create_rule(account, "disabled", topic, HOME, state="DISABLED")
    critical = sound.FINDINGS | {"detail": {"severity": [{"numeric": [">=", 8.5]}]}}
    sound.create_rule(account, "critical-only", topic, HOME, pattern=critical)
    sound.create_rule(account, "no-target", None, HOME)
    calls(account, topic)
    guarded(account, ELSEWHERE)


def calls(account: Account, topic: str) -> None:
    """Rules on one call each, whose targets take its events or do not."""
    for name, permitted in (("function-refuses", None), ("function-invoked", "function-invoked")):
        function = sound.create_function(account, name, HOME, rule=permitted)
        sound.create_rule(account, name, function, HOME, pattern=sound.calls_matched("PutBucketReplication"))
    for name, permitted in (("queue-refuses", None), ("queue-fed", "queue-fed")):
        queue = sound.create_queue(account, name, HOME, rule=permitted)
        sound.create_rule(account, name, queue, HOME, pattern=sound.calls_matched("PutBucketReplication"))
    sound.create_rule(account, "trails-stopped", topic, HOME, pattern=sound.calls_matched("StopLogging", "DeleteTrail"))


def quiet_alarm(account: Account, organization: Organization) -> None:
    """All reads are counted, but the alarm's actions are off; a rule for finding types that GuardDuty retired."""
    sound.create_bucket(account, f"trap-actions-disabled-{account.id}")
    sound.create_trail(account, "all-data-events", LOGS, log_group="trail", EventSelectors=sound.data_events())
    sound.create_filter(account, "trail", "object-reads")
    topic, _ = sound.create_topic(account, "soc-alarms")
    sound.create_alarm(account, "actions-disabled", "object-reads", topic, actions_enabled=False)
    sound.enable_guardduty(account, HOME)
    retired = sound.FINDINGS | {"detail": {"type": [RETIRED]}}
    sound.create_rule(account, "retired-types", topic, HOME, pattern=retired)
    guarded(account, ELSEWHERE)
    watched_policies(account, topic, organization)


def watched_policies(account: Account, topic: str, organization: Organization) -> None:
    """Alarms on one call: muted, raised for years, asking for ten, and without actions below a composite alarm that acts."""
    sound.create_filter(account, "trail", "policies", sound.calls_counted("PutBucketPolicy"))
    sound.create_filter(account, "trail", "trail-calls", sound.calls_counted(*sound.TRAIL_CALLS))
    for name in ("muted", "stuck"):
        sound.create_alarm(account, name, "policies", topic, threshold=0)
    sound.create_alarm(account, "child", "policies", None, threshold=0)
    sound.create_alarm(account, "ten-trail-calls", "trail-calls", topic, threshold=9)
    here = {"account": account.id, "region": HOME}
    mute = {
        "Status": "ACTIVE",
        "MuteTargets": {"AlarmNames": ["muted"]},
        "Rule": {"Schedule": {"Expression": "cron(0 0 * * *)", "Duration": "PT4H"}},
    }
    raised = {"StateValue": "ALARM", "StateTransitionedTimestamp": "2024-01-15T03:12:44Z"}
    parent = {"AlarmRule": "ALARM(child) OR ALARM(other)", "AlarmActions": [topic]}
    organization.put(
        {"kind": "alarm_mute_rule", **here, "name": "maintenance", "value": mute},
        {"kind": "alarm_state", **here, "name": "stuck", "value": raised},
        {"kind": "composite_alarm", **here, "name": "parent", "value": parent},
    )


def perimeter(account: Account) -> dict[str, str]:
    """Policies that look like a restriction. Only the organization's trail, which has no data events, logs here."""
    units = f"{account.organization_id}/*"
    allow = {"Sid": "OrganizationReads", "Effect": "Allow", "Action": "s3:GetObject"}
    paths = {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": [units]}}
    create_trap_bucket(account, "org-paths", {**allow, "Principal": "*", "Condition": paths})
    endpoint = {"ForAllValues:StringEquals": {"aws:SourceVpce": ["vpce-0123456789abcdef0"]}}
    create_trap_bucket(account, "source-vpce", {**allow, "Principal": "*", "Condition": endpoint})
    everybody_else = {"AWS": f"arn:aws:iam::{account.id}:root"}
    create_trap_bucket(account, "not-principal", {**allow, "NotPrincipal": everybody_else})
    network = {
        "NotIpAddressIfExists": {"aws:SourceIp": [sound.OFFICE]},
        "StringNotEqualsIfExists": {"aws:VpceOrgID": account.organization_id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
    }
    deny = {"Sid": "NetworkPerimeter", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    create_trap_bucket(account, "get-object-only", {**deny, "Condition": network}, block=True, sensitive=True)
    deliver = {"Sid": "Deliver", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    create_trap_bucket(account, "any-trail", {**deliver, "Action": "s3:PutObject"}, block=True)
    office = {"NotIpAddress": {"aws:SourceIp": [sound.OFFICE]}}
    create_trap_bucket(account, "office-only", {**deny, "Condition": office}, block=True)
    sound.create_bucket(account, f"trap-object-writer-{account.id}", ownership="ObjectWriter")
    exports(account)
    access_points(account)
    only_who = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": account.organization_id}},
            }
        ],
    }
    return {
        "default-policy": sound.create_endpoint(account, "default-policy", None),
        "org-id-only": sound.create_endpoint(account, "org-id-only", only_who),
    }


def networks(account: Account) -> dict[str, str]:
    """Instances that reach S3 past the endpoints, or not at all."""
    return {
        "no-endpoint": sound.create_network(account)["vpc"],
        "other-table": sound.create_network(account, endpoint="main")["vpc"],
        "closed": sound.create_network(account, gateway=False)["vpc"],
    }


def classification(accounts: dict[str, Account], organization: Organization) -> None:
    """Sensitive buckets that Macie looked into lately, long ago, and not any more. `perimeter` has no Macie at all."""
    account = accounts["single-region"]
    sound.enable_macie(account, HOME, discovery=False)
    lately = sound.create_bucket(account, f"classified-{account.id}", sensitive=True)
    old = sound.create_bucket(account, f"trap-classified-once-{account.id}", sensitive=True)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    here = {"kind": "macie_bucket", "account": account.id, "region": HOME}
    for name, time in ((lately, now), (old, "2024-01-15T03:12:44+00:00")):
        job = {"isDefinedInJob": "TRUE", "isMonitoredByJob": "FALSE", "lastJobId": "j1", "lastJobRunTime": time}
        organization.put({**here, "name": name, "value": {"jobDetails": job}})
    account = accounts["stopped"]
    sound.enable_macie(account, ELSEWHERE, paused=True)
    sound.create_bucket(account, f"trap-paused-{account.id}", ELSEWHERE, sensitive=True)


def access_points(account: Account) -> None:
    """A bucket that leaves it to its access points who may: one for a stranger, and one for the organization."""
    name = f"trap-delegated-{account.id}"
    own = {"StringEquals": {"s3:DataAccessPointAccount": account.id}}
    delegate = {
        "Sid": "AccessPointsDecide",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": own,
    }
    sound.create_bucket(account, name, policy={"Version": "2012-10-17", "Statement": [delegate]})
    sound.create_access_point(account, "trap-reports", name, f"arn:aws:iam::{STRANGER}:root")
    sound.create_access_point(account, "own-reports", name, f"arn:aws:iam::{account.id}:role/reports")
    control = account.client("s3control", "us-west-2")
    details = {"Name": "trap-everywhere", "Regions": [{"Bucket": name}]}
    control.create_multi_region_access_point(AccountId=account.id, ClientToken="trap", Details=details)
    alias = control.get_multi_region_access_point(AccountId=account.id, Name="trap-everywhere")["AccessPoint"]["Alias"]
    read = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3::{account.id}:accesspoint/{alias}/object/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    control.put_multi_region_access_point_policy(
        AccountId=account.id, ClientToken="policy", Details={"Name": "trap-everywhere", "Policy": policy}
    )
    # The bucket does not go along, so the stranger is not let in.
    closed = sound.create_bucket(account, f"closed-{account.id}")
    sound.create_access_point(account, "refused-reports", closed, f"arn:aws:iam::{STRANGER}:root")


def exports(account: Account) -> None:
    """Buckets that send their objects, or news of them, to a stranger; and one that keeps all of it."""
    s3 = account.client("s3")
    kept = sound.create_bucket(account, f"kept-{account.id}")
    sound.replicate(account, sound.create_bucket(account, f"copies-{account.id}"), kept, account.id)
    # A rule that is switched off sends nothing.
    off = sound.create_bucket(account, f"switched-off-{account.id}")
    sound.replicate(account, off, "strangers-copies", STRANGER, status="Disabled")
    sound.replicate(account, sound.create_bucket(account, f"trap-copies-{account.id}"), "strangers-copies", STRANGER)
    listed = sound.create_bucket(account, f"trap-listed-{account.id}")
    to = {"Bucket": "arn:aws:s3:::strangers-lists", "AccountId": STRANGER, "Format": "CSV"}
    s3.put_bucket_inventory_configuration(
        Bucket=listed,
        Id="all",
        InventoryConfiguration={
            "Id": "all",
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": to},
        },
    )
    logged = sound.create_bucket(account, f"trap-logged-{account.id}")
    gone = f"gone-{account.id}"
    deliver = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{gone}/*",
    }
    sound.create_bucket(account, gone, policy={"Version": "2012-10-17", "Statement": [deliver]})
    logging = {"TargetBucket": gone, "TargetPrefix": "logs/"}
    s3.put_bucket_logging(Bucket=logged, BucketLoggingStatus={"LoggingEnabled": logging})
    s3.delete_bucket(Bucket=gone)
    told = sound.create_bucket(account, f"trap-told-{account.id}")
    queue = {"QueueArn": f"arn:aws:sqs:{HOME}:{STRANGER}:events", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=told, NotificationConfiguration={"QueueConfigurations": [queue]}, SkipDestinationValidation=True
    )


def create_trap_bucket(account: Account, trap: str, statement: dict, *, block=False, sensitive=False) -> None:
    """A bucket whose policy is one statement about its objects."""
    name = f"trap-{trap}-{account.id}"
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{name}/*"}]}
    sound.create_bucket(account, name, block=block, sensitive=sensitive, policy=policy)
