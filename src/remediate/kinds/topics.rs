//! Topics that reach a person: what alarms and rules are pointed at. None is made: an address that nobody confirmed is told
//! nothing.

use serde_json::{Value, json};

use super::{Situation, bucket_policy};
use crate::facts::context::{owner_of, region_of};
use crate::remediate::setting::Setting;
use crate::semantics::sns::subscriptions_reach;
use crate::snapshot::AccountSnapshot;

/// The ARN of a topic of the account in the region that reaches a person, preferring one of exfilguard's own.
///
/// # Errors
/// There is none among those that were read.
pub fn reaching<'a>(account: &'a AccountSnapshot, region: &str) -> Result<&'a str, String> {
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
    found.first().copied().ok_or_else(|| {
        format!(
            "no SNS topic that alarms or rules of account {} in `{region}` name reaches a person: make a topic, subscribe \
             somebody who confirms it, point an alarm or a rule at it, and plan again",
            account.id
        )
    })
}

/// The topic's policy with a statement that lets a service publish for one alarm or rule.
///
/// # Errors
/// The policy cannot be merged into.
pub fn admitting(
    situation: &Situation<'_>,
    account: &str,
    topic: &str,
    (sid, service, source): (&str, &str, &str),
) -> Result<(Setting, Value), String> {
    let record = situation.account(account)?.topics.get(topic).ok_or("the topic was not read")?;
    let attributes = record.attributes.as_result().map_err(|why| why.clause())?;
    let present = attributes.as_ref().and_then(|topic| topic.policy.as_deref());
    let present = present.ok_or("the topic's policy was not read")?;
    let statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    });
    let wanted = bucket_policy::merged(Some(present), &[statement])?;
    Ok((Setting::TopicPolicy { topic: topic.to_owned() }, json!(wanted)))
}
