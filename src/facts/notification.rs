//! Whether an alarm's action or a rule's target that is an SNS topic ends at a person.

use serde_json::{Value, json};

use super::context::{known_or_clause, region_of};
use super::fact::{Evidence, Fact};
use crate::semantics::sns::{self, Publisher};
use crate::semantics::verdict::{Assumption, Verdict};
use crate::snapshot::{AccountSnapshot, TopicRecord};

/// Whether `message`, published to a topic by `publisher`, reaches a person. `account` is the one whose alarm or rule it
/// is: it named the topic, so its snapshot holds what could be read of it.
#[must_use]
pub fn by_topic(
    account: &AccountSnapshot,
    topic_arn: &str,
    publisher: &Publisher<'_>,
    message: &Value,
) -> Fact {
    let region = region_of(publisher.source_arn);
    if region_of(topic_arn) != region {
        let why = format!("topic `{topic_arn}` is in another region than `{region}`");
        return Verdict::no(why).assuming(Assumption(1)).into();
    }
    match account.topics.get(topic_arn) {
        None => Fact::from(Verdict::unknown(format!("topic `{topic_arn}` was not read"))),
        Some(record) => reaches(record, topic_arn, publisher, message),
    }
}

/// Whether `publisher` can hand a message to a topic at all, whoever then hears of it. `account` as for [`by_topic`].
#[must_use]
pub fn takes(account: &AccountSnapshot, topic_arn: &str, publisher: &Publisher<'_>) -> Fact {
    let region = region_of(publisher.source_arn);
    if region_of(topic_arn) != region {
        let why = format!("topic `{topic_arn}` is in another region than `{region}`");
        return Verdict::no(why).assuming(Assumption(1)).into();
    }
    let Some(record) = account.topics.get(topic_arn) else {
        return Verdict::unknown(format!("topic `{topic_arn}` was not read")).into();
    };
    let topic = match known_or_clause(&record.attributes) {
        Err(clause) => return Verdict::unknown(clause).into(),
        Ok(None) => return Verdict::no(format!("topic `{topic_arn}` does not exist")).into(),
        Ok(Some(topic)) => topic,
    };
    let key = record.key.as_ref().map(|key| known_or_clause(key));
    let mut verdict = sns::policy_admits(topic, publisher).and(sns::key_admits(topic, key, publisher));
    verdict.witness = None;
    Fact::from(verdict).with(Evidence::new(
        "sns:GetTopicAttributes",
        topic_arn,
        "/Attributes/Policy",
        json!(topic.policy),
    ))
}

fn reaches(record: &TopicRecord, arn: &str, publisher: &Publisher<'_>, message: &Value) -> Fact {
    let topic = match known_or_clause(&record.attributes) {
        Err(clause) => return Verdict::unknown(clause).into(),
        Ok(None) => {
            let gone = Evidence::new("sns:GetTopicAttributes", arn, "/Attributes", Value::Null);
            return Fact::from(Verdict::no(format!("topic `{arn}` does not exist"))).with(gone);
        }
        Ok(Some(topic)) => topic,
    };
    let key = record.key.as_ref().map(|key| known_or_clause(key));
    let heard = match known_or_clause(&record.subscriptions) {
        Err(clause) => Verdict::unknown(clause),
        Ok(subscriptions) => sns::subscriptions_reach(topic, subscriptions, message),
    };
    let mut verdict =
        heard.and(sns::policy_admits(topic, publisher)).and(sns::key_admits(topic, key, publisher));
    // A witness of a topic's policy is a request to publish: it shows nothing that the reason does not say.
    verdict.witness = None;
    let subscriptions = record.subscriptions.known().map(|subscriptions| {
        let shown: Vec<Value> = subscriptions
            .iter()
            .map(|s| json!({"Protocol": s.protocol, "SubscriptionArn": s.subscription_arn}))
            .collect();
        Evidence::new("sns:ListSubscriptionsByTopic", arn, "/Subscriptions", json!(shown))
    });
    Fact::from(verdict)
        .with(Evidence::new("sns:GetTopicAttributes", arn, "/Attributes/Policy", json!(topic.policy)))
        .with_all(subscriptions)
}
