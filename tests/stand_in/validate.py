"""Calls every operation of the stand-in for AWS with boto3, and holds each answer against botocore's service models.

`python validate.py STAND_IN`. Fails if an answer has not the shape of AWS's, if an error is not read with its code, or if
an operation is left out.
"""

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "emulator"))

import everything  # noqa: E402
from service_call import Answer, Call  # noqa: E402
from shape_validation import problems  # noqa: E402

PROTOCOLS = {
    "cloudwatch": "cbor",
    "ec2": "ec2",
    "guardduty": "rest-json",
    "lambda": "rest-json",
    "macie2": "rest-json",
    "s3": "rest-xml",
    "s3control": "rest-xml-wrapped",
    "sns": "query",
    "sts": "query",
}
EXTRA = ["--accounts", "45", "--buckets", "3"]


class StandIn:
    """A running stand-in, and what was wrong with its answers."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
        self.endpoint = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"
        self.wrong: list[str] = []
        self.answered: dict[str, int] = {}
        session = botocore.session.Session()
        # The protocol of the Rust SDK, which boto3 speaks only when there is no other.
        model = session.get_component("data_loader").load_service_model("cloudwatch", "service-2")
        model["metadata"] |= {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}
        self.clients = boto3.Session(botocore_session=session)

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    def operations(self) -> set[str]:
        """All operations that it knows."""
        with urllib.request.urlopen(f"{self.endpoint}/_exfilguard/operations") as answer:
            return set(json.load(answer))

    def account(self, account: str | None) -> "Account":
        """What an account of the organization may ask; the caller's own without a name."""
        if account is None:
            return Account(self, {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"})
        sts = self.account(None).client("sts")
        given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/audit", RoleSessionName="validate")["Credentials"]
        key, secret, token = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        return Account(self, {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token})

    def hold(self, service: str, operation: str, response: dict) -> None:
        """Holds one answer, before botocore reads it."""
        name = f"{service}:{operation}"
        protocol = PROTOCOLS.get(service, "json")
        call = Call({}, "", "", "", b"", service, operation, "", "", protocol)
        if response["status_code"] < 300:
            self.answered[name] = self.answered.get(name, 0) + 1
            found = problems(call, Answer(response["status_code"], response["body"]))
            # EC2's envelope is the answer itself: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
            found = [what for what in found if not (protocol == "ec2" and what.startswith("/requestId "))]
            self.wrong.extend(f"{name}: {what}" for what in found)


class Account:
    """Clients of an account."""

    def __init__(self, stand_in: StandIn, credentials: dict) -> None:
        self.stand_in = stand_in
        self.credentials = credentials

    def client(self, service: str, region: str = everything.HOME):
        """A client whose answers are held against the models."""
        s3 = {"addressing_style": "path"}
        config = Config(retries={"total_max_attempts": 1}, s3=s3, inject_host_prefix=False)
        endpoint = self.stand_in.endpoint
        client = self.stand_in.clients.client(service, region_name=region, endpoint_url=endpoint, config=config, **self.credentials)

        def hold(operation_model, response_dict, **_):
            self.stand_in.hold(service, operation_model.name, response_dict)

        def without_account(request, **_):
            # S3 Control puts the account before the host, which an IP address does not survive.
            request.url = re.sub(r"^http://[0-9]{12}\.127", "http://127", request.url)

        client.meta.events.register("before-parse", hold)
        client.meta.events.register("before-sign", without_account)
        return client


def code_of(call, **parameters) -> str:
    """The code of the error that a call is answered."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "(no error)"


def everything_of(stand_in: StandIn) -> None:
    """Reads all that there is in `everything`; what is read is what was written."""
    e = everything
    own, member, administrator = stand_in.account(None), stand_in.account(e.MEMBER), stand_in.account(e.ADMINISTRATOR)
    expect("the caller", own.client("sts").get_caller_identity()["Account"], e.MANAGEMENT)
    expect("the member", member.client("sts").get_caller_identity()["Account"], e.MEMBER)
    organization_of(own.client("organizations"))
    buckets_of(member)
    trails_of(member.client("cloudtrail"))
    guardduty_of(member.client("guardduty"), administrator.client("guardduty"), own.client("guardduty"))
    alerting_of(member)
    network_of(member.client("ec2"))
    macie = member.client("macie2")
    expect("macie", macie.get_macie_session()["status"], "ENABLED")
    expect("macie's buckets", macie.describe_buckets()["buckets"][0]["errorCode"], "ACCESS_DENIED")
    errors_of(own, member)


def organization_of(client) -> None:
    e = everything
    expect("organization", client.describe_organization()["Organization"]["MasterAccountId"], e.MANAGEMENT)
    accounts = client.list_accounts()["Accounts"]
    expect("paths", accounts[1]["Paths"], [f"{e.ORGANIZATION}/{e.ROOT}/{e.UNIT}/{e.MEMBER}/"])
    expect("parent", client.list_parents(ChildId=e.MEMBER)["Parents"][0]["Id"], e.UNIT)
    expect("parent of a unit", client.list_parents(ChildId=e.UNIT)["Parents"][0]["Id"], e.ROOT)
    expect("root", client.list_roots()["Roots"][0]["Id"], e.ROOT)
    expect("policies", client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"][0]["Id"], "p-11111111")
    expect("policy", client.describe_policy(PolicyId="p-11111111")["Policy"]["Content"], e.POLICY)
    targets = client.list_targets_for_policy(PolicyId="p-11111111")["Targets"]
    expect("targets", [target["Type"] for target in targets], ["ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"])
    s3 = client.describe_effective_policy(PolicyType="S3_POLICY", TargetId=e.MEMBER)["EffectivePolicy"]
    expect("S3 policy", json.loads(s3["PolicyContent"])["s3_attributes"]["public_access_block_configuration"], "all")
    client.describe_effective_policy(PolicyType="GUARDDUTY_POLICY", TargetId=e.MEMBER)


def buckets_of(member: Account) -> None:
    e = everything
    s3 = member.client("s3", e.ELSEWHERE)
    listed = s3.list_buckets()
    expect("buckets", [(b["Name"], b["BucketRegion"]) for b in listed["Buckets"]], [("empty", e.HOME), ("full", e.ELSEWHERE)])
    first = s3.list_buckets(MaxBuckets=1)
    expect("a page", s3.list_buckets(ContinuationToken=first["ContinuationToken"])["Buckets"][0]["Name"], "full")
    expect("location", s3.get_bucket_location(Bucket="full")["LocationConstraint"], e.ELSEWHERE)
    expect("no location", s3.get_bucket_location(Bucket="empty").get("LocationConstraint"), None)
    expect("policy", s3.get_bucket_policy(Bucket="full")["Policy"], e.POLICY)
    expect("block", s3.get_public_access_block(Bucket="full")["PublicAccessBlockConfiguration"]["BlockPublicAcls"], True)
    expect("grantee", s3.get_bucket_acl(Bucket="full")["Grants"][1]["Grantee"]["Type"], "Group")
    s3.get_bucket_ownership_controls(Bucket="full")
    rule = s3.get_bucket_replication(Bucket="full")["ReplicationConfiguration"]["Rules"][0]
    expect("replication", rule["Destination"]["Account"], "999988887777")
    inventory = s3.list_bucket_inventory_configurations(Bucket="full")["InventoryConfigurationList"][0]
    expect("inventory", inventory["Destination"]["S3BucketDestination"]["Bucket"], "arn:aws:s3:::lists")
    expect("logging", s3.get_bucket_logging(Bucket="full")["LoggingEnabled"]["TargetBucket"], "logs")
    heard = s3.get_bucket_notification_configuration(Bucket="full")
    expect("notifications", heard["LambdaFunctionConfigurations"][0]["LambdaFunctionArn"], e.FUNCTION)
    expect("tags", s3.get_bucket_tagging(Bucket="full")["TagSet"][1], {"Key": "a&b", "Value": "<c>"})
    expect("versioning", s3.get_bucket_versioning(Bucket="full")["MFADelete"], "Enabled")
    lock = s3.get_object_lock_configuration(Bucket="full")["ObjectLockConfiguration"]
    expect("lock", lock["Rule"]["DefaultRetention"]["Mode"], "GOVERNANCE")
    expect("lifecycle", s3.get_bucket_lifecycle_configuration(Bucket="full")["Rules"][0]["Expiration"], {"Days": 30})
    encryption = s3.get_bucket_encryption(Bucket="full")["ServerSideEncryptionConfiguration"]["Rules"][0]
    expect("encryption", encryption["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"], e.KEY)
    control = member.client("s3control")
    account = {"AccountId": e.MEMBER}
    expect("account's block", control.get_public_access_block(**account)["PublicAccessBlockConfiguration"]["IgnorePublicAcls"], True)
    expect("points", control.list_access_points(**account)["AccessPointList"][0]["AccessPointArn"], e.POINT)
    expect("point", control.get_access_point(Name="readers", **account)["VpcConfiguration"]["VpcId"], "vpc-11111111")
    expect("point's policy", control.get_access_point_policy(Name="readers", **account)["Policy"], e.POLICY)
    everywhere = member.client("s3control", "us-west-2")
    expect("everywhere", everywhere.list_multi_region_access_points(**account)["AccessPoints"][0]["Alias"], "m1234.mrap")
    policy = everywhere.get_multi_region_access_point_policy(Name="everywhere", **account)["Policy"]
    expect("its policy", policy["Established"]["Policy"], e.POLICY)


def trails_of(client) -> None:
    e = everything
    expect("trails", client.describe_trails()["trailList"][0]["KmsKeyId"], e.KEY)
    status = client.get_trail_status(Name=e.TRAIL)
    expect("delivery", status["LatestCloudWatchLogsDeliveryTime"].isoformat()[:21], "2026-11-23T15:43:10.5")
    selector = client.get_event_selectors(TrailName=e.TRAIL)["EventSelectors"][0]
    expect("selectors", selector["DataResources"][0]["Values"], ["arn:aws:s3"])
    expect("stores", client.list_event_data_stores()["EventDataStores"][0]["Name"], "lake")
    store = client.get_event_data_store(EventDataStore=e.STORE)
    expect("store", store["AdvancedEventSelectors"][0]["FieldSelectors"][0]["Equals"], ["Data"])


def guardduty_of(member, administrator, management) -> None:
    e = everything
    [detector] = member.list_detectors()["DetectorIds"]
    expect("detector", member.get_detector(DetectorId=detector)["Features"][0]["Name"], "S3_DATA_EVENTS")
    [name] = member.list_filters(DetectorId=detector)["FilterNames"]
    criterion = member.get_filter(DetectorId=detector, FilterName=name)["FindingCriteria"]["Criterion"]
    expect("filter", criterion["severity"]["LessThan"], 7)
    [addresses] = member.list_ip_sets(DetectorId=detector)["IpSetIds"]
    expect("addresses", member.get_ip_set(DetectorId=detector, IpSetId=addresses)["Name"], "offices")
    [entities] = member.list_trusted_entity_sets(DetectorId=detector)["TrustedEntitySetIds"]
    found = member.get_trusted_entity_set(DetectorId=detector, TrustedEntitySetId=entities)
    expect("entities", found["Status"], "INACTIVE")
    expect("administrator", management.list_organization_admin_accounts()["AdminAccounts"][0]["AdminAccountId"], e.ADMINISTRATOR)
    described = administrator.describe_organization_configuration(DetectorId=detector)
    expect("auto enable", described["AutoEnableOrganizationMembers"], "ALL")
    members = administrator.list_members(DetectorId=detector, OnlyAssociated="true")["Members"]
    expect("members", [member["AccountId"] for member in members], [e.MANAGEMENT, e.MEMBER])
    detectors = administrator.get_member_detectors(DetectorId=detector, AccountIds=[e.MANAGEMENT, e.MEMBER])
    expect("unprocessed", detectors["UnprocessedAccounts"], [{"AccountId": e.MANAGEMENT, "Result": "suspended"}])
    expect("features", detectors["MemberDataSourceConfigurations"][0]["Features"][0]["Status"], "ENABLED")


def alerting_of(member: Account) -> None:
    e = everything
    logs = member.client("logs")
    expect("log groups", logs.describe_log_groups(logGroupNamePrefix="own")["logGroups"][0]["logGroupClass"], "STANDARD")
    filters = logs.describe_metric_filters(logGroupName="own")["metricFilters"]
    expect("filters", filters[0]["metricTransformations"][0]["defaultValue"], 0.0)
    cloudwatch = member.client("cloudwatch")
    kinds = ["MetricAlarm", "CompositeAlarm", "LogAlarm"]
    alarms = cloudwatch.describe_alarms(AlarmTypes=kinds)
    expect("threshold", [alarm["Threshold"] for alarm in alarms["MetricAlarms"]], [500.0, 1.5])
    transitioned = alarms["MetricAlarms"][0]["StateTransitionedTimestamp"]
    expect("transition", transitioned.isoformat()[:22], "2026-11-23T15:43:10.25")
    expect("suppressor", alarms["CompositeAlarms"][0]["ActionsSuppressor"], "maintenance")
    first = cloudwatch.describe_alarms(AlarmTypes=kinds, MaxRecords=2)
    rest = cloudwatch.describe_alarms(AlarmTypes=kinds, MaxRecords=2, NextToken=first["NextToken"])
    expect("the second page", (rest["MetricAlarms"], len(rest["CompositeAlarms"])), ([], 1))
    rule = cloudwatch.list_alarm_mute_rules()["AlarmMuteRuleSummaries"][0]["AlarmMuteRuleArn"].rpartition(":")[2]
    muted = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=rule)
    expect("muted", muted["MuteTargets"]["AlarmNames"], ["bulk"])
    events = member.client("events")
    expect("buses", [bus["Name"] for bus in events.list_event_buses()["EventBuses"]], ["default", "second"])
    expect("rules", events.list_rules(EventBusName="second")["Rules"][0]["State"], "DISABLED")
    targets = events.list_targets_by_rule(Rule="findings")["Targets"]
    expect("targets", [target["Arn"] for target in targets], [e.TOPIC, e.QUEUE, e.FUNCTION])
    sns = member.client("sns")
    expect("topic", sns.get_topic_attributes(TopicArn=e.TOPIC)["Attributes"]["Policy"], e.POLICY)
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=e.TOPIC)["Subscriptions"]
    expect("subscriptions", subscriptions[1]["SubscriptionArn"], "PendingConfirmation")
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscriptions[0]["SubscriptionArn"])["Attributes"]
    expect("subscription", attributes["FilterPolicy"], '{"a": ["<b>"]}')
    url = f"https://sqs.{e.HOME}.amazonaws.com/{e.MEMBER}/findings"
    sqs = member.client("sqs")
    expect("queue", sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["KmsMasterKeyId"], e.KEY)
    expect("function", member.client("lambda").get_policy(FunctionName=e.FUNCTION)["Policy"], e.POLICY)
    kms = member.client("kms")
    key = kms.describe_key(KeyId=e.KEY)["KeyMetadata"]
    expect("key", (key["KeyManager"], key["KeyId"]), ("CUSTOMER", e.KEY.rpartition("/")[2]))
    expect("key policy", kms.get_key_policy(KeyId=key["KeyId"])["Policy"], e.POLICY)


def network_of(ec2) -> None:
    e = everything
    expect("regions", [region["RegionName"] for region in ec2.describe_regions()["Regions"]], [e.ELSEWHERE, e.HOME])
    expect("endpoint", ec2.describe_vpc_endpoints()["VpcEndpoints"][0]["PolicyDocument"], e.POLICY)
    expect("vpc", ec2.describe_vpcs()["Vpcs"][0]["OwnerId"], e.MEMBER)
    interface = ec2.describe_network_interfaces()["NetworkInterfaces"][0]
    expect("interface", (interface["InterfaceType"], interface["RequesterId"]), ("lambda", "amazon-elb"))
    routes = ec2.describe_route_tables()["RouteTables"][0]["Routes"]
    targets = ["GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId", "GatewayId", "TransitGatewayId", "VpcPeeringConnectionId"]
    expect("routes", [next(name for name in targets if name in route) for route in routes], targets)
    expect("a dead route", routes[4]["State"], "blackhole")


def errors_of(own: Account, member: Account) -> None:
    """An error of every protocol is read with its code."""
    e = everything
    s3 = member.client("s3", e.HOME)
    absent = {
        "get_bucket_policy": "NoSuchBucketPolicy",
        "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
        "get_bucket_ownership_controls": "OwnershipControlsNotFoundError",
        "get_bucket_replication": "ReplicationConfigurationNotFoundError",
        "get_bucket_tagging": "NoSuchTagSet",
        "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
        "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
        "get_bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    }
    for call, code in absent.items():
        expect(call, code_of(getattr(s3, call), Bucket="empty"), code)
    expect("no such bucket", code_of(s3.get_bucket_policy, Bucket="nobodys"), "NoSuchBucket")
    # boto3 follows the redirection to the bucket's region by itself.
    expect("another region", s3.get_bucket_policy(Bucket="full")["Policy"], e.POLICY)
    control = own.client("s3control")
    code = code_of(control.get_public_access_block, AccountId=e.MANAGEMENT)
    expect("no block", code, "NoSuchPublicAccessBlockConfiguration")
    expect("not the caller", code_of(member.client("organizations").list_accounts), "AccessDeniedException")
    denied = member.client("guardduty", e.ELSEWHERE).list_detectors
    expect("recorded denial", code_of(denied), "AccessDeniedException")
    expect("no topic", code_of(member.client("sns").get_topic_attributes, TopicArn=f"{e.TOPIC}x"), "NotFound")
    expect("no mute rule", code_of(member.client("cloudwatch").get_alarm_mute_rule, AlarmMuteRuleName="x"), "ResourceNotFoundException")
    expect("no macie", code_of(own.client("macie2").get_macie_session), "AccessDeniedException")
    expect("no trail", code_of(own.client("cloudtrail").get_trail_status, Name=e.TRAIL), "TrailNotFoundException")
    expect("no key", code_of(own.client("kms").describe_key, KeyId=e.KEY), "NotFoundException")
    expect("no such call", code_of(own.client("kms").list_keys), "UnknownOperationException")
    role = {"RoleArn": "arn:aws:iam::999988887777:role/audit", "RoleSessionName": "validate"}
    expect("no such account", code_of(own.client("sts").assume_role, **role), "AccessDenied")
    ec2 = own.client("ec2", e.HOME)
    codes = (code_of(ec2.describe_vpcs) for _ in range(2000))
    expect("above EC2's limit", next(code for code in codes if code != "(no error)"), "RequestLimitExceeded")


def pages_of(stand_in: StandIn) -> None:
    """Long lists come in pages, which together are whole."""
    client = stand_in.account(None).client("organizations")
    pages = list(client.get_paginator("list_accounts").paginate())
    expect("pages of accounts", [len(page["Accounts"]) for page in pages], [20, 20, 5])
    administrator = stand_in.account(pages[0]["Accounts"][1]["Id"]).client("guardduty")
    [detector] = administrator.list_detectors()["DetectorIds"]
    first = administrator.list_members(DetectorId=detector, MaxResults=30)
    rest = administrator.list_members(DetectorId=detector, MaxResults=30, NextToken=first["NextToken"])["Members"]
    expect("pages of members", len({member["AccountId"] for member in first["Members"] + rest}), 30 + len(rest))


def expect(what: str, found, wanted) -> None:
    """Ends the run if something is not as it should be."""
    if found != wanted:
        sys.exit(f"{what}: {found!r}, and not {wanted!r}")


def main() -> None:
    """Validates both kinds of organization."""
    [_, program] = sys.argv
    with tempfile.TemporaryDirectory() as folder:
        snapshot = str(Path(folder) / "everything.jsonl.gz")
        everything.write(snapshot)
        with StandIn(program, "--snapshot", snapshot) as stand_in:
            everything_of(stand_in)
            missing = stand_in.operations() - stand_in.answered.keys()
            expect("operations that were not called", sorted(missing), [])
            expect("differences from the service models", stand_in.wrong, [])
            print(f"{sum(stand_in.answered.values())} answers of {len(stand_in.answered)} operations")
    with StandIn(program, *EXTRA) as stand_in:
        pages_of(stand_in)
        expect("differences from the service models", stand_in.wrong, [])


if __name__ == "__main__":
    main()
