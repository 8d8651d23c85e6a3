//! `enable-guardduty-auto-s3`: GuardDuty's administrator switches S3 Protection on in all accounts by itself.

use serde_json::json;

use super::{Kind, Place, Proposal, Situation, administrator};
use crate::facts::guardduty_administration::ruled_by_policy;
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::{S3_DATA_EVENTS, Setting};
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "enable-guardduty-auto-s3",
    risk: (
        RiskLevel::Medium,
        "GuardDuty and its S3 Protection are switched on in every account of the organization in the region, in those that \
         switched them off on purpose too, within 24 hours",
    ),
    cost: "GuardDuty bills each account for the events that it analyzes (after 30 days that are free), S3 data events \
           included",
    undo: "the automatic settings are put back as they were; accounts in which something was switched on meanwhile keep it",
    place,
    propose,
};

fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let region = result.region.clone().ok_or("the result names no region")?;
    let (account, _) = administrator(situation, &region)
        .ok_or("GuardDuty's administrator in the region is not known, or has no detector there")?;
    Ok(Place { account: account.id.clone(), region, resource: result.resource.id.clone() })
}

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let (_, detector) = administrator(situation, &place.region).ok_or("there is no detector")?;
    if let Some(excluded) = situation.policy.remediation.exclude_accounts.first() {
        return Err(format!(
            "it would be switched on in every account, in {excluded} too, which the policy file's `exclude_accounts` leaves out"
        ));
    }
    let mut ruled = situation.organization.guardduty_policies.keys();
    if let Some(reason) =
        ruled.find_map(|account| ruled_by_policy(situation.organization, account, &place.region))
    {
        return Err(reason);
    }
    let setting = Setting::AutomaticFeature { detector, feature: S3_DATA_EVENTS.to_owned() };
    Ok(Proposal {
        summary: format!("switch on S3 Protection by itself in all accounts, in `{}`", place.region),
        settings: vec![(setting, json!({"members": "ALL", "feature": "ALL"}))],
        cost: None,
    })
}
