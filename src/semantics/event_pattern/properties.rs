//! Properties of random patterns and events, among them agreement with a direct transcription of event-ruler.
#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{EventPattern, question};
use crate::semantics::verdict::Tri;

/// Any JSON, with the words of the grammar as frequent keys and strings.
fn document() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "a",
            "b",
            "a.b",
            "$or",
            "prefix",
            "suffix",
            "anything-but",
            "numeric",
            "exists",
            "cidr",
            "wildcard",
            "equals-ignore-case",
            "=",
            "<",
            ">",
            "10.0.0.0/8",
            "*",
            "a*b",
            "\\",
            "",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e12..1e12f64).prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A small event: few keys and values, so that patterns often match, with arrays of objects.
fn event() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![(0..3).prop_map(|number| json!(number)), Just(json!("s")), Just(json!(null))];
    let value = scalar.prop_recursive(3, 20, 3, |inner| {
        let entry = (prop::sample::select(vec!["a", "b", "c", "a.b"]), inner.clone());
        prop_oneof![
            2 => prop::collection::vec(inner, 0..3).prop_map(Value::from),
            3 => prop::collection::vec(entry, 0..4).prop_map(object),
        ]
    });
    prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "b.c"]), value), 0..4).prop_map(object)
}

/// An event with arrays of objects inside arrays of objects, for array consistency.
fn event_of_arrays() -> impl Strategy<Value = Value> {
    let scalar = || (0..2).prop_map(|number| json!(number));
    let key = || prop::sample::select(vec!["a", "b", "c"]);
    let inner = prop::collection::vec((key(), scalar()), 1..4).prop_map(object);
    let value = prop_oneof![
        3 => scalar(),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from),
        2 => prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
        1 => inner,
    ];
    let outer = prop::collection::vec((key(), value), 1..4).prop_map(object);
    let array = prop_oneof![
        3 => prop::collection::vec(outer.clone(), 1..4).prop_map(Value::from),
        1 => prop::collection::vec(prop::collection::vec(outer, 1..3).prop_map(Value::from), 1..3).prop_map(Value::from),
    ];
    prop::collection::vec((key(), array), 1..4).prop_map(object)
}

fn object(entries: Vec<(&str, Value)>) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A pattern over the same keys and values; not every one is valid (repeated paths).
fn pattern(absence: bool) -> impl Strategy<Value = Value> {
    let mut matchers = vec![json!(0), json!(1), json!("s"), json!(null), json!({"exists": true})];
    matchers.extend([json!({"anything-but": 1}), json!({"anything-but": [0, 2]})]);
    if absence {
        matchers.extend([json!({"exists": false}), json!({"exists": false})]);
    }
    let leaf = prop::collection::vec(prop::sample::select(matchers), 1..3).prop_map(Value::from);
    let key = || prop::sample::select(vec!["a", "b", "c", "a.b"]);
    let flat = prop::collection::vec((key(), leaf.clone()), 1..3).prop_map(object);
    flat.prop_recursive(3, 12, 3, move |inner| {
        let leaf = leaf.clone();
        let or = prop::collection::vec(inner.clone(), 2..4).prop_map(Value::from);
        let entry = prop_oneof![
            2 => (key(), leaf),
            2 => (key(), inner),
            1 => (Just("$or"), or),
        ];
        prop::collection::vec(entry, 1..4).prop_map(object)
    })
}

/// The pattern one level down, where the arrays of [`event_of_arrays`] are.
fn below(pattern: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    pattern.prop_map(|pattern| json!({ "a": pattern }))
}

/// A value of an event with its element in every array, as event-ruler's `Field` and `ArrayMembership`.
type Field = (String, Value, BTreeMap<usize, usize>);

/// Transcribes `Event.loadObject` and `loadArray`.
fn fields(
    node: &Value,
    path: &str,
    arrays: &mut usize,
    member: &BTreeMap<usize, usize>,
    into: &mut Vec<Field>,
) {
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                fields(value, &path, arrays, member, into);
            }
        }
        Value::Array(items) => {
            let array = *arrays;
            *arrays += 1;
            for (index, item) in items.iter().enumerate() {
                let mut member = member.clone();
                if item.is_object() || item.is_array() {
                    member.insert(array, index);
                }
                fields(item, path, arrays, &member, into);
            }
        }
        scalar => into.push((path.to_owned(), scalar.clone(), member.clone())),
    }
}

/// A rule of event-ruler: the alternatives by path, in the order of the paths.
type Rule = BTreeMap<String, Vec<Value>>;

/// Transcribes `JsonRuleCompiler`: multiplies `$or` out.
fn rules(map: &Value, path: &str, rules_so_far: Vec<Rule>) -> Vec<Rule> {
    let mut current = rules_so_far;
    for (key, value) in map.as_object().unwrap() {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        current = match value {
            Value::Array(branches) if key == "$or" => {
                branches.iter().flat_map(|branch| rules(branch, path, current.clone())).collect()
            }
            Value::Array(alternatives) => current
                .into_iter()
                .map(|mut rule| {
                    rule.insert(below.clone(), alternatives.clone());
                    rule
                })
                .collect(),
            nested => rules(nested, &below, current),
        };
    }
    current
}

fn accepts(matcher: &Value, value: &Value) -> bool {
    if matcher == &json!({"exists": false}) {
        return false;
    }
    match matcher.get("anything-but") {
        Some(Value::Array(excluded)) => !excluded.contains(value),
        Some(excluded) => excluded != value,
        None => matcher == &json!({"exists": true}) || matcher == value,
    }
}

/// Transcribes `ACFinder`: tries every field for every step, with array consistency.
fn finds(steps: &[(&String, &Vec<Value>)], fields: &[Field], so_far: &BTreeMap<usize, usize>) -> bool {
    let Some(((path, matchers), rest)) = steps.split_first() else {
        return true;
    };
    let consistent = |member: &BTreeMap<usize, usize>| {
        member.iter().all(|(array, index)| so_far.get(array).is_none_or(|chosen| chosen == index))
    };
    let mut present = fields.iter().filter(|(name, _, member)| name == *path && consistent(member));
    if matchers.contains(&json!({"exists": false}))
        && present.clone().next().is_none()
        && finds(rest, fields, so_far)
    {
        return true;
    }
    present.any(|(_, value, member)| {
        let mut joined = so_far.clone();
        joined.extend(member);
        matchers.iter().any(|matcher| accepts(matcher, value)) && finds(rest, fields, &joined)
    })
}

fn event_ruler(pattern: &Value, event: &Value) -> bool {
    let mut values = Vec::new();
    fields(event, "", &mut 0, &BTreeMap::new(), &mut values);
    rules(pattern, "", vec![Rule::new()])
        .iter()
        .any(|rule| finds(&rule.iter().collect::<Vec<_>>(), &values, &BTreeMap::new()))
}

/// A pattern of the leaves of an event that lie outside arrays, with the kinds of alternative that must accept them.
fn of_own_leaves(event: &Value) -> Value {
    let mut pattern = serde_json::Map::new();
    for (key, value) in event.as_object().unwrap() {
        let accepted = match value {
            Value::Object(_) => match of_own_leaves(value) {
                nested if nested.as_object().unwrap().is_empty() => continue,
                nested => nested,
            },
            Value::Array(_) => continue,
            scalar => json!([scalar]),
        };
        pattern.insert(key.clone(), accepted);
    }
    Value::Object(pattern)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_documents_never_panic(pattern in document(), event in document()) {
        let _ = question(&json!({"pattern": &pattern, "event": &event}));
        let _ = question(&json!({"pattern": pattern.to_string(), "event": &event}));
        if let Ok(pattern) = EventPattern::from_value(&pattern) {
            let _ = pattern.matches(&event);
            let _ = pattern.literals(&["a", "b"]);
        }
    }

    #[test]
    fn random_text_never_panics(text in "[{}\\[\\]\":,a$or0-9\\\\ ]{0,40}") {
        let _ = EventPattern::parse(&text);
        let _ = EventPattern::parse_filter_policy(&text);
    }

    #[test]
    fn text_and_value_are_the_same_pattern(pattern in pattern(true)) {
        prop_assert_eq!(EventPattern::parse(&pattern.to_string()), EventPattern::from_value(&pattern));
    }

    #[test]
    fn without_absence_the_answer_is_that_of_event_ruler(
        pattern in prop_oneof![pattern(false), below(pattern(false))],
        event in prop_oneof![event(), event_of_arrays()],
    ) {
        if let Ok(parsed) = EventPattern::from_value(&pattern) {
            prop_assert_eq!(parsed.matches(&event).value, Tri::from(event_ruler(&pattern, &event)));
        }
    }

    #[test]
    fn with_absence_a_definite_answer_is_that_of_event_ruler(
        pattern in prop_oneof![pattern(true), below(pattern(true))],
        event in prop_oneof![event(), event_of_arrays()],
    ) {
        if let Ok(parsed) = EventPattern::from_value(&pattern) {
            let answer = parsed.matches(&event).value;
            prop_assert!(answer.is_unknown() || answer == Tri::from(event_ruler(&pattern, &event)), "{answer}");
        }
    }

    #[test]
    fn another_alternative_never_turns_yes_into_no(
        first in "[ab*]{0,2}",
        second in "[ab]{0,2}",
        value in "[abAB*]{0,3}",
    ) {
        let forms = |text: &str| vec![
            json!(text),
            json!({"prefix": text}),
            json!({"suffix": {"equals-ignore-case": text}}),
            json!({"wildcard": text}),
            json!({"anything-but": text}),
            json!({"exists": false}),
            json!({"cidr": "10.0.0.0/8"}),
        ];
        for one in forms(&first) {
            for other in forms(&second) {
                for event in [json!({"x": value}), json!({"x": [value, 1]}), json!({})] {
                    let narrow = EventPattern::from_value(&json!({"x": [one]}));
                    let wide = EventPattern::from_value(&json!({"x": [one, other]}));
                    if let (Ok(narrow), Ok(wide)) = (narrow, wide) {
                        let before = narrow.matches(&event).value;
                        prop_assert!(!before.is_yes() || wide.matches(&event).value.is_yes());
                    }
                }
            }
        }
    }

    #[test]
    fn a_pattern_of_an_events_own_leaves_matches_it(event in event()) {
        let pattern = of_own_leaves(&event);
        // `{"b": {"c": …}, "b.c": …}` gives one path twice, which is no valid pattern.
        if let Ok(pattern) = EventPattern::from_value(&pattern) {
            prop_assert!(pattern.matches(&event).value.is_yes());
        }
    }
}
