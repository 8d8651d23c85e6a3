//! SNS: topics that alarms and rules name, with their subscriptions and keys.

use super::connection::Access;
use super::failure::Failure;
use super::kms;
use super::s3::absent_on;
use crate::semantics::configuration::{Subscription, Topic};
use crate::snapshot::{Reading, TopicRecord};

/// What SNS says of a topic or subscription that is not there.
const GONE: &str = "NotFound";

/// Reads a topic by its ARN, in the region that the ARN names.
pub async fn topic(access: &Access, arn: &str) -> TopicRecord {
    let region = arn.split(':').nth(3).unwrap_or_default();
    let attributes = absent_on(attributes(access, region, arn).await.map(Some), GONE);
    let Some(Some(topic)) = attributes.known() else {
        let subscriptions = match &attributes {
            Reading::Known(_) => Reading::Known(Vec::new()),
            Reading::Unreadable(why) => Reading::Unreadable(why.clone()),
        };
        return TopicRecord { attributes, subscriptions, key: None };
    };
    let subscriptions = match subscriptions(access, region, arn).await {
        // The topic has gone since its attributes were read.
        Err(failure) if failure.code() == GONE => {
            return TopicRecord {
                attributes: Reading::Known(None),
                subscriptions: Reading::Known(Vec::new()),
                key: None,
            };
        }
        subscriptions => subscriptions.map_err(Into::into).into(),
    };
    let key = match topic.kms_master_key_id.as_deref() {
        // Its policy is AWS's and cannot admit a service: nothing to read.
        None | Some("alias/aws/sns") => None,
        Some(id) => Some(kms::key(access, region, id).await),
    };
    TopicRecord { attributes, subscriptions, key }
}

async fn attributes(access: &Access, region: &str, arn: &str) -> Result<Topic, Failure> {
    let call = access.sns(region).get_topic_attributes().topic_arn(arn).send();
    let mut attributes = access.call("sns:GetTopicAttributes", call).await?.attributes.unwrap_or_default();
    Ok(Topic {
        arn: arn.to_owned(),
        owner: attributes.remove("Owner").unwrap_or_default(),
        policy: attributes.remove("Policy").filter(|policy| !policy.is_empty()),
        kms_master_key_id: attributes.remove("KmsMasterKeyId").filter(|id| !id.is_empty()),
    })
}

async fn subscriptions(access: &Access, region: &str, arn: &str) -> Result<Vec<Subscription>, Failure> {
    let client = access.sns(region);
    let pages = client
        .list_subscriptions_by_topic()
        .topic_arn(arn)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("sns:ListSubscriptionsByTopic", pages).await?;
    let mut subscriptions = Vec::new();
    for listed in pages.into_iter().flat_map(|page| page.subscriptions.unwrap_or_default()) {
        let mut subscription = Subscription {
            subscription_arn: listed.subscription_arn.unwrap_or_default(),
            protocol: listed.protocol.unwrap_or_default(),
            endpoint: listed.endpoint.unwrap_or_default(),
            filter_policy: None,
            filter_policy_scope: None,
        };
        // Only a confirmed subscription has an ARN, and only that has attributes.
        if subscription.subscription_arn.starts_with("arn:") {
            let call =
                client.get_subscription_attributes().subscription_arn(&subscription.subscription_arn).send();
            let answer = match access.call("sns:GetSubscriptionAttributes", call).await {
                // It has gone since it was listed.
                Err(failure) if failure.code() == GONE => continue,
                answer => answer?,
            };
            let mut attributes = answer.attributes.unwrap_or_default();
            subscription.filter_policy = attributes.remove("FilterPolicy").filter(|p| !p.is_empty());
            subscription.filter_policy_scope = attributes.remove("FilterPolicyScope");
            if attributes.get("PendingConfirmation").is_some_and(|pending| pending == "true") {
                subscription.subscription_arn = "PendingConfirmation".to_owned();
            }
        }
        subscriptions.push(subscription);
    }
    subscriptions.sort_by(|a, b| {
        (&a.protocol, &a.endpoint, &a.subscription_arn).cmp(&(&b.protocol, &b.endpoint, &b.subscription_arn))
    });
    Ok(subscriptions)
}
