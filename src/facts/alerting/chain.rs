//! One chain: which buckets it covers, what it detects, whom it reaches.

use serde_json::json;

use super::super::fact::{Evidence, Fact};
use super::super::resources::BulkDownloadAlarm;
use super::people;
use crate::semantics::alarm::{self, Binding, Burst, Series};
use crate::semantics::configuration::{MetricAlarm, MetricFilter};
use crate::semantics::event_selectors::BucketIdentity;
use crate::semantics::filter_pattern::FilterPattern;
use crate::semantics::iam::any_bucket::of_bucket;
use crate::semantics::synthetic::{self, NAME_THE_BUCKET, Reader, SyntheticEvent};
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::AccountSnapshot;

/// A metric filter of a log group and an alarm of the same account and region.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The account that has the log group and the alarm.
    pub holder: &'a AccountSnapshot,
    /// Their region.
    pub region: &'a str,
    /// The log group's ARN.
    pub log_group: &'a str,
    /// The filter.
    pub filter: &'a MetricFilter,
    /// The alarm.
    pub alarm: &'a MetricAlarm,
    /// Whether the log group can have metric filters.
    pub usable: &'a Verdict,
}

/// A chain with its answer per bucket.
#[derive(Debug)]
pub struct Chain {
    alarm: String,
    region: String,
    log_group: String,
    filter: String,
    /// For each bucket whether its reads are counted by this chain.
    per_bucket: Vec<Verdict>,
    buckets: Vec<String>,
    detects: Verdict,
    burst: Option<Burst>,
    reaches: Fact,
    evidence: Vec<Evidence>,
}

/// The chain through a filter and an alarm; none if the alarm does not watch what the filter counts of any bucket.
/// `delivered` says for each bucket whether its reads arrive in the log group.
pub fn chain(link: &Link<'_>, buckets: &[BucketIdentity], delivered: &[Verdict]) -> Option<Chain> {
    if !super::publishes_for(link.filter, link.alarm) {
        return None;
    }
    let pattern = FilterPattern::parse(&link.filter.filter_pattern);
    let looked_at = pattern.as_ref().is_ok_and(|pattern| pattern.reads(&NAME_THE_BUCKET))
        || alarm::publishes_of(link.filter, &NAME_THE_BUCKET);
    let told = |(counted, (seen, series)): &(Verdict, Seen), name: &str| {
        (of_bucket(counted, name), (of_bucket(seen, name), series.clone()))
    };
    let asked = super::of_each(
        buckets,
        |_| looked_at,
        told,
        |bucket| {
            let reads = synthetic::object_reads(&Reader {
                account: &bucket.account,
                region: &bucket.region,
                partition: &bucket.partition,
                bucket: &bucket.name,
            });
            let counted = match &pattern {
                Err(error) => Verdict::unknown(format!(
                    "the pattern of metric filter `{}` cannot be read: {error}",
                    link.filter.filter_name
                )),
                Ok(pattern) => matches_all(link.filter, pattern, &reads),
            };
            (counted, seen(link, &reads))
        },
    );
    let mut per_bucket = Vec::with_capacity(buckets.len());
    let mut watched: Option<(Series, f64, Option<f64>)> = None;
    let mut bound = false;
    for ((counted, (seen, series)), delivered) in asked.into_iter().zip(delivered) {
        bound |= !seen.value.is_no();
        watched = watched.or(series);
        per_bucket.push(delivered.clone().and(link.usable.clone()).and(counted).and(seen));
    }
    if !bound {
        return None;
    }
    let (detects, burst) = detects(link, watched);
    Some(Chain {
        alarm: link.alarm.alarm_name.clone(),
        region: link.region.to_owned(),
        log_group: link.log_group.to_owned(),
        filter: link.filter.filter_name.clone(),
        buckets: buckets.iter().map(|bucket| bucket.name.clone()).collect(),
        per_bucket,
        detects,
        burst,
        reaches: people::reached(link.holder, link.alarm, link.region),
        evidence: evidence(link),
    })
}

/// Whether a filter counts every way of reading.
fn matches_all(filter: &MetricFilter, pattern: &FilterPattern, reads: &[SyntheticEvent]) -> Verdict {
    let name = &filter.filter_name;
    let mut all = Verdict::yes(format!("metric filter `{name}` counts every read"));
    for read in reads {
        let verdict = pattern.matches_event(&read.event);
        let reason = match verdict.value {
            Tri::Yes => {
                all.assumptions.extend(verdict.assumptions);
                continue;
            }
            Tri::No => format!("metric filter `{name}` does not count {}", read.name),
            Tri::Unknown => {
                format!(
                    "whether metric filter `{name}` counts {} is not known: {}",
                    read.name, verdict.reason
                )
            }
        };
        let missed = Verdict { reason, ..verdict };
        all = all.and(if missed.value.is_no() { missed.with_witness(read.event.clone()) } else { missed });
        if all.value.is_no() {
            break;
        }
    }
    all
}

/// What an alarm sees of the reads of a bucket.
type Seen = (Verdict, Option<(Series, f64, Option<f64>)>);

/// Whether the alarm watches what the filter publishes for the reads.
fn seen(link: &Link<'_>, reads: &[SyntheticEvent]) -> Seen {
    let name = &link.alarm.alarm_name;
    let mut all = Verdict::yes("");
    let mut series = None;
    for read in reads {
        let emission = match alarm::emission(link.filter, &read.event) {
            Ok(emission) => emission,
            Err(verdict) => {
                all = all.and(verdict);
                continue;
            }
        };
        match alarm::binding(link.alarm, &emission, &link.holder.id) {
            Binding::Watches(watched) => series = Some((watched, emission.value, emission.default)),
            Binding::Not => {
                all = all.and(Verdict::no(format!(
                    "alarm `{name}` watches another metric than the one that metric filter `{}` publishes",
                    link.filter.filter_name
                )));
            }
            Binding::Unknown(why) => all = all.and(Verdict::unknown(why)),
        }
    }
    (all, series)
}

/// Whether a burst raises the alarm. Without a series that is understood nothing is known.
fn detects(link: &Link<'_>, watched: Option<(Series, f64, Option<f64>)>) -> (Verdict, Option<Burst>) {
    let name = &link.alarm.alarm_name;
    match watched {
        None => (Verdict::unknown(format!("what alarm `{name}` watches is not understood")), None),
        Some((series, value, default)) => match alarm::burst(link.alarm, &series, value, default) {
            Ok(burst) => (burst.verdict(name), Some(burst)),
            Err(verdict) => (verdict, None),
        },
    }
}

fn evidence(link: &Link<'_>) -> Vec<Evidence> {
    vec![
        Evidence::new(
            "logs:DescribeMetricFilters",
            link.log_group,
            "/metricFilters/filterPattern",
            json!(link.filter.filter_pattern),
        ),
        Evidence::new(
            "cloudwatch:DescribeAlarms",
            &link.alarm.alarm_arn,
            "/MetricAlarms",
            json!({
                "Threshold": link.alarm.threshold,
                "ComparisonOperator": link.alarm.comparison_operator,
                "EvaluationPeriods": link.alarm.evaluation_periods,
            }),
        ),
    ]
}

impl Chain {
    /// The chain as policy code sees it.
    #[must_use]
    pub fn facts(&self) -> BulkDownloadAlarm {
        let mut covers = Verdict::yes(format!("metric filter `{}` counts every read", self.filter));
        for (bucket, verdict) in self.buckets.iter().zip(&self.per_bucket) {
            let mut verdict = verdict.clone();
            if !verdict.value.is_yes() {
                verdict.reason = format!("bucket `{bucket}`: {}", verdict.reason);
            } else {
                verdict.reason = String::new();
            }
            covers = covers.and(verdict);
            if covers.value.is_no() {
                break;
            }
        }
        BulkDownloadAlarm {
            alarm: self.alarm.clone(),
            region: self.region.clone(),
            log_group: self.log_group.clone(),
            filter: self.filter.clone(),
            covers_bucket_reads: Fact::from(covers).with_all(self.evidence.iter().cloned()),
            detects: Fact::from(self.detects.clone()),
            smallest_burst: self.burst.as_ref().map_or(0, |burst| burst.guaranteed),
            unseen_per_day: self.burst.as_ref().map_or(0.0, |burst| burst.unseen_per_day),
            seconds_to_alarm: self.burst.as_ref().map_or(0, |burst| burst.seconds_to_alarm),
            reaches_someone: self.reaches.clone(),
        }
    }

    /// Whether the chain works for one bucket.
    fn works_for(&self, bucket: usize) -> Tri {
        let covers = self.per_bucket.get(bucket).map_or(Tri::No, |verdict| verdict.value);
        covers.and(self.detects.value).and(self.reaches.holds)
    }
}

/// Several chains that cover the buckets only together (one filter per bucket) stand as one more chain, with the worst
/// numbers of the best chain of each bucket. None if a single chain is all there is, or if a bucket is surely left out.
pub fn together(chains: &[Chain]) -> Option<BulkDownloadAlarm> {
    let first = chains.first().filter(|_| chains.len() > 1)?;
    let (mut all, mut burst, mut seconds, mut unseen) = (Tri::Yes, 0, 0, 0.0_f64);
    let mut used: Vec<&Chain> = Vec::new();
    for bucket in 0..first.buckets.len() {
        let works = Tri::any(chains.iter().map(|chain| chain.works_for(bucket)));
        all = all.and(works);
        if all.is_no() {
            return None;
        }
        let candidates = chains.iter().filter(|chain| chain.works_for(bucket) == works);
        let best = candidates.min_by_key(|chain| chain.burst.as_ref().map_or(0, |burst| burst.guaranteed))?;
        if let Some(found) = &best.burst {
            burst = burst.max(found.guaranteed);
            seconds = seconds.max(found.seconds_to_alarm);
            unseen = unseen.max(found.unseen_per_day);
        }
        if !used.iter().any(|chain| std::ptr::eq(*chain, best)) {
            used.push(best);
        }
    }
    if used.len() < 2 {
        return None;
    }
    let join = |part: fn(&Chain) -> &str| {
        let mut names: Vec<&str> = used.iter().map(|chain| part(chain)).collect();
        names.sort_unstable();
        names.dedup();
        names.join(" + ")
    };
    let reason = if all.is_yes() {
        "the alarms together cover every bucket"
    } else {
        "whether the alarms together cover every bucket is not known"
    };
    let evidence = used.iter().flat_map(|chain| chain.evidence.iter().cloned());
    Some(BulkDownloadAlarm {
        alarm: join(|chain| &chain.alarm),
        region: join(|chain| &chain.region),
        log_group: join(|chain| &chain.log_group),
        filter: join(|chain| &chain.filter),
        covers_bucket_reads: Fact::new(all, reason).with_all(evidence),
        detects: Fact::new(Tri::Yes, "each of the alarms is raised by a burst"),
        smallest_burst: burst,
        unseen_per_day: unseen,
        seconds_to_alarm: seconds,
        reaches_someone: Fact::new(Tri::Yes, "each of the alarms reaches a person"),
    })
}
