//! `start-trail-logging`: a trail that was stopped logs again.

use serde_json::json;

use super::{Kind, Place, Proposal, Situation};
use crate::facts::context::{owner_of, region_of};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "start-trail-logging",
    risk: (RiskLevel::Low, "the trail delivers events again, which nothing else depends on"),
    cost: "what the trail records is billed again: the first copy of management events is free, data events are not \
           (list price 0.10 USD per 100,000), and files in S3 and events in CloudWatch Logs cost storage and ingestion",
    undo: "`cloudtrail:StopLogging`, which `remediate rollback` does only with `--stop-logging`, and which the policy of \
           `exfilguard iam-policy remediate` denies",
    place,
    propose,
};

fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let arn = result.resource.arn.clone().ok_or("the trail has no ARN")?;
    let account = situation.account(owner_of(&arn))?;
    let details = account.trail_details.get(&arn).ok_or("its status was not read")?;
    if details.status.as_result().map_err(|why| why.clause())?.is_logging {
        return Err("it logs already, and what keeps it from delivering is nothing that a call mends: see the message of \
                    the result"
            .to_owned());
    }
    Ok(Place { account: account.id.clone(), region: region_of(&arn).to_owned(), resource: arn })
}

fn propose(place: &Place, _: &[&ResultRecord], _: &Situation<'_>) -> Result<Proposal, String> {
    let setting = Setting::TrailLogging { trail: place.resource.clone() };
    Ok(Proposal {
        summary: format!("start trail `{}`", place.resource),
        settings: vec![(setting, json!(true))],
        cost: None,
    })
}
