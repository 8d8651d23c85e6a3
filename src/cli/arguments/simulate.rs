//! `exfilguard simulate`.

use std::path::PathBuf;

use clap::Args;

use super::LiveArguments;
use crate::report::simulation::{MatrixDestination, MatrixRows};

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

fn assumption(text: &str) -> Result<String, String> {
    text.strip_suffix("=pass")
        .filter(|check| !check.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "write the check's id and `=pass`, for example object-reads-logged=pass".to_owned())
}
