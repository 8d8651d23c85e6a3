//! The settings of alerting: where they stand in a snapshot, and the calls that set them.
//!
//! Topics, rules, filters and alarms are only ever made and taken away, under names of exfilguard's own; of what others have,
//! only the policy of a topic is changed.

use serde_json::{Value, json};

use super::setting::{Call, PENDING, Setting};
use crate::semantics::configuration::{MetricAlarm, MetricFilter, MetricTransformation, Subscription, Topic};
use crate::snapshot::{AccountSnapshot, Alarms, Reading, RegionAlarms, Rule, Target, TopicRecord};

/// What the name of everything that is made begins with.
pub const NAME_PREFIX: &str = "exfilguard-";

/// The description of everything that is made and can have one.
const DESCRIPTION: &str = "Made by exfilguard remediate";

/// The name of the bus that AWS services send to.
const BUS: &str = "default";

/// The value in a snapshot.
///
/// # Errors
/// What it belongs to was not read.
pub fn get(setting: &Setting, account: &AccountSnapshot, region: &str) -> Result<Value, String> {
    match setting {
        Setting::TopicPolicy { topic } => {
            let record = account.topics.get(topic).ok_or_else(|| unread(topic))?;
            let attributes = record.attributes.as_result().map_err(|why| why.clause())?;
            Ok(json!(attributes.as_ref().ok_or_else(|| unread(topic))?.policy))
        }
        Setting::Topic { topic, protocol, endpoint } => {
            // A topic that no alarm and no rule names was not asked for.
            let Some(record) = account.topics.get(topic) else { return Ok(Value::Null) };
            if record.attributes.as_result().map_err(|why| why.clause())?.is_none() {
                return Ok(Value::Null);
            }
            let subscriptions = record.subscriptions.as_result().map_err(|why| why.clause())?;
            Ok(topic_value(subscriptions, protocol, endpoint))
        }
        Setting::TopicSubscription { topic, protocol, endpoint } => {
            let Some(record) = account.topics.get(topic) else { return Ok(Value::Null) };
            let subscriptions = record.subscriptions.as_result().map_err(|why| why.clause())?;
            Ok(subscription_value(subscriptions, protocol, endpoint))
        }
        Setting::EventRule { rule } => {
            let found = rules(account, region)?.iter().find(|found| found.name == *rule && found.bus == BUS);
            Ok(found.map_or(Value::Null, |found| rule_value(&found.event_pattern, &found.state)))
        }
        Setting::RuleTarget { rule, target } => {
            let found = rules(account, region)?.iter().find(|found| found.name == *rule && found.bus == BUS);
            let Some(found) = found else { return Ok(Value::Null) };
            let targets = found.targets.as_result().map_err(|why| why.clause())?;
            Ok(json!(targets.iter().find(|found| found.id == *target).map(|found| &found.arn)))
        }
        Setting::MetricFilter { log_group, filter } => {
            let arn = log_group_arn(account, region, log_group).ok_or_else(|| unread(log_group))?;
            let group = account.log_groups.get(&arn).ok_or_else(|| unread(log_group))?;
            let filters = group.metric_filters.as_result().map_err(|why| why.clause())?;
            let found = filters.iter().find(|found| found.filter_name == *filter);
            Ok(found.map_or(Value::Null, filter_value))
        }
        Setting::MetricAlarm { alarm } => {
            // Alarms are only asked for where there are metric filters.
            let Some(read) = account.alarms.get(region) else { return Ok(Value::Null) };
            let alarms = read.alarms.as_result().map_err(|why| why.clause())?;
            let found = alarms.metric.iter().find(|found| found.alarm_name == *alarm);
            Ok(found.map_or(Value::Null, alarm_value))
        }
        _ => Err("it is no setting of alerting".to_owned()),
    }
}

/// Puts a value into a snapshot.
///
/// # Errors
/// What it belongs to was not read, or the value is none of this setting.
pub fn put(
    setting: &Setting,
    account: &mut AccountSnapshot,
    region: &str,
    value: &Value,
) -> Result<(), String> {
    let arn = |service: &str, rest: &str, account: &AccountSnapshot| {
        format!("arn:{}:{service}:{region}:{}:{rest}", partition(account), account.id)
    };
    match setting {
        Setting::TopicPolicy { topic } => {
            let record = account.topics.get_mut(topic).ok_or_else(|| unread(topic))?;
            let Reading::Known(Some(found)) = &mut record.attributes else { return Err(unread(topic)) };
            found.policy = value.as_str().map(str::to_owned);
        }
        Setting::Topic { topic, .. } => {
            let made = Topic {
                arn: topic.clone(),
                owner: account.id.clone(),
                policy: Some(initial_policy(topic, &account.id).to_string()),
                kms_master_key_id: None,
            };
            let record = TopicRecord {
                attributes: Reading::Known(Some(made)),
                subscriptions: Reading::Known(Vec::new()),
                key: None,
            };
            account.topics.insert(topic.clone(), record);
        }
        Setting::TopicSubscription { topic, protocol, endpoint } => {
            let record = account.topics.get_mut(topic).ok_or_else(|| unread(topic))?;
            let Reading::Known(subscriptions) = &mut record.subscriptions else { return Err(unread(topic)) };
            // As it will be once somebody confirmed it: that is what the plan is for.
            subscriptions.push(Subscription {
                subscription_arn: format!("{topic}:to-be-confirmed"),
                protocol: protocol.clone(),
                endpoint: endpoint.clone(),
                filter_policy: None,
                filter_policy_scope: None,
            });
        }
        Setting::EventRule { rule } => {
            let made = Rule {
                name: rule.clone(),
                arn: arn("events", &format!("rule/{rule}"), account),
                bus: BUS.to_owned(),
                event_pattern: text(value, "pattern")?,
                state: text(value, "state")?,
                managed_by: None,
                targets: Reading::Known(Vec::new()),
            };
            rules_mut(account, region)?.push(made);
        }
        Setting::RuleTarget { rule, target } => {
            let found = rules_mut(account, region)?.iter_mut().find(|found| found.name == *rule);
            let Some(Reading::Known(targets)) = found.map(|found| &mut found.targets) else {
                return Err(unread(rule));
            };
            let arn = value.as_str().ok_or("a target is an ARN")?.to_owned();
            targets.push(Target { id: target.clone(), arn, role_arn: None });
        }
        Setting::MetricFilter { log_group, filter } => {
            let arn = log_group_arn(account, region, log_group).ok_or_else(|| unread(log_group))?;
            let group = account.log_groups.get_mut(&arn);
            let Some(Reading::Known(filters)) = group.map(|group| &mut group.metric_filters) else {
                return Err(unread(log_group));
            };
            filters.push(MetricFilter {
                filter_name: filter.clone(),
                filter_pattern: text(value, "pattern")?,
                log_group_name: log_group.clone(),
                metric_transformations: vec![MetricTransformation {
                    metric_name: text(value, "metric")?,
                    metric_namespace: text(value, "namespace")?,
                    metric_value: "1".to_owned(),
                    default_value: Some(0.0),
                    ..MetricTransformation::default()
                }],
                ..MetricFilter::default()
            });
        }
        Setting::MetricAlarm { alarm } => {
            let made = MetricAlarm {
                alarm_name: alarm.clone(),
                alarm_arn: arn("cloudwatch", &format!("alarm:{alarm}"), account),
                actions_enabled: true,
                state_value: "INSUFFICIENT_DATA".to_owned(),
                ..typed(value)?
            };
            let nothing = || RegionAlarms {
                alarms: Reading::Known(Alarms::default()),
                mute_rules: Reading::Known(Vec::new()),
                read_at: jiff::Timestamp::now().to_string(),
            };
            let read = account.alarms.entry(region.to_owned()).or_insert_with(nothing);
            let Reading::Known(alarms) = &mut read.alarms else { return Err(unread(alarm)) };
            alarms.metric.push(made);
        }
        _ => return Err("it is no setting of alerting".to_owned()),
    }
    Ok(())
}

/// The call that gives the setting a value.
///
/// # Errors
/// There is none.
pub fn call(setting: &Setting, account: &str, value: &Value) -> Result<Call, String> {
    let call = match setting {
        Setting::Topic { topic, .. } if value.is_null() => {
            Call::new("sns:DeleteTopic", json!({"TopicArn": topic}))
        }
        Setting::Topic { topic, .. } => Call::new(
            "sns:CreateTopic",
            json!({"Name": topic.rsplit(':').next(),
                "Attributes": {"Policy": initial_policy(topic, account).to_string()}}),
        ),
        // Its ARN is known once it is confirmed: it is looked up when the call is made.
        Setting::TopicSubscription { topic, protocol, endpoint } if value.is_null() => Call::new(
            "sns:Unsubscribe",
            json!({"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}),
        ),
        Setting::TopicSubscription { topic, protocol, endpoint } => {
            Call::new("sns:Subscribe", json!({"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}))
        }
        Setting::TopicPolicy { topic } if value.is_string() => Call::new(
            "sns:SetTopicAttributes",
            json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": value}),
        ),
        Setting::EventRule { rule } if value.is_null() => {
            Call::new("events:DeleteRule", json!({"Name": rule, "EventBusName": BUS}))
        }
        Setting::EventRule { rule } => Call::new(
            "events:PutRule",
            json!({"Name": rule, "EventBusName": BUS, "EventPattern": value["pattern"], "State": value["state"],
                "Description": DESCRIPTION}),
        ),
        Setting::RuleTarget { rule, target } if value.is_null() => {
            Call::new("events:RemoveTargets", json!({"Rule": rule, "EventBusName": BUS, "Ids": [target]}))
        }
        Setting::RuleTarget { rule, target } => Call::new(
            "events:PutTargets",
            json!({"Rule": rule, "EventBusName": BUS, "Targets": [{"Id": target, "Arn": value}]}),
        ),
        Setting::MetricFilter { log_group, filter } if value.is_null() => {
            Call::new("logs:DeleteMetricFilter", json!({"logGroupName": log_group, "filterName": filter}))
        }
        Setting::MetricFilter { log_group, filter } => Call::new(
            "logs:PutMetricFilter",
            json!({"logGroupName": log_group, "filterName": filter, "filterPattern": value["pattern"],
                "metricTransformations": [{"metricName": value["metric"], "metricNamespace": value["namespace"],
                    "metricValue": "1", "defaultValue": 0}]}),
        ),
        Setting::MetricAlarm { alarm } if value.is_null() => {
            Call::new("cloudwatch:DeleteAlarms", json!({"AlarmNames": [alarm]}))
        }
        Setting::MetricAlarm { alarm } => Call::new(
            "cloudwatch:PutMetricAlarm",
            json!({"AlarmName": alarm, "AlarmDescription": DESCRIPTION, "ActionsEnabled": true,
                "AlarmActions": value["alarm_actions"], "Namespace": value["namespace"],
                "MetricName": value["metric_name"], "Statistic": value["statistic"], "Period": value["period"],
                "EvaluationPeriods": value["evaluation_periods"], "Threshold": value["threshold"],
                "ComparisonOperator": value["comparison_operator"],
                "TreatMissingData": value["treat_missing_data"]}),
        ),
        _ => return Err("no call gives it this value".to_owned()),
    };
    Ok(call)
}

/// A topic's value: the endpoints of subscriptions that are none of ours, sorted.
#[must_use]
pub fn topic_value(subscriptions: &[Subscription], protocol: &str, endpoint: &str) -> Value {
    let others = subscriptions.iter().filter(|s| s.protocol != protocol || s.endpoint != endpoint);
    let mut others: Vec<String> = others.map(|s| format!("{}:{}", s.protocol, s.endpoint)).collect();
    others.sort();
    json!({"others": others})
}

/// A subscription's value.
#[must_use]
pub fn subscription_value(subscriptions: &[Subscription], protocol: &str, endpoint: &str) -> Value {
    let mut found = subscriptions.iter().filter(|s| s.protocol == protocol && s.endpoint == endpoint);
    match found.next() {
        Some(subscription) if subscription.subscription_arn.starts_with("arn:") => json!("subscribed"),
        Some(_) => json!(PENDING),
        None => Value::Null,
    }
}

/// What a new topic admits: its own account, and nobody else.
#[must_use]
pub fn initial_policy(topic: &str, account: &str) -> Value {
    let partition = topic.split(':').nth(1).unwrap_or("aws");
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "ExfilguardOwner",
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:{partition}:iam::{account}:root")},
        "Action": [
            "sns:AddPermission", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic",
            "sns:Publish", "sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe"],
        "Resource": topic,
    }]})
}

/// A rule's value.
#[must_use]
pub fn rule_value(pattern: &str, state: &str) -> Value {
    json!({"pattern": pattern, "state": state})
}

/// A metric filter's value.
#[must_use]
pub fn filter_value(filter: &MetricFilter) -> Value {
    let counted = filter.metric_transformations.first();
    json!({"pattern": filter.filter_pattern, "metric": counted.map(|t| &t.metric_name),
        "namespace": counted.map(|t| &t.metric_namespace)})
}

/// An alarm's value: what a person sets, without what AWS says about it.
#[must_use]
pub fn alarm_value(alarm: &MetricAlarm) -> Value {
    json!({
        "alarm_actions": alarm.alarm_actions,
        "namespace": alarm.namespace,
        "metric_name": alarm.metric_name,
        "statistic": alarm.statistic,
        "period": alarm.period,
        "evaluation_periods": alarm.evaluation_periods,
        "threshold": alarm.threshold,
        "comparison_operator": alarm.comparison_operator,
        "treat_missing_data": alarm.treat_missing_data,
    })
}

/// The ARN under which a log group is in the snapshot.
#[must_use]
pub fn log_group_arn(account: &AccountSnapshot, region: &str, name: &str) -> Option<String> {
    let tail = format!(":logs:{region}:{}:log-group:{name}", account.id);
    let arns = account.log_groups.keys();
    arns.into_iter().find(|arn| arn.trim_end_matches(":*").ends_with(&tail)).cloned()
}

/// The partition of an account's ARNs: there is a topic or a log group wherever something is made.
fn partition(account: &AccountSnapshot) -> String {
    let arn = account.topics.keys().chain(account.log_groups.keys()).next();
    arn.and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned()
}

fn rules<'a>(account: &'a AccountSnapshot, region: &str) -> Result<&'a [Rule], String> {
    let read = account.regional.get(region).ok_or_else(|| unread(region))?;
    read.rules.as_result().map(Vec::as_slice).map_err(|why| why.clause())
}

fn rules_mut<'a>(account: &'a mut AccountSnapshot, region: &str) -> Result<&'a mut Vec<Rule>, String> {
    match account.regional.get_mut(region).map(|read| &mut read.rules) {
        Some(Reading::Known(rules)) => Ok(rules),
        _ => Err(unread(region)),
    }
}

fn unread(what: &str) -> String {
    format!("`{what}` is not in what was read")
}

fn text(value: &Value, field: &str) -> Result<String, String> {
    value.get(field).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("it has no `{field}`"))
}

fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}
