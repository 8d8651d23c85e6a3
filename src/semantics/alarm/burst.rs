//! Which burst of events surely raises an alarm (`aws-semantics.md` 5.5 and 5.6).
//!
//! CloudWatch's periods do not wait for a thief: a burst that lasts longer than an instant may straddle the end of a
//! period, and one that lasts longer than a period is spread over several. [`burst_within`] takes the worst spread, so
//! that what it promises holds for any thief; [`sustained`] takes an even one, which is what a plain copy of a bucket
//! looks like. An alarm that wants several data points to breach is not surely raised by the former, whose first period
//! may take all of it, but by the latter.

use super::binding::{Series, Statistic};
use super::expression::Shape;
use crate::semantics::configuration::MetricAlarm;
use crate::semantics::verdict::{Assumption, Verdict};

/// What it takes to raise an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Burst {
    /// The least number of events in one period that breaches.
    pub in_one_period: u64,
    /// The least number of events, wherever they fall, that surely raises the alarm.
    pub guaranteed: u64,
    /// Seconds at worst from the event that makes the (first) point breach to the alarm: the rest of its period, the
    /// further periods that must breach, and a minute for the evaluation. The log's own delay is not in it.
    pub seconds_to_alarm: u64,
    /// How many events a day never raise the alarm if they come evenly.
    pub unseen_per_day: f64,
    /// Whether the alarm's window is longer than a day, whose limit is not documented
    /// ([A-13](crate::semantics::verdict::Assumption)).
    pub beyond_documented_window: bool,
}

/// Time from the end of a period to the alarm's state.
const EVALUATION_SECONDS: u64 = 60;
/// A metric filter publishes for whole minutes.
const MINUTE: u32 = 60;
/// From this period on an alarm's window may be a week, else a day.
const HOUR: u32 = 3600;
/// The longest window of an alarm with periods below an hour, in seconds.
const DAY: u64 = 86_400;
/// Events in a burst beyond which an alarm is no alarm.
const MAX_EVENTS: f64 = 1e12;

/// What it takes to raise `alarm` by events that each publish `value` and come within a time that is short against the
/// alarm's period.
///
/// # Errors
/// The verdict why no burst surely does.
pub fn burst(
    alarm: &MetricAlarm,
    series: &Series,
    value: f64,
    default: Option<f64>,
) -> Result<Burst, Verdict> {
    // The shortest time in which a burst can straddle the end of a period.
    burst_within(alarm, series, value, default, 1)
}

/// What it takes to raise `alarm` by events that each publish `value`, however they are spread over `seconds` (the time
/// from the first to the last).
///
/// # Errors
/// The verdict why no burst surely does.
pub fn burst_within(
    alarm: &MetricAlarm,
    series: &Series,
    value: f64,
    default: Option<f64>,
    seconds: u64,
) -> Result<Burst, Verdict> {
    let bounds = Bounds::of(alarm, series, value, default)?;
    let Bounds { in_one_period, wanted, period, .. } = bounds;
    if wanted > 1 && !one_point_is_enough(alarm, series, default, in_one_period) {
        return Err(Verdict::no(format!(
            "alarm `{}` wants {wanted} data points to breach, so no burst within one period of {period} s raises it",
            alarm.alarm_name
        )));
    }
    // One event less in each of the periods that it can touch, and one more.
    let touched = seconds.div_ceil(period).saturating_add(1);
    let touched = if seconds == 0 { 1 } else { touched };
    let guaranteed = touched.saturating_mul(in_one_period.saturating_sub(1)).saturating_add(1);
    Ok(bounds.burst(guaranteed, wanted))
}

/// What it takes to raise `alarm` by events that each publish `value` and come evenly over `seconds`. A sufficient
/// number: by chance a smaller one may do.
///
/// # Errors
/// The verdict why no number of them surely does.
pub fn sustained(
    alarm: &MetricAlarm,
    series: &Series,
    value: f64,
    default: Option<f64>,
    seconds: u64,
) -> Result<Burst, Verdict> {
    let bounds = Bounds::of(alarm, series, value, default)?;
    let Bounds { in_one_period, wanted, period, .. } = bounds;
    // At worst a piece of a period lies at either end.
    let whole = (seconds / period).saturating_sub(1);
    if whole < wanted {
        return Err(Verdict::no(format!(
            "alarm `{}` wants {wanted} data points of {period} s to breach, more than surely lie within {seconds} s",
            alarm.alarm_name
        )));
    }
    let guaranteed = u128::from(in_one_period) * u128::from(seconds);
    let guaranteed = u64::try_from(guaranteed.div_ceil(u128::from(period))).unwrap_or(u64::MAX);
    Ok(bounds.burst(guaranteed, wanted.saturating_add(1)))
}

/// What holds of an alarm however a burst is spread.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    in_one_period: u64,
    /// How many points must breach.
    wanted: u64,
    /// Seconds.
    period: u64,
    beyond_documented_window: bool,
}

impl Bounds {
    fn of(alarm: &MetricAlarm, series: &Series, value: f64, default: Option<f64>) -> Result<Self, Verdict> {
        let name = &alarm.alarm_name;
        evaluated(alarm)?;
        let inclusive = comparison(alarm, series)?;
        let threshold = alarm
            .threshold
            .ok_or_else(|| Verdict::unknown(format!("alarm `{name}` has no threshold that is understood")))?;
        let window = window(alarm, series)?;
        at_rest(alarm, series, inclusive, threshold, default)?;
        let in_one_period = least_events(alarm, series, inclusive, threshold, value, default)?;
        Ok(Self {
            in_one_period,
            wanted: u64::from(alarm.datapoints_to_alarm.unwrap_or(alarm.evaluation_periods)),
            period: u64::from(series.period),
            beyond_documented_window: window > DAY,
        })
    }

    fn burst(self, guaranteed: u64, periods: u64) -> Burst {
        Burst {
            in_one_period: self.in_one_period,
            guaranteed,
            seconds_to_alarm: self.period.saturating_mul(periods).saturating_add(EVALUATION_SECONDS),
            unseen_per_day: (self.in_one_period.saturating_sub(1)) as f64 * (DAY as f64 / self.period as f64),
            beyond_documented_window: self.beyond_documented_window,
        }
    }
}

/// Whether one breaching point raises an alarm that wants several. It does where every event breaches, so that no other
/// point can be there, and missing data are taken as missing: the alarm is raised once its oldest breaching point is as
/// old as the points that it wants, if all younger ones breach or are missing (CloudWatch user guide, *Configuring how
/// CloudWatch alarms treat missing data*).
fn one_point_is_enough(
    alarm: &MetricAlarm,
    series: &Series,
    default: Option<f64>,
    in_one_period: u64,
) -> bool {
    let missing = matches!(alarm.treat_missing_data.as_deref(), None | Some("missing"));
    in_one_period == 1 && default.is_none() && !series.filled && missing
}

/// Whether CloudWatch evaluates the alarm at all.
fn evaluated(alarm: &MetricAlarm) -> Result<(), Verdict> {
    let name = &alarm.alarm_name;
    match alarm.evaluation_state.as_deref() {
        None | Some("") => Ok(()),
        Some("EVALUATION_ERROR") => {
            Err(Verdict::no(format!("alarm `{name}` cannot be evaluated by CloudWatch")))
        }
        Some(other) => Err(Verdict::unknown(format!(
            "CloudWatch reports `{other}` for alarm `{name}`, so what it sees is not known"
        ))),
    }
}

/// The seconds that the alarm looks back.
fn window(alarm: &MetricAlarm, series: &Series) -> Result<u64, Verdict> {
    let name = &alarm.alarm_name;
    let (period, looked_at) = (series.period, alarm.evaluation_periods);
    if period == 0 || !period.is_multiple_of(MINUTE) {
        return Err(Verdict::unknown(format!(
            "alarm `{name}` asks for points of {period} s, and a metric filter publishes one per minute"
        )));
    }
    let wanted = alarm.datapoints_to_alarm.unwrap_or(looked_at);
    if wanted == 0 || wanted > looked_at {
        return Err(Verdict::unknown(format!(
            "alarm `{name}` wants {wanted} of {looked_at} data points to breach, which CloudWatch does not allow"
        )));
    }
    let window = u64::from(period).saturating_mul(u64::from(looked_at));
    let longest = if period < HOUR { DAY } else { 7 * DAY };
    if window > longest {
        return Err(Verdict::unknown(format!(
            "alarm `{name}` looks back {window} s, more than the {longest} s that CloudWatch allows"
        )));
    }
    Ok(window)
}

impl Burst {
    /// The statement that the burst raises the alarm.
    #[must_use]
    pub fn verdict(&self, alarm: &str) -> Verdict {
        let verdict = Verdict::yes(format!(
            "a burst of {} reads surely raises alarm `{alarm}`; {:.0} a day that come evenly never do",
            self.guaranteed, self.unseen_per_day
        ));
        if self.beyond_documented_window { verdict.assuming(Assumption(13)) } else { verdict }
    }
}

/// Whether a point breaches above the threshold (false) or also at it (true).
fn comparison(alarm: &MetricAlarm, series: &Series) -> Result<bool, Verdict> {
    let name = &alarm.alarm_name;
    if alarm.threshold_metric_id.is_some() {
        return Err(Verdict::unknown(format!("alarm `{name}` compares with a learned band")));
    }
    let falls = matches!(series.shape, Shape::Times(factor) if factor < 0.0);
    match alarm.comparison_operator.as_str() {
        "GreaterThanThreshold" => Ok(false),
        "GreaterThanOrEqualToThreshold" => Ok(true),
        "LessThanThreshold" | "LessThanOrEqualToThreshold" if falls => {
            Err(Verdict::unknown(format!("alarm `{name}` watches a metric times a negative number")))
        }
        "LessThanThreshold" | "LessThanOrEqualToThreshold" => {
            Err(Verdict::no(format!("alarm `{name}` is raised by few events, not by many")))
        }
        other => Err(Verdict::unknown(format!("alarm `{name}` compares by `{other}`"))),
    }
}

fn breaches(point: f64, inclusive: bool, threshold: f64) -> bool {
    if inclusive { point >= threshold } else { point > threshold }
}

fn shaped(shape: Shape, point: f64) -> f64 {
    match shape {
        Shape::Times(factor) => factor * point,
        Shape::Above { bound, inclusive } => f64::from(u8::from(breaches(point, inclusive, bound))),
        Shape::Independent => 0.0,
    }
}

/// An alarm that is in ALARM before the burst does not act again.
fn at_rest(
    alarm: &MetricAlarm,
    series: &Series,
    inclusive: bool,
    threshold: f64,
    default: Option<f64>,
) -> Result<(), Verdict> {
    let name = &alarm.alarm_name;
    let breaches_at = |point: f64| breaches(shaped(series.shape, point), inclusive, threshold);
    let raised =
        || Err(Verdict::no(format!("alarm `{name}` is raised without any event, and so never acts again")));
    if series.filled && breaches_at(0.0) {
        return raised();
    }
    if let Some(default) = default {
        // The default value is published for each minute in which other events come: one, or all of a period.
        let minutes = f64::from(series.period / MINUTE);
        let (least, most) = match series.statistic {
            Statistic::Sum => (default, default * minutes),
            Statistic::SampleCount => (1.0, minutes),
            _ => (default, default),
        };
        match (breaches_at(least), breaches_at(most)) {
            (true, true) => return raised(),
            (false, false) => {}
            _ => {
                return Err(Verdict::unknown(format!(
                    "alarm `{name}` may be raised without any event, by the default value {default} of each minute"
                )));
            }
        }
    }
    if alarm.treat_missing_data.as_deref() == Some("breaching") {
        return Err(if default.is_none() && !series.filled {
            Verdict::no(format!(
                "alarm `{name}` takes missing data as a breach, and so is raised before the burst"
            ))
        } else {
            Verdict::unknown(format!("alarm `{name}` takes missing data as a breach"))
        });
    }
    Ok(())
}

/// The least number of events in one period whose point breaches.
fn least_events(
    alarm: &MetricAlarm,
    series: &Series,
    inclusive: bool,
    threshold: f64,
    value: f64,
    default: Option<f64>,
) -> Result<u64, Verdict> {
    let name = &alarm.alarm_name;
    let never = || {
        Verdict::no(format!(
            "alarm `{name}` is not raised by any number of events: its {} of a count never reaches {threshold}",
            statistic_name(series.statistic)
        ))
    };
    let breaches_at = |point: f64| breaches(shaped(series.shape, point), inclusive, threshold);
    match series.statistic {
        Statistic::Sum if value <= 0.0 => Err(never()),
        Statistic::Sum if default.is_some_and(|default| default < 0.0) => {
            Err(Verdict::unknown(format!("alarm `{name}` watches a metric with a negative default value")))
        }
        Statistic::Sum => first(|events| breaches_at(events * value)).ok_or_else(never),
        Statistic::SampleCount if default.is_some() => Err(Verdict::unknown(format!(
            "alarm `{name}` counts samples, of which events that do not match publish some too"
        ))),
        Statistic::SampleCount => first(breaches_at).ok_or_else(never),
        Statistic::Maximum => {
            let largest = default.map_or(value, |default| default.max(value));
            if breaches_at(largest) { Ok(1) } else { Err(never()) }
        }
        Statistic::Minimum | Statistic::Average | Statistic::Between if !breaches_at(value) => Err(never()),
        Statistic::Between => Err(Verdict::unknown(format!(
            "whether alarm `{name}` takes the percentile of few events is not read"
        ))),
        Statistic::Minimum | Statistic::Average => match default {
            None => Ok(1),
            Some(default) if breaches_at(default) => Ok(1),
            Some(_) => Err(Verdict::unknown(format!(
                "alarm `{name}` takes the {} of events that match and others that do not",
                statistic_name(series.statistic)
            ))),
        },
    }
}

fn statistic_name(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Sum => "sum",
        Statistic::SampleCount => "sample count",
        Statistic::Maximum => "maximum",
        Statistic::Minimum => "minimum",
        Statistic::Average => "average",
        Statistic::Between => "percentile",
    }
}

/// The least whole number from 1 on for which a condition, once true, stays true.
fn first(holds: impl Fn(f64) -> bool) -> Option<u64> {
    if !holds(MAX_EVENTS) {
        return None;
    }
    let (mut below, mut at) = (0_u64, 1_u64);
    while !holds(at as f64) {
        below = at;
        at = at.saturating_mul(2);
    }
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if holds(middle as f64) { at = middle } else { below = middle }
    }
    Some(at)
}

#[cfg(test)]
mod tests;
