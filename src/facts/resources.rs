//! What policy code may read: the facts of each kind of resource. `exfilguard schema facts` prints these types.
//!
//! A part of a list that could not be read stands in the list as one entry whose facts are all unknown and whose numbers
//! are the most favourable ones, so that a check can neither pass nor fail by what was not seen.

use schemars::JsonSchema;
use serde::Serialize;

use super::fact::Fact;

/// A general purpose bucket.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BucketFacts {
    /// The bucket's name.
    pub name: String,
    /// The region that it is in; empty when it could not be read.
    pub region: String,
    /// The policy file calls the bucket sensitive, by its name or its tags.
    pub sensitive: Fact,
    /// Macie looks for sensitive data in it: automated discovery has it on its list, or it was analysed in the last 90
    /// days.
    pub classified: Fact,
    /// Every read of its objects and every listing is logged, by some trail or event data store that delivers.
    pub reads_logged: Fact,
    /// Every write and deletion of its objects is logged.
    pub writes_logged: Fact,
    /// Neither its policy nor its access control list admits the public.
    pub not_public: Fact,
    /// Who outside the organization its policy or access control list names or admits.
    pub outside_grants: Vec<OutsideGrant>,
    /// Whether stolen credentials of the organization are refused outside its networks.
    pub denies_foreign_network: ForeignNetwork,
    /// S3 Block Public Access as it takes effect: organization, account and bucket together.
    pub public_access_blocked: PublicAccessBlocked,
    /// Requests without TLS are refused.
    pub requires_tls: Fact,
    /// It keeps versions of its objects.
    pub versioned: Fact,
    /// Object Lock is enabled.
    pub locked: Fact,
    /// The key that encrypts its new objects refuses everybody outside the organization.
    pub key_denies_outside: Fact,
    /// Strangers whom no statement names, and AWS services that act for strangers, are refused.
    pub identity_perimeter: Fact,
    /// The organization's credentials cannot change the bucket's controls from outside its networks.
    pub control_plane_perimeter: Fact,
    /// Whether those who should use the bucket can.
    pub legitimate_use: LegitimateUse,
    /// Access control lists are disabled: policies alone decide, and every object belongs to the bucket's owner.
    pub acls_disabled: Fact,
    /// Where the bucket sends data by itself, as far as it is switched on.
    pub exports: Vec<Export>,
}

/// Something that carries a bucket's data, or the names of its objects, elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Export {
    /// `replication`, `inventory`, `access-log` or `notification`.
    pub kind: String,
    /// The bucket's name, or the ARN of a topic, queue or function; `*` for a kind that could not be read.
    pub destination: String,
    /// The account that the destination belongs to; empty where that is not known.
    pub account_id: String,
    /// The destination belongs to the bucket's account or to another one of the organization.
    pub inside: Fact,
}

/// Whether a bucket's policies serve those who should be served; nobody's own permissions are asked for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LegitimateUse {
    /// Some workload of the organization can read, list and write through a VPC endpoint of the organization.
    pub own_endpoint: Fact,
    /// Every AWS service that the policy names can act for the owner's account.
    pub services: Fact,
    /// A service such as Athena can read, list and write with the credentials of a principal of the organization.
    pub forward_access: Fact,
    /// The root user of the owner's account, the last resort, can read and replace the bucket policy.
    pub repair: Fact,
}

/// Access that somebody outside the organization holds, or may hold.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OutsideGrant {
    /// Who: an account id, an organization id, a canonical user id, a service, or `*`.
    pub grantee: String,
    /// `account`, `organization`, `canonical-user`, `service`, `anonymous` or `other`.
    pub kind: String,
    /// The account, when the grantee is one or belongs to one; else empty.
    pub account_id: String,
    /// The grantee can use at least one of the actions.
    pub granted: Fact,
    /// The S3 actions that were tried and not refused.
    pub actions: Vec<String>,
}

/// An access point of S3.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AccessPointFacts {
    /// The access point's name.
    pub name: String,
    /// The region that it is in; empty for one of several regions.
    pub region: String,
    /// The names of the bucket behind it, or of those in its regions.
    pub buckets: Vec<String>,
    /// The account that owns the bucket.
    pub bucket_account_id: String,
    /// `Internet` or `VPC`.
    pub network_origin: String,
    /// The only VPC that it serves; empty if its origin is not `VPC`.
    pub vpc_id: String,
    /// Who outside the organization its policy names or admits, as far as the bucket's policy goes along.
    pub outside_grants: Vec<OutsideGrant>,
}

/// Whether the organization's own credentials are refused when used from elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ForeignNetwork {
    /// Refused from an internet address outside the trusted networks.
    pub from_internet: Fact,
    /// Refused through a VPC endpoint of another organization.
    pub from_foreign_endpoint: Fact,
    /// A presigned URL is refused from the internet.
    pub by_presigned_url: Fact,
}

/// The four settings of S3 Block Public Access.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PublicAccessBlocked {
    /// New public access control lists are rejected.
    pub block_public_acls: Fact,
    /// Public access control lists are ignored.
    pub ignore_public_acls: Fact,
    /// New public policies are rejected.
    pub block_public_policy: Fact,
    /// A bucket with a public policy serves only its owner and AWS services.
    pub restrict_public_buckets: Fact,
}

/// A trail, judged in the account that owns it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TrailFacts {
    /// The trail's name.
    pub name: String,
    /// The trail's ARN.
    pub arn: String,
    /// The region that it was created in.
    pub home_region: String,
    /// Logging is switched on.
    pub logging: Fact,
    /// Its last delivery to the bucket succeeded.
    pub delivering: Fact,
    /// It writes signed digests of its files.
    pub log_file_validation: Fact,
    /// Its files are encrypted with a customer's key that is enabled and lets CloudTrail use it.
    pub encrypted: Fact,
    /// The bucket that it delivers to.
    pub log_bucket: LogBucket,
}

/// The bucket that a trail delivers to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LogBucket {
    /// Its name.
    pub name: String,
    /// Neither its policy nor its access control list admits the public.
    pub not_public: Fact,
    /// It refuses strangers, and CloudTrail where it acts for strangers.
    pub denies_strangers: Fact,
    /// It keeps versions, or Object Lock holds its objects.
    pub kept: Fact,
    /// Its lifecycle rules could be read.
    pub expiry_read: Fact,
    /// After how many days each of its lifecycle rules in force deletes objects.
    pub expiry_days: Vec<u64>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AccountFacts {
    /// The account's id.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// Every management event that matters for S3 is logged in every region.
    pub management_events_logged: Fact,
    /// A trail that the account's own principals cannot stop, the organization's, covers it; outside of an organization a
    /// trail of its own in every region.
    pub organization_trail_covers: Fact,
    /// What its principals read from buckets of other accounts is logged, in every region.
    pub foreign_reads_logged: Fact,
    /// What its principals write to buckets of other accounts is logged, in every region.
    pub foreign_writes_logged: Fact,
    /// Data events of its buckets arrive in a log group or at EventBridge, in every region with buckets.
    pub data_events_can_alert: Fact,
    /// The chains from a read of the account's objects to a person: trail, log group, metric filter, alarm, topic.
    pub bulk_download_alarms: Vec<BulkDownloadAlarm>,
    /// A person hears of it when a trail that covers the account is stopped, deleted or changed, by an alarm or a rule.
    pub log_tampering_heard: Fact,
    /// A person hears of it, in every region, when a bucket's policy, access control list or replication is changed or
    /// Block Public Access is taken away, by an alarm or a rule.
    pub bucket_policy_changes_heard: Fact,
}

/// One chain from object reads to a person.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BulkDownloadAlarm {
    /// The alarm's name; empty for a part that could not be read.
    pub alarm: String,
    /// The alarm's region.
    pub region: String,
    /// The log group.
    pub log_group: String,
    /// The metric filter.
    pub filter: String,
    /// The filter counts every read of every bucket of the account.
    pub covers_bucket_reads: Fact,
    /// A burst of `smallest_burst` reads surely raises the alarm, and the alarm can act.
    pub detects: Fact,
    /// The least number of reads that surely raises the alarm; 0 while `detects` does not hold.
    pub smallest_burst: u64,
    /// How many reads a day never raise the alarm if they come evenly; 0 while `detects` does not hold.
    pub unseen_per_day: f64,
    /// Seconds from the burst to the alarm, at worst; 0 while `detects` does not hold.
    pub seconds_to_alarm: u64,
    /// The alarm's action reaches a person.
    pub reaches_someone: Fact,
}

/// One region of an account.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AccountRegionFacts {
    /// The account's id.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// Every management event that matters for S3 is logged in this region.
    pub management_events_logged: Fact,
    /// Some data events of S3 are logged in this region; holds where the account has no bucket in it.
    pub some_data_events_logged: Fact,
    /// GuardDuty's detector is enabled.
    pub guardduty_enabled: Fact,
    /// GuardDuty tells of repeated findings at least every hour.
    pub guardduty_publishes_promptly: Fact,
    /// No filter archives a finding type that tells of S3 exfiltration, whoever and whatever it is about.
    pub guardduty_findings_kept: Fact,
    /// Filters that archive such findings of some principals, addresses or buckets only.
    pub guardduty_narrowed_filters: Vec<String>,
    /// No list of trusted addresses or entities, of which GuardDuty makes no findings, is active.
    pub guardduty_trusts_nobody: Fact,
    /// GuardDuty watches S3 data events.
    pub guardduty_s3_protection: Fact,
    /// The account should be a member of GuardDuty's administrator: it belongs to an organization and is not the
    /// administrator itself.
    pub guardduty_member_expected: Fact,
    /// GuardDuty's administrator has the account as a member, and sees its findings.
    pub guardduty_member_healthy: Fact,
    /// Every finding type that tells of S3 exfiltration reaches a person through EventBridge, from this account's bus or
    /// from that of GuardDuty's administrator.
    pub guardduty_findings_routed: Fact,
    /// A person hears of every call there that opens a bucket, or stops a trail or GuardDuty, by an alarm or a rule.
    pub tampering_heard: Fact,
    /// A sensitive bucket of the account is in the region.
    pub holds_sensitive_buckets: Fact,
    /// Macie is enabled, and not paused.
    pub macie_enabled: Fact,
}

/// One region of the whole organization. It is judged together with the management account.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OrganizationRegionFacts {
    /// The organization's id; empty where there is none.
    pub organization_id: String,
    /// The region.
    pub region: String,
    /// The account belongs to an organization.
    pub in_organization: Fact,
    /// GuardDuty has a delegated administrator in the region.
    pub guardduty_administrator_set: Fact,
    /// GuardDuty and its S3 Protection are switched on by themselves in every account, by the administrator's configuration
    /// or by a GuardDuty policy of the organization.
    pub guardduty_enables_s3: Fact,
}

/// A CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AlarmFacts {
    /// The alarm's name.
    pub name: String,
    /// The alarm's region.
    pub region: String,
    /// The alarm watches a metric that a metric filter on a trail's log group publishes.
    pub security_relevant: Fact,
    /// Its actions are switched on.
    pub actions_enabled: Fact,
    /// When it is raised an action runs: its own, or that of a composite alarm that follows it. It is not in ALARM for more
    /// than a day, not muted, and what it acts on takes its message.
    pub can_act: Fact,
    /// One of its actions reaches a person.
    pub reaches_someone: Fact,
}

/// An EventBridge rule with an event pattern.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EventRuleFacts {
    /// The rule's name.
    pub name: String,
    /// The bus that it is on.
    pub bus: String,
    /// The region.
    pub region: String,
    /// The pattern is about GuardDuty findings.
    pub concerns_guardduty: Fact,
    /// The pattern can match a finding that GuardDuty still makes.
    pub not_dead: Fact,
    /// The retired finding types that the pattern names.
    pub retired_types: Vec<String>,
    /// No essential finding type is dropped for its default severity alone, unless another rule of the bus takes it.
    pub keeps_severities: Fact,
    /// The rule is switched on.
    pub enabled: Fact,
    /// The pattern matches some finding of GuardDuty about S3 or its credentials, or some call that opens a bucket or
    /// stops a trail or GuardDuty.
    pub watches_exfiltration: Fact,
    /// One of its targets takes its events, whoever then hears of them.
    pub target_reachable: Fact,
}

/// A VPC that the account owns.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct VpcFacts {
    /// `vpc-…`.
    pub id: String,
    /// The region.
    pub region: String,
    /// Something runs in it: a network interface is in use that is not part of AWS's own machinery, such as a NAT gateway
    /// or a load balancer.
    pub has_workloads: Fact,
    /// None of its workloads reaches S3 past an endpoint: each of their subnets leads to S3 through an endpoint of the VPC,
    /// or has no way out.
    pub s3_through_endpoint: Fact,
}

/// A VPC endpoint of S3.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct VpcEndpointFacts {
    /// `vpce-…`.
    pub id: String,
    /// The VPC.
    pub vpc_id: String,
    /// For example `com.amazonaws.eu-west-1.s3`.
    pub service_name: String,
    /// The organization's principals cannot reach buckets of others through it (probe V1).
    pub denies_org_to_foreign_bucket: Fact,
    /// Others' credentials cannot reach others' buckets through it (probe V2).
    pub denies_foreign_to_foreign_bucket: Fact,
    /// Unsigned requests cannot reach others' buckets through it (probe V3).
    pub denies_anonymous_to_foreign_bucket: Fact,
    /// Others' credentials cannot reach the organization's buckets through it (probe V4).
    pub denies_foreign_to_own_bucket: Fact,
}
