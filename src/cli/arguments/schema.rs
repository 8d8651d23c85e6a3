//! `exfilguard schema`.

use clap::{Args, ValueEnum};

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
