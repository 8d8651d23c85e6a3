"""A snapshot of an organization that has at least one of everything that the audit reads."""

import gzip
import json

MANAGEMENT, MEMBER, ADMINISTRATOR = "111111111111", "222222222222", "333333333333"
HOME, ELSEWHERE = "us-east-1", "eu-west-1"
ORGANIZATION, ROOT, UNIT = "o-everything", "r-root", "ou-root-11111111"
USER = "7" * 64
KEY = f"arn:aws:kms:{HOME}:{MEMBER}:key/11111111-2222-4333-8444-555555555555"
TOPIC = f"arn:aws:sns:{HOME}:{MEMBER}:findings"
QUEUE = f"arn:aws:sqs:{HOME}:{MEMBER}:findings"
FUNCTION = f"arn:aws:lambda:{HOME}:{MEMBER}:function:findings"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{MEMBER}:trail/own"
STORE = f"arn:aws:cloudtrail:{HOME}:{MEMBER}:eventdatastore/11111111-2222-4333-8444-555555555555"
LOG_GROUP = f"arn:aws:logs:{HOME}:{MEMBER}:log-group:own:*"
POINT = f"arn:aws:s3:{HOME}:{MEMBER}:accesspoint/readers"
EVERYWHERE = f"arn:aws:s3::{MEMBER}:accesspoint/m1234.mrap"
ON = {name: True for name in ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")}
# Characters that XML and JSON write in another way.
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": 'a<b>&"c" ü', "Effect": "Deny", "Principal": "*"}]}, indent=1)


def known(value):
    return {"known": value}


def unreadable(operation: str, code: str, message: str = "no"):
    return {"unreadable": {"operation": operation, "code": code, "message": message}}


def bucket(name: str, region: str, **other) -> dict:
    plain = {
        "name": name,
        "region": known(region),
        "policy": known(None),
        "public_access_block": known(None),
        "acl": known({"owner": USER, "grants": []}),
        "object_ownership": known(None),
        "exports": {"replication": known([]), "inventories": known([]), "access_logs": known(None), "notifications": known([])},
        "tags": known({}),
        "protection": {
            "versioning": known({"status": None, "mfa_delete": False}),
            "object_lock": known(None),
            "expiry_days": known([]),
            "encryption": known(None),
        },
    }
    return plain | other


FULL_BUCKET = bucket(
    "full",
    ELSEWHERE,
    policy=known(POLICY),
    public_access_block=known(ON),
    acl=known(
        {
            "owner": USER,
            "grants": [
                {"grantee": USER, "permission": "FULL_CONTROL"},
                {"grantee": "http://acs.amazonaws.com/groups/global/AllUsers", "permission": "READ"},
            ],
        }
    ),
    object_ownership=known("ObjectWriter"),
    exports={
        "replication": known([{"id": "copy", "status": "Enabled", "bucket_arn": "arn:aws:s3:::copy", "account": "999988887777"}]),
        "inventories": known([{"id": "all", "enabled": True, "bucket_arn": "arn:aws:s3:::lists", "account": "999988887777"}]),
        "access_logs": known("logs"),
        "notifications": known([FUNCTION, TOPIC, QUEUE]),
    },
    tags=known({"DataClassification": "Confidential", "a&b": "<c>"}),
    protection={
        "versioning": known({"status": "Enabled", "mfa_delete": True}),
        "object_lock": known({"enabled": True, "default_mode": "GOVERNANCE"}),
        "expiry_days": known([30, 0]),
        "encryption": known({"algorithm": "aws:kms", "key": KEY}),
    },
)
ALARM = {
    "alarm_name": "bulk",
    "alarm_arn": f"arn:aws:cloudwatch:{HOME}:{MEMBER}:alarm:bulk",
    "actions_enabled": True,
    "alarm_actions": [TOPIC],
    "state_value": "OK",
    "state_transitioned_at": "2026-11-23T15:43:10.25Z",
    "namespace": "Exfiltration",
    "metric_name": "ObjectReads",
    "dimensions": {"Bucket": "full"},
    "statistic": "Sum",
    "period": 300,
    "unit": "Count",
    "evaluation_periods": 1,
    "datapoints_to_alarm": 1,
    "threshold": 500.0,
    "comparison_operator": "GreaterThanThreshold",
    "treat_missing_data": "notBreaching",
}
QUERIES = {
    "alarm_name": "computed",
    "alarm_arn": f"arn:aws:cloudwatch:{HOME}:{MEMBER}:alarm:computed",
    "actions_enabled": False,
    "alarm_actions": [],
    "state_value": "INSUFFICIENT_DATA",
    "evaluation_periods": 2,
    "threshold": 1.5,
    "comparison_operator": "GreaterThanOrEqualToThreshold",
    "metrics": [
        {"id": "e1", "expression": "SUM(METRICS())", "return_data": True},
        {
            "id": "m1",
            "metric_stat": {"namespace": "N", "metric_name": "M", "dimensions": {"D": "1"}, "period": 60, "stat": "p99"},
            "return_data": False,
        },
    ],
    "threshold_metric_id": "e1",
}
COMPOSITE = {
    "alarm_name": "either",
    "alarm_arn": f"arn:aws:cloudwatch:{HOME}:{MEMBER}:alarm:either",
    "actions_enabled": True,
    "alarm_actions": [TOPIC],
    "state_value": "ALARM",
    "state_transitioned_at": "2026-11-23T15:43:10Z",
    "alarm_rule": 'ALARM("bulk") OR ALARM("computed")',
    "actions_suppressor": "maintenance",
}
DETECTOR = {
    "id": "d" * 32,
    "status": "ENABLED",
    "features": [{"name": "S3_DATA_EVENTS", "status": "ENABLED"}],
    "legacy_s3_logs": "ENABLED",
    "finding_publishing_frequency": "FIFTEEN_MINUTES",
}


def region(**other) -> dict:
    return {
        "trails": known([]),
        "event_data_stores": known([]),
        "detector": known(None),
        "finding_filters": known([]),
        "trusted_lists": known([]),
        "guardduty_administration": None,
        "rules": known([]),
        "vpc_endpoints": known([]),
        "network": {"vpcs": known([]), "interfaces": known([]), "route_tables": known([])},
        "access_points": known([]),
    } | other


FULL_REGION = region(
    trails=known(
        [
            {
                "name": "own",
                "arn": TRAIL,
                "home_region": HOME,
                "multi_region": True,
                "organization": False,
                "include_global_service_events": True,
                "s3_bucket": "full",
                "log_group_arn": LOG_GROUP,
                "log_group_role_arn": f"arn:aws:iam::{MEMBER}:role/trail",
                "kms_key_id": KEY,
                "log_file_validation": True,
            }
        ]
    ),
    event_data_stores=known(
        [
            {
                "arn": STORE,
                "name": "lake",
                "status": "ENABLED",
                "multi_region": True,
                "organization": False,
                "advanced_event_selectors": [{"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}],
            }
        ]
    ),
    detector=known(DETECTOR),
    finding_filters=known(
        [{"name": "a quiet one", "action": "ARCHIVE", "criteria": {"type": {"equals": ["Exfiltration:S3/AnomalousBehavior"]}, "severity": {"less_than": 7}}}]
    ),
    trusted_lists=known(
        [
            {"kind": "ip-set", "name": "offices", "status": "ACTIVE", "location": "https://s3.amazonaws.com/lists/offices.txt"},
            {"kind": "entity-set", "name": "scanners", "status": "INACTIVE", "location": "https://s3.amazonaws.com/lists/scanners.txt"},
        ]
    ),
    rules=known(
        [
            {
                "name": "findings",
                "arn": f"arn:aws:events:{HOME}:{MEMBER}:rule/findings",
                "bus": "default",
                "event_pattern": '{"source": ["aws.guardduty"]}',
                "state": "ENABLED",
                "managed_by": None,
                "targets": known(
                    [
                        {"id": "topic", "arn": TOPIC, "role_arn": None},
                        {"id": "queue", "arn": QUEUE, "role_arn": None},
                        {"id": "function", "arn": FUNCTION, "role_arn": f"arn:aws:iam::{MEMBER}:role/events"},
                    ]
                ),
            },
            {
                "name": "other",
                "arn": f"arn:aws:events:{HOME}:{MEMBER}:rule/second/other",
                "bus": "second",
                "event_pattern": "{}",
                "state": "DISABLED",
                "managed_by": None,
                "targets": known([]),
            },
        ]
    ),
    vpc_endpoints=known(
        [
            {
                "id": "vpce-11111111",
                "vpc_id": "vpc-11111111",
                "service_name": f"com.amazonaws.{HOME}.s3",
                "kind": "Gateway",
                "state": "available",
                "policy": POLICY,
                "route_tables": ["rtb-11111111"],
                "private_dns": False,
                "private_dns_for_inbound_only": False,
            }
        ]
    ),
    network={
        "vpcs": known([{"id": "vpc-11111111", "owner": MEMBER}]),
        "interfaces": known(
            [{"id": "eni-11111111", "vpc_id": "vpc-11111111", "subnet_id": "subnet-11111111", "kind": "lambda", "requester": "amazon-elb"}]
        ),
        "route_tables": known(
            [
                {
                    "id": "rtb-11111111",
                    "vpc_id": "vpc-11111111",
                    "main": True,
                    "subnets": ["subnet-11111111"],
                    "routes": [
                        {"destination": destination, "target": target, "active": active}
                        for destination, target, active in (
                            ("10.0.0.0/16", "local", True),
                            ("0.0.0.0/0", "nat-11111111", True),
                            ("::/0", "eigw-11111111", True),
                            ("pl-11111111", "vpce-11111111", True),
                            ("192.0.2.0/24", "tgw-11111111", False),
                            ("198.51.100.0/24", "pcx-11111111", True),
                        )
                    ],
                }
            ]
        ),
    },
    access_points=known(
        [
            {
                "name": "readers",
                "arn": POINT,
                "network_origin": "VPC",
                "vpc_id": "vpc-11111111",
                "buckets": [{"name": "full", "account": MEMBER}],
                "public_access_block": known(ON),
                "policy": known(POLICY),
            }
        ]
    ),
)
KEY_RECORD = known({"arn": KEY, "key_manager": "CUSTOMER", "key_state": "Enabled", "policy": POLICY})


def account(account_id: str, name: str, **other) -> dict:
    return {
        "id": account_id,
        "name": name,
        "entry": "entered",
        "regions": known([ELSEWHERE, HOME]),
        "public_access_block": known(None),
        "organization_blocks_public_access": known(None),
        "canonical_user": USER,
        "buckets": known([]),
        "multi_region_access_points": known([]),
        "regional": {HOME: region(), ELSEWHERE: region()},
        "macie": {},
        "trail_details": {},
        "log_groups": {},
        "alarms": {},
        "keys": {},
        "topics": {},
        "functions": {},
        "queues": {},
    } | other


FULL_ACCOUNT = account(
    MEMBER,
    "member",
    public_access_block=known(ON),
    organization_blocks_public_access=known(True),
    buckets=known([bucket("empty", HOME), FULL_BUCKET]),
    multi_region_access_points=known(
        [
            {
                "name": "everywhere",
                "arn": EVERYWHERE,
                "network_origin": "Internet",
                "vpc_id": None,
                "buckets": [{"name": "full", "account": MEMBER}],
                "public_access_block": known(ON),
                "policy": known(POLICY),
            }
        ]
    ),
    regional={HOME: FULL_REGION, ELSEWHERE: region(detector=unreadable("guardduty:ListDetectors", "AccessDeniedException"))},
    macie={
        HOME: {
            "status": known("ENABLED"),
            "buckets": known(
                [
                    {
                        "name": "full",
                        "automated_discovery": "MONITORED",
                        "last_automated_discovery": "2026-11-23T15:43:10Z",
                        "defined_in_job": "TRUE",
                        "last_job_run": "2026-11-22T15:43:10Z",
                        "error_code": "ACCESS_DENIED",
                    }
                ]
            ),
            "read_at": "2026-11-30T00:00:00Z",
        }
    },
    trail_details={
        TRAIL: {
            "status": known(
                {
                    "is_logging": True,
                    "latest_delivery_error": "AccessDenied",
                    "latest_delivery_time": "2026-11-23T15:43:10Z",
                    "latest_log_group_delivery_error": None,
                    "latest_log_group_delivery_time": "2026-11-23T15:43:10.5Z",
                }
            ),
            "selectors": known(
                {
                    "event_selectors": [
                        {
                            "ReadWriteType": "All",
                            "IncludeManagementEvents": True,
                            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
                            "ExcludeManagementEventSources": ["kms.amazonaws.com"],
                        }
                    ]
                }
            ),
        }
    },
    log_groups={
        LOG_GROUP: {
            "class": known("STANDARD"),
            "metric_filters": known(
                [
                    {
                        "filter_name": "reads",
                        "filter_pattern": '{ $.eventName = "GetObject" }',
                        "log_group_name": "own",
                        "metric_transformations": [
                            {
                                "metric_name": "ObjectReads",
                                "metric_namespace": "Exfiltration",
                                "metric_value": "1",
                                "default_value": 0.0,
                                "unit": "Count",
                            }
                        ],
                        "apply_on_transformed_logs": False,
                    }
                ]
            ),
        }
    },
    alarms={
        HOME: {
            "alarms": known({"metric": [ALARM, QUERIES], "composite": [COMPOSITE], "log": ["scheduled"]}),
            "mute_rules": known(
                [
                    {
                        "arn": f"arn:aws:cloudwatch:{HOME}:{MEMBER}:alarm-mute-rule:nightly",
                        "status": "ACTIVE",
                        "expression": "cron(0 2 * * *)",
                        "duration": "PT4H",
                        "alarm_names": ["bulk"],
                    }
                ]
            ),
            "read_at": "2026-11-30T00:00:00Z",
        }
    },
    keys={KEY: KEY_RECORD},
    topics={
        TOPIC: {
            "attributes": known({"arn": TOPIC, "owner": MEMBER, "policy": POLICY, "kms_master_key_id": KEY}),
            "subscriptions": known(
                [
                    {
                        "subscription_arn": f"{TOPIC}:11111111-2222-4333-8444-555555555555",
                        "protocol": "email",
                        "endpoint": "oncall@example.com",
                        "filter_policy": '{"a": ["<b>"]}',
                        "filter_policy_scope": "MessageBody",
                    },
                    {"subscription_arn": "PendingConfirmation", "protocol": "email", "endpoint": "other@example.com"},
                ]
            ),
            "key": KEY_RECORD,
        }
    },
    functions={FUNCTION: known(POLICY)},
    queues={
        QUEUE: {
            "attributes": known({"arn": QUEUE, "policy": POLICY, "kms_master_key_id": KEY, "content_based_deduplication": True}),
            "key": KEY_RECORD,
        }
    },
)
ADMINISTRATION = {
    "auto_enable": known({"members": "ALL", "features": {"S3_DATA_EVENTS": "NEW"}, "member_limit_reached": False}),
    "members": known(
        [
            {
                "account": MANAGEMENT,
                "detector_id": "",
                "relationship": "Enabled",
                "features": unreadable("guardduty:GetMemberDetectors", "UnprocessedAccount", "suspended"),
            },
            {
                "account": MEMBER,
                "detector_id": "d" * 32,
                "relationship": "Enabled",
                "features": known([{"name": "S3_DATA_EVENTS", "status": "ENABLED"}]),
            },
        ]
    ),
}
ACCOUNTS = [
    account(MANAGEMENT, "management"),
    FULL_ACCOUNT,
    account(ADMINISTRATOR, "security", regional={HOME: region(detector=known(DETECTOR), guardduty_administration=ADMINISTRATION), ELSEWHERE: region()}),
]
HEADER = {
    "schema": "exfilguard.snapshot/1",
    "tool_version": "0.1.0",
    "recorded_at": "2026-11-30T00:00:00Z",
    "scope": [account["id"] for account in ACCOUNTS],
    "hubs": [MANAGEMENT, ADMINISTRATOR],
    "organization": {
        "partition": "aws",
        "caller_account": MANAGEMENT,
        "identity": known({"id": ORGANIZATION, "management_account": MANAGEMENT}),
        "accounts": known(
            [
                {"id": account["id"], "name": account["name"], "state": "ACTIVE", "parents": known([ROOT, UNIT] if number else [ROOT])}
                for number, account in enumerate(ACCOUNTS)
            ]
        ),
        "enabled_policy_types": known(["GUARDDUTY_POLICY", "S3_POLICY", "SERVICE_CONTROL_POLICY"]),
        "policies": {
            "SERVICE_CONTROL_POLICY": known(
                [{"id": "p-11111111", "name": "FullAWSAccess", "content": known(POLICY), "targets": known([ROOT, UNIT, MEMBER])}]
            ),
            "RESOURCE_CONTROL_POLICY": known([]),
        },
        "guardduty_administrators": {HOME: known(ADMINISTRATOR), ELSEWHERE: known(None)},
        "guardduty_policies": {account["id"]: known('{"guardduty": {}}') for account in ACCOUNTS},
    },
}


def write(path: str) -> None:
    """Writes the snapshot."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for line in (HEADER, *ACCOUNTS, {"accounts": len(ACCOUNTS)}):
            file.write(json.dumps(line) + "\n")
