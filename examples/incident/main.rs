//! `cargo run --release --example incident -- --help`: makes CloudTrail records of an organization with one theft in them,
//! the GuardDuty finding that tells of it, and the truth beside them.
//!
//! For trying `exfilguard investigate` and `exfilguard hunt` out, for tests, and for measuring: any size, and the same
//! bytes for the same arguments.

mod generator;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use generator::{Kind, Plan};

/// Makes CloudTrail records of an organization with one theft in them, in AWS's folder layout, and the truth beside them
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  \
    cargo run --example incident -- /tmp/theft\n  \
    cargo run --release --example incident -- /tmp/large --records 10000000 --days 30\n  \
    cargo run --example incident -- /tmp/ransom --kind ransom --seed 7")]
struct Arguments {
    /// The folder to write to; it is made if it is not there
    folder: PathBuf,
    /// About how many records
    #[arg(long, default_value_t = Plan::EXAMPLE.records)]
    records: u64,
    /// How many days of records; the theft is in the last two
    #[arg(long, default_value_t = Plan::EXAMPLE.days, value_parser = clap::value_parser!(u16).range(2..=3650))]
    days: u16,
    /// Another number, other records
    #[arg(long, default_value_t = Plan::EXAMPLE.seed)]
    seed: u64,
    /// What happened
    #[arg(long, value_enum, default_value_t = Plan::EXAMPLE.kind)]
    kind: Kind,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Arguments { records, days, seed, kind, .. } = arguments;
    match generator::write(&Plan { kind, seed, days, records }, &arguments.folder) {
        Ok(written) => {
            let _closed_pipe =
                writeln!(io::stdout(), "{} records in {} files", written.records, written.files);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _closed_pipe =
                writeln!(io::stderr(), "error: `{}` cannot be written: {error}", arguments.folder.display());
            ExitCode::FAILURE
        }
    }
}
