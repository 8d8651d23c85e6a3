//! A stand-in for AWS at scale: answers every call of `exfilguard audit` from a saved snapshot, or from a generated
//! organization of any size, with AWS's latency and limits if wanted.
//!
//! hyper without a framework: which operation is meant stands in a header, in the body or in the query string, by protocol,
//! so that a router of paths (axum's) would have nothing to route; and the less it does, the less it stands between the
//! program and its measurement.

mod answer;
mod call;
mod cbor;
mod generated;
mod operations;
mod organization;
mod record;
mod serve;
mod services;
mod throttle;

use std::io::{Error, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tokio::net::TcpListener;

use crate::generated::Plan;
use crate::organization::Organization;
use crate::serve::StandIn;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers the calls of `exfilguard audit` on a loopback port, which it prints as `{"port": N}`.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Serve this snapshot; without it an organization is generated
    #[arg(long, value_name = "PATH")]
    snapshot: Option<PathBuf>,
    /// Accounts of the generated organization
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    accounts: u64,
    /// Regions of each account
    #[arg(long, value_delimiter = ',', default_value = "eu-west-1,us-east-1")]
    regions: Vec<String>,
    /// Buckets of each account
    #[arg(long, default_value_t = 20)]
    buckets: usize,
    /// Another seed is another organization
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the generated organization as a snapshot and end
    #[arg(long, value_name = "PATH", conflicts_with = "snapshot")]
    write_snapshot: Option<PathBuf>,
    /// Wait so long before each answer
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
    /// Refuse calls above AWS's documented rates, or none
    #[arg(long, value_enum, default_value_t = Throttle::Documented)]
    throttle: Throttle,
    /// The port; 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Threads
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Throttle {
    Documented,
    None,
}

fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    let organization = match &arguments.snapshot {
        Some(path) => Organization::recorded(path)?,
        None => {
            let mut regions = arguments.regions.clone();
            regions.sort();
            regions.dedup();
            let accounts = usize::try_from(arguments.accounts).unwrap_or(usize::MAX);
            Organization::generated(Plan {
                accounts,
                regions,
                buckets: arguments.buckets,
                seed: arguments.seed,
            })
        }
    };
    if let Some(path) = &arguments.write_snapshot {
        return organization.write(path);
    }
    let latency = Duration::from_millis(arguments.latency_ms);
    let stand_in = StandIn::new(organization, latency, arguments.throttle == Throttle::Documented);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.threads.max(1))
        .enable_all()
        .build()?
        .block_on(listen(Arc::new(stand_in), arguments.port))
}

async fn listen(stand_in: Arc<StandIn>, port: u16) -> Result<(), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{{\"port\": {}}}", listener.local_addr()?.port())?;
    out.flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve::connection(Arc::clone(&stand_in), stream));
    }
}
