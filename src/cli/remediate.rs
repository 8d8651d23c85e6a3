//! `exfilguard remediate`: plan, apply, rollback, status.

mod apply;
mod plan;
mod verification;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{IntoDiagnostic as _, miette};

use super::arguments::{ListFormat, RemediateArguments, RemediateCommand, RollbackArguments, WriteArguments};
use super::consent::agreed;
use super::console::Console;
use super::exit_code::ExitCode;
use super::{Failure, live, modules};
use crate::audit::Judge;
use crate::collect::{Collector, Connection, ConnectionOptions, Scope, Wanted};
use crate::policy::PolicyFile;
use crate::remediate::doors::RoleDoors;
use crate::remediate::journal::{Journal, JournalError};
use crate::remediate::rollback::{self, Restorer};
use crate::remediate::{journal, status};
use crate::simulate::{Simulation, Techniques};
use crate::visible::visible;

/// What to do where nobody can be asked.
const REVIEWED: &str = "say --yes once the plan was reviewed";

/// Plans, applies, rolls back or tells.
pub fn run(arguments: &RemediateArguments, console: &Console) -> Result<ExitCode, Failure> {
    match &arguments.command {
        RemediateCommand::Plan(arguments) => plan::plan(arguments, console),
        RemediateCommand::Apply(arguments) => apply::apply(arguments, console),
        RemediateCommand::Rollback(arguments) => roll_back(arguments, console),
        RemediateCommand::Status { journal, output } => tell(journal, *output),
    }
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure { code: ExitCode::ChangeRefused, report: miette!("{error}") }
}

/// Who judges: the built-in checks and those of `folders`, under the policy file.
fn judge(policy: Option<&Path>, folders: &[PathBuf]) -> Result<Arc<Judge>, Failure> {
    let mut checks = modules::load(folders)?;
    let policy = PolicyFile::load_or_default(policy, &checks.descriptions()).map_err(Failure::usage)?;
    checks.set_parameters(&policy);
    let techniques = Techniques::load(&[]).into_diagnostic().map_err(Failure::usage)?;
    let simulation = Simulation { techniques: techniques.iter().cloned().collect(), ..Simulation::default() };
    Ok(Arc::new(Judge::new(checks, policy).with_simulation(simulation)))
}

/// Names in AWS are chosen by others: control characters in them are shown, not obeyed.
fn visible_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}

/// Enters AWS with the remediation role.
async fn enter(
    write: &WriteArguments,
    policy: &PolicyFile,
    accounts: Vec<String>,
    regions: Vec<String>,
) -> Result<Arc<Collector>, Failure> {
    let options = ConnectionOptions {
        endpoint_url: write.endpoint_url.clone(),
        max_concurrency: 16,
        max_calls_per_second: None,
        call_timeout: ConnectionOptions::CALL_TIMEOUT,
        wanted: Wanted::All,
    };
    let connection = Connection::open(&options).await.map_err(live::misled)?;
    let external_id = policy.organization.external_id.as_ref().map(|secret| secret.reveal().to_owned());
    let role = write.role.clone().or_else(|| policy.remediation.role.clone());
    let scope = Scope {
        accounts,
        organizational_units: Vec::new(),
        exclude_accounts: Vec::new(),
        regions,
        role: role.unwrap_or_else(|| policy.organization.role.clone()),
        external_id: write.external_id.clone().or(external_id),
        shard: None,
    };
    Collector::start(connection, scope).await.map(Arc::new).map_err(live::refused)
}

/// A line that a crash tore announced nothing that was done.
fn say_torn(journal: &Journal, console: &Console) {
    if journal.torn() > 0 {
        console.warn(&format!(
            "the journal's last line had no end ({} bytes): an earlier run was cut off there, before the call",
            journal.torn()
        ));
    }
}

/// Runs what writes a journal: an interrupt loses nothing.
fn run_recorded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    live::run(work).map_err(|failure| match failure.code {
        ExitCode::Interrupted => Failure {
            report: miette!(
                help = "run the same command again to go on; `exfilguard remediate status` tells how far it came",
                "interrupted: the journal holds what was done"
            ),
            ..failure
        },
        _ => failure,
    })
}

fn roll_back(arguments: &RollbackArguments, console: &Console) -> Result<ExitCode, Failure> {
    let (_, journal) = Journal::existing(&arguments.journal).map_err(|error| match error {
        JournalError::InUse { .. } => refused(error),
        error => Failure::usage(miette!("{error}")),
    })?;
    let undos = rollback::to_undo(&journal);
    if undos.is_empty() {
        console.note("nothing is left to be taken back");
        return Ok(ExitCode::Success);
    }
    let policy = judge(arguments.write.policy.as_deref(), &[])?;
    if !agreed(arguments.write.yes, &format!("Take back {} calls?", undos.len()), REVIEWED)? {
        console.note("nothing was changed");
        return Ok(ExitCode::ChangeRefused);
    }
    say_torn(&journal, console);
    run_recorded(async {
        let collector = enter(&arguments.write, policy.policy(), Vec::new(), Vec::new()).await?;
        let doors = RoleDoors { collector: &collector };
        let mut restorer = Restorer::new(&doors, &journal, arguments.stop_logging);
        let mut clean = true;
        for undo in &undos {
            let fate = restorer.undo(undo).await.map_err(refused)?;
            let said = match fate {
                rollback::Fate::Undone => format!("undone    {}", undo.change),
                rollback::Fate::Already => format!("unchanged {}", undo.change),
                rollback::Fate::Refused(reason) => {
                    clean = false;
                    format!("refused   {}: {reason}", undo.change)
                }
            };
            let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
        }
        Ok(if clean { ExitCode::Success } else { ExitCode::ChangeRefused })
    })
}

fn tell(path: &Path, output: ListFormat) -> Result<ExitCode, Failure> {
    let (header, entries) = journal::read(path).map_err(|error| Failure::usage(miette!("{error}")))?;
    let steps = status::steps(&entries);
    let printed = match output {
        ListFormat::Terminal => visible_lines(&status::text(&header, &steps)),
        ListFormat::Json => {
            format!("{}\n", serde_json::to_string_pretty(&steps).into_diagnostic().map_err(Failure::usage)?)
        }
    };
    let _closed_pipe = write!(std::io::stdout(), "{printed}");
    Ok(ExitCode::Success)
}
