#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use serde_json::{Value, json};

use super::wildcard::Wildcard;
use super::{EventPattern, InvalidPattern, Literal, MAX_CHARACTERS, question};
use crate::semantics::verdict::{Assumption, Tri, Verdict};

fn verdict(pattern: Value, event: Value) -> Verdict {
    EventPattern::from_value(&pattern).unwrap().matches(&event)
}

fn error(text: &str) -> String {
    EventPattern::parse(text).unwrap_err().to_string()
}

#[test]
fn a_no_names_the_field_that_failed_and_what_it_accepts() {
    let no = verdict(
        json!({"source": ["aws.guardduty"], "detail": {"type": ["a", {"prefix": "Exfiltration:"}]}}),
        json!({"source": "aws.guardduty", "detail": {"type": "x"}}),
    );
    assert_eq!(
        no,
        Verdict::no("field `detail.type` does not match `[\"a\", {\"prefix\":\"Exfiltration:\"}]`")
    );
    let or = verdict(json!({"$or": [{"a": [1]}, {"b": [1]}]}), json!({"a": 2}));
    assert_eq!(or.reason, "none of the 2 alternatives of `$or` matches");
}

#[test]
fn long_lists_and_values_are_shortened_in_reasons() {
    let many: Vec<String> = (0..100).map(|number| format!("{number}{}", "x".repeat(20))).collect();
    let no = verdict(json!({"a": many, "b": ["y"]}), json!({"a": "z"}));
    assert!(no.reason.chars().count() < 200, "{}", no.reason);
    let long = format!("{{\"{}\": 1}}", "k".repeat(1000));
    assert!(error(&long).chars().count() < 250);
}

#[test]
fn errors_name_the_path_and_what_is_allowed() {
    let cases = [
        (r#"{"detail":{"type":"a"}}"#, "field `detail.type`: the value must be an array of alternatives"),
        (r#"{"detail":{"type":[]}}"#, "field `detail.type`: an empty array is not allowed"),
        (
            r#"{"detail":{"type":[{"contains":"a"}]}}"#,
            "field `detail.type`: unknown operator `contains`; the operators are",
        ),
        (r#"{"detail":{"$or":[{"a":[1]}]}}"#, "field `detail`: `$or` takes an array of at least two objects"),
        (r#"{"a":[1],"a":[2]}"#, "not valid JSON: key `a` is repeated"),
        (r#"{"a":{"b":[1]},"a.b":[2]}"#, "field `a.b` is given more than once"),
        (
            r#"{"a":[{"cidr":"10.0.0.1/32"}]}"#,
            "field `a`: `10.0.0.1/32` is a single address; `cidr` takes at most 31 bits",
        ),
        (r"[]", "the pattern must be a JSON object"),
    ];
    for (text, expected) in cases {
        assert!(error(text).starts_with(expected), "{text}: {}", error(text));
    }
}

#[test]
fn differently_written_equal_numbers_are_assumption_17() {
    let assumed = |verdict: &Verdict| verdict.assumptions.contains(&Assumption(17));
    let yes = verdict(json!({"a": [300]}), json!({"a": 300.0}));
    assert!(yes.value.is_yes() && assumed(&yes));
    let no = verdict(json!({"a": [{"anything-but": 300}]}), json!({"a": 300.0}));
    assert!(no.value.is_no() && assumed(&no));
    for event in [json!({"a": 300}), json!({"a": 301.5})] {
        assert!(!assumed(&verdict(json!({"a": [300]}), event)));
    }
    let founded = verdict(json!({"a": [300, 300.0]}), json!({"a": 300.0}));
    assert!(
        founded.value.is_yes() && !assumed(&founded),
        "the second alternative is written in the same way"
    );
    assert!(!assumed(&verdict(json!({"a": [300], "b": [1]}), json!({"a": 300.0, "b": 2}))));
    assert!(!assumed(&verdict(json!({"a": [{"numeric": ["=", 300]}]}), json!({"a": 300.0}))));
}

#[test]
fn flattened_dotted_keys_are_assumption_18() {
    let assumed = |pattern, event| {
        let verdict = verdict(pattern, event);
        (verdict.value, verdict.assumptions.contains(&Assumption(18)))
    };
    assert_eq!(assumed(json!({"a.b": [1]}), json!({"a": {"b": 1}})), (Tri::Yes, true));
    assert_eq!(assumed(json!({"a": {"b": [1]}}), json!({"a.b": 1})), (Tri::Yes, true));
    assert_eq!(assumed(json!({"a.b": {"c": [1]}}), json!({"a": {"b.c": 1}})), (Tri::Yes, true));
    assert_eq!(assumed(json!({"a.b": [1]}), json!({"a.b": 1})), (Tri::Yes, false));
    assert_eq!(assumed(json!({"a": {"b": [1]}}), json!({"a": {"b": 1}})), (Tri::Yes, false));
    assert_eq!(assumed(json!({"a": {"b": [{"exists": false}]}}), json!({"a.b": 1})), (Tri::No, true));
}

#[test]
fn literals_are_listed_from_every_place_that_names_the_field() {
    let pattern = EventPattern::from_value(&json!({
        "source": ["aws.guardduty"],
        "$or": [
            {"detail": {"type": ["Exfiltration:S3/ObjectRead.Unusual", {"prefix": "Policy:"}]}},
            {"detail.type": [{"wildcard": "*:S3/*"}, {"anything-but": "x"}, 5]},
        ],
    }))
    .unwrap();
    assert_eq!(
        pattern.literals(&["detail", "type"]),
        [
            Literal::Exact("Exfiltration:S3/ObjectRead.Unusual".into()),
            Literal::Prefix("Policy:".into()),
            Literal::Wildcard("*:S3/*".into()),
            Literal::Other,
            Literal::Other,
        ]
    );
    assert_eq!(pattern.literals(&["source"]), [Literal::Exact("aws.guardduty".into())]);
    assert_eq!(pattern.literals(&["detail"]), []);
}

#[test]
fn the_size_counts_characters_of_the_text() {
    let text = |length: usize| format!("{{\"a\":[\"{}\"]}}", "ü".repeat(length - 10));
    assert!(EventPattern::parse(&text(MAX_CHARACTERS)).is_ok());
    assert!(error(&text(MAX_CHARACTERS + 1)).contains("longer than 4096 characters"));
    let value = |length| serde_json::from_str::<Value>(&text(length)).unwrap();
    assert!(EventPattern::from_value(&value(MAX_CHARACTERS)).is_ok());
    assert!(EventPattern::from_value(&value(MAX_CHARACTERS + 1)).is_err());
    assert!(EventPattern::parse_filter_policy(&text(100_000)).is_ok());
    assert!(EventPattern::parse_filter_policy(&text(160_000)).is_err());
    assert!(EventPattern::parse(&" ".repeat(10_000_000)).is_err());
}

#[test]
fn deep_patterns_and_deep_events_end_with_an_answer() {
    let bomb = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    assert!(error(&bomb).contains("levels of nesting"));
    let policy = format!("{{\"a\":{}}}", "[".repeat(70_000));
    assert!(EventPattern::parse_filter_policy(&policy).is_err());
    let dotted = format!("{{\"{}\":[1],\"{}b\":[1]}}", "a.".repeat(30_000), "a.".repeat(30_000));
    assert!(EventPattern::parse_filter_policy(&dotted).is_err());
    // Built without `json!`, which copies by recursion.
    let object = |value| Value::Object([("a".to_owned(), value)].into_iter().collect());
    let nested = (0..2000).fold(json!("x"), |inner, _| Value::Array(vec![inner]));
    let pattern = EventPattern::from_value(&json!({"a": ["x"]})).unwrap();
    assert!(pattern.matches(&object(nested)).value.is_unknown());
    let deep = (0..2000).fold(json!(["x"]), |inner, _| object(inner));
    assert!(EventPattern::from_value(&deep).is_err());
}

#[test]
fn a_large_event_is_evaluated_in_bounded_time() {
    let elements: Vec<Value> =
        (0..50_000).map(|number| json!({"x": 1, "y": number, "z": [number, "a"]})).collect();
    let event = json!({ "a": elements, "b": {"c": "d"} });
    let last = json!({"a": {"x": [1], "y": [49_999], "z": ["a"]}, "b": {"c": ["d"]}});
    assert!(verdict(last, event.clone()).value.is_yes());
    let none = json!({"a": {"x": [1], "y": [1], "z": [2]}});
    assert!(verdict(none, event.clone()).value.is_no());
    let twice = json!({"a": {"x": [1], "$or": [{"y": [3]}, {"z": [4]}]}});
    assert!(verdict(twice, event).value.is_yes());
}

#[test]
fn too_many_combinations_of_elements_are_unknown() {
    let array =
        |length: i32| Value::Array((0..length).map(|number| json!({"x": number, "y": -number})).collect());
    let event = json!({"a": array(2000), "b": array(2000), "c": array(2000)});
    let any = json!([{"exists": true}]);
    let pattern = json!({"$or": [
        {"a": {"x": any, "y": any}, "b": {"x": any, "y": any}, "c": {"x": any, "y": [1]}},
        {"d": [1]},
    ]});
    assert!(verdict(pattern, event.clone()).value.is_unknown());
    let settled = json!({"a": {"x": any, "y": any}, "b": {"x": any, "y": any}, "c": {"x": any, "y": [1]}});
    assert!(verdict(settled, event).value.is_no(), "arrays that no later field looks at are forgotten");
}

#[test]
fn wildcards_do_not_backtrack() {
    let wildcard = Wildcard::parse(&"*a".repeat(1000)).unwrap();
    assert!(wildcard.matches(&"a".repeat(1000)));
    assert!(!wildcard.matches(&"a".repeat(999)));
    let text = "a".repeat(1_000_000);
    assert!(!Wildcard::parse("*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*").unwrap().matches(&text));
    assert!(!Wildcard::parse("a*aa*aab").unwrap().matches(&text));
}

#[test]
fn a_line_without_pattern_or_event_is_refused() {
    let refused = |line: Value| question(&line).unwrap_err().to_string();
    assert_eq!(refused(json!({"event": {}})), "`pattern` must be an object or a string with JSON");
    assert_eq!(
        refused(json!({"pattern": [], "event": {}})),
        "`pattern` must be an object or a string with JSON"
    );
    assert_eq!(refused(json!({"pattern": {}})), "`event` must be an object");
    assert_eq!(refused(json!({"pattern": {}, "event": []})), "`event` must be an object");
    assert_eq!(refused(json!(null)), "`pattern` must be an object or a string with JSON");
    let answer: Result<Verdict, InvalidPattern> =
        question(&json!({"pattern": "{\"a\":[1]}", "event": {"a": 1}}));
    assert!(answer.unwrap().value.is_yes());
}

#[test]
fn a_filter_policy_has_the_same_operators() {
    let policy = EventPattern::parse_filter_policy(
        r#"{"$or": [{"a": [{"anything-but": {"prefix": "x"}}]}, {"b": [{"anything-but": {"suffix": ["y"]}}]}]}"#,
    )
    .unwrap();
    assert!(policy.matches(&json!({"a": "xa", "b": "b"})).value.is_yes());
    assert!(policy.matches(&json!({"a": "xa", "b": "by"})).value.is_no());
    assert!(EventPattern::parse_filter_policy(r#"{"a": "b"}"#).is_err());
}

#[test]
fn unusual_spellings_of_an_address_are_unknown() {
    let inside = |event: &str| verdict(json!({"a": [{"cidr": "10.0.0.0/8"}]}), json!({ "a": event })).value;
    assert_eq!(inside("10.1.2.3"), Tri::Yes);
    assert_eq!(inside("010.1.2.3"), Tri::Unknown);
    assert_eq!(inside("011.1.2.3"), Tri::No);
    assert_eq!(inside("10.1.2"), Tri::No);
    assert_eq!(inside("10.1..3"), Tri::No);
    assert_eq!(inside("10.1.2.3.4"), Tri::No);
    assert_eq!(inside("::ffff:10.1.2.3"), Tri::Unknown);
    assert_eq!(inside("::ffff:11.1.2.3"), Tri::No);
    let host_part = verdict(json!({"a": [{"cidr": "10.0.0.77/24"}]}), json!({"a": "10.0.0.5"}));
    assert!(host_part.value.is_yes());
}

#[test]
fn an_event_that_is_no_object_is_unknown() {
    let pattern = EventPattern::parse("{}").unwrap();
    for event in [json!(null), json!([]), json!("a")] {
        assert!(pattern.matches(&event).value.is_unknown());
    }
}

#[test]
fn nul_characters_and_empty_keys_are_ordinary() {
    assert!(verdict(json!({"a": ["\0"]}), json!({"a": "\0"})).value.is_yes());
    assert!(verdict(json!({"": {"a": ["b"]}}), json!({"": {"a": "b"}})).value.is_yes());
    assert!(verdict(json!({"": ["b"]}), json!({"": "b"})).value.is_yes());
    assert!(verdict(json!({"": ["b"]}), json!({"a": "b"})).value.is_no());
}
