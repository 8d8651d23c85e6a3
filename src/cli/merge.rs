//! `exfilguard merge`: joins the assessments of several shards.

use miette::miette;

use super::arguments::MergeArguments;
use super::console::Console;
use super::exit_code::{ExitCode, Gate};
use super::{Failure, assessment_file, audit, modules};
use crate::audit::{Merge, MergeError};
use crate::policy::PolicyFile;
use crate::report::Destinations;
use crate::score::baseline::Baseline;

/// Joins.
pub fn run(arguments: &MergeArguments, console: &Console) -> Result<ExitCode, Failure> {
    let destinations = Destinations::prepare(&arguments.outcome.output).map_err(Failure::usage)?;
    let known = modules::load(&arguments.checks)?.descriptions();
    let policy = PolicyFile::load_or_default(arguments.policy.as_deref(), &known).map_err(Failure::usage)?;
    let gate = Gate::of(policy.gates, &arguments.outcome);
    let baseline = arguments.outcome.baseline.as_deref().map(assessment_file::read).transpose()?;
    let mut merge = Merge::new(baseline.map(Baseline::new));
    for path in &arguments.assessments {
        // One after the other: none is in memory while the next one is read.
        merge.add(&path.display().to_string(), assessment_file::read(path)?).map_err(refused)?;
    }
    let assessed = merge.finish().map_err(refused)?;
    let gate_missed = audit::report(&assessed.view(), &destinations, &gate, console)?;
    Ok(ExitCode::of(&assessed.head, gate_missed, arguments.outcome.incomplete_ok))
}

fn refused(error: MergeError) -> Failure {
    let help = match &error {
        MergeError::Io(error) => return audit::unkept(std::io::Error::new(error.kind(), error.to_string())),
        MergeError::Nothing | MergeError::Missing { .. } => {
            "give the assessment of every shard: what `exfilguard audit --shard I/N --output json=FILE` writes"
        }
        MergeError::Overlap { .. } | MergeError::Twice { .. } => "give each account and each shard once",
        MergeError::Mixed { .. } | MergeError::Shard { .. } => {
            "give the shards of one audit and nothing else"
        }
        MergeError::Differ { .. } | MergeError::JudgedOtherwise { .. } => {
            "shards fit together that the same version made of the same organization, with the same options and policy file"
        }
    };
    Failure::usage(miette!(help = help, "{error}"))
}
