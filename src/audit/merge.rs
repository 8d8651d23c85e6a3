//! Joining the assessments of several shards to the one that a single run over all accounts would have made.
//!
//! Shards are taken one after the other, so that no more than one of them is in memory. Scores are computed anew from all
//! results; gains and the uses of exceptions are sums.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::assembly::{Assessed, Joined};
use super::spill::{PackedAccount, Spill};
use crate::catalogue::Status;
use crate::collect::Shard;
use crate::score::assessment::{ApiCalls, Assessment, PolicyWarning, ResultRecord, Run};
use crate::score::baseline::Baseline;
use crate::score::{AccountRecords, ExceptionUse, ReportNeeds};
use crate::simulate::{Cell, Gains};

/// Assessments that do not make one.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Nothing to join.
    #[error("there is no assessment to join")]
    Nothing,
    /// They are of different things.
    #[error("`{first}` and `{other}` do not fit together: their {what} differ ({of_first}, {of_other})")]
    Differ {
        /// The assessment that came first.
        first: String,
        /// The one that does not fit it.
        other: String,
        /// What differs.
        what: &'static str,
        /// What the first says.
        of_first: String,
        /// What the other says.
        of_other: String,
    },
    /// They were judged by other check modules or another policy file.
    #[error(
        "`{first}` and `{other}` do not fit together: they were judged by different checks or policy files"
    )]
    JudgedOtherwise {
        /// The assessment that came first.
        first: String,
        /// The one that does not fit it.
        other: String,
    },
    /// An account is in two of them.
    #[error("account {account} is both in `{first}` and in `{other}`")]
    Overlap {
        /// The account.
        account: String,
        /// The assessment that came first.
        first: String,
        /// The other one.
        other: String,
    },
    /// A shard is there twice.
    #[error("`{first}` and `{other}` are both of shard {shard}")]
    Twice {
        /// Which.
        shard: String,
        /// The assessment that came first.
        first: String,
        /// The other one.
        other: String,
    },
    /// Some of them are shards and some are not.
    #[error("`{whole}` is of no shard, `{shard}` is")]
    Mixed {
        /// The assessment of all accounts that were asked for.
        whole: String,
        /// The one of a part of them.
        shard: String,
    },
    /// A shard is missing.
    #[error("of {of} shards {} missing", missing(.shards))]
    Missing {
        /// How many there are.
        of: u32,
        /// Which are missing.
        shards: Vec<u32>,
    },
    /// The shard is not written as one.
    #[error("`{name}`: {problem}")]
    Shard {
        /// The assessment.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Results cannot be kept in the temporary file.
    #[error("the results cannot be kept in a temporary file: {0}")]
    Io(#[from] io::Error),
}

fn missing(shards: &[u32]) -> String {
    let names: Vec<String> = shards.iter().map(u32::to_string).collect();
    format!("{} {}", names.join(", "), if shards.len() == 1 { "is" } else { "are" })
}

/// Joins assessments.
#[derive(Debug, Default)]
pub struct Merge {
    baseline: Option<Baseline>,
    joined: Joined,
    records: Spill,
    /// What the first one says of the whole, and how it is called.
    first: Option<(String, Run)>,
    /// By account, the assessment that it is in.
    accounts: BTreeMap<String, String>,
    shards: BTreeMap<u32, String>,
    of: Option<u32>,
    exceptions: Vec<ExceptionUse>,
    warnings: BTreeSet<PolicyWarning>,
}

impl Merge {
    /// Joins assessments, and holds the whole against an earlier one if there is one.
    #[must_use]
    pub fn new(baseline: Option<Baseline>) -> Self {
        Self { baseline, ..Self::default() }
    }

    /// Takes an assessment; `name` is what it is called in errors.
    ///
    /// # Errors
    /// It does not fit those that came before.
    pub fn add(&mut self, name: &str, assessment: Assessment) -> Result<(), MergeError> {
        let Assessment {
            run,
            accounts,
            results,
            simulation,
            policy_warnings,
            mend_first,
            other_gains,
            exceptions,
            ..
        } = assessment;
        self.fit(name, &run)?;
        self.shard(name, run.shard.as_deref())?;
        self.add_exceptions(name, exceptions)?;
        self.warnings.extend(policy_warnings);
        for account in &accounts {
            if let Some(first) = self.accounts.insert(account.id.clone(), name.to_owned()) {
                let (account, other) = (account.id.clone(), name.to_owned());
                return Err(MergeError::Overlap { account, first, other });
            }
        }
        let gains: Gains = mend_first.iter().chain(&other_gains).collect();
        self.joined.gains.join(&gains);
        self.joined.incomplete.extend(run.incomplete.iter().cloned());
        let mut records: BTreeMap<String, (Vec<ResultRecord>, Vec<Cell>)> = BTreeMap::new();
        for result in results {
            records.entry(result.account_id.clone()).or_default().0.push(result);
        }
        for cell in simulation {
            records.entry(cell.account_id.clone()).or_default().1.push(cell);
        }
        for account in accounts {
            let (mut results, cells) = records.remove(&account.id).unwrap_or_default();
            if let Some(baseline) = &self.baseline {
                baseline.account(&account, &mut results);
            }
            self.add_records(&account.id, results, cells)?;
            self.joined.accounts.push(account);
        }
        // Results of accounts that are not in scope.
        for (account, (results, cells)) in records {
            self.add_records(&account, results, cells)?;
        }
        self.join_run(name, run);
        Ok(())
    }

    fn add_records(
        &mut self,
        account: &str,
        mut results: Vec<ResultRecord>,
        mut cells: Vec<Cell>,
    ) -> Result<(), MergeError> {
        results.sort_by(|a, b| a.order().cmp(&b.order()));
        cells.sort_by(Cell::order);
        let records = AccountRecords { account: None, incomplete: &[], results: &results };
        self.records.put(account, PackedAccount::of(&records, &cells, &ReportNeeds::ALL)?)?;
        self.joined.add_records(account, &results, &cells);
        Ok(())
    }

    /// Refuses what is of another organization or was made otherwise.
    fn fit(&self, name: &str, run: &Run) -> Result<(), MergeError> {
        let Some((first, before)) = &self.first else { return Ok(()) };
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let source = |run: &Run| format!("{:?}", run.source).to_lowercase();
        let pairs = [
            ("versions of exfilguard", before.tool_version.clone(), run.tool_version.clone()),
            ("organizations", shown(&before.organization_id), shown(&run.organization_id)),
            ("management accounts", shown(&before.management_account), shown(&run.management_account)),
            ("partitions", shown(&before.partition), shown(&run.partition)),
            ("sources", source(before), source(run)),
        ];
        for (what, of_first, of_other) in pairs {
            if of_first != of_other {
                let (first, other) = (first.clone(), name.to_owned());
                return Err(MergeError::Differ { first, other, what, of_first, of_other });
            }
        }
        if before.judged_by != run.judged_by {
            return Err(MergeError::JudgedOtherwise { first: first.clone(), other: name.to_owned() });
        }
        Ok(())
    }

    /// Refuses a shard that is there already, that is one of another number, or one among assessments that are none.
    fn shard(&mut self, name: &str, shard: Option<&str>) -> Result<(), MergeError> {
        let before = self.first.as_ref().map(|(first, run)| (first.clone(), run.shard.clone()));
        let Some(shard) = shard else {
            return match before {
                Some((first, Some(_))) => Err(MergeError::Mixed { whole: name.to_owned(), shard: first }),
                _ => Ok(()),
            };
        };
        if let Some((first, None)) = before {
            return Err(MergeError::Mixed { whole: first, shard: name.to_owned() });
        }
        let malformed = |problem| MergeError::Shard { name: name.to_owned(), problem };
        let Shard { index, of } = shard.parse().map_err(malformed)?;
        if let (Some((first, _)), Some(known)) = (&before, self.of)
            && known != of.get()
        {
            return Err(MergeError::Differ {
                first: first.clone(),
                other: name.to_owned(),
                what: "numbers of shards",
                of_first: known.to_string(),
                of_other: of.to_string(),
            });
        }
        self.of = Some(of.get());
        match self.shards.insert(index, name.to_owned()) {
            Some(first) => Err(MergeError::Twice { shard: shard.to_owned(), first, other: name.to_owned() }),
            None => Ok(()),
        }
    }

    fn add_exceptions(&mut self, name: &str, exceptions: Vec<ExceptionUse>) -> Result<(), MergeError> {
        let Some((first, _)) = &self.first else {
            self.exceptions = exceptions;
            return Ok(());
        };
        let same = self.exceptions.len() == exceptions.len()
            && self.exceptions.iter().zip(&exceptions).all(|(mine, theirs)| mine.is_same(theirs));
        if !same {
            return Err(MergeError::JudgedOtherwise { first: first.clone(), other: name.to_owned() });
        }
        for (mine, theirs) in self.exceptions.iter_mut().zip(&exceptions) {
            mine.join(theirs);
        }
        Ok(())
    }

    fn join_run(&mut self, name: &str, run: Run) {
        let Some((_, whole)) = &mut self.first else {
            self.first = Some((name.to_owned(), run));
            return;
        };
        whole.started_at = whole.started_at.min(run.started_at);
        whole.finished_at = whole.finished_at.max(run.finished_at);
        let ApiCalls { total, retries, throttled, by_operation } = run.api_calls;
        whole.api_calls.total += total;
        whole.api_calls.retries += retries;
        whole.api_calls.throttled += throttled;
        for (operation, calls) in by_operation {
            *whole.api_calls.by_operation.entry(operation).or_default() += calls;
        }
    }

    /// The whole.
    ///
    /// # Errors
    /// There is nothing, or a shard is missing.
    pub fn finish(self) -> Result<Assessed, MergeError> {
        let (_, mut run) = self.first.ok_or(MergeError::Nothing)?;
        if let Some(of) = self.of {
            let shards: Vec<u32> = (1..=of).filter(|shard| !self.shards.contains_key(shard)).collect();
            if !shards.is_empty() {
                return Err(MergeError::Missing { of, shards });
            }
        }
        run.id = uuid::Uuid::now_v7().to_string();
        run.shard = None;
        run.incomplete.clear();
        let today = run.started_at.to_zoned(TimeZone::UTC).date();
        let partition = run.partition.clone().unwrap_or_else(|| "aws".to_owned());
        let (mut head, overview) = self.joined.head(run);
        head.policy_warnings =
            warnings(&self.exceptions, self.warnings, |use_| use_.warnings(today, &partition));
        head.exceptions = self.exceptions;
        if let Some(baseline) = &self.baseline {
            head.comparison = Some(Arc::new(baseline.comparison(&head, overview.count(Status::Fail))));
        }
        Ok(Assessed { head, overview, records: self.records })
    }
}

/// What is worth a look in the policy file: of the exceptions by all that they met, of the rest what each shard said.
fn warnings(
    exceptions: &[ExceptionUse],
    of_shards: BTreeSet<PolicyWarning>,
    of_exception: impl Fn(&ExceptionUse) -> Vec<PolicyWarning>,
) -> Vec<PolicyWarning> {
    let places: BTreeSet<(u64, u64)> = exceptions.iter().map(|use_| (use_.line, use_.column)).collect();
    let rest = of_shards.into_iter().filter(|warning| !places.contains(&(warning.line, warning.column)));
    let mut warnings: Vec<PolicyWarning> = exceptions.iter().flat_map(of_exception).chain(rest).collect();
    warnings.sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
    // The policy file may lie elsewhere on each machine.
    warnings.dedup_by(|a, b| (a.line, a.column, &a.message) == (b.line, b.column, &b.message));
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::score::assessment::examples::{account, organization, result, run};

    fn of(shard: Option<&str>, id: &str) -> Assessment {
        let mut record = result("bucket-not-public", crate::catalogue::Severity::High, Status::Fail, "one");
        record.account_id = id.to_owned();
        let run = Run { shard: shard.map(str::to_owned), ..run() };
        Assessment::new(run, vec![account(id)], vec![record])
    }

    fn merged(parts: Vec<Assessment>) -> Result<Assessment, String> {
        let mut merge = Merge::default();
        for (number, part) in parts.into_iter().enumerate() {
            merge.add(&format!("{}.json", number + 1), part).map_err(|error| error.to_string())?;
        }
        Ok(merge.finish().map_err(|error| error.to_string())?.into_assessment().unwrap())
    }

    /// An assessment of one of its accounts.
    fn part(whole: &Assessment, id: &str) -> Assessment {
        let of_account = |account: &str| account == id;
        let mut run = whole.run.clone();
        run.incomplete.retain(|gap| of_account(&gap.account_id));
        let accounts = whole.accounts.iter().filter(|account| of_account(&account.id)).cloned();
        let results = whole.results.iter().filter(|result| of_account(&result.account_id)).cloned();
        Assessment::new(run, accounts.collect(), results.collect())
    }

    #[test]
    fn the_parts_are_the_whole() {
        let whole = organization();
        let mut parts: Vec<Assessment> =
            whole.accounts.iter().map(|account| part(&whole, &account.id)).collect();
        parts.reverse();
        let mut joined = merged(parts).unwrap();
        assert_eq!(joined.run.api_calls.total, 4 * whole.run.api_calls.total);
        joined.run = whole.run.clone();
        assert_eq!(joined, whole);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        const A: &str = "111122223333";
        const B: &str = "222233334444";
        let other = |change: fn(&mut Run)| {
            let mut assessment = of(None, B);
            change(&mut assessment.run);
            assessment
        };
        let cases = [
            (vec![], "there is no assessment to join"),
            (vec![of(None, A), of(None, A)], "account 111122223333 is both in `1.json` and in `2.json`"),
            (
                vec![of(None, A), other(|run| run.organization_id = Some("o-other".to_owned()))],
                "`1.json` and `2.json` do not fit together: their organizations differ (o-exampleorgid, o-other)",
            ),
            (
                vec![of(None, A), other(|run| run.tool_version = "9.9.9".to_owned())],
                "`1.json` and `2.json` do not fit together: their versions of exfilguard differ (0.1.0, 9.9.9)",
            ),
            (
                vec![of(None, A), other(|run| run.judged_by = Some("ab".to_owned()))],
                "`1.json` and `2.json` do not fit together: they were judged by different checks or policy files",
            ),
            (vec![of(Some("1/4"), A), of(Some("3/4"), B)], "of 4 shards 2, 4 are missing"),
            (vec![of(Some("2/2"), A)], "of 2 shards 1 is missing"),
            (vec![of(Some("1/2"), A), of(Some("1/2"), B)], "`1.json` and `2.json` are both of shard 1/2"),
            (
                vec![of(Some("1/2"), A), of(Some("2/3"), B)],
                "`1.json` and `2.json` do not fit together: their numbers of shards differ (2, 3)",
            ),
            (vec![of(None, A), of(Some("2/2"), B)], "`1.json` is of no shard, `2.json` is"),
            (vec![of(Some("2/2"), A), of(None, B)], "`2.json` is of no shard, `1.json` is"),
            (vec![of(Some("x"), A)], "`1.json`: `x` is no shard: write I/N, the first of four is `1/4`"),
        ];
        for (parts, problem) in cases {
            assert_eq!(merged(parts).unwrap_err(), problem);
        }
    }

    #[test]
    fn an_exception_of_use_in_one_part_is_no_warning() {
        let with = |id: &str, failing: u64| {
            let mut assessment = of(None, id);
            let use_ = ExceptionUse {
                file: "exfilguard.yaml".to_owned(),
                line: 3,
                column: 5,
                check: "bucket-not-public".to_owned(),
                account: None,
                resource: None,
                expires: "2027-06-30".to_owned(),
                resources: failing,
                failing,
                undecided: 0,
                audited: true,
                foreign: false,
            };
            assessment.policy_warnings = use_.warnings("2026-11-23".parse().unwrap(), "aws");
            assessment.exceptions = vec![use_];
            assessment
        };
        let none = with("222233334444", 0);
        assert_eq!(none.policy_warnings.len(), 1);
        let used = merged(vec![with("111122223333", 1), none.clone()]).unwrap();
        assert!(used.policy_warnings.is_empty());
        assert_eq!(used.exceptions[0].failing, 1);
        let unused = merged(vec![with("111122223333", 0), none.clone()]).unwrap();
        assert_eq!(unused.policy_warnings, none.policy_warnings);
        let many = merged(vec![with("111122223333", 30), with("222233334444", 30)]).unwrap();
        assert!(many.policy_warnings[0].message.contains("matches 60 resources"));
    }
}
