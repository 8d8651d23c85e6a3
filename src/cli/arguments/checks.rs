//! `exfilguard checks`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::catalogue::{Area, ResourceKind, Severity};

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
