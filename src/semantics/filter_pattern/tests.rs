#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::semantics::verdict::{Assumption, Tri};

fn answer(pattern: &str, event: &Value) -> Verdict {
    FilterPattern::parse(pattern).unwrap().matches_event(event)
}

fn reason(pattern: &str) -> String {
    FilterPattern::parse(pattern).unwrap_err().to_string()
}

#[test]
fn undocumented_cells_name_their_assumption() {
    let a12 = [Assumption(12)].into();
    let null = json!({"f": null});
    for (pattern, event) in [
        ("{ $.f = \"s\" }", &null),
        ("{ $.f != \"s\" }", &null),
        ("{ $.f NOT EXISTS }", &null),
        ("{ $.f IS NULL }", &json!({})),
        ("{ $.f = \"s\" }", &json!({"f": true})),
        ("{ $.f = 5 }", &json!({"f": "5"})),
        ("{ $.f > 5 }", &json!({"f": "6"})),
        ("{ $.f = %5% }", &json!({"f": 5})),
    ] {
        assert_eq!(answer(pattern, event).assumptions, a12, "{pattern} on {event}");
    }
}

#[test]
fn documented_cells_rest_on_no_assumption() {
    for (pattern, event) in [
        ("{ $.f = \"s\" }", json!({})),
        ("{ $.f != \"s\" }", json!({})),
        ("{ $.f = \"s*\" }", json!({"f": null})),
        ("{ $.f = * }", json!({"f": null})),
        ("{ $.f = * }", json!({"f": true})),
        ("{ $.f = 5 }", json!({"f": null})),
        ("{ $.f > 5 }", json!({"f": true})),
        ("{ $.f = %s% }", json!({"f": null})),
        ("{ $.f IS NULL }", json!({"f": null})),
        ("{ $.f NOT EXISTS }", json!({})),
    ] {
        let verdict = answer(pattern, &event);
        assert!(verdict.assumptions.is_empty(), "{pattern} on {event}");
        assert!(!verdict.value.is_unknown(), "{pattern} on {event}");
    }
}

#[test]
fn a_field_that_is_not_there_fails_every_condition_but_not_equal() {
    let of = |pattern: &str| answer(pattern, &json!("a b")).value;
    assert_eq!(of("[x, y, z = c]"), Tri::No);
    assert_eq!(of("[x, y, z < 5 && z != 3]"), Tri::No);
    assert_eq!(of("[x, y, z != c]"), Tri::Unknown);
    assert_eq!(of("[x, y, z = c || z != d]"), Tri::Unknown);
    assert_eq!(of("[x = c, y, z != c]"), Tri::No);
}

#[test]
fn errors_name_the_column_and_the_remedy() {
    assert_eq!(
        reason("{ $.abcdef = 'x' }"),
        "column 14: single quotes do not delimit strings; use double quotes"
    );
    assert_eq!(reason("{ $.a == 1 }"), "column 7: `==` is not an operator; write a single `=`");
    assert_eq!(
        reason("{ $.a EXISTS }"),
        "column 7: `EXISTS` is not supported; write `= *` for a property with any value"
    );
    assert_eq!(reason("{ a = 1 }"), "column 3: a selector begins with `$.`, such as `$.eventName`");
    assert_eq!(
        reason("{ ($.a = 1 }"),
        "column 12: the parenthesis of column 3 is not closed here: found `}`"
    );
    assert_eq!(reason("{ $.a = 1"), "column 10: the closing `}` is missing");
    assert!(reason("{ $.a = %(b)% }").starts_with("column 10: regular expressions have no parentheses"));
    assert!(reason(&"x".repeat(1025)).starts_with("column 1025: the pattern is longer"));
}

#[test]
fn reasons_name_the_condition_and_shorten_the_value() {
    let verdict = answer("{ $.a = \"x\" }", &json!({"a": "y".repeat(10_000)}));
    assert!(verdict.reason.starts_with("`$.a = \"x\"` does not hold: `$.a` is `yyy"));
    assert!(verdict.reason.len() < 200);
}

#[test]
fn a_question_needs_a_pattern_and_a_message() {
    let yes = question(&json!({"pattern": "{ $.a = 1 }", "message": {"a": 1}})).unwrap();
    assert!(yes.value.is_yes());
    let yes = question(&json!({"pattern": "{ $.a = 1 }", "message": "{\"a\": 1}"})).unwrap();
    assert!(yes.value.is_yes());
    for wrong in [json!({}), json!({"pattern": "a"}), json!({"pattern": "a", "message": 1}), json!(7)] {
        question(&wrong).unwrap_err();
    }
}

#[test]
fn terms_see_the_compact_serialization_of_an_event() {
    let event = json!({"eventName": "GetObject", "n": [1, 2]});
    assert!(answer(r#""\"eventName\":\"GetObject\",\"n\":[1,2]""#, &event).value.is_yes());
}

#[test]
fn the_answer_takes_bounded_time() {
    let start = Instant::now();
    let long = "a".repeat(10 << 20);
    let line = json!({"a": long}).to_string();
    for pattern in [
        "{ $.a = \"*a*a*a*a*a*b\" }",
        "{ $.a = %a*a*a*a*b% }",
        "{ $.a = %[ab]{500}b% }",
        "-b",
        "[a=*b*, ...]",
    ] {
        let _ = FilterPattern::parse(pattern).unwrap().matches(&line);
        let _ = FilterPattern::parse(pattern).unwrap().matches(&long);
    }
    let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(1 << 20));
    let verdict = FilterPattern::parse("{ $.a[*] = 2 }").unwrap().matches(&wide);
    assert!(verdict.value.is_no());
    let _ = FilterPattern::parse("{ $.a = %.{1000}.{1000}.{1000}% }");
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn nesting_is_read_up_to_its_limit() {
    let nested = |levels: usize| format!("{{\"b\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    let absent = FilterPattern::parse("{ $.a NOT EXISTS }").unwrap();
    assert!(absent.matches(&nested(126)).value.is_yes());
    assert!(absent.matches(&nested(127)).value.is_unknown());
    assert!(absent.matches(&nested(5_000_000)).value.is_unknown());
    assert!(absent.matches(&format!("{{\"b\":\"{}\"}}", "[".repeat(500))).value.is_yes());
    let _ = absent.matches(&"{\"a\":".repeat(100_000));
    let _ = absent.matches("{\"a\u{0}\":\"\u{0}\"}");
}

/// Scalars and containers of the property `f`, and its absence.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i32..4).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ab*5]{0,3}".prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    let node = leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abf]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[abf]", node, 0..3).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn condition() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        Just("$.a".to_owned()),
        Just("$.b".to_owned()),
        Just("$.a.f".to_owned()),
        Just("$.a[0]".to_owned()),
        Just("$.f[*]".to_owned()),
    ];
    let test = prop_oneof![
        Just("IS NULL".to_owned()),
        Just("IS TRUE".to_owned()),
        Just("NOT EXISTS".to_owned()),
        Just("= %a%".to_owned()),
        Just("!= %b$%".to_owned()),
        (
            prop_oneof![Just("="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")],
            prop_oneof![
                Just("*".to_owned()),
                (-3_i32..4).prop_map(|number| number.to_string()),
                "\"[ab*5]{0,3}\"",
            ]
        )
            .prop_map(|(operator, value)| format!("{operator} {value}")),
    ];
    (selector, test).prop_map(|(selector, test)| format!("{selector} {test}"))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_the_evaluator_panic(pattern in ".{0,40}", line in ".{0,40}") {
        if let Ok(pattern) = FilterPattern::parse(&pattern) {
            let _ = pattern.matches(&line);
        }
    }

    #[test]
    fn no_text_of_the_alphabet_makes_the_parser_panic(
        pattern in r#"[{\[]?[-{}\[\]()$.a5=!<>&|"%\\*?, ^+]{0,30}[}\]]?"#,
        event in document(),
    ) {
        if let Ok(pattern) = FilterPattern::parse(&pattern) {
            let _ = pattern.matches_event(&event);
            let _ = pattern.matches(&event.to_string());
        }
    }

    #[test]
    fn any_accepted_regular_expression_is_searched(expression in r"[-ab5^$?{},|\\*+.dwsx\[\]]{1,12}", text in "[ab5 -]{0,8}") {
        if let Ok(pattern) = FilterPattern::parse(&format!("{{ $.a = %{expression}% }}")) {
            let verdict = pattern.matches_event(&json!({"a": text}));
            prop_assert!(!verdict.value.is_unknown());
        }
    }

    #[test]
    fn conjunction_and_disjunction_follow_kleene(p in condition(), q in condition(), event in document()) {
        let (left, right) = (answer(&format!("{{ {p} }}"), &event).value, answer(&format!("{{ {q} }}"), &event).value);
        let both = answer(&format!("{{ {p} && {q} }}"), &event).value;
        let either = answer(&format!("{{ {p} || ({q}) }}"), &event).value;
        prop_assert_eq!(both, left.and(right));
        prop_assert_eq!(either, left.or(right));
        if both.is_yes() {
            prop_assert!(left.is_yes() && right.is_yes());
        }
    }

    #[test]
    fn without_the_property_only_not_exists_holds(p in condition()) {
        let expected = Tri::from(p.ends_with("NOT EXISTS"));
        prop_assert_eq!(answer(&format!("{{ {p} }}"), &json!({})).value, expected);
    }

    #[test]
    fn equal_and_not_equal_never_both_hold(event in document(), value in "\"[ab*5]{0,3}\"|[0-9]") {
        let equal = answer(&format!("{{ $.a = {value} }}"), &event).value;
        let different = answer(&format!("{{ $.a != {value} }}"), &event).value;
        prop_assert!(!(equal.is_yes() && different.is_yes()));
        prop_assert_eq!(equal.is_unknown(), different.is_unknown());
    }

    #[test]
    fn the_line_and_the_event_have_the_same_answer(p in condition(), event in document()) {
        let pattern = FilterPattern::parse(&format!("{{ {p} }}")).unwrap();
        // Reading a number again may change its last digit, so the reasons may differ.
        prop_assert_eq!(pattern.matches(&event.to_string()).value, pattern.matches_event(&event).value);
    }

    #[test]
    fn a_glob_matches_what_its_stars_are_replaced_with(parts in prop::collection::vec("[ab]{0,3}", 1..4), fill in "[ab]{0,3}") {
        let event = json!({"a": parts.join(&fill)});
        let pattern = format!("{{ $.a = \"{}\" }}", parts.join("*"));
        prop_assert!(answer(&pattern, &event).value.is_yes());
    }

    #[test]
    fn more_required_terms_match_fewer_lines(first in "[ab]{1,3}", second in "[ab]{1,3}", line in "[ab ]{0,8}") {
        let both = FilterPattern::parse(&format!("{first} {second}")).unwrap().matches(&line).value;
        let one = FilterPattern::parse(&first).unwrap().matches(&line).value;
        let either = FilterPattern::parse(&format!("?{first} ?{second}")).unwrap().matches(&line).value;
        prop_assert!(!both.is_yes() || one.is_yes());
        prop_assert!(!one.is_yes() || either.is_yes());
    }
}
