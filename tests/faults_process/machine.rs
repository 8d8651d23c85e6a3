//! F-22, F-24, F-26: a machine with little of everything, closed outputs, interrupts, and old values that are read again.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::emulated::Emulator;
use crate::runs::{SMALL, emulator, said, through_shell};

#[test]
fn f24_few_files_one_processor_and_little_memory_are_enough_or_are_named() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let audit = |name: &str| {
        let mut program = emulator.program();
        program.args(SMALL).arg("--output").arg(format!("json={}", folder.path().join(name).display()));
        program
    };
    let results = |name: &str| -> Value {
        serde_json::from_slice::<Value>(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()["results"]
            .take()
    };
    let whole = audit("whole.json").output().unwrap();
    let few = through_shell("ulimit -n 128; exec", &audit("few.json"), "").output().unwrap();
    assert_eq!(few.status.code(), whole.status.code(), "{}", said(&few));
    assert_eq!(results("few.json"), results("whole.json"));
    assert!(said(&few).contains("ulimit -n"), "{}", said(&few));
    let one = through_shell("exec taskset -c 0", &audit("one.json"), "").output().unwrap();
    assert_eq!(one.status.code(), whole.status.code(), "{}", said(&one));
    assert_eq!(results("one.json"), results("whole.json"));
    // 256 MiB of addresses are too few for a debug build on some machines: then it says so and breaks nothing.
    let little = through_shell("ulimit -v 262144; exec", &audit("little.json"), "").output().unwrap();
    let text = said(&little);
    assert!(
        little.status.code() == whole.status.code() || text.contains("memory") || text.contains("thread"),
        "{:?}: {text}",
        little.status
    );
}

#[test]
fn f26_a_reader_that_has_seen_enough_and_closed_outputs_are_no_error() {
    let emulator = emulator();
    let mut audit = emulator.program();
    audit.args(SMALL).args(["--output", "json", "--fail-on", "none"]);
    let head = through_shell("set -o pipefail;", &audit, "| head -c 20").output().unwrap();
    assert_eq!(head.status.code(), Some(0), "{}", said(&head));
    assert_eq!(head.stdout.len(), 20);
    for closed in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        let output = through_shell("", &audit, closed).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{closed}: {}", said(&output));
    }
}

#[test]
fn f26_a_second_interrupt_ends_at_once() {
    let emulator = emulator();
    // Nothing is done before the first call is answered.
    emulator.fail(&json!([{"service": "guardduty", "action": {"delay_seconds": 30}}]));
    let folder = tempfile::tempdir().unwrap();
    let mut program = emulator.program();
    program.args(SMALL).arg("--output").arg(format!("json={}", folder.path().join("r.json").display()));
    let child = program.stderr(Stdio::piped()).spawn().unwrap();
    while !emulator.requests().contains_key("guardduty:ListDetectors")
        && !emulator.requests().contains_key("guardduty:ListOrganizationAdminAccounts")
    {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = child.id().to_string();
    let interrupt = || Command::new("kill").args(["-INT", &id]).status().unwrap();
    interrupt();
    interrupt();
    std::thread::sleep(std::time::Duration::from_millis(300));
    interrupt();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
}

#[test]
fn f22_a_second_read_that_shows_the_old_value_is_read_again() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let policy = "version: 1\nremediation: { allow: [ block-public-access ] }\n";
    std::fs::write(folder.path().join("exfilguard.yaml"), policy).unwrap();
    let account = seeded["accounts"]["perimeter"].as_str().unwrap();
    let remediate = |arguments: &[&str]| {
        let mut program = emulator.program();
        let output = program.current_dir(folder.path()).arg("remediate").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    };
    let kind = ["--kind", "block-public-access", "--output", "plan.json"];
    remediate(&[&["plan", "--accounts", account, "--regions", "us-east-1"], &kind[..]].concat());
    let plan: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("plan.json")).unwrap()).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    assert!(!changes.is_empty(), "{plan:#}");
    let reads = |journal: &str, faults: &Value| {
        emulator.fail(faults);
        emulator.forget_requests();
        remediate(&["apply", "plan.json", "--yes", "--journal", journal]);
        let requests = emulator.requests();
        emulator.fail(&json!([]));
        assert_eq!(requests["s3:PutPublicAccessBlock"], changes.len() as u64, "nothing is written twice");
        requests["s3:GetPublicAccessBlock"]
    };
    // The first read is the one before the write.
    let old = json!([{"service": "s3", "operation": "GetPublicAccessBlock", "resource": changes[0]["resource"],
        "skip": 1, "times": 1, "action": {"status": 404, "code": "NoSuchPublicAccessBlockConfiguration"}}]);
    let with_old_value = reads("one.journal", &old);
    remediate(&["rollback", "one.journal", "--yes"]);
    assert_eq!(with_old_value, reads("two.journal", &json!([])) + 1);
}
