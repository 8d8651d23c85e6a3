//! CloudWatch Logs: log groups and metric filters. AWS JSON 1.1.

use serde_json::{Value, json};

use super::page;
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, part_of_arn, reading, some_text};

/// Things on a page.
const PAGE: usize = 50;

/// The account's log groups in the region, with their names.
fn groups<'a>(call: &'a Call<'_>) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let all = call.account.field("log_groups").as_object().into_iter().flatten();
    all.filter(|(arn, _)| part_of_arn(arn, 3) == call.region()).map(|(arn, group)| {
        let name = part_of_arn(arn, 6).trim_end_matches(":*");
        (arn.as_str(), name, group)
    })
}

pub fn describe_log_groups(call: &Call<'_>) -> Outcome {
    let prefix = call.parameter("logGroupNamePrefix");
    let mut shown = Vec::new();
    for (arn, name, group) in groups(call).filter(|(_, name, _)| name.starts_with(&*prefix)) {
        if let Some(class) = reading(&group["class"], "logs:DescribeLogGroups")?.as_str() {
            shown.push(json!({"logGroupName": name, "logGroupClass": class, "arn": arn, "storedBytes": 0}));
        }
    }
    let (shown, next) = page(&shown, &call.parameter("nextToken"), PAGE);
    Ok(Content::Json(json!({"logGroups": shown, "nextToken": next})))
}

pub fn describe_metric_filters(call: &Call<'_>) -> Outcome {
    let name = call.parameter("logGroupName");
    let found = groups(call).find(|(_, of, _)| *of == name).map(|(_, _, group)| group);
    let Some(group) =
        found.filter(|group| !known(&group["class"]).is_null() || group["class"].get("unreadable").is_some())
    else {
        return Err(Failure::new(
            400,
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        ));
    };
    let filters = list(reading(&group["metric_filters"], "logs:DescribeMetricFilters")?);
    let (filters, next) = page(filters, &call.parameter("nextToken"), PAGE);
    let shown: Vec<Value> = filters.iter().map(filter).collect();
    Ok(Content::Json(json!({"metricFilters": shown, "nextToken": next})))
}

fn filter(filter: &Value) -> Value {
    let transformations = list(&filter["metric_transformations"]).iter().map(|of| {
        json!({
            "metricName": of["metric_name"], "metricNamespace": of["metric_namespace"],
            "metricValue": of["metric_value"], "defaultValue": of["default_value"],
            "dimensions": of["dimensions"], "unit": of["unit"],
        })
    });
    json!({
        "filterName": filter["filter_name"], "filterPattern": filter["filter_pattern"],
        "logGroupName": filter["log_group_name"],
        "metricTransformations": transformations.collect::<Vec<_>>(),
        "applyOnTransformedLogs": filter["apply_on_transformed_logs"],
        "fieldSelectionCriteria": some_text(filter, "field_selection_criteria"),
        "emitSystemFieldDimensions": filter["emit_system_field_dimensions"],
    })
}
