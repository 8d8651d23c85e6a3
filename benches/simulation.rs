//! How long the simulation of one account takes on one core: 1,000 buckets × all techniques, and how it grows.
//!
//! `cargo bench --bench simulation` prints one JSON object per size. The account is the golden one of `tests/golden/` with
//! its ordinary bucket repeated; each bucket has a policy of its own, so that nothing is shared that is not in real life.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use exfilguard::facts::{Context, Guardrails, Prepared};
use exfilguard::policy::PolicyFile;
use exfilguard::simulate::{Simulation, Techniques};
use exfilguard::snapshot::{AccountSnapshot, SnapshotReader};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNT: &str = "111111111111";

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/base.jsonl.gz");
    let reader = SnapshotReader::open(&path).unwrap();
    let organization = reader.header().organization.clone();
    let (mut own, hubs) = reader.map(Result::unwrap).partition::<Vec<_>, _>(|account| account.id == ACCOUNT);
    let account = own.pop().unwrap();
    let hubs: BTreeMap<String, AccountSnapshot> = hubs.into_iter().map(|hub| (hub.id.clone(), hub)).collect();
    let guardrails = Guardrails::of(&organization);
    let policy = PolicyFile::default();
    let context =
        Context { organization: &organization, hubs: &hubs, policy: &policy, guardrails: &guardrails };
    let techniques: Vec<_> = Techniques::load(&[]).unwrap().iter().cloned().collect();
    let simulation = Simulation { techniques: techniques.clone(), ..Simulation::default() };
    for buckets in [10, 100, 1_000] {
        let account = with_buckets(&account, buckets);
        let begin = Instant::now();
        let simulated = simulation.account(&Prepared::of(&account, &context));
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{}",
            serde_json::json!({"buckets": buckets, "techniques": techniques.len(), "cells": simulated.cells.len(),
                "seconds": seconds, "cells_per_second": (f64::from(buckets) * 22.0 / seconds).round()})
        );
    }
}

/// The account with its ordinary bucket so many times.
fn with_buckets(account: &AccountSnapshot, buckets: u32) -> AccountSnapshot {
    let plain =
        account.buckets.known().unwrap().iter().find(|bucket| bucket.name.starts_with("plain-")).unwrap();
    let text = serde_json::to_string(plain).unwrap();
    let repeated = (0..buckets)
        .map(|number| serde_json::from_str(&text.replace("plain-", &format!("plain-{number}-"))).unwrap())
        .collect();
    AccountSnapshot { buckets: exfilguard::snapshot::Reading::Known(repeated), ..account.clone() }
}
