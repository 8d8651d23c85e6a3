//! Which burst of events surely raises an alarm (`aws-semantics.md` 5.5 and 5.6).
//!
//! A burst is a number of events within a time that is short against the alarm's period. It may straddle the end of a
//! period, so its larger part alone must be enough. An alarm that wants several data points to breach is not surely
//! raised by any such burst: the thief is gone before the second one.

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
    /// Seconds from the burst to the alarm at worst: the rest of the period, and a minute for the evaluation.
    pub seconds_to_alarm: u64,
    /// How many events a day never raise the alarm if they come evenly.
    pub unseen_per_day: f64,
    /// Whether the alarm's window is longer than a day, whose limit is not documented
    /// ([A-13](crate::semantics::verdict::Assumption)).
    pub beyond_documented_window: bool,
}

/// Time from the end of a period to the alarm's state.
const EVALUATION_SECONDS: u64 = 60;
/// The longest window of an alarm with periods below an hour, in seconds.
const DAY: u64 = 86_400;
/// Events in a burst beyond which an alarm is no alarm.
const MAX_EVENTS: f64 = 1e12;

/// What it takes to raise `alarm` by events that each publish `value`.
///
/// # Errors
/// The verdict why no burst surely does.
pub fn burst(
    alarm: &MetricAlarm,
    series: &Series,
    value: f64,
    default: Option<f64>,
) -> Result<Burst, Verdict> {
    let name = &alarm.alarm_name;
    let above = comparison(alarm)?;
    let threshold = alarm
        .threshold
        .ok_or_else(|| Verdict::unknown(format!("alarm `{name}` has no threshold that is understood")))?;
    if alarm.evaluation_state.as_deref() == Some("EVALUATION_ERROR") {
        return Err(Verdict::no(format!("alarm `{name}` cannot be evaluated by CloudWatch")));
    }
    at_rest(alarm, series, above, threshold, default)?;
    let wanted = alarm.datapoints_to_alarm.unwrap_or(alarm.evaluation_periods).max(1);
    if wanted > 1 {
        return Err(Verdict::no(format!(
            "alarm `{name}` wants {wanted} data points to breach, so no burst within one period of {} s raises it",
            series.period
        )));
    }
    let in_one_period = least_events(alarm, series, above, threshold, value, default)?;
    let period = u64::from(series.period);
    let window = period.saturating_mul(u64::from(alarm.evaluation_periods.max(1)));
    // Where one event is enough it cannot be divided.
    let guaranteed = in_one_period.saturating_mul(2).saturating_sub(1);
    Ok(Burst {
        in_one_period,
        guaranteed,
        seconds_to_alarm: period.saturating_add(EVALUATION_SECONDS),
        unseen_per_day: (in_one_period.saturating_sub(1)) as f64 * (DAY as f64 / f64::from(series.period)),
        beyond_documented_window: window > DAY,
    })
}

impl Burst {
    /// The statement that the burst raises the alarm.
    #[must_use]
    pub fn verdict(&self, alarm: &str) -> Verdict {
        let verdict =
            Verdict::yes(format!("a burst of {} reads surely raises alarm `{alarm}`", self.guaranteed));
        if self.beyond_documented_window { verdict.assuming(Assumption(13)) } else { verdict }
    }
}

/// Whether a point breaches above the threshold (false) or also at it (true).
fn comparison(alarm: &MetricAlarm) -> Result<bool, Verdict> {
    let name = &alarm.alarm_name;
    if alarm.threshold_metric_id.is_some() {
        return Err(Verdict::unknown(format!("alarm `{name}` compares with a learned band")));
    }
    match alarm.comparison_operator.as_str() {
        "GreaterThanThreshold" => Ok(false),
        "GreaterThanOrEqualToThreshold" => Ok(true),
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
    let rest = shaped(series.shape, default.unwrap_or(0.0));
    let data_at_rest = default.is_some() || matches!(series.shape, Shape::Above { .. });
    if data_at_rest && breaches(rest, inclusive, threshold) {
        return Err(Verdict::no(format!(
            "alarm `{name}` is raised without any event, and so never acts again"
        )));
    }
    if alarm.treat_missing_data.as_deref() == Some("breaching") {
        return Err(if default.is_none() {
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
        Statistic::Minimum | Statistic::Average | Statistic::Between => match default {
            _ if !breaches_at(value) => Err(never()),
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::semantics::verdict::Tri;

    fn alarm(operator: &str, threshold: f64) -> MetricAlarm {
        MetricAlarm {
            alarm_name: "bulk".into(),
            comparison_operator: operator.into(),
            threshold: Some(threshold),
            evaluation_periods: 1,
            ..MetricAlarm::default()
        }
    }

    fn series(statistic: Statistic, period: u32) -> Series {
        Series { period, statistic, shape: Shape::Times(1.0) }
    }

    fn above(threshold: f64, statistic: Statistic) -> Result<u64, Tri> {
        burst(&alarm("GreaterThanThreshold", threshold), &series(statistic, 300), 1.0, None)
            .map(|burst| burst.in_one_period)
            .map_err(|verdict| verdict.value)
    }

    #[test]
    fn a_sum_counts_events() {
        assert_eq!(above(1000.0, Statistic::Sum), Ok(1001));
        let at =
            burst(&alarm("GreaterThanOrEqualToThreshold", 100.0), &series(Statistic::Sum, 300), 1.0, None);
        let at = at.map(|burst| (burst.in_one_period, burst.guaranteed, burst.seconds_to_alarm));
        assert_eq!(at, Ok((100, 199, 360)));
    }

    #[test]
    fn the_example_of_the_reference_holds() {
        // Sum > 1000 per 3600 s: 1001 in one period, 24,000 a day undetected.
        let burst = burst(&alarm("GreaterThanThreshold", 1000.0), &series(Statistic::Sum, 3600), 1.0, None);
        assert_eq!(burst.as_ref().map(|burst| burst.in_one_period), Ok(1001));
        assert_eq!(burst.map(|burst| burst.unseen_per_day), Ok(24_000.0));
    }

    #[test]
    fn averages_and_extremes_of_a_count_never_reach_a_threshold() {
        for statistic in [Statistic::Average, Statistic::Minimum, Statistic::Maximum, Statistic::Between] {
            assert_eq!(above(100.0, statistic), Err(Tri::No), "{statistic:?}");
            assert_eq!(above(0.0, statistic), Ok(1), "{statistic:?}");
        }
        let diluted =
            burst(&alarm("GreaterThanThreshold", 0.5), &series(Statistic::Average, 300), 1.0, Some(0.0));
        assert_eq!(diluted.map_err(|verdict| verdict.value), Err(Tri::Unknown));
    }

    #[test]
    fn an_alarm_on_few_events_is_not_raised_by_many() {
        let low = burst(&alarm("LessThanThreshold", 5.0), &series(Statistic::Sum, 300), 1.0, None);
        assert_eq!(low.map_err(|verdict| verdict.value), Err(Tri::No));
    }

    #[test]
    fn several_data_points_are_not_surely_reached_by_a_burst() {
        let slow = MetricAlarm { evaluation_periods: 3, ..alarm("GreaterThanThreshold", 10.0) };
        assert_eq!(burst(&slow, &series(Statistic::Sum, 300), 1.0, None).map_err(|v| v.value), Err(Tri::No));
        let one_of_three = MetricAlarm { datapoints_to_alarm: Some(1), ..slow };
        assert!(burst(&one_of_three, &series(Statistic::Sum, 300), 1.0, None).is_ok());
    }

    #[test]
    fn an_alarm_that_is_always_raised_does_not_act() {
        let always = alarm("GreaterThanOrEqualToThreshold", 0.0);
        let with_default = burst(&always, &series(Statistic::Sum, 300), 1.0, Some(0.0));
        assert_eq!(with_default.map_err(|verdict| verdict.value), Err(Tri::No));
        let missing = MetricAlarm {
            treat_missing_data: Some("breaching".into()),
            ..alarm("GreaterThanThreshold", 10.0)
        };
        let raised = burst(&missing, &series(Statistic::Sum, 300), 1.0, None);
        assert_eq!(raised.map_err(|verdict| verdict.value), Err(Tri::No));
    }

    #[test]
    fn a_learned_band_is_unknown() {
        let band = MetricAlarm {
            threshold_metric_id: Some("ad1".into()),
            ..alarm("GreaterThanUpperThreshold", 0.0)
        };
        assert_eq!(
            burst(&band, &series(Statistic::Sum, 300), 1.0, None).map_err(|v| v.value),
            Err(Tri::Unknown)
        );
    }

    #[test]
    fn an_indicator_is_raised_by_its_own_bound() {
        let series =
            Series { shape: Shape::Above { bound: 50.0, inclusive: false }, ..series(Statistic::Sum, 60) };
        let raised = burst(&alarm("GreaterThanOrEqualToThreshold", 1.0), &series, 1.0, None);
        assert_eq!(raised.map(|burst| burst.in_one_period), Ok(51));
        let never = burst(&alarm("GreaterThanThreshold", 1.0), &series, 1.0, None);
        assert_eq!(never.map_err(|verdict| verdict.value), Err(Tri::No));
    }

    #[test]
    fn a_threshold_that_nobody_reaches_is_no_alarm() {
        assert_eq!(above(1e15, Statistic::Sum), Err(Tri::No));
    }

    proptest! {
        /// However a burst of the guaranteed size falls into two periods, one of them breaches; one event less may miss.
        #[test]
        fn the_guaranteed_burst_is_exact(threshold in 0.0..5000.0_f64, inclusive: bool, value in 1.0..9.0_f64) {
            let operator = if inclusive { "GreaterThanOrEqualToThreshold" } else { "GreaterThanThreshold" };
            let raised = burst(&alarm(operator, threshold), &series(Statistic::Sum, 60), value, None);
            if let Ok(raised) = raised {
                let breached = |events: u64| breaches(events as f64 * value, inclusive, threshold);
                for split in 0..=raised.guaranteed {
                    prop_assert!(breached(split) || breached(raised.guaranteed - split));
                }
                let less = raised.guaranteed - 1;
                let escapes = (0..=less).any(|split| !breached(split) && !breached(less - split));
                prop_assert!(escapes || raised.guaranteed == 1);
            }
        }

        #[test]
        fn a_lower_threshold_never_needs_a_larger_burst(a in 0.0..5000.0_f64, b in 0.0..5000.0_f64) {
            let needed = |threshold: f64| above(threshold, Statistic::Sum);
            if let (Ok(low), Ok(high)) = (needed(a.min(b)), needed(a.max(b))) {
                prop_assert!(low <= high);
            }
        }
    }
}
