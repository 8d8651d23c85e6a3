//! Are the management events that matter for S3 logged? (`aws-semantics.md` 3.4 and 9, LOG-07)

use serde_json::{Value, json};

use super::bits::Bits;
use super::critical_points::{caller_arns, caller_fields, console_values};
use super::event::{Category, Event};
use super::rules::{self, Field, Rule, Selector, literals};
use super::search::{Found, Point, Space};
use super::{ObservedSelectors, Observer, logs};
use crate::semantics::configuration::TrailSelectors;
use crate::semantics::verdict::{Assumption, Tri, Verdict};

/// An operation: source, name, whether it reads.
type Operation = (&'static str, &'static str, bool);

const S3: &str = "s3.amazonaws.com";
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const GUARDDUTY: &str = "guardduty.amazonaws.com";

/// Operations that open a bucket, copy it away, look for one, or switch logging and detection off.
const OPERATIONS: [Operation; 28] = [
    (S3, "PutBucketPolicy", false),
    (S3, "GetBucketPolicy", true),
    (S3, "DeleteBucketPolicy", false),
    (S3, "PutBucketAcl", false),
    (S3, "PutBucketPublicAccessBlock", false),
    (S3, "DeleteBucketPublicAccessBlock", false),
    (S3, "PutAccountPublicAccessBlock", false),
    (S3, "DeleteAccountPublicAccessBlock", false),
    (S3, "PutBucketReplication", false),
    (S3, "PutBucketLifecycle", false),
    (S3, "PutBucketVersioning", false),
    (S3, "PutBucketLogging", false),
    (S3, "PutBucketCors", false),
    (S3, "PutAccessPointPolicy", false),
    (S3, "CreateBucket", false),
    (S3, "DeleteBucket", false),
    (S3, "CreateJob", false),
    (S3, "ListBuckets", true),
    (S3, "GetBucketAcl", true),
    (CLOUDTRAIL, "StopLogging", false),
    (CLOUDTRAIL, "DeleteTrail", false),
    (CLOUDTRAIL, "UpdateTrail", false),
    (CLOUDTRAIL, "PutEventSelectors", false),
    (GUARDDUTY, "DeleteDetector", false),
    (GUARDDUTY, "UpdateDetector", false),
    (GUARDDUTY, "CreateFilter", false),
    ("sts.amazonaws.com", "AssumeRole", true),
    ("sts.amazonaws.com", "GetCallerIdentity", true),
];

/// Whether the management events that matter for S3 are all logged in a region of an account, whoever calls.
///
/// The witness is one that is not. An advanced set without a selector of category Management logs none of them.
#[must_use]
pub fn management_coverage(
    account: &str,
    region: &str,
    partition: &str,
    observers: &[Observer<'_>],
) -> Verdict {
    let place = Place { account, region, partition };
    let mut doubt = None;
    let mut full = Verdict::yes(format!("management events are logged in {region}"));
    for operation in OPERATIONS {
        let verdict = place.logged(operation, observers);
        match verdict.value {
            Tri::Yes => full.assumptions.extend(verdict.assumptions),
            Tri::No => return verdict,
            Tri::Unknown => doubt = doubt.or(Some(verdict)),
        }
    }
    doubt.unwrap_or(full)
}

struct Place<'a> {
    account: &'a str,
    region: &'a str,
    partition: &'a str,
}

impl Place<'_> {
    /// Whether one operation is logged, whoever calls.
    fn logged(&self, operation: Operation, observers: &[Observer<'_>]) -> Verdict {
        let plain: Point = [None, Some(operation.1.to_owned()), None, None];
        let rules = rules::rules(observers, &event(operation, &plain));
        let space = self.space(operation, &rules);
        let applies = |test: fn(Tri) -> bool| {
            Bits::of(rules.len(), |rule| rules.get(rule).is_some_and(|r| test(r.applies)))
        };
        let unread = observers.iter().any(|observer| {
            matches!(observer.selectors, ObservedSelectors::Unknown) && !observer.active.value.is_no()
        });
        if !unread && let Found::Escape(point) = space.escape(&applies(|_| true), None, None) {
            return self.told(Tri::No, operation, &point, observers);
        }
        let sure = applies(Tri::is_yes);
        match space.escape(&sure, None, None) {
            Found::Escape(point) => self.told(Tri::Unknown, operation, &point, observers),
            Found::TooMany => {
                Verdict::unknown("the selectors are too many to tell whether they cover everything")
            }
            Found::Nothing => {
                let verdict = Verdict::yes("");
                match space.escape(&sure, None, Some(Assumption(8))) {
                    Found::Nothing => verdict,
                    Found::Escape(_) | Found::TooMany => verdict.assuming(Assumption(8)),
                }
            }
        }
    }

    fn space(&self, operation: Operation, rules: &[Rule<'_>]) -> Space {
        let callers = caller_arns(&literals(rules, Field::Caller), self.partition, self.account);
        let consoles = console_values(&literals(rules, Field::Console));
        let values = [vec![None], vec![Some(operation.1.to_owned())], callers, consoles];
        Space::new(rules, Category::Management, values)
    }

    /// The verdict on an event that is not, or not certainly, logged.
    fn told(&self, value: Tri, operation: Operation, point: &Point, observers: &[Observer<'_>]) -> Verdict {
        let (source, name, _) = operation;
        let mut lacks: Vec<String> = Vec::new();
        for observer in observers {
            let lack = lack(observer, &event(operation, point));
            if !lacks.contains(&lack) {
                lacks.push(lack);
            }
        }
        let more = lacks.len().saturating_sub(4);
        lacks.truncate(4);
        if more > 0 {
            lacks.push(format!("and {more} more"));
        }
        let region = self.region;
        let reason = match (observers.is_empty(), value) {
            (true, _) => format!("no trail or event data store covers account {} in {region}", self.account),
            (false, Tri::No) => {
                format!("`{name}` of {source} is not logged in {region}: {}", lacks.join("; "))
            }
            (false, _) => format!(
                "it is not known whether `{name}` of {source} is logged in {region}: {}",
                lacks.join("; ")
            ),
        };
        Verdict::new(value, reason).with_witness(self.record(operation, point))
    }

    fn record(&self, (source, name, reads): Operation, [_, _, caller, console]: &Point) -> Value {
        let mut record = json!({
            "eventCategory": "Management", "managementEvent": true, "readOnly": reads, "eventSource": source,
            "eventName": name, "eventType": "AwsApiCall", "awsRegion": self.region,
            "recipientAccountId": self.account,
        });
        caller_fields(&mut record, caller.as_deref(), console.as_deref());
        record
    }
}

/// What one observer lacks.
fn lack(observer: &Observer<'_>, event: &Event<'_>) -> String {
    if observer.active.value.is_no() {
        return observer.active.reason.clone();
    }
    match observer.selectors {
        ObservedSelectors::Unknown if observer.active.value.is_yes() => {
            format!("what {} selects is not known", observer.name)
        }
        ObservedSelectors::Unknown => observer.active.reason.clone(),
        ObservedSelectors::Known(selectors) => match logs(selectors, event) {
            verdict if verdict.value.is_no() && selects_none(selectors) => {
                format!("{} selects no management events", observer.name)
            }
            verdict if verdict.value.is_no() => format!("{} does not select it", observer.name),
            verdict if verdict.value.is_unknown() => {
                format!("{}: {}", observer.name, verdict.reason)
            }
            _ => observer.active.reason.clone(),
        },
    }
}

/// Whether none of the selectors is about management events.
fn selects_none(selectors: &TrailSelectors) -> bool {
    rules::of(selectors).into_iter().all(|selector| match selector {
        Selector::Default => false,
        Selector::Basic(selector) => selector.include_management_events == Some(false),
        Selector::Advanced(selector) => !selector.field_selectors.iter().any(|field| {
            field.field == "eventCategory" && field.equals.iter().any(|category| category == "Management")
        }),
    })
}

fn event<'a>((source, _, reads): Operation, [_, name, caller, console]: &'a Point) -> Event<'a> {
    Event {
        category: Category::Management,
        name: name.as_deref().map(Into::into),
        source: Some(source.into()),
        event_type: Some("AwsApiCall".into()),
        read_only: Some(reads),
        resources: Vec::new(),
        user_arn: caller.as_deref().map(Into::into),
        from_console: console.as_deref().map(Into::into),
        error_code: None,
        vpc_endpoint: None,
    }
}
