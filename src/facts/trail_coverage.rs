//! What trails cover beyond single buckets: regions, buckets of others, the whole account (`aws-semantics.md` 9, LOG-03,
//! LOG-05, LOG-06 and LOG-11).

use serde_json::json;

use super::context::{Context, covering_trails, known_or_clause};
use super::fact::{Evidence, Fact};
use super::logging::{self, Observers};
use crate::semantics::event_selectors::{BucketIdentity, EventClass};
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Reading, Trail};

/// A bucket of somebody else; no selector names it.
const FOREIGN_BUCKET: &str = "exfilguard-probe-attacker";

/// An account with those that log its events.
#[derive(Debug, Clone, Copy)]
pub struct TrailCoverage<'a> {
    /// The account.
    pub account: &'a AccountSnapshot,
    /// What it is judged against.
    pub context: &'a Context<'a>,
    /// Its trails and event data stores.
    pub observers: &'a Observers,
}

impl TrailCoverage<'_> {
    /// Whether some data events of S3 are logged in a region; where there is no bucket there is nothing to log.
    #[must_use]
    pub fn some_data_events(&self, region: &str) -> Fact {
        let buckets = match self.buckets_in(region) {
            Ok(buckets) => buckets,
            Err(clause) => return Verdict::unknown(clause).into(),
        };
        if buckets.is_empty() {
            return Fact::new(Tri::Yes, format!("the account has no bucket in `{region}`"));
        }
        let facts = self.different(&buckets).map(|bucket| {
            let reads = self.observers.some_of(bucket, EventClass::Read);
            if reads.holds.is_yes() {
                reads
            } else {
                better(Some(reads), self.observers.some_of(bucket, EventClass::Write))
            }
        });
        any(facts, &format!("no trail logs data events of S3 in `{region}`"))
    }

    /// Whether what the account's principals do to buckets of others is logged in every region.
    #[must_use]
    pub fn foreign_buckets(&self, class: EventClass) -> Fact {
        let spared = self.observers.spared_names();
        self.every_region(|region| {
            let ordinary = self.observers.bucket(&self.identity(FOREIGN_BUCKET, region), class);
            let mut worst = ordinary;
            for name in &spared {
                let fact = self.observers.bucket(&self.identity(name, region), class);
                if worst.holds.and(fact.holds) != worst.holds {
                    worst = fact;
                }
            }
            worst.reason =
                format!("in `{region}` {}", worst.reason.replace(FOREIGN_BUCKET, "of another account"));
            worst
        })
    }

    /// Whether data events of the account's buckets arrive where something can react, in every region with buckets.
    #[must_use]
    pub fn can_alert(&self) -> Fact {
        self.every_region(|region| {
            let mut buckets = match self.buckets_in(region) {
                Ok(buckets) => buckets,
                Err(clause) => return Verdict::unknown(clause).into(),
            };
            if buckets.is_empty() && self.has_buckets_elsewhere() {
                return Fact::new(Tri::Yes, "");
            }
            if buckets.is_empty() {
                // Tomorrow's bucket: an account without buckets needs it as well.
                buckets.push(self.identity("a-bucket-to-come", region));
            }
            let facts = self.different(&buckets).map(|bucket| self.observers.some_reads_handed_on(bucket));
            any(
                facts,
                &format!("no trail hands data events of S3 in `{region}` to a log group or to EventBridge"),
            )
        })
    }

    /// Those buckets of a region of which different things may be logged: of those whose names nobody looks at, the first.
    fn different<'b>(&self, buckets: &'b [BucketIdentity]) -> impl Iterator<Item = &'b BucketIdentity> {
        let mut any = false;
        buckets.iter().filter(move |bucket| {
            self.observers.tell_apart(&bucket.region, &bucket.name) || !std::mem::replace(&mut any, true)
        })
    }

    /// Whether the account has buckets in a region in scope.
    fn has_buckets_elsewhere(&self) -> bool {
        let regions = self.account.regions.known().into_iter().flatten();
        regions.into_iter().any(|region| self.buckets_in(region).is_ok_and(|found| !found.is_empty()))
    }

    /// Whether a trail that the account's own principals cannot stop covers it. A trail of its own counts only for an
    /// account that is known to belong to no organization.
    #[must_use]
    pub fn by_organization(&self) -> Fact {
        let alone = match &self.context.organization.identity {
            Reading::Known(identity) => Ok(identity.is_none()),
            Reading::Unreadable(why) => Err(format!(
                "whether the account belongs to an organization is not known because {}",
                why.clause()
            )),
        };
        let (mut best, mut own): (Option<Fact>, Vec<&str>) = (None, Vec::new());
        for covering in covering_trails(self.account, self.context).into_values() {
            let trail = covering.trail;
            let counts = match &alone {
                _ if trail.organization => Verdict::yes(""),
                Ok(true) => Verdict::yes(""),
                Ok(false) => {
                    own.push(&trail.name);
                    continue;
                }
                Err(clause) => Verdict::unknown(clause),
            };
            let active = match covering.details {
                Some(details) => logging::is_logging(&trail.name, details)
                    .and(logging::delivery_succeeds(&trail.name, details)),
                None => logging::not_read(trail),
            };
            let wide = Verdict::new(
                trail.multi_region,
                if trail.multi_region {
                    String::new()
                } else {
                    format!("trail `{}` covers one region only", trail.name)
                },
            );
            best = Some(better(best, Fact::from(counts.and(active).and(wide)).with(shown(trail))));
        }
        if let Some(fact) = best.take_if(|fact| !fact.holds.is_no()) {
            return fact;
        }
        // One that was not seen may cover it although those that were do not.
        let unread = self.account.regional.values().find_map(|region| region.trails.unreadable());
        if let Some(why) = unread.or_else(|| self.account.regions.unreadable()) {
            return Fact::unread(why);
        }
        if let Some(fact) = best {
            return fact;
        }
        let reason = match own.first() {
            Some(name) => {
                format!("it has only trails of its own, such as `{name}`, which its principals can stop")
            }
            None => "no trail covers it".to_owned(),
        };
        Fact::new(Tri::No, reason).with(Evidence::new(
            "cloudtrail:DescribeTrails",
            &self.account.id,
            "/trailList",
            json!(own),
        ))
    }

    fn identity(&self, bucket: &str, region: &str) -> BucketIdentity {
        BucketIdentity {
            name: bucket.to_owned(),
            account: self.account.id.clone(),
            region: region.to_owned(),
            partition: self.context.organization.partition.clone(),
        }
    }

    fn buckets_in(&self, region: &str) -> Result<Vec<BucketIdentity>, String> {
        let mut found = Vec::new();
        for bucket in known_or_clause(&self.account.buckets)? {
            if known_or_clause(&bucket.region)? == region {
                found.push(self.identity(&bucket.name, region));
            }
        }
        Ok(found)
    }

    /// The same in every region: the first that does not hold decides.
    fn every_region(&self, of: impl Fn(&str) -> Fact) -> Fact {
        let regions = match known_or_clause(&self.account.regions) {
            Ok(regions) => regions,
            Err(clause) => return Verdict::unknown(clause).into(),
        };
        let mut all: Option<Fact> = None;
        for region in regions {
            let fact = of(region);
            all = Some(match all {
                Some(before) if before.holds.and(fact.holds) == before.holds && !before.reason.is_empty() => {
                    before
                }
                _ => fact,
            });
        }
        all.unwrap_or_else(|| Fact::new(Tri::Yes, "no region is in scope"))
    }
}

fn shown(trail: &Trail) -> Evidence {
    let value = json!({"IsOrganizationTrail": trail.organization, "IsMultiRegionTrail": trail.multi_region});
    Evidence::new("cloudtrail:DescribeTrails", &trail.arn, "/trailList", value)
}

/// One is enough; with the reason of the one that comes nearest, or `none`.
fn any(facts: impl Iterator<Item = Fact>, none: &str) -> Fact {
    let mut best: Option<Fact> = None;
    for fact in facts {
        best = Some(better(best, fact));
        if best.as_ref().is_some_and(|fact| fact.holds.is_yes()) {
            break;
        }
    }
    match best {
        Some(fact) if fact.holds.is_no() => Fact { reason: none.to_owned(), ..fact },
        Some(fact) => fact,
        None => Fact::new(Tri::No, none),
    }
}

fn better(best: Option<Fact>, fact: Fact) -> Fact {
    let rank = |fact: &Fact| match fact.holds {
        Tri::Yes => 2,
        Tri::Unknown => 1,
        Tri::No => 0,
    };
    match best {
        Some(best) if rank(&best) >= rank(&fact) => best,
        _ => fact,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::facts::samples;
    use crate::semantics::configuration::TrailSelectors;
    use crate::snapshot::{Organization, TrailStatus};

    /// An account with a bucket and a trail whose data events are those of `values`.
    fn account(organization: bool, values: &[&str]) -> AccountSnapshot {
        samples::account_with_trail(vec![samples::bucket("ledger")], organization, values)
    }

    fn asked(account: &AccountSnapshot, ask: impl Fn(&TrailCoverage<'_>) -> Fact) -> Fact {
        asked_in(&samples::organization(), account, ask)
    }

    fn asked_in(
        organization: &Organization,
        account: &AccountSnapshot,
        ask: impl Fn(&TrailCoverage<'_>) -> Fact,
    ) -> Fact {
        samples::with_context(organization, |context| {
            let observers = Observers::of(account, context);
            ask(&TrailCoverage { account, context, observers: &observers })
        })
    }

    #[test]
    fn only_a_selector_for_all_buckets_sees_buckets_of_others() {
        let foreign = |c: &TrailCoverage<'_>| c.foreign_buckets(EventClass::Write);
        assert_eq!(asked(&account(true, &["arn:aws:s3"]), foreign).holds, Tri::Yes);
        let fact = asked(&account(true, &["arn:aws:s3:::ledger/"]), foreign);
        assert_eq!(fact.holds, Tri::No);
        assert!(fact.reason.starts_with("in `eu-west-1` "), "{}", fact.reason);
    }

    #[test]
    fn a_member_needs_a_trail_that_it_cannot_stop() {
        let covered = |c: &TrailCoverage<'_>| c.by_organization();
        assert_eq!(asked(&account(true, &["arn:aws:s3"]), covered).holds, Tri::Yes);
        let fact = asked(&account(false, &["arn:aws:s3"]), covered);
        assert_eq!((fact.holds, fact.reason.contains("`own`")), (Tri::No, true), "{}", fact.reason);
        let mut stopped = account(true, &["arn:aws:s3"]);
        stopped.trail_details.get_mut(samples::TRAIL).unwrap().status =
            Reading::Known(TrailStatus::default());
        assert_eq!(asked(&stopped, covered).holds, Tri::No);
        let mut unread = account(true, &["arn:aws:s3"]);
        unread.regional.get_mut(samples::REGION).unwrap().trails =
            samples::denied("cloudtrail:DescribeTrails");
        assert_eq!(asked(&unread, covered).holds, Tri::Unknown);
    }

    #[test]
    fn one_prefix_is_something_and_no_selector_is_nothing() {
        let some = |c: &TrailCoverage<'_>| c.some_data_events(samples::REGION);
        assert_eq!(asked(&account(true, &["arn:aws:s3:::ledger/in/"]), some).holds, Tri::Yes);
        assert_eq!(asked(&account(true, &["arn:aws:s3:::other/"]), some).holds, Tri::No);
        let alert = |c: &TrailCoverage<'_>| c.can_alert();
        assert_eq!(asked(&account(true, &["arn:aws:s3:::ledger/in/"]), alert).holds, Tri::Yes);
        assert_eq!(asked(&account(true, &["arn:aws:s3:::other/"]), alert).holds, Tri::No);
        let mut without = account(true, &["arn:aws:s3:::other/"]);
        without.buckets = Reading::Known(Vec::new());
        assert_eq!(asked(&without, some).holds, Tri::Yes);
        assert_eq!(asked(&without, alert).holds, Tri::No);
    }
    #[test]
    fn a_trail_of_its_own_counts_only_for_an_account_that_is_surely_alone() {
        let covered = |c: &TrailCoverage<'_>| c.by_organization();
        let own = account(false, &["arn:aws:s3"]);
        let mut organization = samples::organization();
        organization.accounts = samples::denied("organizations:ListAccounts");
        assert_eq!(
            asked_in(&organization, &own, covered).holds,
            Tri::No,
            "a member that cannot list the others"
        );
        organization.identity = samples::denied("organizations:DescribeOrganization");
        assert_eq!(asked_in(&organization, &own, covered).holds, Tri::Unknown);
        organization.identity = Reading::Known(None);
        assert_eq!(asked_in(&organization, &own, covered).holds, Tri::Yes);
    }

    #[test]
    fn a_trail_that_may_be_stopped_logs_perhaps_something() {
        let mut account = account(true, &["arn:aws:s3:::ledger/in/"]);
        account.trail_details.get_mut(samples::TRAIL).unwrap().status =
            samples::denied("cloudtrail:GetTrailStatus");
        let some = |c: &TrailCoverage<'_>| c.some_data_events(samples::REGION);
        assert_eq!(asked(&account, some).holds, Tri::Unknown);
        assert_eq!(asked(&account, |c| c.can_alert()).holds, Tri::Unknown);
        account.trail_details.get_mut(samples::TRAIL).unwrap().status =
            Reading::Known(TrailStatus::default());
        assert_eq!(asked(&account, some).holds, Tri::No);
        assert_eq!(asked(&account, |c| c.can_alert()).holds, Tri::No);
    }

    #[test]
    fn events_reach_eventbridge_although_the_files_do_not_arrive() {
        let mut account = account(true, &["arn:aws:s3"]);
        let status = TrailStatus {
            is_logging: true,
            latest_delivery_error: Some("AccessDenied".into()),
            ..TrailStatus::default()
        };
        account.trail_details.get_mut(samples::TRAIL).unwrap().status = Reading::Known(status);
        let fact = asked(&account, |c| c.can_alert());
        assert_eq!((fact.holds, fact.assumptions), (Tri::Yes, vec!["A-09".to_owned(), "A-16".to_owned()]));
        assert_eq!(asked(&account, |c| c.some_data_events(samples::REGION)).holds, Tri::No);
    }

    #[test]
    fn a_stranger_may_name_his_bucket_like_one_that_is_spared() {
        let mut account = account(true, &[]);
        let field = |field: &str| crate::semantics::configuration::FieldSelector {
            field: field.into(),
            ..Default::default()
        };
        let mut category = field("eventCategory");
        category.equals = vec!["Data".into()];
        let mut kind = field("resources.type");
        kind.equals = vec!["AWS::S3::Object".into()];
        let mut spare = |arn: &str| {
            let mut spared = field("resources.ARN");
            spared.not_starts_with = vec![arn.into()];
            let selector = crate::semantics::configuration::AdvancedEventSelector {
                name: None,
                field_selectors: vec![category.clone(), kind.clone(), spared],
            };
            account.trail_details.get_mut(samples::TRAIL).unwrap().selectors =
                Reading::Known(TrailSelectors {
                    event_selectors: Vec::new(),
                    advanced_event_selectors: vec![selector],
                });
            asked(&account, |c| c.foreign_buckets(EventClass::Write)).holds
        };
        assert_eq!(spare("arn:aws:s3:::our-logs/"), Tri::Yes);
        assert_eq!(spare("arn:aws:s3:::our-logs"), Tri::No);
    }
}
