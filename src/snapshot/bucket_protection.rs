//! What keeps the objects of a bucket: versions, locks, expiry, encryption.

use serde::{Deserialize, Serialize};

use super::Reading;

/// What keeps a bucket's objects from being lost, overwritten or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketProtection {
    /// Whether it keeps versions (`s3:GetBucketVersioning`).
    pub versioning: Reading<Versioning>,
    /// Object Lock; known and `None` when not configured. Not asked where the bucket never kept versions, without which
    /// there is no lock.
    pub object_lock: Reading<Option<ObjectLock>>,
    /// After how many days its lifecycle rules in force delete current objects, one entry for each such rule.
    pub expiry_days: Reading<Vec<u64>>,
    /// How it encrypts new objects by default; known and `None` when AWS named nothing.
    pub encryption: Reading<Option<DefaultEncryption>>,
}

impl BucketProtection {
    /// Nothing of it was read, for the same reason.
    #[must_use]
    pub fn unread(why: &super::Unreadable) -> Self {
        Self {
            versioning: Reading::Unreadable(why.clone()),
            object_lock: Reading::Unreadable(why.clone()),
            expiry_days: Reading::Unreadable(why.clone()),
            encryption: Reading::Unreadable(why.clone()),
        }
    }
}

/// A bucket's versioning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioning {
    /// `Enabled`, `Suspended`; none if it never was.
    pub status: Option<String>,
    /// Whether deleting a version needs a second factor.
    pub mfa_delete: bool,
}

/// A bucket's Object Lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectLock {
    /// Whether it is enabled.
    pub enabled: bool,
    /// `GOVERNANCE` or `COMPLIANCE`, where new objects are locked by default.
    pub default_mode: Option<String>,
}

/// How a bucket encrypts new objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultEncryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key: id, ARN or alias; none for AWS's own key of S3.
    pub key: Option<String>,
}
