//! The chains from a read of an account's objects to a person: trail, log group, metric filter, alarm, topic.
//!
//! The log group, its filters and its alarms lie where the trail's owner put them, which for an organization's trail is
//! another account. A chain is only as good as its weakest link; a part that could not be read stands as a chain of
//! which nothing is known.

mod acting;
mod chain;
mod people;
pub(crate) mod record;
mod single_call;
#[cfg(test)]
mod tests;

pub use single_call::{Wires, may_ask_for_bucket, selected};

use std::collections::BTreeMap;

use self::chain::{Chain, Link};
use super::context::{
    Context, CoveringTrail, covering_trails, known_or_clause, owner_of, region_of, unseen_trails,
};
use super::fact::{Evidence, Fact};
use super::logging;
use super::resources::{AlarmFacts, BulkDownloadAlarm};
use crate::semantics::configuration::{MetricAlarm, MetricFilter};
use crate::semantics::event_selectors::{
    BucketIdentity, Coverage, EventClass, ObservedSelectors, Observer, coverage, look_at_bucket_names,
};
use crate::semantics::iam::any_bucket::{ANY_BUCKET, LooksAt, of_bucket};
use crate::semantics::verdict::{Assumption, Tri, Verdict};
use crate::snapshot::{AccountSnapshot, LogGroup, Trail, TrailDetails};

/// Everything about an account's alarms.
#[derive(Debug)]
pub struct Alerting<'a> {
    account: &'a AccountSnapshot,
    context: &'a Context<'a>,
    /// The trails that deliver to each log group, by the log group's ARN.
    log_groups: BTreeMap<&'a str, Vec<CoveringTrail<'a>>>,
    /// Parts that could not be read and may hide a trail.
    unread_trails: Vec<String>,
    /// Parts that could not be read and may hide a chain that counts downloads: those, and buckets.
    unread: Vec<String>,
    /// The account's buckets; one that stands for any per region if the account has none.
    buckets: Vec<BucketIdentity>,
}

impl<'a> Alerting<'a> {
    /// Finds the log groups that the account's events reach.
    #[must_use]
    pub fn of(account: &'a AccountSnapshot, context: &'a Context<'a>) -> Self {
        let mut log_groups: BTreeMap<&str, Vec<CoveringTrail<'_>>> = BTreeMap::new();
        let mut unread = Vec::new();
        for covering in covering_trails(account, context).into_values() {
            if let Some(arn) = &covering.trail.log_group_arn {
                log_groups.entry(arn).or_default().push(covering);
            }
        }
        if let Some(why) = account.regions.unreadable() {
            unread.push(format!("not known because {}", why.clause()));
        }
        for region in account.regional.keys() {
            if let Some(why) = unseen_trails(account, region) {
                unread.push(format!("not known because {}", why.clause()));
            }
        }
        let unread_trails = unread.clone();
        let (buckets, unread_buckets) = buckets(account, context);
        unread.extend(unread_buckets);
        unread.sort();
        unread.dedup();
        Self { account, context, log_groups, unread_trails, unread, buckets }
    }

    /// The chains, sorted by alarm, and what could not be read.
    #[must_use]
    pub fn bulk_download_alarms(&self) -> Vec<BulkDownloadAlarm> {
        let (mut chains, mut unread) = (Vec::new(), self.unread.clone());
        for (arn, trails) in &self.log_groups {
            match self.chains_of(arn, trails) {
                Ok(mut found) => chains.append(&mut found),
                Err(why) => unread.push(why),
            }
        }
        let mut all: Vec<BulkDownloadAlarm> = chains.iter().map(Chain::facts).collect();
        all.extend(chain::together(&chains));
        all.sort_by(|a, b| (&a.region, &a.alarm, &a.filter).cmp(&(&b.region, &b.alarm, &b.filter)));
        all.extend(unread.into_iter().map(unread_chain));
        all
    }

    /// The chains through one log group.
    fn chains_of(&self, arn: &str, trails: &[CoveringTrail<'_>]) -> Result<Vec<Chain>, String> {
        let owner = owner_of(arn);
        let Some(holder) = self.context.other(owner, self.account) else {
            return Err(format!("log group `{arn}` belongs to account {owner}, which was not read"));
        };
        let group = holder.log_groups.get(arn).ok_or_else(|| format!("log group `{arn}` was not read"))?;
        let usable = standard_class(arn, group);
        if usable.value.is_no() {
            return Ok(Vec::new());
        }
        let filters = known_or_clause(&group.metric_filters)?;
        if filters.is_empty() {
            return Ok(Vec::new());
        }
        let region = region_of(arn);
        let Some(alarms) = holder.alarms.get(region) else {
            return Err(format!("the alarms of account {owner} in {region} were not read"));
        };
        let alarms = known_or_clause(&alarms.alarms)?;
        let delivered = self.delivered(trails);
        let mut chains = Vec::new();
        for filter in filters {
            for alarm in &alarms.metric {
                let link = Link { holder, region, log_group: arn, filter, alarm, usable: &usable };
                chains.extend(chain::chain(&link, &self.buckets, &delivered));
            }
        }
        Ok(chains)
    }

    /// For each bucket whether its reads arrive in a log group.
    fn delivered(&self, trails: &[CoveringTrail<'_>]) -> Vec<Verdict> {
        let looks_at = looks_at(trails);
        let told_apart = |name: &str| looks_at.iter().any(|looks_at| looks_at.tells_apart(name));
        of_each(&self.buckets, told_apart, of_bucket, |bucket| {
            let here = trails.iter().filter(|t| t.trail.multi_region || t.trail.home_region == bucket.region);
            let named: Vec<(String, &CoveringTrail<'_>)> =
                here.map(|covering| (format!("trail `{}`", covering.trail.name), covering)).collect();
            let observers: Vec<Observer<'_>> =
                named.iter().map(|(name, covering)| observer(name, covering)).collect();
            let coverage: Coverage = coverage(bucket, EventClass::Read, &observers);
            coverage.verdict()
        })
    }

    /// What is known of one of the account's alarms.
    #[must_use]
    pub fn alarm(&self, alarm: &MetricAlarm, region: &str) -> AlarmFacts {
        let evidence = || {
            Evidence::new(
                "cloudwatch:DescribeAlarms",
                &alarm.alarm_arn,
                "/MetricAlarms/ActionsEnabled",
                serde_json::json!(alarm.actions_enabled),
            )
        };
        let name = &alarm.alarm_name;
        // In the words in which its way to a person says the same, so that a report need not say it twice.
        let why = if alarm.actions_enabled {
            format!("the actions of alarm `{name}` are switched on")
        } else {
            format!("the actions of alarm `{name}` are switched off")
        };
        AlarmFacts {
            name: alarm.alarm_name.clone(),
            region: region.to_owned(),
            security_relevant: self.watches_trail(alarm, region),
            actions_enabled: Fact::new(alarm.actions_enabled, why).with(evidence()),
            can_act: acting::acts(self.account, alarm, region).with(evidence()),
            reaches_someone: people::reached(self.account, alarm, region).with(evidence()),
        }
    }

    /// Whether an alarm watches a metric that a metric filter on a trail's log group publishes.
    fn watches_trail(&self, alarm: &MetricAlarm, region: &str) -> Fact {
        let mut doubt = None;
        for (arn, group) in self.account.log_groups.iter().filter(|(arn, _)| region_of(arn) == region) {
            match known_or_clause(&group.metric_filters) {
                Err(clause) => doubt = Some(clause),
                Ok(filters) => {
                    if let Some(filter) = filters.iter().find(|filter| publishes_for(filter, alarm)) {
                        let name = &filter.filter_name;
                        let shown = Evidence::new(
                            "logs:DescribeMetricFilters",
                            arn,
                            "/metricFilters",
                            serde_json::json!(name),
                        );
                        return Fact::new(Tri::Yes, format!("it watches what metric filter `{name}` counts"))
                            .with(shown);
                    }
                }
            }
        }
        match doubt {
            Some(clause) => Fact::new(Tri::Unknown, clause),
            None => Fact::new(Tri::No, "it watches no metric of a trail's log group"),
        }
    }
}

/// What of a bucket's name decides whether trails log events about it.
fn looks_at(trails: &[CoveringTrail<'_>]) -> Vec<LooksAt> {
    let selectors = trails.iter().filter_map(|covering| covering.details?.selectors.known());
    selectors.flat_map(look_at_bucket_names).collect()
}

/// Asks of each bucket; of those that are not told apart only once in a region, of [`ANY_BUCKET`], which is then told of
/// each.
fn of_each<'b, T>(
    buckets: &'b [BucketIdentity],
    told_apart: impl Fn(&str) -> bool,
    told: impl Fn(&T, &str) -> T,
    ask: impl Fn(&BucketIdentity) -> T,
) -> Vec<T> {
    let mut of_any: BTreeMap<&str, T> = BTreeMap::new();
    let of_one = |bucket: &'b BucketIdentity| {
        if told_apart(&bucket.name) {
            return ask(bucket);
        }
        let any = of_any.entry(bucket.region.as_str());
        let any =
            any.or_insert_with(|| ask(&BucketIdentity { name: ANY_BUCKET.to_owned(), ..bucket.clone() }));
        told(any, &bucket.name)
    };
    buckets.iter().map(of_one).collect()
}

/// Whether the alarm names the filter's metric, whatever the dimensions.
fn publishes_for(filter: &MetricFilter, alarm: &MetricAlarm) -> bool {
    let single = alarm.namespace.as_ref().zip(alarm.metric_name.as_ref());
    let math = alarm.metrics.iter().filter_map(|query| query.metric_stat.as_ref());
    let watched = single.into_iter().chain(math.map(|stat| (&stat.namespace, &stat.metric_name)));
    let metrics = &filter.metric_transformations;
    watched.into_iter().any(|(namespace, name)| {
        metrics.iter().any(|m| m.metric_namespace == *namespace && m.metric_name == *name)
    })
}

fn unread_chain(why: String) -> BulkDownloadAlarm {
    let unknown = Fact::new(Tri::Unknown, why);
    BulkDownloadAlarm {
        alarm: String::new(),
        region: String::new(),
        log_group: String::new(),
        filter: String::new(),
        covers_bucket_reads: unknown.clone(),
        detects: unknown.clone(),
        smallest_burst: 0,
        unseen_per_day: 0.0,
        seconds_to_alarm: 0,
        reaches_someone: unknown,
    }
}

/// The buckets whose reads must be counted, and what of them is not known.
fn buckets(account: &AccountSnapshot, context: &Context<'_>) -> (Vec<BucketIdentity>, Vec<String>) {
    let identity = |name: &str, region: &str| BucketIdentity {
        name: name.to_owned(),
        account: account.id.clone(),
        region: region.to_owned(),
        partition: context.organization.partition.clone(),
    };
    let mut unread = Vec::new();
    let mut known = Vec::new();
    match known_or_clause(&account.buckets) {
        Err(clause) => unread.push(clause),
        Ok(buckets) => {
            for bucket in buckets {
                match known_or_clause(&bucket.region) {
                    Ok(region) if account.regional.contains_key(region) => {
                        known.push(identity(&bucket.name, region));
                    }
                    Ok(_) => {}
                    Err(clause) => unread.push(clause),
                }
            }
        }
    }
    if known.is_empty() {
        // Tomorrow's bucket: an account without buckets needs the alarm as well.
        known.extend(account.regional.keys().map(|region| identity("a-bucket-to-come", region)));
    }
    (known, unread)
}

/// Metric filters work on log groups of class STANDARD only ([A-02](Assumption)).
fn standard_class(arn: &str, group: &LogGroup) -> Verdict {
    match known_or_clause(&group.class) {
        Err(clause) => Verdict::unknown(clause),
        Ok(None) => Verdict::no(format!("log group `{arn}` does not exist")),
        Ok(Some(class)) if class == "STANDARD" || class.is_empty() => Verdict::yes(""),
        Ok(Some(class)) => {
            Verdict::no(format!("log group `{arn}` is of class `{class}`, which has no metric filters"))
                .assuming(Assumption(2))
        }
    }
}

fn observer<'b>(name: &'b str, covering: &CoveringTrail<'b>) -> Observer<'b> {
    match covering.details {
        None => Observer {
            name,
            selectors: ObservedSelectors::Unknown,
            active: Verdict::unknown(format!(
                "trail `{}` belongs to account {}, which was not read",
                covering.trail.name,
                owner_of(&covering.trail.arn)
            )),
        },
        Some(details) => {
            let (selectors, read) = match known_or_clause(&details.selectors) {
                Ok(selectors) => (ObservedSelectors::Known(selectors), Verdict::yes("")),
                Err(clause) => (ObservedSelectors::Unknown, Verdict::unknown(clause)),
            };
            Observer { name, selectors, active: reaches_log_group(covering.trail, details).and(read) }
        }
    }
}

/// Whether what a trail logs arrives in its log group.
fn reaches_log_group(trail: &Trail, details: &TrailDetails) -> Verdict {
    let name = &trail.name;
    let role = match &trail.log_group_role_arn {
        Some(_) => Verdict::yes(""),
        None => Verdict::no(format!("trail `{name}` has no role to write to its log group")),
    };
    let delivery = match known_or_clause(&details.status) {
        Err(clause) => Verdict::unknown(clause),
        Ok(status) => match &status.latest_log_group_delivery_error {
            None => Verdict::yes(""),
            Some(error) => {
                Verdict::no(format!("trail `{name}` fails to deliver to its log group: `{error}`"))
            }
        },
    };
    logging::is_logging(name, details).and(role).and(delivery)
}
