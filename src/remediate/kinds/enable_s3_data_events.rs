//! `enable-s3-data-events`: a trail that covers the buckets records what is done to their objects, without its own log bucket.
//!
//! The family of selectors stays, and all selectors of others in it: an advanced selector is added, or values to a basic one.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Kind, Place, Proposal, Situation};
use crate::facts::Guardrails;
use crate::facts::context::{covering_trails, owner_of};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;
use crate::semantics::configuration::{
    AdvancedEventSelector, DataResource, EventSelector, FieldSelector, TrailSelectors,
};
use crate::semantics::event_selectors::validate;
use crate::snapshot::{AccountSnapshot, Trail};

/// The kind.
pub const KIND: Kind = Kind {
    name: "enable-s3-data-events",
    risk: (RiskLevel::Low, "the trail records more; what it costs is what to look at"),
    cost: "data events are billed per event (list price 0.10 USD per 100,000; no copy of them is free, and each further trail \
           that records the same event pays again), plus ingestion where the trail delivers to CloudWatch Logs, plus \
           storage in S3; CloudWatch's request metrics (`AWS/S3 AllRequests`) or Storage Lens tell how many to expect",
    undo: "`cloudtrail:PutEventSelectors` with the selectors as they were",
    place,
    propose,
};

const TYPE: &str = "AWS::S3::Object";

/// The best trail that covers the result's region: the organization's where it may be changed, else one of the account.
fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let account = situation.account(&result.account_id)?;
    let guardrails = Guardrails::of(situation.organization);
    let context = situation.context(&guardrails);
    let covers = |trail: &Trail| {
        trail.multi_region || result.region.as_deref().is_some_and(|region| region == trail.home_region)
    };
    let management = context.management_account();
    let excluded = &situation.policy.remediation.exclude_accounts;
    let may_change = |owner: &str| {
        (situation.management_account || management != Some(owner))
            && !excluded.iter().any(|excluded| excluded == owner)
    };
    let mut trails: Vec<&Trail> = covering_trails(account, &context)
        .into_values()
        .filter(|covering| {
            let status = covering.details.and_then(|details| details.status.known());
            status.is_some_and(|status| status.is_logging && status.latest_delivery_error.is_none())
        })
        .map(|covering| covering.trail)
        .filter(|trail| covers(trail) && situation.accounts.contains_key(owner_of(&trail.arn)))
        .collect();
    if trails.is_empty() {
        return Err("no trail that logs and delivers covers the region; create one, for the whole organization if there is \
                    one"
            .to_owned());
    }
    trails.retain(|trail| may_change(owner_of(&trail.arn)));
    trails.sort_by_key(|trail| (!trail.organization, !trail.multi_region, trail.arn.clone()));
    let trail = trails.first().ok_or(
        "the only trail that covers the region is that of an account in which nothing is changed: the management account's \
         needs `--include-management-account`, and `exclude_accounts` of the policy file leaves out others",
    )?;
    Ok(Place {
        account: owner_of(&trail.arn).to_owned(),
        region: trail.home_region.clone(),
        resource: trail.arn.clone(),
    })
}

/// What has to be recorded, besides what is.
struct Needs<'a> {
    reads: bool,
    writes: bool,
    /// The buckets that results are about.
    buckets: BTreeSet<&'a str>,
    /// Whether more than certain buckets is asked for.
    all: bool,
    /// Whether all buckets may be recorded without an exception, because no trail's log bucket is among them.
    all_may_be_named: bool,
}

impl<'a> Needs<'a> {
    fn of(results: &[&'a ResultRecord]) -> Self {
        let has = |check: &str| results.iter().any(|result| result.check == check);
        let wider =
            results.iter().any(|r| !["object-reads-logged", "object-writes-logged"].contains(&&*r.check));
        Self {
            reads: wider || has("object-reads-logged"),
            writes: wider || has("object-writes-logged"),
            buckets: results
                .iter()
                .filter(|result| result.check.starts_with("object-"))
                .map(|result| result.resource.id.as_str())
                .collect(),
            all: wider,
            all_may_be_named: false,
        }
    }
}

/// Whether the trail records its own account alone and no trail that is seen there delivers to a bucket of that account: then
/// recording everything records no delivery.
fn delivers_elsewhere(place: &Place, account: &AccountSnapshot, log_buckets: &BTreeSet<&str>) -> bool {
    let trails = || account.regional.values().flat_map(|region| region.trails.known().into_iter().flatten());
    let own = trails().any(|trail| trail.arn == place.resource && !trail.organization);
    // A list of trails that could not be read may hold one that delivers here.
    let listed = account.regional.values().all(|region| region.trails.known().is_some());
    let buckets = account.buckets.known();
    own && listed && buckets.is_some_and(|all| all.iter().all(|b| !log_buckets.contains(b.name.as_str())))
}

fn propose(place: &Place, results: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let account = situation.account(&place.account)?;
    let details = account.trail_details.get(&place.resource).ok_or("its selectors were not read")?;
    let present = details.selectors.as_result().map_err(|why| why.clause())?;
    let trails = account.regional.values().filter_map(|region| region.trails.known()).flatten();
    let log_buckets: BTreeSet<&str> =
        trails.filter(|trail| !trail.s3_bucket.is_empty()).map(|trail| trail.s3_bucket.as_str()).collect();
    let mut needs = Needs::of(results);
    needs.all_may_be_named = delivers_elsewhere(place, account, &log_buckets);
    let partition = &situation.organization.partition;
    let wanted = if present.advanced_event_selectors.is_empty() {
        basic(present, &needs, &log_buckets, partition)?
    } else {
        advanced(present, &needs, &log_buckets, partition)
    };
    validate(&wanted).map_err(|error| format!("AWS would refuse the selectors: {error}"))?;
    let setting = Setting::TrailSelectors { trail: place.resource.clone() };
    Ok(Proposal {
        summary: format!("record data events of S3 objects with trail `{}`", place.resource),
        settings: vec![(setting, json!(wanted))],
        cost: None,
    })
}

/// One more selector: all objects but those of the log buckets.
fn advanced(
    present: &TrailSelectors,
    needs: &Needs<'_>,
    log_buckets: &BTreeSet<&str>,
    partition: &str,
) -> TrailSelectors {
    let equals = |field: &str, value: &str| FieldSelector {
        field: field.to_owned(),
        equals: vec![value.to_owned()],
        ..FieldSelector::default()
    };
    let mut fields = vec![equals("eventCategory", "Data"), equals("resources.type", TYPE)];
    match (needs.reads, needs.writes) {
        (true, false) => fields.push(equals("readOnly", "true")),
        (false, true) => fields.push(equals("readOnly", "false")),
        _ => {}
    }
    if !log_buckets.is_empty() {
        fields.push(FieldSelector {
            field: "resources.ARN".to_owned(),
            not_starts_with: log_buckets.iter().map(|name| format!("arn:{partition}:s3:::{name}/")).collect(),
            ..FieldSelector::default()
        });
    }
    let mut wanted = present.clone();
    let name = match (needs.reads, needs.writes) {
        (true, false) => "exfilguard: reads of S3 objects",
        (false, true) => "exfilguard: writes of S3 objects",
        _ => "exfilguard: S3 objects",
    };
    wanted
        .advanced_event_selectors
        .push(AdvancedEventSelector { name: Some(name.to_owned()), field_selectors: fields });
    wanted
}

/// Basic selectors cannot leave a bucket out, so that they name those that are wanted, unless there is none to leave out.
fn basic(
    present: &TrailSelectors,
    needs: &Needs<'_>,
    log_buckets: &BTreeSet<&str>,
    partition: &str,
) -> Result<TrailSelectors, String> {
    if present.event_selectors.is_empty() {
        return Err("the trail's selectors are of no family that exfilguard knows".to_owned());
    }
    let everything = needs.all && needs.all_may_be_named;
    let buckets: Vec<String> = if everything {
        vec![format!("arn:{partition}:s3")]
    } else {
        let others = needs.buckets.iter().filter(|name| !log_buckets.contains(*name));
        others.map(|name| format!("arn:{partition}:s3:::{name}/")).collect()
    };
    if buckets.is_empty() {
        let why = if needs.all {
            "the trail has basic selectors, which can only record all buckets together with the log bucket itself; move it to \
             advanced selectors first"
        } else {
            "the bucket is one that the trail delivers to: recording deliveries makes further deliveries"
        };
        return Err(why.to_owned());
    }
    let kind = match (needs.reads, needs.writes) {
        (true, false) => "ReadOnly",
        (false, true) => "WriteOnly",
        _ => "All",
    };
    let mut wanted = present.clone();
    let of_kind =
        |selector: &&mut EventSelector| selector.read_write_type.as_deref().unwrap_or("All") == kind;
    match wanted.event_selectors.iter_mut().find(of_kind) {
        Some(selector) => add(selector, buckets),
        None => {
            let mut selector = EventSelector {
                read_write_type: Some(kind.to_owned()),
                include_management_events: Some(false),
                ..EventSelector::default()
            };
            add(&mut selector, buckets);
            wanted.event_selectors.push(selector);
        }
    }
    Ok(wanted)
}

fn add(selector: &mut EventSelector, buckets: Vec<String>) {
    match selector.data_resources.iter_mut().find(|resource| resource.r#type == TYPE) {
        Some(resource) => {
            let new: Vec<String> =
                buckets.into_iter().filter(|value| !resource.values.contains(value)).collect();
            resource.values.extend(new);
        }
        None => selector.data_resources.push(DataResource { r#type: TYPE.to_owned(), values: buckets }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
    use super::*;

    fn needs(reads: bool, writes: bool) -> Needs<'static> {
        Needs {
            reads,
            writes,
            buckets: BTreeSet::from(["ledger", "logs"]),
            all: false,
            all_may_be_named: false,
        }
    }

    #[test]
    fn selectors_of_others_stay() {
        let present: TrailSelectors = serde_json::from_value(json!({"advanced_event_selectors": [
            {"Name": "theirs", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]}))
        .unwrap();
        let wanted = advanced(&present, &needs(true, false), &BTreeSet::from(["logs"]), "aws");
        assert_eq!(wanted.advanced_event_selectors[0], present.advanced_event_selectors[0]);
        let added = json!(wanted.advanced_event_selectors[1]);
        assert_eq!(added["FieldSelectors"][2], json!({"Field": "readOnly", "Equals": ["true"]}));
        assert_eq!(
            added["FieldSelectors"][3],
            json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::logs/"]})
        );
    }

    #[test]
    fn a_basic_selector_names_the_buckets_without_the_log_bucket() {
        let present: TrailSelectors = serde_json::from_value(json!({"event_selectors": [
            {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true,
             "DataResources": [{"Type": TYPE, "Values": ["arn:aws:s3:::theirs/"]}]}]}))
        .unwrap();
        let logs = BTreeSet::from(["logs"]);
        let wanted = basic(&present, &needs(false, true), &logs, "aws").unwrap();
        let values = &wanted.event_selectors[0].data_resources[0].values;
        assert_eq!(values, &["arn:aws:s3:::theirs/", "arn:aws:s3:::ledger/"]);
        let wanted = basic(&present, &needs(true, false), &logs, "aws").unwrap();
        assert_eq!(wanted.event_selectors[0], present.event_selectors[0]);
        assert_eq!(wanted.event_selectors[1].include_management_events, Some(false));
        let only_logs = Needs { buckets: logs.clone(), ..needs(true, true) };
        assert!(basic(&present, &only_logs, &logs, "aws").is_err());
    }
    #[test]
    fn everything_is_named_only_where_no_log_bucket_is_among_it() {
        let mut account = crate::facts::samples::account();
        let region = account.regional.get_mut(crate::facts::samples::REGION).unwrap();
        let trail = |organization| {
            let arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/own";
            Trail {
                name: "own".to_owned(),
                arn: arn.to_owned(),
                home_region: "eu-west-1".to_owned(),
                multi_region: true,
                organization,
                include_global_service_events: true,
                s3_bucket: "logs".to_owned(),
                log_group_arn: None,
                log_group_role_arn: None,
                kms_key_id: None,
                log_file_validation: true,
            }
        };
        region.trails = crate::snapshot::Reading::Known(vec![trail(false)]);
        let place =
            Place { account: account.id.clone(), region: "eu-west-1".to_owned(), resource: trail(false).arn };
        let logs = BTreeSet::from(["logs"]);
        assert!(delivers_elsewhere(&place, &account, &logs));
        let with = |bucket: &str| {
            let mut changed = account.clone();
            changed.buckets = crate::snapshot::Reading::Known(vec![crate::facts::samples::bucket(bucket)]);
            changed
        };
        assert!(delivers_elsewhere(&place, &with("ledger"), &logs));
        assert!(!delivers_elsewhere(&place, &with("logs"), &logs), "it would record its own deliveries");
        let mut of_all = account.clone();
        of_all.regional.values_mut().for_each(|region| {
            region.trails = crate::snapshot::Reading::Known(vec![trail(true)]);
        });
        assert!(!delivers_elsewhere(&place, &of_all, &logs), "it records the owner of the log bucket, too");

        let present: TrailSelectors = serde_json::from_value(json!({"event_selectors": [
            {"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]}))
        .unwrap();
        let wider = Needs { all: true, all_may_be_named: true, ..needs(true, true) };
        let wanted = basic(&present, &wider, &logs, "aws").unwrap();
        assert_eq!(wanted.event_selectors[0].data_resources[0].values, ["arn:aws:s3"]);
        let wider = Needs { all_may_be_named: false, ..wider };
        let wanted = basic(&present, &wider, &logs, "aws").unwrap();
        assert_eq!(wanted.event_selectors[0].data_resources[0].values, ["arn:aws:s3:::ledger/"]);
    }
}
