//! The score of one account (section 10 of the domain reference).
//!
//! Where that section leaves room, this module decides:
//! - A defective check (`error`) counts like `unknown`: not passed, and part of the unknown share.
//! - `info` has no weight; the section names only the four severities above it.
//! - The unknown share of a check is weighted by sensitivity like its coverage, so that score plus share is the score
//!   that the account would have if every unknown unit passed.
//! - The caps bound the account's headline, not the scores of its areas. The cap for unknown critical results does
//!   not bound the upper end of the band: there the unknown results pass.

use std::collections::BTreeMap;

use super::assessment::ResultRecord;
use crate::catalogue::{Area, Severity, Status};

/// How much a certainly sensitive bucket weighs against any other unit.
const SENSITIVE_UNIT: f64 = 5.0;

/// The cap when a critical check fails on a sensitive bucket.
const CRITICAL_ON_SENSITIVE_CAP: f64 = 49.0;

/// The cap when one of [`FOUNDATIONS`] fails.
const FOUNDATION_CAP: f64 = 39.0;

/// The cap when a critical result is unknown.
const CRITICAL_UNKNOWN_CAP: f64 = 69.0;

/// The checks without which the rest means little: GD-01, LOG-04 and BKT-02.
const FOUNDATIONS: [&str; 3] = ["guardduty-enabled", "trail-is-delivering", "bucket-not-public"];

/// What a check of this severity weighs against others.
#[must_use]
pub fn severity_weight(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 10.0,
        Severity::High => 6.0,
        Severity::Medium => 3.0,
        Severity::Low => 1.0,
        Severity::Info => 0.0,
    }
}

/// How much of one check passes in one account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckCoverage {
    /// The check's severity (the worst, should its results differ).
    pub severity: Severity,
    /// The passing share of its applicable units, 0 to 1, weighted by sensitivity.
    pub passing: f64,
    /// The unknown share of its applicable units, 0 to 1, weighted by sensitivity.
    pub unknown: f64,
    /// How many units fail or are unknown.
    pub not_passing: u64,
}

/// The score of one account, not rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AccountScore {
    /// The headline: unknown counted as not passed, capped. 0 to 100.
    pub headline: f64,
    /// The score if every unknown result passed. 0 to 100.
    pub upper: f64,
    /// The severity-weighted share of unknown results, 0 to 1.
    pub unknown_share: f64,
}

impl AccountScore {
    /// The score of an account that could not be scanned: nothing is known to be good.
    pub const UNSCANNED: Self = Self { headline: 0.0, upper: 100.0, unknown_share: 1.0 };
}

/// The coverage of every check with at least one applicable unit among the results of one account, by check id.
#[must_use]
pub fn check_coverages<'a>(results: &[&'a ResultRecord]) -> BTreeMap<&'a str, CheckCoverage> {
    #[derive(Default)]
    struct Tally {
        severity: Option<Severity>,
        units: f64,
        passing: f64,
        unknown: f64,
        not_passing: u64,
    }
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for result in results.iter().filter(|result| is_applicable(result.status)) {
        let unit = if result.sensitive { SENSITIVE_UNIT } else { 1.0 };
        let tally = tallies.entry(&result.check).or_default();
        tally.severity = tally.severity.max(Some(result.severity));
        tally.units += unit;
        match result.status {
            Status::Pass => tally.passing += unit,
            Status::Unknown | Status::Error => tally.unknown += unit,
            _ => {}
        }
        if result.status != Status::Pass {
            tally.not_passing = tally.not_passing.saturating_add(1);
        }
    }
    tallies
        .into_iter()
        .filter_map(|(check, tally)| {
            let coverage = CheckCoverage {
                severity: tally.severity?,
                passing: tally.passing / tally.units,
                unknown: tally.unknown / tally.units,
                not_passing: tally.not_passing,
            };
            Some((check, coverage))
        })
        .collect()
}

/// Whether a result of this status is a unit of its check's coverage.
fn is_applicable(status: Status) -> bool {
    match status {
        Status::Pass | Status::Fail | Status::Unknown | Status::Error => true,
        Status::NotApplicable | Status::Excepted => false,
    }
}

/// The severity-weighted mean of the checks' coverage and of their unknown share, each 0 to 1; none if no check
/// with a weight has an applicable unit.
fn weighted_means(results: &[&ResultRecord]) -> Option<(f64, f64)> {
    let (mut weights, mut passing, mut unknown) = (0.0, 0.0, 0.0);
    for coverage in check_coverages(results).values() {
        let weight = severity_weight(coverage.severity);
        weights += weight;
        passing += weight * coverage.passing;
        unknown += weight * coverage.unknown;
    }
    (weights > 0.0).then(|| (passing / weights, unknown / weights))
}

/// The score of an account from its results; none if none of them is applicable and has a weight.
#[must_use]
pub fn account_score(results: &[&ResultRecord]) -> Option<AccountScore> {
    let (passing, unknown_share) = weighted_means(results)?;
    let failure_cap = failure_cap(results);
    let unknown_cap =
        if results.iter().any(|r| is_critical_unknown(r)) { CRITICAL_UNKNOWN_CAP } else { 100.0 };
    let coverage = 100.0 * passing;
    Some(AccountScore {
        headline: coverage.min(failure_cap).min(unknown_cap),
        upper: (coverage + 100.0 * unknown_share).min(failure_cap),
        unknown_share,
    })
}

/// The score of one area of an account, 0 to 100, without caps; none if no applicable result with a weight is in it.
#[must_use]
pub fn area_score(results: &[&ResultRecord], area: Area) -> Option<f64> {
    let of_area: Vec<&ResultRecord> = results.iter().copied().filter(|r| r.area == area).collect();
    weighted_means(&of_area).map(|(passing, _)| 100.0 * passing)
}

/// The lowest cap that a certain failure puts on the account.
fn failure_cap(results: &[&ResultRecord]) -> f64 {
    let failures = results.iter().filter(|result| result.status == Status::Fail);
    failures.fold(100.0, |cap: f64, failure| {
        if FOUNDATIONS.contains(&failure.check.as_str()) {
            cap.min(FOUNDATION_CAP)
        } else if failure.severity == Severity::Critical && failure.sensitive {
            cap.min(CRITICAL_ON_SENSITIVE_CAP)
        } else {
            cap
        }
    })
}

fn is_critical_unknown(result: &ResultRecord) -> bool {
    result.severity == Severity::Critical && matches!(result.status, Status::Unknown | Status::Error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::score::assessment::examples::result;

    fn score(results: &[ResultRecord]) -> Option<AccountScore> {
        account_score(&results.iter().collect::<Vec<_>>())
    }

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
    }

    fn sensitive(mut record: ResultRecord) -> ResultRecord {
        record.sensitive = true;
        record
    }

    #[test]
    fn checks_weigh_by_severity_and_not_by_the_number_of_their_resources() {
        // One high check with 1 of 4 buckets passing, one critical check passing: (10 * 1 + 6 * 0.25) / 16.
        let results = [
            result("guardduty-s3-protection", Severity::Critical, Status::Pass, "a/r"),
            result("object-reads-logged", Severity::High, Status::Pass, "one"),
            result("object-reads-logged", Severity::High, Status::Fail, "two"),
            result("object-reads-logged", Severity::High, Status::Fail, "three"),
            result("object-reads-logged", Severity::High, Status::Fail, "four"),
        ];
        let score = score(&results).unwrap();
        close(score.headline, 100.0 * 11.5 / 16.0);
        close(score.upper, score.headline);
        close(score.unknown_share, 0.0);
    }

    #[test]
    fn a_sensitive_bucket_weighs_five_times() {
        // The failing bucket weighs 5 of 6.
        let results = [
            result("bucket-requires-tls", Severity::Medium, Status::Pass, "one"),
            sensitive(result("bucket-requires-tls", Severity::Medium, Status::Fail, "two")),
        ];
        close(score(&results).unwrap().headline, 100.0 / 6.0);
    }

    #[test]
    fn an_unknown_result_counts_as_not_passed_and_widens_the_band() {
        // High check: one pass, one unknown; medium check passes: (6 * 0.5 + 3) / 9 and an unknown share of 3 / 9.
        let results = [
            result("object-reads-logged", Severity::High, Status::Pass, "one"),
            result("object-reads-logged", Severity::High, Status::Unknown, "two"),
            result("bucket-requires-tls", Severity::Medium, Status::Pass, "one"),
        ];
        let score = score(&results).unwrap();
        close(score.headline, 100.0 * 6.0 / 9.0);
        close(score.unknown_share, 3.0 / 9.0);
        close(score.upper, 100.0);
    }

    #[test]
    fn a_defective_check_counts_like_an_unknown_one() {
        let results = [
            result("object-reads-logged", Severity::High, Status::Error, "one"),
            result("bucket-requires-tls", Severity::Medium, Status::Pass, "one"),
        ];
        let score = score(&results).unwrap();
        close(score.headline, 100.0 * 3.0 / 9.0);
        close(score.unknown_share, 6.0 / 9.0);
    }

    #[test]
    fn excepted_and_inapplicable_results_are_left_out() {
        let results = [
            result("object-reads-logged", Severity::High, Status::Excepted, "one"),
            result("object-reads-logged", Severity::High, Status::Pass, "two"),
            result("bucket-restricts-network", Severity::High, Status::NotApplicable, "one"),
        ];
        close(score(&results).unwrap().headline, 100.0);
    }

    #[test]
    fn nothing_applicable_gives_no_score() {
        let excepted = result("object-reads-logged", Severity::High, Status::Excepted, "one");
        assert_eq!(score(&[]), None);
        assert_eq!(score(&[excepted]), None);
        let info = result("some-note", Severity::Info, Status::Pass, "one");
        assert_eq!(score(&[info]), None);
    }

    #[test]
    fn a_failing_foundation_caps_at_39() {
        for check in FOUNDATIONS {
            // 1 of 50 units fails: uncapped 98.
            let mut results: Vec<_> =
                (0..49).map(|n| result(check, Severity::Critical, Status::Pass, &n.to_string())).collect();
            results.push(result(check, Severity::Critical, Status::Fail, "last"));
            let score = score(&results).unwrap();
            close(score.headline, 39.0);
            close(score.upper, 39.0);
        }
    }

    #[test]
    fn a_critical_failure_on_a_sensitive_bucket_caps_at_49() {
        let mut results = vec![
            result("my-critical-check", Severity::Critical, Status::Fail, "one"),
            result("bucket-requires-tls", Severity::Medium, Status::Pass, "one"),
        ];
        results.extend(
            (0..99).map(|n| result("my-critical-check", Severity::Critical, Status::Pass, &n.to_string())),
        );
        assert!(score(&results).unwrap().headline > 90.0);
        results.push(sensitive(result("my-critical-check", Severity::Critical, Status::Fail, "pii")));
        close(score(&results).unwrap().headline, 49.0);
    }

    #[test]
    fn an_unknown_critical_result_caps_the_headline_at_69_but_not_the_band() {
        let mut results: Vec<_> = (0..99)
            .map(|n| result("guardduty-enabled", Severity::Critical, Status::Pass, &n.to_string()))
            .collect();
        results.push(result("guardduty-enabled", Severity::Critical, Status::Unknown, "last"));
        let score = score(&results).unwrap();
        close(score.headline, 69.0);
        close(score.upper, 100.0);
        close(score.unknown_share, 0.01);
    }

    #[test]
    fn a_cap_never_raises_a_score() {
        let results = [
            result("bucket-not-public", Severity::Critical, Status::Fail, "one"),
            result("bucket-requires-tls", Severity::Medium, Status::Pass, "one"),
        ];
        close(score(&results).unwrap().headline, 100.0 * 3.0 / 13.0);
    }

    #[test]
    fn an_area_is_scored_by_its_own_checks_without_caps() {
        let mut results: Vec<_> = (0..3)
            .map(|n| result("bucket-not-public", Severity::Critical, Status::Pass, &n.to_string()))
            .collect();
        results.push(result("bucket-not-public", Severity::Critical, Status::Fail, "public"));
        let results: Vec<_> = results.iter().collect();
        close(area_score(&results, Area::Buckets).unwrap(), 75.0);
        assert_eq!(area_score(&results, Area::Macie), None);
    }
}
