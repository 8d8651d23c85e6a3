//! `exfilguard init`.

use std::path::PathBuf;

use clap::Args;

/// `exfilguard init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  exfilguard init exfilguard.yaml")]
pub struct InitArguments {
    /// Where to write it; a file that exists is never overwritten
    #[arg(value_name = "PATH", default_value = crate::policy::DEFAULT_FILE)]
    pub path: PathBuf,
}
