//! `exfilguard snapshot`: reads AWS without judging it; shows, compares or joins what was read.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, miette};

use super::arguments::{ListFormat, LiveArguments, SnapshotArguments, SnapshotCommand};
use super::console::Console;
use super::exit_code::ExitCode;
use super::progress::Progress;
use super::{Failure, live, modules};
use crate::audit::{LiveAudit, Start, collect_snapshot};
use crate::collect::Wanted;
use crate::policy::PolicyFile;
use crate::remediate::difference;
use crate::snapshot::{Difference, SnapshotReader, differences, join};
use crate::visible::visible;

/// Collects, shows, compares or joins.
pub fn run(arguments: &SnapshotArguments, console: &Console) -> Result<ExitCode, Failure> {
    match &arguments.command {
        SnapshotCommand::Collect { output, live, policy } => {
            let known = modules::load(&[])?.descriptions();
            let policy = PolicyFile::load_or_default(policy.as_deref(), &known).map_err(Failure::usage)?;
            live::run(collect(output, live, &policy, console))
        }
        SnapshotCommand::Show { path, account } => show(path, account.as_deref()),
        SnapshotCommand::Diff { old, new, output } => diff(old, new, *output),
        SnapshotCommand::Merge { snapshots, output } => merge(snapshots, output, console),
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

fn opened(path: &Path) -> Result<SnapshotReader, Failure> {
    SnapshotReader::open(path).into_diagnostic().map_err(Failure::usage)
}

fn merge(paths: &[PathBuf], output: &Path, console: &Console) -> Result<ExitCode, Failure> {
    super::audit::writable(output)?;
    let read = paths.iter().map(|path| Ok((path.display().to_string(), opened(path)?)));
    let written = join(read.collect::<Result<_, Failure>>()?, output).map_err(|error| {
        Failure::usage(miette!(help = "give each shard of one organization once", "{error}"))
    })?;
    console.note(&format!("{written} accounts written to `{}`", output.display()));
    Ok(ExitCode::Success)
}

fn diff(old: &Path, new: &Path, format: ListFormat) -> Result<ExitCode, Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut number, mut written) = (0_usize, Ok(()));
    let mut account = None;
    differences(opened(old)?, opened(new)?, |found| {
        for difference in found {
            written = match format {
                ListFormat::Json => element(&mut out, number, &difference),
                ListFormat::Terminal => paragraph(&mut out, &mut account, &difference),
            };
            number += 1;
            // A reader that closed the pipe has read enough.
            if written.is_err() {
                return false;
            }
        }
        true
    })
    .map_err(|error| Failure::usage(miette!("{error}")))?;
    let end = match (format, number) {
        (ListFormat::Json, 0) => "[]\n",
        (ListFormat::Json, _) => "\n]\n",
        (ListFormat::Terminal, 0) => "nothing changed\n",
        (ListFormat::Terminal, _) => "",
    };
    match written.and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(miette!("cannot write to standard output: {error}")))
        }
        _ => Ok(ExitCode::Success),
    }
}

/// One more element of the array.
fn element(out: &mut impl std::io::Write, number: usize, difference: &Difference) -> std::io::Result<()> {
    let text = serde_json::to_string(difference)?;
    write!(out, "{}\n  {text}", if number == 0 { "[" } else { "," })
}

/// A difference for a person, below the account that it is of.
fn paragraph(
    out: &mut impl std::io::Write,
    account: &mut Option<Option<String>>,
    difference: &Difference,
) -> std::io::Result<()> {
    if account.as_ref() != Some(&difference.account_id) {
        *account = Some(difference.account_id.clone());
        match &difference.account_id {
            Some(id) => writeln!(out, "account {}", visible(id))?,
            None => writeln!(out, "organization")?,
        }
    }
    let word = match (&difference.before, &difference.after) {
        (None, _) => "new: ",
        (_, None) => "gone: ",
        _ => "",
    };
    let region = difference.region.as_deref().map(|region| format!(" ({region})")).unwrap_or_default();
    writeln!(out, "  {word}{}{}", visible(&difference.pointer), visible(&region))?;
    let value = |value: &Option<serde_json::Value>| value.clone().unwrap_or_default();
    for line in difference::lines(&value(&difference.before), &value(&difference.after)) {
        writeln!(out, "    {}", visible(&line))?;
    }
    Ok(())
}
