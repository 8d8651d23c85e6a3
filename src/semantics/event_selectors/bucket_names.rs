//! What of the names of buckets selectors look at: what they make of one bucket's event they make of every bucket's that
//! they do not tell from it.

use super::event::S3_OBJECT;
use crate::semantics::configuration::{DataResource, FieldSelector, TrailSelectors};
use crate::semantics::iam::any_bucket::LooksAt;

/// The fields of advanced selectors that hold nothing of a bucket's name (CloudTrail API reference, *AdvancedFieldSelector*).
const OTHER_FIELDS: [&str; 10] = [
    "eventCategory",
    "readOnly",
    "eventName",
    "eventSource",
    "eventType",
    "userIdentity.arn",
    "sessionCredentialFromConsole",
    "errorCode",
    "vpcEndpointId",
    "resources.type",
];

/// What of the name of the bucket that an event is about decides what the selectors make of the event.
#[must_use]
pub fn look_at_bucket_names(selectors: &TrailSelectors) -> Vec<LooksAt> {
    let basic = selectors.event_selectors.iter().flat_map(|selector| &selector.data_resources);
    let advanced = selectors.advanced_event_selectors.iter().flat_map(|selector| &selector.field_selectors);
    let mut all: Vec<LooksAt> = basic.flat_map(of_data_resource).chain(advanced.flat_map(of_field)).collect();
    all.sort();
    all.dedup();
    all.retain(|looks_at| *looks_at != LooksAt::Nothing);
    all
}

fn of_data_resource(resource: &DataResource) -> Vec<LooksAt> {
    match resource.r#type.as_str() {
        S3_OBJECT => resource.values.iter().map(|value| of_start(value)).collect(),
        kind if kind.starts_with("AWS::S3") => vec![LooksAt::Unclear],
        _ => Vec::new(),
    }
}

fn of_field(field: &FieldSelector) -> Vec<LooksAt> {
    match field.field.as_str() {
        "resources.ARN" => {
            let whole = field.equals.iter().chain(&field.not_equals).map(|arn| of_whole(arn));
            let starts = field.starts_with.iter().chain(&field.not_starts_with).map(|start| of_start(start));
            let ends = field.ends_with.iter().chain(&field.not_ends_with).map(|end| of_end(end));
            whole.chain(starts).chain(ends).collect()
        }
        other if OTHER_FIELDS.contains(&other) => Vec::new(),
        _ => vec![LooksAt::Unclear],
    }
}

/// What stands behind `arn:aws:s3:::` in the ARN of a bucket or an object, or in its beginning.
fn behind_service(arn: &str) -> Option<&str> {
    arn.split_once(":::").map(|(_, behind)| behind)
}

/// An ARN is compared as a whole. Before `:::` all ARNs of buckets are alike, so that without it none is meant.
fn of_whole(arn: &str) -> LooksAt {
    let name = behind_service(arn).map(|behind| behind.split('/').next().unwrap_or_default());
    name.map_or(LooksAt::Nothing, |name| LooksAt::Whole(name.to_owned()))
}

/// How an ARN begins is compared: names have no slash, so one ends the name.
fn of_start(start: &str) -> LooksAt {
    match behind_service(start) {
        None | Some("") => LooksAt::Nothing,
        Some(behind) => match behind.split_once('/') {
            Some((name, _)) => LooksAt::Whole(name.to_owned()),
            None => LooksAt::Beginning(behind.to_owned()),
        },
    }
}

/// How an ARN ends is compared: what begins with a slash does not reach into the name.
fn of_end(end: &str) -> LooksAt {
    if end.starts_with('/') { LooksAt::Nothing } else { LooksAt::Unclear }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::{
        BucketIdentity, EventClass, ObservedSelectors, Observer, coverage, logs_something, matches,
    };
    use super::*;
    use crate::semantics::configuration::{AdvancedEventSelector, EventSelector};
    use crate::semantics::iam::any_bucket::{ANY_BUCKET, of_bucket};
    use crate::semantics::synthetic::{Reader, object_reads};
    use crate::semantics::verdict::Verdict;

    fn basic(kind: &str, values: &[&str]) -> TrailSelectors {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let resource = DataResource { r#type: kind.into(), values };
        let selector = EventSelector { data_resources: vec![resource], ..EventSelector::default() };
        TrailSelectors { event_selectors: vec![selector], ..TrailSelectors::default() }
    }

    fn advanced(fields: Vec<FieldSelector>) -> TrailSelectors {
        let selector = AdvancedEventSelector { field_selectors: fields, ..AdvancedEventSelector::default() };
        TrailSelectors { advanced_event_selectors: vec![selector], ..TrailSelectors::default() }
    }

    fn equals(field: &str, value: &str) -> FieldSelector {
        FieldSelector { field: field.into(), equals: vec![value.into()], ..FieldSelector::default() }
    }

    #[test]
    fn what_selectors_look_at() {
        let crown = || vec![LooksAt::Whole("crown".into())];
        let not_starts = |value: &str| FieldSelector {
            field: "resources.ARN".into(),
            not_starts_with: vec![value.into()],
            ..FieldSelector::default()
        };
        let ends = |value: &str| FieldSelector {
            field: "resources.ARN".into(),
            ends_with: vec![value.into()],
            ..FieldSelector::default()
        };
        for (selectors, expected) in [
            (TrailSelectors::default(), Vec::new()),
            (basic(S3_OBJECT, &["arn:aws:s3"]), Vec::new()),
            (basic(S3_OBJECT, &["arn:aws:s3:::"]), Vec::new()),
            (
                basic("AWS::Lambda::Function", &["arn:aws:lambda:eu-west-1:111122223333:function:f"]),
                Vec::new(),
            ),
            (basic(S3_OBJECT, &["arn:aws:s3:::crown/"]), crown()),
            (basic(S3_OBJECT, &["arn:aws:s3:::crown/jewels/", "arn:aws:s3:::crown/"]), crown()),
            (basic("AWS::S3::Bucket", &["arn:aws:s3"]), vec![LooksAt::Unclear]),
            (advanced(vec![equals("readOnly", "true")]), Vec::new()),
            (advanced(vec![equals("resources.ARN", "arn:aws:s3:::crown/a")]), crown()),
            (advanced(vec![equals("resources.ARN", "x")]), Vec::new()),
            (advanced(vec![not_starts("arn:aws:s3:::crown/")]), crown()),
            (advanced(vec![not_starts("arn:aws:s3:::crown")]), vec![LooksAt::Beginning("crown".into())]),
            (advanced(vec![not_starts("arn:aws:s3")]), Vec::new()),
            (advanced(vec![ends("/logs/")]), Vec::new()),
            (advanced(vec![ends(".log")]), vec![LooksAt::Unclear]),
            (advanced(vec![equals("something.new", "x")]), vec![LooksAt::Unclear]),
        ] {
            assert_eq!(look_at_bucket_names(&selectors), expected, "{selectors:?}");
        }
    }

    /// A literal that an ARN is compared with.
    fn literal() -> impl Strategy<Value = String> {
        let head =
            prop::sample::select(vec!["arn:aws:s3:::", "arn:aws:s3", "arn:aws:s3::", "", "arn:aws-cn:s3:::"]);
        (head, "[ab/.]{0,4}|crown|crown/|crown/a|exfil|/a").prop_map(|(head, tail)| format!("{head}{tail}"))
    }

    fn selectors() -> impl Strategy<Value = TrailSelectors> {
        let literals = || prop::collection::vec(literal(), 0..2);
        let arn = (literals(), literals(), literals(), literals(), literals(), literals()).prop_map(
            |(equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with)| FieldSelector {
                field: "resources.ARN".into(),
                equals,
                starts_with,
                ends_with,
                not_equals,
                not_starts_with,
                not_ends_with,
            },
        );
        let kind = prop::sample::select(vec![None, Some(S3_OBJECT), Some("AWS::S3::Bucket")]);
        let advanced = (arn, kind).prop_map(|(arn, kind)| {
            let kind = kind.map(|kind| equals("resources.type", kind));
            advanced([equals("eventCategory", "Data"), arn].into_iter().chain(kind).collect())
        });
        let basic = prop::collection::vec(literal(), 1..3)
            .prop_map(|values| basic(S3_OBJECT, &values.iter().map(String::as_str).collect::<Vec<_>>()));
        prop_oneof![advanced, basic]
    }

    fn bucket(name: &str) -> BucketIdentity {
        BucketIdentity {
            name: name.into(),
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            partition: "aws".into(),
        }
    }

    /// The records of all ways to read a bucket, those that name nothing but the bucket among them.
    fn records(name: &str) -> Vec<Value> {
        let reader = Reader { account: "111122223333", region: "eu-west-1", partition: "aws", bucket: name };
        let mut records: Vec<Value> = object_reads(&reader).into_iter().map(|read| read.event).collect();
        let mut of_bucket = records.first().cloned().unwrap();
        of_bucket["resources"] =
            serde_json::json!([{"type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{name}")}]);
        records.push(of_bucket);
        records
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Selectors that do not tell a name from that of any bucket make the same of the events of both.
        #[test]
        fn what_is_not_told_apart_is_selected_alike(selectors in selectors(), name in "[ab.]{1,4}|crown|exfil") {
            if look_at_bucket_names(&selectors).iter().any(|looks_at| looks_at.tells_apart(&name)) {
                return Ok(());
            }
            for (own, any) in records(&name).iter().zip(&records(ANY_BUCKET)) {
                prop_assert_eq!(matches(&selectors, own), matches(&selectors, any), "{}", own);
            }
            let observers = [Observer {
                name: "trail `t`",
                selectors: ObservedSelectors::Known(&selectors),
                active: Verdict::yes(""),
            }];
            for class in [EventClass::Read, EventClass::Write] {
                let covered = |name: &str| coverage(&bucket(name), class, &observers).verdict();
                prop_assert_eq!(covered(&name), of_bucket(&covered(ANY_BUCKET), &name));
                let some = |name: &str| logs_something(&bucket(name), class, &observers);
                prop_assert_eq!(some(&name), of_bucket(&some(ANY_BUCKET), &name));
            }
        }
    }
}
