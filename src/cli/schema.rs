//! `exfilguard schema`: JSON Schemas of what other programs read and write.

use std::io::Write as _;

use miette::IntoDiagnostic as _;

use super::arguments::{SchemaArguments, SchemaKind};
use super::exit_code::ExitCode;
use super::{Failure, modules};
use crate::score::assessment::Assessment;
use crate::score::baseline::Comparison;
use crate::score::trend::Trend;
use crate::{facts, policy};

/// Prints a schema.
pub fn run(arguments: &SchemaArguments) -> Result<ExitCode, Failure> {
    let schema = match arguments.what {
        SchemaKind::Policy => Ok(policy::schema(&modules::load(&[])?.descriptions())),
        SchemaKind::Facts => serde_json::to_value(facts::schemas()),
        SchemaKind::Assessment => serde_json::to_value(schemars::schema_for!(Assessment)),
        SchemaKind::Comparison => serde_json::to_value(schemars::schema_for!(Comparison)),
        SchemaKind::Trend => serde_json::to_value(schemars::schema_for!(Trend)),
        SchemaKind::Incident => {
            serde_json::to_value(schemars::schema_for!(crate::investigate::incident::Incident))
        }
        SchemaKind::Plan => serde_json::to_value(schemars::schema_for!(crate::remediate::plan::Plan)),
    };
    let text = schema
        .and_then(|schema| serde_json::to_string_pretty(&schema))
        .into_diagnostic()
        .map_err(Failure::usage)?;
    let _closed_pipe = writeln!(std::io::stdout(), "{text}");
    Ok(ExitCode::Success)
}
