"""Configuration in which every check of exfilguard passes, in pieces: the traps leave out or break one piece each."""

import io
import json
import zipfile

from organization_sessions import Account

# Every object read that CloudTrail records as a data event of S3.
READS = '{ ($.eventSource = "s3.amazonaws.com") && ($.eventName = "GetObject") }'
FINDINGS = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}
# Calls that open a bucket, by their names in CloudTrail's records; and those that switch the watching off.
BUCKET_CALLS = (
    "PutBucketPolicy",
    "PutBucketAcl",
    "DeleteBucketPolicy",
    "PutBucketReplication",
    "DeleteBucketPublicAccessBlock",
    "DeleteAccountPublicAccessBlock",
)
TRAIL_CALLS = ("StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail")
OFFICE = "203.0.113.0/24"
PUBLIC_ACCESS_BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def create_bucket(
    account: Account,
    name: str,
    region="us-east-1",
    *,
    block=True,
    sensitive=False,
    policy=None,
    ownership="BucketOwnerEnforced",
    kept=False,
    key=None,
) -> str:
    """Makes a bucket as AWS's console does: without access control lists and, unless `block` is false, not public.

    `kept` keeps versions and locks objects; `key` encrypts them.
    """
    s3 = account.client("s3", region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, ObjectOwnership=ownership, ObjectLockEnabledForBucket=kept, **place)
    if kept:
        retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}
        lock = {"ObjectLockEnabled": "Enabled", "Rule": retention}
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    if key:
        by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_key}]}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)
    if block:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=PUBLIC_ACCESS_BLOCK)
    if sensitive:
        tags = [{"Key": "DataClassification", "Value": "Confidential"}]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    if policy:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return name


def create_key(account: Account, region="us-east-1", *, outsider: str | None = None) -> str:
    """Makes a key for the account's principals and its trails, and for an account outside if one is named. Its ARN."""
    here = {"Effect": "Allow", "Resource": "*"}
    trails = f"arn:aws:cloudtrail:*:{account.id}:trail/*"
    statements = [
        {**here, "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}, "Action": "kms:*"},
        {
            **here,
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "kms:GenerateDataKey*",
            "Condition": {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}},
        },
    ]
    if outsider:
        statements.append({**here, "Principal": {"AWS": outsider}, "Action": "kms:Decrypt"})
    policy = {"Version": "2012-10-17", "Statement": statements}
    return account.client("kms", region).create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]


def replicate(account: Account, bucket: str, to: str, owner: str, *, status="Enabled") -> None:
    """Copies every object of a bucket to another one, whose owner gets the copies."""
    s3 = account.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "everything",
        "Priority": 1,
        "Status": status,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{to}", "Account": owner},
    }
    role = f"arn:aws:iam::{account.id}:role/replication"
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": role, "Rules": [rule]})


def create_access_point(account: Account, name: str, bucket: str, reader: str) -> None:
    """An access point through which one principal may read."""
    control = account.client("s3control")
    control.create_access_point(AccountId=account.id, Name=name, Bucket=bucket)
    arn = f"arn:aws:s3:us-east-1:{account.id}:accesspoint/{name}"
    read = {
        "Effect": "Allow",
        "Principal": {"AWS": reader},
        "Action": "s3:GetObject",
        "Resource": f"{arn}/object/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    control.put_access_point_policy(AccountId=account.id, Name=name, Policy=policy)


def bucket_policy(account: Account, bucket: str) -> dict:
    """Refuses requests without TLS, from outside the organization, and from outside its networks."""
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": _resources(bucket)}
    organization = account.organization_id
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "TlsOnly", **everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {
                "Sid": "IdentityPerimeter",
                **everything,
                "Condition": {
                    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                },
            },
            {
                "Sid": "ServicesOnlyForUs",
                **everything,
                "Condition": {
                    "StringNotEqualsIfExists": {"aws:SourceOrgID": organization},
                    "Null": {"aws:SourceAccount": "false"},
                    "Bool": {"aws:PrincipalIsAWSService": "true"},
                },
            },
            {
                "Sid": "NetworkPerimeter",
                **everything,
                "Condition": {
                    "NotIpAddressIfExists": {"aws:SourceIp": [OFFICE]},
                    "StringNotEqualsIfExists": {"aws:VpceOrgID": organization},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
                },
            },
        ],
    }


def _resources(bucket: str) -> list[str]:
    return [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def log_bucket_policy(account: Account, bucket: str) -> dict:
    """`bucket_policy`, and CloudTrail may write for the organization's trails."""
    policy = bucket_policy(account, bucket)
    trail = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    ours = {"StringEquals": {"aws:SourceOrgID": account.organization_id}}
    policy["Statement"] += [
        {"Sid": "TrailAcl", **trail, "Action": "s3:GetBucketAcl", "Resource": _resources(bucket)[0], "Condition": ours},
        {"Sid": "TrailWrite", **trail, "Action": "s3:PutObject", "Resource": _resources(bucket)[1], "Condition": ours},
    ]
    return policy


def endpoint_policy(account: Account, region: str) -> dict:
    """Lets the organization reach its own buckets, services reach any, and everybody read AWS's package buckets."""
    organization = account.organization_id
    anybody = {"Effect": "Allow", "Principal": "*"}
    inside = {"aws:PrincipalOrgID": organization, "aws:ResourceOrgID": organization}
    packages = [f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*", f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OrgIdentitiesToOrgResources",
                **anybody,
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"StringEquals": inside},
            },
            {
                "Sid": "AwsServicePrincipals",
                **anybody,
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}},
            },
            {"Sid": "AwsOwnedReadOnly", **anybody, "Action": "s3:GetObject", "Resource": packages},
        ],
    }


def enable_macie(account: Account, region: str = "us-east-1", *, discovery: bool = True, paused: bool = False) -> None:
    """Enables Macie, with automated discovery of sensitive data unless `discovery` is false."""
    client = account.client("macie2", region)
    client.enable_macie()
    if discovery:
        client.update_automated_discovery_configuration(status="ENABLED")
    if paused:
        client.update_macie_session(status="PAUSED")


def create_network(account: Account, *, gateway: bool = True, endpoint: str | None = None) -> dict[str, str]:
    """Makes a VPC with an instance in a subnet that leads to the internet unless `gateway` is false. Returns the ids.

    `endpoint` gives it an endpoint of S3 in the table of that subnet (`subnet`), or only in the main one (`main`).
    """
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    tables = {"subnet": ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]}
    of_vpc = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    tables["main"] = next(table["RouteTableId"] for table in of_vpc if table["RouteTableId"] != tables["subnet"])
    ec2.associate_route_table(RouteTableId=tables["subnet"], SubnetId=subnet)
    if gateway:
        internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
        ec2.create_route(RouteTableId=tables["subnet"], DestinationCidrBlock="0.0.0.0/0", GatewayId=internet)
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet)
    made = {"vpc": vpc}
    if endpoint:
        created = ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName="com.amazonaws.us-east-1.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=[tables[endpoint]],
            PolicyDocument=json.dumps(endpoint_policy(account, "us-east-1")),
        )
        made["endpoint"] = created["VpcEndpoint"]["VpcEndpointId"]
    return made


def create_endpoint(account: Account, name: str, policy: dict | None, region: str = "us-east-1") -> str:
    """Makes a VPC with a gateway endpoint of S3; without `policy` it has the default one. Returns the endpoint's id."""
    ec2 = account.client("ec2", region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    document = {"PolicyDocument": json.dumps(policy)} if policy else {}
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": name}]}],
        **document,
    )
    return endpoint["VpcEndpoint"]["VpcEndpointId"]


def create_trail(account: Account, name: str, bucket: str, *, region="us-east-1", log_group=None, **settings) -> str:
    """Makes a trail of all regions that logs, with `EventSelectors` or `AdvancedEventSelectors` if given."""
    cloudtrail = account.client("cloudtrail", region)
    selectors = {name: settings.pop(name) for name in ("EventSelectors", "AdvancedEventSelectors") if name in settings}
    if log_group:
        role = f"arn:aws:iam::{account.id}:role/cloudtrail-to-logs"
        settings |= {
            "CloudWatchLogsLogGroupArn": create_log_group(account, log_group, region),
            "CloudWatchLogsRoleArn": role,
        }
    settings = {"IsMultiRegionTrail": True, "EnableLogFileValidation": True} | settings
    trail = cloudtrail.create_trail(Name=name, S3BucketName=bucket, **settings)
    cloudtrail.start_logging(Name=name)
    if selectors:
        cloudtrail.put_event_selectors(TrailName=name, **selectors)
    return trail["TrailARN"]


def create_log_group(account: Account, name: str, region: str) -> str:
    """Makes a log group; the ARN is in the form that CloudTrail wants."""
    account.client("logs", region).create_log_group(logGroupName=name)
    return f"arn:aws:logs:{region}:{account.id}:log-group:{name}:*"


def data_events(read_write_type: str = "All", values: tuple[str, ...] = ("arn:aws:s3",)) -> list[dict]:
    """Basic selectors: all management events, and the data events of the buckets or prefixes in `values`."""
    resources = [{"Type": "AWS::S3::Object", "Values": list(values)}]
    return [{"ReadWriteType": read_write_type, "IncludeManagementEvents": True, "DataResources": resources}]


def create_filter(account: Account, log_group: str, name: str, pattern: str = READS) -> None:
    """Counts matching events in the metric `exfilguard-seed/<name>`."""
    account.client("logs").put_metric_filter(
        logGroupName=log_group,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[
            {"metricName": name, "metricNamespace": "exfilguard-seed", "metricValue": "1", "defaultValue": 0}
        ],
    )


def calls_counted(*names: str) -> str:
    """The pattern of a metric filter that counts these calls."""
    return "{ " + " || ".join(f'($.eventName = "{name}")' for name in names) + " }"


def calls_matched(*names: str) -> dict:
    """The pattern of a rule on these calls."""
    return {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": list(names)}}


def create_alarm(
    account: Account, name: str, metric: str, topic: str | None, *, actions_enabled: bool = True, threshold: int = 100
) -> None:
    """Alarms when the metric of a filter sums up to more than the threshold in five minutes."""
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="exfilguard-seed",
        MetricName=metric,
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        ActionsEnabled=actions_enabled,
        AlarmActions=[topic] if topic else [],
    )
    account.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="seeded")


def create_topic(account: Account, name: str, region: str = "us-east-1") -> tuple[str, str]:
    """Makes a topic that CloudWatch and EventBridge may publish to, with an e-mail subscription. Returns both ARNs."""
    sns = account.client("sns", region)
    topic = sns.create_topic(Name=name)["TopicArn"]
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CloudWatch",
                **publish,
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
            },
            {"Sid": "EventBridge", **publish, "Principal": {"Service": "events.amazonaws.com"}},
        ],
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="email", Endpoint="soc@example.com", ReturnSubscriptionArn=True
    )
    return topic, subscription["SubscriptionArn"]


def create_rule(
    account: Account, name: str, target: str | None, region: str, *, pattern=None, state="ENABLED"
) -> None:
    """Hands events that match `pattern`, or all findings of GuardDuty, to a topic or another target, if there is one."""
    events = account.client("events", region)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern or FINDINGS), State=state)
    if target:
        events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target}])


def create_function(account: Account, name: str, region: str, *, rule: str | None = None) -> str:
    """Makes a Lambda function, which the rule of this name may invoke. Returns its ARN."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as code:
        code.writestr("main.py", "def handler(event, context): pass")
    role_document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(role_document))
    functions = account.client("lambda", region)
    made = functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="main.handler",
        Code={"ZipFile": zipped.getvalue()},
    )
    if rule:
        functions.add_permission(
            FunctionName=name,
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=f"arn:aws:events:{region}:{account.id}:rule/{rule}",
        )
    return made["FunctionArn"]


def create_queue(account: Account, name: str, region: str, *, rule: str | None = None) -> str:
    """Makes an SQS queue, which the rule of this name may send to. Returns its ARN."""
    sqs = account.client("sqs", region)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{region}:{account.id}:{name}"
    if rule:
        send = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{region}:{account.id}:rule/{rule}"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [send]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


def enable_guardduty(
    account: Account, region: str, *, enable: bool = True, s3: bool = True, frequency: str = "FIFTEEN_MINUTES"
) -> str:
    """Makes the region's detector. Returns its id."""
    feature = {"Name": "S3_DATA_EVENTS", "Status": "ENABLED" if s3 else "DISABLED"}
    made = account.client("guardduty", region).create_detector(
        Enable=enable, Features=[feature], FindingPublishingFrequency=frequency
    )
    return made["DetectorId"]


def administer_guardduty(
    management: Account, administrator: Account, region: str, members: list[Account], *, s3="ALL"
) -> str:
    """Makes an account with a detector GuardDuty's administrator of a region. Returns the detector's id."""
    management.client("guardduty", region).enable_organization_admin_account(AdminAccountId=administrator.id)
    client = administrator.client("guardduty", region)
    detector = client.list_detectors()["DetectorIds"][0]
    details = [{"AccountId": member.id, "Email": f"{member.id}@example.com"} for member in members]
    client.create_members(DetectorId=detector, AccountDetails=details)
    client.update_organization_configuration(
        DetectorId=detector,
        AutoEnableOrganizationMembers="ALL",
        Features=[{"Name": "S3_DATA_EVENTS", "AutoEnable": s3}],
    )
    return detector


def block_public_access(account: Account) -> None:
    """Blocks public access for the whole account."""
    account.client("s3control").put_public_access_block(
        AccountId=account.id, PublicAccessBlockConfiguration=PUBLIC_ACCESS_BLOCK
    )
