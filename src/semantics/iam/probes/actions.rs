//! The S3 actions that probes ask for.

use super::super::acl::AclClass;
use super::super::decision::is_root_always_allowed;
use super::named::Named;

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

/// Whether probes ask for the action on objects, not on the bucket.
pub(super) fn is_asked_on_objects(action: &str) -> bool {
    is_object_action(action) || action.eq_ignore_ascii_case("s3:BypassGovernanceRetention")
}

/// Actions that no policy tells apart: a request for one of them is answered as the same request for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActionClass {
    /// The actions, in the order in which they were given. There is at least one.
    pub actions: Vec<String>,
}

impl ActionClass {
    /// The action that is tried for all: the first, so that what is found is what a search through all of them finds.
    pub fn representative(&self) -> &str {
        self.actions.first().map_or("", String::as_str)
    }
}

/// What an answer can depend on, of an action: all that [`decide`](super::super::decision::decide) asks of it.
#[derive(PartialEq, Eq)]
struct Distinction {
    on_objects: bool,
    covered: Vec<bool>,
    acl: AclClass,
    roots: bool,
}

/// Puts actions into classes, in the order of their first ones.
pub(super) fn classes<'a>(actions: impl IntoIterator<Item = &'a str>, named: &Named<'_>) -> Vec<ActionClass> {
    let mut classes: Vec<(Distinction, ActionClass)> = Vec::new();
    for action in actions {
        let lower_case = action.to_ascii_lowercase();
        let distinction = Distinction {
            on_objects: is_asked_on_objects(action),
            covered: named.covering(&lower_case).collect(),
            acl: AclClass::of(&lower_case),
            roots: is_root_always_allowed(&lower_case),
        };
        match classes.iter_mut().find(|(known, _)| *known == distinction) {
            Some((_, class)) => class.actions.push(action.to_owned()),
            None => classes.push((distinction, ActionClass { actions: vec![action.to_owned()] })),
        }
    }
    classes.into_iter().map(|(_, class)| class).collect()
}
