//! An earlier assessment beside a later one: which findings are new, which are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use super::assessment::{AccountAudit, AccountStatus, Assessment, Resource, ResultRecord, SinceBaseline};
use crate::catalogue::{Area, ResourceKind, Severity, Status};

/// The schema of a comparison. The number after the slash is the major version.
pub const SCHEMA: &str = "exfilguard.comparison/1";

/// What makes two results of two audits the same finding: account, region, check, and the resource's kind and id.
type Key<'a> = (&'a str, Option<&'a str>, &'a str, ResourceKind, &'a str);

fn key(result: &ResultRecord) -> Key<'_> {
    let resource = &result.resource;
    (&result.account_id, result.region.as_deref(), &result.check, resource.kind, &resource.id)
}

/// Marks each failure as new or known. Known is what failed in the baseline; what was excepted, unknown or absent there
/// is new.
pub fn mark(assessment: &mut Assessment, baseline: &Assessment) {
    let failed = |result: &&ResultRecord| result.status == Status::Fail;
    let known: BTreeSet<Key<'_>> = baseline.results.iter().filter(failed).map(key).collect();
    for result in assessment.results.iter_mut().filter(|result| result.status == Status::Fail) {
        result.since_baseline = Some(since(&known, result));
    }
}

fn since(known: &BTreeSet<Key<'_>>, result: &ResultRecord) -> SinceBaseline {
    if known.contains(&key(result)) { SinceBaseline::Known } else { SinceBaseline::New }
}

/// Marks each failure as new or known ([`mark`]) and keeps what became of every finding for the reports.
pub fn compare_with(assessment: &mut Assessment, baseline: &Assessment) -> Arc<Comparison> {
    let comparison = Arc::new(Comparison::new(baseline, assessment));
    mark(assessment, baseline);
    assessment.comparison = Some(Arc::clone(&comparison));
    comparison
}

/// Two assessments compared.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// The earlier audit.
    pub old: Side,
    /// The later audit.
    pub new: Side,
    /// Scores before and after.
    pub score: ScoreChanges,
    /// Whether the score rose although nothing that failed passes now: what fails was excepted, or is not there any more.
    pub improved_by_exclusion_only: bool,
    /// What each finding became.
    pub findings: Findings,
}

/// One of the two audits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Side {
    /// The run's id.
    pub run: String,
    /// When it started (RFC 3339, UTC).
    pub started_at: String,
    /// Whether it was complete.
    pub complete: bool,
    /// How many results failed.
    pub failed: usize,
}

impl Side {
    /// When it started, to the minute, for a person.
    #[must_use]
    pub fn moment(&self) -> String {
        let moment = self.started_at.parse::<jiff::Timestamp>();
        moment.map_or_else(|_| self.started_at.clone(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
    }
}

/// Scores before and after.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScoreChanges {
    /// The headline.
    pub overall: Change,
    /// By area.
    pub by_area: BTreeMap<Area, Change>,
    /// By account.
    pub by_account: BTreeMap<String, Change>,
}

/// A score before and after; none where there was none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// In the earlier audit.
    pub before: Option<f64>,
    /// In the later one.
    pub after: Option<f64>,
}

/// Findings by what became of them, each list in canonical order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Findings {
    /// Fails now and did not.
    pub new: Vec<Finding>,
    /// Failed, and passes, does not apply or does not exist now.
    pub resolved: Vec<Finding>,
    /// Failed and fails.
    pub unchanged: Vec<Finding>,
    /// Failed, and is excepted now.
    pub excepted: Vec<Finding>,
    /// Failed, and could not be determined now, or was not audited. It is not resolved.
    pub undetermined: Vec<Finding>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The check's id.
    pub check: String,
    /// The check's area.
    pub area: Area,
    /// The check's severity, in the later audit if it is there.
    pub severity: Severity,
    /// The account.
    pub account_id: String,
    /// The region; none if the resource has none.
    pub region: Option<String>,
    /// The resource.
    pub resource: Resource,
    /// The status before; none if there was no such result.
    pub before: Option<Status>,
    /// The status after; none if there is no such result.
    pub after: Option<Status>,
    /// What is or was wrong: the message of the later audit if it has one.
    pub message: String,
}

impl Comparison {
    /// Compares an earlier with a later assessment.
    #[must_use]
    pub fn new(old: &Assessment, new: &Assessment) -> Self {
        Self::of(old, side(old), new, side(new), findings(old, new))
    }

    fn of(old: &Assessment, old_side: Side, new: &Assessment, new_side: Side, findings: Findings) -> Self {
        let overall = Change { before: Some(old.score.overall), after: Some(new.score.overall) };
        let passes_now = findings.resolved.iter().any(|finding| finding.after == Some(Status::Pass));
        Self {
            schema: SCHEMA.to_owned(),
            old: old_side,
            new: new_side,
            improved_by_exclusion_only: new.score.overall > old.score.overall && !passes_now,
            score: ScoreChanges {
                overall,
                by_area: changes(&old.score.by_area, &new.score.by_area),
                by_account: changes(&old.score.by_account, &new.score.by_account),
            },
            findings,
        }
    }
}

fn side(assessment: &Assessment) -> Side {
    Side {
        run: assessment.run.id.clone(),
        started_at: assessment.run.started_at.to_string(),
        complete: assessment.run.complete,
        failed: assessment.count(Status::Fail),
    }
}

fn changes<K: Ord + Clone>(old: &BTreeMap<K, f64>, new: &BTreeMap<K, f64>) -> BTreeMap<K, Change> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    let change = |key: &K| Change { before: old.get(key).copied(), after: new.get(key).copied() };
    keys.into_iter().map(|key| (key.clone(), change(key))).collect()
}

/// The findings of two whole assessments, account by account.
fn findings(old: &Assessment, new: &Assessment) -> Findings {
    let (before, after) = (by_account(&old.results), by_account(&new.results));
    let accounts: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut findings = Findings::default();
    for account in accounts {
        let (old, later) = (before.get(account), after.get(account));
        findings.add_account(
            old.map(Vec::as_slice).unwrap_or_default(),
            later.map(Vec::as_slice).unwrap_or_default(),
            new.account(account),
        );
    }
    findings
}

fn by_account(results: &[ResultRecord]) -> BTreeMap<&str, Vec<&ResultRecord>> {
    let mut by_account: BTreeMap<&str, Vec<&ResultRecord>> = BTreeMap::new();
    for result in results {
        by_account.entry(&result.account_id).or_default().push(result);
    }
    by_account
}

impl Findings {
    /// Adds what became of one account's results.
    fn add_account(&mut self, old: &[&ResultRecord], new: &[&ResultRecord], audit: Option<&AccountAudit>) {
        let before: BTreeMap<Key<'_>, &ResultRecord> = old.iter().map(|r| (key(r), *r)).collect();
        let after: BTreeMap<Key<'_>, &ResultRecord> = new.iter().map(|r| (key(r), *r)).collect();
        let ran: BTreeSet<&str> = new.iter().map(|r| r.check.as_str()).collect();
        let keys: BTreeSet<&Key<'_>> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let (old_result, new_result) = (before.get(key).copied(), after.get(key).copied());
            let (was, is) = (old_result.map(|r| r.status), new_result.map(|r| r.status));
            let list = match (was == Some(Status::Fail), is) {
                (false, Some(Status::Fail)) => &mut self.new,
                (false, _) => continue,
                (true, Some(Status::Fail)) => &mut self.unchanged,
                (true, Some(Status::Pass | Status::NotApplicable)) => &mut self.resolved,
                (true, Some(Status::Excepted)) => &mut self.excepted,
                (true, Some(Status::Unknown | Status::Error)) => &mut self.undetermined,
                (true, None) if gone(audit, key, &ran) => &mut self.resolved,
                (true, None) => &mut self.undetermined,
            };
            list.extend(new_result.or(old_result).map(|result| finding(result, was, is)));
        }
    }

    fn lists(&mut self) -> [&mut Vec<Finding>; 5] {
        [&mut self.new, &mut self.resolved, &mut self.unchanged, &mut self.excepted, &mut self.undetermined]
    }

    /// Adds those of another account. The lists are in order again after [`Findings::sort`].
    fn join(&mut self, mut other: Self) {
        for (mine, theirs) in self.lists().into_iter().zip(other.lists()) {
            mine.append(theirs);
        }
    }

    /// Accounts in order; within an account the order stays.
    fn sort(&mut self) {
        for list in self.lists() {
            list.sort_by(|a, b| a.account_id.cmp(&b.account_id));
        }
    }
}

/// An earlier assessment, held against a later one account by account, in any order of accounts.
#[derive(Debug)]
pub struct Baseline {
    head: Assessment,
    side: Side,
    results: BTreeMap<String, Vec<ResultRecord>>,
    found: Mutex<Findings>,
}

impl Baseline {
    /// Takes an earlier assessment. Its results stay in memory.
    #[must_use]
    pub fn new(mut old: Assessment) -> Self {
        let side = side(&old);
        let mut results: BTreeMap<String, Vec<ResultRecord>> = BTreeMap::new();
        for result in std::mem::take(&mut old.results) {
            results.entry(result.account_id.clone()).or_default().push(result);
        }
        old.simulation = Vec::new();
        Self { head: old, side, results, found: Mutex::default() }
    }

    /// Marks each failure of an account as new or known, and keeps what became of its findings.
    pub fn account(&self, audit: &AccountAudit, results: &mut [ResultRecord]) {
        let old: Vec<&ResultRecord> = self.results.get(&audit.id).into_iter().flatten().collect();
        let known: BTreeSet<Key<'_>> =
            old.iter().filter(|result| result.status == Status::Fail).map(|result| key(result)).collect();
        for result in results.iter_mut().filter(|result| result.status == Status::Fail) {
            result.since_baseline = Some(since(&known, result));
        }
        let mut findings = Findings::default();
        findings.add_account(&old, &results.iter().collect::<Vec<_>>(), Some(audit));
        self.found.lock().unwrap_or_else(PoisonError::into_inner).join(findings);
    }

    /// What became of every finding, once every account was held against it.
    #[must_use]
    pub fn comparison(&self, new: &Assessment, failed: usize) -> Comparison {
        let mut findings = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (account, old) in &self.results {
            if new.account(account).is_none() {
                findings.add_account(&old.iter().collect::<Vec<_>>(), &[], None);
            }
        }
        findings.sort();
        let side = Side { failed, ..side(new) };
        Comparison::of(&self.head, self.side.clone(), new, side, findings)
    }
}

/// Whether a result that is not there any more means that the resource is not: its account and region were read
/// entirely, and its check ran there. The rest of a partly read account is not looked through: what was not listed may
/// still be there.
fn gone(audit: Option<&AccountAudit>, (_, region, check, ..): &Key<'_>, ran: &BTreeSet<&str>) -> bool {
    audit.is_some_and(|audit| {
        audit.status == AccountStatus::Audited
            && region.is_none_or(|region| audit.regions.iter().any(|audited| audited == region))
    }) && ran.contains(check)
}

fn finding(result: &ResultRecord, before: Option<Status>, after: Option<Status>) -> Finding {
    Finding {
        check: result.check.clone(),
        area: result.area,
        severity: result.severity,
        account_id: result.account_id.clone(),
        region: result.region.clone(),
        resource: result.resource.clone(),
        before,
        after,
        message: result.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::score::assessment::examples::{account, result, run};

    fn audit(results: &[(&str, Status)]) -> Assessment {
        let results =
            results.iter().map(|(id, status)| result("bucket-not-public", Severity::High, *status, id));
        Assessment::new(run(), vec![account("111122223333")], results.collect())
    }

    fn ids(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.resource.id.as_str()).collect()
    }

    #[test]
    fn known_is_only_what_failed_before() {
        let before = audit(&[
            ("failed", Status::Fail),
            ("excepted", Status::Excepted),
            ("unknown", Status::Unknown),
            ("passed", Status::Pass),
        ]);
        let mut after = audit(&[
            ("failed", Status::Fail),
            ("excepted", Status::Fail),
            ("unknown", Status::Fail),
            ("passed", Status::Fail),
            ("absent", Status::Fail),
            ("good", Status::Pass),
        ]);
        mark(&mut after, &before);
        for result in &after.results {
            let expected = match result.resource.id.as_str() {
                "failed" => Some(SinceBaseline::Known),
                "good" => None,
                _ => Some(SinceBaseline::New),
            };
            assert_eq!(result.since_baseline, expected, "{}", result.resource.id);
        }
    }

    #[test]
    fn the_same_name_in_another_region_account_or_check_is_another_finding() {
        let before = audit(&[("one", Status::Fail)]);
        let changes: [fn(&mut ResultRecord); 4] = [
            |r| r.region = None,
            |r| r.account_id = "999999999999".to_owned(),
            |r| r.check = "bucket-requires-tls".to_owned(),
            |r| r.resource.kind = ResourceKind::AccessPoint,
        ];
        for change in changes {
            let mut after = before.clone();
            change(after.results.first_mut().unwrap());
            mark(&mut after, &before);
            assert_eq!(after.results[0].since_baseline, Some(SinceBaseline::New));
        }
    }

    #[test]
    fn each_finding_is_in_exactly_one_list() {
        let failed =
            ["mended", "gone", "stays", "accepted", "unread", "inapplicable"].map(|id| (id, Status::Fail));
        let old = audit(&failed);
        let new = audit(&[
            ("mended", Status::Pass),
            ("stays", Status::Fail),
            ("accepted", Status::Excepted),
            ("unread", Status::Unknown),
            ("inapplicable", Status::NotApplicable),
            ("fresh", Status::Fail),
        ]);
        let comparison = Comparison::new(&old, &new);
        let findings = &comparison.findings;
        assert_eq!(ids(&findings.new), ["fresh"]);
        assert_eq!(ids(&findings.resolved), ["gone", "inapplicable", "mended"]);
        assert_eq!(ids(&findings.unchanged), ["stays"]);
        assert_eq!(ids(&findings.excepted), ["accepted"]);
        assert_eq!(ids(&findings.undetermined), ["unread"]);
        assert_eq!((comparison.old.failed, comparison.new.failed), (6, 2));
        assert!(!comparison.improved_by_exclusion_only);
    }

    #[test]
    fn what_was_not_audited_is_not_resolved() {
        let old = audit(&[("one", Status::Fail), ("two", Status::Pass)]);
        let mut partial = audit(&[("two", Status::Pass)]);
        partial.accounts[0].status = AccountStatus::Partial;
        let mut elsewhere = audit(&[("two", Status::Pass)]);
        elsewhere.accounts[0].regions = vec!["us-east-1".to_owned()];
        let mut out_of_scope = audit(&[("two", Status::Pass)]);
        out_of_scope.accounts.clear();
        for new in [partial, elsewhere, out_of_scope, audit(&[])] {
            let findings = Comparison::new(&old, &new).findings;
            assert_eq!(ids(&findings.undetermined), ["one"]);
            assert!(findings.resolved.is_empty());
        }
    }

    #[test]
    fn a_score_that_rises_by_exceptions_alone_is_told() {
        let old = audit(&[("one", Status::Fail), ("two", Status::Pass)]);
        let excepted = Comparison::new(&old, &audit(&[("one", Status::Excepted), ("two", Status::Pass)]));
        assert!(excepted.improved_by_exclusion_only);
        let mended = Comparison::new(&old, &audit(&[("one", Status::Pass), ("two", Status::Pass)]));
        assert!(!mended.improved_by_exclusion_only);
        assert_eq!(mended.score.by_account["111122223333"].after, Some(100.0));
        let same = Comparison::new(&old, &old);
        assert!(!same.improved_by_exclusion_only);
        assert_eq!(ids(&same.findings.unchanged), ["one"]);
    }
}
