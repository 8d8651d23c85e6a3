//! `enable-guardduty-s3-protection`: by GuardDuty's administrator for its members, else in the account itself.

use serde_json::json;

use super::{Kind, Place, Proposal, Situation, administrator};
use crate::facts::guardduty_administration::ruled_by_policy;
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::{S3_DATA_EVENTS, Setting};
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "enable-guardduty-s3-protection",
    risk: (RiskLevel::Low, "GuardDuty looks at more events; nothing else depends on it"),
    cost: "GuardDuty bills the S3 data events that it analyzes, whether or not a trail records them (after 30 days that are \
           free); `guardduty:GetUsageStatistics` and the console's usage page estimate it",
    undo: "the feature is switched off again",
    place,
    propose,
};

fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let region = result.region.clone().ok_or("the result names no region")?;
    let own = situation.account(&result.account_id)?;
    let read = own.regional.get(&region).ok_or("the region was not read")?;
    let detector = read.detector.as_result().map_err(|why| why.clause())?;
    let detector = detector
        .as_ref()
        .filter(|detector| detector.status == "ENABLED")
        .ok_or("GuardDuty itself is off there; enable it first (`guardduty-enabled`)")?;
    if let Some(reason) = ruled_by_policy(situation.organization, &own.id, &region) {
        return Err(reason);
    }
    // GuardDuty says so itself, to whom the organization's policies are hidden, too.
    let features = detector.features.iter().flatten();
    let manager =
        features.filter(|feature| feature.name == S3_DATA_EVENTS).find_map(|f| f.managed_by.as_ref());
    if let Some(manager) = manager {
        return Err(format!(
            "S3 Protection of account {} in `{region}` is managed by `{manager}`: edit the organization's policy",
            own.id
        ));
    }
    not_unknown_member(situation, &own.id, &region)?;
    let by_administrator = administrator(situation, &region).filter(|(account, detector)| {
        let administration = account.regional.get(&region).and_then(|r| r.guardduty_administration.as_ref());
        let members = administration.and_then(|found| found.members.known());
        let is_member = |m: &&crate::snapshot::GuardDutyMember| {
            m.account == own.id && m.relationship == "Enabled" && m.features.known().is_some()
        };
        let member = members.and_then(|members| members.iter().find(is_member));
        account.id != own.id && !detector.is_empty() && member.is_some()
    });
    let account = by_administrator.map_or(&own.id, |(account, _)| &account.id);
    Ok(Place { account: account.clone(), region, resource: own.id.clone() })
}

/// A member may not switch its own features, so that who is a member must be known.
fn not_unknown_member(situation: &Situation<'_>, account: &str, region: &str) -> Result<(), String> {
    let administrators = &situation.organization.guardduty_administrators;
    let named = administrators.get(region).and_then(|named| named.known()?.as_ref());
    let Some(id) = named.filter(|id| *id != account) else { return Ok(()) };
    let read = situation.accounts.get(id).and_then(|account| account.regional.get(region));
    match read.and_then(|read| read.guardduty_administration.as_ref()).map(|found| found.members.as_result())
    {
        Some(Ok(_)) => Ok(()),
        Some(Err(why)) => {
            Err(format!("the members of GuardDuty's administrator {id} are not known: {}", why.clause()))
        }
        None => Err(format!("the members of GuardDuty's administrator {id} were not read")),
    }
}

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let account = situation.account(&place.account)?;
    let read = account.regional.get(&place.region).ok_or("the region was not read")?;
    let detector = read.detector.as_result().map_err(|why| why.clause())?.as_ref();
    let detector = detector.ok_or("there is no detector")?.id.clone();
    let feature = S3_DATA_EVENTS.to_owned();
    let (setting, by) = if place.resource == place.account {
        (Setting::DetectorFeature { detector, feature }, String::new())
    } else {
        let by = format!(", by GuardDuty's administrator {}", place.account);
        (Setting::MemberFeature { detector, member: place.resource.clone(), feature }, by)
    };
    Ok(Proposal {
        summary: format!("switch on S3 Protection of account {} in `{}`{by}", place.resource, place.region),
        settings: vec![(setting, json!("ENABLED"))],
        cost: None,
    })
}
