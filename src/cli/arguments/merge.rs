//! `exfilguard merge`.

use std::path::PathBuf;

use clap::Args;

use super::OutcomeArguments;

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
