//! `exfilguard audit`: reads an organization or a snapshot, judges it, writes reports.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use miette::{IntoDiagnostic as _, miette};

use super::arguments::AuditArguments;
use super::console::Console;
use super::exit_code::{ExitCode, Gate};
use super::progress::Progress;
use super::{Failure, assessment_file, call_plan, live, modules};
use crate::audit::{
    Assembly, Assessed, Begun, Judge, LiveAudit, Selection, Settings, Sink, Start, State, StateError, Stop,
    Whole, offline_into, wanted,
};
use crate::collect::{CallCounts, Collector, Scope, Shard, Wanted};
use crate::deliver::security_hub;
use crate::policy::PolicyFile;
use crate::report::Destinations;
use crate::score::AssessmentView;
use crate::score::ReportNeeds;
use crate::score::assessment::Source;
use crate::score::baseline::Baseline;
use crate::simulate::{Simulation, Techniques};
use crate::snapshot::{Change, SnapshotReader};

/// Audits.
pub fn run(arguments: &AuditArguments, console: &Console) -> Result<ExitCode, Failure> {
    let destinations = Destinations::prepare(&arguments.outcome.output).map_err(Failure::usage)?;
    let mut checks = modules::load(&arguments.checks)?;
    let mut policy = PolicyFile::load_or_default(arguments.policy.as_deref(), &checks.descriptions())
        .map_err(Failure::usage)?;
    if arguments.no_exceptions {
        policy.exceptions.clear();
    }
    checks.set_parameters(&policy);
    modules::select(&mut checks, &arguments.only, &arguments.skip)?;
    modules::enabled(&checks, &policy)?;
    let baseline = arguments.outcome.baseline.as_deref().map(assessment_file::read).transpose()?;
    let gate = Gate::of(policy.gates, &arguments.outcome);
    let change = arguments.with_change.as_deref().map(Change::load);
    let change = change.transpose().into_diagnostic().map_err(Failure::usage)?;
    let techniques = Techniques::load(&[]).into_diagnostic().map_err(Failure::usage)?;
    let simulation = Simulation { techniques: techniques.iter().cloned().collect(), ..Simulation::default() };
    let judge = Judge::new(checks, policy);
    // Some checks alone need little of what the simulation reads.
    let judge = Arc::new(if arguments.only.is_empty() { judge.with_simulation(simulation) } else { judge });
    if arguments.plan_calls {
        return live::run(plan_calls(arguments, &judge));
    }
    let (mut unsent, mut interrupted) = (false, false);
    let baseline = baseline.map(Baseline::new);
    let assessed = match &arguments.snapshot {
        Some(path) => {
            snapshot(path, change, &judge, arguments.shard, (baseline, destinations.read()), console)?
        }
        None => {
            if let Some(path) = &arguments.save_snapshot {
                writable(path)?;
            }
            let live = LiveRun::prepare(arguments, &judge, destinations.read(), console)?;
            let (stopper, stop) = Stop::new();
            let work = read_and_judge(&live, stop, baseline);
            let outcome = live::run_until_told(&stopper, console, work)?;
            unsent = outcome.unsent;
            interrupted = outcome.interrupted;
            outcome.assessed
        }
    };
    let reported = report(&assessed.view(), &destinations, &gate, console);
    if interrupted {
        let hint = match &arguments.state {
            Some(folder) => format!("go on with `--state {} --resume`", folder.display()),
            None => "with `--state DIR` a run can be gone on with".to_owned(),
        };
        console.note(&format!("the run was interrupted, the reports show what was done: {hint}"));
        return match reported {
            Ok(_) => Ok(ExitCode::Interrupted),
            Err(failure) => Err(Failure { code: ExitCode::Interrupted, ..failure }),
        };
    }
    match ExitCode::of(&assessed.head, reported?, arguments.outcome.incomplete_ok) {
        ExitCode::Success | ExitCode::Findings if unsent && !arguments.outcome.incomplete_ok => {
            Ok(ExitCode::Incomplete)
        }
        code => Ok(code),
    }
}

/// Writes the reports and warns of what is worth a look; says whether a gate is missed.
///
/// # Errors
/// A report could not be written. The others are, and the missed gates are told.
pub fn report(
    assessment: &AssessmentView<'_>,
    destinations: &Destinations,
    gate: &Gate,
    console: &Console,
) -> Result<bool, Failure> {
    for warning in &assessment.head().policy_warnings {
        console.warn(&format!("{}:{}:{}: {}", warning.file, warning.line, warning.column, warning.message));
    }
    let written = destinations.write(assessment, console.look(), &mut std::io::stdout().lock());
    let missed = gate.missed(assessment);
    for gate in &missed {
        console.note(&format!("gate missed: {gate}"));
    }
    written.map(|()| !missed.is_empty()).map_err(|errors| Failure::unwritten(&errors))
}

/// The results of an audit wait for the reports in a temporary file.
pub fn unkept(error: std::io::Error) -> Failure {
    Failure::usage(miette!(
        help = "make room in the folder for temporary files, or name another one in TMPDIR",
        "the results cannot be kept in a temporary file: {error}"
    ))
}

/// Sends the findings to Security Hub; says whether it did not take some.
async fn send(assessment: &AssessmentView<'_>, collector: &Collector, console: &Console) -> bool {
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
pub fn writable(path: &Path) -> Result<(), Failure> {
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

/// A live run before AWS is asked anything.
struct LiveRun<'a> {
    arguments: &'a AuditArguments,
    judge: &'a Arc<Judge>,
    console: &'a Console,
    scope: Scope,
    wanted: Wanted,
    /// What the reports and Security Hub read of each account.
    needs: ReportNeeds,
    settings: Settings,
    state: Option<State>,
    begun: Option<Begun>,
}

/// What came of a live run.
struct LiveOutcome {
    assessed: Assessed,
    /// Whether Security Hub did not take some findings.
    unsent: bool,
    interrupted: bool,
}

impl<'a> LiveRun<'a> {
    /// Opens the state folder, if there is one, and finds what an earlier process left in it.
    fn prepare(
        arguments: &'a AuditArguments,
        judge: &'a Arc<Judge>,
        reports: ReportNeeds,
        console: &'a Console,
    ) -> Result<Self, Failure> {
        let sent = if arguments.send_to_security_hub { ReportNeeds::RESULTS } else { ReportNeeds::NONE };
        let scope = Scope { shard: arguments.shard, ..live::scope(&arguments.live, judge.policy()) };
        let wanted = asked(arguments, judge);
        let settings = settings(&scope, &wanted, arguments);
        let state = arguments.state.as_deref().map(State::open).transpose().map_err(unusable)?;
        let mut begun = None;
        if let Some(state) = &state {
            if arguments.resume {
                begun = state.begun(&settings).map_err(unusable)?;
                console.note(&match &begun {
                    Some(run) => format!(
                        "going on with the run of {}: {} accounts are read",
                        run.start.rfc3339(),
                        run.done
                    ),
                    None => "there is no run to go on with: starting one".to_owned(),
                });
            }
            if begun.is_none() {
                state.clear().map_err(unusable)?;
            }
        }
        Ok(Self {
            arguments,
            judge,
            console,
            scope,
            wanted,
            needs: reports.and(sent),
            settings,
            state,
            begun,
        })
    }

    /// Enters AWS, or goes on where an earlier process entered.
    async fn enter(&self) -> Result<(Start, Arc<Collector>), Failure> {
        let connection = live::connection(&self.arguments.live, self.wanted.clone()).await?;
        if let Some(begun) = &self.begun {
            connection.count_before(&begun.calls);
            let collector = Collector::go_on(connection, self.scope.clone(), begun.entered.clone()).await;
            return Ok((begun.start.clone(), collector.map(Arc::new).map_err(live::refused)?));
        }
        let start = Start::now();
        // What is read before the run is on record would be lost with the process.
        let collector = match self.state {
            Some(_) => Collector::start(connection, self.scope.clone()).await,
            None => Collector::start_reading(connection, self.scope.clone()).await,
        };
        let collector = Arc::new(collector.map_err(live::refused)?);
        for note in collector.notes() {
            self.console.note(note);
        }
        if let Some(state) = &self.state {
            tokio::task::block_in_place(|| state.begin(&start, &self.settings, &collector.entered()))
                .map_err(unusable)?;
        }
        Ok((start, collector))
    }
}

/// What decides what a run reads; a run can only be gone on with under the same.
fn settings(scope: &Scope, wanted: &Wanted, arguments: &AuditArguments) -> Settings {
    let joined = |values: &[String]| {
        let values: BTreeSet<&str> = values.iter().map(String::as_str).collect();
        values.into_iter().collect::<Vec<_>>().join(",")
    };
    let operations = match wanted {
        Wanted::All => "all".to_owned(),
        Wanted::Only(operations) => operations.iter().map(String::as_str).collect::<Vec<_>>().join(","),
    };
    let pairs = [
        ("--accounts", joined(&scope.accounts)),
        ("--organizational-units", joined(&scope.organizational_units)),
        ("--exclude-accounts", joined(&scope.exclude_accounts)),
        ("--regions", joined(&scope.regions)),
        ("--role", scope.role.clone()),
        ("--shard", scope.shard.map(|shard| shard.to_string()).unwrap_or_default()),
        ("--endpoint-url", arguments.live.endpoint_url.clone().unwrap_or_default()),
        ("the operations that the checks need", operations),
    ];
    Settings(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn unusable(error: StateError) -> Failure {
    let help = match &error {
        StateError::Unfinished { .. } => "go on with it by `--resume`, or remove the folder",
        StateError::OtherRun { .. } => "give the settings of that run, or another folder",
        StateError::Held { .. } => "wait for it to end, or give another folder",
        StateError::Io { .. } | StateError::Store { .. } => {
            "make room, or give another folder; what is read again costs calls only"
        }
    };
    Failure::usage(miette!(help = help, "{error}"))
}

/// Prints how many calls a run would make.
async fn plan_calls(arguments: &AuditArguments, judge: &Judge) -> Result<ExitCode, Failure> {
    let scope = Scope { shard: arguments.shard, ..live::scope(&arguments.live, judge.policy()) };
    let collector = live::enter(&arguments.live, scope, asked(arguments, judge)).await?;
    let text = call_plan::text(&collector.estimate());
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(miette!("cannot write to standard output: {error}")))
        }
        _ => Ok(ExitCode::Success),
    }
}

async fn read_and_judge(
    run: &LiveRun<'_>,
    stop: Stop,
    baseline: Option<Baseline>,
) -> Result<LiveOutcome, Failure> {
    let (start, collector) = tokio::select! {
        entered = run.enter() => entered?,
        () = stop.requested() => return Err(Failure::interrupted()),
    };
    let progress = Progress::new(run.console, collector.planned().len());
    let done = |id: &str| progress.done(id);
    let audit = LiveAudit {
        save_snapshot: run.arguments.save_snapshot.as_deref(),
        state: run.state.as_ref(),
        stop,
        ..LiveAudit::new(&collector, &start, &done)
    };
    let assembly = Arc::new(Assembly::new(run.judge, &start, baseline, run.needs.clone()));
    let sink: Arc<dyn Sink> = Arc::<Assembly>::clone(&assembly);
    let interrupted = audit.judge_into(run.judge, &sink).await.into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    let counts = collector.counts();
    let whole = Whole {
        shard: run.scope.shard,
        ..Whole::new(&start, Source::Live, collector.organization(), &counts)
    };
    let assessed = assembly.finish(whole).map_err(unkept)?;
    let send_them = run.arguments.send_to_security_hub && !interrupted;
    let unsent = send_them && send(&assessed.view(), &collector, run.console).await;
    Ok(LiveOutcome { assessed, unsent, interrupted })
}

/// Judges a saved snapshot, or a part of its accounts; keeps what the reports need.
pub fn snapshot(
    path: &Path,
    change: Option<Change>,
    judge: &Arc<Judge>,
    shard: Option<Shard>,
    (baseline, needs): (Option<Baseline>, ReportNeeds),
    console: &Console,
) -> Result<Assessed, Failure> {
    let reader = saved(path, change)?;
    let of_shard = |account: &&String| shard.is_none_or(|shard| shard.holds(account));
    let progress = Progress::new(console, reader.header().scope.iter().filter(of_shard).count());
    let done = |id: &str| progress.done(id);
    let start = Start::now();
    let assembly = Arc::new(Assembly::new(judge, &start, baseline, needs));
    let sink: Arc<dyn Sink> = Arc::<Assembly>::clone(&assembly);
    let read = offline_into(reader, judge, shard, &sink, done).into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    let calls = CallCounts::default();
    let whole = Whole {
        shard,
        incomplete: read.unasked,
        ..Whole::new(&start, Source::Snapshot, &read.organization, &calls)
    };
    assembly.finish(whole).map_err(unkept)
}

/// Opens a saved snapshot, as it would be after a change if there is one.
pub fn saved(path: &Path, change: Option<Change>) -> Result<SnapshotReader, Failure> {
    let reader = SnapshotReader::open(path).into_diagnostic().map_err(Failure::usage)?;
    match change {
        Some(change) => reader.with_change(change).into_diagnostic().map_err(Failure::usage),
        None => Ok(reader),
    }
}
