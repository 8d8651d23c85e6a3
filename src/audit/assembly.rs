//! From judged accounts to one assessment. An account is sorted, excepted, counted and put on disk as soon as it is judged;
//! what stays in memory of it is its line in the list of accounts, its scores, and what of it could not be read.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::exceptions::{Audited, Exceptions, Met};
use super::judge::{Judge, Judgement};
use super::spill::{PackedAccount, Spill};
use super::{Start, missing};
use crate::collect::{CallCounts, Shard};
use crate::score::assessment::{AccountAudit, ApiCalls, Assessment, Incomplete, ResultRecord, Run, Source};
use crate::score::baseline::Baseline;
use crate::score::{AccountRecords, AssessmentView, Overview, ReportNeeds, Standing};
use crate::simulate::{Cell, Gains};
use crate::snapshot::Organization;

/// Takes what was judged, from several threads, account by account in no order.
pub trait Sink: Send + Sync {
    /// Takes one account's judgement.
    fn take(&self, judgement: Judgement);
}

/// Keeps judgements in memory.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<Judgement>>);

impl Kept {
    /// What was kept until now; it is forgotten here.
    #[must_use]
    pub fn into_judgements(&self) -> Vec<Judgement> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Kept {
    fn take(&self, judgement: Judgement) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(judgement);
    }
}

/// What is known of the whole run once every account was judged.
#[derive(Debug)]
pub struct Whole<'a> {
    /// When the audit began.
    pub start: &'a Start,
    /// Where the configuration was read from.
    pub source: Source,
    /// Which part of the accounts was audited; none: all.
    pub shard: Option<Shard>,
    /// What was read once for the organization.
    pub organization: &'a Organization,
    /// The calls to AWS.
    pub calls: &'a CallCounts,
    /// What could not be read besides the accounts' and the organization's gaps.
    pub incomplete: Vec<Incomplete>,
}

impl<'a> Whole<'a> {
    /// A run over all accounts.
    #[must_use]
    pub fn new(
        start: &'a Start,
        source: Source,
        organization: &'a Organization,
        calls: &'a CallCounts,
    ) -> Self {
        Self { start, source, shard: None, organization, calls, incomplete: Vec::new() }
    }
}

/// One account's part, ready to be joined.
struct Part {
    account: AccountAudit,
    results: Vec<ResultRecord>,
    cells: Vec<Cell>,
    incomplete: Vec<Incomplete>,
    gains: Gains,
    met: Met,
}

impl Part {
    fn of(judgement: Judgement, judge: &Judge, start: &Start, baseline: Option<&Baseline>) -> Self {
        let Judgement { account, mut results, mut incomplete, simulation: mut cells, gains, what_if: _ } =
            judgement;
        incomplete.sort();
        results.sort_by(|a, b| a.order().cmp(&b.order()));
        cells.sort_by(Cell::order);
        let met = Exceptions { policy: judge.policy(), today: start.date() }.except(&mut results);
        if let Some(baseline) = baseline {
            baseline.account(&account, &mut results);
        }
        Self { account, results, cells, incomplete, gains, met }
    }
}

/// What is kept in memory of the accounts that were joined.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub(super) accounts: Vec<AccountAudit>,
    pub(super) incomplete: Vec<Incomplete>,
    pub(super) gains: Gains,
    pub(super) overview: Overview,
    standings: BTreeMap<String, Standing>,
}

impl Joined {
    /// Adds the records of an account, in canonical order.
    pub(super) fn add_records(&mut self, account: &str, results: &[ResultRecord], cells: &[Cell]) {
        if !results.is_empty() {
            let standing = Standing::of(account, &results.iter().collect::<Vec<_>>());
            self.standings.insert(account.to_owned(), standing);
        }
        self.overview.add_results(results);
        self.overview.add_cells(cells);
    }

    /// The assessment without its records.
    pub(super) fn head(self, mut run: Run) -> (Assessment, Overview) {
        run.regions = self.accounts.iter().flat_map(|account| account.regions.iter().cloned()).collect();
        run.incomplete.extend(self.incomplete);
        let head = Assessment::head(run, self.accounts, &self.standings, &self.overview, &self.gains);
        (head, self.overview)
    }
}

/// An assessment whose results and cells are read account by account.
#[derive(Debug)]
pub struct Assessed {
    /// Everything but the results and the cells.
    pub head: Assessment,
    /// What is told of them together.
    pub overview: Overview,
    pub(super) records: Spill,
}

impl Assessed {
    /// What reports are made from.
    #[must_use]
    pub fn view(&self) -> AssessmentView<'_> {
        AssessmentView::new(&self.head, &self.overview, &self.records)
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn into_assessment(self) -> io::Result<Assessment> {
        self.view().whole()
    }
}

/// Joins judgements as they come.
pub struct Assembly {
    judge: Arc<Judge>,
    start: Start,
    baseline: Option<Baseline>,
    needs: ReportNeeds,
    sum: Mutex<Sum>,
}

#[derive(Debug)]
struct Sum {
    joined: Joined,
    met: Met,
    records: Spill,
    failure: Option<io::Error>,
}

impl Sum {
    fn keeping(needs: ReportNeeds) -> Self {
        Self { joined: Joined::default(), met: Met::default(), records: Spill::keeping(needs), failure: None }
    }
}

impl std::fmt::Debug for Assembly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assembly").field("start", &self.start).finish_non_exhaustive()
    }
}

impl Assembly {
    /// Joins what this judge judges, held against an earlier assessment if there is one; for reports with these needs.
    #[must_use]
    pub fn new(judge: &Arc<Judge>, start: &Start, baseline: Option<Baseline>, needs: ReportNeeds) -> Self {
        let sum = Mutex::new(Sum::keeping(needs.clone()));
        Self { judge: Arc::clone(judge), start: start.clone(), baseline, needs, sum }
    }

    /// The assessment of everything that was taken.
    ///
    /// # Errors
    /// Some account's records could not be kept: the disk is full or failing.
    pub fn finish(&self, whole: Whole<'_>) -> io::Result<Assessed> {
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = std::mem::replace(&mut *sum, Sum::keeping(self.needs.clone()));
        if let Some(failure) = sum.failure {
            return Err(failure);
        }
        let (mut head, overview) = assembled(&self.judge, whole, sum.joined, &sum.met);
        if let Some(baseline) = &self.baseline {
            let failed = overview.count(crate::catalogue::Status::Fail);
            head.comparison = Some(Arc::new(baseline.comparison(&head, failed)));
        }
        Ok(Assessed { head, overview, records: sum.records })
    }
}

impl Sink for Assembly {
    fn take(&self, judgement: Judgement) {
        let part = Part::of(judgement, &self.judge, &self.start, self.baseline.as_ref());
        let account = AccountRecords {
            account: Some(&part.account),
            incomplete: &part.incomplete,
            results: &part.results,
        };
        let packed = PackedAccount::of(&account, &part.cells, &self.needs);
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = packed.and_then(|packed| sum.records.put(&part.account.id, packed));
        if let Err(failure) = kept {
            sum.failure.get_or_insert(failure);
        }
        sum.joined.incomplete.extend(part.incomplete);
        sum.joined.gains.join(&part.gains);
        sum.met.join(&part.met);
        sum.joined.add_records(&part.account.id, &part.results, &part.cells);
        sum.joined.accounts.push(part.account);
    }
}

/// Joins what was judged to one assessment in memory.
#[must_use]
pub fn assemble(judge: &Judge, whole: Whole<'_>, judgements: Vec<Judgement>) -> Assessment {
    let (mut joined, mut met) = (Joined::default(), Met::default());
    let mut records = BTreeMap::new();
    for judgement in judgements {
        let part = Part::of(judgement, judge, whole.start, None);
        joined.incomplete.extend(part.incomplete);
        joined.gains.join(&part.gains);
        met.join(&part.met);
        let id = part.account.id.clone();
        joined.add_records(&id, &part.results, &part.cells);
        joined.accounts.push(part.account);
        records.insert(id, (part.results, part.cells));
    }
    let (mut assessment, _) = assembled(judge, whole, joined, &met);
    for (results, cells) in records.into_values() {
        assessment.results.extend(results);
        assessment.simulation.extend(cells);
    }
    assessment
}

/// The assessment without its records, with what the exceptions of the policy file met.
fn assembled(judge: &Judge, whole: Whole<'_>, joined: Joined, met: &Met) -> (Assessment, Overview) {
    let Whole { start, source, shard, organization, calls, incomplete } = whole;
    let identity = organization.identity.known().and_then(Option::as_ref);
    let gaps = organization.gaps();
    let run = Run {
        id: start.id.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: start.at,
        finished_at: Timestamp::now(),
        source,
        shard: shard.map(|shard| shard.to_string()),
        partition: Some(organization.partition.clone()),
        judged_by: Some(judge.digest()),
        organization_id: identity.map(|identity| identity.id.clone()),
        management_account: identity.map(|identity| identity.management_account.clone()),
        accounts_in_scope: 0,
        accounts_audited: 0,
        regions: Vec::new(),
        complete: false,
        incomplete: gaps.iter().map(missing).chain(incomplete).collect(),
        api_calls: ApiCalls {
            total: calls.total(),
            retries: calls.retries,
            throttled: calls.throttled,
            by_operation: calls.by_operation.clone(),
        },
    };
    let policy = judge.policy();
    let checks = judge.checks().all().map(|check| check.metadata().id.as_str());
    let (mut head, overview) = joined.head(run);
    let audited = Audited {
        exceptions: Exceptions { policy, today: start.date() },
        organization,
        accounts: &head.accounts,
        checks: checks.filter(|check| policy.is_enabled_somewhere(check)).collect::<BTreeSet<_>>(),
    };
    let uses = audited.uses(met);
    let warnings = audited.warnings(&uses);
    (head.exceptions, head.policy_warnings) = (uses, warnings);
    (head, overview)
}
