//! What a metric filter publishes for a matching event (`aws-semantics.md` 5.3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::semantics::configuration::MetricFilter;
use crate::semantics::verdict::Verdict;

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
    /// The value published for a minute with events of which none matches.
    pub default: Option<f64>,
}

/// What the filter publishes when `event` matches its pattern.
///
/// # Errors
/// The verdict why nothing, or nothing that is known, is published.
pub fn emission(filter: &MetricFilter, event: &Value) -> Result<Emission, Verdict> {
    let name = &filter.filter_name;
    let [transformation] = filter.metric_transformations.as_slice() else {
        return Err(Verdict::no(format!("metric filter `{name}` publishes no metric")));
    };
    if filter.apply_on_transformed_logs {
        return Err(Verdict::unknown(format!(
            "metric filter `{name}` looks at transformed log events, whose transformer is not read"
        )));
    }
    if filter.field_selection_criteria.as_deref().is_some_and(|criteria| !criteria.trim().is_empty()) {
        return Err(Verdict::unknown(format!(
            "metric filter `{name}` selects events by system fields, which are not read"
        )));
    }
    let mut dimensions = BTreeMap::new();
    for (dimension, path) in &transformation.dimensions {
        // An event without the field is not counted at all.
        let Some(value) = look_up(event, path).and_then(plain) else {
            return Err(Verdict::no(format!(
                "metric filter `{name}` publishes nothing for an event without `{path}`"
            )));
        };
        dimensions.insert(dimension.clone(), Some(value));
    }
    dimensions.extend(filter.emit_system_field_dimensions.iter().map(|field| (field.clone(), None)));
    Ok(Emission {
        namespace: transformation.metric_namespace.clone(),
        metric_name: transformation.metric_name.clone(),
        dimensions,
        unit: transformation.unit.clone().filter(|unit| unit != "None"),
        value: value(name, &transformation.metric_value, event)?,
        default: transformation.default_value,
    })
}

fn value(filter: &str, text: &str, event: &Value) -> Result<f64, Verdict> {
    if let Ok(number) = text.trim().parse::<f64>() {
        return if number.is_finite() {
            Ok(number)
        } else {
            Err(Verdict::unknown(format!("metric filter `{filter}` publishes `{text}`, which is no number")))
        };
    }
    match look_up(event, text) {
        Some(Value::Number(number)) => number.as_f64().ok_or_else(|| {
            Verdict::unknown(format!("metric filter `{filter}` publishes a number that is too large"))
        }),
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

/// The value at a selector such as `$.requestParameters.bucketName` or `$.resources[0].ARN`.
fn look_up<'a>(event: &'a Value, selector: &str) -> Option<&'a Value> {
    let mut node = event;
    let mut rest = selector.trim().strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, remainder) = after.split_at_checked(end)?;
            node = node.get(name)?;
            rest = remainder;
        } else {
            let after = rest.strip_prefix('[')?;
            let (index, remainder) = after.split_once(']')?;
            node = node.get(index.parse::<usize>().ok()?)?;
            rest = remainder;
        }
    }
    Some(node)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::semantics::configuration::MetricTransformation;
    use crate::semantics::verdict::Tri;

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
}
