//! `create-bulk-download-alarm`: a metric filter that counts reads of objects on a trail's log group, an alarm on it, and leave
//! for the alarm to publish to a topic that reaches a person.

use serde_json::json;

use super::topics::{admitting, alerted};
use super::{Kind, Place, Proposal, Situation};
use crate::facts::Guardrails;
use crate::facts::context::{covering_trails, owner_of, region_of};
use crate::policy::ParameterValue;
use crate::remediate::alerting::log_group_arn;
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "create-bulk-download-alarm",
    risk: (
        RiskLevel::Low,
        "who is subscribed to the topic is told of bulk downloads, rightful ones included",
    ),
    cost: "one custom metric and one standard alarm a month (list prices 0.30 and 0.10 USD)",
    undo: "alarm and metric filter are deleted, the topic's former policy is put back, and a topic that was made is deleted",
    place,
    propose,
};

const NAME: &str = "exfilguard-bulk-download";
const NAMESPACE: &str = "exfilguard";
const PATTERN: &str =
    "{ ($.eventSource = \"s3.amazonaws.com\") && ($.readOnly IS TRUE) && ($.managementEvent IS FALSE) }";

/// Beside the log group of a trail that covers the account.
fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let account = situation.account(&result.account_id)?;
    let guardrails = Guardrails::of(situation.organization);
    let context = situation.context(&guardrails);
    let trails = covering_trails(account, &context).into_values().filter(|covering| {
        let status = covering.details.and_then(|details| details.status.known());
        status.is_some_and(|status| status.is_logging)
    });
    let mut groups: Vec<(bool, &String)> = trails
        .filter_map(|covering| Some((!covering.trail.multi_region, covering.trail.log_group_arn.as_ref()?)))
        .filter(|(_, arn)| situation.accounts.contains_key(owner_of(arn)))
        .collect();
    groups.sort();
    let (_, arn) = groups.first().ok_or(
        "no trail that logs the account delivers to a CloudWatch Logs log group: give one a log group first",
    )?;
    let name = arn.splitn(7, ':').nth(6).unwrap_or_default().trim_end_matches(":*");
    Ok(Place {
        account: owner_of(arn).to_owned(),
        region: region_of(arn).to_owned(),
        resource: name.to_owned(),
    })
}

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let account = situation.account(&place.account)?;
    log_group_arn(account, &place.region, &place.resource).ok_or("its log group was not read")?;
    let alerted = alerted(situation, &place.account, &place.region)?;
    let topic = alerted.topic.clone();
    let filter = Setting::MetricFilter { log_group: place.resource.clone(), filter: NAME.to_owned() };
    let named = Setting::MetricAlarm { alarm: NAME.to_owned() };
    for setting in [&filter, &named] {
        if !setting.get(account, &place.region)?.is_null() {
            return Err(format!(
                "there is a `{NAME}` already, and it is no help; see the message of the result"
            ));
        }
    }
    let settings = situation.policy.check("bulk-download-alarm").parameters;
    let parameter = |name: &str, default: u64| {
        let given = settings.get(name).map(ParameterValue::to_json);
        given.and_then(|value| value.as_u64()).unwrap_or(default)
    };
    let (objects, within) = (parameter("objects", 1000), parameter("within", 3600));
    let period = if within >= 400 { 300 } else { 60 };
    // A burst may be split over two periods: half of it must be enough.
    let threshold = objects.div_ceil(2).max(1);
    let partition = &situation.organization.partition;
    let alarm = format!("arn:{partition}:cloudwatch:{}:{}:alarm:{NAME}", place.region, place.account);
    let publisher = ("ExfilguardBulkDownload", "cloudwatch.amazonaws.com", alarm.as_str());
    #[expect(clippy::cast_precision_loss, reason = "a number of objects is far below 2^52")]
    let threshold = threshold as f64;
    let value = json!({
        "alarm_actions": [topic], "namespace": NAMESPACE, "metric_name": NAME, "statistic": "Sum",
        "period": period, "evaluation_periods": 1, "threshold": threshold,
        "comparison_operator": "GreaterThanOrEqualToThreshold", "treat_missing_data": "notBreaching",
    });
    let admitted = admitting(situation, &place.account, &alerted, publisher)?;
    let mut settings = alerted.settings;
    settings.extend([
        admitted,
        (filter, json!({"pattern": PATTERN, "metric": NAME, "namespace": NAMESPACE})),
        (named, value),
    ]);
    Ok(Proposal {
        summary: format!(
            "alarm `{topic}` when {objects} objects are read at once, by log group `{}`",
            place.resource
        ),
        settings,
        cost: None,
    })
}
