//! Whether a KMS key can encrypt the files of a trail (CloudTrail user guide, *Configure AWS KMS key policies for
//! CloudTrail*).

use std::sync::Arc;

use super::configuration::Key;
use super::iam::{Context, Part, PolicyDocument, PolicySet, Principal, Request, decide};
use super::verdict::{Tri, Verdict};

/// Whether the key is a customer's, is enabled, and its policy lets CloudTrail encrypt for this trail.
#[must_use]
pub fn admits_trail(key: &Key, trail_arn: &str, account: &str) -> Verdict {
    if key.key_manager == "AWS" {
        return Verdict::no("its key is AWS's own");
    }
    if key.key_state != "Enabled" {
        return Verdict::no(format!("its key is in state `{}`", key.key_state));
    }
    let Some(text) = &key.policy else {
        return Verdict::unknown("the policy of its key was not read");
    };
    let document = match PolicyDocument::parse(text) {
        Ok(document) => Arc::new(document),
        Err(error) => return Verdict::unknown(format!("the policy of its key cannot be read: {error}")),
    };
    let set = PolicySet {
        resource: Part::Known(document),
        identity: Part::Known(Vec::new()),
        ..PolicySet::default()
    };
    let principal = Principal::Service("cloudtrail.amazonaws.com".to_owned());
    let mut request = Request::new("kms:GenerateDataKey", &key.arn, principal);
    request.resource_account = Some(account.to_owned());
    request.context = Context::new()
        .with("aws:SourceArn", trail_arn)
        .with("aws:SourceAccount", account)
        .with("kms:EncryptionContext:aws:cloudtrail:arn", trail_arn)
        .with_unknown("aws:SourceOrgID")
        .with_unknown("aws:SourceOrgPaths");
    let decision = decide(&set, &request);
    match decision.value {
        Tri::Yes => Verdict::yes("its key is enabled and lets CloudTrail use it"),
        Tri::No => Verdict::no(format!("its key does not let CloudTrail use it: {}", decision.reason)),
        Tri::Unknown => {
            Verdict::unknown(format!("whether its key lets CloudTrail use it: {}", decision.reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";

    fn key(state: &str, statement: &str) -> Key {
        Key {
            arn: "arn:aws:kms:eu-west-1:111122223333:key/k".into(),
            key_manager: "CUSTOMER".into(),
            key_state: state.into(),
            policy: Some(format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)),
        }
    }

    fn admitted(state: &str, statement: &str) -> Tri {
        admits_trail(&key(state, statement), TRAIL, "111122223333").value
    }

    #[test]
    fn the_key_must_be_enabled_and_let_cloudtrail_in() {
        let good = r#"{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:GenerateDataKey*",
            "Resource": "*", "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},
            "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*"}}}"#;
        assert_eq!(admitted("Enabled", good), Tri::Yes);
        assert_eq!(admitted("PendingDeletion", good), Tri::No);
        let root = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}"#;
        assert_eq!(admitted("Enabled", root), Tri::No);
        assert_eq!(admitted("Enabled", &good.replace("trail/main", "trail/other")), Tri::No);
    }

    #[test]
    fn what_was_not_read_is_unknown() {
        let unread = Key { policy: None, ..key("Enabled", "") };
        assert_eq!(admits_trail(&unread, TRAIL, "111122223333").value, Tri::Unknown);
        let own = Key { key_manager: "AWS".into(), ..key("Enabled", "") };
        assert_eq!(admits_trail(&own, TRAIL, "111122223333").value, Tri::No);
    }
}
