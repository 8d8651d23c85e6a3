//! What CloudTrail logs: per bucket, per account, per trail.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::context::{Context, CoveringTrail, covering_trails, known_or_clause, owner_of, unseen_trails};
use super::fact::{Evidence, Fact};
use crate::semantics::configuration::TrailSelectors;
use crate::semantics::event_selectors::{self, BucketIdentity, EventClass, ObservedSelectors, Observer};
use crate::semantics::iam::any_bucket::LooksAt;
use crate::semantics::verdict::{Assumption, Tri, Verdict};
use crate::snapshot::{AccountSnapshot, EventDataStore, Trail, TrailDetails};

/// Everything that may log an account's events, compiled once per account.
#[derive(Debug)]
pub struct Observers {
    all: Vec<Source>,
}

/// A trail or an event data store, or a part that could not be read and may hide one.
#[derive(Debug)]
struct Source {
    name: String,
    /// Whether what it logs is handed to EventBridge: a trail's events are as long as it logs, whether or not its files
    /// arrive; an event data store's never are.
    hands_on: Verdict,
    /// None: every region.
    region: Option<String>,
    selectors: Option<TrailSelectors>,
    /// What of a bucket's name the selectors look at.
    looks_at: Vec<LooksAt>,
    active: Verdict,
    evidence: Vec<Evidence>,
}

impl Source {
    /// Whether it may log what happens in a region.
    fn is_in(&self, region: &str) -> bool {
        self.region.as_deref().is_none_or(|only| only == region)
    }
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
                    hands_on: Verdict::no("an event data store hands nothing to EventBridge"),
                    region: None,
                    selectors: None,
                    looks_at: Vec::new(),
                    active: Verdict::unknown(format!("not known because {}", why.clause())),
                    evidence: Vec::new(),
                }),
            }
            if let Some(why) = unseen_trails(account, region) {
                all.push(Source {
                    name: format!("a trail of `{region}` that could not be listed"),
                    hands_on: Verdict::unknown(format!("not known because {}", why.clause())),
                    region: Some(region.clone()),
                    selectors: None,
                    looks_at: Vec::new(),
                    active: Verdict::unknown(format!("not known because {}", why.clause())),
                    evidence: Vec::new(),
                });
            }
        }
        all.extend(organization_stores(account, context));
        for source in &mut all {
            source.looks_at =
                source.selectors.as_ref().map(event_selectors::look_at_bucket_names).unwrap_or_default();
        }
        Self { all }
    }

    /// Those that may log what happens in a region.
    fn in_region(&self, region: &str) -> Vec<&Source> {
        self.all.iter().filter(|source| source.is_in(region)).collect()
    }

    /// Whether every event of a class on a bucket's objects is logged.
    #[must_use]
    pub fn bucket(&self, bucket: &BucketIdentity, class: EventClass) -> Fact {
        let sources = self.in_region(&bucket.region);
        let observers = observers(&sources);
        let coverage = event_selectors::coverage(bucket, class, &observers);
        Fact::from(coverage.verdict()).with_all(evidence(&sources))
    }

    /// Whether some events of a class on a bucket's objects are logged, be it not all of them.
    #[must_use]
    pub fn some_of(&self, bucket: &BucketIdentity, class: EventClass) -> Fact {
        let sources = self.in_region(&bucket.region);
        let verdict = event_selectors::logs_something(bucket, class, &observers(&sources));
        Fact::from(verdict).with_all(evidence(&sources))
    }

    /// Whether some reads of a bucket's objects are handed to EventBridge ([A-09](Assumption), [A-16](Assumption)): only by a
    /// trail, whether or not its files arrive. What reaches a log group reaches EventBridge too.
    #[must_use]
    pub fn some_reads_handed_on(&self, bucket: &BucketIdentity) -> Fact {
        let sources = self.in_region(&bucket.region);
        let mut observers = observers(&sources);
        for (observer, source) in observers.iter_mut().zip(&sources) {
            observer.active = source.hands_on.clone();
        }
        let mut verdict = event_selectors::logs_something(bucket, EventClass::Read, &observers);
        if verdict.value.is_yes() {
            verdict = verdict.assuming(Assumption(9)).assuming(Assumption(16));
        }
        Fact::from(verdict).with_all(evidence(&sources))
    }

    /// Names of buckets of others that selectors spare because they begin like a name that is spared on purpose: a
    /// stranger registers what he likes, so `NotStartsWith arn:aws:s3:::logs` spares his `logs-…` as well.
    #[must_use]
    pub fn spared_names(&self) -> BTreeSet<String> {
        let advanced = self.all.iter().filter_map(|source| source.selectors.as_ref());
        let fields = advanced.flat_map(|s| &s.advanced_event_selectors).flat_map(|s| &s.field_selectors);
        let spared = fields.filter(|f| f.field == "resources.ARN").flat_map(|f| &f.not_starts_with);
        spared
            .filter_map(|arn| arn.splitn(6, ':').nth(5))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(|name| format!("{name}-attacker"))
            .collect()
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

    /// Whether a record about a bucket of this name, written in a region, may be logged otherwise than one about
    /// [`ANY_BUCKET`](crate::semantics::iam::any_bucket::ANY_BUCKET).
    #[must_use]
    pub fn tell_apart(&self, region: &str, name: &str) -> bool {
        let here = self.all.iter().filter(|source| source.is_in(region));
        here.flat_map(|source| &source.looks_at).any(|looks_at| looks_at.tells_apart(name))
    }

    /// What was read of the trails and stores that may log an event of a region.
    #[must_use]
    pub fn evidence_in(&self, region: &str) -> Vec<Evidence> {
        evidence(&self.in_region(region))
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
    let hands_on = match covering.details {
        None => not_read(trail),
        Some(details) => is_logging(&trail.name, details),
    };
    let (active, selectors) = match covering.details {
        None => (not_read(trail), None),
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
        hands_on,
        region: (!trail.multi_region).then(|| trail.home_region.clone()),
        selectors,
        looks_at: Vec::new(),
        active,
        evidence,
    }
}

/// Only its owner sees whether a trail logs, and what.
pub(super) fn not_read(trail: &Trail) -> Verdict {
    let owner = owner_of(&trail.arn);
    Verdict::unknown(format!("trail `{}` belongs to account {owner}, which was not read", trail.name))
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
        hands_on: Verdict::no("an event data store hands nothing to EventBridge"),
        region: (!store.multi_region).then(|| region.to_owned()),
        selectors: Some(TrailSelectors {
            event_selectors: Vec::new(),
            advanced_event_selectors: store.advanced_event_selectors.clone(),
        }),
        looks_at: Vec::new(),
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
    let is_member = context.is_member(&account.id);
    let hubs = context.hubs.values().filter(|hub| is_member && hub.id != account.id);
    hubs.flat_map(|hub| &hub.regional)
        .flat_map(|(region, read)| {
            let stores = read.event_data_stores.known().into_iter().flatten();
            stores.filter(|s| s.organization).map(|s| event_data_store(s, region)).collect::<Vec<_>>()
        })
        .collect()
}
