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
    match category.as_str() {
        "Data" if find("resources.type").is_none() => {
            Err(invalid("a selector of category Data must name its `resources.type`"))
        }
        "NetworkActivity" if find("eventSource").is_none() => {
            Err(invalid("a selector of category NetworkActivity must name its `eventSource`"))
        }
        "Management" => {
            let foreign = ["resources.type", "resources.ARN", "errorCode", "vpcEndpointId"];
            match foreign.iter().find(|name| find(name).is_some()) {
                Some(name) => {
                    Err(invalid(format!("a selector of category Management has no field `{name}`")))
                }
                None => Ok(()),
            }
        }
        "Data" | "NetworkActivity" => Ok(()),
        other => Err(invalid(format!(
            "`{other}` is no eventCategory of a trail; allowed: Management, Data, NetworkActivity"
        ))),
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
        event_selectors: read(basic, "event_selectors", &BASIC_KEYS)?,
        advanced_event_selectors: read(advanced, "advanced_event_selectors", &ADVANCED_KEYS)?,
    };
    validate(&selectors)?;
    Ok(matches(&selectors, event))
}

const BASIC_KEYS: [&str; 4] =
    ["ReadWriteType", "IncludeManagementEvents", "DataResources", "ExcludeManagementEventSources"];
const ADVANCED_KEYS: [&str; 2] = ["Name", "FieldSelectors"];

fn read<T: serde::de::DeserializeOwned>(
    list: &[Value],
    name: &str,
    keys: &[&str],
) -> Result<Vec<T>, InvalidSelectors> {
    list.iter()
        .enumerate()
        .map(|(index, item)| {
            let unknown =
                item.as_object().into_iter().flatten().find(|(key, _)| !keys.contains(&key.as_str()));
            if let Some((key, _)) = unknown {
                return Err(invalid(format!(
                    "`{name}[{index}]` has no key `{key}`; allowed: {}",
                    keys.join(", ")
                )));
            }
            serde_json::from_value(item.clone())
                .map_err(|error| invalid(format!("`{name}[{index}]`: {error}")))
        })
        .collect()
}
