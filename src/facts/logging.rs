//! What CloudTrail logs: per bucket, per account, per trail.

use serde_json::{Value, json};

use super::context::{Context, CoveringTrail, covering_trails, known_or_clause, owner_of, unseen_trails};
use super::fact::{Evidence, Fact};
use crate::semantics::configuration::TrailSelectors;
use crate::semantics::event_selectors::{
    self, BucketIdentity, Coverage, EventClass, ObservedSelectors, Observer,
};
use crate::semantics::verdict::{Assumption, Tri, Verdict};
use crate::snapshot::{AccountSnapshot, EventDataStore, TrailDetails};

/// Everything that may log an account's events, compiled once per account.
#[derive(Debug)]
pub struct Observers {
    all: Vec<Source>,
}

/// A trail or an event data store, or a part that could not be read and may hide one.
#[derive(Debug)]
struct Source {
    name: String,
    is_trail: bool,
    /// None: every region.
    region: Option<String>,
    selectors: Option<TrailSelectors>,
    active: Verdict,
    evidence: Vec<Evidence>,
}

impl Observers {
    /// Gathers the account's trails, the organization's, and event data stores.
    #[must_use]
    pub fn of(account: &AccountSnapshot, context: &Context<'_>) -> Self {
        let mut all = Vec::new();
        for covering in covering_trails(account, context).into_values() {
            all.push(trail(covering));
        }
        for (region, read) in &account.regional {
            match &read.event_data_stores {
                crate::snapshot::Reading::Known(stores) => {
                    all.extend(stores.iter().map(|store| event_data_store(store, region)));
                }
                crate::snapshot::Reading::Unreadable(why) => all.push(Source {
                    name: format!("an event data store of `{region}` that could not be listed"),
                    is_trail: false,
                    region: None,
                    selectors: None,
                    active: Verdict::unknown(format!("not known because {}", why.clause())),
                    evidence: Vec::new(),
                }),
            }
            if let Some(why) = unseen_trails(account, region) {
                all.push(Source {
                    name: format!("a trail of `{region}` that could not be listed"),
                    is_trail: true,
                    region: Some(region.clone()),
                    selectors: None,
                    active: Verdict::unknown(format!("not known because {}", why.clause())),
                    evidence: Vec::new(),
                });
            }
        }
        all.extend(organization_stores(account, context));
        Self { all }
    }

    /// Those that may log what happens in a region.
    fn in_region(&self, region: &str) -> Vec<&Source> {
        self.all.iter().filter(|s| s.region.as_deref().is_none_or(|only| only == region)).collect()
    }

    /// Whether every event of a class on a bucket's objects is logged.
    #[must_use]
    pub fn bucket(&self, bucket: &BucketIdentity, class: EventClass) -> Fact {
        let sources = self.in_region(&bucket.region);
        let observers = observers(&sources);
        let coverage = event_selectors::coverage(bucket, class, &observers);
        Fact::from(coverage.verdict()).with_all(evidence(&sources))
    }

    /// Whether some events of a class on a bucket's objects are logged, be it not all of them. With `trails_alone`
    /// only trails count, which hand what they log to EventBridge ([A-09](Assumption)); an event data store alerts nobody.
    #[must_use]
    pub fn some_of(&self, bucket: &BucketIdentity, class: EventClass, trails_alone: bool) -> Fact {
        let mut sources = self.in_region(&bucket.region);
        sources.retain(|source| !trails_alone || source.is_trail);
        let coverage = event_selectors::coverage(bucket, class, &observers(&sources));
        let mut verdict = match &coverage {
            Coverage::Partial { reason, assumptions, .. } => {
                Verdict { assumptions: assumptions.clone(), ..Verdict::yes(reason.clone()) }
            }
            whole => whole.verdict(),
        };
        if trails_alone {
            verdict = verdict.assuming(Assumption(9));
        }
        Fact::from(verdict).with_all(evidence(&sources))
    }

    /// Whether one record, written in `region`, is logged; the reason names who logs it.
    #[must_use]
    pub fn record(&self, record: &Value, region: &str) -> Verdict {
        let mut any: Option<Verdict> = None;
        for source in self.in_region(region) {
            let selected = match &source.selectors {
                None => source.active.clone().and(Verdict::unknown("its selectors were not read")),
                Some(selectors) => event_selectors::matches(selectors, record).and(source.active.clone()),
            };
            let verdict = if selected.value.is_yes() {
                Verdict { reason: format!("{} logs it", source.name), ..selected }
            } else {
                Verdict {
                    reason: format!("{} does not surely log it: {}", source.name, selected.reason),
                    ..selected
                }
            };
            any = Some(match any {
                None => verdict,
                Some(before) => before.or(verdict),
            });
        }
        match any {
            None => Verdict::no("no trail covers it"),
            Some(verdict) if verdict.value.is_no() => {
                Verdict { reason: "no trail logs it".to_owned(), ..verdict }
            }
            Some(verdict) => verdict,
        }
    }

    /// Whether the management events that matter for S3 are logged in a region.
    #[must_use]
    pub fn management_events(&self, account: &str, region: &str, partition: &str) -> Fact {
        let sources = self.in_region(region);
        let observers = observers(&sources);
        let verdict = event_selectors::management_coverage(account, region, partition, &observers);
        Fact::from(verdict).with_all(evidence(&sources))
    }
}

fn observers<'a>(sources: &[&'a Source]) -> Vec<Observer<'a>> {
    sources
        .iter()
        .map(|source| Observer {
            name: &source.name,
            selectors: match &source.selectors {
                Some(selectors) => ObservedSelectors::Known(selectors),
                None => ObservedSelectors::Unknown,
            },
            active: source.active.clone(),
        })
        .collect()
}

fn evidence(sources: &[&Source]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = sources.iter().flat_map(|source| source.evidence.clone()).collect();
    if evidence.is_empty() {
        evidence.push(Evidence::new("cloudtrail:DescribeTrails", "", "/trailList", json!([])));
    }
    evidence
}

fn trail(covering: CoveringTrail<'_>) -> Source {
    let trail = covering.trail;
    let mut evidence = vec![Evidence::new(
        "cloudtrail:DescribeTrails",
        &trail.arn,
        "/trailList",
        json!({
            "HomeRegion": trail.home_region,
            "IsMultiRegionTrail": trail.multi_region,
            "IsOrganizationTrail": trail.organization,
        }),
    )];
    let (active, selectors) = match covering.details {
        None => (
            Verdict::unknown(format!(
                "trail `{}` belongs to account {}, which was not read",
                trail.name,
                owner_of(&trail.arn)
            )),
            None,
        ),
        Some(details) => {
            evidence.extend(details_evidence(&trail.arn, details));
            let selectors = known_or_clause(&details.selectors).cloned();
            let active = delivers_to_bucket(&trail.name, details);
            match selectors {
                Ok(selectors) => (active, Some(selectors)),
                Err(clause) => (active.and(Verdict::unknown(clause)), None),
            }
        }
    };
    Source {
        name: format!("trail `{}`", trail.name),
        is_trail: true,
        region: (!trail.multi_region).then(|| trail.home_region.clone()),
        selectors,
        active,
        evidence,
    }
}

fn details_evidence(arn: &str, details: &TrailDetails) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    if let Some(status) = details.status.known() {
        let value = json!(status.is_logging);
        evidence.push(Evidence::new("cloudtrail:GetTrailStatus", arn, "/IsLogging", value));
        if let Some(error) = &status.latest_delivery_error {
            let value = json!(error);
            evidence.push(Evidence::new("cloudtrail:GetTrailStatus", arn, "/LatestDeliveryError", value));
        }
    }
    if let Some(selectors) = details.selectors.known() {
        let (pointer, value) = if selectors.advanced_event_selectors.is_empty() {
            ("/EventSelectors", json!(selectors.event_selectors))
        } else {
            ("/AdvancedEventSelectors", json!(selectors.advanced_event_selectors))
        };
        evidence.push(Evidence::new("cloudtrail:GetEventSelectors", arn, pointer, value));
    }
    evidence
}

/// Whether a trail logs now.
#[must_use]
pub fn is_logging(name: &str, details: &TrailDetails) -> Verdict {
    match known_or_clause(&details.status) {
        Err(clause) => Verdict::unknown(clause),
        Ok(status) if status.is_logging => Verdict::yes(format!("trail `{name}` is logging")),
        Ok(_) => Verdict::no(format!("trail `{name}` is stopped")),
    }
}

/// Whether the last delivery to the trail's bucket succeeded.
#[must_use]
pub fn delivery_succeeds(name: &str, details: &TrailDetails) -> Verdict {
    match known_or_clause(&details.status) {
        Err(clause) => Verdict::unknown(clause),
        Ok(status) => match &status.latest_delivery_error {
            None => Verdict::yes(format!("trail `{name}` delivers to its bucket")),
            Some(error) => Verdict::no(format!("trail `{name}` fails to deliver to its bucket: `{error}`")),
        },
    }
}

/// Whether what a trail logs arrives in its bucket.
fn delivers_to_bucket(name: &str, details: &TrailDetails) -> Verdict {
    is_logging(name, details).and(delivery_succeeds(name, details))
}

fn event_data_store(store: &EventDataStore, region: &str) -> Source {
    let active = Tri::from(store.status == "ENABLED");
    Source {
        name: format!("event data store `{}`", store.name),
        is_trail: false,
        region: (!store.multi_region).then(|| region.to_owned()),
        selectors: Some(TrailSelectors {
            event_selectors: Vec::new(),
            advanced_event_selectors: store.advanced_event_selectors.clone(),
        }),
        active: Verdict::new(
            active,
            format!("event data store `{}` is in state `{}`", store.name, store.status),
        ),
        evidence: vec![Evidence::new(
            "cloudtrail:GetEventDataStore",
            &store.arn,
            "/AdvancedEventSelectors",
            json!(store.advanced_event_selectors),
        )],
    }
}

/// Organization-wide event data stores of the accounts that others are judged by.
fn organization_stores(account: &AccountSnapshot, context: &Context<'_>) -> Vec<Source> {
    let is_member = context.listed(&account.id).is_some();
    let hubs = context.hubs.values().filter(|hub| is_member && hub.id != account.id);
    hubs.flat_map(|hub| &hub.regional)
        .flat_map(|(region, read)| {
            let stores = read.event_data_stores.known().into_iter().flatten();
            stores.filter(|s| s.organization).map(|s| event_data_store(s, region)).collect::<Vec<_>>()
        })
        .collect()
}
