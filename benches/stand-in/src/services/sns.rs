//! SNS: topics and their subscriptions. The query protocol.

use serde_json::Value;

use super::page;
use crate::answer::{Content, Failure, Xml};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, reading, some_text, text};

/// Subscriptions on a page.
const PAGE: usize = 100;

fn topic<'a>(call: &'a Call<'_>) -> &'a Value {
    &call.account.field("topics")[&*call.parameter("TopicArn")]
}

fn not_found(what: &str) -> Failure {
    Failure::new(404, "NotFound", format!("{what} does not exist"))
}

fn attributes(pairs: &[(&str, Option<&str>)]) -> Xml {
    let mut xml = Xml::default();
    xml.element("Attributes", |xml| {
        for (key, value) in pairs {
            let Some(value) = value else { continue };
            xml.element("entry", |xml| {
                xml.text("key", key);
                xml.text("value", value);
            });
        }
    });
    xml
}

pub fn get_topic_attributes(call: &Call<'_>) -> Outcome {
    let topic = reading(&topic(call)["attributes"], "sns:GetTopicAttributes")?;
    if topic.is_null() {
        return Err(not_found("Topic"));
    }
    let pairs = [
        ("TopicArn", some_text(topic, "arn")),
        ("Owner", some_text(topic, "owner")),
        ("Policy", some_text(topic, "policy")),
        ("KmsMasterKeyId", some_text(topic, "kms_master_key_id")),
    ];
    Ok(Content::Xml("", attributes(&pairs)))
}

pub fn list_subscriptions_by_topic(call: &Call<'_>) -> Outcome {
    let record = topic(call);
    let all = list(reading(&record["subscriptions"], "sns:ListSubscriptionsByTopic")?);
    if known(&record["attributes"]).is_null() {
        return Err(not_found("Topic"));
    }
    let (shown, next) = page(all, &call.parameter("NextToken"), PAGE);
    let mut xml = Xml::default();
    xml.element("Subscriptions", |xml| {
        for subscription in shown {
            xml.element("member", |xml| {
                xml.text("SubscriptionArn", text(subscription, "subscription_arn"));
                xml.text("Owner", &call.account.id);
                xml.text("Protocol", text(subscription, "protocol"));
                xml.text("Endpoint", text(subscription, "endpoint"));
                xml.text("TopicArn", &call.parameter("TopicArn"));
            });
        }
    });
    xml.some_text("NextToken", next.as_deref());
    Ok(Content::Xml("", xml))
}

pub fn get_subscription_attributes(call: &Call<'_>) -> Outcome {
    let arn = call.parameter("SubscriptionArn");
    // A subscription's ARN is its topic's with an id.
    let topic = arn.rsplit_once(':').map_or("", |(topic, _)| topic);
    let subscriptions = &call.account.field("topics")[topic]["subscriptions"];
    let all = list(reading(subscriptions, "sns:GetSubscriptionAttributes")?);
    let found =
        all.iter().find(|of| text(of, "subscription_arn") == arn).ok_or_else(|| not_found("Subscription"))?;
    let pairs = [
        ("SubscriptionArn", Some(&*arn)),
        ("TopicArn", Some(topic)),
        ("Owner", Some(call.account.id.as_str())),
        ("Protocol", some_text(found, "protocol")),
        ("Endpoint", some_text(found, "endpoint")),
        ("PendingConfirmation", Some("false")),
        ("FilterPolicy", some_text(found, "filter_policy")),
        ("FilterPolicyScope", some_text(found, "filter_policy_scope")),
    ];
    Ok(Content::Xml("", attributes(&pairs)))
}
