//! Which check, if it passed, would make good which link of the walk.

use super::technique::{After, Attempt, Caller, Class, Event, Network, Occurs, On, Signed, Whose};

/// The check that speaks of whether this record is logged.
#[must_use]
pub fn of_record(event: &Event) -> &'static str {
    match (event.class, event.bucket) {
        (Class::DataRead, Whose::Own) => "object-reads-logged",
        (Class::DataWrite, Whose::Own) => "object-writes-logged",
        (Class::DataRead | Class::DataWrite, Whose::Thief) => "foreign-bucket-activity-logged",
        (Class::ManagementRead | Class::ManagementWrite, _) => "management-events-logged",
    }
}

/// The check that speaks of an alarm on it, if there is one.
#[must_use]
pub fn of_alarm(event: &Event, occurs: Occurs) -> Option<&'static str> {
    let downloads =
        event.class == Class::DataRead && event.name == "GetObject" && event.caller == Caller::Own;
    if downloads && occurs == Occurs::Bulk {
        return Some("bulk-download-alarm");
    }
    match (event.source.as_str(), event.name.as_str()) {
        (
            "s3.amazonaws.com",
            "PutBucketPolicy"
            | "PutBucketAcl"
            | "DeleteBucketPolicy"
            | "PutBucketReplication"
            | "DeleteBucketPublicAccessBlock"
            | "DeleteAccountPublicAccessBlock",
        ) => Some("bucket-policy-change-alarm"),
        ("cloudtrail.amazonaws.com", "StopLogging" | "DeleteTrail" | "PutEventSelectors" | "UpdateTrail") => {
            Some("log-tampering-alarm")
        }
        _ => None,
    }
}

/// Whether `tampering-alerted` asks for a path from this event to a person.
#[must_use]
pub fn is_tampering(event: &Event) -> bool {
    matches!(
        (event.source.as_str(), event.name.as_str()),
        ("s3.amazonaws.com", "PutBucketPolicy" | "PutBucketReplication")
            | ("cloudtrail.amazonaws.com", "PutEventSelectors" | "StopLogging" | "DeleteTrail")
            | ("guardduty.amazonaws.com", "DeleteDetector")
    )
}

/// The check that speaks of whether this request is refused, if there is one.
#[must_use]
pub fn of_attempt(attempt: &Attempt) -> Option<&'static str> {
    match attempt.on {
        On::Account => None,
        On::ThiefBucket => (attempt.from == Network::OwnEndpoint).then_some("endpoint-restricts-buckets"),
        On::Bucket => match (attempt.by, attempt.after) {
            (Caller::Anonymous, After::Nothing) => Some("bucket-not-public"),
            (Caller::Anonymous, After::AclAdmitsEverybody) => Some("bucket-acls-disabled"),
            (Caller::Anonymous, _) => Some("bucket-blocks-public-access"),
            (Caller::Thief, After::Nothing) => Some("bucket-not-shared-outside"),
            (Caller::Thief, _) => None,
            (Caller::Own, _) if is_control(&attempt.action) => Some("bucket-control-plane-perimeter"),
            (Caller::Own, _) if is_read(&attempt.action) || attempt.signed == Signed::Url => {
                Some("bucket-restricts-network")
            }
            (Caller::Own, _) => None,
        },
    }
}

fn is_read(action: &str) -> bool {
    matches!(action, "s3:GetObject" | "s3:GetObjectVersion" | "s3:ListBucket" | "s3:ListBucketVersions")
}

fn is_control(action: &str) -> bool {
    matches!(
        action,
        "s3:PutBucketPolicy"
            | "s3:DeleteBucketPolicy"
            | "s3:PutReplicationConfiguration"
            | "s3:PutBucketAcl"
            | "s3:PutBucketPublicAccessBlock"
            | "s3:PutInventoryConfiguration"
    )
}
