#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
//! What must hold of all selectors.

use proptest::prelude::*;

use super::BucketIdentity;
use super::{
    Coverage, EventClass, ObservedSelectors, Observer, TrailSelectors, Tri, Value, Verdict, coverage,
    management_coverage, matches, validate,
};
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
        "n/a",
        "/a",
        "b",
        "/",
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
        prop::option::of(any::<bool>()),
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
            "eventName" => prop::sample::select(vec![
                "GetObject",
                "Get",
                "List",
                "Object",
                "PutObject",
                "Objects",
                "HeadBucket",
                "Zz",
            ])
            .prop_map(str::to_owned)
            .boxed(),
            _ => prop::sample::select(vec![
                "arn:aws:iam::111122223333:user/u",
                "arn:aws:sts::111122223333:",
                "u",
                "user/",
            ])
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
        prop::collection::vec(advanced(), 1..3).prop_map(|advanced_event_selectors| {
            TrailSelectors { advanced_event_selectors, ..TrailSelectors::default() }
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
        EventClass::Read => {
            vec!["GetObject", "ListObjects", "HeadObject", "HeadBucket", "GetObjectZz", "ZzFutureApi"]
        }
        EventClass::Write => vec!["PutObject", "DeleteObjects", "CopyObject", "PutObjectZz", "ZzFutureApi"],
    };
    let callers = vec![
        None,
        Some("arn:aws:iam::111122223333:user/u"),
        Some("arn:aws:iam::111122223333:user/v"),
        Some("arn:aws:iam::111122223333:user/vu"),
        Some("arn:aws:sts::111122223333:assumed-role/r/s"),
    ];
    let key = "(a|b|ab|abc|ba|pii/|pii/x|pii/b|z|/|/a|n/a|q/object)";
    (key, prop::sample::select(names), prop::sample::select(callers)).prop_map(move |(key, name, caller)| {
        let on_bucket = matches!(name, "ListObjects" | "HeadBucket" | "DeleteObjects");
        let object = if on_bucket {
            serde_json::json!({"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::crown/"})
        } else {
            serde_json::json!({"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::crown/{key}")})
        };
        serde_json::json!({
            "eventCategory": "Data", "readOnly": class == EventClass::Read, "eventName": name,
            "eventSource": "s3.amazonaws.com", "eventType": "AwsApiCall",
            "userIdentity": caller.map(|arn| serde_json::json!({"arn": arn})),
            "resources": [object, {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::crown"}],
        })
    })
}

fn only_advanced() -> impl Strategy<Value = TrailSelectors> {
    prop::collection::vec(advanced(), 1..4).prop_map(|advanced_event_selectors| TrailSelectors {
        advanced_event_selectors,
        ..TrailSelectors::default()
    })
}

/// Answers that one more thing that logs may lead to.
fn no_less(before: Tri, after: Tri) -> bool {
    match before {
        Tri::Yes => after.is_yes(),
        Tri::Unknown => !after.is_no(),
        Tri::No => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_full_coverage_misses_no_event_and_none_logs_none(
        (selectors, class, events) in (prop_oneof![selectors(), only_advanced()], class())
            .prop_flat_map(|(s, c)| (Just(s), Just(c), prop::collection::vec(event(c), 20)))
    ) {
        let covered = coverage(&bucket(), class, &[observer(&selectors)]);
        for event in events {
            let logged = matches(&selectors, &event).value;
            match covered {
                Coverage::Full { .. } => prop_assert!(logged.is_yes(), "{event} escapes {selectors:?}"),
                Coverage::None { .. } => prop_assert!(logged.is_no(), "{event} is logged by {selectors:?}"),
                Coverage::Partial { .. } | Coverage::Unknown { .. } => {}
            }
        }
    }

    #[test]
    fn no_witness_is_logged_by_anybody(
        first in prop_oneof![selectors(), only_advanced()],
        second in selectors(),
        class in class(),
    ) {
        let covered = coverage(&bucket(), class, &[observer(&first), observer(&second)]);
        let witnesses = match covered {
            Coverage::Partial { witnesses, .. } => witnesses,
            Coverage::None { witness, .. } => vec![witness],
            Coverage::Full { .. } | Coverage::Unknown { .. } => return Ok(()),
        };
        prop_assert!(!witnesses.is_empty());
        for witness in witnesses {
            prop_assert!(!witness.reason.is_empty());
            for selectors in [&first, &second] {
                let event = &witness.event;
                prop_assert!(matches(selectors, event).value.is_no(), "{event} is logged by {selectors:?}");
            }
        }
    }

    #[test]
    fn one_more_trail_never_logs_less(first in selectors(), second in selectors(), class in class()) {
        let alone = coverage(&bucket(), class, &[observer(&first)]).verdict().value;
        let both = coverage(&bucket(), class, &[observer(&first), observer(&second)]).verdict().value;
        prop_assert!(no_less(alone, both), "{alone} became {both}");
    }

    #[test]
    fn one_more_selector_never_logs_less(first in only_advanced(), more in advanced(), class in class()) {
        let mut longer = first.clone();
        longer.advanced_event_selectors.push(more);
        let before = coverage(&bucket(), class, &[observer(&first)]).verdict().value;
        let after = coverage(&bucket(), class, &[observer(&longer)]).verdict().value;
        prop_assert!(no_less(before, after), "{before} became {after}");
    }

    #[test]
    fn an_unread_part_only_makes_unknown(
        selectors in selectors(), other in selectors(), class in class(), which in 0..2_u8
    ) {
        let known = coverage(&bucket(), class, &[observer(&selectors), observer(&other)]).verdict().value;
        let unread = match which {
            0 => Observer { selectors: ObservedSelectors::Unknown, ..observer(&selectors) },
            _ => Observer { active: Verdict::unknown("denied"), ..observer(&selectors) },
        };
        let doubted = coverage(&bucket(), class, &[unread, observer(&other)]).verdict().value;
        prop_assert!(doubted.is_unknown() || doubted == known, "{known} became {doubted}");
    }

    #[test]
    fn what_is_stopped_does_not_count(selectors in selectors(), other in selectors(), class in class()) {
        let alone = coverage(&bucket(), class, &[observer(&other)]).verdict().value;
        let stopped = Observer { active: Verdict::no("stopped"), ..observer(&selectors) };
        prop_assert_eq!(coverage(&bucket(), class, &[stopped, observer(&other)]).verdict().value, alone);
    }

    #[test]
    fn management_answers_hold_of_their_witness(selectors in prop_oneof![selectors(), only_advanced()]) {
        let verdict = management_coverage("111122223333", "eu-west-1", "aws", &[observer(&selectors)]);
        if verdict.value.is_no() {
            prop_assert!(matches(&selectors, &verdict.witness.unwrap()).value.is_no());
        }
    }

    #[test]
    fn nonsense_selectors_and_events_never_panic(
        field in ".{0,12}", literal in ".{0,12}", operator in 0..6_u8, arn in ".{0,20}", class in class()
    ) {
        let mut condition = FieldSelector { field, ..FieldSelector::default() };
        match operator {
            0 => condition.equals.push(literal.clone()),
            1 => condition.starts_with.push(literal.clone()),
            2 => condition.ends_with.push(literal.clone()),
            3 => condition.not_equals.push(literal.clone()),
            4 => condition.not_starts_with.push(literal.clone()),
            _ => condition.not_ends_with.push(literal.clone()),
        }
        let selectors = TrailSelectors {
            advanced_event_selectors: vec![AdvancedEventSelector { name: None, field_selectors: vec![condition] }],
            event_selectors: vec![EventSelector {
                read_write_type: Some(literal.clone()),
                data_resources: vec![DataResource { r#type: "AWS::S3::Object".into(), values: vec![literal] }],
                ..EventSelector::default()
            }],
        };
        let event = serde_json::json!({"eventCategory": "Data", "resources": [{"type": "AWS::S3::Object", "ARN": arn}]});
        let basic = TrailSelectors { advanced_event_selectors: Vec::new(), ..selectors.clone() };
        for selectors in [&selectors, &basic] {
            let _ = matches(selectors, &event);
            let _ = validate(selectors);
            let _ = coverage(&bucket(), class, &[observer(selectors)]);
            let _ = management_coverage("1", "eu-west-1", "aws", &[observer(selectors)]);
        }
    }
}
