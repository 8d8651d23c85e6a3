//! `exfilguard audit`: reads an organization or a snapshot, judges it, writes reports.

use std::path::Path;
use std::sync::Arc;

use miette::{IntoDiagnostic as _, miette};

use super::arguments::AuditArguments;
use super::console::Console;
use super::exit_code::{ExitCode, Gate};
use super::progress::Progress;
use super::{Failure, assessment_file, live, modules};
use crate::audit::{Judge, LiveAudit, Selection, Start, assemble, offline, wanted};
use crate::collect::{CallCounts, Collector, Wanted};
use crate::deliver::security_hub;
use crate::policy::{Gates, PolicyFile};
use crate::report::Destinations;
use crate::score::assessment::{Assessment, Source};
use crate::score::baseline;
use crate::simulate::{Simulation, Techniques};
use crate::snapshot::{Change, SnapshotReader};

/// Audits.
pub fn run(arguments: &AuditArguments, console: &Console) -> Result<ExitCode, Failure> {
    let destinations = Destinations::prepare(&arguments.output).map_err(Failure::usage)?;
    let mut checks = modules::load(&arguments.checks)?;
    let mut policy = PolicyFile::load_or_default(arguments.policy.as_deref(), &checks.descriptions())
        .map_err(Failure::usage)?;
    if arguments.no_exceptions {
        policy.exceptions.clear();
    }
    checks.set_parameters(&policy);
    modules::select(&mut checks, &arguments.only, &arguments.skip)?;
    modules::enabled(&checks, &policy)?;
    let baseline = arguments.baseline.as_deref().map(assessment_file::read).transpose()?;
    let gate = Gate {
        gates: Gates { fail_on: arguments.fail_on.unwrap_or(policy.gates.fail_on), ..policy.gates },
        only_new: arguments.fail_on_new,
    };
    let change = arguments.with_change.as_deref().map(Change::load);
    let change = change.transpose().into_diagnostic().map_err(Failure::usage)?;
    let start = Start::now();
    let techniques = Techniques::load(&[]).into_diagnostic().map_err(Failure::usage)?;
    let simulation = Simulation { techniques: techniques.iter().cloned().collect(), ..Simulation::default() };
    let judge = Judge::new(checks, policy);
    // Some checks alone need little of what the simulation reads.
    let judge = Arc::new(if arguments.only.is_empty() { judge.with_simulation(simulation) } else { judge });
    let mut unsent = false;
    let assessment = match &arguments.snapshot {
        Some(path) => {
            let mut assessment = snapshot(path, change, &judge, &start, console)?;
            compared(&mut assessment, baseline.as_ref());
            assessment
        }
        None => {
            if let Some(path) = &arguments.save_snapshot {
                writable(path)?;
            }
            let work = read_and_judge(arguments, &judge, &start, baseline.as_ref(), console);
            let (assessment, refused) = live::run(work)?;
            unsent = refused;
            assessment
        }
    };
    for warning in &assessment.policy_warnings {
        console.warn(&format!("{}:{}:{}: {}", warning.file, warning.line, warning.column, warning.message));
    }
    let look = console.look();
    if let Err(errors) = destinations.write(&assessment, look, &mut std::io::stdout().lock()) {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return Err(Failure::usage(miette!("{}", lines.join("\n"))));
    }
    let missed = gate.missed(&assessment);
    for gate in &missed {
        console.note(&format!("gate missed: {gate}"));
    }
    match ExitCode::of(&assessment, !missed.is_empty(), arguments.incomplete_ok) {
        ExitCode::Success | ExitCode::Findings if unsent && !arguments.incomplete_ok => {
            Ok(ExitCode::Incomplete)
        }
        code => Ok(code),
    }
}

fn compared(assessment: &mut Assessment, baseline: Option<&Assessment>) {
    if let Some(baseline) = baseline {
        _ = baseline::compare_with(assessment, baseline);
    }
}

/// Sends the findings to Security Hub; says whether it did not take some.
async fn send(assessment: &Assessment, collector: &Collector, console: &Console) -> bool {
    let sent = security_hub::send(assessment, collector).await;
    console.note(&format!("Security Hub took {} findings", sent.imported));
    for problem in &sent.problems {
        console.warn(&format!("not sent to Security Hub: {problem}"));
    }
    if sent.refused > 0 {
        console.note(
            "Security Hub must be enabled in each account and region, and the role must be allowed to \
             `securityhub:BatchImportFindings`; an organization's administrator collects the findings from there",
        );
    }
    sent.refused > 0
}

/// A snapshot is written at the end of a run of hours: whether it can be is found out before.
fn writable(path: &Path) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let refuse = |why: String| {
        Failure::usage(miette!(
            help = "name a file in a folder that exists and can be written to",
            "the snapshot `{}` cannot be written: {why}",
            path.display()
        ))
    };
    if path.is_dir() {
        return Err(refuse("it is a folder".to_owned()));
    }
    tempfile::tempfile_in(folder).map(drop).map_err(|error| refuse(error.to_string()))
}

/// The operations that the run needs.
fn asked(arguments: &AuditArguments, judge: &Judge) -> Wanted {
    let selection = Selection {
        simulated: arguments.only.is_empty(),
        kept: arguments.save_snapshot.is_some(),
        units: !arguments.live.organizational_units.is_empty(),
    };
    let wanted = wanted(judge, selection);
    if arguments.send_to_security_hub { wanted.and(security_hub::OPERATION) } else { wanted }
}

async fn read_and_judge(
    arguments: &AuditArguments,
    judge: &Arc<Judge>,
    start: &Start,
    baseline: Option<&Assessment>,
    console: &Console,
) -> Result<(Assessment, bool), Failure> {
    let scope = live::scope(&arguments.live, judge.policy());
    let collector = live::enter(&arguments.live, scope, asked(arguments, judge)).await?;
    for note in collector.notes() {
        console.note(note);
    }
    let progress = Progress::new(console, collector.planned().len());
    let done = |id: &str| progress.done(id);
    let audit = LiveAudit {
        collector: &collector,
        start,
        save_snapshot: arguments.save_snapshot.as_deref(),
        done: &done,
    };
    let judgements = audit.judge(judge).await.into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    let counts = collector.counts();
    let mut assessment = assemble(start, Source::Live, judge, collector.organization(), judgements, &counts);
    compared(&mut assessment, baseline);
    let unsent = arguments.send_to_security_hub && send(&assessment, &collector, console).await;
    Ok((assessment, unsent))
}

/// Judges a saved snapshot.
pub fn snapshot(
    path: &Path,
    change: Option<Change>,
    judge: &Arc<Judge>,
    start: &Start,
    console: &Console,
) -> Result<Assessment, Failure> {
    let reader = saved(path, change)?;
    let progress = Progress::new(console, reader.header().scope.len());
    let done = |id: &str| progress.done(id);
    let (organization, judgements) =
        offline(reader, judge, done).into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    Ok(assemble(start, Source::Snapshot, judge, &organization, judgements, &CallCounts::default()))
}

/// Opens a saved snapshot, as it would be after a change if there is one.
pub fn saved(path: &Path, change: Option<Change>) -> Result<SnapshotReader, Failure> {
    let reader = SnapshotReader::open(path).into_diagnostic().map_err(Failure::usage)?;
    match change {
        Some(change) => reader.with_change(change).into_diagnostic().map_err(Failure::usage),
        None => Ok(reader),
    }
}
