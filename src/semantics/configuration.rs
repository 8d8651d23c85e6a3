//! The plain AWS configuration documents that the evaluators read.
//!
//! Field names are AWS's own in `snake_case`; event selectors keep AWS's wire spelling (`PascalCase`, the CLI's and
//! CloudFormation's), because people paste them into `exfilguard eval`. Policy documents stay text: a document that is
//! no JSON is a finding, not a reading error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A basic CloudTrail event selector (`cloudtrail:PutEventSelectors`, `EventSelector`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EventSelector {
    /// `ReadOnly`, `WriteOnly` or `All`; absent means `All`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_write_type: Option<String>,
    /// Whether management events are logged; absent means true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_management_events: Option<bool>,
    /// The data resources whose events are logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_resources: Vec<DataResource>,
    /// Event sources whose management events are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_management_event_sources: Vec<String>,
}

/// The data resources of one type in a basic event selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DataResource {
    /// For example `AWS::S3::Object`.
    pub r#type: String,
    /// ARNs or ARN prefixes.
    pub values: Vec<String>,
}

/// An advanced CloudTrail event selector: all of its field selectors must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AdvancedEventSelector {
    /// A free name; no meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The conditions on single fields.
    pub field_selectors: Vec<FieldSelector>,
}

/// A condition on one field of an advanced event selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FieldSelector {
    /// For example `eventCategory`, `resources.ARN`, `readOnly`.
    pub field: String,
    /// The field equals one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// The field starts with one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// The field ends with one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// The field equals none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// The field starts with none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// The field ends with none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

/// What `cloudtrail:GetEventSelectors` returned: one family, or neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrailSelectors {
    /// Basic selectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event_selectors: Vec<EventSelector>,
    /// Advanced selectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advanced_event_selectors: Vec<AdvancedEventSelector>,
}

/// A CloudWatch Logs metric filter (`logs:DescribeMetricFilters`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricFilter {
    /// The filter's name.
    pub filter_name: String,
    /// The pattern as text; empty matches every event.
    pub filter_pattern: String,
    /// The log group that it belongs to.
    pub log_group_name: String,
    /// The metric that each matching event is counted in (AWS allows exactly one).
    pub metric_transformations: Vec<MetricTransformation>,
    /// Whether the pattern sees the transformed text of the log group's transformer.
    pub apply_on_transformed_logs: bool,
    /// A condition on the system fields `@aws.account` and `@aws.region`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_selection_criteria: Option<String>,
    /// System fields that become dimensions of the metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emit_system_field_dimensions: Vec<String>,
}

/// What a metric filter publishes for a matching event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricTransformation {
    /// The metric's name.
    pub metric_name: String,
    /// The metric's namespace.
    pub metric_namespace: String,
    /// A number, or `$.path` to one.
    pub metric_value: String,
    /// Published for a minute with events of which none matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<f64>,
    /// Dimension name to `$.path`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// The metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A CloudWatch metric alarm (`cloudwatch:DescribeAlarms`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricAlarm {
    /// The alarm's name.
    pub alarm_name: String,
    /// The alarm's ARN.
    pub alarm_arn: String,
    /// Whether its actions are switched on.
    pub actions_enabled: bool,
    /// ARNs acted on when the alarm enters ALARM.
    pub alarm_actions: Vec<String>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state_value: String,
    /// When the state last changed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_transitioned_at: Option<String>,
    /// The metric's namespace, for an alarm on a single metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The metric's name, for an alarm on a single metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// The metric's dimensions, for an alarm on a single metric.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// `SampleCount`, `Average`, `Sum`, `Minimum` or `Maximum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// A percentile or trimmed statistic, such as `p99`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// Seconds per data point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// The unit that the alarm asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How many periods are looked at.
    pub evaluation_periods: u32,
    /// How many of them must breach; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<u32>,
    /// The value compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// For example `GreaterThanThreshold`.
    pub comparison_operator: String,
    /// `missing`, `notBreaching`, `breaching` or `ignore`; absent means `missing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
    /// Metric math, when the alarm is not on a single metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricDataQuery>,
    /// The id of the anomaly detection band, when the threshold is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_metric_id: Option<String>,
    /// `PARTIAL_DATA`, `EVALUATION_ERROR`, `EVALUATION_FAILURE` or absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_state: Option<String>,
    /// Whether the alarm evaluates something this program does not model (PromQL, Metrics Insights, a log query).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

/// One element of an alarm's metric math.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricDataQuery {
    /// The element's id, used in expressions.
    pub id: String,
    /// A metric math expression, when the element is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The metric and statistic, when the element is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<MetricStat>,
    /// Whether the alarm watches this element (absent means true).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
    /// The account whose metric it is, when another one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Seconds per data point of an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
}

/// A metric and how it is aggregated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricStat {
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric_name: String,
    /// The metric's dimensions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// Seconds per data point.
    pub period: u32,
    /// `Sum`, `Average`, `p99`, …
    pub stat: String,
    /// The unit asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A CloudWatch composite alarm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompositeAlarm {
    /// The alarm's name.
    pub alarm_name: String,
    /// The alarm's ARN.
    pub alarm_arn: String,
    /// Whether its actions are switched on.
    pub actions_enabled: bool,
    /// ARNs acted on when the alarm enters ALARM.
    pub alarm_actions: Vec<String>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state_value: String,
    /// When it entered that state, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_transitioned_at: Option<String>,
    /// The rule, for example `ALARM("a") OR ALARM("b")`.
    pub alarm_rule: String,
    /// The alarm that suppresses its actions, as ARN or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_suppressor: Option<String>,
}

/// An SNS topic (`sns:GetTopicAttributes`), without its subscriptions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Topic {
    /// The topic's ARN.
    pub arn: String,
    /// The owner account.
    pub owner: String,
    /// The topic policy as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The key that encrypts it: id, ARN or alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
}

/// An SQS queue (`sqs:GetQueueAttributes`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    /// The queue's ARN.
    pub arn: String,
    /// The queue's policy as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The key that encrypts it: id, ARN or alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
    /// Whether a FIFO queue takes the hash of a message's body for its deduplication id.
    pub content_based_deduplication: bool,
}

/// A subscription of a topic (`sns:ListSubscriptionsByTopic`, `sns:GetSubscriptionAttributes`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subscription {
    /// The subscription's ARN, or `PendingConfirmation`, or `Deleted`.
    pub subscription_arn: String,
    /// `email`, `sms`, `https`, `lambda`, …
    pub protocol: String,
    /// Where it delivers to.
    pub endpoint: String,
    /// The filter policy as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_policy: Option<String>,
    /// `MessageAttributes` (default) or `MessageBody`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_policy_scope: Option<String>,
}

/// The key that encrypts a topic (`kms:DescribeKey`, `kms:GetKeyPolicy`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// The key's ARN.
    pub arn: String,
    /// `AWS` for a managed key, `CUSTOMER` for a customer's.
    pub key_manager: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub key_state: String,
    /// The key policy as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The four flags of S3 Block Public Access.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Reject new public ACLs.
    #[serde(alias = "BlockPublicAcls")]
    pub block_public_acls: bool,
    /// Ignore public ACL grants.
    #[serde(alias = "IgnorePublicAcls")]
    pub ignore_public_acls: bool,
    /// Reject new public policies.
    #[serde(alias = "BlockPublicPolicy")]
    pub block_public_policy: bool,
    /// Restrict a bucket with a public policy to its owner and AWS services.
    #[serde(alias = "RestrictPublicBuckets")]
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Whether all four are on.
    #[must_use]
    pub fn all(&self) -> bool {
        self.block_public_acls
            && self.ignore_public_acls
            && self.block_public_policy
            && self.restrict_public_buckets
    }
}
