//! The audit that tells what was logged: an assessment from a file, or a snapshot that is judged first.

use std::sync::Arc;

use miette::IntoDiagnostic as _;

use super::super::arguments::InvestigateArguments;
use super::super::console::Console;
use super::super::progress::Progress;
use super::super::{Failure, assessment_file, audit, modules};
use crate::audit::{Judge, Start, Whole, assemble, offline};
use crate::collect::CallCounts;
use crate::policy::PolicyFile;
use crate::score::assessment::{Assessment, Source};

/// The assessment, if one was named.
pub fn assessment(
    arguments: &InvestigateArguments,
    console: &Console,
) -> Result<Option<Assessment>, Failure> {
    if let Some(path) = &arguments.assessment {
        return assessment_file::read(path).map(Some);
    }
    let Some(path) = &arguments.snapshot else { return Ok(None) };
    let checks = modules::load(&[])?;
    let policy = PolicyFile::load_or_default(arguments.policy.as_deref(), &checks.descriptions())
        .map_err(Failure::usage)?;
    let judge = Arc::new(Judge::new(checks, policy));
    let start = Start::now();
    let reader = audit::saved(path, None)?;
    let progress = Progress::new(console, reader.header().scope.len());
    let done = |id: &str| progress.done(id);
    let (read, judgements) = offline(reader, &judge, done).into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    let calls = CallCounts::default();
    let whole = Whole {
        incomplete: read.unasked,
        ..Whole::new(&start, Source::Snapshot, &read.organization, &calls)
    };
    Ok(Some(assemble(&judge, whole, judgements)))
}
