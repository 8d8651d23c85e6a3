//! What was read of Macie in one region.

use serde::{Deserialize, Serialize};

use super::Reading;

/// Macie in a region of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Macie {
    /// The status of Macie in the account: `ENABLED` or `PAUSED`; known and `None` when it was never enabled.
    pub status: Reading<Option<String>>,
    /// What Macie says of the region's buckets; read only where it is enabled.
    pub buckets: Reading<Vec<MacieBucket>>,
    /// When it was read, RFC 3339 in UTC.
    pub read_at: String,
}

/// What Macie says of a bucket (`macie2:DescribeBuckets`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MacieBucket {
    /// The bucket's name.
    pub name: String,
    /// `MONITORED` when automated sensitive data discovery is on and does not leave the bucket out, else
    /// `NOT_MONITORED`.
    pub automated_discovery: String,
    /// When automated discovery last analysed objects of it, RFC 3339 in UTC.
    pub last_automated_discovery: Option<String>,
    /// Whether a classification job covers it: `TRUE`, `FALSE` or `UNKNOWN`.
    pub defined_in_job: String,
    /// When the job that ran last started, RFC 3339 in UTC.
    pub last_job_run: Option<String>,
    /// Why Macie cannot look into the bucket, such as `ACCESS_DENIED`.
    pub error_code: Option<String>,
}
