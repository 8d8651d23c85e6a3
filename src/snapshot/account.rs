//! What was read of one account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distinct::distinct;
use super::{AccessPoint, BucketExports, Reading};
use crate::semantics::configuration::{
    AdvancedEventSelector, CompositeAlarm, Key, MetricAlarm, MetricFilter, PublicAccessBlock, Queue,
    Subscription, Topic, TrailSelectors,
};
use crate::semantics::finding_filter::FindingFilter;

/// How far the program got into an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// It was entered.
    Entered,
    /// It is suspended or closed: listed, not entered.
    Suspended,
    /// It could not be entered: the role could not be assumed.
    Unreachable(super::Unreadable),
}

/// Everything that was read of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountSnapshot {
    /// The account's id, twelve digits.
    pub id: String,
    /// The account's name; empty when unknown.
    pub name: String,
    /// Whether it was entered.
    pub entry: Entry,
    /// The regions that are enabled in the account and in scope (`ec2:DescribeRegions`).
    pub regions: Reading<Vec<String>>,
    /// The account's S3 Block Public Access; known and `None` when never set.
    pub public_access_block: Reading<Option<PublicAccessBlock>>,
    /// The organization's S3 policy for the account (`S3_POLICY`, effective): whether it blocks all public access;
    /// `None` when there is none.
    pub organization_blocks_public_access: Reading<Option<bool>>,
    /// The account's canonical user id, as `s3:ListBuckets` gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_user: Option<String>,
    /// The account's general purpose buckets in the regions in scope.
    pub buckets: Reading<Vec<Bucket>>,
    /// The account's access points of several regions (`s3control:ListMultiRegionAccessPoints`); none where the
    /// partition has no such thing.
    pub multi_region_access_points: Reading<Vec<AccessPoint>>,
    /// What was read per region.
    #[serde(deserialize_with = "distinct")]
    pub regional: BTreeMap<String, Region>,
    /// Macie by region; read where the account has buckets.
    #[serde(deserialize_with = "distinct")]
    pub macie: BTreeMap<String, super::Macie>,
    /// Status and selectors of the trails that the account owns, by ARN.
    #[serde(deserialize_with = "distinct")]
    pub trail_details: BTreeMap<String, TrailDetails>,
    /// The account's log groups that a trail delivers to, by ARN.
    #[serde(deserialize_with = "distinct")]
    pub log_groups: BTreeMap<String, LogGroup>,
    /// Alarms by region; read where a log group that a trail delivers to has metric filters.
    #[serde(deserialize_with = "distinct")]
    pub alarms: BTreeMap<String, RegionAlarms>,
    /// KMS keys that trails and the default encryption of buckets name, by [`key_name`].
    #[serde(deserialize_with = "distinct")]
    pub keys: BTreeMap<String, Reading<Key>>,
    /// SNS topics that alarms or rules of the account name, by ARN.
    #[serde(deserialize_with = "distinct")]
    pub topics: BTreeMap<String, TopicRecord>,
    /// Policies of the Lambda functions that rules of the account name, as text, by the ARN that the rule gives; known and
    /// `None` when there is no such function, version or alias, or when nobody but its account may invoke it.
    #[serde(deserialize_with = "distinct")]
    pub functions: BTreeMap<String, Reading<Option<String>>>,
    /// SQS queues that rules of the account name, by ARN.
    #[serde(deserialize_with = "distinct")]
    pub queues: BTreeMap<String, QueueRecord>,
}

/// What a key is recorded under: its ARN; or region and id or alias, which name another key in each region.
#[must_use]
pub fn key_name(region: &str, id: &str) -> String {
    if id.starts_with("arn:") { id.to_owned() } else { format!("{region}/{id}") }
}

/// A general purpose bucket and what decides who may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// The region that it is in.
    pub region: Reading<String>,
    /// The bucket policy as text; known and `None` when there is none.
    pub policy: Reading<Option<String>>,
    /// The bucket's own Block Public Access; known and `None` when not set.
    pub public_access_block: Reading<Option<PublicAccessBlock>>,
    /// The access control list.
    pub acl: Reading<BucketAcl>,
    /// `BucketOwnerEnforced`, …; known and `None` when not set (then ACLs are in force).
    pub object_ownership: Reading<Option<String>>,
    /// Where the bucket sends data by itself.
    pub exports: BucketExports,
    /// The bucket's tags.
    pub tags: Reading<BTreeMap<String, String>>,
    /// What keeps its objects.
    pub protection: super::BucketProtection,
}

/// A bucket's access control list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketAcl {
    /// The owner's canonical user id.
    pub owner: String,
    /// The grants.
    pub grants: Vec<AclGrant>,
}

/// One grant of an access control list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclGrant {
    /// A group URI or a canonical user id.
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: String,
}

/// What was read of one region of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The trails that the region shows, shadows of other regions' and the organization's included.
    pub trails: Reading<Vec<Trail>>,
    /// CloudTrail Lake event data stores.
    pub event_data_stores: Reading<Vec<EventDataStore>>,
    /// GuardDuty's detector; known and `None` when GuardDuty was never enabled.
    pub detector: Reading<Option<Detector>>,
    /// The detector's filters; none without a detector.
    pub finding_filters: Reading<Vec<FindingFilter>>,
    /// The detector's lists of trusted addresses and entities; none without a detector.
    pub trusted_lists: Reading<Vec<TrustedList>>,
    /// What GuardDuty's administrator sees of the organization; `None` where the account is not its administrator.
    pub guardduty_administration: Option<super::GuardDutyAdministration>,
    /// EventBridge rules with an event pattern, on every bus; without those that an AWS service manages, which never
    /// lead to a person.
    pub rules: Reading<Vec<Rule>>,
    /// VPC endpoints of S3.
    pub vpc_endpoints: Reading<Vec<VpcEndpoint>>,
    /// VPCs, and how their workloads get out.
    pub network: super::RegionNetwork,
    /// The account's access points in the region (`s3control:ListAccessPoints`).
    pub access_points: Reading<Vec<AccessPoint>>,
}

/// A trail as `cloudtrail:DescribeTrails` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// The trail's name.
    pub name: String,
    /// The trail's ARN; names the account that owns it.
    pub arn: String,
    /// The region that it was created in.
    pub home_region: String,
    /// Whether it covers every enabled region.
    pub multi_region: bool,
    /// Whether it covers every account of the organization.
    pub organization: bool,
    /// Whether events of global services are included.
    pub include_global_service_events: bool,
    /// The bucket that it delivers to.
    pub s3_bucket: String,
    /// The log group that it delivers to.
    pub log_group_arn: Option<String>,
    /// The role that it writes to the log group with.
    pub log_group_role_arn: Option<String>,
    /// The key that encrypts its files.
    pub kms_key_id: Option<String>,
    /// Whether digests are written.
    pub log_file_validation: bool,
}

/// What only a trail's owner can read, in its home region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailDetails {
    /// Whether it logs, and whether its deliveries succeed.
    pub status: Reading<TrailStatus>,
    /// Its event selectors.
    pub selectors: Reading<TrailSelectors>,
}

/// A trail's status (`cloudtrail:GetTrailStatus`). Times are RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrailStatus {
    /// Whether the trail logs now.
    pub is_logging: bool,
    /// The last error of delivery to the bucket.
    pub latest_delivery_error: Option<String>,
    /// The last delivery to the bucket.
    pub latest_delivery_time: Option<String>,
    /// The last error of delivery to the log group.
    pub latest_log_group_delivery_error: Option<String>,
    /// The last delivery to the log group.
    pub latest_log_group_delivery_time: Option<String>,
}

/// An event data store of CloudTrail Lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDataStore {
    /// The store's ARN.
    pub arn: String,
    /// The store's name.
    pub name: String,
    /// `ENABLED` when it ingests.
    pub status: String,
    /// Whether it covers every enabled region.
    pub multi_region: bool,
    /// Whether it covers every account of the organization.
    pub organization: bool,
    /// What it ingests.
    pub advanced_event_selectors: Vec<AdvancedEventSelector>,
}

/// GuardDuty's detector in one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detector {
    /// The detector's id.
    pub id: String,
    /// `ENABLED` or `DISABLED` (suspended).
    pub status: String,
    /// The features with their state; absent when AWS answered in the legacy shape only.
    pub features: Option<Vec<DetectorFeature>>,
    /// The legacy `dataSources.s3Logs.status`.
    pub legacy_s3_logs: Option<String>,
    /// `FIFTEEN_MINUTES`, `ONE_HOUR` or `SIX_HOURS`.
    pub finding_publishing_frequency: Option<String>,
}

/// A list of addresses or entities of which GuardDuty makes no findings (`guardduty:GetIPSet`,
/// `guardduty:GetTrustedEntitySet`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedList {
    /// `ip-set` or `entity-set`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `INACTIVE`, …
    pub status: String,
    /// Where its content lies, in S3.
    pub location: String,
}

/// One feature of a detector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectorFeature {
    /// For example `S3_DATA_EVENTS`.
    pub name: String,
    /// `ENABLED` or `DISABLED`.
    pub status: String,
    /// What manages the feature instead of the account; AWS knows `GUARDDUTY_POLICY`, a policy of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}

/// A log group that a trail delivers to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogGroup {
    /// `STANDARD`, `INFREQUENT_ACCESS`, …; known and `None` when the log group does not exist.
    pub class: Reading<Option<String>>,
    /// Its metric filters.
    pub metric_filters: Reading<Vec<MetricFilter>>,
}

/// What was read of a region's alarms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionAlarms {
    /// The alarms.
    pub alarms: Reading<Alarms>,
    /// The rules that mute alarms, read only where there are alarms.
    pub mute_rules: Reading<Vec<AlarmMuteRule>>,
    /// When they were read, RFC 3339 in UTC: what "now" means for an alarm that is raised.
    pub read_at: String,
}

/// The alarms of a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alarms {
    /// Alarms on metrics.
    pub metric: Vec<MetricAlarm>,
    /// Alarms on other alarms.
    pub composite: Vec<CompositeAlarm>,
    /// Names of alarms on scheduled log queries.
    pub log: Vec<String>,
}

/// A rule that mutes alarms (`cloudwatch:GetAlarmMuteRule`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlarmMuteRule {
    /// The rule's ARN.
    pub arn: String,
    /// `ACTIVE`, `SCHEDULED`, `EXPIRED`.
    pub status: String,
    /// The `cron()` or `at()` expression.
    pub expression: String,
    /// How long each mute lasts, ISO 8601 (`PT4H`).
    pub duration: String,
    /// The names of the alarms that it mutes.
    pub alarm_names: Vec<String>,
}

/// An EventBridge rule with an event pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The rule's name.
    pub name: String,
    /// The rule's ARN.
    pub arn: String,
    /// The bus that it is on.
    pub bus: String,
    /// The event pattern as text.
    pub event_pattern: String,
    /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    /// The AWS service that made and manages it.
    pub managed_by: Option<String>,
    /// Where it sends events.
    pub targets: Reading<Vec<Target>>,
}

/// A target of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The target's id in the rule.
    pub id: String,
    /// What it is.
    pub arn: String,
    /// The role that EventBridge uses.
    pub role_arn: Option<String>,
}

/// An SNS topic with its subscriptions and key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRecord {
    /// The topic's attributes; known and `None` when there is no such topic.
    pub attributes: Reading<Option<Topic>>,
    /// Its subscriptions.
    pub subscriptions: Reading<Vec<Subscription>>,
    /// The key that encrypts it, when it names a customer's key.
    pub key: Option<Reading<Key>>,
}

/// An SQS queue with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRecord {
    /// The queue's attributes; known and `None` when there is no such queue.
    pub attributes: Reading<Option<Queue>>,
    /// The key that encrypts it, when it names a customer's key.
    pub key: Option<Reading<Key>>,
}

/// A VPC endpoint of S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// The VPC.
    pub vpc_id: String,
    /// For example `com.amazonaws.eu-west-1.s3`.
    pub service_name: String,
    /// `Gateway` or `Interface`.
    pub kind: String,
    /// `available`, `pending`, …
    pub state: String,
    /// The endpoint policy as text.
    pub policy: Option<String>,
    /// Of a gateway endpoint: the route tables that lead to it.
    pub route_tables: Vec<String>,
    /// Of an interface endpoint: whether the names of S3 lead to it.
    pub private_dns: bool,
    /// Of an interface endpoint: whether they do so only for requests from outside the VPC.
    pub private_dns_for_inbound_only: bool,
}
