//! An earlier assessment, read from a file.

use std::path::Path;

use miette::miette;

use super::Failure;
use crate::report::json;
use crate::score::assessment::Assessment;

/// Reads an assessment that `--output json` wrote.
pub fn read(path: &Path) -> Result<Assessment, Failure> {
    let refuse = |why: &dyn std::fmt::Display| {
        Failure::usage(miette!(
            help = "an assessment is what `exfilguard audit --output json=FILE` writes",
            "`{}` cannot be used: {why}",
            path.display()
        ))
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(&error))?;
    json::read(&bytes).map_err(|error| refuse(&error))
}
