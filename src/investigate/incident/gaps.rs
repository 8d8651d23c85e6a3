//! Intervals in which records are missing: those that records tell of (logging was stopped), and silence where there is
//! otherwise always something.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::report::{Confidence, LogGap};
use super::rows::{LogHour, LoggingChange, or_empty};

/// So many records must be missing at least: of a steady stream, silence is then no accident (fewer than one in 20,000, by
/// Poisson's law).
const EXPECTED: f64 = 10.0;

/// The gaps of a window, by their beginning.
#[must_use]
pub fn gaps(changes: &[LoggingChange], hours: &[LogHour]) -> Vec<LogGap> {
    let stops = stops(changes);
    let told = |gap: &LogGap| {
        stops.iter().any(|stop| {
            let ends = stop.to.as_deref();
            // Whole hours lie within the stop but for the hours in which it began and ended.
            stop.from <= gap.to.clone().unwrap_or_default() && ends.is_none_or(|end| end >= gap.from.as_str())
        })
    };
    let mut silences = silence(None, hours);
    let accounts: BTreeSet<&str> = hours.iter().map(|hour| or_empty(&hour.account)).collect();
    if accounts.len() > 1 {
        for account in accounts {
            let of: Vec<LogHour> =
                hours.iter().filter(|hour| or_empty(&hour.account) == account).cloned().collect();
            let within = |gap: &LogGap| silences.iter().any(|all| all.from <= gap.from && gap.to <= all.to);
            let more: Vec<LogGap> =
                silence(Some(account), &of).into_iter().filter(|gap| !within(gap)).collect();
            silences.extend(more);
        }
    }
    silences.retain(|gap| !told(gap));
    let mut all: Vec<LogGap> = stops.iter().cloned().chain(silences).collect();
    all.sort_by(|a, b| (&a.from, &a.account).cmp(&(&b.from, &b.account)));
    all
}

/// From each stop of a trail or event data store to its next start.
fn stops(changes: &[LoggingChange]) -> Vec<LogGap> {
    let done: Vec<&LoggingChange> = changes.iter().filter(|change| change.error_code.is_none()).collect();
    let mut gaps: Vec<LogGap> = Vec::new();
    for (index, stop) in done.iter().enumerate() {
        let name = or_empty(&stop.event_name);
        let start = match name {
            "StopLogging" | "DeleteTrail" => "StartLogging",
            "StopEventDataStoreIngestion" | "DeleteEventDataStore" => "StartEventDataStoreIngestion",
            _ => continue,
        };
        let trail = trail_name(or_empty(&stop.trail));
        let same = |change: &&&LoggingChange| {
            or_empty(&change.event_name) == start && trail_name(or_empty(&change.trail)) == trail
        };
        let started = done.iter().skip(index + 1).find(same);
        let open_already =
            gaps.iter().any(|gap| gap.to.as_deref().is_none_or(|to| to > or_empty(&stop.event_time)));
        if open_already {
            continue;
        }
        let by = or_empty(&stop.principal);
        gaps.push(LogGap {
            from: or_empty(&stop.event_time).to_owned(),
            to: started.map(|start| or_empty(&start.event_time).to_owned()),
            account: None,
            reason: format!(
                "{name} of `{trail}` by {by}: what it alone logged was not logged until it was started again"
            ),
            confidence: Confidence::Confirmed,
            event_ids: [Some(*stop), started.copied()]
                .into_iter()
                .flatten()
                .map(|change| or_empty(&change.event_id).to_owned())
                .collect(),
        });
    }
    gaps
}

/// A trail's name, also of its ARN: a request may give either.
fn trail_name(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// Runs of whole hours without a record, between hours that have some, in which many should be: by what the same hours of
/// other days have, or the average, whichever is less.
fn silence(account: Option<&str>, hours: &[LogHour]) -> Vec<LogGap> {
    let mut records: BTreeMap<i64, u64> = BTreeMap::new();
    for hour in hours {
        if let Some(number) = number(or_empty(&hour.hour)) {
            *records.entry(number).or_default() += hour.records;
        }
    }
    let (Some((first, _)), Some((last, _))) = (records.first_key_value(), records.last_key_value()) else {
        return Vec::new();
    };
    let (first, last) = (*first, *last);
    let mut gaps = Vec::new();
    let mut begin = None;
    for hour in first..=last {
        let empty = !records.contains_key(&hour);
        match (empty, begin) {
            (true, None) => begin = Some(hour),
            (false, Some(start)) => {
                gaps.extend(gap(account, start, hour, &records, (first, last)));
                begin = None;
            }
            _ => {}
        }
    }
    gaps
}

fn gap(
    account: Option<&str>,
    start: i64,
    end: i64,
    records: &BTreeMap<i64, u64>,
    (first, last): (i64, i64),
) -> Option<LogGap> {
    let average = |numbers: &[u64]| -> f64 {
        let sum: u64 = numbers.iter().sum();
        if numbers.is_empty() { 0.0 } else { precise(sum) / precise(numbers.len() as u64) }
    };
    let around: Vec<u64> =
        (first..=last).filter(|hour| !(start..end).contains(hour)).map(|hour| of(records, hour)).collect();
    let expected: f64 = (start..end)
        .map(|hour| {
            let days =
                (first..=last).filter(|other| (other - hour) % 24 == 0 && !(start..end).contains(other));
            let same: Vec<u64> = days.map(|other| of(records, other)).collect();
            if same.is_empty() { average(&around) } else { average(&same).min(average(&around)) }
        })
        .sum();
    if expected < EXPECTED {
        return None;
    }
    let text = |hour: i64| {
        let time = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_hours(hour));
        time.map(|time| time.to_string()).unwrap_or_default()
    };
    let whose = account.map_or("no account has".to_owned(), |account| format!("account {account} has no"));
    let whose = if account.is_none() { format!("{whose} a") } else { whose };
    Some(LogGap {
        from: text(start),
        to: Some(text(end)),
        account: account.map(str::to_owned),
        reason: format!("{whose} record in these hours, in which about {expected:.0} are usual"),
        confidence: Confidence::Inferred,
        event_ids: Vec::new(),
    })
}

fn of(records: &BTreeMap<i64, u64>, hour: i64) -> u64 {
    records.get(&hour).copied().unwrap_or_default()
}

/// A count as a number to divide; counts of records are far below 2^53.
fn precise(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let exact = count as f64;
    exact
}

/// Hours since 1970.
fn number(hour: &str) -> Option<i64> {
    let time: Timestamp = format!("{hour}:00:00Z").parse().ok()?;
    Some(time.as_second().div_euclid(3600))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn hours(account: &str, counts: impl IntoIterator<Item = (u32, u64)>) -> Vec<LogHour> {
        let hour = |(number, records): (u32, u64)| LogHour {
            hour: Some(format!("2026-01-{:02}T{:02}", 1 + number / 24, number % 24)),
            account: Some(account.to_owned()),
            region: Some("eu-west-1".to_owned()),
            records,
        };
        counts.into_iter().filter(|(_, records)| *records > 0).map(hour).collect()
    }

    fn change(time: &str, name: &str, trail: &str) -> LoggingChange {
        LoggingChange {
            event_time: Some(time.to_owned()),
            event_id: Some(format!("{name} {time}")),
            event_name: Some(name.to_owned()),
            trail: Some(trail.to_owned()),
            ..LoggingChange::default()
        }
    }

    #[test]
    fn a_stop_is_a_gap_until_its_own_start() {
        let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/organization";
        let changes = [
            change("2026-01-01T02:10:00Z", "StopLogging", arn),
            change("2026-01-01T02:20:00Z", "StartLogging", "another"),
            change("2026-01-01T04:10:00Z", "StartLogging", "organization"),
            change("2026-01-01T09:00:00Z", "StopLogging", "organization"),
        ];
        let gaps = gaps(&changes, &[]);
        let times: Vec<_> = gaps.iter().map(|gap| (gap.from.as_str(), gap.to.as_deref())).collect();
        assert_eq!(
            times,
            [("2026-01-01T02:10:00Z", Some("2026-01-01T04:10:00Z")), ("2026-01-01T09:00:00Z", None)]
        );
        assert!(gaps.iter().all(|gap| gap.confidence == Confidence::Confirmed));
    }

    #[test]
    fn what_was_refused_stopped_nothing() {
        let mut refused = change("2026-01-01T02:10:00Z", "StopLogging", "t");
        refused.error_code = Some("AccessDenied".to_owned());
        assert_eq!(gaps(&[refused], &[]), []);
    }

    #[test]
    fn silence_is_a_gap_only_where_much_is_usual() {
        let busy = hours("1", (0..48).map(|hour| (hour, if hour == 26 || hour == 27 { 0 } else { 20 })));
        let found = gaps(&[], &busy);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].from.as_str(), found[0].to.as_deref()),
            ("2026-01-02T02:00:00Z", Some("2026-01-02T04:00:00Z"))
        );
        assert_eq!(found[0].confidence, Confidence::Inferred);
        let quiet = hours("1", (0..48).map(|hour| (hour, if hour == 26 || hour == 27 { 0 } else { 2 })));
        assert_eq!(gaps(&[], &quiet), []);
        // Nights without a record are usual there.
        let days = hours("1", (0..96).map(|hour| (hour, if hour % 24 < 6 { 0 } else { 100 })));
        assert_eq!(gaps(&[], &days), []);
    }

    #[test]
    fn silence_of_one_account_among_others_is_told() {
        let mut all = hours("1", (0..48).map(|hour| (hour, 50)));
        all.extend(hours("2", (0..48).map(|hour| (hour, if hour == 30 { 0 } else { 50 }))));
        let found = gaps(&[], &all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].account.as_deref(), Some("2"));
    }

    #[test]
    fn silence_that_a_stop_explains_is_told_once() {
        let changes = [
            change("2026-01-02T01:50:00Z", "StopLogging", "t"),
            change("2026-01-02T04:10:00Z", "StartLogging", "t"),
        ];
        let busy = hours("1", (0..48).map(|hour| (hour, if hour == 26 || hour == 27 { 0 } else { 20 })));
        assert_eq!(gaps(&changes, &busy).len(), 1);
    }
}
