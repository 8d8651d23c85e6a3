//! CloudWatch: alarms and the rules that mute them. Smithy RPC v2 CBOR, where fields that end in `Timestamp` are times.

use serde_json::{Value, json};

use super::{page, page_size, seconds};
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, reading, some_text, text};

/// Alarms, and rules, on a page.
const PAGE: usize = 100;

pub fn describe_alarms(call: &Call<'_>) -> Outcome {
    let region = &call.account.field("alarms")[call.region()];
    let alarms = reading(&region["alarms"], "cloudwatch:DescribeAlarms")?;
    let wanted = call.request.parameters("AlarmTypes");
    let asks = |kind: &str| wanted.contains(&kind) || (wanted.is_empty() && kind == "MetricAlarm");
    let mut all: Vec<(&str, Value)> = Vec::new();
    let mut add = |kind: &'static str, list: &[Value], shown: fn(&Value) -> Value| {
        if asks(kind) {
            all.extend(list.iter().map(|alarm| (kind, shown(alarm))));
        }
    };
    add("MetricAlarm", list(&alarms["metric"]), metric_alarm);
    add("CompositeAlarm", list(&alarms["composite"]), composite_alarm);
    add("LogAlarm", list(&alarms["log"]), |name| json!({"AlarmName": name}));
    let (shown, next) = page(&all, &call.parameter("NextToken"), page_size(call, "MaxRecords", PAGE));
    let of = |kind: &str| -> Vec<&Value> {
        shown.iter().filter(|(of, _)| *of == kind).map(|(_, alarm)| alarm).collect()
    };
    let log = of("LogAlarm");
    Ok(Content::Json(json!({
        "MetricAlarms": of("MetricAlarm"), "CompositeAlarms": of("CompositeAlarm"),
        "LogAlarms": Some(log).filter(|log| !log.is_empty()), "NextToken": next,
    })))
}

fn dimensions(of: &Value) -> Vec<Value> {
    let all = of.as_object().into_iter().flatten();
    all.map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}

/// Nothing instead of an empty list, which AWS leaves out here.
fn unless_empty(all: Vec<Value>) -> Option<Vec<Value>> {
    Some(all).filter(|all| !all.is_empty())
}

fn metric_alarm(alarm: &Value) -> Value {
    let metrics = list(&alarm["metrics"]).iter().map(query).collect();
    let simple = alarm["metric_name"].is_string();
    json!({
        "AlarmName": alarm["alarm_name"], "AlarmArn": alarm["alarm_arn"],
        "ActionsEnabled": alarm["actions_enabled"], "AlarmActions": alarm["alarm_actions"],
        "OKActions": [], "InsufficientDataActions": [], "StateValue": alarm["state_value"],
        "StateTransitionedTimestamp": seconds(some_text(alarm, "state_transitioned_at")),
        "Namespace": alarm["namespace"], "MetricName": alarm["metric_name"],
        "Dimensions": simple.then(|| dimensions(&alarm["dimensions"])), "Statistic": alarm["statistic"],
        "ExtendedStatistic": alarm["extended_statistic"], "Period": alarm["period"], "Unit": alarm["unit"],
        "EvaluationPeriods": alarm["evaluation_periods"], "DatapointsToAlarm": alarm["datapoints_to_alarm"],
        "Threshold": alarm["threshold"].as_f64(), "ComparisonOperator": alarm["comparison_operator"],
        "TreatMissingData": alarm["treat_missing_data"], "Metrics": unless_empty(metrics),
        "ThresholdMetricId": alarm["threshold_metric_id"], "EvaluationState": alarm["evaluation_state"],
        "EvaluationCriteria": alarm["unsupported"].is_string().then(|| json!({"PromQLCriteria": {"Query": "up"}})),
    })
}

fn query(query: &Value) -> Value {
    let stat = &query["metric_stat"];
    let of_metric = stat.is_object().then(|| {
        json!({
            "Metric": {
                "Namespace": stat["namespace"], "MetricName": stat["metric_name"],
                "Dimensions": unless_empty(dimensions(&stat["dimensions"])),
            },
            "Period": stat["period"], "Stat": stat["stat"], "Unit": stat["unit"],
        })
    });
    json!({
        "Id": query["id"], "Expression": query["expression"], "MetricStat": of_metric,
        "ReturnData": query["return_data"], "AccountId": query["account_id"], "Period": query["period"],
    })
}

fn composite_alarm(alarm: &Value) -> Value {
    json!({
        "AlarmName": alarm["alarm_name"], "AlarmArn": alarm["alarm_arn"],
        "ActionsEnabled": alarm["actions_enabled"], "AlarmActions": alarm["alarm_actions"],
        "StateValue": alarm["state_value"], "AlarmRule": alarm["alarm_rule"],
        "StateTransitionedTimestamp": seconds(some_text(alarm, "state_transitioned_at")),
        "ActionsSuppressor": alarm["actions_suppressor"],
    })
}

/// The name of a mute rule, which its ARN ends with.
fn rule_name(rule: &Value) -> &str {
    text(rule, "arn").rsplit_once(':').map_or("", |(_, name)| name)
}

pub fn list_alarm_mute_rules(call: &Call<'_>) -> Outcome {
    let region = &call.account.field("alarms")[call.region()];
    let rules = list(reading(&region["mute_rules"], "cloudwatch:ListAlarmMuteRules")?);
    let (rules, next) = page(rules, &call.parameter("NextToken"), page_size(call, "MaxRecords", PAGE));
    let shown = rules.iter().map(|rule| json!({"AlarmMuteRuleArn": rule["arn"], "Status": rule["status"]}));
    Ok(Content::Json(json!({"AlarmMuteRuleSummaries": shown.collect::<Vec<_>>(), "NextToken": next})))
}

pub fn get_alarm_mute_rule(call: &Call<'_>) -> Outcome {
    let name = call.parameter("AlarmMuteRuleName");
    let rules = &call.account.field("alarms")[call.region()]["mute_rules"];
    reading(rules, "cloudwatch:GetAlarmMuteRule")?;
    let found = list(known(rules)).iter().find(|rule| rule_name(rule) == name);
    let Some(rule) = found else {
        return Err(Failure::new(404, "ResourceNotFoundException", format!("no alarm mute rule {name}")));
    };
    Ok(Content::Json(json!({
        "Name": name, "AlarmMuteRuleArn": rule["arn"], "Status": rule["status"],
        "Rule": {"Schedule": {"Expression": rule["expression"], "Duration": rule["duration"]}},
        "MuteTargets": {"AlarmNames": rule["alarm_names"]},
    })))
}
