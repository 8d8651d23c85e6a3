//! A plan as CloudFormation: a template for each account and region.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{fingerprint, identifier, maker};
use crate::remediate::plan::{Plan, Step};
use crate::remediate::setting::Setting;

/// An object of templates by `account/region`. What only a resource of somebody else's template can say stands in its
/// `Metadata`, below `InYourTemplates`.
#[must_use]
pub fn cloudformation(plan: &Plan) -> Value {
    let mut templates: BTreeMap<String, (Map<String, Value>, Vec<Value>)> = BTreeMap::new();
    for change in &plan.changes {
        let (resources, remarks) =
            templates.entry(format!("{}/{}", change.account, change.region)).or_default();
        for step in &change.steps {
            match resource(step) {
                Some((kind, name, properties)) => {
                    // Of several changes of one setting the last one holds them all.
                    let mut resource = json!({"Type": kind, "Properties": properties});
                    if let Some(topic) = topic_of(&step.sets).filter(|topic| maker(plan, topic).is_some()) {
                        resource["DependsOn"] = json!([logical_id(&topic_name(topic))]);
                    }
                    resources.insert(logical_id(&name), resource);
                }
                None if matches!(step.sets, Setting::RuleTarget { .. }) => {}
                None => remarks.push(json!({"Change": change.id, "Sets": step.sets, "Value": step.wanted})),
            }
        }
        targets(resources, &change.steps);
    }
    let template = |(resources, remarks): (Map<String, Value>, Vec<Value>)| {
        json!({"AWSTemplateFormatVersion": "2010-09-09", "Description": "Made by exfilguard remediate plan",
            "Metadata": {"InYourTemplates": remarks}, "Resources": resources})
    };
    Value::Object(templates.into_iter().map(|(stack, parts)| (stack, template(parts))).collect())
}

/// Letters and digits only. What the capitals do not keep apart, as in `data1-2` and `data-12`, a fingerprint does.
fn logical_id(name: &str) -> String {
    let id: String = identifier(name).split('_').map(capital).collect();
    format!("{id}{}", fingerprint(name))
}

/// The topic that a setting is of, and has to be there before it.
fn topic_of(setting: &Setting) -> Option<&str> {
    match setting {
        Setting::TopicPolicy { topic } | Setting::TopicSubscription { topic, .. } => Some(topic),
        _ => None,
    }
}

/// The name of a topic's resource.
fn topic_name(topic: &str) -> String {
    format!("topic_{}", topic.rsplit(':').next().unwrap_or_default())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
}

fn resource(step: &Step) -> Option<(&'static str, String, Value)> {
    let wanted = &step.wanted;
    let document =
        || wanted.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    Some(match &step.sets {
        Setting::BucketPolicy { bucket } => (
            "AWS::S3::BucketPolicy",
            format!("policy_{bucket}"),
            json!({"Bucket": bucket, "PolicyDocument": document()}),
        ),
        Setting::TopicPolicy { topic } => (
            "AWS::SNS::TopicPolicy",
            format!("policy_{}", topic.rsplit(':').next().unwrap_or_default()),
            json!({"Topics": [topic], "PolicyDocument": document()}),
        ),
        Setting::Topic { topic, .. } => {
            ("AWS::SNS::Topic", topic_name(topic), json!({"TopicName": topic.rsplit(':').next()}))
        }
        Setting::TopicSubscription { topic, protocol, endpoint } => (
            "AWS::SNS::Subscription",
            format!("subscription_{}", topic.rsplit(':').next().unwrap_or_default()),
            json!({"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}),
        ),
        Setting::EventRule { rule } => {
            let pattern =
                wanted["pattern"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
            let properties = json!({"Name": rule, "EventPattern": pattern, "State": wanted["state"]});
            ("AWS::Events::Rule", rule.clone(), properties)
        }
        Setting::MetricFilter { log_group, filter } => (
            "AWS::Logs::MetricFilter",
            format!("filter_{filter}"),
            json!({"FilterName": filter, "LogGroupName": log_group, "FilterPattern": wanted["pattern"],
                "MetricTransformations": [{"MetricName": wanted["metric"], "MetricNamespace": wanted["namespace"],
                    "MetricValue": "1", "DefaultValue": 0}]}),
        ),
        Setting::MetricAlarm { alarm } => {
            let mut properties = step.call.input.clone();
            if let Some(fields) = properties.as_object_mut() {
                fields.insert("AlarmName".to_owned(), json!(alarm));
            }
            ("AWS::CloudWatch::Alarm", format!("alarm_{alarm}"), properties)
        }
        // Properties of resources that others' templates have, or changed by no template at all.
        Setting::BucketPublicAccessBlock { .. }
        | Setting::BucketOwnership { .. }
        | Setting::EndpointPolicy { .. }
        | Setting::TrailLogging { .. }
        | Setting::TrailSelectors { .. }
        | Setting::DetectorFeature { .. }
        | Setting::MemberFeature { .. }
        | Setting::AutomaticFeature { .. }
        | Setting::FilterAction { .. }
        | Setting::RuleTarget { .. } => return None,
    })
}

/// A rule's targets stand in the rule.
fn targets(resources: &mut Map<String, Value>, steps: &[Step]) {
    for step in steps {
        if let Setting::RuleTarget { rule, target } = &step.sets
            && let Some(found) = resources.get_mut(&logical_id(rule))
        {
            found["Properties"]["Targets"] = json!([{"Id": target, "Arn": step.wanted}]);
        }
    }
}
