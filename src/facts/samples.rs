//! Small snapshots for unit tests: an account in which nothing is set, to be changed by the test.

use std::collections::BTreeMap;

use super::context::Context;
use super::guardrails::Guardrails;
use crate::policy::PolicyFile;
use crate::semantics::configuration::{DataResource, EventSelector, Subscription, Topic, TrailSelectors};
use crate::snapshot::{
    AccountSnapshot, AclGrant, Bucket, BucketAcl, BucketExports, Entry, Organization, OrganizationAccount,
    OrganizationIdentity, PolicyType, Reading, Region, TopicRecord, Trail, TrailDetails, TrailStatus,
    Unreadable,
};

/// The account that the samples are about.
pub const ACCOUNT: &str = "111122223333";
/// The region that the samples are in.
pub const REGION: &str = "eu-west-1";

/// When the samples' alarms were read.
pub const NOW: &str = "2026-01-15T04:00:00Z";

/// An account with one region in which there is nothing.
pub fn account() -> AccountSnapshot {
    AccountSnapshot {
        id: ACCOUNT.into(),
        name: "sample".into(),
        entry: Entry::Entered,
        regions: Reading::Known(vec![REGION.into()]),
        public_access_block: Reading::Known(None),
        organization_blocks_public_access: Reading::Known(None),
        canonical_user: None,
        buckets: Reading::Known(Vec::new()),
        multi_region_access_points: Reading::Known(Vec::new()),
        regional: BTreeMap::from([(REGION.into(), region())]),
        macie: BTreeMap::new(),
        trail_details: BTreeMap::new(),
        log_groups: BTreeMap::new(),
        alarms: BTreeMap::new(),
        keys: BTreeMap::new(),
        topics: BTreeMap::new(),
        functions: BTreeMap::new(),
        queues: BTreeMap::new(),
    }
}

/// A region in which there is nothing.
pub fn region() -> Region {
    Region {
        trails: Reading::Known(Vec::new()),
        event_data_stores: Reading::Known(Vec::new()),
        detector: Reading::Known(None),
        finding_filters: Reading::Known(Vec::new()),
        trusted_lists: Reading::Known(Vec::new()),
        guardduty_administration: None,
        rules: Reading::Known(Vec::new()),
        vpc_endpoints: Reading::Known(Vec::new()),
        network: crate::snapshot::RegionNetwork {
            vpcs: Reading::Known(Vec::new()),
            interfaces: Reading::Known(Vec::new()),
            route_tables: Reading::Known(Vec::new()),
        },
        access_points: Reading::Known(Vec::new()),
    }
}

/// A bucket as AWS makes it, but without Block Public Access.
pub fn bucket(name: &str) -> Bucket {
    let owner = "canonical-owner";
    Bucket {
        name: name.into(),
        region: Reading::Known(REGION.into()),
        policy: Reading::Known(None),
        public_access_block: Reading::Known(None),
        acl: Reading::Known(BucketAcl {
            owner: owner.into(),
            grants: vec![AclGrant { grantee: owner.into(), permission: "FULL_CONTROL".into() }],
        }),
        object_ownership: Reading::Known(None),
        protection: crate::snapshot::BucketProtection {
            versioning: Reading::Known(crate::snapshot::Versioning::default()),
            object_lock: Reading::Known(None),
            expiry_days: Reading::Known(Vec::new()),
            encryption: Reading::Known(None),
        },
        exports: BucketExports {
            replication: Reading::Known(Vec::new()),
            inventories: Reading::Known(Vec::new()),
            access_logs: Reading::Known(None),
            notifications: Reading::Known(Vec::new()),
        },
        tags: Reading::Known(BTreeMap::new()),
    }
}

/// An organization of which the sample account is a member, without policies.
pub fn organization() -> Organization {
    Organization {
        partition: "aws".into(),
        caller_account: "999988887777".into(),
        identity: Reading::Known(Some(OrganizationIdentity {
            id: "o-sample".into(),
            management_account: "999988887777".into(),
        })),
        accounts: Reading::Known(vec![OrganizationAccount {
            id: ACCOUNT.into(),
            name: "sample".into(),
            state: "ACTIVE".into(),
            parents: Reading::Known(vec!["r-a".into()]),
        }]),
        enabled_policy_types: Reading::Known(Vec::new()),
        policies: BTreeMap::from([
            (PolicyType::ServiceControlPolicy, Reading::Known(Vec::new())),
            (PolicyType::ResourceControlPolicy, Reading::Known(Vec::new())),
        ]),
        guardduty_administrators: BTreeMap::from([(REGION.into(), Reading::Known(None))]),
        guardduty_policies: BTreeMap::new(),
    }
}

/// A topic with a confirmed subscription of a person, which alarms and rules may publish to.
pub const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

/// The sample account with [`TOPIC`].
pub fn account_with_topic() -> AccountSnapshot {
    let statement = |service: &str| {
        serde_json::json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish",
            "Resource": TOPIC})
    };
    let policy = serde_json::json!({"Version": "2012-10-17",
        "Statement": [statement("events.amazonaws.com"), statement("cloudwatch.amazonaws.com")]});
    let record = TopicRecord {
        attributes: Reading::Known(Some(Topic {
            arn: TOPIC.into(),
            owner: ACCOUNT.into(),
            policy: Some(policy.to_string()),
            kms_master_key_id: None,
        })),
        subscriptions: Reading::Known(vec![Subscription {
            subscription_arn: format!("{TOPIC}:1"),
            protocol: "email".into(),
            endpoint: "soc@example.com".into(),
            ..Subscription::default()
        }]),
        key: None,
    };
    AccountSnapshot { topics: BTreeMap::from([(TOPIC.into(), record)]), ..account() }
}

/// The ARN of the trail of [`account_with_trail`].
pub const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/own";

/// The sample account with these buckets and a trail that logs, in every region, the data events of these values.
pub fn account_with_trail(buckets: Vec<Bucket>, organization: bool, values: &[&str]) -> AccountSnapshot {
    let mut account = AccountSnapshot { buckets: Reading::Known(buckets), ..account() };
    let trail = Trail {
        name: "own".into(),
        arn: TRAIL.into(),
        home_region: REGION.into(),
        multi_region: true,
        organization,
        include_global_service_events: true,
        s3_bucket: "logs".into(),
        log_group_arn: None,
        log_group_role_arn: None,
        kms_key_id: None,
        log_file_validation: true,
    };
    if let Some(region) = account.regional.get_mut(REGION) {
        region.trails = Reading::Known(vec![trail]);
    }
    let selector = EventSelector {
        data_resources: vec![DataResource {
            r#type: "AWS::S3::Object".into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }],
        ..EventSelector::default()
    };
    let details = TrailDetails {
        status: Reading::Known(TrailStatus { is_logging: true, ..TrailStatus::default() }),
        selectors: Reading::Known(TrailSelectors {
            event_selectors: vec![selector],
            ..TrailSelectors::default()
        }),
    };
    account.trail_details.insert(TRAIL.into(), details);
    account
}

/// A part that could not be read.
pub fn denied<T>(operation: &str) -> Reading<T> {
    Reading::Unreadable(Unreadable {
        operation: operation.into(),
        code: "AccessDenied".into(),
        message: String::new(),
    })
}

/// Judges against an organization, without other accounts and with the built-in policy.
pub fn with_context<T>(organization: &Organization, judge: impl FnOnce(&Context<'_>) -> T) -> T {
    let hubs = BTreeMap::new();
    let policy = PolicyFile::default();
    let guardrails = Guardrails::of(organization);
    judge(&Context { organization, hubs: &hubs, policy: &policy, guardrails: &guardrails })
}
