//! Whether an alarm watches a metric (`aws-semantics.md` 5.4).

use std::collections::BTreeMap;

use super::emission::Emission;
use super::expression::{Reading, Shape, read};
use crate::semantics::configuration::{MetricAlarm, MetricDataQuery, MetricStat};

/// How an alarm sees a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Seconds per data point.
    pub period: u32,
    /// How a period's data are joined to one point.
    pub statistic: Statistic,
    /// What metric math makes of the point.
    pub shape: Shape,
    /// Whether there may be points while the metric has none, as metric math with `FILL` makes them.
    pub filled: bool,
}

/// How the data of one period become one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The sum.
    Sum,
    /// How many data there are.
    SampleCount,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
    /// The mean.
    Average,
    /// A percentile or a trimmed mean: between the smallest and the largest.
    Between,
}

/// Whether an alarm watches a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// It does, in this way.
    Watches(Series),
    /// It does not.
    Not,
    /// Not determined, with the reason.
    Unknown(String),
}

/// Whether `alarm` watches what a metric filter emits in the same account and region.
#[must_use]
pub fn binding(alarm: &MetricAlarm, emission: &Emission, account: &str) -> Binding {
    if let Some(unsupported) = &alarm.unsupported {
        return Binding::Unknown(format!("alarm `{}` evaluates {unsupported}", alarm.alarm_name));
    }
    let bound =
        if alarm.metrics.is_empty() { single(alarm, emission) } else { math(alarm, emission, account) };
    match bound {
        // The thief chooses the objects, and so the values.
        Binding::Watches(series) if emission.varies && series.statistic != Statistic::SampleCount => {
            Binding::Unknown(format!(
                "alarm `{}` watches a value that differs from event to event, so how many events raise it is not known",
                alarm.alarm_name
            ))
        }
        bound => bound,
    }
}

fn single(alarm: &MetricAlarm, emission: &Emission) -> Binding {
    let name = &alarm.alarm_name;
    let (Some(namespace), Some(metric_name)) = (&alarm.namespace, &alarm.metric_name) else {
        return Binding::Not;
    };
    if *namespace != emission.namespace || *metric_name != emission.metric_name {
        return Binding::Not;
    }
    match same_dimensions(&alarm.dimensions, &emission.dimensions) {
        Some(true) => {}
        Some(false) => return Binding::Not,
        None => {
            return Binding::Unknown(format!(
                "alarm `{name}` watches system fields whose values are not read"
            ));
        }
    }
    if !same_unit(alarm.unit.as_deref(), emission) {
        return Binding::Not;
    }
    let statistic = alarm.statistic.as_deref().or(alarm.extended_statistic.as_deref());
    match (statistic.and_then(self::statistic), alarm.period) {
        (Some(statistic), Some(period)) if period > 0 => {
            Binding::Watches(Series { period, statistic, shape: Shape::Times(1.0), filled: false })
        }
        _ => Binding::Unknown(format!("alarm `{name}` names no statistic or period that is understood")),
    }
}

fn same_dimensions(
    watched: &BTreeMap<String, String>,
    emitted: &BTreeMap<String, Option<String>>,
) -> Option<bool> {
    if !watched.keys().eq(emitted.keys()) {
        return Some(false);
    }
    let mut known = true;
    for (name, value) in watched {
        match emitted.get(name) {
            Some(Some(emitted)) if emitted != value => return Some(false),
            Some(None) => known = false,
            _ => {}
        }
    }
    known.then_some(true)
}

/// A metric without a unit is published as `None`; an alarm without a unit takes any.
fn same_unit(watched: Option<&str>, emission: &Emission) -> bool {
    match watched {
        None => true,
        Some("None") => emission.unit.is_none(),
        Some(unit) => emission.unit.as_deref() == Some(unit),
    }
}

fn statistic(name: &str) -> Option<Statistic> {
    Some(match name {
        "Sum" => Statistic::Sum,
        "SampleCount" => Statistic::SampleCount,
        "Maximum" => Statistic::Maximum,
        "Minimum" => Statistic::Minimum,
        "Average" => Statistic::Average,
        other => {
            let digits = ["p", "tm", "wm"].iter().find_map(|prefix| other.strip_prefix(prefix));
            let between = digits.is_some_and(|digits| {
                digits.parse::<f64>().is_ok_and(|share| (0.0..=100.0).contains(&share))
            });
            if between || other == "IQM" { Statistic::Between } else { return None }
        }
    })
}

fn math(alarm: &MetricAlarm, emission: &Emission, account: &str) -> Binding {
    let watches = |stat: &MetricStat, owner: Option<&str>| {
        stat.namespace == emission.namespace
            && stat.metric_name == emission.metric_name
            && owner.is_none_or(|owner| owner == account)
            && same_unit(stat.unit.as_deref(), emission)
            && same_dimensions(&stat.dimensions, &emission.dimensions) != Some(false)
    };
    let ours: Vec<(&MetricDataQuery, &MetricStat)> = alarm
        .metrics
        .iter()
        .filter_map(|query| Some((query, query.metric_stat.as_ref()?)))
        .filter(|(query, stat)| watches(stat, query.account_id.as_deref()))
        .collect();
    let unknown = |why: &str| Binding::Unknown(format!("alarm `{}`: {why}", alarm.alarm_name));
    let (query, stat) = match ours.as_slice() {
        [] => {
            let opaque = alarm.metrics.iter().filter_map(|query| query.expression.as_deref());
            // An expression may name metrics by itself, as SEARCH and SELECT do.
            return if opaque.into_iter().any(names_metrics) {
                unknown("its metric math selects metrics by itself")
            } else {
                Binding::Not
            };
        }
        [one] => *one,
        _ => return unknown("its metric math takes the metric more than once"),
    };
    if same_dimensions(&stat.dimensions, &emission.dimensions).is_none() {
        return unknown("it watches system fields whose values are not read");
    }
    let Some(statistic) = statistic(&stat.stat).filter(|_| stat.period > 0) else {
        return unknown("its statistic is not understood");
    };
    let periods = alarm
        .metrics
        .iter()
        .filter_map(|query| query.metric_stat.as_ref().map(|stat| stat.period).or(query.period));
    if periods.into_iter().any(|period| period != stat.period) {
        return unknown("its metric math joins periods of different lengths");
    }
    let returned: Vec<&MetricDataQuery> =
        alarm.metrics.iter().filter(|query| query.return_data.unwrap_or(true)).collect();
    let [returned] = returned.as_slice() else {
        return unknown("its metric math does not return one series");
    };
    let reading = match &returned.expression {
        None if returned.id == query.id => Some(Reading { shape: Shape::Times(1.0), filled: false }),
        None => return Binding::Not,
        Some(expression) => {
            let others: Vec<&str> = alarm
                .metrics
                .iter()
                .filter(|other| other.id != query.id && other.metric_stat.is_some())
                .map(|other| other.id.as_str())
                .collect();
            read(expression, &query.id, &others)
        }
    };
    match reading {
        None => unknown("its metric math is not understood"),
        Some(Reading { shape: Shape::Independent, .. }) => Binding::Not,
        Some(Reading { shape, filled }) => {
            Binding::Watches(Series { period: stat.period, statistic, shape, filled })
        }
    }
}

fn names_metrics(expression: &str) -> bool {
    let upper = expression.to_ascii_uppercase();
    upper.contains("SELECT") || upper.contains("SEARCH")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn emitted(dimensions: &[(&str, &str)]) -> Emission {
        Emission {
            namespace: "Security".into(),
            metric_name: "Reads".into(),
            dimensions: dimensions.iter().map(|(a, b)| ((*a).into(), Some((*b).into()))).collect(),
            unit: None,
            value: 1.0,
            varies: false,
            default: None,
        }
    }

    fn alarm(more: &serde_json::Value) -> MetricAlarm {
        let mut alarm = json!({"alarm_name": "bulk", "namespace": "Security", "metric_name": "Reads",
            "statistic": "Sum", "period": 300});
        for (key, value) in more.as_object().into_iter().flatten() {
            alarm[key] = value.clone();
        }
        serde_json::from_value(alarm).unwrap_or_default()
    }

    fn watches(more: &serde_json::Value, dimensions: &[(&str, &str)]) -> bool {
        matches!(binding(&alarm(more), &emitted(dimensions), "111122223333"), Binding::Watches(_))
    }

    #[test]
    fn an_alarm_watches_the_metric_of_the_same_name() {
        assert!(watches(&json!({}), &[]));
        assert!(!watches(&json!({"metric_name": "Writes"}), &[]));
        assert!(!watches(&json!({"namespace": "Other"}), &[]));
    }

    #[test]
    fn dimensions_are_part_of_the_metric() {
        assert!(!watches(&json!({}), &[("Bucket", "b")]));
        assert!(watches(&json!({"dimensions": {"Bucket": "b"}}), &[("Bucket", "b")]));
        assert!(!watches(&json!({"dimensions": {"Bucket": "c"}}), &[("Bucket", "b")]));
        assert!(!watches(&json!({"dimensions": {"Bucket": "b"}}), &[]));
    }

    #[test]
    fn an_alarm_that_asks_for_another_unit_sees_nothing() {
        assert!(!watches(&json!({"unit": "Bytes"}), &[]));
        assert!(watches(&json!({"unit": "None"}), &[]));
    }

    #[test]
    fn metric_math_is_followed() {
        let stat = json!({"namespace": "Security", "metric_name": "Reads", "period": 60, "stat": "Sum"});
        let math = |expression: &str| {
            json!({"namespace": null, "metric_name": null, "metrics": [
                {"id": "m1", "metric_stat": stat, "return_data": false},
                {"id": "e1", "expression": expression, "return_data": true}]})
        };
        assert!(watches(&math("FILL(m1, 0)"), &[]));
        assert!(!watches(&math("m2"), &[]));
        let band = binding(&alarm(&math("ANOMALY_DETECTION_BAND(m1)")), &emitted(&[]), "111122223333");
        assert!(matches!(band, Binding::Unknown(_)), "{band:?}");
    }

    #[test]
    fn system_fields_are_unknown_and_alarms_without_them_see_nothing() {
        let mut emission = emitted(&[]);
        emission.dimensions.insert("@aws.account".into(), None);
        assert_eq!(binding(&alarm(&json!({})), &emission, "111122223333"), Binding::Not);
        let with = alarm(&json!({"dimensions": {"@aws.account": "111122223333"}}));
        assert!(matches!(binding(&with, &emission, "111122223333"), Binding::Unknown(_)));
    }

    #[test]
    fn a_value_that_differs_from_event_to_event_tells_no_number_of_events() {
        let bytes = Emission { varies: true, value: 1_048_576.0, ..emitted(&[]) };
        let sum = binding(&alarm(&json!({})), &bytes, "111122223333");
        assert!(matches!(sum, Binding::Unknown(_)), "{sum:?}");
        let count = binding(&alarm(&json!({"statistic": "SampleCount"})), &bytes, "111122223333");
        assert!(matches!(count, Binding::Watches(_)), "{count:?}");
    }

    fn math_with(second: &serde_json::Value, expression: &str) -> Binding {
        let stat = json!({"namespace": "Security", "metric_name": "Reads", "period": 60, "stat": "Sum"});
        let alarm = alarm(&json!({"namespace": null, "metric_name": null, "metrics": [
            {"id": "m1", "metric_stat": stat, "return_data": false},
            {"id": "m2", "metric_stat": second, "return_data": false},
            {"id": "e1", "expression": expression, "return_data": true}]}));
        binding(&alarm, &emitted(&[]), "111122223333")
    }

    #[test]
    fn a_silent_metric_beside_ours_hides_it_unless_it_is_filled() {
        let other = json!({"namespace": "Security", "metric_name": "Writes", "period": 60, "stat": "Sum"});
        assert!(matches!(math_with(&other, "m1 + m2"), Binding::Unknown(_)));
        assert!(matches!(math_with(&other, "m1 + FILL(m2, 0)"), Binding::Watches(_)));
        assert!(matches!(math_with(&other, "SUM(METRICS())"), Binding::Watches(_)));
    }

    #[test]
    fn metrics_of_different_periods_are_unknown() {
        let slow = json!({"namespace": "Security", "metric_name": "Writes", "period": 300, "stat": "Sum"});
        assert!(matches!(math_with(&slow, "m1 + FILL(m2, 0)"), Binding::Unknown(_)));
    }

    #[test]
    fn the_metric_taken_twice_is_unknown() {
        let same = json!({"namespace": "Security", "metric_name": "Reads", "period": 60, "stat": "Maximum"});
        assert!(matches!(math_with(&same, "m1"), Binding::Unknown(_)));
    }

    #[test]
    fn a_metric_of_another_account_is_not_ours() {
        let stat = json!({"namespace": "Security", "metric_name": "Reads", "period": 60, "stat": "Sum"});
        let of = |account: &str| {
            let metrics = json!([{"id": "m1", "metric_stat": stat, "account_id": account}]);
            watches(&json!({"namespace": null, "metric_name": null, "metrics": metrics}), &[])
        };
        assert!(of("111122223333"));
        assert!(!of("444455556666"));
    }

    #[test]
    fn an_expression_that_selects_metrics_by_itself_is_unknown() {
        let alarm = alarm(&json!({"namespace": null, "metric_name": null, "metrics": [
            {"id": "q1", "expression": "SELECT SUM(Reads) FROM Security"}]}));
        assert!(matches!(binding(&alarm, &emitted(&[]), "111122223333"), Binding::Unknown(_)));
    }

    #[test]
    fn what_the_program_does_not_model_is_unknown() {
        let query = alarm(&json!({"unsupported": "a PromQL query"}));
        assert!(matches!(binding(&query, &emitted(&[]), "111122223333"), Binding::Unknown(_)));
        let nameless = alarm(&json!({"statistic": null}));
        assert!(matches!(binding(&nameless, &emitted(&[]), "111122223333"), Binding::Unknown(_)));
    }

    #[test]
    fn percentiles_and_trimmed_means_are_told_from_other_statistics() {
        for name in ["p99", "p99.9", "tm90", "wm50", "IQM"] {
            assert_eq!(statistic(name), Some(Statistic::Between), "{name}");
        }
        for name in ["pp9", "p101", "p", "tc90", "ts90", "TM(10%:90%)", "PR(0:1)", "sum", ""] {
            assert_eq!(statistic(name), None, "{name}");
        }
    }
}
