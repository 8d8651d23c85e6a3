//! The command line: arguments, one file per subcommand, progress and exit codes. Decides nothing about AWS.

mod arguments;
mod assessment_file;
mod audit;
mod call_plan;
mod checks;
mod compare;
mod completions;
mod consent;
mod console;
mod eval;
pub mod exit_code;
mod hunt;
mod iam_policy;
mod init;
mod investigate;
mod live;
mod man;
mod merge;
mod modules;
mod progress;
mod remediate;
mod schema;
mod simulate;
mod snapshot;
mod trend;

use std::process::ExitCode as ProcessExitCode;

use clap::Parser as _;

use self::arguments::{Arguments, Command};
use self::console::Console;
use self::exit_code::ExitCode;
use crate::report::WriteError;

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ProcessExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors: they go to standard output and end with 0.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success };
            let _closed_pipe = error.print();
            return code.into();
        }
    };
    let console = Console::new(&arguments.global);
    console.start_logging();
    let outcome = match arguments.command {
        Command::Audit(audit) => audit::run(&audit, &console),
        Command::Simulate(simulate) => simulate::run(&simulate, &console),
        Command::Remediate(remediate) => remediate::run(&remediate, &console),
        Command::Hunt(hunt) => hunt::run(&hunt, &console),
        Command::Investigate(investigate) => investigate::run(&investigate, &console),
        Command::Snapshot(snapshot) => snapshot::run(&snapshot, &console),
        Command::Checks(checks) => checks::run(&checks),
        Command::Merge(merge) => merge::run(&merge, &console),
        Command::Compare(compare) => compare::run(&compare, &console),
        Command::Man(man) => man::run(&man),
        Command::Trend(trend) => trend::run(&trend, &console),
        Command::Init(init) => init::run(&init, &console),
        Command::Eval(eval) => eval::run(&eval),
        Command::IamPolicy(policy) => iam_policy::run(&policy),
        Command::Schema(schema) => schema::run(&schema),
        Command::Completions(completions) => completions::run(&completions),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(failure) => {
            console.report(&failure);
            failure.code.into()
        }
    }
}

/// Why a command ended without doing its work.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// What happened, where, and what to do next.
    pub report: miette::Report,
}

impl Failure {
    /// Wrong usage, policy file, check module or file: nothing was done.
    pub fn usage(error: impl Into<miette::Report>) -> Self {
        Self { code: ExitCode::Usage, report: error.into() }
    }

    /// Reports that could not be written: the work was done, but not all of what it was done for is there. The other
    /// reports are written.
    #[must_use]
    pub fn unwritten(errors: &[WriteError]) -> Self {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let report = miette::miette!(
            help = "the other reports are written; make room, or name another place, and run it again",
            "{}",
            lines.join("\n")
        );
        Self { code: ExitCode::Incomplete, report }
    }

    /// The person stopped the program.
    #[must_use]
    pub fn interrupted() -> Self {
        Self { code: ExitCode::Interrupted, report: miette::miette!("interrupted; no report was written") }
    }

    /// No credentials, or the organization cannot be entered.
    pub fn no_entry(error: impl Into<miette::Report>) -> Self {
        Self { code: ExitCode::NoEntry, report: error.into() }
    }
}
