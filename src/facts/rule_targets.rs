//! Whether a rule that watches for exfiltration hands its events to anything (`aws-semantics.md` 6.4 and 9, EVT-02).

use serde_json::{Value, json};

use super::context::known_or_clause;
use super::fact::{Evidence, Fact};
use super::notification;
use super::rule_pattern;
use crate::semantics::rule_target;
use crate::semantics::sns::{Publisher, Service};
use crate::semantics::tampering::{self, Scene};
use crate::semantics::verdict::{Tri, Verdict};
use crate::semantics::{guardduty, synthetic};
use crate::snapshot::{AccountSnapshot, Rule, Target};

/// The bus that AWS services publish on. What arrives on another one was forwarded, and a rule there is about exfiltration
/// only if it names a source.
const DEFAULT_BUS: &str = "default";
/// A bucket for calls on buckets.
const BUCKET: &str = "crown-jewels";

/// Whether a rule's pattern matches any finding of GuardDuty that tells of exfiltration, or any call that opens a bucket
/// or switches the watching off, whatever the rule's state. `events` are those of [`events`] in the rule's region.
#[must_use]
pub fn watches(rule: &Rule, events: &[(&str, Value)]) -> Fact {
    let (pattern, evidence) = match rule_pattern::parsed(rule) {
        Ok(parsed) => parsed,
        Err(unknown) => return unknown,
    };
    let no = || Fact::new(Tri::No, "it matches no finding or call that tells of exfiltration");
    if rule.bus != DEFAULT_BUS && pattern.literals(&["source"]).is_empty() {
        return no().with(evidence);
    }
    let mut doubt = None;
    for (name, event) in events {
        match pattern.matches(event).value {
            Tri::No => {}
            Tri::Yes => return Fact::new(Tri::Yes, format!("it matches `{name}`")).with(evidence),
            Tri::Unknown => doubt = doubt.or(Some(name)),
        }
    }
    let fact = match doubt {
        Some(name) => Fact::new(Tri::Unknown, format!("whether it matches `{name}` is not known")),
        None => no(),
    };
    fact.with(evidence)
}

/// The events that tell of exfiltration in a region of an account, each with its name.
#[must_use]
pub fn events(account: &str, region: &str, partition: &str) -> Vec<(&'static str, Value)> {
    let findings = guardduty::finding_types().map(|finding| {
        let (name, severity) = (finding.name, finding.severity);
        (name, synthetic::guardduty_event(name, severity, account, account, region, partition))
    });
    let scene = Scene { account, region, partition, bucket: BUCKET };
    let of_buckets = tampering::OF_BUCKETS.into_iter();
    let calls = of_buckets.chain(tampering::OF_TRAILS).chain(tampering::EVERYWHERE);
    let calls =
        calls.flat_map(|call| call.records(&scene).map(|record| (call.name, call.event(&record, &scene))));
    findings.chain(calls).collect()
}

/// Whether at least one of a rule's targets takes its events.
#[must_use]
pub fn reachable(rule: &Rule, account: &AccountSnapshot) -> Fact {
    let targets = match known_or_clause(&rule.targets) {
        Err(clause) => return Fact::new(Tri::Unknown, clause),
        Ok(targets) => targets,
    };
    let shown: Vec<Value> = targets.iter().map(|target| json!(target.arn)).collect();
    let evidence = Evidence::new("events:ListTargetsByRule", &rule.arn, "/Targets", json!(shown));
    let mut noes: Vec<String> = Vec::new();
    let mut doubt: Option<Fact> = None;
    for target in targets {
        let fact = takes(rule, target, account);
        match fact.holds {
            Tri::Yes => return fact.with(evidence),
            Tri::Unknown => doubt = doubt.or(Some(fact)),
            Tri::No => noes.push(fact.reason),
        }
    }
    let fact = match doubt {
        Some(fact) => fact,
        None if targets.is_empty() => Fact::new(Tri::No, "it has no target"),
        None => Fact::new(Tri::No, noes.join("; ")),
    };
    fact.with(evidence)
}

/// Whether one target takes the rule's events.
pub(super) fn takes(rule: &Rule, target: &Target, account: &AccountSnapshot) -> Fact {
    let arn = target.arn.as_str();
    if target.role_arn.is_some() {
        let why = format!("it sends to `{arn}` with a role, whose permissions are not read");
        return Fact::new(Tri::Unknown, why);
    }
    let publisher =
        Publisher { service: Service::EventBridge, source_arn: &rule.arn, source_account: &account.id };
    match arn.split(':').nth(2).unwrap_or_default() {
        "sns" => notification::takes(account, arn, &publisher),
        "lambda" => match account.functions.get(arn).map(known_or_clause) {
            None => Fact::new(Tri::Unknown, format!("function `{arn}` was not read")),
            Some(Err(clause)) => Fact::new(Tri::Unknown, clause),
            Some(Ok(policy)) => {
                let verdict = rule_target::function_admits(arn, policy.as_deref(), &publisher);
                Fact::from(verdict).with(Evidence::new("lambda:GetPolicy", arn, "/Policy", json!(policy)))
            }
        },
        "sqs" => queue_takes(account, arn, &publisher),
        service => {
            Fact::new(Tri::Unknown, format!("it sends to `{service}` (`{arn}`), of which nothing is read"))
        }
    }
}

fn queue_takes(account: &AccountSnapshot, arn: &str, publisher: &Publisher<'_>) -> Fact {
    let Some(record) = account.queues.get(arn) else {
        return Fact::new(Tri::Unknown, format!("queue `{arn}` was not read"));
    };
    match known_or_clause(&record.attributes) {
        Err(clause) => Fact::new(Tri::Unknown, clause),
        Ok(None) => Verdict::no(format!("queue `{arn}` does not exist")).into(),
        Ok(Some(queue)) => {
            let key = record.key.as_ref().map(|key| known_or_clause(key));
            Fact::from(rule_target::queue_admits(queue, key, publisher)).with(Evidence::new(
                "sqs:GetQueueAttributes",
                arn,
                "/Attributes/Policy",
                json!(queue.policy),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::samples;
    use crate::semantics::configuration::Queue;
    use crate::snapshot::{QueueRecord, Reading};

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:page";
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:findings";

    fn rule(pattern: &Value, targets: &[&str]) -> Rule {
        let target = |arn: &&str| Target { id: "1".into(), arn: (*arn).into(), role_arn: None };
        Rule {
            name: "findings".into(),
            arn: "arn:aws:events:eu-west-1:111122223333:rule/findings".into(),
            bus: "default".into(),
            event_pattern: pattern.to_string(),
            state: "ENABLED".into(),
            managed_by: None,
            targets: Reading::Known(targets.iter().map(target).collect()),
        }
    }

    fn watched(rule: &Rule) -> Tri {
        watches(rule, &events(samples::ACCOUNT, samples::REGION, "aws")).holds
    }

    #[test]
    fn rules_on_findings_and_on_tampering_watch_and_others_do_not() {
        for (pattern, expected) in [
            (json!({"source": ["aws.guardduty"]}), Tri::Yes),
            (
                json!({"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", 9]}]}}),
                Tri::Yes,
            ),
            (json!({"detail": {"eventName": ["StopLogging"]}}), Tri::Yes),
            (json!({"source": ["aws.s3"], "detail": {"eventName": ["PutBucketCors"]}}), Tri::No),
            (json!({"source": ["aws.ec2"]}), Tri::No),
        ] {
            assert_eq!(watched(&rule(&pattern, &[])), expected, "{pattern}");
        }
        assert_eq!(watched(&Rule { event_pattern: "{".into(), ..rule(&json!({}), &[]) }), Tri::Unknown);
    }

    #[test]
    fn on_another_bus_only_a_rule_that_names_a_source_watches() {
        let all = json!({"account": ["111122223333"]});
        assert_eq!(watched(&rule(&all, &[])), Tri::Yes);
        assert_eq!(watched(&Rule { bus: "orders".into(), ..rule(&all, &[]) }), Tri::No);
        let named = json!({"source": ["aws.guardduty"]});
        assert_eq!(watched(&Rule { bus: "security".into(), ..rule(&named, &[]) }), Tri::Yes);
    }

    fn sends(account: &AccountSnapshot, targets: &[&str]) -> Fact {
        reachable(&rule(&json!({"source": ["aws.guardduty"]}), targets), account)
    }

    #[test]
    fn a_rule_without_a_target_reaches_nothing() {
        let fact = sends(&samples::account(), &[]);
        assert_eq!((fact.holds, fact.reason.as_str()), (Tri::No, "it has no target"));
        let unread = Rule { targets: samples::denied("events:ListTargetsByRule"), ..rule(&json!({}), &[]) };
        assert_eq!(reachable(&unread, &samples::account()).holds, Tri::Unknown);
    }

    #[test]
    fn a_topic_takes_events_although_nobody_hears_of_them() {
        let mut account = samples::account_with_topic();
        if let Some(topic) = account.topics.get_mut(samples::TOPIC) {
            topic.subscriptions = Reading::Known(Vec::new());
        }
        assert_eq!(sends(&account, &[samples::TOPIC]).holds, Tri::Yes);
        assert_eq!(sends(&samples::account(), &[samples::TOPIC]).holds, Tri::Unknown);
    }

    fn open(action: &str) -> String {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*",
            "Principal": {"Service": "events.amazonaws.com"}}]})
        .to_string()
    }

    #[test]
    fn a_function_takes_events_if_its_policy_says_so() {
        let mut account = samples::account();
        assert_eq!(sends(&account, &[FUNCTION]).holds, Tri::Unknown);
        for (policy, expected) in [
            (Reading::Known(None), Tri::No),
            (Reading::Known(Some(open("lambda:InvokeFunction"))), Tri::Yes),
            (Reading::Known(Some(open("lambda:GetFunction"))), Tri::No),
            (samples::denied("lambda:GetPolicy"), Tri::Unknown),
        ] {
            account.functions.insert(FUNCTION.into(), policy.clone());
            assert_eq!(sends(&account, &[FUNCTION]).holds, expected, "{policy:?}");
        }
    }

    #[test]
    fn a_queue_takes_events_if_it_is_there_and_its_policy_says_so() {
        let mut account = samples::account();
        assert_eq!(sends(&account, &[QUEUE]).holds, Tri::Unknown);
        let queue = |policy| Queue { arn: QUEUE.into(), policy, ..Queue::default() };
        for (attributes, expected) in [
            (Reading::Known(None), Tri::No),
            (Reading::Known(Some(queue(None))), Tri::No),
            (Reading::Known(Some(queue(Some(open("sqs:SendMessage"))))), Tri::Yes),
            (samples::denied("sqs:GetQueueAttributes"), Tri::Unknown),
        ] {
            let record = QueueRecord { attributes: attributes.clone(), key: None };
            account.queues.insert(QUEUE.into(), record);
            assert_eq!(sends(&account, &[QUEUE]).holds, expected, "{attributes:?}");
        }
    }

    #[test]
    fn one_target_that_takes_events_is_enough_and_one_that_is_not_read_leaves_doubt() {
        let mut account = samples::account_with_topic();
        account.functions.insert(FUNCTION.into(), Reading::Known(None));
        assert_eq!(sends(&account, &[FUNCTION, samples::TOPIC]).holds, Tri::Yes);
        let bus = "arn:aws:events:eu-west-1:444455556666:event-bus/central";
        assert_eq!(sends(&account, &[FUNCTION, bus]).holds, Tri::Unknown);
        assert_eq!(sends(&account, &[FUNCTION]).holds, Tri::No);
    }

    #[test]
    fn what_a_role_may_do_is_not_read() {
        let mut with_role = rule(&json!({}), &[samples::TOPIC]);
        if let Reading::Known(targets) = &mut with_role.targets {
            targets[0].role_arn = Some("arn:aws:iam::111122223333:role/events".into());
        }
        assert_eq!(reachable(&with_role, &samples::account_with_topic()).holds, Tri::Unknown);
    }
}
