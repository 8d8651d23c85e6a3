//! The schema and the template, held against the reader.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::super::{document, exceptions, gates, remediation, units, yaml};
use super::*;

/// The example of `docs/policy-file.md`.
fn example() -> String {
    let page = include_str!("../../../docs/policy-file.md");
    let example = page.split("```yaml\n").nth(1).unwrap();
    example.split("```").next().unwrap().to_owned()
}

fn properties<'s>(schema: &'s Json, pointer: &str) -> BTreeSet<&'s str> {
    schema.pointer(pointer).unwrap().as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_key_of_the_reader_is_in_the_schema_and_no_other() {
    let schema = schema(&known_checks());
    for (pointer, keys) in [
        ("/properties", document::KEYS),
        ("/$defs/OrganizationForm/properties", document::ORGANIZATION_KEYS),
        ("/$defs/TrustForm/properties", document::TRUST_KEYS),
        ("/$defs/SensitiveForm/properties", document::SENSITIVE_KEYS),
        ("/$defs/CheckForm/properties", document::CHECK_KEYS),
        ("/properties/checks/properties/bulk-download-alarm/properties", document::CHECK_KEYS),
        ("/$defs/UnitForm/properties", units::KEYS),
        ("/$defs/ExceptionForm/properties", exceptions::KEYS),
        ("/$defs/GatesForm/properties", gates::KEYS),
        ("/$defs/RemediationForm/properties", remediation::KEYS),
    ] {
        assert_eq!(properties(&schema, pointer), keys.iter().copied().collect(), "{pointer}");
    }
    assert_eq!(schema["required"], json!(["version"]));
    assert_eq!(schema["$defs"]["ExceptionForm"]["required"], json!(["check", "reason", "owner", "expires"]));
}

/// Whether a value is valid, by the part of JSON Schema that the policy file's schema uses.
fn valid(root: &Json, schema: &Json, value: &Json) -> bool {
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let is = |allowed: &Json| allowed == kind || (allowed == "number" && kind == "integer");
    let Some(schema) = schema.as_object() else { return schema == &json!(true) };
    schema.iter().all(|(keyword, rule)| match keyword.as_str() {
        "type" => rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is)),
        "$ref" => {
            valid(root, root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value)
        }
        "anyOf" | "oneOf" => rule.as_array().unwrap().iter().any(|schema| valid(root, schema, value)),
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value,
        "required" => value.as_object().is_none_or(|object| {
            rule.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| valid(root, rule, item))),
        "properties" => value.as_object().is_none_or(|object| {
            object.iter().all(|(key, value)| rule.get(key).is_none_or(|schema| valid(root, schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let known = schema.get("properties").and_then(Json::as_object);
            let mut others =
                object.iter().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
            others.all(|(_, value)| valid(root, rule, value))
        }),
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= rule.as_u64().unwrap()),
        "maxLength" => value.as_str().is_none_or(|text| text.len() as u64 <= rule.as_u64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| {
            regex_automata::meta::Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)
        }),
        "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
        other => panic!("`{other}` is not tested"),
    })
}

/// A YAML text as an editor sees it: dates are texts.
fn as_json(node: &yaml::Node) -> Json {
    match &node.value {
        yaml::Value::Null => Json::Null,
        yaml::Value::Boolean(value) => json!(value),
        yaml::Value::Integer(value) => json!(i64::try_from(*value).unwrap()),
        yaml::Value::Number(value) => json!(value),
        yaml::Value::Text(text) => json!(text),
        yaml::Value::List(items) => items.iter().map(as_json).collect(),
        yaml::Value::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (as_json(key).as_str().unwrap().to_owned(), as_json(value)))
            .collect(),
    }
}

/// Whether the schema accepts a file, and whether the reader does.
fn accepted(text: &str) -> (bool, bool) {
    let schema = schema(&known_checks());
    (valid(&schema, &schema, &as_json(&yaml::parse(text).unwrap())), read(text).is_ok())
}

#[test]
fn the_documented_example_is_valid_and_loads() {
    assert_eq!(read(&example()).map_err(|error| error.lines()).err(), None);
    assert_eq!(accepted(&example()), (true, true));
}

#[test]
fn schema_and_reader_refuse_the_same_mistakes() {
    for text in [
        "trust: {}",
        "version: 2",
        "version: 1\ntrsut: {}",
        "version: 1\ntrust: { accounts: [ 111122223333 ] }",
        "version: 1\ntrust: { accounts: [ \"1111\" ] }",
        "version: 1\norganization: { role: null }",
        "version: 1\norganization: { regions: [ Frankfurt ] }",
        "version: 1\nsensitive: { tags: { Class: Secret } }",
        "version: 1\nchecks: { bucket-requires-tls: { enabled: no } }",
        "version: 1\nchecks: { bucket-requires-tls: { severity: bad } }",
        "version: 1\nchecks: { bucket-requires-tls: { parameters: { x: 1 } } }",
        "version: 1\nchecks: { bulk-download-alarm: { parameters: { objects: 1.5 } } }",
        "version: 1\ngates: { fail_on: never }",
        "version: 1\ngates: { fail_on: null }",
        "version: 1\ngates: { minimum_score: 101 }",
        "version: 1\ngates: { maximum_unknown: -1 }",
        "version: 1\nremediation: { allow: [ everything ] }",
        "version: 1\nremediation: { maximum_changes: 0 }",
        "version: 1\nexceptions: [ { check: bucket-requires-tls, owner: y, expires: 2027-06-30 } ]",
        "version: 1\nexceptions: [ { check: bucket-requires-tls, reason: x, owner: y } ]",
        "version: 1\nexceptions: [ { check: bucket-requires-tls, reason: x, owner: y, expires: soon } ]",
        "version: 1\nexceptions: [ { check: bucket-requires-tls, reason: x, owner: y, expires: 2027-06-30, account: prod } ]",
        "version: 1\norganizational_units: { r-ab12: { gates: {} } }",
    ] {
        assert_eq!(accepted(text), (false, false), "{text}");
    }
}

#[test]
fn the_template_says_what_holds_without_it() {
    let text = template(&known_checks());
    assert_eq!(read(&text).unwrap(), PolicyFile::default());
    assert_eq!(accepted(&text), (true, true));
    let mut prose = text.lines().filter(|line| !line.starts_with("  #") || line.starts_with("  # "));
    assert!(prose.all(|line| line.chars().count() <= 120), "{text}");
}

/// With every `#` before a check removed the same holds, said in so many words.
#[test]
fn the_checks_of_the_template_are_written_with_their_defaults() {
    let text: String = template(&known_checks())
        .lines()
        .map(|line| match line.strip_prefix("  #") {
            Some(check) if !check.starts_with(' ') => format!("  {check}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let policy = read(&text).unwrap();
    assert_eq!(policy.checks.len(), known_checks().len());
    for check in known_checks() {
        let settings = policy.check(&check.id);
        assert_eq!(settings.enabled, Some(true));
        assert_eq!(settings.severity, Some(check.severity));
        assert_eq!(settings.parameters.len(), check.parameters.len());
        assert_eq!(policy.parameters(&check), PolicyFile::default().parameters(&check));
    }
    assert_eq!(PolicyFile { checks: BTreeMap::new(), ..policy }, PolicyFile::default());
}

#[test]
fn every_key_is_in_the_template() {
    let text = template(&known_checks());
    for keys in [
        document::KEYS,
        document::ORGANIZATION_KEYS,
        document::TRUST_KEYS,
        document::SENSITIVE_KEYS,
        document::CHECK_KEYS,
        exceptions::KEYS,
        units::KEYS,
        gates::KEYS,
        remediation::KEYS,
    ] {
        for key in keys {
            assert!(text.contains(&format!("{key}: ")) || text.contains(&format!("{key}:\n")), "{key}");
        }
    }
}
