//! What an offline audit costs, beside just reading and parsing the same snapshot: wall time and peak memory.
//!
//! `cargo bench --bench offline` prints a JSON object per size; `cargo bench --bench offline -- 2000x50 10000x20` takes other
//! sizes (accounts × buckets), and `--output FORMAT` other reports than the terminal's. The program is the built one, in a
//! process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement fails by panicking"
)]

mod organization;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use exfilguard::snapshot::SnapshotReader;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Accounts × buckets, if nothing else is asked for.
const SIZES: [&str; 2] = ["100x50", "2000x50"];

fn main() {
    let mut arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut formats = Vec::new();
    while let Some(place) = arguments.iter().position(|argument| argument == "--output") {
        arguments.remove(place);
        formats.push(arguments.remove(place));
    }
    if arguments.is_empty() {
        arguments = SIZES.map(str::to_owned).to_vec();
    }
    for size in arguments {
        let (accounts, buckets) = size.split_once('x').unwrap();
        measure(accounts.parse().unwrap(), buckets.parse().unwrap(), &formats);
    }
}

fn measure(accounts: usize, buckets: usize, formats: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("organization.jsonl.gz");
    organization::write(&snapshot, accounts, buckets);
    let begin = Instant::now();
    let parsed = SnapshotReader::open(&snapshot).unwrap().map(Result::unwrap).count();
    let parse = begin.elapsed();
    let mut program = Command::new(env!("CARGO_BIN_EXE_exfilguard"));
    program
        .args(["audit", "--fail-on", "none", "--incomplete-ok", "--no-progress", "--snapshot"])
        .arg(&snapshot);
    program.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::inherit());
    for format in formats {
        program.args(["--output", &format!("{format}=report.{format}")]);
    }
    let begin = Instant::now();
    let mut child = program.spawn().unwrap();
    let peak = peak_memory(&mut child);
    let audit = begin.elapsed();
    assert!(child.wait().unwrap().success());
    println!(
        "{}",
        serde_json::json!({
            "accounts": parsed, "buckets_each": buckets, "outputs": formats,
            "snapshot_mib": mib(std::fs::metadata(&snapshot).unwrap().len()),
            "parse_seconds": seconds(parse), "audit_seconds": seconds(audit),
            "ratio": (audit.as_secs_f64() / parse.as_secs_f64() * 10.0).round() / 10.0,
            "peak_mib": peak.map(mib),
        })
    );
}

/// The most memory that a process had resident until it ended, in bytes; none where the system does not tell.
fn peak_memory(child: &mut Child) -> Option<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().unwrap().is_none() {
        peak = resident(Path::new(&status)).or(peak);
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

fn resident(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

fn mib(bytes: u64) -> f64 {
    (bytes as f64 / 1_048_576.0 * 10.0).round() / 10.0
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100.0).round() / 100.0
}
