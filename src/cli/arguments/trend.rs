//! `exfilguard trend`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
