//! What people type: a file for each command.

mod audit;
mod checks;
mod compare;
mod completions;
mod eval;
mod hunt;
mod hunt_aws;
mod iam_policy;
mod init;
mod investigate;
mod live;
mod man;
mod merge;
mod remediate;
mod schema;
mod simulate;
mod snapshot;
mod trend;
mod values;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::audit::{AuditArguments, OutcomeArguments};
pub use self::checks::{ChecksArguments, ChecksCommand, ListChecks, ListFormat, NewCheckArguments};
pub use self::compare::CompareArguments;
pub use self::completions::CompletionsArguments;
pub use self::eval::{EvalArguments, Evaluator};
pub use self::hunt::{HuntArguments, HuntCommand, RunHunt};
pub use self::hunt_aws::{AthenaArguments, AwsBackEndArguments, HuntSetupArguments};
pub use self::iam_policy::{IamPolicyArguments, IamPurpose};
pub use self::init::InitArguments;
pub use self::investigate::InvestigateArguments;
pub use self::live::LiveArguments;
pub use self::man::ManArguments;
pub use self::merge::MergeArguments;
pub use self::remediate::{
    ApplyArguments, PlanArguments, PlanFormat, RemediateArguments, RemediateCommand, RollbackArguments,
    WriteArguments,
};
pub use self::schema::{SchemaArguments, SchemaKind};
pub use self::simulate::SimulateArguments;
pub use self::snapshot::{SnapshotArguments, SnapshotCommand};
pub use self::trend::{TrendArguments, TrendFormat};
use self::values::{account_id, organizational_unit, region, role_name};
use crate::collect::environment::endpoint_url;

/// Would anybody who copies data out of S3 be logged, detected, alerted on and stopped?
#[derive(Debug, Parser)]
#[command(name = "exfilguard", version, about, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Examples:\n  \
    exfilguard audit --snapshot examples/organization.jsonl.gz\n  \
    exfilguard audit --role ExfilguardAudit --output terminal --output junit=exfilguard.xml\n  \
    exfilguard checks list\n\n\
    Exit codes: 0 nothing at or above the gate failed, 1 something did, 2 wrong usage, 3 incomplete,\n\
    4 no credentials, 5 a change was refused or failed, 130 interrupted.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options that every command takes.
    #[command(flatten)]
    pub global: GlobalArguments,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "General")]
pub struct GlobalArguments {
    /// Say less: errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; repeat for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour (NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE are obeyed)
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub color: ColorWhen,
    /// No progress on standard error
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Audit an organization, an account or a saved snapshot; write reports
    Audit(Box<AuditArguments>),
    /// Show for every bucket and technique of theft: logged, detected, alerted, prevented, and why
    Simulate(Box<SimulateArguments>),
    /// Repair what an audit found: plan, apply, roll back, and tell what was done
    Remediate(RemediateArguments),
    /// Ask a named question of CloudTrail's records: Athena, Logs Insights, or log files at hand
    Hunt(Box<HuntArguments>),
    /// From a GuardDuty finding, or a bucket, a principal or a key, to an incident report
    Investigate(Box<InvestigateArguments>),
    /// Collect a snapshot without judging it, or show one
    Snapshot(SnapshotArguments),
    /// List and explain checks, or run their tests
    Checks(ChecksArguments),
    /// Join the assessments of several shards
    Merge(MergeArguments),
    /// Compare two assessments: new, resolved, unchanged
    Compare(CompareArguments),
    /// Write manual pages
    Man(ManArguments),
    /// Show the scores of a folder of assessments over time
    Trend(TrendArguments),
    /// Write an exfilguard.yaml with every key, its default and a comment
    Init(InitArguments),
    /// Ask one evaluator directly: JSON lines in, JSON lines out
    Eval(EvalArguments),
    /// Print the least-privilege IAM policy for audit, investigate or remediate
    IamPolicy(IamPolicyArguments),
    /// Print a JSON Schema
    Schema(SchemaArguments),
    /// Print a completion script
    Completions(CompletionsArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
