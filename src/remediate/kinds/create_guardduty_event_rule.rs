//! `create-guardduty-event-rule`: the rule of `aws-semantics.md` 6.7, to a topic that reaches a person.

use serde_json::json;

use super::topics::{admitting, alerted};
use super::{Kind, Place, Proposal, Situation};
use crate::remediate::alerting::rule_value;
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "create-guardduty-event-rule",
    risk: (
        RiskLevel::Low,
        "who is subscribed to the topic is told of findings; nothing that is there is changed",
    ),
    cost: "events of AWS services are free; each notification is billed by its protocol",
    undo: "target and rule are deleted, the topic's former policy is put back, and a topic that was made is deleted",
    place,
    propose,
};

const NAME: &str = "exfilguard-guardduty-s3-findings";

fn place(result: &ResultRecord, _: &Situation<'_>) -> Result<Place, String> {
    let region = result.region.clone().ok_or("the result names no region")?;
    Ok(Place { account: result.account_id.clone(), region, resource: NAME.to_owned() })
}

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let account = situation.account(&place.account)?;
    let alerted = alerted(situation, &place.account, &place.region)?;
    let topic = alerted.topic.clone();
    let partition = &situation.organization.partition;
    let rule = format!("arn:{partition}:events:{}:{}:rule/{NAME}", place.region, place.account);
    let named = Setting::EventRule { rule: NAME.to_owned() };
    if !named.get(account, &place.region)?.is_null() {
        return Err(format!(
            "there is a rule `{NAME}` already, and it is no help; see the message of the result"
        ));
    }
    let publisher = ("ExfilguardGuardDutyFindings", "events.amazonaws.com", rule.as_str());
    let admitted = admitting(situation, &place.account, &alerted, publisher)?;
    let mut settings = alerted.settings;
    settings.extend([
        admitted,
        (named, rule_value(&pattern(), "ENABLED")),
        (Setting::RuleTarget { rule: NAME.to_owned(), target: "exfilguard".to_owned() }, json!(topic)),
    ]);
    Ok(Proposal {
        summary: format!("tell `{topic}` of GuardDuty's findings of S3 exfiltration"),
        settings,
        cost: None,
    })
}

/// All findings about S3, attack sequences, and the findings about identities that come before a theft.
fn pattern() -> String {
    json!({
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        "detail": {"$or": [
            {"type": [{"wildcard": "*:S3/*"}]},
            {"type": [{"prefix": "AttackSequence:"}]},
            {"type": [
                "Exfiltration:IAMUser/AnomalousBehavior", "CredentialAccess:IAMUser/CompromisedCredentials",
                "DefenseEvasion:IAMUser/AnomalousBehavior", "Stealth:IAMUser/CloudTrailLoggingDisabled",
                {"prefix": "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration"},
                {"prefix": "UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration"}]},
        ]},
    })
    .to_string()
}
