//! `exfilguard snapshot`: reads AWS without judging it, or shows what was read.

use std::io::Write as _;
use std::path::Path;

use miette::{IntoDiagnostic as _, miette};

use super::arguments::{LiveArguments, SnapshotArguments, SnapshotCommand};
use super::console::Console;
use super::exit_code::ExitCode;
use super::progress::Progress;
use super::{Failure, live, modules};
use crate::audit::{LiveAudit, Start, collect_snapshot};
use crate::collect::Wanted;
use crate::policy::PolicyFile;
use crate::snapshot::SnapshotReader;

/// Collects or shows.
pub fn run(arguments: &SnapshotArguments, console: &Console) -> Result<ExitCode, Failure> {
    match &arguments.command {
        SnapshotCommand::Collect { output, live, policy } => {
            let known = modules::load(&[])?.descriptions();
            let policy = PolicyFile::load_or_default(policy.as_deref(), &known).map_err(Failure::usage)?;
            live::run(collect(output, live, &policy, console))
        }
        SnapshotCommand::Show { path, account } => show(path, account.as_deref()),
    }
}

async fn collect(
    output: &Path,
    arguments: &LiveArguments,
    policy: &PolicyFile,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let collector = live::enter(arguments, live::scope(arguments, policy), Wanted::All).await?;
    for note in collector.notes() {
        console.note(note);
    }
    let start = Start::now();
    let progress = Progress::new(console, collector.planned().len());
    let done = |id: &str| progress.done(id);
    let audit = LiveAudit { save_snapshot: Some(output), ..LiveAudit::new(&collector, &start, &done) };
    let written = collect_snapshot(&audit).await.into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    console.note(&format!(
        "{written} accounts written to `{}` with {} calls",
        output.display(),
        collector.counts().total()
    ));
    Ok(ExitCode::Success)
}

fn show(path: &Path, account: Option<&str>) -> Result<ExitCode, Failure> {
    let reader = SnapshotReader::open(path).into_diagnostic().map_err(Failure::usage)?;
    let mut out = std::io::stdout().lock();
    let mut line = |value: serde_json::Result<String>| -> Result<bool, Failure> {
        let text = value.into_diagnostic().map_err(Failure::usage)?;
        // A reader that closed the pipe has read enough.
        Ok(writeln!(out, "{text}").is_ok())
    };
    if account.is_none() && !line(serde_json::to_string(reader.header()))? {
        return Ok(ExitCode::Success);
    }
    let mut found = account.is_none();
    for read in reader {
        let read = read.into_diagnostic().map_err(Failure::usage)?;
        if account.is_none_or(|id| id == read.id) {
            found = true;
            if !line(serde_json::to_string(&read))? {
                return Ok(ExitCode::Success);
            }
        }
    }
    match account {
        Some(id) if !found => {
            Err(Failure::usage(miette!("account {id} is not in snapshot `{}`", path.display())))
        }
        _ => Ok(ExitCode::Success),
    }
}
