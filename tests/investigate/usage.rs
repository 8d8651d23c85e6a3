//! What people type.

use crate::emulated::{program, repository};
use crate::incident::errors;

#[test]
fn wrong_usage_says_what_is_wrong_and_asks_nothing() {
    let logs = repository("examples/incident");
    let logs = logs.to_str().unwrap();
    for (arguments, why) in [
        (vec!["--logs", logs], "--finding"),
        (vec!["--logs", logs, "--bucket", "b'; DROP"], "--bucket"),
        (vec!["--logs", logs, "--access-key", "x"], "--access-key"),
        (vec!["--logs", logs, "--bucket", "some-bucket"], "give --from and --to"),
        (
            vec!["--logs", logs, "--bucket", "some-bucket", "--from", "2026-01-02", "--to", "2026-01-01"],
            "empty",
        ),
        (vec!["--logs", logs, "--bucket", "some-bucket", "--output", "junit"], "no format `junit`"),
        (
            vec![
                "--logs",
                "/nowhere",
                "--bucket",
                "some-bucket",
                "--from",
                "2026-01-01",
                "--to",
                "2026-01-02",
            ],
            "/nowhere",
        ),
    ] {
        let output = program().arg("investigate").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(why), "{arguments:?}: {}", errors(&output));
    }
}
