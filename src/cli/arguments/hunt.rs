//! `exfilguard hunt`, as people type it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{AwsBackEndArguments, HuntSetupArguments, ListFormat, account_id, region};
use crate::investigate::BackEnd;
use crate::report::Destination;

/// `exfilguard hunt`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
#[command(after_help = "Examples:\n  \
    exfilguard hunt list\n  \
    exfilguard hunt explain outside-writes\n  \
    exfilguard hunt top-readers --logs ./trail-bucket --from 2026-01-14 --to 2026-01-16\n  \
    exfilguard hunt outside-writes --logs ./trail-bucket --last 24h --snapshot org.jsonl.gz\n  \
    exfilguard hunt foreign-readers --backend athena --assessment audit.json --last 7d\n  \
    exfilguard hunt top-readers --backend athena --work-group security --last 24h\n  \
    exfilguard hunt top-readers --backend logs-insights --log-group aws-cloudtrail-logs --last 24h\n  \
    exfilguard hunt credential-spread --logs a.json.gz b.json.gz --last 7d --set access_keys=AKIAIOSFODNN7EXAMPLE\n\n\
    `exfilguard hunt NAME …` is short for `exfilguard hunt run NAME …`. Exit codes: 0 done, 2 wrong usage,\n\
    3 something could not be read (the rows are written all the same), 130 interrupted.")]
pub struct HuntArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<HuntCommand>,
    /// The short form of `run`.
    #[command(flatten)]
    pub run: Option<RunHunt>,
    /// Its back ends at AWS. Not a part of [`RunHunt`]: clap cannot tell whether a struct was given that has others in it.
    #[command(flatten)]
    pub aws: AwsBackEndArguments,
}

/// What to do with hunts.
#[derive(Debug, Subcommand)]
pub enum HuntCommand {
    /// List all hunts
    #[command(after_help = "Example:\n  exfilguard hunt list")]
    List {
        /// As a table or as JSON
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal, value_name = "FORMAT")]
        output: ListFormat,
    },
    /// Explain one hunt: the question, parameters, columns, ATT&CK techniques, the SQL and the Logs Insights text
    #[command(after_help = "Example:\n  exfilguard hunt explain top-readers")]
    Explain {
        /// The hunt
        name: String,
        /// For people or as JSON
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal, value_name = "FORMAT")]
        output: ListFormat,
    },
    /// Ask a hunt
    #[command(after_help = "Example:\n  exfilguard hunt run top-readers --logs ./trail-bucket --last 24h")]
    Run(Box<AskHunt>),
    /// Print or make the table by which Athena reads a trail's files
    Setup(Box<HuntSetupArguments>),
}

/// `exfilguard hunt run`.
#[derive(Debug, Clone, Args)]
pub struct AskHunt {
    /// What is asked.
    #[command(flatten)]
    pub run: RunHunt,
    /// The back ends at AWS.
    #[command(flatten)]
    pub aws: AwsBackEndArguments,
}

/// What is asked of whom.
#[derive(Debug, Clone, Args)]
pub struct RunHunt {
    /// The hunt: `exfilguard hunt list` shows all
    #[arg(value_name = "NAME")]
    pub name: String,
    /// CloudTrail's log files, or folders of them (as `aws s3 sync` makes them); nothing is asked of AWS
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Source")]
    pub logs: Vec<PathBuf>,
    /// Who answers [default: local with --logs]
    #[arg(long, value_enum, value_name = "BACK END", help_heading = "Source")]
    pub backend: Option<BackEnd>,
    /// The most memory of a query on log files, or on the rows of Logs Insights, in MiB; it fails rather than use more
    #[arg(long, value_name = "MIB", default_value_t = 768, value_parser = clap::value_parser!(u32).range(16..=1_048_576), help_heading = "Source")]
    pub memory: u32,
    /// The beginning of the window, such as 2026-01-15 or 2026-01-15T03:00:00Z (UTC)
    #[arg(long, value_name = "TIME", conflicts_with = "last", help_heading = "Window and parameters")]
    pub from: Option<String>,
    /// The end of the window [default: now]
    #[arg(long, value_name = "TIME", help_heading = "Window and parameters")]
    pub to: Option<String>,
    /// The length of the window before its end, such as 24h or 7d [default: 24h]
    #[arg(long, value_name = "DURATION", help_heading = "Window and parameters")]
    pub last: Option<String>,
    /// A parameter of the hunt; values of a list have commas between them, ARNs are given one by one; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, help_heading = "Window and parameters")]
    pub set: Vec<(String, String)>,
    /// Only records of these accounts
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = account_id, help_heading = "Window and parameters")]
    pub accounts: Vec<String>,
    /// Only records of these regions
    #[arg(long, value_name = "R,…", value_delimiter = ',', value_parser = region, help_heading = "Window and parameters")]
    pub regions: Vec<String>,
    /// The most rows [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Window and parameters")]
    pub limit: Option<u32>,
    /// All accounts of the organization, for hunts that tell inside from outside
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = account_id, help_heading = "Window and parameters")]
    pub organization_accounts: Vec<String>,
    /// A saved snapshot: the organization's accounts and buckets are taken from it
    #[arg(long, value_name = "PATH", help_heading = "Window and parameters")]
    pub snapshot: Option<PathBuf>,
    /// The same from an assessment (`exfilguard audit --output json=FILE`)
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot", help_heading = "Window and parameters")]
    pub assessment: Option<PathBuf>,
    /// Write the rows: terminal, json, csv or markdown, to standard output or to =PATH; repeatable [default: terminal]
    #[arg(long, value_name = "FORMAT[=PATH]", help_heading = "Reports")]
    pub output: Vec<Destination>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.replace('-', "_"), value.to_owned())),
        _ => Err("write the parameter's name, `=` and its value, for example bucket=crown-jewels".to_owned()),
    }
}
