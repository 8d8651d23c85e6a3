//! `exfilguard remediate`, as people type it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ListFormat, LiveArguments, endpoint_url, role_name};

/// `exfilguard remediate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard remediate plan --kind require-tls --output plan.json     changes nothing\n  \
    exfilguard remediate apply plan.json                                asks first\n  \
    exfilguard remediate status plan.json.journal\n  \
    exfilguard remediate rollback plan.json.journal")]
pub struct RemediateArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: RemediateCommand,
}

/// What to do with changes.
#[derive(Debug, Subcommand)]
pub enum RemediateCommand {
    /// Say what would be changed, call by call; change nothing
    Plan(Box<PlanArguments>),
    /// Carry out a plan
    Apply(ApplyArguments),
    /// Take back what a journal recorded, the newest first
    Rollback(RollbackArguments),
    /// Say what a journal did
    #[command(after_help = "Example:\n  exfilguard remediate status plan.json.journal --output json")]
    Status {
        /// The journal
        journal: PathBuf,
        /// For people or as JSON
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal, value_name = "FORMAT")]
        output: ListFormat,
    },
}

/// `exfilguard remediate plan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard remediate plan --kind require-tls --output plan.json\n  \
    exfilguard remediate plan --snapshot organization.jsonl.gz --format terraform > exfilguard.tf")]
pub struct PlanArguments {
    /// Plan from a saved snapshot; no network at all
    #[arg(long, value_name = "PATH", help_heading = "Source", conflicts_with_all = [
        "accounts", "organizational_units", "exclude_accounts", "role", "external_id", "endpoint_url",
        "max_calls_per_second", "max_concurrency", "call_timeout", "regions"])]
    pub snapshot: Option<PathBuf>,
    /// Only for results that fail in this assessment (JSON), and still do
    #[arg(long, value_name = "ASSESSMENT", help_heading = "Source")]
    pub from: Option<PathBuf>,
    /// Which accounts and how they are entered.
    #[command(flatten)]
    pub live: LiveArguments,
    /// The organization's policy file [default: exfilguard.yaml in the working directory, else built-in defaults]
    #[arg(long, value_name = "FILE", help_heading = "Changes")]
    pub policy: Option<PathBuf>,
    /// A folder with more check modules, which no change may turn from passing to failing; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Changes")]
    pub checks: Vec<PathBuf>,
    /// Only changes of this kind; repeatable
    #[arg(long, value_name = "KIND", help_heading = "Changes", value_parser = crate::catalogue::REMEDIATIONS)]
    pub kind: Vec<String>,
    /// Also changes in the organization's management account
    #[arg(long, help_heading = "Changes")]
    pub include_management_account: bool,
    /// Write the plan (JSON) to this file
    #[arg(short, long, value_name = "PATH", help_heading = "Reports")]
    pub output: Option<PathBuf>,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Reports")]
    pub format: PlanFormat,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people: the differences, with risk, cost and what the simulation says.
    #[default]
    Text,
    /// The plan itself.
    Json,
    /// Commands of the AWS CLI.
    Cli,
    /// Terraform.
    Terraform,
    /// CloudFormation: an object of templates, one for each account and region.
    Cloudformation,
}

/// How AWS is entered to change something.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source")]
pub struct WriteArguments {
    /// The organization's policy file [default: exfilguard.yaml in the working directory, else built-in defaults]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The role to assume in each member account [default: the policy file's `remediation.role`, else its `organization.role`]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", env = "EXFILGUARD_EXTERNAL_ID", hide_env_values = true)]
    pub external_id: Option<String>,
    /// An emulator or a private endpoint that answers for every service (also AWS_ENDPOINT_URL)
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    pub endpoint_url: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// `exfilguard remediate apply`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard remediate apply plan.json                    asks first\n  \
    exfilguard remediate apply plan.json --yes              in a pipeline, after a review")]
pub struct ApplyArguments {
    /// The plan
    pub plan: PathBuf,
    /// Where to record what is done [default: the plan's name with `.journal` added]
    #[arg(long, value_name = "PATH")]
    pub journal: Option<PathBuf>,
    /// A folder with more check modules, if the plan was made with it; repeatable
    #[arg(long, value_name = "DIR")]
    pub checks: Vec<PathBuf>,
    /// How AWS is entered.
    #[command(flatten)]
    pub write: WriteArguments,
}

/// `exfilguard remediate rollback`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  exfilguard remediate rollback plan.json.journal")]
pub struct RollbackArguments {
    /// The journal
    pub journal: PathBuf,
    /// Also stop trails that the plan started
    #[arg(long)]
    pub stop_logging: bool,
    /// How AWS is entered.
    #[command(flatten)]
    pub write: WriteArguments,
}
