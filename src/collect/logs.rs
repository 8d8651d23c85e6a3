//! CloudWatch Logs: the log groups that trails deliver to, with their metric filters.

use super::connection::Access;
use super::failure::Failure;
use crate::semantics::configuration::{MetricFilter, MetricTransformation};
use crate::snapshot::LogGroup;

/// Reads a log group by its name.
pub async fn log_group(access: &Access, region: &str, name: &str) -> LogGroup {
    let (class, filters) = tokio::join!(class(access, region, name), metric_filters(access, region, name));
    LogGroup { class: class.map_err(Into::into).into(), metric_filters: filters.map_err(Into::into).into() }
}

/// The class of the log group with exactly this name; `None` when there is none.
pub async fn class(access: &Access, region: &str, name: &str) -> Result<Option<String>, Failure> {
    let pages = access
        .logs(region)
        .describe_log_groups()
        .log_group_name_prefix(name)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("logs:DescribeLogGroups", pages).await?;
    let group = pages
        .into_iter()
        .flat_map(|page| page.log_groups.unwrap_or_default())
        .find(|group| group.log_group_name.as_deref() == Some(name));
    // The class is left out for log groups from before there were classes.
    Ok(group.map(|g| g.log_group_class.map_or_else(|| "STANDARD".to_owned(), |c| c.as_str().to_owned())))
}

async fn metric_filters(access: &Access, region: &str, name: &str) -> Result<Vec<MetricFilter>, Failure> {
    let pages = access
        .logs(region)
        .describe_metric_filters()
        .log_group_name(name)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = match access.pages("logs:DescribeMetricFilters", pages).await {
        Err(failure) if failure.code() == "ResourceNotFoundException" => return Ok(Vec::new()),
        other => other?,
    };
    let filters = pages.into_iter().flat_map(|page| page.metric_filters.unwrap_or_default());
    let mut filters: Vec<MetricFilter> = filters
        .map(|filter| MetricFilter {
            filter_name: filter.filter_name.unwrap_or_default(),
            filter_pattern: filter.filter_pattern.unwrap_or_default(),
            log_group_name: filter.log_group_name.unwrap_or_else(|| name.to_owned()),
            metric_transformations: filter
                .metric_transformations
                .unwrap_or_default()
                .into_iter()
                .map(transformation)
                .collect(),
            apply_on_transformed_logs: filter.apply_on_transformed_logs,
            field_selection_criteria: filter.field_selection_criteria.filter(|c| !c.is_empty()),
            emit_system_field_dimensions: filter.emit_system_field_dimensions.unwrap_or_default(),
        })
        .collect();
    filters.sort_by(|a, b| a.filter_name.cmp(&b.filter_name));
    Ok(filters)
}

fn transformation(t: aws_sdk_cloudwatchlogs::types::MetricTransformation) -> MetricTransformation {
    MetricTransformation {
        metric_name: t.metric_name,
        metric_namespace: t.metric_namespace,
        metric_value: t.metric_value,
        default_value: t.default_value,
        dimensions: t.dimensions.unwrap_or_default().into_iter().collect(),
        unit: t.unit.map(|u| u.as_str().to_owned()),
    }
}
