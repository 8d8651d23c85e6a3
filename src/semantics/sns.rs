//! Whether what CloudWatch or EventBridge publishes to an SNS topic reaches a person (`aws-semantics.md` 5.8).
//!
//! Every step must hold: the topic's policy admits the publisher, its encryption key does, and at least one subscription
//! is confirmed, lets the message through its filter and ends at a person.

use std::sync::Arc;

use serde_json::{Value, json};

use super::configuration::{Key, Subscription, Topic};
use super::event_pattern::EventPattern;
use super::iam::{Context, Part, PolicyDocument, PolicySet, Principal, Request, decide};
use super::verdict::{Assumption, Tri, Verdict};

/// The service that publishes, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Publisher<'a> {
    /// CloudWatch or EventBridge.
    pub service: Service,
    /// The alarm's or the rule's ARN.
    pub source_arn: &'a str,
    /// The account of the alarm or the rule.
    pub source_account: &'a str,
}

/// A service that publishes to topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// An alarm's action.
    CloudWatch,
    /// A rule's target.
    EventBridge,
}

impl Service {
    /// The service principal.
    #[must_use]
    pub fn principal(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch.amazonaws.com",
            Self::EventBridge => "events.amazonaws.com",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::CloudWatch => "CloudWatch",
            Self::EventBridge => "EventBridge",
        }
    }
}

/// Whether the topic's policy lets the publisher publish.
///
/// The policy that SNS writes by default admits the owner's alarms ([A-14](Assumption)), but no EventBridge rule.
#[must_use]
pub fn policy_admits(topic: &Topic, publisher: &Publisher<'_>) -> Verdict {
    let name = topic_name(&topic.arn);
    let service = publisher.service;
    let Some(text) = &topic.policy else {
        return Verdict::no(format!("topic `{name}` has no policy that lets {} publish", service.name()));
    };
    let document = match PolicyDocument::parse(text) {
        Ok(document) => Arc::new(document),
        Err(error) => {
            return Verdict::unknown(format!("the policy of topic `{name}` cannot be read: {error}"));
        }
    };
    let asks_for =
        |wanted: &str| document.condition_keys().any(|key| key.to_ascii_lowercase().starts_with(wanted));
    let (by_source, by_owner) = (asks_for("aws:source"), asks_for("aws:sourceowner"));
    let set = PolicySet {
        resource: Part::Known(document),
        // Only the topic's policy can admit a service: nobody's own permissions are involved.
        identity: Part::Known(Vec::new()),
        ..PolicySet::default()
    };
    let mut request = request("sns:Publish", &topic.arn, &topic.owner, publisher);
    request.context = request.context.with("aws:SecureTransport", "true");
    if service == Service::CloudWatch {
        request.context = request.context.with("aws:SourceOwner", publisher.source_account);
    }
    let mut verdict = decide(&set, &request).into_verdict(&request);
    if service == Service::EventBridge && by_source {
        verdict.assumptions.insert(Assumption(15));
    }
    if service == Service::CloudWatch && by_owner {
        verdict.assumptions.insert(Assumption(14));
    }
    verdict.reason = match verdict.value {
        Tri::Yes => format!("topic `{name}` lets {} publish", service.name()),
        Tri::No => format!("the policy of topic `{name}` does not let {} publish", service.principal()),
        Tri::Unknown => format!(
            "whether the policy of topic `{name}` lets {} publish is not known: {}",
            service.principal(),
            verdict.reason
        ),
    };
    verdict
}

/// A service's request on behalf of an alarm or a rule. Of the organization that it belongs to nothing is known here.
pub(super) fn request(action: &str, resource: &str, owner: &str, publisher: &Publisher<'_>) -> Request {
    let principal = Principal::Service(publisher.service.principal().to_owned());
    let mut request = Request::new(action, resource, principal);
    request.resource_account = Some(owner.to_owned());
    request.context = Context::new()
        .with("aws:SourceArn", publisher.source_arn)
        .with("aws:SourceAccount", publisher.source_account)
        .with_unknown("aws:SourceOrgID")
        .with_unknown("aws:SourceOrgPaths");
    request
}

/// Whether the key that encrypts the topic lets the publisher encrypt. `key` is none when the topic names no customer's
/// key, and an error says why it could not be read.
#[must_use]
pub fn key_admits(topic: &Topic, key: Option<Result<&Key, String>>, publisher: &Publisher<'_>) -> Verdict {
    let encrypted = Encrypted {
        subject: &format!("topic `{}`", topic_name(&topic.arn)),
        key_id: topic.kms_master_key_id.as_deref(),
        managed_alias: "alias/aws/sns",
        encryption_context: "kms:EncryptionContext:aws:sns:topicArn",
    };
    encryption_admits(&encrypted, key, publisher)
}

/// What a key encrypts: a topic or a queue.
#[derive(Debug, Clone, Copy)]
pub struct Encrypted<'a> {
    /// How it is called in reasons, for example ``topic `alerts` ``.
    pub subject: &'a str,
    /// The key: id, ARN or alias; none if it is not encrypted with a key of KMS.
    pub key_id: Option<&'a str>,
    /// The alias of AWS's own key for the service.
    pub managed_alias: &'a str,
    /// The condition key for what the service puts into the encryption context.
    pub encryption_context: &'a str,
}

/// Whether the key that encrypts a topic or a queue lets the publisher encrypt. `key` is none when no customer's key is
/// named, and an error says why it could not be read.
#[must_use]
pub fn encryption_admits(
    encrypted: &Encrypted<'_>,
    key: Option<Result<&Key, String>>,
    publisher: &Publisher<'_>,
) -> Verdict {
    let Encrypted { subject, key_id, managed_alias, .. } = *encrypted;
    let service = publisher.service;
    let Some(id) = key_id else {
        return Verdict::yes(format!("{subject} is not encrypted with a key"));
    };
    let managed = || {
        Verdict::no(format!(
            "{subject} is encrypted with AWS's own key, which {} may not use",
            service.name()
        ))
    };
    if id.ends_with(managed_alias) {
        return managed();
    }
    let key = match key {
        Some(Ok(key)) => key,
        Some(Err(clause)) => return Verdict::unknown(clause),
        None => return Verdict::unknown(format!("the key of {subject} was not read")),
    };
    if key.key_manager == "AWS" {
        return managed();
    }
    if key.key_state != "Enabled" {
        return Verdict::no(format!("the key of {subject} is in state `{}`", key.key_state));
    }
    let Some(text) = &key.policy else {
        return Verdict::unknown(format!("the policy of the key of {subject} was not read"));
    };
    match PolicyDocument::parse(text) {
        Err(error) => Verdict::unknown(format!("the policy of the key of {subject} cannot be read: {error}")),
        Ok(document) => key_policy_admits(encrypted, &key.arn, Arc::new(document), publisher),
    }
}

fn key_policy_admits(
    encrypted: &Encrypted<'_>,
    key_arn: &str,
    document: Arc<PolicyDocument>,
    publisher: &Publisher<'_>,
) -> Verdict {
    let set = PolicySet {
        resource: Part::Known(document),
        identity: Part::Known(Vec::new()),
        ..PolicySet::default()
    };
    let (subject, service) = (encrypted.subject, publisher.service);
    let mut all = Verdict::yes(format!("the key of {subject} lets {} use it", service.name()));
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let owner = key_arn.split(':').nth(4).unwrap_or_default();
        let mut request = request(action, key_arn, owner, publisher);
        request.context =
            request.context.with_unknown("kms:ViaService").with_unknown(encrypted.encryption_context);
        let decision = decide(&set, &request);
        let reason = match decision.value {
            Tri::Yes => continue,
            Tri::No => format!("the key of {subject} does not allow {} {action}", service.principal()),
            Tri::Unknown => format!(
                "whether the key of {subject} allows {} {action} is not known: {}",
                service.principal(),
                decision.reason
            ),
        };
        all = all.and(Verdict::new(decision.value, reason));
    }
    all
}

/// Whether a message that reaches the topic reaches a person through one of its subscriptions. `message` is the body as
/// JSON.
#[must_use]
pub fn subscriptions_reach(topic: &Topic, subscriptions: &[Subscription], message: &Value) -> Verdict {
    let name = topic_name(&topic.arn);
    let mut any = Verdict::no(format!("topic `{name}` has no subscription"));
    for (index, subscription) in subscriptions.iter().enumerate() {
        let verdict = subscription_reaches(name, subscription, message);
        any = if index == 0 { verdict } else { any.or(verdict) };
        if any.value.is_yes() {
            break;
        }
    }
    any
}

fn subscription_reaches(topic: &str, subscription: &Subscription, message: &Value) -> Verdict {
    let protocol = &subscription.protocol;
    if !subscription.subscription_arn.starts_with("arn:") {
        return Verdict::no(format!("the {protocol} subscription of topic `{topic}` is not confirmed"));
    }
    passes_filter(topic, subscription, message).and(ends_at_person(topic, subscription))
}

fn passes_filter(topic: &str, subscription: &Subscription, message: &Value) -> Verdict {
    let Some(text) = subscription.filter_policy.as_deref().filter(|text| !is_empty_object(text)) else {
        return Verdict::yes("");
    };
    let pattern = match EventPattern::parse_filter_policy(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            return Verdict::unknown(format!(
                "the filter policy of a subscription of topic `{topic}` cannot be read: {error}"
            ));
        }
    };
    let on_body = subscription.filter_policy_scope.as_deref() == Some("MessageBody");
    // Alarms and rules publish without message attributes.
    let verdict = if on_body { pattern.matches(message) } else { pattern.matches(&json!({})) };
    let reason = match verdict.value {
        Tri::Yes => String::new(),
        Tri::No if on_body => format!("a subscription of topic `{topic}` filters the message out"),
        Tri::No => format!(
            "a subscription of topic `{topic}` filters by message attributes, which the message has none of"
        ),
        Tri::Unknown => format!(
            "whether a subscription of topic `{topic}` filters the message out is not known: {}",
            verdict.reason
        ),
    };
    Verdict { reason, ..verdict }
}

fn is_empty_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value == json!({}))
}

/// Hosts of services that page people.
const PAGERS: [&str; 8] = [
    "pagerduty.com",
    "opsgenie.com",
    "atlassian.com",
    "victorops.com",
    "splunk.com",
    "sns-api.chatbot.amazonaws.com",
    "hooks.slack.com",
    "incident.io",
];

fn ends_at_person(topic: &str, subscription: &Subscription) -> Verdict {
    match subscription.protocol.as_str() {
        protocol @ ("email" | "email-json" | "sms") => {
            Verdict::yes(format!("topic `{topic}` reaches a person by {protocol}"))
        }
        "https" | "http" if is_pager(&subscription.endpoint) => {
            Verdict::yes(format!("topic `{topic}` reaches a paging service"))
        }
        protocol => Verdict::unknown(format!(
            "topic `{topic}` only reaches a machine ({protocol}), and whether a person hears of it there is not known"
        )),
    }
}

fn is_pager(endpoint: &str) -> bool {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    PAGERS.iter().any(|pager| {
        host.strip_suffix(pager).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The topic's name, the last part of its ARN.
fn topic_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";
    const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:bulk";
    const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/findings";

    fn topic(policy: &Value) -> Topic {
        Topic {
            arn: TOPIC.into(),
            owner: "111122223333".into(),
            policy: Some(policy.to_string()),
            kms_master_key_id: None,
        }
    }

    fn default_policy() -> Value {
        json!({
            "Version": "2008-10-17",
            "Statement": [{
                "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"},
                "Action": ["SNS:GetTopicAttributes", "SNS:Publish"], "Resource": TOPIC,
                "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}
            }]
        })
    }

    fn service_policy(service: &str, condition: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish",
            "Resource": TOPIC, "Condition": condition,
        }]})
    }

    fn alarm() -> Publisher<'static> {
        Publisher { service: Service::CloudWatch, source_arn: ALARM, source_account: "111122223333" }
    }

    fn rule() -> Publisher<'static> {
        Publisher { service: Service::EventBridge, source_arn: RULE, source_account: "111122223333" }
    }

    fn subscription(protocol: &str, endpoint: &str) -> Subscription {
        Subscription {
            subscription_arn: format!("{TOPIC}:1"),
            protocol: protocol.into(),
            endpoint: endpoint.into(),
            ..Subscription::default()
        }
    }

    #[test]
    fn the_default_policy_admits_the_owners_alarms_but_no_rule() {
        let topic = topic(&default_policy());
        let by_alarm = policy_admits(&topic, &alarm());
        assert_eq!(by_alarm.value, Tri::Yes, "{}", by_alarm.reason);
        assert!(by_alarm.assumptions.contains(&Assumption(14)));
        let by_rule = policy_admits(&topic, &rule());
        assert_eq!(by_rule.value, Tri::No, "{}", by_rule.reason);
        let foreign = Publisher { source_account: "444455556666", ..alarm() };
        assert_eq!(policy_admits(&topic, &foreign).value, Tri::No);
    }

    #[test]
    fn a_service_is_admitted_for_its_own_source_only() {
        let condition = json!({"ArnEquals": {"aws:SourceArn": RULE}});
        let topic = topic(&service_policy("events.amazonaws.com", &condition));
        let verdict = policy_admits(&topic, &rule());
        assert_eq!(verdict.value, Tri::Yes, "{}", verdict.reason);
        assert!(verdict.assumptions.contains(&Assumption(15)));
        let other = Publisher { source_arn: "arn:aws:events:eu-west-1:111122223333:rule/other", ..rule() };
        assert_eq!(policy_admits(&topic, &other).value, Tri::No);
        assert_eq!(policy_admits(&topic, &alarm()).value, Tri::No);
    }

    #[test]
    fn a_policy_that_is_no_json_is_unknown() {
        let topic = Topic { policy: Some("no json".into()), ..topic(&json!({})) };
        assert_eq!(policy_admits(&topic, &rule()).value, Tri::Unknown);
    }

    #[test]
    fn the_managed_key_stops_every_publisher() {
        let mut topic = topic(&default_policy());
        assert_eq!(key_admits(&topic, None, &alarm()).value, Tri::Yes);
        topic.kms_master_key_id = Some("alias/aws/sns".into());
        assert_eq!(key_admits(&topic, None, &alarm()).value, Tri::No);
    }

    #[test]
    fn a_customers_key_must_admit_the_service_for_both_actions() {
        let mut topic = topic(&default_policy());
        topic.kms_master_key_id = Some("1234".into());
        let key = |actions: &Value, state: &str| {
            Key {
            arn: "arn:aws:kms:eu-west-1:111122223333:key/1234".into(),
            key_manager: "CUSTOMER".into(),
            key_state: state.into(),
            policy: Some(
                json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": actions, "Resource": "*"}]})
                .to_string(),
            ),
        }
        };
        let admits = |key: &Key| key_admits(&topic, Some(Ok(key)), &alarm()).value;
        assert_eq!(admits(&key(&json!(["kms:GenerateDataKey*", "kms:Decrypt"]), "Enabled")), Tri::Yes);
        assert_eq!(admits(&key(&json!(["kms:Decrypt"]), "Enabled")), Tri::No);
        assert_eq!(admits(&key(&json!("kms:*"), "Disabled")), Tri::No);
        let unread = key_admits(&topic, Some(Err("denied".into())), &alarm());
        assert_eq!(unread.value, Tri::Unknown);
    }

    #[test]
    fn nobody_hears_of_an_unconfirmed_subscription() {
        let topic = topic(&default_policy());
        let mut pending = subscription("email", "soc@example.com");
        pending.subscription_arn = "PendingConfirmation".into();
        let reach =
            |subscriptions: &[Subscription]| subscriptions_reach(&topic, subscriptions, &json!({})).value;
        assert_eq!(reach(&[]), Tri::No);
        assert_eq!(reach(&[pending.clone()]), Tri::No);
        assert_eq!(reach(&[pending, subscription("email", "soc@example.com")]), Tri::Yes);
    }

    #[test]
    fn machines_are_no_persons_but_paging_services_are() {
        let topic = topic(&default_policy());
        let reach = |protocol: &str, endpoint: &str| {
            subscriptions_reach(&topic, &[subscription(protocol, endpoint)], &json!({})).value
        };
        assert_eq!(reach("sqs", "arn:aws:sqs:eu-west-1:111122223333:q"), Tri::Unknown);
        assert_eq!(reach("https", "https://events.pagerduty.com/integration/1/enqueue"), Tri::Yes);
        assert_eq!(reach("https", "https://pagerduty.com.attacker.example/"), Tri::Unknown);
        assert_eq!(reach("https", "https://pagerduty.com@attacker.example/"), Tri::Unknown);
        assert_eq!(reach("https", "https://attacker.example/?x=pagerduty.com"), Tri::Unknown);
    }

    #[test]
    fn filters_by_attributes_drop_what_has_none() {
        let topic = topic(&default_policy());
        let body = json!({"AlarmName": "bulk"});
        let reach = |policy: &str, scope: Option<&str>| {
            let mut subscription = subscription("email", "soc@example.com");
            subscription.filter_policy = Some(policy.into());
            subscription.filter_policy_scope = scope.map(str::to_owned);
            subscriptions_reach(&topic, &[subscription], &body).value
        };
        assert_eq!(reach(r#"{"severity": ["high"]}"#, None), Tri::No);
        assert_eq!(reach(r#"{"severity": [{"exists": false}]}"#, None), Tri::Yes);
        assert_eq!(reach("{}", None), Tri::Yes);
        assert_eq!(reach(r#"{"AlarmName": ["bulk"]}"#, Some("MessageBody")), Tri::Yes);
        assert_eq!(reach(r#"{"AlarmName": ["other"]}"#, Some("MessageBody")), Tri::No);
        assert_eq!(reach("no json", None), Tri::Unknown);
    }
}
