//! The dry proof: the plan's changes are made on the snapshot, and everything is judged and simulated again. A change that
//! makes anything worse, or mends nothing, is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::plan::{Change, Mended, Refusal};
use crate::audit::{Judge, OfflineError, Start, Whole, assemble, offline};
use crate::catalogue::Status;
use crate::collect::CallCounts;
use crate::score::assessment::{Assessment, Source};
use crate::simulate::Cell;
use crate::snapshot::{SnapshotError, SnapshotReader, SnapshotWriter};

/// The proof cannot be carried through.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// A snapshot cannot be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It cannot be judged.
    #[error(transparent)]
    Judge(#[from] OfflineError),
    /// No place for the changed snapshot.
    #[error("no temporary file for the changed snapshot: {0}")]
    Io(#[from] std::io::Error),
    /// A change does not fit the snapshot.
    #[error("change `{0}` does not fit the snapshot: {1}")]
    Unfit(String, String),
    /// The changes together make worse what none of them does alone.
    #[error("the changes together make things worse, though none does alone: {0}")]
    Together(String),
}

/// Judges a snapshot.
///
/// # Errors
/// The file is damaged, or no thread can be started.
pub fn judged(path: &Path, judge: &Arc<Judge>, start: &Start) -> Result<Assessment, ProofError> {
    let reader = SnapshotReader::open(path)?;
    let (read, judgements) = offline(reader, judge, |_| {})?;
    let calls = CallCounts::default();
    let whole =
        Whole { incomplete: read.unasked, ..Whole::new(start, Source::Snapshot, &read.organization, &calls) };
    Ok(assemble(judge, whole, judgements))
}

/// What is proved on.
pub struct Proof<'a> {
    /// The snapshot.
    pub snapshot: &'a Path,
    /// Who judges.
    pub judge: &'a Arc<Judge>,
    /// When the run began.
    pub start: &'a Start,
    /// The snapshot as it is, judged.
    pub before: &'a Assessment,
}

impl Proof<'_> {
    /// Keeps the changes that mend what they are for and make nothing worse, and fills in what they lead to.
    ///
    /// # Errors
    /// The snapshot cannot be judged, or the changes make things worse only together.
    pub fn keep(&self, changes: Vec<Change>) -> Result<(Vec<Change>, Vec<Refusal>), ProofError> {
        let (mut changes, mut refused) = (changes, Vec::new());
        loop {
            if changes.is_empty() {
                return Ok((changes, refused));
            }
            let after = self.after(&changes)?;
            fill_in(&mut changes, self.before, &after);
            let useless = |change: &Change| change.results.iter().all(|mended| mended.after != Status::Pass);
            let worse = worse(self.before, &after);
            let mut out: BTreeMap<String, String> = changes
                .iter()
                .filter(|change| useless(change))
                .map(|change| (change.id.clone(), still(change, &after)))
                .collect();
            if !worse.is_empty() {
                for change in &changes {
                    let alone = self::worse(self.before, &self.after(std::slice::from_ref(change))?);
                    if let Some(reason) = alone.first() {
                        out.insert(change.id.clone(), reason.clone());
                    }
                }
            }
            if out.is_empty() {
                match worse.into_iter().next() {
                    Some(reason) => return Err(ProofError::Together(reason)),
                    None => return Ok(settled(changes, refused, &after)),
                }
            }
            // A later change of the same setting was proposed on top of this one: it goes with it.
            let gone: BTreeSet<_> = changes
                .iter()
                .filter(|change| out.contains_key(&change.id))
                .flat_map(|change| {
                    change.steps.iter().map(|step| (change.account.clone(), step.sets.clone()))
                })
                .collect();
            let (kept, dropped): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| {
                let built_on = change
                    .steps
                    .iter()
                    .any(|step| gone.contains(&(change.account.clone(), step.sets.clone())));
                !built_on
            });
            for change in dropped {
                let reason = out.get(&change.id).cloned().unwrap_or_else(|| {
                    "it was to follow another change of the same setting, which is refused; plan again with `--kind` of \
                     this one alone"
                        .to_owned()
                });
                refused.extend(change.results.iter().map(|mended| refusal(&change.kind, mended, &reason)));
            }
            changes = kept;
        }
    }

    /// The snapshot with these changes, judged.
    fn after(&self, changes: &[Change]) -> Result<Assessment, ProofError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("changed");
        let mut reader = SnapshotReader::open(self.snapshot)?;
        let header = reader.header().clone();
        let mut writer = SnapshotWriter::create(&path, &header)?;
        while let Some(mut account) = reader.next().transpose()? {
            let id = account.id.clone();
            for change in changes {
                for step in &change.steps {
                    let seen =
                        step.sets.seen_by().filter(|(other, _)| *other == id).map(|(_, setting)| setting);
                    let own = (change.account == id).then(|| step.sets.clone());
                    for setting in own.into_iter().chain(seen) {
                        setting
                            .put(&mut account, &change.region, &step.wanted)
                            .map_err(|why| ProofError::Unfit(change.id.clone(), why))?;
                    }
                }
            }
            writer.account(&account)?;
        }
        writer.finish()?;
        judged(&path, self.judge, self.start)
    }
}

/// What is worse than before, a sentence each: a check that passed and does not any more, or a technique that comes to a
/// worse outcome.
#[must_use]
pub fn worse(before: &Assessment, after: &Assessment) -> Vec<String> {
    let mut worse = Vec::new();
    let statuses = by_result(after);
    for result in before.results.iter().filter(|result| result.status == Status::Pass) {
        let key = (&*result.check, &*result.account_id, result.region.as_deref(), &*result.resource.id);
        match statuses.get(&key) {
            Some((Status::Fail | Status::Unknown | Status::Error, message)) => worse.push(format!(
                "`{}` passes now for `{}` in account {} and would not any more: {message}",
                result.check, result.resource.id, result.account_id
            )),
            Some(_) => {}
            None => worse.push(format!(
                "`{}` is judged now for `{}` in account {} and would not be any more",
                result.check, result.resource.id, result.account_id
            )),
        }
    }
    let cells: BTreeMap<_, &Cell> = after.simulation.iter().map(|cell| (cell_key(cell), cell)).collect();
    for cell in &before.simulation {
        let then = cells.get(&cell_key(cell)).map(|cell| cell.outcome);
        if then.is_none_or(|then| then < cell.outcome) {
            worse.push(format!(
                "{} on bucket `{}` in account {} is {} now and would be {}",
                cell.technique,
                cell.bucket,
                cell.account_id,
                cell.outcome,
                then.map_or("not simulated", crate::simulate::Outcome::as_str)
            ));
        }
    }
    worse
}

/// Takes out of each change the results that it leaves as they are, and says why.
fn settled(
    mut changes: Vec<Change>,
    mut refused: Vec<Refusal>,
    after: &Assessment,
) -> (Vec<Change>, Vec<Refusal>) {
    for change in &mut changes {
        let (mended, left): (Vec<Mended>, Vec<Mended>) =
            change.results.drain(..).partition(|mended| mended.after == Status::Pass);
        for result in left {
            let message =
                status_of(after, &result).map_or("it would not be judged any more", |(_, message)| message);
            let reason = format!("the change for others does not mend it: {message}");
            refused.push(refusal(&change.kind, &result, &reason));
        }
        change.results = mended;
    }
    (changes, refused)
}

type ResultKey<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

fn by_result(assessment: &Assessment) -> BTreeMap<ResultKey<'_>, (Status, &str)> {
    assessment
        .results
        .iter()
        .map(|result| {
            let key = (&*result.check, &*result.account_id, result.region.as_deref(), &*result.resource.id);
            (key, (result.status, &*result.message))
        })
        .collect()
}

fn cell_key(cell: &Cell) -> (&str, &str, &str) {
    (&cell.account_id, &cell.bucket, &cell.technique)
}

/// What an assessment says of a result that a change is to mend.
#[must_use]
pub fn status_of<'a>(assessment: &'a Assessment, mended: &Mended) -> Option<(Status, &'a str)> {
    let found = assessment.results.iter().find(|result| {
        result.check == mended.check
            && result.account_id == mended.account
            && result.region == mended.region
            && result.resource.kind == mended.kind
            && result.resource.id == mended.resource
    });
    found.map(|result| (result.status, &*result.message))
}

fn still(change: &Change, after: &Assessment) -> String {
    let message =
        change.results.iter().find_map(|mended| status_of(after, mended)).map(|(_, message)| message);
    format!(
        "it would not mend the result: {}",
        message.unwrap_or("the resource would not be judged any more")
    )
}

fn refusal(kind: &str, mended: &Mended, reason: &str) -> Refusal {
    Refusal {
        account: mended.account.clone(),
        region: mended.region.clone(),
        check: mended.check.clone(),
        resource: mended.resource.clone(),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
    }
}

fn fill_in(changes: &mut [Change], before: &Assessment, after: &Assessment) {
    for change in changes {
        for mended in &mut change.results {
            mended.after = status_of(after, mended).map_or(Status::NotApplicable, |(status, _)| status);
        }
        let of_bucket = |cell: &&Cell| cell.account_id == change.account && cell.bucket == change.resource;
        let whole = !before.simulation.iter().any(|cell| of_bucket(&cell));
        let accounts: BTreeSet<&str> = change.results.iter().map(|mended| mended.account.as_str()).collect();
        let count = |assessment: &Assessment| {
            let mut counts = BTreeMap::new();
            for cell in &assessment.simulation {
                if of_bucket(&cell) || (whole && accounts.contains(cell.account_id.as_str())) {
                    *counts.entry(cell.outcome.to_string()).or_insert(0) += 1;
                }
            }
            counts
        };
        change.simulation.before = count(before);
        change.simulation.after = count(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Severity;
    use crate::score::assessment::ResultRecord;
    use crate::score::assessment::examples::{account, result, run};

    fn assessment(results: Vec<ResultRecord>) -> Assessment {
        Assessment::new(run(), vec![account("111122223333")], results)
    }

    #[test]
    fn a_pass_that_is_no_pass_any_more_is_worse_and_a_failure_that_stays_is_not() {
        let with = |status| assessment(vec![result("object-reads-logged", Severity::High, status, "one")]);
        let pass = with(Status::Pass);
        for status in [Status::Fail, Status::Unknown, Status::Error] {
            assert_eq!(worse(&pass, &with(status)).len(), 1, "{status}");
        }
        assert_eq!(worse(&pass, &assessment(Vec::new())).len(), 1);
        assert!(worse(&pass, &pass).is_empty());
        assert!(worse(&with(Status::Fail), &with(Status::Fail)).is_empty());
        assert!(worse(&with(Status::Unknown), &with(Status::Fail)).is_empty());
    }
    fn cell() -> Cell {
        let no = crate::semantics::verdict::Tri::No;
        Cell {
            account_id: "111122223333".to_owned(),
            bucket: "ledger".to_owned(),
            region: "eu-west-1".to_owned(),
            technique: String::new(),
            outcome: crate::simulate::Outcome::Blind,
            possible: crate::simulate::Outcome::Blind,
            logged: no,
            detected: no,
            alerted: no,
            prevented: no,
            ml_dependent: false,
            path: Vec::new(),
            mended_by: Vec::new(),
            broken_link: None,
            evidence: Vec::new(),
            weight: 1.0,
        }
    }

    #[test]
    fn a_technique_that_comes_to_a_worse_outcome_is_worse() {
        use crate::simulate::Outcome;
        let with = |outcomes: &[(&str, Outcome)]| {
            let mut found = assessment(Vec::new());
            found.simulation = outcomes
                .iter()
                .map(|(technique, outcome)| Cell {
                    technique: (*technique).to_owned(),
                    outcome: *outcome,
                    ..cell()
                })
                .collect();
            found
        };
        let before = with(&[("T-01", Outcome::Detected), ("T-02", Outcome::Blind)]);
        let said = worse(&before, &with(&[("T-01", Outcome::Logged), ("T-02", Outcome::Blind)]));
        assert_eq!(
            said,
            ["T-01 on bucket `ledger` in account 111122223333 is detected now and would be logged"]
        );
        let said = worse(&before, &with(&[("T-02", Outcome::Blind)]));
        assert!(
            said.len() == 1 && said.iter().all(|why| why.ends_with("would be not simulated")),
            "{said:?}"
        );
        let better = with(&[("T-01", Outcome::Prevented), ("T-02", Outcome::Logged)]);
        assert!(worse(&before, &better).is_empty());
        assert!(worse(&before, &before).is_empty());
    }
}
