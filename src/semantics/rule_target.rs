//! Whether an EventBridge rule may hand events to a Lambda function or an SQS queue (`aws-semantics.md` 6.4).

use std::sync::Arc;

use super::configuration::{Key, Queue};
use super::iam::{Part, PolicyDocument, PolicySet, decide};
use super::sns::{Encrypted, Publisher, encryption_admits, request};
use super::verdict::{Tri, Verdict};

/// Whether the policy of the function, version or alias `arn` lets the rule invoke it; none if it has no policy or does not
/// exist (Lambda developer guide, *Invoke a Lambda function on a schedule*, *Resource-based policies*).
#[must_use]
pub fn function_admits(arn: &str, policy: Option<&str>, publisher: &Publisher<'_>) -> Verdict {
    let name = arn.splitn(7, ':').last().unwrap_or(arn);
    let subject = format!("function `{name}`");
    match policy {
        None => {
            Verdict::no(format!("{subject} does not exist or has no policy that lets EventBridge invoke it"))
        }
        Some(policy) => admits(&subject, policy, "lambda:InvokeFunction", arn, publisher),
    }
}

/// Whether the queue takes the rule's events: by its policy, its key, and for a FIFO queue its deduplication (EventBridge
/// user guide, *Amazon SQS queues as targets*). `key` as in [`encryption_admits`].
#[must_use]
pub fn queue_admits(queue: &Queue, key: Option<Result<&Key, String>>, publisher: &Publisher<'_>) -> Verdict {
    let name = queue.arn.rsplit(':').next().unwrap_or_default();
    let subject = format!("queue `{name}`");
    let by_policy = match &queue.policy {
        None => Verdict::no(format!("{subject} has no policy that lets EventBridge send")),
        Some(policy) => admits(&subject, policy, "sqs:SendMessage", &queue.arn, publisher),
    };
    let encrypted = Encrypted {
        subject: &subject,
        key_id: queue.kms_master_key_id.as_deref(),
        managed_alias: "alias/aws/sqs",
        encryption_context: "kms:EncryptionContext:aws:sqs:arn",
    };
    let distinct = if name.ends_with(".fifo") && !queue.content_based_deduplication {
        Verdict::no(format!("{subject} is a FIFO queue without content-based deduplication"))
    } else {
        Verdict::yes("")
    };
    by_policy.and(encryption_admits(&encrypted, key, publisher)).and(distinct)
}

fn admits(subject: &str, policy: &str, action: &str, resource: &str, publisher: &Publisher<'_>) -> Verdict {
    let principal = publisher.service.principal();
    let document = match PolicyDocument::parse(policy) {
        Ok(document) => Arc::new(document),
        Err(error) => return Verdict::unknown(format!("the policy of {subject} cannot be read: {error}")),
    };
    let set = PolicySet {
        resource: Part::Known(document),
        // Only the resource's own policy can admit a service.
        identity: Part::Known(Vec::new()),
        ..PolicySet::default()
    };
    let owner = resource.split(':').nth(4).unwrap_or_default();
    let mut request = request(action, resource, owner, publisher);
    request.context = request.context.with("aws:SecureTransport", "true");
    let mut verdict = decide(&set, &request).into_verdict(&request);
    verdict.witness = None;
    verdict.reason = match verdict.value {
        Tri::Yes => format!("{subject} lets {principal} use it"),
        Tri::No => format!("the policy of {subject} does not allow {principal} {action}"),
        Tri::Unknown => format!(
            "whether the policy of {subject} allows {principal} {action} is not known: {}",
            verdict.reason
        ),
    };
    verdict
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::semantics::sns::Service;

    const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/findings";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:page";
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:findings";

    fn rule() -> Publisher<'static> {
        Publisher { service: Service::EventBridge, source_arn: RULE, source_account: "111122223333" }
    }

    fn policy(service: &str, action: &str, resource: &str, condition: &Value) -> String {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
            "Action": action, "Resource": resource, "Condition": condition}]})
        .to_string()
    }

    fn of_rule(arn: &str) -> Value {
        json!({"ArnLike": {"AWS:SourceArn": arn}})
    }

    fn invoked(service: &str, rule_arn: &str) -> Tri {
        let policy = policy(service, "lambda:InvokeFunction", FUNCTION, &of_rule(rule_arn));
        function_admits(FUNCTION, Some(&policy), &rule()).value
    }

    #[test]
    fn a_function_is_invoked_by_the_rule_that_its_policy_names() {
        assert_eq!(invoked("events.amazonaws.com", RULE), Tri::Yes);
        assert_eq!(
            invoked("events.amazonaws.com", "arn:aws:events:eu-west-1:111122223333:rule/other"),
            Tri::No
        );
        assert_eq!(invoked("sns.amazonaws.com", RULE), Tri::No);
    }

    #[test]
    fn a_function_without_a_policy_is_not_invoked() {
        let verdict = function_admits(FUNCTION, None, &rule());
        assert_eq!(verdict.value, Tri::No);
        assert!(verdict.reason.starts_with("function `page` does not exist or"), "{}", verdict.reason);
    }

    #[test]
    fn an_alias_has_a_policy_of_its_own() {
        let policy = policy("events.amazonaws.com", "lambda:InvokeFunction", FUNCTION, &json!({}));
        let verdict = function_admits(&format!("{FUNCTION}:live"), Some(&policy), &rule());
        assert_eq!(verdict.value, Tri::No, "{}", verdict.reason);
        assert!(verdict.reason.contains("function `page:live`"), "{}", verdict.reason);
    }

    fn queue(policy: Option<String>) -> Queue {
        Queue { arn: QUEUE.into(), policy, ..Queue::default() }
    }

    fn open_queue() -> Queue {
        queue(Some(policy("events.amazonaws.com", "sqs:SendMessage", QUEUE, &of_rule(RULE))))
    }

    #[test]
    fn a_queue_takes_what_its_policy_admits() {
        assert_eq!(queue_admits(&open_queue(), None, &rule()).value, Tri::Yes);
        assert_eq!(queue_admits(&queue(None), None, &rule()).value, Tri::No);
        assert_eq!(queue_admits(&queue(Some("{".into())), None, &rule()).value, Tri::Unknown);
    }

    #[test]
    fn a_queue_with_the_managed_key_takes_nothing() {
        let managed = Queue { kms_master_key_id: Some("alias/aws/sqs".into()), ..open_queue() };
        let verdict = queue_admits(&managed, None, &rule());
        assert_eq!(verdict.value, Tri::No);
        assert_eq!(
            verdict.reason,
            "queue `findings` is encrypted with AWS's own key, which EventBridge may not use"
        );
        let unread = Queue { kms_master_key_id: Some("alias/ours".into()), ..open_queue() };
        assert_eq!(queue_admits(&unread, Some(Err("denied".into())), &rule()).value, Tri::Unknown);
    }

    #[test]
    fn a_fifo_queue_needs_content_based_deduplication() {
        let arn = format!("{QUEUE}.fifo");
        let open = policy("events.amazonaws.com", "sqs:SendMessage", &arn, &json!({}));
        let fifo = Queue { arn, policy: Some(open), ..Queue::default() };
        assert_eq!(queue_admits(&fifo, None, &rule()).value, Tri::No);
        let distinct = Queue { content_based_deduplication: true, ..fifo };
        assert_eq!(queue_admits(&distinct, None, &rule()).value, Tri::Yes);
    }
}
