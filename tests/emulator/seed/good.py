"""The pieces of an account in which everything is right; the traps leave out or break one piece each."""

import json

from seed import policies
from seed.organization import HOME, REGIONS, Account

READS = '{ ($.eventSource = "s3.amazonaws.com") && ($.eventName = "GetObject") }'
FINDINGS = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}
NAMESPACE = "S3Exfiltration"
LOG_GROUP = "cloudtrail"
BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def create_account(account: Account, logs: str) -> None:
    """Everything right in both regions; the trail writes to the bucket `logs`."""
    for region in REGIONS:
        create_bucket(account, f"good-{region}-{account.id}", region, sensitive=region == HOME)
    watch_reads(account, logs)
    for region in REGIONS:
        watch_findings(account, region)
        create_endpoint(account, region, "restrictive", restrictive_endpoint(account, region))


def watch_reads(account: Account, logs: str) -> None:
    """A trail of all data events, a filter that counts the reads, and an alarm that tells the SOC."""
    create_trail(account, "all-data", logs, data_events(), log_group=LOG_GROUP)
    create_filter(account, "object-reads")
    create_alarm(account, "bulk-download", "object-reads", create_topic(account, "soc-alarms"))


def watch_findings(account: Account, region: str) -> None:
    """GuardDuty with S3 Protection and a rule that tells the SOC of its findings."""
    enable_guardduty(account, region)
    create_rule(account, "guardduty-findings", create_topic(account, "soc-findings", region), region)


def create_bucket(account: Account, name: str, region: str = HOME, *, sensitive: bool = False) -> str:
    """A bucket that is closed in every respect."""
    policy = policies.bucket(name, account.organization.id, account.id)
    return create_plain_bucket(account, name, region, policy=policy, sensitive=sensitive)


def create_plain_bucket(
    account: Account,
    name: str,
    region: str = HOME,
    *,
    policy: dict | None = None,
    block: bool = True,
    sensitive: bool = False,
    ownership: str = "BucketOwnerEnforced",
) -> str:
    """A bucket with just what is asked for. Returns its name."""
    s3 = account.client("s3", region)
    place = {} if region == HOME else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, ObjectOwnership=ownership, **place)
    if block:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(BLOCK, True))
    if sensitive:
        tags = [{"Key": "DataClassification", "Value": "Confidential"}]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    if policy:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return name


def create_log_bucket(account: Account, name: str) -> str:
    """The bucket to which all trails of the organization write."""
    policy = policies.log_bucket(name, account.organization.id, account.id)
    return create_plain_bucket(account, name, policy=policy)


def data_events(read_write_type: str = "All", *values: str) -> list[dict]:
    """A basic selector of management events and the data events of `values`, or of all buckets."""
    return [
        {
            "ReadWriteType": read_write_type,
            "IncludeManagementEvents": True,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": list(values) or ["arn:aws:s3"]}],
        }
    ]


def create_trail(
    account: Account,
    name: str,
    logs: str,
    selectors: list[dict] | None = None,
    *,
    log_group: str | None = None,
    multi_region: bool = True,
    of_organization: bool = False,
) -> None:
    """A trail with home us-east-1 that logs; without `selectors` management events only."""
    delivery = {}
    if log_group:
        account.client("logs").create_log_group(logGroupName=log_group)
        delivery = {
            "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{account.id}:log-group:{log_group}:*",
            "CloudWatchLogsRoleArn": _create_role(account, "cloudtrail-to-logs", "cloudtrail.amazonaws.com"),
        }
    cloudtrail = account.client("cloudtrail")
    cloudtrail.create_trail(
        Name=name,
        S3BucketName=logs,
        IsMultiRegionTrail=multi_region,
        IsOrganizationTrail=of_organization,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        **delivery,
    )
    management = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}]
    cloudtrail.put_event_selectors(TrailName=name, EventSelectors=selectors or management)
    cloudtrail.start_logging(Name=name)


def _create_role(account: Account, name: str, service: str) -> str:
    iam = account.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policies.document(trust)))
    write = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=json.dumps(policies.document(write)))
    return role["Role"]["Arn"]


def create_filter(account: Account, name: str, pattern: str = READS) -> None:
    """Counts matching events in the metric `S3Exfiltration/<name>`."""
    metric = {"metricName": name, "metricNamespace": NAMESPACE, "metricValue": "1"}
    account.client("logs").put_metric_filter(
        logGroupName=LOG_GROUP, filterName=name, filterPattern=pattern, metricTransformations=[metric]
    )


def create_alarm(account: Account, name: str, metric: str, topic: str, *, actions: bool = True) -> None:
    """An alarm on 100 events or more in five minutes, in state OK."""
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=NAMESPACE,
        MetricName=metric,
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        DatapointsToAlarm=1,
        Threshold=100,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        ActionsEnabled=actions,
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="seeded")


def create_topic(account: Account, name: str, region: str = HOME, email: str = "soc@example.com") -> str:
    """A topic to which CloudWatch and EventBridge may publish, with one e-mail subscription. Returns its ARN."""
    sns = account.client("sns", region)
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policies.topic(arn)))
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=email)
    return arn


def create_rule(account: Account, name: str, topic: str, region: str, *, pattern=None, state="ENABLED") -> None:
    """Hands events that match `pattern`, or all findings of GuardDuty, to a topic."""
    events = account.client("events", region)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern or FINDINGS), State=state)
    events.put_targets(Rule=name, Targets=[{"Id": "topic", "Arn": topic}])


def enable_guardduty(account: Account, region: str, *, enable: bool = True, s3: bool = True) -> None:
    """The region's detector; with `enable` false it is suspended."""
    features = [{"Name": "S3_DATA_EVENTS", "Status": "ENABLED" if s3 else "DISABLED"}]
    guardduty = account.client("guardduty", region)
    made = guardduty.create_detector(
        Enable=True, Features=features, FindingPublishingFrequency="FIFTEEN_MINUTES"
    )
    if not enable:
        guardduty.update_detector(DetectorId=made["DetectorId"], Enable=False)


def restrictive_endpoint(account: Account, region: str) -> dict:
    """The policy of an endpoint that lets no data out of the organization."""
    return policies.endpoint(account.organization.id, region)


def create_endpoint(account: Account, region: str, name: str, policy: dict | None = None) -> None:
    """A VPC with a gateway endpoint of S3, tagged with its name; without `policy` it has the default one."""
    ec2 = account.client("ec2", region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    document = {"PolicyDocument": json.dumps(policy)} if policy else {}
    tags = [{"Key": "Name", "Value": name}]
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table["RouteTableId"] for table in tables],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
        **document,
    )
