//! Chains from a single call of the control plane to a person (`aws-semantics.md` 9, ALM-05): the trail that logs it, its
//! log group, a metric filter that counts it, an alarm that one such call raises, and whoever hears of that.

use std::cell::OnceCell;

use serde_json::{Value, json};

use super::people;
use super::{Alerting, publishes_for, reaches_log_group, standard_class};
use crate::facts::context::{CoveringTrail, known_or_clause, owner_of, region_of};
use crate::facts::fact::{Evidence, Fact};
use crate::semantics::alarm::{self, Binding};
use crate::semantics::configuration::{MetricAlarm, MetricFilter};
use crate::semantics::event_selectors;
use crate::semantics::filter_pattern::FilterPattern;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, LogGroup};

/// Every metric filter of a log group that the account's events reach, with an alarm that watches its metric.
#[derive(Debug)]
pub struct Wires<'a> {
    wires: Vec<Wire<'a>>,
    /// Parts that could not be read and may hide a wire, as clauses.
    unread: Vec<String>,
}

#[derive(Debug)]
struct Wire<'a> {
    holder: &'a AccountSnapshot,
    log_group: &'a str,
    trails: &'a [CoveringTrail<'a>],
    usable: Verdict,
    filter: &'a MetricFilter,
    pattern: Result<FilterPattern, String>,
    alarm: &'a MetricAlarm,
    /// Found out when first needed: it does not depend on the call.
    reaches: OnceCell<Fact>,
}

impl<'a> Wires<'a> {
    /// Finds them.
    #[must_use]
    pub fn of(alerting: &'a Alerting<'a>) -> Self {
        let mut all = Self { wires: Vec::new(), unread: alerting.unread_trails.clone() };
        for (arn, trails) in &alerting.log_groups {
            if let Err(why) = all.add(alerting, arn, trails) {
                all.unread.push(why);
            }
        }
        all
    }

    fn add(
        &mut self,
        alerting: &'a Alerting<'a>,
        arn: &'a str,
        trails: &'a [CoveringTrail<'a>],
    ) -> Result<(), String> {
        let owner = owner_of(arn);
        let Some(holder) = alerting.context.other(owner, alerting.account) else {
            return Err(format!("log group `{arn}` belongs to account {owner}, which was not read"));
        };
        let group: &LogGroup =
            holder.log_groups.get(arn).ok_or_else(|| format!("log group `{arn}` was not read"))?;
        let usable = standard_class(arn, group);
        if usable.value.is_no() {
            return Ok(());
        }
        let filters = known_or_clause(&group.metric_filters)?;
        if filters.is_empty() {
            return Ok(());
        }
        let region = region_of(arn);
        let Some(alarms) = holder.alarms.get(region) else {
            return Err(format!("the alarms of account {owner} in {region} were not read"));
        };
        let alarms = known_or_clause(&alarms.alarms)?;
        for filter in filters {
            for alarm in alarms.metric.iter().filter(|alarm| publishes_for(filter, alarm)) {
                self.wires.push(Wire {
                    holder,
                    log_group: arn,
                    trails,
                    usable: usable.clone(),
                    filter,
                    pattern: FilterPattern::parse(&filter.filter_pattern).map_err(|error| {
                        format!(
                            "the pattern of metric filter `{}` cannot be read: {error}",
                            filter.filter_name
                        )
                    }),
                    alarm,
                    reaches: OnceCell::new(),
                });
            }
        }
        Ok(())
    }

    /// Whether a call that is recorded like each of `records` in `region` raises an alarm of which a person hears.
    #[must_use]
    pub fn alarmed(&self, records: &[Value], region: &str) -> Fact {
        let mut furthest = (0, Fact::new(Tri::No, "no metric filter with an alarm counts it"));
        let mut doubt = self.unread.first().map(|why| Fact::new(Tri::Unknown, why.clone()));
        for wire in &self.wires {
            let (stage, fact) = wire.alarmed(records, region);
            match fact.holds {
                Tri::Yes => return fact.with(wire.evidence()),
                Tri::Unknown => doubt = doubt.or(Some(fact)),
                Tri::No if stage > furthest.0 => furthest = (stage, fact.with(wire.evidence())),
                Tri::No => {}
            }
        }
        doubt.unwrap_or(furthest.1)
    }

    /// Whether some filter's pattern may depend on which bucket a call is about.
    #[must_use]
    pub fn ask_for_bucket(&self) -> bool {
        self.wires.iter().any(|wire| may_ask_for_bucket(&wire.filter.filter_pattern))
    }
}

/// Whether a metric filter's or a rule's pattern may depend on which bucket a call is about: it names a field that has it,
/// or is no JSON pattern.
#[must_use]
pub fn may_ask_for_bucket(pattern: &str) -> bool {
    let json = pattern.trim_start().starts_with('{');
    !json || ["requestParameters", "resources", "\\", "*."].iter().any(|part| pattern.contains(part))
}

impl Wire<'_> {
    /// How far the chain holds (the number of links), and the fact.
    fn alarmed(&self, records: &[Value], region: &str) -> (u8, Fact) {
        let links: [&dyn Fn() -> Fact; 4] = [
            &|| each(records, |record| self.counted(record)).into(),
            &|| each(records, |record| self.delivered(record, region)).into(),
            &|| each(records, |record| self.raised(record)).into(),
            &|| self.reaches.get_or_init(|| self.reached()).clone(),
        ];
        let mut doubt: Option<Fact> = None;
        let mut assumptions = Vec::new();
        let mut last = Fact::new(Tri::Yes, "");
        for (stage, link) in (0..).zip(links) {
            last = link();
            match last.holds {
                Tri::No => return (stage, last),
                Tri::Unknown => doubt = doubt.or(Some(last.clone())),
                Tri::Yes => assumptions.append(&mut last.assumptions),
            }
        }
        assumptions.sort();
        assumptions.dedup();
        (4, doubt.unwrap_or(Fact { assumptions, ..last }))
    }

    fn counted(&self, record: &Value) -> Verdict {
        let name = &self.filter.filter_name;
        let pattern = match &self.pattern {
            Ok(pattern) => pattern,
            Err(why) => return Verdict::unknown(why.clone()),
        };
        let mut verdict = pattern.matches_event(record);
        verdict.reason = match verdict.value {
            Tri::Yes => String::new(),
            Tri::No => "no metric filter with an alarm counts it".to_owned(),
            Tri::Unknown => {
                format!("whether metric filter `{name}` counts it is not known: {}", verdict.reason)
            }
        };
        self.usable.clone().and(verdict)
    }

    /// Whether the record arrives in the log group.
    fn delivered(&self, record: &Value, region: &str) -> Verdict {
        let here = self.trails.iter().filter(|t| t.trail.multi_region || t.trail.home_region == region);
        here.map(|covering| selected(covering, record).and(logs_to_group(covering)))
            .reduce(Verdict::or)
            .unwrap_or_else(|| {
                Verdict::no(format!("no trail brings events of {region} to log group `{}`", self.log_group))
            })
    }

    /// Whether one such event raises the alarm.
    fn raised(&self, record: &Value) -> Verdict {
        let name = &self.alarm.alarm_name;
        let emission = match alarm::emission(self.filter, record) {
            Ok(emission) => emission,
            Err(verdict) => return verdict,
        };
        let series = match alarm::binding(self.alarm, &emission, &self.holder.id) {
            Binding::Watches(series) => series,
            Binding::Unknown(why) => return Verdict::unknown(why),
            Binding::Not => {
                return Verdict::no(format!(
                    "alarm `{name}` watches another metric than the one that metric filter `{}` publishes",
                    self.filter.filter_name
                ));
            }
        };
        match alarm::burst(self.alarm, &series, emission.value, emission.default) {
            Err(verdict) => verdict,
            Ok(burst) if burst.guaranteed > 1 => Verdict::no(format!(
                "alarm `{name}` is surely raised only by {} such calls, not by one",
                burst.guaranteed
            )),
            Ok(burst) => {
                let mut verdict = burst.verdict(name);
                verdict.reason = String::new();
                verdict
            }
        }
    }

    fn reached(&self) -> Fact {
        people::reached(self.holder, self.alarm, region_of(self.log_group))
    }

    fn evidence(&self) -> Evidence {
        Evidence::new(
            "logs:DescribeMetricFilters",
            self.log_group,
            "/metricFilters/filterPattern",
            json!(self.filter.filter_pattern),
        )
    }
}

fn each(records: &[Value], judge: impl Fn(&Value) -> Verdict) -> Verdict {
    records.iter().map(judge).reduce(Verdict::and).unwrap_or_else(|| Verdict::unknown("nothing was asked"))
}

/// Whether a trail selects a record.
pub fn selected(covering: &CoveringTrail<'_>, record: &Value) -> Verdict {
    let name = &covering.trail.name;
    let Some(details) = covering.details else { return unread(covering) };
    match known_or_clause(&details.selectors) {
        Err(clause) => Verdict::unknown(clause),
        Ok(selectors) => {
            let mut verdict = event_selectors::matches(selectors, record);
            verdict.reason = match verdict.value {
                Tri::Yes => String::new(),
                Tri::No => format!("trail `{name}` does not log it"),
                Tri::Unknown => {
                    format!("whether trail `{name}` logs it is not known: {}", verdict.reason)
                }
            };
            verdict
        }
    }
}

fn logs_to_group(covering: &CoveringTrail<'_>) -> Verdict {
    covering.details.map_or_else(|| unread(covering), |details| reaches_log_group(covering.trail, details))
}

fn unread(covering: &CoveringTrail<'_>) -> Verdict {
    Verdict::unknown(format!(
        "trail `{}` belongs to account {}, which was not read",
        covering.trail.name,
        owner_of(&covering.trail.arn)
    ))
}
