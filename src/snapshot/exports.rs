//! Where a bucket sends data by itself.

use serde::{Deserialize, Serialize};

use super::{Reading, Unreadable};

/// What a bucket's own configuration carries elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketExports {
    /// The rules of replication (`s3:GetBucketReplication`).
    pub replication: Reading<Vec<ReplicationRule>>,
    /// The inventories (`s3:ListBucketInventoryConfigurations`).
    pub inventories: Reading<Vec<Inventory>>,
    /// The bucket that server access logs go to (`s3:GetBucketLogging`); known and `None` when none are written.
    pub access_logs: Reading<Option<String>>,
    /// ARNs of the topics, queues and functions that hear of events (`s3:GetBucketNotificationConfiguration`). The
    /// account's own EventBridge, which may hear of them too, is not in it.
    pub notifications: Reading<Vec<String>>,
}

impl BucketExports {
    /// Exports of which nothing could be read.
    #[must_use]
    pub fn unread(why: &Unreadable) -> Self {
        Self {
            replication: Reading::Unreadable(why.clone()),
            inventories: Reading::Unreadable(why.clone()),
            access_logs: Reading::Unreadable(why.clone()),
            notifications: Reading::Unreadable(why.clone()),
        }
    }
}

/// A rule of replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationRule {
    /// The rule's id; may be empty.
    pub id: String,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// The ARN of the destination bucket.
    pub bucket_arn: String,
    /// The account that shall own the copies, where the rule says so.
    pub account: Option<String>,
}

/// An inventory of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The configuration's id.
    pub id: String,
    /// Whether lists are written.
    pub enabled: bool,
    /// The ARN of the destination bucket.
    pub bucket_arn: String,
    /// The account that must own the destination bucket, where the configuration says so.
    pub account: Option<String>,
}
