//! An apply or a rollback that is killed or interrupted.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::remediation_site::{Site, changes, code, errors};
use crate::{operations, steps};

/// Numbers that differ from run to run.
struct Random(u32);

impl Random {
    fn new() -> Self {
        Self(std::process::id())
    }

    /// Below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(self.0 >> 8) % bound
    }
}

/// Lets each call that writes take a while, so that a moment within it can be met.
fn slowly(site: &Site, plan: &Value) {
    let steps = steps(plan);
    let all: BTreeSet<_> = operations(&steps, "call").union(&operations(&steps, "undo")).copied().collect();
    let rule = |(service, operation): &(&str, &str)| json!({"service": service, "operation": operation, "action": {"delay_seconds": 0.1}});
    site.emulator.fail(&json!(all.iter().map(rule).collect::<Vec<_>>()));
}

/// Kills a program some time after so many writes were asked for, while it runs.
fn killed_after(site: &Site, mut program: std::process::Command, writes: u64, milliseconds: u64) {
    let mut process = program.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while site.write_count() < writes {
        assert!(process.try_wait().unwrap().is_none(), "it ended before {writes} writes");
        assert!(Instant::now() < deadline, "{writes} writes were not made");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(milliseconds));
    assert!(process.try_wait().unwrap().is_none(), "it ended soon after {writes} writes");
    process.kill().unwrap();
    process.wait().unwrap();
    // What was sent arrives, though nobody waits for the answer.
    std::thread::sleep(Duration::from_millis(200));
}

/// F-25: killed at 20 moments of an apply of more than 30 changes of all kinds, and at 5 of its rollback.
#[test]
fn f25_an_apply_that_is_killed_again_and_again_ends_where_one_run_ends() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&[]);
    assert!(changes(&plan).len() >= 30, "{} changes", changes(&plan).len());
    let calls = steps(&plan).len() as u64;
    site.emulator.forget_requests();
    slowly(&site, &plan);
    let mut random = Random::new();
    for kill in 1..=20 {
        killed_after(&site, site.applying(), (calls - 2) * kill / 20, random.below(150));
    }
    site.emulator.fail(&json!([]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    // A write that a kill cut off after it was sent is seen, not made again.
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
    let states = site.step_states();
    assert_eq!(states.len() as u64, calls);
    assert!(states.iter().all(|(_, state)| state == "verified"), "{states:?}");

    site.emulator.forget_requests();
    slowly(&site, &plan);
    for kill in 1..=5 {
        killed_after(&site, site.restoring(), (calls - 2) * kill / 5, random.below(150));
    }
    site.emulator.fail(&json!([]));
    let back = site.rollback(&["--stop-logging"]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
    // The texts of all policies among it.
    assert_eq!(site.configuration(), first);
}

/// F-26 of changes.
#[cfg(unix)]
#[test]
fn f26_an_interrupted_apply_says_so_and_goes_on() {
    let site = Site::new();
    let plan = site.plan_of_untouched("require-tls");
    let calls = steps(&plan).len() as u64;
    assert!(calls >= 8, "{calls} calls");
    site.emulator.forget_requests();
    slowly(&site, &plan);
    for (signal, writes) in [("INT", 2), ("TERM", 6)] {
        let mut process = site.applying().stderr(Stdio::piped()).spawn().unwrap();
        while site.write_count() < writes && process.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = std::process::Command::new("kill")
            .args([&format!("-{signal}"), &process.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let output = process.wait_with_output().unwrap();
        assert_eq!(code(&output), 130, "{}", errors(&output));
        assert!(errors(&output).contains("the journal holds what was done"), "{}", errors(&output));
        std::thread::sleep(Duration::from_millis(200));
    }
    site.emulator.fail(&json!([]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
}
