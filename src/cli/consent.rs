//! Asking the person before something changes.

use std::io::{IsTerminal as _, Write as _};

use miette::{IntoDiagnostic as _, miette};

use super::Failure;

/// Asks on a terminal; elsewhere `--yes` must say so.
pub fn agreed(yes: bool, question: &str, help: &str) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(miette!(
            help = format!("nobody can be asked here; {help}"),
            "nothing was changed: `--yes` is missing"
        )));
    }
    let _closed_pipe = write!(std::io::stderr(), "{question} [y/N] ");
    let _closed_pipe = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).into_diagnostic().map_err(Failure::usage)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
