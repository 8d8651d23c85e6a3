//! The operations on S3 objects that CloudTrail records as data events, and what a new one may be called.

/// Reading or writing objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// Downloads and listings.
    Read,
    /// Uploads, copies and deletions.
    Write,
}

/// Data events on an object that read (S3 user guide, *Amazon S3 CloudTrail events*).
const READS: [&str; 8] = [
    "GetObject",
    "HeadObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "GetObjectTorrent",
    "SelectObjectContent",
    "ListParts",
];
/// Data events on a bucket's objects at large that read: their object resource is `"ARNPrefix": "arn:P:s3:::bucket/"`.
const LISTINGS: [&str; 4] = ["ListObjects", "ListObjectVersions", "ListMultipartUploads", "HeadBucket"];
/// Data events on an object that write.
const WRITES: [&str; 14] = [
    "PutObject",
    "CopyObject",
    "UploadPart",
    "UploadPartCopy",
    "CreateMultipartUpload",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "DeleteObject",
    "PutObjectAcl",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "RestoreObject",
    "RenameObject",
    "UpdateObjectEncryption",
];
/// Data events on a bucket's objects at large that write: the keys stand in the body of the request.
const BATCHES: [&str; 1] = ["DeleteObjects"];

/// An operation that does not exist yet.
pub const FUTURE: &str = "ZzFutureApi";

/// Verbs with which reading operations begin.
const READING_VERBS: [&str; 9] =
    ["Get", "Head", "List", "Select", "Describe", "Lookup", "Query", "Search", "Read"];
/// Verbs with which writing operations begin.
const WRITING_VERBS: [&str; 25] = [
    "Put",
    "Copy",
    "Upload",
    "Create",
    "Complete",
    "Abort",
    "Delete",
    "Restore",
    "Rename",
    "Update",
    "Post",
    "Replicate",
    "Write",
    "Tag",
    "Untag",
    "Initiate",
    "Start",
    "Stop",
    "Set",
    "Add",
    "Remove",
    "Append",
    "Move",
    "Enable",
    "Disable",
];

impl EventClass {
    /// Operations on one object.
    pub fn on_objects(self) -> &'static [&'static str] {
        match self {
            Self::Read => &READS,
            Self::Write => &WRITES,
        }
    }

    /// Operations on a bucket's objects at large.
    pub fn on_buckets(self) -> &'static [&'static str] {
        match self {
            Self::Read => &LISTINGS,
            Self::Write => &BATCHES,
        }
    }

    /// Whether an operation that this program does not know may be of the class, by its name.
    pub fn may_hold(self, name: &str) -> bool {
        let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
        let known = |class: Self| class.on_objects().contains(&name) || class.on_buckets().contains(&name);
        match self {
            Self::Read => known(self) || !begins(&WRITING_VERBS),
            Self::Write => known(self) || !begins(&READING_VERBS),
        }
    }

    /// Whether an operation is known to be one on a bucket's objects at large.
    pub fn is_on_bucket(name: &str) -> bool {
        LISTINGS.contains(&name) || BATCHES.contains(&name)
    }

    /// What reasons call its events.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Write => "writes",
        }
    }

    /// The other class.
    pub fn other(self) -> Self {
        match self {
            Self::Read => Self::Write,
            Self::Write => Self::Read,
        }
    }
}
