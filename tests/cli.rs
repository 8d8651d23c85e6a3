//! The command line as people and scripts use it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use emulated::{program, repository};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The example organization that the README audits.
fn example() -> String {
    repository("examples/organization.jsonl.gz").display().to_string()
}

#[test]
fn the_readmes_command_audits_the_example_organization() {
    let output = run(&["audit", "--snapshot", &example()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    for part in ["Score ", "Accounts, worst first", "Failed, worst first", "What to do next", "Totals"] {
        assert!(report.contains(part), "`{part}` is missing:\n{report}");
    }
    assert!(!report.contains('\u{1b}'), "colour goes to terminals only");
    assert!(report.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn colour_obeys_flag_and_environment() {
    let colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let snapshot = example();
        let mut program = program();
        program.args(["audit", "--snapshot", &snapshot]).args(arguments).envs(variables.iter().copied());
        text(&program.output().unwrap().stdout).contains('\u{1b}')
    };
    assert!(colored(&["--color", "always"], &[]));
    assert!(colored(&[], &[("FORCE_COLOR", "1")]));
    assert!(colored(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&["--color", "never"], &[("FORCE_COLOR", "1")]));
}

#[test]
fn two_audits_of_one_snapshot_give_the_same_bytes_but_for_the_run() {
    let report = || {
        let output = run(&["audit", "--snapshot", &example(), "--output", "json"]);
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let run = report.as_object_mut().unwrap().remove("run").unwrap();
        (report.to_string(), run["id"].to_string())
    };
    let (first, second) = (report(), report());
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
}

#[test]
fn the_json_report_has_the_fields_of_the_contract() {
    let output = run(&["audit", "--snapshot", &example(), "--output", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "exfilguard.assessment/1");
    for field in [
        "id",
        "tool_version",
        "started_at",
        "finished_at",
        "source",
        "organization_id",
        "management_account",
        "accounts_in_scope",
        "accounts_audited",
        "regions",
        "complete",
        "incomplete",
        "api_calls",
    ] {
        assert!(report["run"].get(field).is_some(), "run.{field}");
    }
    for field in ["overall", "by_area", "by_account"] {
        assert!(report["score"].get(field).is_some(), "score.{field}");
    }
    let result = &report["results"][0];
    for field in [
        "check",
        "area",
        "severity",
        "status",
        "account_id",
        "region",
        "resource",
        "message",
        "evidence",
        "witness",
        "assumptions",
        "remediation",
        "exception",
        "since_baseline",
    ] {
        assert!(result.get(field).is_some(), "results[].{field}");
    }
    assert!(report["accounts"].as_array().unwrap().len() >= 4);
    let order: Vec<String> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| format!("{}\u{0}{}\u{0}{}", r["account_id"], r["region"].as_str().unwrap_or(""), r["check"]))
        .collect();
    assert!(order.is_sorted(), "results are sorted by account, region and check");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let shell = format!("{} audit --snapshot {} | head -n 1", emulated::PROGRAM, example());
    let output = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {shell}; exit ${{PIPESTATUS[0]}}")])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("roken pipe"), "{}", text(&output.stderr));
}

#[test]
fn a_truncated_or_newer_snapshot_is_refused_with_line_and_version() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(&["snapshot", "show", &example()]);
    assert!(shown.status.success());
    let lines = text(&shown.stdout);
    let whole = folder.path().join("whole.jsonl");
    let trailer = format!("{{\"accounts\":{}}}\n", lines.lines().count() - 1);
    std::fs::write(&whole, format!("{lines}{trailer}")).unwrap();
    let plain = run(&["audit", "--snapshot", whole.to_str().unwrap()]);
    assert_eq!(plain.status.code(), Some(1), "an uncompressed snapshot is one too: {}", text(&plain.stderr));

    let cut = folder.path().join("cut.jsonl");
    std::fs::write(&cut, &lines).unwrap();
    let truncated = run(&["audit", "--snapshot", cut.to_str().unwrap()]);
    assert_eq!(truncated.status.code(), Some(2));
    let message = text(&truncated.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        message.contains("truncated after line") && message.contains("exfilguard.snapshot/1"),
        "{message}"
    );

    let bytes = std::fs::read(repository("examples/organization.jsonl.gz")).unwrap();
    let half = folder.path().join("half.gz");
    std::fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(run(&["audit", "--snapshot", half.to_str().unwrap()]).status.code(), Some(2));

    let newer = folder.path().join("newer.jsonl");
    std::fs::write(&newer, lines.replacen("exfilguard.snapshot/1", "exfilguard.snapshot/9", 1)).unwrap();
    let refused = run(&["audit", "--snapshot", newer.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("exfilguard.snapshot/9"), "{}", text(&refused.stderr));

    let missing = run(&["audit", "--snapshot", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn a_policy_file_with_a_mistake_names_file_line_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("exfilguard.yaml");
    std::fs::write(
        &policy,
        "version: 1\nchecks:\n  bucket-requires-tsl: { enabled: false }\ngates: { fail_on: hihg }\n",
    )
    .unwrap();
    let output = run(&["audit", "--snapshot", &example(), "--policy", policy.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    for part in ["exfilguard.yaml", "bucket-requires-tls", "critical", ":3:", ":4:"] {
        assert!(message.contains(part), "`{part}` is missing:\n{message}");
    }
    assert!(output.stdout.is_empty(), "nothing is audited");
}

#[test]
fn the_policy_file_switches_checks_off_and_moves_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("exfilguard.yaml");
    std::fs::write(
        &policy,
        "version: 1\nchecks:\n  bucket-requires-tls: { enabled: false }\ngates: { fail_on: none }\n",
    )
    .unwrap();
    let output =
        run(&["audit", "--snapshot", &example(), "--policy", policy.to_str().unwrap(), "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("bucket-requires-tls"));
    let strict =
        run(&["audit", "--snapshot", &example(), "--policy", policy.to_str().unwrap(), "--fail-on", "low"]);
    assert_eq!(strict.status.code(), Some(1), "the command line wins");
}

#[test]
fn unknown_checks_are_refused_with_the_nearest_name() {
    let output = run(&["audit", "--snapshot", &example(), "--only", "bucket-not-pubic"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("bucket-not-public"), "{}", text(&output.stderr));
    let explained = run(&["checks", "explain", "bucket-not-pubic"]);
    assert_eq!(explained.status.code(), Some(2));
    assert!(
        text(&explained.stderr).contains("did you mean `bucket-not-public`"),
        "{}",
        text(&explained.stderr)
    );
}

#[test]
fn checks_are_listed_explained_and_tested() {
    let listed: Value = serde_json::from_slice(&run(&["checks", "list", "--output", "json"]).stdout).unwrap();
    let listed = listed.as_array().unwrap();
    let modules = modules(&repository("checks"));
    assert_eq!(listed.len(), modules);
    for check in listed {
        for field in ["id", "area", "resource", "severity", "title", "status", "remediation"] {
            assert!(check.get(field).is_some(), "{field} of {}", check["id"]);
        }
        let id = check["id"].as_str().unwrap();
        let explained = run(&["checks", "explain", id]);
        assert!(explained.status.success());
        assert!(text(&explained.stdout).contains("package exfilguard."), "{id}");
    }
    let reads = listed.iter().find(|check| check["id"] == "object-reads-logged").unwrap();
    let controls = reads["frameworks"].as_array().unwrap();
    assert!(controls.contains(&serde_json::json!({"framework": "cis-aws-3.0.0", "control": "3.9"})));
    let tested = run(&["checks", "test"]);
    assert!(tested.status.success(), "{}", text(&tested.stdout));
    assert_eq!(text(&tested.stdout).matches("ok   ").count(), modules);
}

#[test]
fn the_checks_of_one_framework_are_listed() {
    let of = |name: &str| run(&["checks", "list", "--output", "json", "--framework", name]);
    let listed: Value = serde_json::from_slice(&of("cis-aws-3.0.0").stdout).unwrap();
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"object-reads-logged") && !ids.contains(&"guardduty-enabled"), "{ids:?}");
    let unknown = of("cis");
    assert_eq!(unknown.status.code(), Some(2));
    let said = text(&unknown.stderr);
    assert!(said.contains("there is no framework `cis`") && said.contains("cis-aws-3.0.0"), "{said}");
}

/// The number of check modules below a folder, tests not counted.
fn modules(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                modules(&path)
            } else {
                usize::from(name.ends_with(".rego") && !name.ends_with("_test.rego"))
            }
        })
        .sum()
}

#[test]
fn a_users_check_runs_beside_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let area = folder.path().join("buckets");
    std::fs::create_dir(&area).unwrap();
    let module = "# METADATA\n# title: Bucket names begin with a team\n# description: House rule.\n# custom:\n\
                  #   id: bucket-named-by-team\n#   area: buckets\n#   resource: bucket\n#   severity: info\n\
                  #   since: \"1.0.0\"\n#   status: stable\npackage custom.buckets.bucket_named_by_team\n\n\
                  import rego.v1\n\npass if startswith(input.name, \"team-\")\n\n\
                  message := sprintf(\"bucket `%s` names no team\", [input.name])\n";
    std::fs::write(area.join("bucket_named_by_team.rego"), module).unwrap();
    let checks = folder.path().to_str().unwrap();
    let output = run(&["audit", "--snapshot", &example(), "--checks", checks, "--output", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("names no team"));
    // Without a test module the check is not good.
    assert_eq!(run(&["checks", "test", checks]).status.code(), Some(1));

    std::fs::write(area.join("bucket_named_by_team.rego"), module.replace("input.name,", "input.nmae,"))
        .unwrap();
    let refused = run(&["audit", "--snapshot", &example(), "--checks", checks]);
    assert_eq!(refused.status.code(), Some(2));
    let message = text(&refused.stderr);
    assert!(
        message.contains("bucket_named_by_team.rego:15:") && message.contains("did you mean `name`"),
        "{message}"
    );
}

#[test]
fn eval_answers_line_by_line_and_stops_at_what_is_no_json() {
    let mut program = program()
        .args(["eval", "event-pattern"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"id\": 1, \"pattern\": {\"source\": [\"aws.s3\"]}, \"event\": {\"source\": \"aws.s3\"}}\nnonsense\n";
    program.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let answer: Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!((&answer["id"], &answer["result"]), (&1.into(), &"yes".into()));
    assert!(text(&output.stderr).contains("line 2"), "{}", text(&output.stderr));
}

#[test]
fn help_has_examples_and_wrong_usage_ends_with_2() {
    for command in [&["--help"][..], &["audit", "--help"], &["eval", "--help"]] {
        let help = run(command);
        assert!(help.status.success());
        assert!(text(&help.stdout).contains("xample"), "{command:?}");
    }
    assert_eq!(run(&["audit", "--no-such-flag"]).status.code(), Some(2));
    assert_eq!(run(&["audit", "--accounts", "12"]).status.code(), Some(2));
    assert_eq!(run(&["audit", "--snapshot", "x", "--role", "y"]).status.code(), Some(2));
    assert_eq!(run(&["audit", "--output", "json", "--output", "junit"]).status.code(), Some(2));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().to_str().unwrap();
    assert_eq!(run(&["man", pages]).status.code(), Some(0));
    for (page, part) in [
        ("exfilguard.1", "SUBCOMMANDS"),
        ("exfilguard-audit.1", "snapshot"),
        ("exfilguard-checks-explain.1", "mend"),
    ] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".TH") && text.contains(part), "{page}: {text}");
    }
    // Every command, those within commands too: an example each, and the command in each shell's completions.
    let mut named = std::collections::BTreeSet::new();
    for page in std::fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap().path();
        let name = page.file_stem().unwrap().to_string_lossy().into_owned();
        let page = std::fs::read_to_string(&page).unwrap();
        let examples = page.split(".SH EXAMPLES\n").nth(1).unwrap_or_else(|| panic!("{name} has no example"));
        assert!(examples.contains("exfilguard"), "{name}: {examples}");
        named.extend(name.split('-').skip(1).map(str::to_owned));
    }
    assert!(named.len() > 20, "{named:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&run(&["completions", shell]).stdout);
        let missing: Vec<&String> = named.iter().filter(|name| !script.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{shell} completes no {missing:?}");
    }
    let nowhere = run(&["man", "no/such/folder"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("is no folder"));
}
