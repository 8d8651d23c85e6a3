//! From one CloudTrail record to the alarms that it raises and to the people who hear of them.

use serde_json::{Value, json};

use super::super::context::{CoveringTrail, known_or_clause, owner_of, region_of};
use super::super::fact::{Evidence, Fact};
use super::{Alerting, looks_at, people, publishes_for, reaches_log_group, standard_class};
use crate::semantics::alarm::{self, Binding, Burst};
use crate::semantics::configuration::{MetricAlarm, MetricFilter};
use crate::semantics::event_selectors;
use crate::semantics::filter_pattern::FilterPattern;
use crate::semantics::iam::any_bucket::LooksAt;
use crate::semantics::verdict::Verdict;
use crate::snapshot::AccountSnapshot;

/// The log groups of an account's trails with their filters and alarms, compiled once and asked for many records.
#[derive(Debug)]
pub struct RecordAlarms<'a> {
    groups: Vec<Group<'a>>,
    /// Parts that could not be read and may hide an alarm.
    unread: Vec<String>,
}

#[derive(Debug)]
struct Group<'a> {
    arn: &'a str,
    holder: &'a AccountSnapshot,
    usable: Verdict,
    trails: Vec<(CoveringTrail<'a>, Verdict)>,
    /// What of the name of a record's bucket decides whether a trail delivers the record.
    looks_at: Vec<LooksAt>,
    pairs: Vec<Pair<'a>>,
}

/// A filter and an alarm on its metric.
#[derive(Debug)]
struct Pair<'a> {
    filter: &'a MetricFilter,
    pattern: Result<FilterPattern, String>,
    alarm: &'a MetricAlarm,
    reaches: Fact,
}

/// What an alarm makes of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmPath {
    /// The alarm's name.
    pub alarm: String,
    /// The metric filter's name.
    pub filter: String,
    /// The log group's name.
    pub log_group: String,
    /// Whether the record arrives, is counted, and is what the alarm watches.
    pub watched: Verdict,
    /// What raises the alarm, if it is known.
    pub burst: Result<Burst, Verdict>,
    /// Whether a person hears of it.
    pub reaches: Fact,
}

impl AlarmPath {
    /// What was read of it.
    #[must_use]
    pub fn evidence(&self) -> Vec<Evidence> {
        let filter = Evidence::new(
            "logs:DescribeMetricFilters",
            &self.log_group,
            "/metricFilters",
            json!(self.filter),
        );
        let alarm =
            Evidence::new("cloudwatch:DescribeAlarms", &self.alarm, "/MetricAlarms", json!(self.alarm));
        [filter, alarm].into_iter().chain(self.reaches.evidence.iter().cloned()).collect()
    }

    /// Whether so many of these records, in a burst, raise the alarm.
    #[must_use]
    pub fn raised_by(&self, records: u64) -> Verdict {
        let raised = match &self.burst {
            Err(verdict) => verdict.clone(),
            Ok(burst) if burst.guaranteed <= records => {
                let below = match burst.unseen_per_day {
                    unseen if unseen < 1.0 => String::new(),
                    unseen => format!("; up to {unseen:.0} a day stay below it"),
                };
                Verdict::yes(format!(
                    "alarm `{}` needs {} of them and goes off within {} s{below}",
                    self.alarm, burst.guaranteed, burst.seconds_to_alarm
                ))
            }
            Ok(burst) => Verdict::no(format!("alarm `{}` needs {} of them", self.alarm, burst.guaranteed)),
        };
        self.watched.clone().and(raised)
    }

    /// Whether these records raise the alarm although the thief spreads them evenly so that they do not: only an alarm that
    /// any single one raises.
    #[must_use]
    pub fn raised_by_drip(&self) -> Verdict {
        let raised = match &self.burst {
            Err(verdict) => verdict.clone(),
            Ok(burst) if burst.unseen_per_day < 1.0 => {
                Verdict::yes(format!("alarm `{}` goes off with the first", self.alarm))
            }
            Ok(burst) => Verdict::no(format!(
                "alarm `{}` never goes off while there are at most {:.0} a day",
                self.alarm, burst.unseen_per_day
            )),
        };
        self.watched.clone().and(raised)
    }
}

impl<'a> RecordAlarms<'a> {
    /// Compiles what the account's records pass through.
    #[must_use]
    pub fn of(alerting: &Alerting<'a>) -> Self {
        let mut unread = alerting.unread.clone();
        let mut groups = Vec::new();
        for (arn, trails) in &alerting.log_groups {
            match group(alerting, arn, trails) {
                Ok(Some(group)) => groups.push(group),
                Ok(None) => {}
                Err(why) => unread.push(why),
            }
        }
        Self { groups, unread }
    }

    /// What the alarms make of a record that was written in `region`, and what might hide further alarms.
    #[must_use]
    pub fn paths(&self, record: &Value, region: &str) -> (Vec<AlarmPath>, &[String]) {
        let mut paths = Vec::new();
        for group in &self.groups {
            let delivered = group.delivered(record, region);
            if delivered.value.is_no() {
                continue;
            }
            paths.extend(group.pairs.iter().filter_map(|pair| group.path(pair, record, &delivered)));
        }
        (paths, &self.unread)
    }
}

impl RecordAlarms<'_> {
    /// Whether what the alarms make of a record that arrives may depend on these of its properties, which name its bucket.
    #[must_use]
    pub fn look_at(&self, properties: &[&str]) -> bool {
        self.groups.iter().flat_map(|group| &group.pairs).any(|pair| {
            pair.pattern.as_ref().is_ok_and(|pattern| pattern.reads(properties))
                || alarm::publishes_of(pair.filter, properties)
        })
    }

    /// Whether a record about a bucket of this name may arrive in a log group otherwise than one about
    /// [`ANY_BUCKET`](crate::semantics::iam::any_bucket::ANY_BUCKET).
    #[must_use]
    pub fn tell_apart(&self, name: &str) -> bool {
        self.groups.iter().flat_map(|group| &group.looks_at).any(|looks_at| looks_at.tells_apart(name))
    }
}

fn group<'a>(
    alerting: &Alerting<'a>,
    arn: &'a str,
    trails: &[CoveringTrail<'a>],
) -> Result<Option<Group<'a>>, String> {
    let owner = owner_of(arn);
    let Some(holder) = alerting.context.other(owner, alerting.account) else {
        return Err(format!("log group `{arn}` belongs to account {owner}, which was not read"));
    };
    let group = holder.log_groups.get(arn).ok_or_else(|| format!("log group `{arn}` was not read"))?;
    let usable = standard_class(arn, group);
    if usable.value.is_no() {
        return Ok(None);
    }
    let filters = known_or_clause(&group.metric_filters)?;
    if filters.is_empty() {
        return Ok(None);
    }
    let region = region_of(arn);
    let Some(alarms) = holder.alarms.get(region) else {
        return Err(format!("the alarms of account {owner} in {region} were not read"));
    };
    let alarms = known_or_clause(&alarms.alarms)?;
    let mut pairs = Vec::new();
    for filter in filters {
        for alarm in alarms.metric.iter().filter(|alarm| publishes_for(filter, alarm)) {
            let pattern = FilterPattern::parse(&filter.filter_pattern).map_err(|error| error.to_string());
            pairs.push(Pair { filter, pattern, alarm, reaches: people::reached(holder, alarm, region) });
        }
    }
    let looks_at = looks_at(trails);
    let trails = trails.iter().map(|covering| (*covering, arrives(covering))).collect();
    Ok(Some(Group { arn, holder, usable, trails, looks_at, pairs }))
}

/// A yes in one clause instead of one for each link.
fn told(verdict: Verdict, reason: &str) -> Verdict {
    if verdict.value.is_yes() { Verdict { reason: reason.to_owned(), ..verdict } } else { verdict }
}

/// Whether what a trail logs arrives in its log group.
fn arrives(covering: &CoveringTrail<'_>) -> Verdict {
    match covering.details {
        None => Verdict::unknown(format!(
            "trail `{}` belongs to account {}, which was not read",
            covering.trail.name,
            owner_of(&covering.trail.arn)
        )),
        Some(details) => reaches_log_group(covering.trail, details),
    }
}

impl Group<'_> {
    fn delivered(&self, record: &Value, region: &str) -> Verdict {
        let mut any = Verdict::no("no trail sends it to a log group");
        for (covering, arrives) in &self.trails {
            if !covering.trail.multi_region && covering.trail.home_region != region {
                continue;
            }
            let selected = match covering.details.map(|details| known_or_clause(&details.selectors)) {
                None => Verdict::unknown("the trail's selectors were not read"),
                Some(Err(clause)) => Verdict::unknown(clause),
                Some(Ok(selectors)) => event_selectors::matches(selectors, record),
            };
            any = any.or(selected.and(arrives.clone()));
        }
        any
    }

    fn path(&self, pair: &Pair<'_>, record: &Value, delivered: &Verdict) -> Option<AlarmPath> {
        let name = &pair.filter.filter_name;
        let counted = match &pair.pattern {
            Err(error) => {
                Verdict::unknown(format!("the pattern of metric filter `{name}` cannot be read: {error}"))
            }
            Ok(pattern) => pattern.matches_event(record),
        };
        if counted.value.is_no() {
            return None;
        }
        let (bound, burst) = match alarm::emission(pair.filter, record) {
            Err(verdict) => (verdict.clone(), Err(verdict)),
            Ok(emission) => match alarm::binding(pair.alarm, &emission, &self.holder.id) {
                Binding::Not => return None,
                Binding::Unknown(why) => (Verdict::unknown(why.clone()), Err(Verdict::unknown(why))),
                Binding::Watches(series) => {
                    (Verdict::yes(""), alarm::burst(pair.alarm, &series, emission.value, emission.default))
                }
            },
        };
        if bound.value.is_no() {
            return None;
        }
        let log_group = self.arn.splitn(7, ':').nth(6).unwrap_or(self.arn).trim_end_matches(":*");
        Some(AlarmPath {
            alarm: pair.alarm.alarm_name.clone(),
            filter: name.clone(),
            log_group: log_group.to_owned(),
            watched: told(
                delivered.clone().and(self.usable.clone()).and(counted).and(bound),
                &format!("metric filter `{name}` of log group `{log_group}` counts it"),
            ),
            burst,
            reaches: pair.reaches.clone(),
        })
    }
}
