//! What people type.

mod hunt;
mod hunt_aws;
mod investigate;
mod remediate;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::hunt::{HuntArguments, HuntCommand, RunHunt};
pub use self::hunt_aws::{AthenaArguments, AwsBackEndArguments, HuntSetupArguments};
pub use self::investigate::InvestigateArguments;
pub use self::remediate::{
    ApplyArguments, PlanArguments, PlanFormat, RemediateArguments, RemediateCommand, RollbackArguments,
    WriteArguments,
};

use crate::catalogue::{Area, FailOn, ResourceKind, Severity};
use crate::collect::Shard;
use crate::collect::environment::endpoint_url;
use crate::report::Destination;
use crate::report::simulation::{MatrixDestination, MatrixRows};

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

/// `exfilguard simulate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard simulate --snapshot examples/organization.jsonl.gz\n  \
    exfilguard simulate --snapshot org.jsonl.gz --bucket crown-jewels --technique T-01 --explain\n  \
    exfilguard simulate --snapshot org.jsonl.gz --assume object-reads-logged=pass\n  \
    exfilguard simulate --accounts 111122223333 --output json=matrix.json")]
pub struct SimulateArguments {
    /// Simulate on a saved snapshot; no network at all
    #[arg(long, value_name = "PATH", help_heading = "Source", conflicts_with_all = [
        "organizational_units", "role", "external_id", "endpoint_url", "max_calls_per_second", "max_concurrency", "call_timeout"])]
    pub snapshot: Option<PathBuf>,
    /// Which accounts and how they are entered.
    #[command(flatten)]
    pub live: LiveArguments,
    /// The organization's policy file [default: exfilguard.yaml in the working directory, else built-in defaults]
    #[arg(long, value_name = "FILE", help_heading = "Simulation")]
    pub policy: Option<PathBuf>,
    /// Only buckets whose name matches this glob; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Simulation")]
    pub bucket: Vec<String>,
    /// Only these techniques
    #[arg(long, value_name = "ID,…", value_delimiter = ',', help_heading = "Simulation")]
    pub technique: Vec<String>,
    /// A folder with more techniques; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Simulation")]
    pub techniques: Vec<PathBuf>,
    /// Take this check for passed, and show what changes; repeatable
    #[arg(long, value_name = "CHECK=pass", value_parser = assumption, help_heading = "Simulation")]
    pub assume: Vec<String>,
    /// Change the snapshot by this JSON Patch, and show what changes: `[{"op": "replace", "path":
    /// "/accounts/111122223333/buckets/NAME/policy", "value": {…}}]`
    #[arg(long, value_name = "FILE", requires = "snapshot", help_heading = "Simulation")]
    pub with_change: Option<PathBuf>,
    /// A row per bucket, or per account with the worst of its buckets
    #[arg(long, value_enum, default_value_t, help_heading = "Reports")]
    pub by: MatrixRows,
    /// Tell each cell's path as a person would
    #[arg(long, help_heading = "Reports")]
    pub explain: bool,
    /// Write the matrix: terminal, json, markdown or html, to standard output or to =PATH; repeatable [default: terminal]
    #[arg(long, value_name = "FORMAT[=PATH]", help_heading = "Reports")]
    pub output: Vec<MatrixDestination>,
}

/// How AWS is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source")]
pub struct LiveArguments {
    /// Only these accounts
    #[arg(long, alias = "account", value_name = "ID,…", value_delimiter = ',', value_parser = account_id)]
    pub accounts: Vec<String>,
    /// Only accounts below these organizational units (or roots)
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = organizational_unit)]
    pub organizational_units: Vec<String>,
    /// Not these accounts
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = account_id)]
    pub exclude_accounts: Vec<String>,
    /// Only these regions [default: the regions enabled in each account]
    #[arg(long, value_name = "R,…", value_delimiter = ',', value_parser = region)]
    pub regions: Vec<String>,
    /// The role to assume in each member account [default: OrganizationAccountAccessRole]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", env = "EXFILGUARD_EXTERNAL_ID", hide_env_values = true)]
    pub external_id: Option<String>,
    /// Calls under way at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub max_concurrency: u16,
    /// Calls started per second, over all accounts [default: as fast as AWS answers]
    #[arg(long, value_name = "N")]
    pub max_calls_per_second: Option<NonZeroU32>,
    /// Give up a call after so many seconds, its repetitions included
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u16).range(4..=3600))]
    pub call_timeout: u16,
    /// An emulator or a private endpoint that answers for every service (also AWS_ENDPOINT_URL)
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    pub endpoint_url: Option<String>,
}

/// `exfilguard snapshot`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard snapshot collect --output organization.jsonl.gz\n  \
    exfilguard snapshot show organization.jsonl.gz")]
pub struct SnapshotArguments {
    /// What to do with snapshots.
    #[command(subcommand)]
    pub command: SnapshotCommand,
}

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Read AWS and save what was read, without judging it
    #[command(
        after_help = "Example:\n  exfilguard snapshot collect --role ExfilguardAudit --output organization.jsonl.gz"
    )]
    Collect {
        /// Where to save it
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
        /// Which accounts and how they are entered.
        #[command(flatten)]
        live: LiveArguments,
        /// The organization's policy file, for its role and regions
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Print a saved snapshot as JSON lines
    #[command(
        after_help = "Example:\n  exfilguard snapshot show organization.jsonl.gz --account 111122223333 | jq .buckets"
    )]
    Show {
        /// The snapshot
        path: PathBuf,
        /// Only this account
        #[arg(long, value_name = "ID", value_parser = account_id)]
        account: Option<String>,
    },
    /// Tell what changed from one snapshot to another
    #[command(after_help = "Examples:\n  \
        exfilguard snapshot diff monday.jsonl.gz tuesday.jsonl.gz\n  \
        exfilguard snapshot diff monday.jsonl.gz tuesday.jsonl.gz --output json | jq '.[].pointer'")]
    Diff {
        /// The earlier snapshot
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The later snapshot
        #[arg(value_name = "NEW")]
        new: PathBuf,
        /// For a person, or an array for programs: account, region, resource, pointer (as in the JSON Patch of
        /// --with-change), and what was and is there
        #[arg(long, value_enum, default_value = "terminal")]
        output: ListFormat,
    },
    /// Join the snapshots of several shards
    #[command(
        after_help = "Example:\n  exfilguard snapshot merge 1.jsonl.gz 2.jsonl.gz --output all.jsonl.gz"
    )]
    Merge {
        /// The snapshots, one of each shard
        #[arg(value_name = "SNAPSHOT", required = true)]
        snapshots: Vec<PathBuf>,
        /// Where to save the whole
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
    },
}

/// `exfilguard checks`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard checks list --framework cis-aws-6.0.0\n  \
    exfilguard checks explain object-reads-logged")]
pub struct ChecksArguments {
    /// What to do with checks.
    #[command(subcommand)]
    pub command: ChecksCommand,
}

/// What to do with checks.
#[derive(Debug, Subcommand)]
pub enum ChecksCommand {
    /// List all checks
    List(ListChecks),
    /// Explain one check: what it looks for, why, how it judges, how to mend a failure, which permissions it needs
    #[command(after_help = "Example:\n  exfilguard checks explain object-reads-logged")]
    Explain {
        /// The check's id
        id: String,
        /// For people or as JSON
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal, value_name = "FORMAT")]
        output: ListFormat,
        /// A folder with more check modules; repeatable
        #[arg(long, value_name = "DIR")]
        checks: Vec<PathBuf>,
    },
    /// Run the tests and fixtures beside the checks; fails unless they hold and reach every line
    #[command(after_help = "Examples:\n  \
        exfilguard checks test            the built-in checks\n  \
        exfilguard checks test my-checks  those of a folder")]
    Test {
        /// A folder of check modules [default: the built-in checks]
        directory: Option<PathBuf>,
    },
    /// Begin a check of your own: a module, its test and a fixture, from a template
    New(NewCheckArguments),
}

/// `exfilguard checks list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard checks list --area buckets --severity critical,high\n  \
    exfilguard checks list --framework cis-aws-3.0.0 --output json")]
pub struct ListChecks {
    /// As a table or as JSON
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal, value_name = "FORMAT")]
    pub output: ListFormat,
    /// Only checks of these areas, such as `buckets`
    #[arg(long, value_name = "AREA", value_delimiter = ',')]
    pub area: Vec<Area>,
    /// Only checks of these severities
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',')]
    pub severity: Vec<Severity>,
    /// Only checks that speak to a control of this framework, such as `cis-aws-3.0.0`
    #[arg(long, value_name = "NAME")]
    pub framework: Option<String>,
    /// A folder with more check modules; repeatable
    #[arg(long, value_name = "DIR")]
    pub checks: Vec<PathBuf>,
}

/// `exfilguard checks new`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    exfilguard checks new bucket-named-by-team --area buckets --resource bucket --dir my-checks")]
pub struct NewCheckArguments {
    /// The new check's id, in kebab-case
    pub id: String,
    /// Its area
    #[arg(long, value_name = "AREA", default_value = "buckets")]
    pub area: Area,
    /// The kind of resource that it judges
    #[arg(long, value_name = "KIND", default_value = "bucket")]
    pub resource: ResourceKind,
    /// The folder of your checks
    #[arg(long, value_name = "DIR", default_value = "my-checks")]
    pub dir: PathBuf,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table for people.
    Terminal,
    /// An array for programs.
    Json,
}

/// `exfilguard merge`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    exfilguard audit --shard 1/2 --output json=1.json\n  \
    exfilguard audit --shard 2/2 --output json=2.json\n  \
    exfilguard merge 1.json 2.json --output terminal --output html=report.html")]
pub struct MergeArguments {
    /// The assessments (JSON), one of each shard
    #[arg(value_name = "ASSESSMENT", required = true)]
    pub assessments: Vec<PathBuf>,
    /// The organization's policy file, for its gates [default: exfilguard.yaml in the working directory, else built-in
    /// defaults]
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub policy: Option<PathBuf>,
    /// A folder with more check modules, if the policy file names them; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Judging")]
    pub checks: Vec<PathBuf>,
    /// What the outcome is held against.
    #[command(flatten)]
    pub outcome: OutcomeArguments,
}

/// `exfilguard compare`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    exfilguard audit --output json=today.json\n  \
    exfilguard compare yesterday.json today.json\n  \
    exfilguard compare yesterday.json today.json --output terminal --output html=changes.html")]
pub struct CompareArguments {
    /// The earlier assessment (JSON)
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The later assessment (JSON)
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Where the comparison goes: `terminal` and `json` are the comparison; every other format is the report of NEW with
    /// each finding marked, as `audit --baseline OLD` writes it. Repeatable; a file if `=PATH` follows [default: terminal]
    #[arg(long, value_name = "FORMAT[=PATH]")]
    pub output: Vec<Destination>,
}

/// `exfilguard man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mkdir -p man && exfilguard man man && man -l man/exfilguard-audit.1")]
pub struct ManArguments {
    /// A folder that exists; it gets a page for each command
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `exfilguard trend`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard audit --output json=assessments/$(date +%F).json\n  \
    exfilguard trend assessments\n  \
    exfilguard trend assessments --output svg > trend.svg")]
pub struct TrendArguments {
    /// A folder of assessments: JSON reports of `exfilguard audit`
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// A table, JSON, CSV, or a picture
    #[arg(long, value_enum, default_value_t = TrendFormat::Terminal, value_name = "FORMAT")]
    pub output: TrendFormat,
}

/// How scores over time are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrendFormat {
    /// A table for people.
    Terminal,
    /// For programs.
    Json,
    /// A line per audit.
    Csv,
    /// A picture.
    Svg,
}

/// `exfilguard init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  exfilguard init exfilguard.yaml")]
pub struct InitArguments {
    /// Where to write it; a file that exists is never overwritten
    #[arg(value_name = "PATH", default_value = crate::policy::DEFAULT_FILE)]
    pub path: PathBuf,
}

/// `exfilguard eval`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each line of standard input is a question, each line of standard output its answer:\n  \
    {\"id\": …, \"result\": \"yes|no|unknown|invalid\", \"reason\": \"…\"}\n\n\
    Questions:\n  \
    event-pattern    {\"id\", \"pattern\": object or text, \"event\": object}\n  \
    filter-pattern   {\"id\", \"pattern\": text, \"message\": text or object}\n  \
    event-selectors  {\"id\", \"event_selectors\" or \"advanced_event_selectors\": list, \"event\": CloudTrail record}\n  \
    policy           {\"id\", \"policies\": {\"resource\", \"endpoint\", \"scp\", \"rcp\", \"identity\", \"block_public_access\"},\n                   \
                     \"request\": {\"action\", \"resource\", \"resource_account\", \"principal\", \"context\"}}\n  \
    public           {\"id\", \"policy\": document}\n\n\
    Example:\n  \
    echo '{\"id\": 1, \"pattern\": {\"source\": [\"aws.guardduty\"]}, \"event\": {\"source\": \"aws.guardduty\"}}' |\n    \
    exfilguard eval event-pattern"
)]
pub struct EvalArguments {
    /// Which evaluator
    #[arg(value_enum)]
    pub evaluator: Evaluator,
}

/// An evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Evaluator {
    /// Does EventBridge match the event?
    EventPattern,
    /// Does the CloudWatch Logs metric filter match the log line?
    FilterPattern,
    /// Does a trail with these selectors log the event?
    EventSelectors,
    /// Is the request allowed?
    Policy,
    /// Is the policy public, as S3 Block Public Access defines it?
    Public,
}

/// `exfilguard schema`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  exfilguard schema policy > exfilguard.schema.json      for an editor that completes YAML"
)]
pub struct SchemaArguments {
    /// Which schema
    #[arg(value_enum)]
    pub what: SchemaKind,
}

/// Which JSON Schema to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// The policy file `exfilguard.yaml`
    Policy,
    /// The facts that check modules read
    Facts,
    /// The plan that `exfilguard remediate plan` writes
    Plan,
    /// The assessment that `exfilguard audit --output json` writes
    Assessment,
    /// The comparison that `exfilguard compare --output json` writes
    Comparison,
    /// The row that `exfilguard trend --output json` writes
    Trend,
    /// The report that `exfilguard investigate --output json` writes
    Incident,
}

/// `exfilguard completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard completions bash > /etc/bash_completion.d/exfilguard\n  \
    exfilguard completions zsh > ~/.zfunc/_exfilguard\n  \
    exfilguard completions fish > ~/.config/fish/completions/exfilguard.fish")]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id is 12 digits, for example 111122223333".to_owned())
    }
}

fn assumption(text: &str) -> Result<String, String> {
    text.strip_suffix("=pass")
        .filter(|check| !check.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "write the check's id and `=pass`, for example object-reads-logged=pass".to_owned())
}

fn organizational_unit(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain && (text.starts_with("ou-") || text.starts_with("r-")) {
        Ok(text.to_owned())
    } else {
        Err("an organizational unit looks like ou-ab12-cd34ef56, a root like r-ab12".to_owned())
    }
}

fn region(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && text.split('-').count() >= 3 && text.ends_with(|c: char| c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("a region looks like eu-west-1".to_owned())
    }
}

fn role_name(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
    if !text.is_empty() && text.len() <= 512 && text.bytes().all(allowed) {
        Ok(text.trim_start_matches('/').to_owned())
    } else {
        Err("the role's name (with its path, if it has one), not its ARN, for example ExfilguardAudit"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn account_ids_have_twelve_digits() {
        assert!(account_id("012345678901").is_ok());
        for bad in ["12345678901", "1234567890123", "12345678901a", ""] {
            assert!(account_id(bad).unwrap_err().contains("12 digits"), "{bad}");
        }
    }

    #[test]
    fn regions_and_urls_are_checked_before_anything_is_asked() {
        assert!(region("us-gov-west-1").is_ok());
        assert!(region("Frankfurt").is_err());
        assert!(endpoint_url("127.0.0.1:5000").is_err());
        assert_eq!(endpoint_url("http://127.0.0.1:5000/").unwrap(), "http://127.0.0.1:5000");
        assert!(role_name("arn:aws:iam::1:role/x").is_err());
    }
}

/// `exfilguard iam-policy`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard iam-policy audit > member.json              for the role in each account\n  \
    exfilguard iam-policy audit --central > central.json   for who runs exfilguard and assumes that role")]
pub struct IamPolicyArguments {
    /// What the role is for
    #[arg(value_enum)]
    pub purpose: IamPurpose,
    /// Also what only the caller needs: to read the organization and to assume the role of each account
    #[arg(long)]
    pub central: bool,
    /// With `audit`: also what `audit --send-to-security-hub` needs
    #[arg(long)]
    pub send_to_security_hub: bool,
    /// With `investigate`: also what `hunt setup --apply` needs to make the table
    #[arg(long)]
    pub hunt_setup: bool,
    /// With `investigate`: also what `investigate --start-classification-job` needs; such a job costs money
    #[arg(long)]
    pub classification_job: bool,
    /// The role that is assumed in each account
    #[arg(long, value_name = "NAME", default_value = "OrganizationAccountAccessRole", value_parser = role_name)]
    pub role: String,
    /// aws, aws-cn, aws-us-gov, …
    #[arg(long, value_name = "NAME", default_value = "aws", value_parser = partition)]
    pub partition: String,
}

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IamPurpose {
    /// To read configuration; never an object.
    Audit,
    /// To read logs and findings.
    Investigate,
    /// To change what a reviewed plan says.
    Remediate,
}

fn partition(text: &str) -> Result<String, String> {
    let good = text.starts_with("aws") && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if good {
        Ok(text.to_owned())
    } else {
        Err("a partition is `aws`, `aws-cn`, `aws-us-gov`, …".to_owned())
    }
}
