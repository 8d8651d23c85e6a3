//! `exfilguard compare`.

use std::path::PathBuf;

use clap::Args;

use crate::report::Destination;

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
