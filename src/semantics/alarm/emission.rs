//! What a metric filter publishes for a matching event (`aws-semantics.md` 5.3).

use std::collections::BTreeMap;

use serde_json::Value;

use super::criteria::{SystemFields, selects};
use crate::semantics::configuration::MetricFilter;
use crate::semantics::verdict::{Tri, Verdict};

/// One data point per matching event, of this metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric_name: String,
    /// The metric's dimensions; a value is none if it is not known.
    pub dimensions: BTreeMap<String, Option<String>>,
    /// The metric's unit, if the filter sets one.
    pub unit: Option<String>,
    /// The value per event.
    pub value: f64,
    /// Whether the value is a field of the event, and so differs from event to event.
    pub varies: bool,
    /// The value published for a minute with events of which none matches.
    pub default: Option<f64>,
}

/// What the filter publishes when `event` matches its pattern, without knowing the system fields of the log event.
///
/// # Errors
/// The verdict why nothing, or nothing that is known, is published.
pub fn emission(filter: &MetricFilter, event: &Value) -> Result<Emission, Verdict> {
    emission_at(filter, event, &SystemFields::default())
}

/// What the filter publishes when `event` matches its pattern and the log event has these system fields.
///
/// # Errors
/// The verdict why nothing, or nothing that is known, is published.
pub fn emission_at(
    filter: &MetricFilter,
    event: &Value,
    fields: &SystemFields<'_>,
) -> Result<Emission, Verdict> {
    let name = &filter.filter_name;
    let [transformation] = filter.metric_transformations.as_slice() else {
        return Err(Verdict::no(format!("metric filter `{name}` publishes no metric")));
    };
    if filter.apply_on_transformed_logs {
        return Err(Verdict::unknown(format!(
            "metric filter `{name}` looks at transformed log events, whose transformer is not read"
        )));
    }
    selected(filter, fields)?;
    let mut dimensions = BTreeMap::new();
    for (dimension, path) in &transformation.dimensions {
        // An event without the field is not counted at all.
        let Some(value) = look_up(name, event, path)?.and_then(plain) else {
            return Err(Verdict::no(format!(
                "metric filter `{name}` publishes nothing for an event without `{path}`"
            )));
        };
        dimensions.insert(dimension.clone(), Some(value));
    }
    let system = filter.emit_system_field_dimensions.iter();
    dimensions.extend(system.map(|field| (field.clone(), fields.value(field).map(str::to_owned))));
    let (value, varies) = value(name, &transformation.metric_value, event)?;
    Ok(Emission {
        namespace: transformation.metric_namespace.clone(),
        metric_name: transformation.metric_name.clone(),
        dimensions,
        unit: transformation.unit.clone().filter(|unit| unit != "None"),
        value,
        varies,
        default: transformation.default_value,
    })
}

/// Whether what the filter publishes may depend on one of these properties of an event, named at its top.
#[must_use]
pub fn publishes_of(filter: &MetricFilter, properties: &[&str]) -> bool {
    let transformations = filter.metric_transformations.iter();
    let mut paths = transformations.flat_map(|of| of.dimensions.values().chain([&of.metric_value]));
    paths.any(|path| {
        path.contains('[') || path.contains('*') || properties.iter().any(|name| path.contains(name))
    })
}

fn selected(filter: &MetricFilter, fields: &SystemFields<'_>) -> Result<(), Verdict> {
    let name = &filter.filter_name;
    let criteria = filter.field_selection_criteria.as_deref().unwrap_or_default().trim();
    if criteria.is_empty() {
        return Ok(());
    }
    match selects(criteria, fields) {
        Tri::Yes => Ok(()),
        Tri::No => {
            Err(Verdict::no(format!("metric filter `{name}` leaves the log event out by `{criteria}`")))
        }
        Tri::Unknown => Err(Verdict::unknown(format!(
            "metric filter `{name}` selects events by system fields, which are not read"
        ))),
    }
}

/// The value that an event publishes, and whether it is a field of the event.
fn value(filter: &str, text: &str, event: &Value) -> Result<(f64, bool), Verdict> {
    if let Ok(number) = text.trim().parse::<f64>() {
        return if number.is_finite() {
            Ok((number, false))
        } else {
            Err(Verdict::unknown(format!("metric filter `{filter}` publishes `{text}`, which is no number")))
        };
    }
    match look_up(filter, event, text)? {
        Some(Value::Number(number)) => {
            number.as_f64().filter(|number| number.is_finite()).map(|number| (number, true)).ok_or_else(
                || Verdict::unknown(format!("metric filter `{filter}` publishes a number that is too large")),
            )
        }
        Some(_) => {
            Err(Verdict::no(format!("metric filter `{filter}` publishes `{text}`, which is no number")))
        }
        None => Err(Verdict::no(format!(
            "metric filter `{filter}` publishes nothing for an event without `{text}`"
        ))),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The value at a selector such as `$.requestParameters.bucketName` or `$.resources[0].ARN`; none if the event has no
/// such field. A selector that is written in another way is unknown, not absent.
fn look_up<'a>(filter: &str, event: &'a Value, selector: &str) -> Result<Option<&'a Value>, Verdict> {
    let steps = steps(selector.trim()).ok_or_else(|| {
        Verdict::unknown(format!(
            "metric filter `{filter}` takes `{selector}`, which is not a path such as `$.a.b[0]`"
        ))
    })?;
    Ok(steps.into_iter().try_fold(event, |node, step| match step {
        Step::Field(name) => node.get(name),
        Step::Index(index) => node.get(index),
    }))
}

enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

fn steps(selector: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = selector.strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, remainder) = after.split_at_checked(end)?;
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                return None;
            }
            steps.push(Step::Field(name));
            rest = remainder;
        } else {
            let (index, remainder) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = remainder;
        }
    }
    (!steps.is_empty()).then_some(steps)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::semantics::configuration::MetricTransformation;

    fn filter(value: &str, dimensions: &[(&str, &str)]) -> MetricFilter {
        MetricFilter {
            filter_name: "reads".into(),
            metric_transformations: vec![MetricTransformation {
                metric_name: "Reads".into(),
                metric_namespace: "Security".into(),
                metric_value: value.into(),
                dimensions: dimensions.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
                ..MetricTransformation::default()
            }],
            ..MetricFilter::default()
        }
    }

    fn event() -> Value {
        json!({"requestParameters": {"bucketName": "b"}, "additionalEventData": {"bytesTransferredOut": 12.0},
            "resources": [{"ARN": "arn:aws:s3:::b/k"}]})
    }

    #[test]
    fn a_literal_value_counts_events() {
        let published = emission(&filter("1", &[]), &event());
        assert_eq!(published.map(|e| (e.value, e.dimensions.len())), Ok((1.0, 0)));
    }

    #[test]
    fn a_path_value_takes_the_number_of_the_event() {
        let path = "$.additionalEventData.bytesTransferredOut";
        assert_eq!(emission(&filter(path, &[]), &event()).map(|e| e.value), Ok(12.0));
        let value = |path: &str| emission(&filter(path, &[]), &event()).map_err(|verdict| verdict.value);
        assert_eq!(value("$.nothing"), Err(Tri::No));
        assert_eq!(value("$.requestParameters.bucketName"), Err(Tri::No));
    }

    #[test]
    fn dimensions_come_from_the_event() {
        let published = emission(&filter("1", &[("Bucket", "$.requestParameters.bucketName")]), &event());
        let dimensions = published.map(|e| e.dimensions).unwrap_or_default();
        assert_eq!(dimensions, BTreeMap::from([("Bucket".to_owned(), Some("b".to_owned()))]));
        assert!(emission(&filter("1", &[("User", "$.userIdentity.userName")]), &event()).is_err());
        let indexed = emission(&filter("1", &[("Object", "$.resources[0].ARN")]), &event());
        assert!(indexed.is_ok());
    }

    #[test]
    fn what_is_not_modelled_is_unknown() {
        let transformed = MetricFilter { apply_on_transformed_logs: true, ..filter("1", &[]) };
        assert_eq!(emission(&transformed, &event()).map_err(|v| v.value), Err(Tri::Unknown));
        let selected =
            MetricFilter { field_selection_criteria: Some("@aws.region = \"x\"".into()), ..filter("1", &[]) };
        assert_eq!(emission(&selected, &event()).map_err(|v| v.value), Err(Tri::Unknown));
        let none = MetricFilter { metric_transformations: Vec::new(), ..filter("1", &[]) };
        assert_eq!(emission(&none, &event()).map_err(|v| v.value), Err(Tri::No));
    }

    #[test]
    fn a_value_from_the_event_is_marked_as_varying() {
        let varies = |value: &str| emission(&filter(value, &[]), &event()).map(|e| e.varies);
        assert_eq!(varies("1"), Ok(false));
        assert_eq!(varies("$.additionalEventData.bytesTransferredOut"), Ok(true));
    }

    #[test]
    fn a_selector_that_is_not_understood_is_unknown_rather_than_absent() {
        for selector in ["$.a[*]", "$['a']", "$.\"a\"", "$", "$size", "$..a", "$.a[", "a", ""] {
            let value = emission(&filter(selector, &[]), &event()).map_err(|verdict| verdict.value);
            assert_eq!(value.map(|e| e.value), Err(Tri::Unknown), "value {selector}");
            let dimension = emission(&filter("1", &[("D", selector)]), &event()).map_err(|v| v.value);
            assert_eq!(dimension.map(|e| e.value), Err(Tri::Unknown), "dimension {selector}");
        }
    }

    #[test]
    fn a_literal_that_is_no_finite_number_is_unknown() {
        for literal in ["inf", "NaN", "1e999"] {
            let value = emission(&filter(literal, &[]), &event()).map_err(|verdict| verdict.value);
            assert_eq!(value.map(|e| e.value), Err(Tri::Unknown), "{literal}");
        }
    }

    #[test]
    fn system_fields_become_dimensions_with_their_value_where_it_is_known() {
        let emitting =
            MetricFilter { emit_system_field_dimensions: vec!["@aws.account".into()], ..filter("1", &[]) };
        let dimension = |fields: &SystemFields<'_>| {
            emission_at(&emitting, &event(), fields).map(|e| e.dimensions.get("@aws.account").cloned())
        };
        assert_eq!(dimension(&SystemFields::default()), Ok(Some(None)));
        let known = SystemFields { account: Some("1"), region: None };
        assert_eq!(dimension(&known), Ok(Some(Some("1".to_owned()))));
    }

    #[test]
    fn criteria_on_system_fields_are_evaluated_where_the_fields_are_known() {
        let selecting =
            MetricFilter { field_selection_criteria: Some("@aws.region = x".into()), ..filter("1", &[]) };
        let value = |region: Option<&str>| {
            let fields = SystemFields { account: None, region };
            emission_at(&selecting, &event(), &fields).map(|e| e.value).map_err(|v| v.value)
        };
        assert_eq!(value(Some("x")), Ok(1.0));
        assert_eq!(value(Some("y")), Err(Tri::No));
        assert_eq!(value(None), Err(Tri::Unknown));
    }
}
