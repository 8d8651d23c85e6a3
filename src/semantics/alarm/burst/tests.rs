//! Tests of [`burst`](super), by examples and against a simulation of all alignments.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

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
    Series { period, statistic, shape: Shape::Times(1.0), filled: false }
}

fn above(threshold: f64, statistic: Statistic) -> Result<u64, Tri> {
    burst(&alarm("GreaterThanThreshold", threshold), &series(statistic, 300), 1.0, None)
        .map(|burst| burst.in_one_period)
        .map_err(|verdict| verdict.value)
}

#[test]
fn a_sum_counts_events() {
    assert_eq!(above(1000.0, Statistic::Sum), Ok(1001));
    let at = burst(&alarm("GreaterThanOrEqualToThreshold", 100.0), &series(Statistic::Sum, 300), 1.0, None);
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
    }
    for statistic in [Statistic::Average, Statistic::Minimum, Statistic::Maximum] {
        assert_eq!(above(0.0, statistic), Ok(1), "{statistic:?}");
    }
    assert_eq!(above(0.0, Statistic::Between), Err(Tri::Unknown));
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
    let missing =
        MetricAlarm { treat_missing_data: Some("breaching".into()), ..alarm("GreaterThanThreshold", 10.0) };
    let raised = burst(&missing, &series(Statistic::Sum, 300), 1.0, None);
    assert_eq!(raised.map_err(|verdict| verdict.value), Err(Tri::No));
}

#[test]
fn a_learned_band_is_unknown() {
    let band =
        MetricAlarm { threshold_metric_id: Some("ad1".into()), ..alarm("GreaterThanUpperThreshold", 0.0) };
    assert_eq!(burst(&band, &series(Statistic::Sum, 300), 1.0, None).map_err(|v| v.value), Err(Tri::Unknown));
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

fn verdict(result: Result<Burst, Verdict>) -> Tri {
    result.map_err(|verdict| verdict.value).unwrap_err()
}

fn sum_of(alarm: &MetricAlarm, period: u32) -> Result<Burst, Verdict> {
    burst(alarm, &series(Statistic::Sum, period), 1.0, None)
}

#[test]
fn one_event_that_breaches_cannot_be_divided() {
    let raised = sum_of(&alarm("GreaterThanThreshold", 0.0), 300).unwrap();
    assert_eq!((raised.in_one_period, raised.guaranteed, raised.unseen_per_day), (1, 1, 0.0));
}

#[test]
fn a_longer_burst_is_spread_over_more_periods() {
    let ten = alarm("GreaterThanOrEqualToThreshold", 10.0);
    let within = |seconds| {
        burst_within(&ten, &series(Statistic::Sum, 60), 1.0, None, seconds).map(|burst| burst.guaranteed)
    };
    assert_eq!(within(0), Ok(10));
    assert_eq!(within(1), Ok(19));
    assert_eq!(within(60), Ok(19));
    assert_eq!(within(61), Ok(28));
    assert_eq!(within(3600), Ok(61 * 9 + 1));
}

#[test]
fn a_sustained_download_raises_an_alarm_on_several_points() {
    let three = MetricAlarm { evaluation_periods: 3, ..alarm("GreaterThanOrEqualToThreshold", 10.0) };
    let over = |seconds| sustained(&three, &series(Statistic::Sum, 60), 1.0, None, seconds);
    assert_eq!(verdict(over(239)), Tri::No, "three whole minutes do not surely lie within it");
    let raised = over(240).unwrap();
    assert_eq!((raised.guaranteed, raised.seconds_to_alarm), (40, 300));
    assert_eq!(over(3600).map(|burst| burst.guaranteed), Ok(600));
}

#[test]
fn a_single_breach_among_missing_data_raises_an_alarm_on_several_points() {
    let two = |missing: Option<&str>| MetricAlarm {
        evaluation_periods: 2,
        treat_missing_data: missing.map(str::to_owned),
        ..alarm("GreaterThanOrEqualToThreshold", 1.0)
    };
    let raised = sum_of(&two(None), 300).unwrap();
    assert_eq!((raised.guaranteed, raised.seconds_to_alarm), (1, 660));
    assert!(sum_of(&two(Some("missing")), 300).is_ok());
    assert_eq!(verdict(sum_of(&two(Some("notBreaching")), 300)), Tri::No);
    assert_eq!(verdict(sum_of(&two(Some("ignore")), 300)), Tri::No);
    let with_default = burst(&two(None), &series(Statistic::Sum, 300), 1.0, Some(0.0));
    assert_eq!(verdict(with_default), Tri::No);
    let filled = Series { filled: true, ..series(Statistic::Sum, 300) };
    assert_eq!(verdict(burst(&two(None), &filled, 1.0, None)), Tri::No);
}

#[test]
fn points_below_a_minute_are_unknown() {
    for period in [0, 10, 30, 90] {
        assert_eq!(verdict(sum_of(&alarm("GreaterThanThreshold", 10.0), period)), Tri::Unknown, "{period}");
    }
}

#[test]
fn a_window_beyond_the_limit_is_unknown_and_one_beyond_a_day_rests_on_an_assumption() {
    let over = |period, evaluation_periods| {
        let long = MetricAlarm {
            evaluation_periods,
            datapoints_to_alarm: Some(1),
            ..alarm("GreaterThanThreshold", 10.0)
        };
        sum_of(&long, period).map(|burst| burst.verdict("bulk").assumptions.len()).map_err(|v| v.value)
    };
    assert_eq!(over(300, 288), Ok(0));
    assert_eq!(over(300, 289), Err(Tri::Unknown));
    assert_eq!(over(3600, 24), Ok(0));
    assert_eq!(over(3600, 25), Ok(1));
    assert_eq!(over(3600, 169), Err(Tri::Unknown));
    assert_eq!(over(u32::MAX - 15, u32::MAX), Err(Tri::Unknown));
}

#[test]
fn more_points_than_are_looked_at_or_none_at_all_are_unknown() {
    let with = |evaluation_periods, datapoints_to_alarm| {
        let odd =
            MetricAlarm { evaluation_periods, datapoints_to_alarm, ..alarm("GreaterThanThreshold", 1.0) };
        verdict(sum_of(&odd, 300))
    };
    assert_eq!(with(2, Some(3)), Tri::Unknown);
    assert_eq!(with(0, None), Tri::Unknown);
    assert_eq!(with(1, Some(0)), Tri::Unknown);
}

#[test]
fn an_alarm_that_cloudwatch_cannot_evaluate_is_dead_or_unknown() {
    let state = |state: &str| {
        let ill = MetricAlarm { evaluation_state: Some(state.into()), ..alarm("GreaterThanThreshold", 1.0) };
        sum_of(&ill, 300).map(|_| Tri::Yes).unwrap_or_else(|verdict| verdict.value)
    };
    assert_eq!(state("EVALUATION_ERROR"), Tri::No);
    assert_eq!(state("EVALUATION_FAILURE"), Tri::Unknown);
    assert_eq!(state("PARTIAL_DATA"), Tri::Unknown);
    assert_eq!(state(""), Tri::Yes);
}

#[test]
fn default_values_of_a_busy_period_add_up() {
    let with = |threshold, default| {
        let raised = burst(
            &alarm("GreaterThanThreshold", threshold),
            &series(Statistic::Sum, 300),
            1.0,
            Some(default),
        );
        raised.map(|burst| burst.in_one_period).map_err(|verdict| verdict.value)
    };
    assert_eq!(with(10.0, 0.0), Ok(11));
    assert_eq!(with(0.5, 1.0), Err(Tri::No), "one minute is enough");
    assert_eq!(with(3.0, 1.0), Err(Tri::Unknown), "five minutes are");
    assert_eq!(with(5.0, 1.0), Ok(6));
    assert_eq!(with(5.0, -1.0), Err(Tri::Unknown));
}

#[test]
fn a_filled_series_breaches_at_rest_if_zero_does() {
    let filled = Series { filled: true, ..series(Statistic::Sum, 300) };
    let at_zero = alarm("GreaterThanOrEqualToThreshold", 0.0);
    assert_eq!(verdict(burst(&at_zero, &filled, 1.0, None)), Tri::No);
    assert_eq!(burst(&at_zero, &series(Statistic::Sum, 300), 1.0, None).map(|b| b.in_one_period), Ok(1));
}

#[test]
fn missing_data_as_a_breach_is_unknown_where_data_need_not_be_missing() {
    let breaching =
        MetricAlarm { treat_missing_data: Some("breaching".into()), ..alarm("GreaterThanThreshold", 10.0) };
    assert_eq!(verdict(burst(&breaching, &series(Statistic::Sum, 300), 1.0, Some(0.0))), Tri::Unknown);
    let filled = Series { filled: true, ..series(Statistic::Sum, 300) };
    assert_eq!(verdict(burst(&breaching, &filled, 1.0, None)), Tri::Unknown);
}

#[test]
fn samples_are_counted_whatever_their_value() {
    let raised = burst(&alarm("GreaterThanThreshold", 10.0), &series(Statistic::SampleCount, 300), 0.0, None);
    assert_eq!(raised.map(|burst| burst.in_one_period), Ok(11));
    let diluted =
        burst(&alarm("GreaterThanThreshold", 10.0), &series(Statistic::SampleCount, 300), 1.0, Some(0.0));
    assert_eq!(verdict(diluted), Tri::Unknown);
}

#[test]
fn a_sum_of_nothing_never_grows() {
    for value in [0.0, -1.0] {
        let raised = burst(&alarm("GreaterThanThreshold", 10.0), &series(Statistic::Sum, 300), value, None);
        assert_eq!(verdict(raised), Tri::No, "{value}");
    }
}

#[test]
fn a_negative_factor_turns_the_comparison_round() {
    let falling = Series { shape: Shape::Times(-1.0), ..series(Statistic::Sum, 300) };
    assert_eq!(verdict(burst(&alarm("GreaterThanThreshold", 10.0), &falling, 1.0, None)), Tri::No);
    assert_eq!(verdict(burst(&alarm("LessThanThreshold", -10.0), &falling, 1.0, None)), Tri::Unknown);
}

#[test]
fn an_operator_or_threshold_that_is_not_known_is_unknown() {
    assert_eq!(verdict(sum_of(&alarm("LessThanLowerOrGreaterThanUpperThreshold", 1.0), 300)), Tri::Unknown);
    let none = MetricAlarm { threshold: None, ..alarm("GreaterThanThreshold", 1.0) };
    assert_eq!(verdict(sum_of(&none, 300)), Tri::Unknown);
}

/// Whether `events` at these seconds raise an alarm on `wanted` of `looked_at` points of `period` seconds: a model of
/// CloudWatch that knows nothing of the formulas, with missing data taken as not breaching.
fn simulate(times: &[u64], period: u64, threshold: u64, wanted: usize, looked_at: usize) -> bool {
    let last = times.iter().max().map_or(0, |last| last / period);
    let breaching: Vec<bool> = (0..=last)
        .map(|index| times.iter().filter(|time| **time / period == index).count() as u64 >= threshold)
        .collect();
    (0..breaching.len()).any(|end| {
        let start = (end + 1).saturating_sub(looked_at);
        breaching[start..=end].iter().filter(|breach| **breach).count() >= wanted
    })
}

/// Every way to put `events` into seconds `0..=length`, by the number in each second.
fn placements(events: u64, length: u64) -> Vec<Vec<u64>> {
    if length == 0 {
        return vec![vec![0; events as usize]];
    }
    let mut all = Vec::new();
    for here in 0..=events {
        for mut rest in placements(events - here, length - 1) {
            rest.extend(std::iter::repeat_n(length, here as usize));
            all.push(rest);
        }
    }
    all
}

/// The formula of [`burst_within`] is the smallest number that no placement at any alignment escapes.
#[test]
fn the_smallest_burst_agrees_with_a_simulation_of_all_placements() {
    // The simulated period is 3 "seconds" of 20 s, so that the program's own whole minutes fit.
    const TICK: u64 = 20;
    for threshold in 1..=3_u64 {
        for length in 0..=4_u64 {
            let alarm = alarm("GreaterThanOrEqualToThreshold", threshold as f64);
            let promised = burst_within(&alarm, &series(Statistic::Sum, 60), 1.0, None, length * TICK)
                .unwrap()
                .guaranteed;
            let surely = |events: u64| {
                placements(events, length).iter().all(|times| {
                    (0..3).all(|offset| {
                        let shifted: Vec<u64> = times.iter().map(|time| time + offset).collect();
                        simulate(&shifted, 3, threshold, 1, 1)
                    })
                })
            };
            assert!(surely(promised), "threshold {threshold}, length {length}");
            let exact = (1..).find(|events| surely(*events)).unwrap();
            assert_eq!(exact, promised, "threshold {threshold}, length {length}");
        }
    }
}

/// Even arrivals of [`sustained`]'s number raise the alarm at every alignment.
#[test]
fn a_sustained_download_agrees_with_a_simulation_of_all_alignments() {
    for (wanted, looked_at) in [(1, 1), (2, 2), (2, 3), (3, 3)] {
        for seconds in (60..=480).step_by(20) {
            for threshold in [1_u32, 2, 7] {
                let alarm = MetricAlarm {
                    evaluation_periods: looked_at,
                    datapoints_to_alarm: Some(wanted),
                    treat_missing_data: Some("notBreaching".into()),
                    ..alarm("GreaterThanOrEqualToThreshold", f64::from(threshold))
                };
                let Ok(raised) = sustained(&alarm, &series(Statistic::Sum, 60), 1.0, None, seconds) else {
                    assert!(seconds < 60 * (u64::from(wanted) + 2), "{wanted} of {looked_at} in {seconds} s");
                    continue;
                };
                // In units that keep the even distance whole.
                let events = raised.guaranteed;
                for offset in 0..60 {
                    let times: Vec<u64> =
                        (0..events).map(|index| index * seconds + offset * events).collect();
                    assert!(
                        simulate(&times, 60 * events, threshold.into(), wanted as usize, looked_at as usize),
                        "{wanted} of {looked_at}, {threshold} in {seconds} s from {offset}"
                    );
                }
            }
        }
    }
}

/// A burst that falls into one period gives one breaching point, however large it is.
#[test]
fn no_burst_in_one_period_raises_an_alarm_on_two_points() {
    for events in 0..50 {
        assert!(!simulate(&vec![5; events], 60, 3, 2, 3));
    }
    let two = MetricAlarm { evaluation_periods: 2, ..alarm("GreaterThanOrEqualToThreshold", 3.0) };
    assert_eq!(verdict(sum_of(&two, 60)), Tri::No);
}

/// Even events at the rate that is called unseen never raise the alarm.
#[test]
fn the_unseen_rate_agrees_with_a_simulation() {
    for threshold in 2..=9_u64 {
        let raised = sum_of(&alarm("GreaterThanOrEqualToThreshold", threshold as f64), 60).unwrap();
        let distance = 86_400.0 / raised.unseen_per_day;
        for offset in 0..60 {
            let times: Vec<u64> = (0..100)
                .map(|index| ((f64::from(index) * distance + f64::from(offset)) * 1000.0).ceil() as u64)
                .collect();
            assert!(!simulate(&times, 60_000, threshold, 1, 1), "threshold {threshold}, offset {offset}");
        }
    }
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

    #[test]
    fn a_longer_time_never_needs_a_smaller_burst(
        threshold in 1.0..500.0_f64, a in 0..10_000_u64, b in 0..10_000_u64,
    ) {
        let needed = |seconds| {
            burst_within(&alarm("GreaterThanThreshold", threshold), &series(Statistic::Sum, 300), 1.0, None, seconds)
                .map(|burst| burst.guaranteed)
                .unwrap()
        };
        prop_assert!(needed(a.min(b)) <= needed(a.max(b)));
    }

    #[test]
    fn a_lower_threshold_never_turns_detection_off(
        a in -10.0..5000.0_f64, b in -10.0..5000.0_f64, wanted in 1..4_u32, seconds in 1..5000_u64,
    ) {
        let with = |threshold: f64| {
            let alarm = MetricAlarm { evaluation_periods: wanted, ..alarm("GreaterThanThreshold", threshold) };
            let series = series(Statistic::Sum, 60);
            (burst_within(&alarm, &series, 1.0, None, seconds), sustained(&alarm, &series, 1.0, None, seconds))
        };
        let (low, high) = (with(a.min(b)), with(a.max(b)));
        for (low, high) in [(low.0, high.0), (low.1, high.1)] {
            if let Ok(high) = high {
                prop_assert!(low.is_ok_and(|low| low.guaranteed <= high.guaranteed));
            }
        }
    }
}
