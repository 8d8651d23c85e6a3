//! How an audit went.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rfc3339;

/// How the audit went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Unique id of this audit.
    pub id: String,
    /// The version of exfilguard that made it.
    pub tool_version: String,
    /// When the audit started (RFC 3339, UTC).
    #[serde(with = "rfc3339")]
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    /// When the audit ended (RFC 3339, UTC).
    #[serde(with = "rfc3339")]
    #[schemars(with = "String")]
    pub finished_at: Timestamp,
    /// Where the configuration was read from.
    pub source: Source,
    /// Which of several parts of the accounts was audited (`I/N`, the first of four is `1/4`); none: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The partition of AWS (`aws`, `aws-cn`, `aws-us-gov`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// A digest of what was judged by: the check modules and the policy file's settings of them. Assessments of other
    /// digests do not fit together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<String>,
    /// The organization's id (`o-…`); none outside an organization or if it could not be read.
    pub organization_id: Option<String>,
    /// The id of the organization's management account.
    pub management_account: Option<String>,
    /// How many accounts the audit was asked for.
    pub accounts_in_scope: u64,
    /// How many accounts were read of which nothing in scope was unreadable.
    pub accounts_audited: u64,
    /// Every region that was audited in some account, sorted.
    pub regions: Vec<String>,
    /// Whether everything in scope could be read and no check was defective.
    pub complete: bool,
    /// What could not be read, sorted.
    pub incomplete: Vec<Incomplete>,
    /// The calls to AWS.
    pub api_calls: ApiCalls,
}

/// Where the configuration was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// From AWS.
    Live,
    /// From a saved snapshot.
    Snapshot,
}

/// One thing in scope that could not be read. Ordered by account, region, operation and resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Incomplete {
    /// The account that was asked.
    pub account_id: String,
    /// The region that was asked; none for a global service.
    pub region: Option<String>,
    /// The operation, such as `s3:GetBucketPolicy`.
    pub operation: String,
    /// The resource that was asked about, if the operation is about one.
    pub resource: Option<String>,
    /// The error code, such as `AccessDenied`.
    pub code: String,
    /// The error message.
    pub message: String,
}

/// How many calls to AWS the audit made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiCalls {
    /// All requests that were sent, retries included.
    pub total: u64,
    /// How many of them were attempts after the first.
    pub retries: u64,
    /// Answers that asked to slow down.
    pub throttled: u64,
    /// Calls by operation, such as `cloudtrail:DescribeTrails`.
    pub by_operation: BTreeMap<String, u64>,
}
