//! What the report says of the data: what was taken and destroyed, and by which ways it went out.

use schemars::JsonSchema;
use serde::Serialize;

use super::Confidence;

/// What was taken and what was destroyed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DataImpact {
    /// Per bucket.
    pub buckets: Vec<BucketImpact>,
    /// Distinct objects that went out, by whatever way.
    pub objects_count: u64,
    /// Distinct keys of them, whatever the bucket.
    pub distinct_keys: u64,
    /// Bytes that records tell of: a lower bound, as copies and replications tell none, and what was not logged is missing.
    pub bytes_out: u64,
    /// Requests that took something.
    pub requests: u64,
    /// What Macie knows of the objects.
    pub sensitive: Sensitive,
    /// Objects that went out and in which Macie reported nothing: not known to be harmless.
    pub unclassified_count: u64,
    /// Distinct objects that were deleted.
    pub deleted_count: u64,
    /// Requests that deleted objects without their records naming them.
    pub unnamed_deletions: u64,
    /// Use of a followed credential that is not counted: within the organization's own network, or through presigned URLs
    /// that the workload may have signed.
    pub set_apart: SetApart,
    /// The objects, the largest first.
    pub objects: Vec<TakenObject>,
    /// How many more there are.
    pub objects_left_out: u64,
}

/// What is not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SetApart {
    /// Distinct objects.
    pub objects: u64,
    /// Requests.
    pub requests: u64,
    /// Bytes.
    pub bytes_out: u64,
}

/// What went out of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BucketImpact {
    /// The bucket.
    pub bucket: String,
    /// Its owner, where records tell.
    pub account: Option<String>,
    /// Distinct objects that went out.
    pub objects: u64,
    /// Requests that took them.
    pub requests: u64,
    /// Bytes: a lower bound.
    pub bytes_out: u64,
    /// Of the objects, those that Macie found something in.
    pub sensitive_objects: u64,
    /// Distinct objects that were deleted.
    pub deleted: u64,
    /// The first request.
    pub first_seen: String,
    /// The last one.
    pub last_seen: String,
}

/// What Macie found in objects that went out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sensitive {
    /// Whether Macie's findings were read at all.
    pub assessed: bool,
    /// Categories of data, sorted.
    pub categories: Vec<String>,
    /// Objects with such data.
    pub object_count: u64,
    /// `High`, `Medium` or `Low`: the highest.
    pub severity: Option<String>,
}

/// An object that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TakenObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// By which ways: the kinds of `exfil_paths`.
    pub ways: Vec<String>,
    /// Requests.
    pub requests: u64,
    /// Bytes that were read.
    pub bytes_out: u64,
    /// What Macie found: categories; empty if it found nothing or never looked.
    pub sensitive: Vec<String>,
    /// The first request.
    pub first_seen: String,
}

/// A way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExfilPath {
    /// `direct-read`, `presigned-url`, `copy`, `upload`, `replication`, `outside-account` or another setting that lets
    /// data out.
    pub kind: String,
    /// Where to: a bucket, an account, addresses.
    pub destination: String,
    /// The account that owns the destination; none if records do not tell.
    pub owner: Option<String>,
    /// From which buckets.
    pub from_buckets: Vec<String>,
    /// Distinct objects.
    pub objects: u64,
    /// Bytes that records tell of.
    pub bytes_out: u64,
    /// The first request.
    pub first_seen: String,
    /// The last one.
    pub last_seen: String,
    /// Whether the way stays open when the credentials are gone.
    pub stays_open: bool,
    /// How sure it is.
    pub confidence: Confidence,
    /// In words.
    pub text: String,
}
