//! Nothing is lost: a run that is killed or interrupted goes on where it stopped (F-25, F-26, F-27), and shards make
//! one run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use emulated::{Emulator, PROGRAM};
use serde_json::{Value, json};

/// A part of the example organization whose audit takes few calls.
const SMALL: [&str; 6] = ["--regions", "us-east-1", "--only", "guardduty-enabled", "--max-concurrency", "1"];

fn audit(emulator: &Emulator, folder: &Path, more: &[&str]) -> Command {
    let mut program = emulator.program();
    program.args(["audit", "--no-progress"]).args(SMALL).args(more);
    program.arg("--output").arg(format!("json={}", folder.join("report.json").display()));
    program
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap()
}

/// The report as it is written, without the part that differs between two runs.
fn without_run(report: &Value) -> String {
    let mut report = report.clone();
    report.as_object_mut().unwrap().remove("run");
    report.to_string()
}

fn stopped_after(mut program: Child, emulator: &Emulator, calls: u64) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if program.try_wait().unwrap().is_some() {
            return false;
        }
        if emulator.requests().values().sum::<u64>() >= calls {
            program.kill().unwrap();
            program.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("{calls} calls were not made within a minute");
}

#[test]
fn f25_a_run_that_is_killed_after_any_call_goes_on_and_ends_the_same() {
    let (emulator, _) = Emulator::with("example");
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = audit(&emulator, folder.path(), &[]).output().unwrap();
    assert_eq!(undisturbed.status.code(), Some(1), "{}", String::from_utf8_lossy(&undisturbed.stderr));
    let wanted = without_run(&report(folder.path()));
    let of_whole = emulator.requests_by_account();
    let whole = emulator.requests();
    let total: u64 = whole.values().sum();
    assert!(total >= 12, "too few calls for a test: {whole:?}");

    for calls in 1..=total {
        let state = tempfile::tempdir().unwrap();
        let more = ["--state", state.path().to_str().unwrap()];
        emulator.forget_requests();
        // Slow enough that the program is caught at this very call.
        emulator.fail(&json!([{"action": {"delay_seconds": 0.04}}]));
        let program = audit(&emulator, folder.path(), &more).stderr(Stdio::null()).spawn().unwrap();
        let killed = stopped_after(program, &emulator, calls);
        assert!(killed || calls + 1 >= total, "it ended before call {calls} of {total}");
        emulator.fail(&json!([]));
        emulator.forget_requests();

        let resumed = audit(&emulator, folder.path(), &[&more[..], &["--resume"]].concat()).output().unwrap();
        let said = String::from_utf8_lossy(&resumed.stderr);
        assert_eq!(resumed.status.code(), Some(1), "after call {calls}: {said}");
        assert_eq!(without_run(&report(folder.path())), wanted, "after call {calls}: {said}");
        // An account is asked as a whole or not at all, and so is the organization.
        let central: Vec<&String> = whole.keys().filter(|name| name.starts_with("organizations:")).collect();
        let again = emulator.requests();
        let asked = central.iter().filter(|name| again.contains_key(**name)).count();
        assert!(asked == 0 || asked == central.len(), "after call {calls}: {again:?}");
        for (account, count) in emulator.requests_by_account() {
            let management =
                of_whole.get(&account).is_some_and(|all| *all == *of_whole.values().max().unwrap());
            assert!(management || of_whole.get(&account) == Some(&count), "after call {calls}: {account}");
        }
        let begun = said.contains("going on with the run of");
        assert_eq!(begun, asked == 0, "after call {calls}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn f26_an_interrupt_ends_within_two_seconds_with_reports_of_what_is_done() {
    let (emulator, seeded) = Emulator::with("example");
    let folder = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    let more = ["--state", state.path().to_str().unwrap(), "--max-concurrency", "16"];
    let stuck = seeded["accounts"]["sandbox"].as_str().unwrap().to_owned();
    let mut program = emulator.program();
    program.args(["audit", "--regions", "us-east-1", "--only", "guardduty-enabled"]).args(more);
    program.arg("--output").arg(format!("json={}", folder.path().join("report.json").display()));
    for signal in ["INT", "TERM"] {
        // One account answers late: the others are done by then.
        emulator.fail(&json!([{"account": stuck, "service": "guardduty", "action": {"delay_seconds": 15}}]));
        let mut running = Command::new(PROGRAM);
        running
            .args(program.get_args())
            .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = running.stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(6));
        let interrupted = Instant::now();
        let id = child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let waited = interrupted.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(waited < Duration::from_secs(2), "it took {waited:?}");
        let report = report(folder.path());
        assert_eq!(report["run"]["complete"], false);
        let statuses: BTreeMap<&str, &str> = report["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| (account["id"].as_str().unwrap(), account["status"].as_str().unwrap()))
            .collect();
        assert_eq!(statuses.get(stuck.as_str()), Some(&"unreachable"), "{statuses:?}");
        assert!(statuses.values().any(|status| *status == "audited"), "{statuses:?} {said}");
        assert!(said.contains("--resume"), "{said}");
        // The next run goes on with what was kept.
        std::fs::remove_file(folder.path().join("report.json")).unwrap();
        if signal == "INT" {
            program.arg("--resume");
        }
    }
    emulator.fail(&json!([]));
    let resumed = program.output().unwrap();
    assert_eq!(resumed.status.code(), Some(1), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(report(folder.path())["run"]["complete"], true);
}

#[test]
fn f27_f32_a_state_folder_of_another_run_is_refused() {
    let (emulator, _) = Emulator::with("example");
    let folder = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    let more = ["--state", state.path().to_str().unwrap()];
    emulator.fail(&json!([{"action": {"delay_seconds": 0.04}}]));
    let running = audit(&emulator, folder.path(), &more).stderr(Stdio::null()).spawn().unwrap();
    while emulator.requests().values().sum::<u64>() < 8 {
        std::thread::sleep(Duration::from_millis(5));
    }
    emulator.fail(&json!([]));
    let mut running = running;
    running.kill().unwrap();
    running.wait().unwrap();

    let refused = |more: &[&str], wanted: &str| {
        let output = audit(&emulator, folder.path(), more).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).replace("\n  │ ", " ");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    };
    refused(&more, "was not finished");
    let other = [&more[..], &["--resume", "--role", "SomebodyElse"]].concat();
    refused(&other, "of other settings");
    std::fs::write(state.path().join("run.redb"), b"this is no store").unwrap();
    refused(&[&more[..], &["--resume"]].concat(), "cannot be used");
}
