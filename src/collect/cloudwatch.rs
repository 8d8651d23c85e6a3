//! CloudWatch: alarms and the rules that mute them.

use aws_sdk_cloudwatch::types::{self, AlarmType, EvaluationCriteria};

use super::connection::Access;
use super::failure::Failure;
use crate::semantics::configuration::{CompositeAlarm, MetricAlarm, MetricDataQuery, MetricStat};
use crate::snapshot::{AlarmMuteRule, Alarms, Reading, RegionAlarms};

/// The alarms of a region, and its mute rules if there are any alarms.
pub async fn alarms(access: &Access, region: &str) -> RegionAlarms {
    let read_at = jiff::Timestamp::now().to_string();
    let alarms: Reading<Alarms> = describe(access, region).await.map_err(Into::into).into();
    let none = alarms.known().is_some_and(|a| a.metric.is_empty() && a.composite.is_empty());
    let mute_rules = if none {
        Reading::Known(Vec::new())
    } else {
        mute_rules(access, region).await.map_err(Into::into).into()
    };
    RegionAlarms { alarms, mute_rules, read_at }
}

async fn describe(access: &Access, region: &str) -> Result<Alarms, Failure> {
    let request = access
        .cloudwatch(region)
        .describe_alarms()
        // Without the types, only metric alarms are answered.
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::LogAlarm);
    let pages = access
        .pages("cloudwatch:DescribeAlarms", request.into_paginator().stop_on_duplicate_token(false).send())
        .await?;
    let mut alarms = Alarms::default();
    for page in pages {
        alarms.metric.extend(page.metric_alarms.unwrap_or_default().into_iter().map(metric_alarm));
        alarms.composite.extend(page.composite_alarms.unwrap_or_default().into_iter().map(composite));
        alarms.log.extend(page.log_alarms.unwrap_or_default().into_iter().filter_map(|a| a.alarm_name));
    }
    alarms.metric.sort_by(|a, b| a.alarm_name.cmp(&b.alarm_name));
    alarms.metric.dedup_by(|a, b| a.alarm_name == b.alarm_name);
    alarms.composite.sort_by(|a, b| a.alarm_name.cmp(&b.alarm_name));
    alarms.composite.dedup_by(|a, b| a.alarm_name == b.alarm_name);
    alarms.log.sort();
    alarms.log.dedup();
    Ok(alarms)
}

fn metric_alarm(alarm: types::MetricAlarm) -> MetricAlarm {
    let unsupported = match &alarm.evaluation_criteria {
        None => None,
        Some(EvaluationCriteria::PromQlCriteria(_)) => Some("a PromQL query".to_owned()),
        Some(_) => Some("an evaluation criterion that this program does not know".to_owned()),
    };
    MetricAlarm {
        alarm_name: alarm.alarm_name.unwrap_or_default(),
        alarm_arn: alarm.alarm_arn.unwrap_or_default(),
        actions_enabled: alarm.actions_enabled.unwrap_or(true),
        alarm_actions: alarm.alarm_actions.unwrap_or_default(),
        state_value: alarm.state_value.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        state_transitioned_at: alarm
            .state_transitioned_timestamp
            .or(alarm.state_updated_timestamp)
            .map(|t| t.to_string()),
        namespace: alarm.namespace,
        metric_name: alarm.metric_name,
        dimensions: dimensions(alarm.dimensions),
        statistic: alarm.statistic.map(|s| s.as_str().to_owned()),
        extended_statistic: alarm.extended_statistic,
        period: alarm.period.and_then(|p| u32::try_from(p).ok()),
        unit: alarm.unit.map(|u| u.as_str().to_owned()),
        evaluation_periods: alarm.evaluation_periods.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        datapoints_to_alarm: alarm.datapoints_to_alarm.and_then(|n| u32::try_from(n).ok()),
        threshold: alarm.threshold,
        comparison_operator: alarm.comparison_operator.map(|o| o.as_str().to_owned()).unwrap_or_default(),
        treat_missing_data: alarm.treat_missing_data,
        metrics: alarm.metrics.unwrap_or_default().into_iter().map(query).collect(),
        threshold_metric_id: alarm.threshold_metric_id,
        evaluation_state: alarm.evaluation_state.map(|s| s.as_str().to_owned()),
        unsupported,
    }
}

fn query(query: types::MetricDataQuery) -> MetricDataQuery {
    MetricDataQuery {
        id: query.id.unwrap_or_default(),
        expression: query.expression,
        metric_stat: query.metric_stat.map(|stat| {
            let metric = stat.metric.unwrap_or_else(|| types::Metric::builder().build());
            MetricStat {
                namespace: metric.namespace.unwrap_or_default(),
                metric_name: metric.metric_name.unwrap_or_default(),
                dimensions: dimensions(metric.dimensions),
                period: stat.period.and_then(|p| u32::try_from(p).ok()).unwrap_or_default(),
                stat: stat.stat.unwrap_or_default(),
                unit: stat.unit.map(|u| u.as_str().to_owned()),
            }
        }),
        return_data: query.return_data,
        account_id: query.account_id,
        period: query.period.and_then(|p| u32::try_from(p).ok()),
    }
}

fn composite(alarm: types::CompositeAlarm) -> CompositeAlarm {
    CompositeAlarm {
        alarm_name: alarm.alarm_name.unwrap_or_default(),
        alarm_arn: alarm.alarm_arn.unwrap_or_default(),
        actions_enabled: alarm.actions_enabled.unwrap_or(true),
        alarm_actions: alarm.alarm_actions.unwrap_or_default(),
        state_value: alarm.state_value.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        state_transitioned_at: alarm
            .state_transitioned_timestamp
            .or(alarm.state_updated_timestamp)
            .map(|t| t.to_string()),
        alarm_rule: alarm.alarm_rule.unwrap_or_default(),
        actions_suppressor: alarm.actions_suppressor.filter(|s| !s.is_empty()),
    }
}

fn dimensions(dimensions: Option<Vec<types::Dimension>>) -> std::collections::BTreeMap<String, String> {
    let dimensions = dimensions.unwrap_or_default().into_iter();
    dimensions.filter_map(|d| Some((d.name?, d.value?))).collect()
}

async fn mute_rules(access: &Access, region: &str) -> Result<Vec<AlarmMuteRule>, Failure> {
    let client = access.cloudwatch(region);
    let pages = client.list_alarm_mute_rules().into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("cloudwatch:ListAlarmMuteRules", pages).await?;
    let mut rules = Vec::new();
    for listed in pages.into_iter().flat_map(|page| page.alarm_mute_rule_summaries.unwrap_or_default()) {
        let Some(arn) = listed.alarm_mute_rule_arn else { continue };
        // `GetAlarmMuteRule` takes the name, which the list does not give: the ARN ends with it.
        let name = arn.rsplit_once(':').map_or(arn.as_str(), |(_, name)| name);
        let call = client.get_alarm_mute_rule().alarm_mute_rule_name(name).send();
        let rule = match access.call("cloudwatch:GetAlarmMuteRule", call).await {
            Ok(rule) => rule,
            Err(failure) if failure.code() == "ResourceNotFoundException" => continue,
            Err(failure) => return Err(failure),
        };
        let schedule = rule.rule.and_then(|rule| rule.schedule);
        rules.push(AlarmMuteRule {
            status: rule.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            expression: schedule.as_ref().and_then(|s| s.expression.clone()).unwrap_or_default(),
            duration: schedule.and_then(|s| s.duration).unwrap_or_default(),
            alarm_names: rule.mute_targets.and_then(|targets| targets.alarm_names).unwrap_or_default(),
            arn,
        });
    }
    rules.sort_by(|a, b| a.arn.cmp(&b.arn));
    Ok(rules)
}
