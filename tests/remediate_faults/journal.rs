//! The disk under the journal.

use crate::emulated;
use crate::remediation_site::{Site, code, errors};
use crate::steps;

/// F-30 of the journal.
#[test]
fn f30_without_a_journal_nothing_is_called() {
    let site = Site::new();
    site.plan_of_untouched("require-tls");
    let nowhere = site.run(&["apply", "plan.json", "--yes", "--journal", "no/such/folder"]);
    assert_eq!(code(&nowhere), 5, "{}", errors(&nowhere));
    // A full disk: the journal may have 512 bytes, which its first line fits into and no announcement of a call.
    let program = site.emulator.program();
    let mut full = std::process::Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", emulated::PROGRAM]);
    full.env_clear().current_dir(site.folder.path());
    full.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    full.args(["remediate", "apply", "plan.json", "--yes", "--policy"]);
    full.arg("policy.yaml");
    let applied = full.output().unwrap();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("journal"), "{}", errors(&applied));
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    // With space it goes on from the torn line.
    assert_eq!(code(&site.apply()), 0);
}

/// F-30: the disk is full at any line of the journal.
#[test]
fn f30_a_disk_that_fills_up_at_any_line_loses_nothing() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&["require-tls", "block-public-access"]);
    let calls = steps(&plan).len() as u64;
    site.emulator.forget_requests();
    let (mut full, mut blocks) = (0, 2);
    loop {
        // Blocks of 512 bytes; more each time, because each run also adds what it found to be verified already.
        let program = site.applying();
        let mut limited = std::process::Command::new("sh");
        limited.args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            "sh",
            emulated::PROGRAM,
        ]);
        limited.args(program.get_args()).env_clear().current_dir(site.folder.path());
        limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let applied = limited.output().unwrap();
        // Each write was announced, on the disk, before it was made.
        let text = std::fs::read_to_string(site.path("plan.json.journal")).unwrap();
        let announced = text.matches("\"event\":\"intent\"").count() as u64;
        assert!(site.write_count() <= announced, "{:?} of {announced}", site.writes());
        if code(&applied) == 0 {
            break;
        }
        assert_eq!(code(&applied), 5, "{}", errors(&applied));
        assert!(errors(&applied).contains("cannot be written"), "{}", errors(&applied));
        full += 1;
        blocks += 4 + blocks / 3;
    }
    assert!(full >= 5, "{full} times");
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), first);
}
