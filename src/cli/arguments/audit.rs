//! `exfilguard audit`, and what `merge` shares with it.

use std::path::PathBuf;

use clap::Args;

use super::LiveArguments;
use crate::catalogue::FailOn;
use crate::collect::Shard;
use crate::report::Destination;

/// `exfilguard audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard audit                                        the organization, with your AWS credentials\n  \
    exfilguard audit --accounts 111122223333 --regions eu-west-1\n  \
    exfilguard audit --snapshot org.jsonl.gz                offline, no network\n  \
    exfilguard audit --output terminal --output junit=report.xml --output json=report.json\n  \
    exfilguard audit --snapshot org.jsonl.gz --output html=report.html\n  \
    exfilguard audit --only 'bucket-*' --fail-on critical\n  \
    exfilguard audit --plan-calls                           how many calls it would make\n  \
    exfilguard audit --state ~/audit-state --resume         go on with a run that was killed")]
pub struct AuditArguments {
    /// Judge a saved snapshot; no network at all
    #[arg(long, value_name = "PATH", help_heading = "Source", conflicts_with_all = [
        "accounts", "organizational_units", "exclude_accounts", "role", "external_id", "save_snapshot", "endpoint_url",
        "max_calls_per_second", "max_concurrency", "call_timeout", "regions", "state", "resume", "plan_calls"])]
    pub snapshot: Option<PathBuf>,
    /// Judge the snapshot as it would be after this JSON Patch (see `exfilguard simulate --help`)
    #[arg(long, value_name = "FILE", requires = "snapshot", help_heading = "Source")]
    pub with_change: Option<PathBuf>,
    /// Which accounts and how they are entered.
    #[command(flatten)]
    pub live: LiveArguments,
    /// Keep what was read
    #[arg(long, value_name = "PATH", help_heading = "Source")]
    pub save_snapshot: Option<PathBuf>,
    /// Keep each account that was read in this folder, so that a killed run can go on with --resume
    #[arg(long, value_name = "DIR", help_heading = "Source")]
    pub state: Option<PathBuf>,
    /// Go on with the run in the --state folder: ask only for what it lacks
    #[arg(long, requires = "state", help_heading = "Source")]
    pub resume: bool,
    /// Only this part of the accounts, by their ids: `1/4` is the first of four. `exfilguard merge` joins the parts
    #[arg(long, value_name = "I/N", help_heading = "Source")]
    pub shard: Option<Shard>,
    /// Print how many calls the run would make, and end
    #[arg(long, help_heading = "Source", conflicts_with_all = ["output", "save_snapshot", "state"])]
    pub plan_calls: bool,
    /// The organization's policy file [default: exfilguard.yaml in the working directory, else built-in defaults]
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub policy: Option<PathBuf>,
    /// A folder with more check modules; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Judging")]
    pub checks: Vec<PathBuf>,
    /// Only checks whose id or area matches this glob; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Judging")]
    pub only: Vec<String>,
    /// Not the checks whose id or area matches this glob; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Judging")]
    pub skip: Vec<String>,
    /// Judge without the policy file's exceptions
    #[arg(long, help_heading = "Judging")]
    pub no_exceptions: bool,
    /// What the outcome is held against.
    #[command(flatten)]
    pub outcome: OutcomeArguments,
    /// Send the findings to AWS Security Hub, each to the account and region that it is about. Needs
    /// `securityhub:BatchImportFindings` in the role (`exfilguard iam-policy audit --send-to-security-hub`)
    #[arg(long, help_heading = "Reports", conflicts_with = "snapshot")]
    pub send_to_security_hub: bool,
}

/// What an assessment is held against, and where it goes.
#[derive(Debug, Args)]
pub struct OutcomeArguments {
    /// An earlier assessment (JSON): each failure is marked as new or known since then
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub baseline: Option<PathBuf>,
    /// Only failures that are new since the baseline count for the exit code
    #[arg(long, help_heading = "Judging", requires = "baseline")]
    pub fail_on_new: bool,
    /// The least severity whose failures make the exit code 1 [default: the policy file's, else high]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Judging")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 or 1 even if something could not be read
    #[arg(long, help_heading = "Judging")]
    pub incomplete_ok: bool,
    /// Write a report: terminal, json, junit, html, markdown, csv, sarif, ocsf or asff, to standard output or to =PATH;
    /// repeatable [default: terminal]
    #[arg(long, value_name = "FORMAT[=PATH]", help_heading = "Reports")]
    pub output: Vec<Destination>,
}
