//! `exfilguard snapshot`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ListFormat, LiveArguments, account_id};

/// `exfilguard snapshot`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard snapshot collect --output organization.jsonl.gz\n  \
    exfilguard snapshot show organization.jsonl.gz")]
pub struct SnapshotArguments {
    /// What to do with snapshots.
    #[command(subcommand)]
    pub command: SnapshotCommand,
}

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Read AWS and save what was read, without judging it
    #[command(
        after_help = "Example:\n  exfilguard snapshot collect --role ExfilguardAudit --output organization.jsonl.gz"
    )]
    Collect {
        /// Where to save it
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
        /// Which accounts and how they are entered.
        #[command(flatten)]
        live: LiveArguments,
        /// The organization's policy file, for its role and regions
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Print a saved snapshot as JSON lines
    #[command(
        after_help = "Example:\n  exfilguard snapshot show organization.jsonl.gz --account 111122223333 | jq .buckets"
    )]
    Show {
        /// The snapshot
        path: PathBuf,
        /// Only this account
        #[arg(long, value_name = "ID", value_parser = account_id)]
        account: Option<String>,
    },
    /// Tell what changed from one snapshot to another
    #[command(after_help = "Examples:\n  \
        exfilguard snapshot diff monday.jsonl.gz tuesday.jsonl.gz\n  \
        exfilguard snapshot diff monday.jsonl.gz tuesday.jsonl.gz --output json | jq '.[].pointer'")]
    Diff {
        /// The earlier snapshot
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The later snapshot
        #[arg(value_name = "NEW")]
        new: PathBuf,
        /// For a person, or an array for programs: account, region, resource, pointer (as in the JSON Patch of
        /// --with-change), and what was and is there
        #[arg(long, value_enum, default_value = "terminal")]
        output: ListFormat,
    },
    /// Join the snapshots of several shards
    #[command(
        after_help = "Example:\n  exfilguard snapshot merge 1.jsonl.gz 2.jsonl.gz --output all.jsonl.gz"
    )]
    Merge {
        /// The snapshots, one of each shard
        #[arg(value_name = "SNAPSHOT", required = true)]
        snapshots: Vec<PathBuf>,
        /// Where to save the whole
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
    },
}
