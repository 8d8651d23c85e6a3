//! `exfilguard man`.

use std::path::PathBuf;

use clap::Args;

/// `exfilguard man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mkdir -p man && exfilguard man man && man -l man/exfilguard-audit.1")]
pub struct ManArguments {
    /// A folder that exists; it gets a page for each command
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
