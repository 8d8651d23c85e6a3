//! Are the management events that matter for S3 logged? (`aws-semantics.md` 9, LOG-07)

use serde_json::json;

use super::event::{Category, Event};
use super::{ObservedSelectors, Observer, logs, points};
use crate::semantics::verdict::{Tri, Verdict};

/// Operations that open a bucket, look for one, or switch logging and detection off: source, name, whether it reads.
const OPERATIONS: [(&str, &str, bool); 10] = [
    ("s3.amazonaws.com", "PutBucketPolicy", false),
    ("s3.amazonaws.com", "PutBucketReplication", false),
    ("s3.amazonaws.com", "DeletePublicAccessBlock", false),
    ("s3.amazonaws.com", "ListBuckets", true),
    ("s3.amazonaws.com", "GetBucketPolicy", true),
    ("cloudtrail.amazonaws.com", "StopLogging", false),
    ("cloudtrail.amazonaws.com", "PutEventSelectors", false),
    ("guardduty.amazonaws.com", "DeleteDetector", false),
    ("guardduty.amazonaws.com", "CreateFilter", false),
    ("sts.amazonaws.com", "AssumeRole", true),
];

/// Whether the management events that matter for S3 are all logged in a region of an account.
#[must_use]
pub fn management_coverage(
    account: &str,
    region: &str,
    partition: &str,
    observers: &[Observer<'_>],
) -> Verdict {
    if observers.is_empty() {
        return Verdict::no(format!("no trail or event data store covers account {account} in {region}"))
            .with_witness(witness(OPERATIONS[0], account, region));
    }
    let callers = points::callers(observers, partition, account);
    let mut doubt = None;
    for operation in OPERATIONS {
        for caller in &callers {
            let event = event(operation, caller.as_deref());
            let verdict = observed(observers, &event);
            let shown = || witness(operation, account, region);
            match verdict.value {
                Tri::Yes => {}
                Tri::No => return refused(observers, operation, region).with_witness(shown()),
                Tri::Unknown => doubt = doubt.or(Some(verdict.with_witness(shown()))),
            }
        }
    }
    doubt.unwrap_or_else(|| Verdict::yes(format!("management events are logged in {region}")))
}

fn observed(observers: &[Observer<'_>], event: &Event<'_>) -> Verdict {
    let mut any = Verdict::no("");
    for observer in observers {
        let verdict = match (observer.active.value, observer.selectors) {
            (Tri::No, _) => continue,
            (_, ObservedSelectors::Unknown) => Verdict::unknown(observer.active.reason.clone()),
            (_, ObservedSelectors::Known(selectors)) => observer.active.clone().and(logs(selectors, event)),
        };
        any = any.or(verdict);
        if any.value.is_yes() {
            break;
        }
    }
    any
}

fn refused(observers: &[Observer<'_>], (source, name, _): (&str, &str, bool), region: &str) -> Verdict {
    let inactive: Vec<&str> = observers
        .iter()
        .filter(|observer| observer.active.value.is_no())
        .map(|observer| observer.active.reason.as_str())
        .collect();
    let active = observers.len() - inactive.len();
    let mut reason = format!("`{name}` of {source} is not logged in {region}");
    if active == 0 {
        reason = format!("{reason}: {}", inactive.join("; "));
    } else {
        let names: Vec<&str> = observers
            .iter()
            .filter(|observer| !observer.active.value.is_no())
            .map(|observer| observer.name)
            .collect();
        reason = format!("{reason}: {} does not select it", names.join(", nor "));
    }
    Verdict::no(reason)
}

fn event<'a>((source, name, reads): (&'a str, &'a str, bool), caller: Option<&'a str>) -> Event<'a> {
    Event {
        category: Category::Management,
        name: Some(name.into()),
        source: Some(source.into()),
        event_type: Some("AwsApiCall".into()),
        read_only: Some(reads),
        resources: Vec::new(),
        user_arn: caller.map(Into::into),
        from_console: None,
        error_code: None,
        vpc_endpoint: None,
    }
}

fn witness((source, name, reads): (&str, &str, bool), account: &str, region: &str) -> serde_json::Value {
    json!({
        "eventCategory": "Management", "managementEvent": true, "readOnly": reads, "eventSource": source,
        "eventName": name, "eventType": "AwsApiCall", "awsRegion": region, "recipientAccountId": account,
    })
}
