//! What AWS would reject, and the question of `exfilguard eval event-selectors`.

use serde_json::Value;

use super::matches;
use crate::semantics::configuration::{AdvancedEventSelector, EventSelector, FieldSelector, TrailSelectors};
use crate::semantics::verdict::Verdict;

/// Selectors that AWS would reject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidSelectors {
    /// What is wrong, and what is allowed.
    pub reason: String,
}

fn invalid(reason: impl Into<String>) -> InvalidSelectors {
    InvalidSelectors { reason: reason.into() }
}

/// The most basic selectors of a trail.
const MAX_BASIC: usize = 5;
/// The most values of data resources of a trail with basic selectors.
const MAX_BASIC_VALUES: usize = 250;
/// The most values over all advanced selectors of a trail.
const MAX_ADVANCED_VALUES: usize = 500;
/// Types that basic selectors know.
const BASIC_TYPES: [&str; 3] = ["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"];
/// Sources whose management events a basic selector may leave out.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
/// Fields of advanced selectors that take only `Equals`.
const EQUALS_ONLY: [&str; 3] = ["eventCategory", "readOnly", "resources.type"];
/// Fields of advanced selectors.
const FIELDS: [&str; 11] = [
    "eventCategory",
    "readOnly",
    "eventName",
    "eventSource",
    "eventType",
    "resources.type",
    "resources.ARN",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
    "errorCode",
    "vpcEndpointId",
];

/// The longest value of a data resource or field.
const MAX_LENGTH: usize = 2048;
/// The longest name of an advanced selector.
const MAX_NAME: usize = 1000;

/// A category, the fields that its selectors must have beside it, and those that they may have. Some are for event data
/// stores only; a selector does not say whose it is.
type CategoryFields = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The categories of a trail (CloudTrail API, `AdvancedFieldSelector`).
const CATEGORIES: [CategoryFields; 3] = [
    (
        "Management",
        &[],
        &[
            "eventSource",
            "readOnly",
            "eventName",
            "eventType",
            "sessionCredentialFromConsole",
            "userIdentity.arn",
        ],
    ),
    (
        "Data",
        &["resources.type"],
        &[
            "readOnly",
            "eventName",
            "eventSource",
            "eventType",
            "resources.ARN",
            "sessionCredentialFromConsole",
            "userIdentity.arn",
        ],
    ),
    ("NetworkActivity", &["eventSource"], &["eventName", "errorCode", "vpcEndpointId"]),
];

/// Holds selectors against what AWS accepts.
///
/// # Errors
/// The first thing that AWS would reject.
pub fn validate(selectors: &TrailSelectors) -> Result<(), InvalidSelectors> {
    let (basic, advanced) = (&selectors.event_selectors, &selectors.advanced_event_selectors);
    if !basic.is_empty() && !advanced.is_empty() {
        return Err(invalid("a trail has basic or advanced selectors, not both"));
    }
    if basic.len() > MAX_BASIC {
        return Err(invalid(format!("{} basic selectors; a trail has at most {MAX_BASIC}", basic.len())));
    }
    basic.iter().try_for_each(basic_is_valid)?;
    let values = basic.iter().flat_map(|s| &s.data_resources).flat_map(|r| &r.values);
    let specific = values.filter(|value| !is_everything(value)).count();
    if specific > MAX_BASIC_VALUES {
        return Err(invalid(format!(
            "{specific} data resource values; a trail has at most {MAX_BASIC_VALUES}"
        )));
    }
    advanced.iter().try_for_each(advanced_is_valid)?;
    let values: usize = advanced.iter().flat_map(|s| &s.field_selectors).map(count_values).sum();
    if values > MAX_ADVANCED_VALUES {
        return Err(invalid(format!(
            "{values} values; advanced selectors have at most {MAX_ADVANCED_VALUES}"
        )));
    }
    Ok(())
}

fn is_everything(value: &str) -> bool {
    value.split(':').count() == 3
}

fn basic_is_valid(selector: &EventSelector) -> Result<(), InvalidSelectors> {
    if let Some(kind) = &selector.read_write_type
        && !matches!(kind.as_str(), "ReadOnly" | "WriteOnly" | "All")
    {
        return Err(invalid(format!("`{kind}` is no ReadWriteType; allowed: ReadOnly, WriteOnly, All")));
    }
    for resource in &selector.data_resources {
        if !BASIC_TYPES.contains(&resource.r#type.as_str()) {
            return Err(invalid(format!(
                "`{}` is no type of a basic selector; allowed: {}",
                resource.r#type,
                BASIC_TYPES.join(", ")
            )));
        }
    }
    let values = selector.data_resources.iter().flat_map(|resource| &resource.values);
    values.into_iter().try_for_each(|value| length_is_valid("Values", value))?;
    for source in &selector.exclude_management_event_sources {
        if !EXCLUDABLE.contains(&source.as_str()) {
            return Err(invalid(format!(
                "management events of `{source}` cannot be excluded; allowed: {}",
                EXCLUDABLE.join(", ")
            )));
        }
    }
    Ok(())
}

/// AWS takes no empty value and none longer than [`MAX_LENGTH`].
fn length_is_valid(name: &str, value: &str) -> Result<(), InvalidSelectors> {
    match value.chars().take(MAX_LENGTH + 1).count() {
        0 => Err(invalid(format!("a value of `{name}` is empty"))),
        1..=MAX_LENGTH => Ok(()),
        _ => Err(invalid(format!("a value of `{name}` is longer than {MAX_LENGTH} characters"))),
    }
}

fn count_values(field: &FieldSelector) -> usize {
    operators(field).iter().map(|(_, values)| values.len()).sum()
}

fn operators(field: &FieldSelector) -> [(&'static str, &[String]); 6] {
    [
        ("Equals", &field.equals),
        ("StartsWith", &field.starts_with),
        ("EndsWith", &field.ends_with),
        ("NotEquals", &field.not_equals),
        ("NotStartsWith", &field.not_starts_with),
        ("NotEndsWith", &field.not_ends_with),
    ]
}

fn advanced_is_valid(selector: &AdvancedEventSelector) -> Result<(), InvalidSelectors> {
    if selector.name.as_ref().is_some_and(|name| name.chars().count() > MAX_NAME) {
        return Err(invalid(format!("the name of a selector is longer than {MAX_NAME} characters")));
    }
    if selector.field_selectors.is_empty() {
        return Err(invalid("a selector needs FieldSelectors"));
    }
    let find = |name: &str| selector.field_selectors.iter().find(|field| field.field == name);
    for (index, field) in selector.field_selectors.iter().enumerate() {
        if selector.field_selectors.iter().skip(index + 1).any(|other| other.field == field.field) {
            return Err(invalid(format!("the field `{}` stands twice in one selector", field.field)));
        }
        field_is_valid(field)?;
    }
    let Some(category) = find("eventCategory").and_then(|field| field.equals.first()) else {
        return Err(invalid("a selector must name its `eventCategory` with Equals"));
    };
    let Some((_, required, optional)) = CATEGORIES.iter().find(|(name, _, _)| name == category) else {
        let names: Vec<&str> = CATEGORIES.iter().map(|(name, _, _)| *name).collect();
        return Err(invalid(format!(
            "`{category}` is no eventCategory of a trail; allowed: {}",
            names.join(", ")
        )));
    };
    if let Some(missing) = required.iter().find(|name| find(name).is_none()) {
        return Err(invalid(format!("a selector of category {category} must name its `{missing}`")));
    }
    let allowed =
        |name: &str| name == "eventCategory" || required.contains(&name) || optional.contains(&name);
    match selector.field_selectors.iter().find(|field| !allowed(&field.field)) {
        Some(foreign) => Err(invalid(format!(
            "a selector of category {category} has no field `{}`; allowed: eventCategory, {}",
            foreign.field,
            [*required, *optional].concat().join(", ")
        ))),
        None => Ok(()),
    }
}

fn field_is_valid(field: &FieldSelector) -> Result<(), InvalidSelectors> {
    let name = field.field.as_str();
    if !FIELDS.contains(&name) {
        return Err(invalid(format!("`{name}` is no field of a selector; allowed: {}", FIELDS.join(", "))));
    }
    let used: Vec<&str> = operators(field)
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(operator, _)| *operator)
        .collect();
    if used.is_empty() {
        return Err(invalid(format!("the field `{name}` has no operator with a value")));
    }
    let values = operators(field).into_iter().flat_map(|(_, values)| values);
    values.into_iter().try_for_each(|value| length_is_valid(name, value))?;
    if EQUALS_ONLY.contains(&name) && used != ["Equals"] {
        return Err(invalid(format!("the field `{name}` takes only Equals")));
    }
    if EQUALS_ONLY.contains(&name) && field.equals.len() > 1 {
        return Err(invalid(format!("the field `{name}` takes one value")));
    }
    if name == "readOnly" && !field.equals.iter().all(|value| value == "true" || value == "false") {
        return Err(invalid("`readOnly` is \"true\" or \"false\""));
    }
    if name == "errorCode" && field.equals != ["VpceAccessDenied"] {
        return Err(invalid("`errorCode` takes only Equals `VpceAccessDenied`"));
    }
    Ok(())
}

/// Answers one line of `exfilguard eval event-selectors`: `event_selectors` or `advanced_event_selectors`, and `event`.
///
/// # Errors
/// Selectors that AWS would reject, or a line of another form.
pub fn question(line: &Value) -> Result<Verdict, InvalidSelectors> {
    let line = line.as_object().ok_or_else(|| invalid("the question must be an object"))?;
    if let Some(other) = line.keys().find(|key| !QUESTION_KEYS.contains(&key.as_str())) {
        return Err(invalid(format!(
            "the question has no key `{other}`; allowed: event_selectors, advanced_event_selectors, event, id"
        )));
    }
    let list = |name: &str| match line.get(name) {
        None | Some(Value::Null) => Ok(&[] as &[Value]),
        Some(Value::Array(list)) => Ok(list.as_slice()),
        Some(_) => Err(invalid(format!("`{name}` must be a list"))),
    };
    let (basic, advanced) = (list("event_selectors")?, list("advanced_event_selectors")?);
    let event = line.get("event").ok_or_else(|| invalid("the question has no `event`"))?;
    if !event.is_object() {
        return Err(invalid("`event` must be a CloudTrail record"));
    }
    let selectors = TrailSelectors {
        event_selectors: read(basic, "event_selectors", &BASIC_KEYS, "DataResources", &RESOURCE_KEYS)?,
        advanced_event_selectors: read(
            advanced,
            "advanced_event_selectors",
            &ADVANCED_KEYS,
            "FieldSelectors",
            &FIELD_KEYS,
        )?,
    };
    validate(&selectors)?;
    Ok(matches(&selectors, event))
}

/// The keys of a question; the last four are those of a test vector and of `id`, which is handed back by the caller.
const QUESTION_KEYS: [&str; 7] =
    ["event_selectors", "advanced_event_selectors", "event", "id", "name", "expect", "source"];
const BASIC_KEYS: [&str; 4] =
    ["ReadWriteType", "IncludeManagementEvents", "DataResources", "ExcludeManagementEventSources"];
const RESOURCE_KEYS: [&str; 2] = ["Type", "Values"];
const ADVANCED_KEYS: [&str; 2] = ["Name", "FieldSelectors"];
const FIELD_KEYS: [&str; 7] =
    ["Field", "Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];

/// Reads selectors strictly: serde would pass over a misspelt key, and answer for a selector that nobody wrote.
fn read<T: serde::de::DeserializeOwned>(
    list: &[Value],
    name: &str,
    keys: &[&str],
    parts: &str,
    part_keys: &[&str],
) -> Result<Vec<T>, InvalidSelectors> {
    let mut selectors = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        let place = format!("{name}[{index}]");
        known_keys(item, &place, keys)?;
        for (part_index, part) in item.get(parts).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            known_keys(part, &format!("{place}.{parts}[{part_index}]"), part_keys)?;
        }
        // By reference: a copy of an untrusted document would be as deep as the document.
        selectors.push(T::deserialize(item).map_err(|error| invalid(format!("`{place}`: {error}")))?);
    }
    Ok(selectors)
}

fn known_keys(item: &Value, place: &str, keys: &[&str]) -> Result<(), InvalidSelectors> {
    let Some(fields) = item.as_object() else {
        return Err(invalid(format!("`{place}` must be an object")));
    };
    match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(invalid(format!("`{place}` has no key `{key}`; allowed: {}", keys.join(", ")))),
        None => Ok(()),
    }
}
