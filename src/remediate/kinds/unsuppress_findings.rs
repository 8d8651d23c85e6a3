//! `unsuppress-findings`: filters that archive findings of S3 exfiltration altogether show them only.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Kind, Place, Proposal, Situation, administrator};
use crate::facts::suppression::Suppression;
use crate::facts::{Context, Guardrails};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;
use crate::snapshot::{AccountSnapshot, Reading};

/// The kind.
pub const KIND: Kind = Kind {
    name: "unsuppress-findings",
    risk: (
        RiskLevel::Low,
        "findings that somebody did not want to see are seen again; the filter keeps its criteria",
    ),
    cost: "none; more findings reach whoever is told of them",
    undo: "the filter archives again",
    place,
    propose,
};

/// Whether a filter alone makes essential findings vanish.
fn hides(situation: &Situation<'_>, account: &AccountSnapshot, region: &str, filter: &str) -> bool {
    let mut alone = account.clone();
    let Some(read) = alone.regional.get_mut(region) else { return false };
    let Reading::Known(filters) = &mut read.finding_filters else { return false };
    filters.retain(|found| found.name == filter);
    // Judged as an account without an organization, so that no other detector's filters count.
    let organization =
        crate::snapshot::Organization { identity: Reading::Known(None), ..situation.organization.clone() };
    let guardrails = Guardrails::of(&organization);
    let hubs = BTreeMap::new();
    let context = Context {
        organization: &organization,
        hubs: &hubs,
        policy: situation.policy,
        guardrails: &guardrails,
    };
    Suppression::of(&alone, region, &context).kept().holds.is_no()
}

/// The names of an account's filters that hide essential findings.
fn hiding(situation: &Situation<'_>, account: &AccountSnapshot, region: &str) -> Vec<String> {
    let filters = account.regional.get(region).and_then(|read| read.finding_filters.known());
    filters
        .into_iter()
        .flatten()
        .filter(|filter| filter.suppresses() && hides(situation, account, region, &filter.name))
        .map(|filter| filter.name.clone())
        .collect()
}

fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let region = result.region.clone().ok_or("the result names no region")?;
    let own = situation.account(&result.account_id)?;
    let administrator = administrator(situation, &region).map(|(account, _)| account);
    let account = [Some(own), administrator]
        .into_iter()
        .flatten()
        .find(|account| !hiding(situation, account, &region).is_empty())
        .ok_or(
            "no single filter hides the findings: several do together, and which one to open is for a person",
        )?;
    Ok(Place { account: account.id.clone(), resource: region.clone(), region })
}

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let account = situation.account(&place.account)?;
    let read = account.regional.get(&place.region).ok_or("the region was not read")?;
    let detector = read.detector.as_result().map_err(|why| why.clause())?.as_ref();
    let detector = detector.ok_or("there is no detector")?.id.clone();
    let names = hiding(situation, account, &place.region);
    let setting =
        |filter: &String| Setting::FilterAction { detector: detector.clone(), filter: filter.clone() };
    Ok(Proposal {
        summary: format!("let the findings of {} be seen", quoted(&names)),
        settings: names.iter().map(|filter| (setting(filter), json!("NOOP"))).collect(),
        cost: None,
    })
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("filter `{name}`")).collect();
    names.join(", ")
}
