//! A plan as Terraform (provider `hashicorp/aws`, version 6).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{comment, identifier, maker};
use crate::remediate::plan::{Change, Plan, Step};
use crate::remediate::setting::Setting;

/// The plan in HCL. Policies are imported, where there are some, so that Terraform takes them over instead of refusing.
#[must_use]
pub fn terraform(plan: &Plan) -> String {
    let mut text = String::new();
    let providers: BTreeSet<(&str, &str)> =
        plan.changes.iter().map(|change| (change.account.as_str(), change.region.as_str())).collect();
    for (account, region) in providers {
        let _infallible = writeln!(
            text,
            "provider \"aws\" {{\n  alias               = \"{}\"\n  region              = {}\n  \
             allowed_account_ids = [\"{account}\"]\n}}\n",
            alias(account, region),
            string(region)
        );
    }
    // Of several changes of one setting the last one holds them all.
    for (number, change) in plan.changes.iter().enumerate() {
        let later = plan.changes.get(number + 1..).unwrap_or_default();
        let _infallible = writeln!(text, "# {}: {}", comment(&change.id), comment(&change.summary));
        for step in &change.steps {
            let again = later.iter().filter(|other| other.account == change.account);
            if again.flat_map(|other| &other.steps).any(|other| other.sets == step.sets) {
                let _infallible = writeln!(text, "# (part of a later resource)\n");
                continue;
            }
            text.push_str(&resource(plan, change, step));
            text.push('\n');
        }
    }
    text
}

fn alias(account: &str, region: &str) -> String {
    identifier(&format!("account-{account}-{region}"))
}

/// Attributes of a resource by name.
type Attributes = Vec<(&'static str, Value)>;

fn resource(plan: &Plan, change: &Change, step: &Step) -> String {
    let wanted = &step.wanted;
    let named = |kind: &'static str, attributes: Attributes, import: Option<&str>| {
        block(change, kind, &attributes, import.filter(|_| !step.present.is_null()))
    };
    match &step.sets {
        Setting::BucketPolicy { bucket } => named(
            "aws_s3_bucket_policy",
            vec![("bucket", json!(bucket)), ("policy", wanted.clone())],
            Some(bucket),
        ),
        Setting::BucketPublicAccessBlock { bucket } => named(
            "aws_s3_bucket_public_access_block",
            vec![
                ("bucket", json!(bucket)),
                ("block_public_acls", wanted["block_public_acls"].clone()),
                ("ignore_public_acls", wanted["ignore_public_acls"].clone()),
                ("block_public_policy", wanted["block_public_policy"].clone()),
                ("restrict_public_buckets", wanted["restrict_public_buckets"].clone()),
            ],
            Some(bucket),
        ),
        Setting::BucketOwnership { bucket } => {
            let rule = json!({"object_ownership": wanted});
            named(
                "aws_s3_bucket_ownership_controls",
                vec![("bucket", json!(bucket)), ("rule", rule)],
                Some(bucket),
            )
        }
        Setting::EndpointPolicy { endpoint } => named(
            "aws_vpc_endpoint_policy",
            vec![("vpc_endpoint_id", json!(endpoint)), ("policy", wanted.clone())],
            Some(endpoint),
        ),
        Setting::TopicPolicy { topic } => after_topic(
            named(
                "aws_sns_topic_policy",
                vec![("arn", json!(topic)), ("policy", wanted.clone())],
                Some(topic.as_str()).filter(|topic| maker(plan, topic).is_none()),
            ),
            plan,
            topic,
        ),
        Setting::Topic { topic, .. } => named(
            "aws_sns_topic",
            // Its policy is another resource.
            vec![("name", json!(topic.rsplit(':').next()))],
            None,
        ),
        Setting::TopicSubscription { topic, protocol, endpoint } => after_topic(
            named(
                "aws_sns_topic_subscription",
                vec![
                    ("topic_arn", json!(topic)),
                    ("protocol", json!(protocol)),
                    ("endpoint", json!(endpoint)),
                ],
                None,
            ),
            plan,
            topic,
        ),
        Setting::DetectorFeature { detector, feature } => named(
            "aws_guardduty_detector_feature",
            vec![("detector_id", json!(detector)), ("name", json!(feature)), ("status", wanted.clone())],
            None,
        ),
        Setting::MemberFeature { detector, member, feature } => named(
            "aws_guardduty_member_detector_feature",
            vec![
                ("detector_id", json!(detector)),
                ("account_id", json!(member)),
                ("name", json!(feature)),
                ("status", wanted.clone()),
            ],
            None,
        ),
        Setting::AutomaticFeature { detector, feature } => {
            let made = named(
                "aws_guardduty_organization_configuration_feature",
                vec![
                    ("detector_id", json!(detector)),
                    ("name", json!(feature)),
                    ("auto_enable", wanted["feature"].clone()),
                ],
                None,
            );
            let members = format!("auto_enable_organization_members = {}", literal(&wanted["members"]));
            made + &remark("aws_guardduty_organization_configuration", detector, &members)
        }
        Setting::EventRule { rule } => named(
            "aws_cloudwatch_event_rule",
            vec![
                ("name", json!(rule)),
                ("event_pattern", wanted["pattern"].clone()),
                ("state", wanted["state"].clone()),
            ],
            None,
        ),
        Setting::RuleTarget { rule, target } => {
            let made = named(
                "aws_cloudwatch_event_target",
                vec![("rule", json!(rule)), ("target_id", json!(target)), ("arn", wanted.clone())],
                None,
            );
            after(made, &format!("aws_cloudwatch_event_rule.{}", local_name(change)))
        }
        Setting::MetricFilter { log_group, filter } => {
            let counted = json!({"name": wanted["metric"], "namespace": wanted["namespace"], "value": "1",
                "default_value": "0"});
            named(
                "aws_cloudwatch_log_metric_filter",
                vec![
                    ("name", json!(filter)),
                    ("log_group_name", json!(log_group)),
                    ("pattern", wanted["pattern"].clone()),
                    ("metric_transformation", counted),
                ],
                None,
            )
        }
        Setting::MetricAlarm { alarm } => named(
            "aws_cloudwatch_metric_alarm",
            vec![
                ("alarm_name", json!(alarm)),
                ("alarm_actions", wanted["alarm_actions"].clone()),
                ("namespace", wanted["namespace"].clone()),
                ("metric_name", wanted["metric_name"].clone()),
                ("statistic", wanted["statistic"].clone()),
                ("period", wanted["period"].clone()),
                ("evaluation_periods", wanted["evaluation_periods"].clone()),
                ("threshold", wanted["threshold"].clone()),
                ("comparison_operator", wanted["comparison_operator"].clone()),
                ("treat_missing_data", wanted["treat_missing_data"].clone()),
            ],
            None,
        ),
        Setting::TrailLogging { trail } => remark("aws_cloudtrail", trail, "enable_logging = true"),
        Setting::TrailSelectors { trail } => {
            let input = &step.call.input;
            remark("aws_cloudtrail", trail, &format!("event selectors: {input}"))
        }
        Setting::FilterAction { filter, .. } => remark("aws_guardduty_filter", filter, "action = \"NOOP\""),
    }
}

/// A resource that is made after another one.
fn after(made: String, other: &str) -> String {
    match made.strip_suffix("}\n") {
        Some(open) => format!("{open}  depends_on = [{other}]\n}}\n"),
        None => made,
    }
}

/// A resource of a topic, after the topic if the plan makes it.
fn after_topic(made: String, plan: &Plan, topic: &str) -> String {
    match maker(plan, topic) {
        Some(change) => after(made, &format!("aws_sns_topic.{}", local_name(change))),
        None => made,
    }
}

/// What only the resource of somebody else's code can say.
fn remark(kind: &str, name: &str, value: &str) -> String {
    format!("# In the `{kind}` of `{}`: {}\n", comment(name), value.replace(['\n', '\r'], " "))
}

/// The same for all resources of a change, whose types differ.
fn local_name(change: &Change) -> String {
    identifier(&format!("{}-{}-{}-{}", change.kind, change.account, change.region, change.resource))
}

fn block(change: &Change, kind: &str, attributes: &Attributes, import: Option<&str>) -> String {
    let name = local_name(change);
    let provider = format!("aws.{}", alias(&change.account, &change.region));
    let mut text = String::new();
    if let Some(id) = import {
        let _infallible = writeln!(text, "import {{\n  to = {kind}.{name}\n  id = {}\n}}\n", string(id));
    }
    let _infallible = writeln!(text, "resource \"{kind}\" \"{name}\" {{\n  provider = {provider}");
    for (attribute, value) in attributes {
        let _infallible = match value {
            Value::Object(fields) => {
                let inner: Vec<String> =
                    fields.iter().map(|(name, value)| format!("    {name} = {}", literal(value))).collect();
                writeln!(text, "  {attribute} {{\n{}\n  }}", inner.join("\n"))
            }
            value => writeln!(text, "  {attribute} = {}", literal(value)),
        };
    }
    text.push_str("}\n");
    text
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}

/// A quoted text in which nothing is a template: `${aws:PrincipalAccount}` in a policy is IAM's, not Terraform's.
fn string(text: &str) -> String {
    json!(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_variable_is_no_template() {
        assert_eq!(string("a${aws:x}\"%{b}"), r#""a$${aws:x}\"%%{b}""#);
        assert_eq!(literal(&json!(["a", 1, true])), r#"["a", 1, true]"#);
    }
}
