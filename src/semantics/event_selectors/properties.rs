#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
//! What must hold of all selectors.

use proptest::prelude::*;

use super::*;
use crate::semantics::configuration::{AdvancedEventSelector, DataResource, EventSelector, FieldSelector};

fn bucket() -> BucketIdentity {
    BucketIdentity {
        name: "crown".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        partition: "aws".into(),
    }
}

fn arn() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "arn:aws:s3:::crown/",
        "arn:aws:s3:::crown/a",
        "arn:aws:s3:::crown/ab",
        "arn:aws:s3:::crown/pii/",
        "arn:aws:s3:::cr",
        "arn:aws:s3:::crown",
        "arn:aws:s3:::other/",
        "arn:aws:s3:::",
        "arn:aws:s3",
        "arn:aws-cn:s3",
    ])
    .prop_map(str::to_owned)
}

fn basic() -> impl Strategy<Value = EventSelector> {
    (
        prop::option::of(prop::sample::select(vec!["All", "ReadOnly", "WriteOnly"])),
        prop::option::of(proptest::bool::ANY),
        prop::collection::vec(arn(), 0..3),
    )
        .prop_map(|(kind, management, values)| EventSelector {
            read_write_type: kind.map(str::to_owned),
            include_management_events: management,
            data_resources: vec![DataResource { r#type: "AWS::S3::Object".into(), values }],
            exclude_management_event_sources: Vec::new(),
        })
}

fn field() -> impl Strategy<Value = FieldSelector> {
    let literals = |name: &'static str| -> BoxedStrategy<String> {
        match name {
            "resources.ARN" => arn().boxed(),
            "readOnly" => prop::sample::select(vec!["true", "false"]).prop_map(str::to_owned).boxed(),
            "eventName" => prop::sample::select(vec!["GetObject", "Get", "List", "Object", "PutObject"])
                .prop_map(str::to_owned)
                .boxed(),
            _ => prop::sample::select(vec!["arn:aws:iam::111122223333:user/u", "arn:aws:sts::111122223333:"])
                .prop_map(str::to_owned)
                .boxed(),
        }
    };
    prop::sample::select(vec!["resources.ARN", "readOnly", "eventName", "userIdentity.arn"]).prop_flat_map(
        move |name| {
            let values = prop::collection::vec(literals(name), 1..3);
            (Just(name), values, 0..6_u8).prop_map(|(name, values, operator)| {
                let mut field = FieldSelector { field: name.into(), ..FieldSelector::default() };
                let slot = match if name == "readOnly" { 0 } else { operator } {
                    0 => &mut field.equals,
                    1 => &mut field.starts_with,
                    2 => &mut field.ends_with,
                    3 => &mut field.not_equals,
                    4 => &mut field.not_starts_with,
                    _ => &mut field.not_ends_with,
                };
                *slot = values;
                field
            })
        },
    )
}

fn advanced() -> impl Strategy<Value = AdvancedEventSelector> {
    prop::collection::vec(field(), 0..3).prop_map(|mut fields| {
        let equals = |name: &str, value: &str| FieldSelector {
            field: name.into(),
            equals: vec![value.into()],
            ..FieldSelector::default()
        };
        fields.push(equals("eventCategory", "Data"));
        fields.push(equals("resources.type", "AWS::S3::Object"));
        AdvancedEventSelector { name: None, field_selectors: fields }
    })
}

fn selectors() -> impl Strategy<Value = TrailSelectors> {
    prop_oneof![
        prop::collection::vec(basic(), 1..3)
            .prop_map(|event_selectors| TrailSelectors { event_selectors, ..TrailSelectors::default() }),
        prop::collection::vec(advanced(), 1..3).prop_map(|advanced_event_selectors| TrailSelectors {
            advanced_event_selectors,
            ..TrailSelectors::default()
        }),
    ]
}

fn observer(selectors: &TrailSelectors) -> Observer<'_> {
    Observer {
        name: "trail",
        selectors: ObservedSelectors::Known(selectors),
        active: Verdict::yes("logging"),
    }
}

fn class() -> impl Strategy<Value = EventClass> {
    prop::sample::select(vec![EventClass::Read, EventClass::Write])
}

/// A random event of a class on the bucket.
fn event(class: EventClass) -> impl Strategy<Value = Value> {
    let names = match class {
        EventClass::Read => vec!["GetObject", "ListObjects", "HeadObject", "GetObjectZz", "ZzFutureApi"],
        EventClass::Write => vec!["PutObject", "DeleteObjects", "CopyObject", "PutObjectZz", "ZzFutureApi"],
    };
    let callers = vec![
        None,
        Some("arn:aws:iam::111122223333:user/u"),
        Some("arn:aws:iam::111122223333:user/v"),
        Some("arn:aws:sts::111122223333:assumed-role/r/s"),
    ];
    ("(|a|ab|abc|pii/|pii/x|z|q/object)", prop::sample::select(names), prop::sample::select(callers))
        .prop_map(move |(key, name, caller)| {
            serde_json::json!({
                "eventCategory": "Data", "readOnly": class == EventClass::Read, "eventName": name,
                "eventSource": "s3.amazonaws.com", "eventType": "AwsApiCall",
                "userIdentity": caller.map(|arn| serde_json::json!({"arn": arn})),
                "resources": [{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::crown/{key}")}],
            })
        })
}

proptest! {
    #[test]
    fn a_full_coverage_misses_no_event(
        (selectors, class, event) in (selectors(), class()).prop_flat_map(|(s, c)| (Just(s), Just(c), event(c)))
    ) {
        let covered = coverage(&bucket(), class, &[observer(&selectors)]).verdict();
        let logged = matches(&selectors, &event);
        if covered.value.is_yes() {
            prop_assert!(logged.value.is_yes(), "{event} escapes {selectors:?}");
        }
        if matches!(coverage(&bucket(), class, &[observer(&selectors)]), Coverage::None { .. }) {
            prop_assert!(!logged.value.is_yes(), "{event} is logged by {selectors:?}");
        }
    }

    #[test]
    fn a_witness_is_not_logged(selectors in selectors(), class in class()) {
        let covered = coverage(&bucket(), class, &[observer(&selectors)]).verdict();
        if covered.value.is_no() {
            let witness = covered.witness.unwrap();
            prop_assert!(matches(&selectors, &witness).value.is_no(), "{witness} is logged by {selectors:?}");
        }
    }

    #[test]
    fn one_more_trail_never_logs_less(first in selectors(), second in selectors(), class in class()) {
        let alone = coverage(&bucket(), class, &[observer(&first)]).verdict().value;
        let both = coverage(&bucket(), class, &[observer(&first), observer(&second)]).verdict().value;
        if alone.is_yes() {
            prop_assert!(both.is_yes());
        }
    }

    #[test]
    fn one_more_selector_never_logs_less(first in selectors(), more in advanced(), class in class()) {
        prop_assume!(!first.advanced_event_selectors.is_empty());
        let mut longer = first.clone();
        longer.advanced_event_selectors.push(more);
        if coverage(&bucket(), class, &[observer(&first)]).verdict().value.is_yes() {
            prop_assert!(coverage(&bucket(), class, &[observer(&longer)]).verdict().value.is_yes());
        }
    }

    #[test]
    fn an_unread_part_only_makes_unknown(selectors in selectors(), class in class()) {
        let known = coverage(&bucket(), class, &[observer(&selectors)]).verdict().value;
        let unread = Observer { selectors: ObservedSelectors::Unknown, ..observer(&selectors) };
        let unknown = coverage(&bucket(), class, &[unread]).verdict().value;
        prop_assert!(unknown.is_unknown());
        let status_unread = Observer { active: Verdict::unknown("denied"), ..observer(&selectors) };
        let doubted = coverage(&bucket(), class, &[status_unread]).verdict().value;
        prop_assert!(doubted.is_unknown() || doubted == known, "{known} became {doubted}");
        prop_assert!(!doubted.is_yes());
    }
}
