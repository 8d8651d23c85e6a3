//! The S3 actions that probes ask for.

/// What reads data or tells which there are.
pub(super) const READS: [&str; 4] =
    ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];

/// One action of each class that a statement may leave out.
pub(super) const EVERY_CLASS: [&str; 42] = [
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetObjectVersion",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
    "s3:DeleteObjectVersion",
    "s3:GetObjectAcl",
    "s3:GetObjectVersionAcl",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "s3:GetObjectTagging",
    "s3:PutObjectTagging",
    "s3:GetObjectAttributes",
    "s3:GetObjectVersionForReplication",
    "s3:ReplicateObject",
    "s3:RestoreObject",
    "s3:PutObjectRetention",
    "s3:BypassGovernanceRetention",
    "s3:GetBucketAcl",
    "s3:PutBucketAcl",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:GetBucketLocation",
    "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
    "s3:GetReplicationConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:PutInventoryConfiguration",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutEncryptionConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketWebsite",
    "s3:PutBucketTagging",
    "s3:DeleteBucket",
];

/// What an attacker changes to open a bucket (B7).
pub(super) const CONTROLS: [&str; 6] = [
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutReplicationConfiguration",
    "s3:PutBucketAcl",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutInventoryConfiguration",
];

/// Whether S3 asks for the object's ARN, not the bucket's.
pub(super) fn is_object_action(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let name = action.strip_prefix("s3:").unwrap_or(&action);
    (name.contains("object") && !name.contains("bucket"))
        || ["abortmultipartupload", "listmultipartuploadparts"].contains(&name)
}

/// Whether S3 lets the action be used through an access point (S3 user guide, *Access point compatibility*). Settings of
/// the bucket cannot be changed through one.
pub(super) fn works_through_access_point(action: &str) -> bool {
    const OF_THE_BUCKET: [&str; 7] = [
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads",
        "s3:GetBucketLocation",
        "s3:GetBucketAcl",
        "s3:GetBucketPolicy",
        "s3:GetBucketNotification",
    ];
    if OF_THE_BUCKET.iter().any(|known| known.eq_ignore_ascii_case(action)) {
        return true;
    }
    let name = action.to_ascii_lowercase();
    is_object_action(action) && !name.contains("replicat") && !name.contains("objectlockconfiguration")
}
