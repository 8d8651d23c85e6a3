//! `exfilguard simulate`: bucket × technique, what would happen, and why.

use std::path::Path;
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use miette::{IntoDiagnostic as _, miette};

use super::arguments::SimulateArguments;
use super::console::Console;
use super::exit_code::ExitCode;
use super::progress::Progress;
use super::{Failure, live, modules};
use crate::audit::{Judge, Judgement, LiveAudit, Start, Whole, assemble, offline};
use crate::collect::{CallCounts, Wanted};
use crate::policy::PolicyFile;
use crate::report::simulation::{Matrix, MatrixDestinations};
use crate::score::assessment::{Assessment, Source};
use crate::simulate::{Assumptions, Cell, Gains, Simulation, Technique, Techniques};
use crate::snapshot::{Change, Organization};

/// Simulates.
pub fn run(arguments: &SimulateArguments, console: &Console) -> Result<ExitCode, Failure> {
    let destinations = MatrixDestinations::prepare(&arguments.output).map_err(Failure::usage)?;
    let techniques =
        Techniques::load(&arguments.techniques).map_err(|error| Failure::usage(miette!("{error}")))?;
    let checks = modules::load(&[])?;
    if let Some(check) = arguments.assume.iter().find(|check| checks.get(check).is_none()) {
        return Err(Failure::usage(miette!(
            help = "`exfilguard checks list` shows the ids",
            "`--assume {check}=pass`: there is no check `{check}`"
        )));
    }
    let simulation = Simulation {
        techniques: chosen(&techniques, &arguments.technique)?,
        buckets: buckets(&arguments.bucket)?,
        assumptions: Assumptions { pass: arguments.assume.iter().cloned().collect() },
        with_evidence: true,
    };
    let techniques = simulation.techniques.clone();
    let change = arguments.with_change.as_deref().map(Change::load);
    let change = change.transpose().into_diagnostic().map_err(Failure::usage)?;
    let judge = judge(arguments, simulation)?;
    let start = Start::now();
    let read = match &arguments.snapshot {
        Some(path) => saved(path, None, &judge, console)?,
        None => live::run(read(arguments, &judge, &start, console))?,
    };
    let changed = match (&arguments.snapshot, change) {
        (Some(path), Some(change)) => Some(saved(path, Some(change), &judge, console)?),
        _ => None,
    };
    let (before, after) = read.both(arguments, &judge, &start, changed);
    if before.simulation.is_empty() {
        console.note("no bucket in scope matches: there is nothing to simulate");
    }
    let matrix = Matrix {
        assessment: after.as_ref().unwrap_or(&before),
        before: after.as_ref().map(|_| &before),
        techniques: &techniques,
        rows: arguments.by,
        explain: arguments.explain,
    };
    let look = console.look();
    destinations
        .write(&matrix, look, &mut std::io::stdout().lock())
        .map_err(|error| Failure { code: ExitCode::Incomplete, report: miette!("{error}") })?;
    Ok(ExitCode::Success)
}

fn chosen(techniques: &Techniques, ids: &[String]) -> Result<Vec<Technique>, Failure> {
    if let Some(id) = ids.iter().find(|id| techniques.get(id).is_none()) {
        let known: Vec<&str> = techniques.iter().map(|technique| technique.id.as_str()).collect();
        return Err(Failure::usage(miette!(
            help = format!("techniques: {}", known.join(", ")),
            "there is no technique `{id}`"
        )));
    }
    let wanted = |technique: &&Technique| ids.is_empty() || ids.contains(&technique.id);
    Ok(techniques.iter().filter(wanted).cloned().collect())
}

fn buckets(patterns: &[String]) -> Result<Option<GlobSet>, Failure> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(pattern).map_err(|error| {
            Failure::usage(miette!("--bucket `{pattern}` is no pattern: {}", error.kind()))
        })?;
        set.add(glob);
    }
    set.build().map(Some).map_err(|error| Failure::usage(miette!("--bucket: {error}")))
}

/// Nothing is judged: the matrix is all that is wanted.
fn judge(arguments: &SimulateArguments, simulation: Simulation) -> Result<Arc<Judge>, Failure> {
    let mut checks = modules::load(&[])?;
    let policy = PolicyFile::load_or_default(arguments.policy.as_deref(), &checks.descriptions())
        .map_err(Failure::usage)?;
    checks.retain(|_| false);
    Ok(Arc::new(Judge::new(checks, policy).with_simulation(simulation)))
}

/// What was simulated, before it is joined to assessments.
struct Read {
    source: Source,
    organization: Organization,
    judgements: Vec<Judgement>,
    calls: CallCounts,
}

impl Read {
    /// The matrix as things are and, where something is assumed or changed, as they would be.
    fn both(
        mut self,
        arguments: &SimulateArguments,
        judge: &Judge,
        start: &Start,
        changed: Option<Self>,
    ) -> (Assessment, Option<Assessment>) {
        let what_if = |read: &mut Self| -> Vec<Cell> {
            read.judgements.iter_mut().flat_map(|judgement| std::mem::take(&mut judgement.what_if)).collect()
        };
        let assumed = what_if(&mut self);
        let before = self.assessment(arguments, judge, start, None);
        let assumes = !arguments.assume.is_empty();
        let after = match changed {
            Some(mut changed) => {
                let cells = what_if(&mut changed);
                Some(changed.assessment(arguments, judge, start, assumes.then_some(cells)))
            }
            None if assumes => Some(within(arguments, before.clone(), Some(assumed))),
            None => None,
        };
        (before, after)
    }

    fn assessment(
        self,
        arguments: &SimulateArguments,
        judge: &Judge,
        start: &Start,
        cells: Option<Vec<Cell>>,
    ) -> Assessment {
        let whole = Whole::new(start, self.source, &self.organization, &self.calls);
        let joined = assemble(judge, whole, self.judgements);
        within(arguments, joined, cells)
    }
}

/// The accounts that were asked for; with other cells if there are any.
fn within(arguments: &SimulateArguments, mut assessment: Assessment, cells: Option<Vec<Cell>>) -> Assessment {
    let mut cells = cells.unwrap_or_else(|| std::mem::take(&mut assessment.simulation));
    let accounts = &arguments.live.accounts;
    cells.retain(|cell| accounts.is_empty() || accounts.contains(&cell.account_id));
    assessment.with_simulation(cells, &Gains::default())
}

fn saved(
    path: &Path,
    change: Option<Change>,
    judge: &Arc<Judge>,
    console: &Console,
) -> Result<Read, Failure> {
    let reader = super::audit::saved(path, change)?;
    let progress = Progress::new(console, reader.header().scope.len());
    let done = |id: &str| progress.done(id);
    let (read, judgements) = offline(reader, judge, done).into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    Ok(Read {
        source: Source::Snapshot,
        organization: read.organization,
        judgements,
        calls: CallCounts::default(),
    })
}

async fn read(
    arguments: &SimulateArguments,
    judge: &Arc<Judge>,
    start: &Start,
    console: &Console,
) -> Result<Read, Failure> {
    let collector =
        live::enter(&arguments.live, live::scope(&arguments.live, judge.policy()), Wanted::All).await?;
    for note in collector.notes() {
        console.note(note);
    }
    let progress = Progress::new(console, collector.planned().len());
    let done = |id: &str| progress.done(id);
    let audit = LiveAudit::new(&collector, start, &done);
    let judgements = audit.judge(judge).await.into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    let organization = collector.organization().clone();
    Ok(Read { source: Source::Live, organization, judgements, calls: collector.counts() })
}
