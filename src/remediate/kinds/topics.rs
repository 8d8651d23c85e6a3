//! Topics that reach a person: what alarms and rules are pointed at. Where there is none, one of exfilguard's own is made, with
//! a subscription of whom the policy file names; he is told of nothing before he confirms it.

use serde_json::{Value, json};

use super::{Situation, bucket_policy};
use crate::facts::context::{owner_of, region_of};
use crate::remediate::alerting::{NAME_PREFIX, initial_policy};
use crate::remediate::setting::Setting;
use crate::semantics::sns::subscriptions_reach;
use crate::snapshot::AccountSnapshot;

/// A topic to point at, and what has to be set before it is there and reaches somebody.
pub struct Alerted {
    /// The topic's ARN.
    pub topic: String,
    /// The settings that make it; none where there is one.
    pub settings: Vec<(Setting, Value)>,
}

/// A topic of the account in the region that reaches a person, or will.
///
/// # Errors
/// There is none, and the policy file names nobody to be alerted; or there is one that waits for him.
pub fn alerted(situation: &Situation<'_>, account: &str, region: &str) -> Result<Alerted, String> {
    let read = situation.account(account)?;
    if let Some(topic) = reaching(read, region) {
        return Ok(Alerted { topic: topic.to_owned(), settings: Vec::new() });
    }
    let Some(alert) = &situation.policy.remediation.alert else {
        return Err(format!(
            "no SNS topic that alarms or rules of account {account} in `{region}` name reaches a person: name somebody in \
             `remediation.alert` of the policy file, and a topic is made for him"
        ));
    };
    let partition = &situation.organization.partition;
    let topic = format!("arn:{partition}:sns:{region}:{account}:{NAME_PREFIX}alerts");
    let (protocol, endpoint) = (alert.protocol.clone(), alert.endpoint.clone());
    let made =
        Setting::Topic { topic: topic.clone(), protocol: protocol.clone(), endpoint: endpoint.clone() };
    if !made.get(read, region)?.is_null() {
        return Err(format!(
            "topic `{topic}` is there and reaches nobody: `{endpoint}` has to confirm the subscription"
        ));
    }
    let subscription = Setting::TopicSubscription { topic: topic.clone(), protocol, endpoint };
    let settings = vec![(made, json!({"others": []})), (subscription, json!("subscribed"))];
    Ok(Alerted { topic, settings })
}

/// The ARN of a topic of the account in the region that reaches a person, preferring one of exfilguard's own.
fn reaching<'a>(account: &'a AccountSnapshot, region: &str) -> Option<&'a str> {
    let mut found: Vec<&str> = account
        .topics
        .iter()
        .filter(|(arn, _)| region_of(arn) == region && owner_of(arn) == account.id && !arn.ends_with(".fifo"))
        .filter(|(_, record)| match (record.attributes.known(), record.subscriptions.known()) {
            (Some(Some(topic)), Some(subscriptions)) => {
                subscriptions_reach(topic, subscriptions, &json!({})).value.is_yes()
            }
            _ => false,
        })
        .map(|(arn, _)| arn.as_str())
        .collect();
    found.sort_by_key(|arn| (!arn.contains(":exfilguard-"), *arn));
    found.first().copied()
}

/// The topic's policy with a statement that lets a service publish for one alarm or rule.
///
/// # Errors
/// The policy cannot be merged into.
pub fn admitting(
    situation: &Situation<'_>,
    account: &str,
    alerted: &Alerted,
    (sid, service, source): (&str, &str, &str),
) -> Result<(Setting, Value), String> {
    let topic = &alerted.topic;
    let initial = initial_policy(topic, account).to_string();
    let present = if alerted.settings.is_empty() {
        let record = situation.account(account)?.topics.get(topic).ok_or("the topic was not read")?;
        let attributes = record.attributes.as_result().map_err(|why| why.clause())?;
        let present = attributes.as_ref().and_then(|topic| topic.policy.as_deref());
        present.ok_or("the topic's policy was not read")?
    } else {
        initial.as_str()
    };
    let statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    });
    let wanted = bucket_policy::merged(Some(present), &[statement])?;
    Ok((Setting::TopicPolicy { topic: topic.clone() }, json!(wanted)))
}
