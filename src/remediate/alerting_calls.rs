//! The calls of alerting.

use aws_sdk_cloudwatch::types as cloudwatch;
use aws_sdk_cloudwatchlogs::types as logs;
use aws_sdk_eventbridge::types as events;
use serde_json::{Value, json};

use super::alerting::{alarm_value, filter_value, rule_value, subscription_value, topic_value};
use super::calls::{Hands, gone, list, not_ours, text};
use super::setting::{Call, Setting};
use crate::collect::Failure;
use crate::semantics::configuration::Subscription;
use crate::snapshot::Unreadable;

impl Hands {
    /// The present value of a setting of alerting.
    pub(super) async fn read_alerting(&self, setting: &Setting) -> Result<Value, Unreadable> {
        let region = self.region.as_str();
        match setting {
            Setting::TopicPolicy { topic } => {
                let record = crate::collect::sns::topic(&self.reads, topic).await;
                let attributes = record.attributes.as_result().map_err(Clone::clone)?;
                let found = attributes.as_ref().ok_or_else(|| gone("sns:GetTopicAttributes", topic))?;
                Ok(json!(found.policy))
            }
            Setting::Topic { topic, protocol, endpoint } => {
                let record = crate::collect::sns::topic(&self.reads, topic).await;
                if record.attributes.as_result().map_err(Clone::clone)?.is_none() {
                    return Ok(Value::Null);
                }
                let subscriptions = record.subscriptions.as_result().map_err(Clone::clone)?;
                Ok(topic_value(subscriptions, protocol, endpoint))
            }
            Setting::TopicSubscription { topic, protocol, endpoint } => {
                let record = crate::collect::sns::topic(&self.reads, topic).await;
                let subscriptions = record.subscriptions.as_result().map_err(Clone::clone)?;
                Ok(subscription_value(subscriptions, protocol, endpoint))
            }
            Setting::EventRule { rule } => {
                let client = self.reads.eventbridge(region);
                let call = client.list_rules().name_prefix(rule).send();
                let answer = self.reads.call("events:ListRules", call).await?;
                let mut rules = answer.rules.unwrap_or_default().into_iter();
                let found = rules.find(|found| found.name.as_ref() == Some(rule));
                Ok(found.map_or(Value::Null, |found| {
                    let state = found.state.map(|state| state.as_str().to_owned()).unwrap_or_default();
                    rule_value(&found.event_pattern.unwrap_or_default(), &state)
                }))
            }
            Setting::RuleTarget { rule, target } => {
                let client = self.reads.eventbridge(region);
                let call = client.list_targets_by_rule().rule(rule).send();
                match self.reads.call("events:ListTargetsByRule", call).await {
                    Ok(answer) => {
                        let mut targets = answer.targets.unwrap_or_default().into_iter();
                        Ok(json!(targets.find(|found| found.id == *target).map(|found| found.arn)))
                    }
                    Err(failure) if failure.code() == "ResourceNotFoundException" => Ok(Value::Null),
                    Err(failure) => Err(failure.into()),
                }
            }
            Setting::MetricFilter { log_group, filter } => {
                let group = crate::collect::logs::log_group(&self.reads, region, log_group).await;
                let filters = group.metric_filters.as_result().map_err(Clone::clone)?;
                let found = filters.iter().find(|found| found.filter_name == *filter);
                Ok(found.map_or(Value::Null, filter_value))
            }
            Setting::MetricAlarm { alarm } => {
                let read = crate::collect::cloudwatch::alarms(&self.reads, region).await;
                let alarms = read.alarms.as_result().map_err(Clone::clone)?;
                let found = alarms.metric.iter().find(|found| found.alarm_name == *alarm);
                Ok(found.map_or(Value::Null, alarm_value))
            }
            _ => Err(gone("events:ListRules", "the setting")),
        }
    }

    /// Makes a call of EventBridge, once.
    pub(super) async fn write_events(&self, call: &Call) -> Result<(), Failure> {
        let client = self.writes.eventbridge(&self.region);
        let (input, name) = (&call.input, call.name());
        let bus = text(input, "EventBusName", call)?;
        match name.as_str() {
            "events:PutRule" => {
                let state = text(input, "State", call)?;
                let send = client.put_rule().name(text(input, "Name", call)?).event_bus_name(bus);
                let send = send.event_pattern(text(input, "EventPattern", call)?).state(state.into());
                self.made(&name, send.description(text(input, "Description", call)?).send()).await
            }
            "events:DeleteRule" => {
                let send = client.delete_rule().name(text(input, "Name", call)?).event_bus_name(bus).send();
                self.made(&name, send).await
            }
            "events:PutTargets" => {
                let target = &input["Targets"][0];
                let target = events::Target::builder()
                    .id(text(target, "Id", call)?)
                    .arn(text(target, "Arn", call)?)
                    .build()
                    .map_err(|_| not_ours(call))?;
                let send = client.put_targets().rule(text(input, "Rule", call)?).event_bus_name(bus);
                self.made(&name, send.targets(target).send()).await
            }
            "events:RemoveTargets" => {
                let ids: Vec<String> = list(input, "Ids", call)?;
                let send = client.remove_targets().rule(text(input, "Rule", call)?).event_bus_name(bus);
                self.made(&name, send.set_ids(Some(ids)).send()).await
            }
            _ => Err(not_ours(call)),
        }
    }

    /// Makes a call of SNS, once.
    pub(super) async fn write_sns(&self, call: &Call) -> Result<(), Failure> {
        let (input, name) = (&call.input, call.name());
        match name.as_str() {
            "sns:SetTopicAttributes" => {
                let client = self.writes.sns(&self.region);
                let send = client.set_topic_attributes().topic_arn(text(input, "TopicArn", call)?);
                let send = send.attribute_name(text(input, "AttributeName", call)?);
                self.made(&name, send.attribute_value(text(input, "AttributeValue", call)?).send()).await
            }
            "sns:CreateTopic" => {
                let client = self.writes.sns(&self.region);
                let policy = text(&input["Attributes"], "Policy", call)?;
                let send =
                    client.create_topic().name(text(input, "Name", call)?).attributes("Policy", policy);
                self.made(&name, send.send()).await
            }
            "sns:DeleteTopic" => {
                let client = self.writes.sns(&self.region);
                let send = client.delete_topic().topic_arn(text(input, "TopicArn", call)?).send();
                self.made(&name, send).await
            }
            "sns:Subscribe" => {
                let client = self.writes.sns(&self.region);
                let send = client.subscribe().topic_arn(text(input, "TopicArn", call)?);
                let send = send.protocol(text(input, "Protocol", call)?);
                self.made(&name, send.endpoint(text(input, "Endpoint", call)?).send()).await
            }
            "sns:Unsubscribe" => {
                let (protocol, endpoint) = (text(input, "Protocol", call)?, text(input, "Endpoint", call)?);
                let record = crate::collect::sns::topic(&self.reads, text(input, "TopicArn", call)?).await;
                let subscriptions =
                    record.subscriptions.as_result().map_err(|why| Failure::of(why.clone()))?;
                let confirmed = |s: &&Subscription| s.subscription_arn.starts_with("arn:");
                let mut ours =
                    subscriptions.iter().filter(|s| s.protocol == protocol && s.endpoint == endpoint);
                let Some(ours) = ours.find(confirmed) else { return Ok(()) };
                let client = self.writes.sns(&self.region);
                self.made(&name, client.unsubscribe().subscription_arn(&ours.subscription_arn).send()).await
            }
            _ => Err(not_ours(call)),
        }
    }

    /// Makes a call of CloudWatch Logs, once.
    pub(super) async fn write_logs(&self, call: &Call) -> Result<(), Failure> {
        let client = self.writes.logs(&self.region);
        let (input, name) = (&call.input, call.name());
        let (group, filter) = (text(input, "logGroupName", call)?, text(input, "filterName", call)?);
        match name.as_str() {
            "logs:PutMetricFilter" => {
                let counted = &input["metricTransformations"][0];
                let counted = logs::MetricTransformation::builder()
                    .metric_name(text(counted, "metricName", call)?)
                    .metric_namespace(text(counted, "metricNamespace", call)?)
                    .metric_value(text(counted, "metricValue", call)?)
                    .set_default_value(counted["defaultValue"].as_f64())
                    .build()
                    .map_err(|_| not_ours(call))?;
                let send = client.put_metric_filter().log_group_name(group).filter_name(filter);
                let send = send.filter_pattern(text(input, "filterPattern", call)?);
                self.made(&name, send.metric_transformations(counted).send()).await
            }
            "logs:DeleteMetricFilter" => {
                let send = client.delete_metric_filter().log_group_name(group).filter_name(filter).send();
                self.made(&name, send).await
            }
            _ => Err(not_ours(call)),
        }
    }

    /// Makes a call of CloudWatch, once.
    pub(super) async fn write_cloudwatch(&self, call: &Call) -> Result<(), Failure> {
        let client = self.writes.cloudwatch(&self.region);
        let (input, name) = (&call.input, call.name());
        match name.as_str() {
            "cloudwatch:PutMetricAlarm" => {
                let number = |field: &str| input[field].as_i64().and_then(|n| i32::try_from(n).ok());
                let statistic: cloudwatch::Statistic = text(input, "Statistic", call)?.into();
                let operator: cloudwatch::ComparisonOperator =
                    text(input, "ComparisonOperator", call)?.into();
                let actions: Vec<String> = list(input, "AlarmActions", call)?;
                let send = client
                    .put_metric_alarm()
                    .alarm_name(text(input, "AlarmName", call)?)
                    .alarm_description(text(input, "AlarmDescription", call)?)
                    .set_actions_enabled(input["ActionsEnabled"].as_bool())
                    .set_alarm_actions(Some(actions))
                    .namespace(text(input, "Namespace", call)?)
                    .metric_name(text(input, "MetricName", call)?)
                    .statistic(statistic)
                    .set_period(number("Period"))
                    .set_evaluation_periods(number("EvaluationPeriods"))
                    .set_threshold(input["Threshold"].as_f64())
                    .comparison_operator(operator)
                    .treat_missing_data(text(input, "TreatMissingData", call)?);
                self.made(&name, send.send()).await
            }
            "cloudwatch:DeleteAlarms" => {
                let names: Vec<String> = list(input, "AlarmNames", call)?;
                self.made(&name, client.delete_alarms().set_alarm_names(Some(names)).send()).await
            }
            _ => Err(not_ours(call)),
        }
    }
}
