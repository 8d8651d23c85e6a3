//! What is told of many results together: counts, how far each check fails, and the first lines of it. It is gathered
//! account by account in any order, and its size does not depend on how many results there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::assessment::{Assessment, Exception, ResultRecord, SinceBaseline};
use crate::catalogue::{Area, ResourceKind, Severity, Status};
use crate::score::Records as _;
use crate::simulate::{Cell, Outcome};

/// How many lines of a check are kept.
pub const MAX_LINES: usize = 10;

/// How many resources a line names.
pub const MAX_RESOURCES: usize = 3;

/// How many accounts of the matrix are kept, the worst.
const MAX_MATRIX_ROWS: usize = 10;

/// The results and cells of an assessment, counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overview {
    counts: BTreeMap<(Status, Severity, Option<SinceBaseline>), usize>,
    groups: BTreeMap<(Status, String), Group>,
    unknown_areas: BTreeMap<String, BTreeSet<Area>>,
    outcomes: BTreeMap<Outcome, usize>,
    techniques: BTreeSet<String>,
    /// What all cells count, and what is reached of it in tenths: whole numbers, so that the order does not matter.
    weight: f64,
    reached: f64,
    matrix: BTreeMap<(Reverse<u64>, String), MatrixRow>,
    matrix_accounts: usize,
}

/// The results of one check that have one status.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The worst severity among them.
    pub severity: Severity,
    /// What the check judges.
    pub kind: ResourceKind,
    /// How many they are.
    pub results: usize,
    /// In how many accounts.
    pub accounts: usize,
    /// How many are new since the baseline.
    pub new: usize,
    /// The kind of change that mends them, if one does.
    pub remediation: Option<String>,
    lines: BTreeMap<LinePlace, Line>,
}

/// What is new stands first, then by account, then as the account's results come.
type LinePlace = (bool, String, usize);

/// Results of one account that say the same: with the same message or, where they are excepted, under the same exception.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The account.
    pub account_id: String,
    /// The message of the first of them.
    pub message: String,
    /// The exception, if they are excepted.
    pub exception: Option<Exception>,
    /// Whether they are new since the baseline.
    pub new: bool,
    /// Id and region of the first [`MAX_RESOURCES`] resources.
    pub resources: Vec<(String, Option<String>)>,
    /// How many they are.
    pub results: usize,
}

/// An account's row in the matrix: of each technique the worst that becomes of any of its buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixRow {
    /// How many buckets were walked through.
    pub buckets: usize,
    /// The cells, in the order of the techniques.
    pub cells: Vec<Cell>,
}

impl Group {
    /// The first lines, at most [`MAX_LINES`].
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }
}

impl Overview {
    /// That of an assessment in memory.
    #[must_use]
    pub fn of(assessment: &Assessment) -> Self {
        let mut overview = Self::default();
        for results in assessment.results().flatten() {
            overview.add_results(&results);
        }
        for cells in assessment.cells().flatten() {
            overview.add_cells(&cells);
        }
        overview
    }

    /// Adds all results of one account, in canonical order.
    pub fn add_results(&mut self, results: &[ResultRecord]) {
        let mut lines: BTreeMap<(Status, &str), Vec<Line>> = BTreeMap::new();
        let mut places: BTreeMap<(Status, &str, bool, Vec<&str>), usize> = BTreeMap::new();
        for result in results {
            let key = (result.status, result.severity, result.since_baseline);
            *self.counts.entry(key).or_default() += 1;
            if matches!(result.status, Status::Unknown | Status::Error) {
                self.unknown_areas.entry(result.account_id.clone()).or_default().insert(result.area);
            }
            if matches!(result.status, Status::Pass | Status::NotApplicable) {
                continue;
            }
            self.add_to_group(result);
            let new = result.since_baseline == Some(SinceBaseline::New);
            let says = match &result.exception {
                Some(exception) if result.status == Status::Excepted => {
                    vec![exception.expires.as_str(), &exception.owner, &exception.reason]
                }
                _ => vec![result.message.as_str()],
            };
            let of_check = lines.entry((result.status, &result.check)).or_default();
            let place = places.entry((result.status, &result.check, new, says)).or_insert(of_check.len());
            if *place == of_check.len() {
                of_check.push(Line::begun_by(result, new));
            }
            if let Some(line) = of_check.get_mut(*place) {
                line.add(result);
            }
        }
        for ((status, check), mut lines) in lines {
            if status == Status::Excepted {
                let key = |line: &Line| line.exception.clone().map(|e| (e.expires, e.owner, e.reason));
                lines.sort_by_cached_key(key);
            }
            let Some(group) = self.groups.get_mut(&(status, check.to_owned())) else { continue };
            group.accounts += 1;
            for (place, line) in lines.into_iter().enumerate() {
                group.lines.insert((!line.new, line.account_id.clone(), place), line);
                if group.lines.len() > MAX_LINES {
                    group.lines.pop_last();
                }
            }
        }
    }

    fn add_to_group(&mut self, result: &ResultRecord) {
        let key = (result.status, result.check.clone());
        let group = self.groups.entry(key).or_insert_with(|| Group {
            severity: result.severity,
            kind: result.resource.kind,
            results: 0,
            accounts: 0,
            new: 0,
            remediation: None,
            lines: BTreeMap::new(),
        });
        group.severity = group.severity.max(result.severity);
        group.results += 1;
        group.new += usize::from(result.since_baseline == Some(SinceBaseline::New));
        if group.remediation.is_none() {
            group.remediation.clone_from(&result.remediation);
        }
    }

    /// Adds all cells of one account, in canonical order.
    pub fn add_cells(&mut self, cells: &[Cell]) {
        let Some(first) = cells.first() else { return };
        let mut worst: BTreeMap<&str, &Cell> = BTreeMap::new();
        for cell in cells {
            *self.outcomes.entry(cell.outcome).or_default() += 1;
            self.weight += cell.weight;
            self.reached += cell.weight * f64::from(cell.outcome.tenths());
            let of_technique = worst.entry(&cell.technique).or_insert(cell);
            if (cell.outcome, cell.possible) < (of_technique.outcome, of_technique.possible) {
                *of_technique = cell;
            }
        }
        self.matrix_accounts += 1;
        self.techniques.extend(worst.keys().map(|technique| (*technique).to_owned()));
        let badness: u64 = worst.values().map(|cell| u64::from(10 - cell.outcome.tenths())).sum();
        let row = MatrixRow {
            buckets: cells.chunk_by(|a, b| a.bucket == b.bucket).count(),
            cells: worst.into_values().cloned().collect(),
        };
        self.matrix.insert((Reverse(badness), first.account_id.clone()), row);
        if self.matrix.len() > MAX_MATRIX_ROWS {
            self.matrix.pop_last();
        }
    }

    fn sum(&self, counts: impl Fn(Status, Severity, Option<SinceBaseline>) -> bool) -> usize {
        let counted =
            self.counts.iter().filter(|((status, severity, since), _)| counts(*status, *severity, *since));
        counted.map(|(_, number)| number).sum()
    }

    /// The number of results.
    #[must_use]
    pub fn results(&self) -> usize {
        self.sum(|_, _, _| true)
    }

    /// The number of results of this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.sum(|other, _, _| other == status)
    }

    /// The number of failures whose severity and place beside the baseline count.
    pub fn failed(&self, counts: impl Fn(Severity, Option<SinceBaseline>) -> bool) -> usize {
        self.sum(|status, severity, since| status == Status::Fail && counts(severity, since))
    }

    /// Whether the results were held against an earlier assessment's.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        self.counts.keys().any(|(_, _, since)| since.is_some())
    }

    /// The results of a status by check: the worst severity first, then the most results.
    #[must_use]
    pub fn groups(&self, status: Status) -> Vec<(&str, &Group)> {
        let of_status = self.groups.iter().filter(|((other, _), _)| *other == status);
        let mut groups: Vec<(&str, &Group)> =
            of_status.map(|((_, check), group)| (check.as_str(), group)).collect();
        groups.sort_by_key(|(_, group)| (Reverse(group.severity), Reverse(group.results)));
        groups
    }

    /// Whether a check fails somewhere.
    #[must_use]
    pub fn fails(&self, check: &str) -> bool {
        self.groups.contains_key(&(Status::Fail, check.to_owned()))
    }

    /// The areas in which an account has an unknown or defective result.
    #[must_use]
    pub fn unknown_areas(&self, account: &str) -> Option<&BTreeSet<Area>> {
        self.unknown_areas.get(account)
    }

    /// The number of cells of this outcome.
    #[must_use]
    pub fn outcome(&self, outcome: Outcome) -> usize {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    /// The simulation score of `aws-semantics.md` 10: 100 if every technique is prevented on every bucket; none without
    /// cells that count.
    #[must_use]
    pub fn simulation_score(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| (100.0 * self.reached / self.weight).round() / 10.0)
    }

    /// The techniques of the matrix, sorted.
    #[must_use]
    pub fn techniques(&self) -> Vec<&str> {
        self.techniques.iter().map(String::as_str).collect()
    }

    /// The worst accounts of the matrix, and how many there are in all.
    #[must_use]
    pub fn matrix(&self) -> (Vec<&MatrixRow>, usize) {
        (self.matrix.values().collect(), self.matrix_accounts)
    }
}

impl Line {
    fn begun_by(result: &ResultRecord, new: bool) -> Self {
        Self {
            account_id: result.account_id.clone(),
            message: result.message.clone(),
            exception: result.exception.clone().filter(|_| result.status == Status::Excepted),
            new,
            resources: Vec::new(),
            results: 0,
        }
    }

    fn add(&mut self, result: &ResultRecord) {
        self.results += 1;
        if self.resources.len() < MAX_RESOURCES {
            self.resources.push((result.resource.id.clone(), result.region.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::assessment::examples::{organization, result};

    #[test]
    fn the_order_of_accounts_does_not_matter() {
        let assessment = organization();
        let mut chunks: Vec<_> = assessment.results().flatten().collect();
        chunks.reverse();
        let mut backwards = Overview::default();
        for chunk in &chunks {
            backwards.add_results(chunk);
        }
        assert_eq!(backwards, Overview::of(&assessment));
        assert_eq!(backwards.results(), assessment.results.len());
        for status in Status::ALL {
            assert_eq!(backwards.count(status), assessment.count(status), "{status}");
        }
    }

    #[test]
    fn what_says_the_same_in_one_account_is_one_line_and_only_the_first_are_kept() {
        let of = |account: u64, id: &str, message: &str| {
            let mut record = result("bucket-not-public", Severity::Critical, Status::Fail, id);
            record.account_id = format!("{account:012}");
            record.message = message.to_owned();
            record
        };
        let mut overview = Overview::default();
        for account in (0..20).rev() {
            overview.add_results(&[
                of(account, "a", "same"),
                of(account, "b", "other"),
                of(account, "c", "same"),
            ]);
        }
        let groups = overview.groups(Status::Fail);
        let [(check, group)] = groups.as_slice() else { panic!("{groups:?}") };
        assert_eq!((*check, group.results, group.accounts), ("bucket-not-public", 60, 20));
        let lines: Vec<(&str, &str, usize)> = group
            .lines()
            .map(|line| (line.account_id.trim_start_matches('0'), line.message.as_str(), line.results))
            .collect();
        assert_eq!(lines[..3], [("", "same", 2), ("", "other", 1), ("1", "same", 2)]);
        assert_eq!(lines.len(), MAX_LINES);
    }

    #[test]
    fn what_is_new_stands_first() {
        let mut old = result("bucket-not-public", Severity::Critical, Status::Fail, "a");
        old.since_baseline = Some(SinceBaseline::Known);
        let mut new = result("bucket-not-public", Severity::Critical, Status::Fail, "b");
        new.since_baseline = Some(SinceBaseline::New);
        let mut overview = Overview::default();
        overview.add_results(&[old, new]);
        let groups = overview.groups(Status::Fail);
        let first = groups.first().and_then(|(_, group)| group.lines().next());
        assert_eq!(first.map(|line| line.resources[0].0.as_str()), Some("b"));
        assert_eq!(overview.failed(|_, since| since == Some(SinceBaseline::New)), 1);
    }
}
