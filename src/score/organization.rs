//! The roll-up from accounts to the organization (section 10 of the domain reference).
//!
//! Where that section leaves room, this module decides:
//! - Every account is equally critical; its weight is `log2(1 + buckets)`.
//! - An account whose buckets could not be listed weighs as much as the others on average, but at least as much as
//!   an account with one bucket.
//! - If no account has a weight (none has a bucket), all weigh the same.
//! - An account without an applicable result has no score and is left out; without any, the organization's score is
//!   0: nothing is known to be good.
//! - The organization's score is the mean of the capped account scores and is not capped again.

use std::collections::{BTreeMap, BTreeSet};

use super::assessment::{AccountAudit, AccountStatus, Band, Grade, ResultRecord, Scores, WorstPair};
use super::scoring::{AccountScore, account_score, area_score, check_coverages, severity_weight};
use crate::catalogue::Area;

/// How many pairs of account and check are named as the worst.
const WORST_PAIRS: usize = 5;

/// What one account brings to the roll-up: so little that its results can be dropped.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// None without an applicable result.
    score: Option<AccountScore>,
    areas: BTreeMap<Area, f64>,
    /// The areas of all results, applicable or not.
    present: BTreeSet<Area>,
    /// The pairs that cost most: by cost, then by the number of resources.
    worst: Vec<(f64, u64, WorstPair)>,
}

impl Standing {
    /// How an account stands by all of its results.
    #[must_use]
    pub fn of(account_id: &str, results: &[&ResultRecord]) -> Self {
        let present: BTreeSet<Area> = results.iter().map(|result| result.area).collect();
        let scored = |area: &Area| area_score(results, *area).map(|score| (*area, score));
        Self {
            score: account_score(results),
            areas: present.iter().filter_map(scored).collect(),
            worst: worst_pairs(account_id, results),
            present,
        }
    }
}

/// One account's part in the roll-up.
struct Share<'a> {
    account: &'a AccountAudit,
    weight: f64,
    score: AccountScore,
    areas: BTreeMap<Area, f64>,
}

/// All scores of an organization from its accounts and results.
#[must_use]
pub fn scores(accounts: &[AccountAudit], results: &[ResultRecord]) -> Scores {
    let mut by_account: BTreeMap<&str, Vec<&ResultRecord>> = BTreeMap::new();
    for result in results {
        by_account.entry(&result.account_id).or_default().push(result);
    }
    let standings = by_account
        .into_iter()
        .map(|(account, results)| (account.to_owned(), Standing::of(account, &results)));
    roll_up(accounts, &standings.collect())
}

/// All scores of an organization from its accounts, sorted by id, and how each of them stands.
#[must_use]
pub fn roll_up(accounts: &[AccountAudit], standings: &BTreeMap<String, Standing>) -> Scores {
    let present: BTreeSet<Area> =
        standings.values().flat_map(|standing| standing.present.iter().copied()).collect();
    let areas: Vec<Area> = Area::ALL.into_iter().filter(|area| present.contains(area)).collect();
    let shares = shares(accounts, standings, &areas);
    let overall = weighted_mean(shares.iter().map(|s| (s.weight, s.score.headline)));
    let upper = weighted_mean(shares.iter().map(|s| (s.weight, s.score.upper)));
    let unknown = weighted_mean(shares.iter().map(|s| (s.weight, s.score.unknown_share)));
    let overall = round_down(overall.unwrap_or_default());
    let unknown = round_up(unknown.unwrap_or_default(), 1000.0);
    // With nothing unknown there is no band; rounding must not make one.
    let upper = if unknown > 0.0 { round_up(upper.unwrap_or_default(), 10.0) } else { overall };
    Scores {
        overall,
        by_area: by_area(&shares, &areas),
        by_account: shares.iter().map(|s| (s.account.id.clone(), round_down(s.score.headline))).collect(),
        by_account_and_area: shares
            .iter()
            .map(|s| {
                let areas = s.areas.iter().map(|(area, score)| (*area, round_down(*score)));
                (s.account.id.clone(), areas.collect())
            })
            .collect(),
        grade: Grade::of(overall),
        band: Band { lower: overall, upper },
        simulation: None,
        unknown_share: unknown,
        minimum: nearest_rank(&shares, 0.0).map(round_down),
        percentile_10: nearest_rank(&shares, 0.1).map(round_down),
        accounts_below_50: u64::try_from(shares.iter().filter(|s| s.score.headline < 50.0).count())
            .unwrap_or(u64::MAX),
        worst: worst_of(standings.values().flat_map(|standing| standing.worst.iter().cloned()).collect())
            .into_iter()
            .map(|(_, _, pair)| pair)
            .collect(),
    }
}

/// The accounts that count, with weight and scores: neither suspended ones nor ones without an applicable result.
fn shares<'a>(
    accounts: &'a [AccountAudit],
    standings: &BTreeMap<String, Standing>,
    areas: &[Area],
) -> Vec<Share<'a>> {
    let counted = accounts.iter().filter(|account| account.status != AccountStatus::Suspended);
    let known: Vec<f64> = counted.clone().filter_map(|account| account.buckets.map(weight)).collect();
    let average = weighted_mean(known.iter().map(|weight| (1.0, *weight)));
    let unknown_weight = average.unwrap_or_default().max(weight(1));
    counted
        .filter_map(|account| {
            let standing = standings.get(&account.id);
            let unscanned = account.status == AccountStatus::Unreachable;
            let score = if unscanned { AccountScore::UNSCANNED } else { standing?.score? };
            let areas = if unscanned {
                areas.iter().map(|area| (*area, 0.0)).collect()
            } else {
                standing.map(|standing| standing.areas.clone()).unwrap_or_default()
            };
            Some(Share { account, weight: account.buckets.map_or(unknown_weight, weight), score, areas })
        })
        .collect()
}

/// The weight of an account with this many buckets.
fn weight(buckets: u64) -> f64 {
    (1.0 + buckets as f64).log2()
}

fn by_area(shares: &[Share<'_>], areas: &[Area]) -> BTreeMap<Area, f64> {
    areas
        .iter()
        .filter_map(|area| {
            let scored = shares.iter().filter_map(|s| s.areas.get(area).map(|score| (s.weight, *score)));
            Some((*area, round_down(weighted_mean(scored)?)))
        })
        .collect()
}

/// The mean of values by weight; the plain mean if no weight is positive; none without values.
fn weighted_mean(values: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut count, mut sum, mut weights, mut weighted) = (0.0, 0.0, 0.0, 0.0);
    for (weight, value) in values {
        count += 1.0;
        sum += value;
        weights += weight;
        weighted += weight * value;
    }
    if weights > 0.0 {
        Some(weighted / weights)
    } else if count > 0.0 {
        Some(sum / count)
    } else {
        None
    }
}

/// The account score of this rank, 0 (lowest) to 1 (highest), by the nearest-rank method.
fn nearest_rank(shares: &[Share<'_>], share: f64) -> Option<f64> {
    let mut scores: Vec<f64> = shares.iter().map(|s| s.score.headline).collect();
    scores.sort_by(f64::total_cmp);
    let rank = (share * scores.len() as f64).ceil() as usize;
    scores.get(rank.saturating_sub(1)).copied()
}

/// The pairs of an account and a check that cost most: by severity weight times the share that does not pass, then by the
/// number of resources.
fn worst_pairs(account_id: &str, results: &[&ResultRecord]) -> Vec<(f64, u64, WorstPair)> {
    let mut pairs = Vec::new();
    for (check, coverage) in check_coverages(results) {
        let cost = severity_weight(coverage.severity) * (1.0 - coverage.passing);
        if coverage.not_passing == 0 || cost <= 0.0 {
            continue;
        }
        let pair = WorstPair {
            account_id: account_id.to_owned(),
            check: check.to_owned(),
            severity: coverage.severity,
            coverage: round_down(100.0 * coverage.passing),
        };
        pairs.push((cost, coverage.not_passing, pair));
    }
    worst_of(pairs)
}

/// The first pairs that are named. The sort is stable, so that equal pairs stay in the order of account and check.
fn worst_of(mut pairs: Vec<(f64, u64, WorstPair)>) -> Vec<(f64, u64, WorstPair)> {
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    pairs.truncate(WORST_PAIRS);
    pairs
}

/// Forgives what binary fractions lose, so that 70 computed as 69.999999999 stays 70.
const TOLERANCE: f64 = 1e-6;

/// Down to one decimal: only a clean 100 shows as 100.
fn round_down(score: f64) -> f64 {
    (score * 10.0 + TOLERANCE).floor() / 10.0
}

/// Up to a fraction of one in `steps`: a doubt never disappears.
fn round_up(value: f64, steps: f64) -> f64 {
    // Adding zero makes a negative zero a plain one.
    (value * steps - TOLERANCE).ceil().max(0.0) / steps + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Severity, Status};
    use crate::score::assessment::examples::{account, result};

    const A: &str = "111111111111";
    const B: &str = "222222222222";
    const C: &str = "333333333333";

    fn of(account_id: &str, mut record: ResultRecord) -> ResultRecord {
        record.account_id = account_id.to_owned();
        record
    }

    fn with_buckets(mut audit: AccountAudit, buckets: Option<u64>) -> AccountAudit {
        audit.buckets = buckets;
        audit
    }

    fn with_status(mut audit: AccountAudit, status: AccountStatus) -> AccountAudit {
        audit.status = status;
        audit
    }

    fn tls(account_id: &str, status: Status) -> ResultRecord {
        of(account_id, result("bucket-requires-tls", Severity::Medium, status, "one"))
    }

    #[test]
    fn accounts_weigh_by_the_logarithm_of_their_buckets() {
        // log2(1 + 7) = 3 and log2(1 + 1) = 1: (3 * 100 + 1 * 0) / 4.
        let accounts = [with_buckets(account(A), Some(7)), with_buckets(account(B), Some(1))];
        let scores = scores(&accounts, &[tls(A, Status::Pass), tls(B, Status::Fail)]);
        assert_eq!(scores.overall, 75.0);
        assert_eq!(scores.by_account[A], 100.0);
        assert_eq!(scores.by_account[B], 0.0);
        assert_eq!(scores.by_area[&Area::Buckets], 75.0);
        assert_eq!(scores.by_account_and_area[B][&Area::Buckets], 0.0);
        assert_eq!(scores.grade, Grade::C);
        assert_eq!(scores.minimum, Some(0.0));
        assert_eq!(scores.accounts_below_50, 1);
    }

    #[test]
    fn an_unreachable_account_contributes_nothing_and_is_wholly_unknown() {
        // The reachable account weighs log2(1 + 3) = 2, and so does the unreachable one: the average.
        let accounts = [
            with_buckets(account(A), Some(3)),
            with_status(with_buckets(account(B), None), AccountStatus::Unreachable),
        ];
        let scores = scores(&accounts, &[tls(A, Status::Pass)]);
        assert_eq!(scores.overall, 50.0);
        assert_eq!(scores.by_account[B], 0.0);
        assert_eq!(scores.by_area[&Area::Buckets], 50.0);
        assert_eq!(scores.band, Band { lower: 50.0, upper: 100.0 });
        assert_eq!(scores.unknown_share, 0.5);
        assert_eq!(scores.minimum, Some(0.0));
    }

    #[test]
    fn a_suspended_account_is_left_out() {
        let accounts = [with_buckets(account(A), Some(3)), with_status(account(B), AccountStatus::Suspended)];
        let scores = scores(&accounts, &[tls(A, Status::Pass)]);
        assert_eq!(scores.overall, 100.0);
        assert!(!scores.by_account.contains_key(B));
        assert_eq!(scores.grade, Grade::A);
    }

    #[test]
    fn accounts_without_buckets_weigh_the_same_if_there_are_no_others() {
        let accounts = [with_buckets(account(A), Some(0)), with_buckets(account(B), Some(0))];
        let scores = scores(&accounts, &[tls(A, Status::Pass), tls(B, Status::Fail)]);
        assert_eq!(scores.overall, 50.0);
    }

    #[test]
    fn an_account_without_buckets_weighs_nothing_beside_others_but_is_still_listed() {
        let accounts = [with_buckets(account(A), Some(3)), with_buckets(account(B), Some(0))];
        let scores = scores(&accounts, &[tls(A, Status::Pass), tls(B, Status::Fail)]);
        assert_eq!(scores.overall, 100.0);
        assert_eq!(scores.minimum, Some(0.0));
        assert_eq!(scores.worst.len(), 1);
    }

    #[test]
    fn without_any_result_the_score_is_nothing_and_not_a_hundred() {
        let scores = scores(&[account(A)], &[]);
        assert_eq!(scores.overall, 0.0);
        assert_eq!(scores.grade, Grade::E);
        assert!(scores.by_account.is_empty());
        assert_eq!(scores.minimum, None);
    }

    #[test]
    fn an_area_counts_only_accounts_that_it_applies_to() {
        let guardduty = of(A, result("guardduty-s3-protection", Severity::Critical, Status::Pass, "a"));
        let accounts = [with_buckets(account(A), Some(3)), with_buckets(account(B), Some(3))];
        let scores = scores(&accounts, &[guardduty, tls(B, Status::Fail)]);
        assert_eq!(scores.by_area[&Area::Guardduty], 100.0);
        assert_eq!(scores.by_area[&Area::Buckets], 0.0);
        assert!(!scores.by_account_and_area[A].contains_key(&Area::Buckets));
    }

    #[test]
    fn the_tenth_percentile_is_the_nearest_rank() {
        // Account n of 20 passes n of 20 buckets: 5, 10, … 100; the second lowest is the 10th percentile.
        let ids: Vec<String> = (1..=20).map(|n| format!("{n:012}")).collect();
        let accounts: Vec<_> = ids.iter().map(|id| account(id)).collect();
        let mut results = Vec::new();
        for (passing, id) in ids.iter().enumerate() {
            for bucket in 0..20 {
                let status = if bucket <= passing { Status::Pass } else { Status::Fail };
                let bucket = bucket.to_string();
                results.push(of(id, result("bucket-requires-tls", Severity::Medium, status, &bucket)));
            }
        }
        let scores = scores(&accounts, &results);
        assert_eq!(scores.minimum, Some(5.0));
        assert_eq!(scores.percentile_10, Some(10.0));
        assert_eq!(scores.accounts_below_50, 9);
    }

    #[test]
    fn the_worst_pairs_are_ordered_by_cost_then_by_number_of_resources() {
        let mut results = vec![
            of(A, result("object-reads-logged", Severity::High, Status::Fail, "one")),
            of(A, result("object-reads-logged", Severity::High, Status::Fail, "two")),
            of(A, result("trail-log-validation", Severity::Medium, Status::Fail, "t")),
            of(B, result("guardduty-enabled", Severity::Critical, Status::Fail, "b")),
            of(B, result("object-reads-logged", Severity::High, Status::Fail, "one")),
            of(C, result("object-reads-logged", Severity::High, Status::Pass, "one")),
            of(C, result("trail-encrypted", Severity::Low, Status::Fail, "t")),
        ];
        results.push(of(C, result("some-note", Severity::Info, Status::Fail, "x")));
        results.push(of(C, result("bucket-acls-disabled", Severity::Medium, Status::Fail, "x")));
        let scores = scores(&[account(A), account(B), account(C)], &results);
        let pairs: Vec<(&str, &str)> =
            scores.worst.iter().map(|pair| (pair.account_id.as_str(), pair.check.as_str())).collect();
        assert_eq!(
            pairs,
            [
                (B, "guardduty-enabled"),
                (A, "object-reads-logged"),
                (B, "object-reads-logged"),
                (A, "trail-log-validation"),
                (C, "bucket-acls-disabled"),
            ]
        );
    }

    #[test]
    fn only_a_clean_hundred_shows_as_a_hundred() {
        assert_eq!(round_down(99.999), 99.9);
        assert_eq!(round_down(100.0), 100.0);
        assert_eq!(round_down(69.999_999_999), 70.0);
        assert_eq!(round_up(0.000_001_1, 1000.0), 0.001);
        assert_eq!(round_up(0.0, 1000.0), 0.0);
        assert_eq!(round_up(100.0, 10.0), 100.0);
    }
}
