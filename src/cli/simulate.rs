//! `exfilguard simulate`: bucket × technique, what would happen, and why.

use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use miette::{IntoDiagnostic as _, miette};

use super::arguments::SimulateArguments;
use super::console::{Console, terminal_width};
use super::exit_code::ExitCode;
use super::progress::Progress;
use super::{Failure, audit, live, modules};
use crate::audit::{Judge, LiveAudit, Start, assemble};
use crate::policy::PolicyFile;
use crate::report::Look;
use crate::report::simulation::{Matrix, MatrixDestinations};
use crate::score::assessment::{Assessment, Source};
use crate::simulate::{Assumptions, Simulation, Technique, Techniques};

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
    let mut simulation = Simulation {
        techniques: chosen(&techniques, &arguments.technique)?,
        buckets: buckets(&arguments.bucket)?,
        assumptions: Assumptions::default(),
    };
    let before = simulated(arguments, simulation.clone(), console)?;
    let after = if arguments.assume.is_empty() {
        None
    } else {
        simulation.assumptions.pass.extend(arguments.assume.iter().cloned());
        Some(simulated(arguments, simulation.clone(), console)?)
    };
    if before.simulation.is_empty() {
        console.note("no bucket in scope matches: there is nothing to simulate");
    }
    let matrix = Matrix {
        assessment: after.as_ref().unwrap_or(&before),
        before: after.as_ref().map(|_| &before),
        techniques: &simulation.techniques,
        explain: arguments.explain,
    };
    let look = Look { width: terminal_width(), color: console.colors_stdout() };
    destinations
        .write(&matrix, look, &mut std::io::stdout().lock())
        .map_err(|error| Failure::usage(miette!("{error}")))?;
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

fn simulated(
    arguments: &SimulateArguments,
    simulation: Simulation,
    console: &Console,
) -> Result<Assessment, Failure> {
    let mut checks = modules::load(&[])?;
    let policy = PolicyFile::load_or_default(arguments.policy.as_deref(), &checks.descriptions())
        .map_err(Failure::usage)?;
    // Nothing is judged: the matrix is all that is wanted.
    checks.retain(|_| false);
    let judge = Arc::new(Judge::new(checks, policy).with_simulation(simulation));
    let start = Start::now();
    let mut assessment = match &arguments.snapshot {
        Some(path) => audit::snapshot(path, &judge, &start, console)?,
        None => live::run(read(arguments, &judge, &start, console))?,
    };
    let accounts = &arguments.live.accounts;
    if !accounts.is_empty() {
        assessment.simulation.retain(|cell| accounts.contains(&cell.account_id));
    }
    Ok(assessment)
}

async fn read(
    arguments: &SimulateArguments,
    judge: &Arc<Judge>,
    start: &Start,
    console: &Console,
) -> Result<Assessment, Failure> {
    let collector = live::enter(&arguments.live, live::scope(&arguments.live, judge.policy())).await?;
    for note in collector.notes() {
        console.note(note);
    }
    let progress = Progress::new(console, collector.planned().len());
    let done = |id: &str| progress.done(id);
    let audit = LiveAudit { collector: &collector, start, save_snapshot: None, done: &done };
    let judgements = audit.judge(judge).await.into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    Ok(assemble(start, Source::Live, judge, collector.organization(), judgements, &collector.counts()))
}
