//! Checks of one's own: begun, tested, run, and refused with file and line where they are wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use emulated::{program, repository};
use serde_json::Value;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program().current_dir(folder).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn errors(output: &Output) -> String {
    // A message may be broken into lines anywhere between words.
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A folder with a new check of the template, and the module's path.
fn begun() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let written = run(folder.path(), &["checks", "new", "house-rule"]);
    assert_eq!(written.status.code(), Some(0), "{}", errors(&written));
    let module = folder.path().join("my-checks/buckets/house_rule.rego");
    (folder, module)
}

/// Changes the module; gives its new text.
fn change(module: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(module).unwrap();
    assert!(text.contains(from), "{text}");
    let text = text.replace(from, to);
    std::fs::write(module, &text).unwrap();
    text
}

fn audit(folder: &Path) -> Output {
    let snapshot = repository("examples/organization.jsonl.gz");
    run(
        folder,
        &[
            "audit",
            "--snapshot",
            snapshot.to_str().unwrap(),
            "--checks",
            "my-checks",
            "--output",
            "json",
            "--only",
            "house-rule",
        ],
    )
}

fn results(output: &Output) -> Vec<Value> {
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", errors(output)));
    report["results"].as_array().unwrap().clone()
}

#[test]
fn a_new_check_is_well_tested_and_judges_at_once() {
    let (folder, _) = begun();
    let tested = run(folder.path(), &["checks", "test", "my-checks"]);
    assert_eq!(tested.status.code(), Some(0), "{}", out(&tested));
    assert!(out(&tested).contains("3 tests, 3 cases, coverage 100 %, 1 conditions"), "{}", out(&tested));
    let judged = results(&audit(folder.path()));
    assert!(judged.len() > 3 && judged.iter().all(|result| result["check"] == "house-rule"));
    let explained = run(folder.path(), &["checks", "explain", "house-rule", "--checks", "my-checks"]);
    assert!(out(&explained).contains("preview since 0.1.0"), "{}", out(&explained));
    let listed = run(folder.path(), &["checks", "list", "--area", "buckets", "--checks", "my-checks"]);
    assert!(out(&listed).contains("house-rule"));
}

#[test]
fn nothing_is_overwritten_and_no_built_in_id_is_taken() {
    let (folder, module) = begun();
    let before = change(&module, "severity: medium", "severity: low");
    let again = run(folder.path(), &["checks", "new", "house-rule"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(errors(&again).contains("exists; nothing was written"), "{}", errors(&again));
    assert_eq!(std::fs::read_to_string(&module).unwrap(), before);
    let taken = run(folder.path(), &["checks", "new", "object-reads-logged"]);
    assert_eq!(taken.status.code(), Some(2));
    assert!(errors(&taken).contains("`object-reads-logged` is the id of a built-in check"));
    let crooked = run(folder.path(), &["checks", "new", "../Rule"]);
    assert_eq!(crooked.status.code(), Some(2));
    assert!(errors(&crooked).contains("kebab-case"));
}

#[test]
fn a_syntax_error_is_named_with_file_line_and_column() {
    let (folder, module) = begun();
    let text = change(&module, "pass if input", "pass if if input");
    let line = text.lines().position(|line| line.starts_with("pass if if")).unwrap() + 1;
    let refused = audit(folder.path());
    assert_eq!(refused.status.code(), Some(2));
    let wanted = format!("house_rule.rego:{line}:");
    assert!(errors(&refused).contains(&wanted), "{wanted}: {}", errors(&refused));
    assert!(errors(&refused).contains("no valid Rego"));
    assert!(out(&refused).is_empty(), "nothing was audited");
}

#[test]
fn a_loop_that_does_not_end_is_an_error_on_each_resource() {
    let (folder, module) = begun();
    let text = std::fs::read_to_string(&module).unwrap();
    let fact = text.lines().find_map(|line| line.strip_prefix("pass if ")).unwrap().to_owned();
    change(
        &module,
        &format!("pass if {fact}"),
        &format!(
            "digits := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n\npass if {{\n\t{fact}\n\tcount([1 | {}a + b == -1]) > 0\n}}",
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
                .map(|name| format!("some {name} in digits; "))
                .concat()
        ),
    );
    let begin = Instant::now();
    let audited = audit(folder.path());
    let judged = results(&audited);
    let broken: Vec<&Value> = judged.iter().filter(|result| result["status"] == "error").collect();
    assert!(!broken.is_empty(), "{judged:?}");
    assert!(broken.iter().all(|result| !result["message"].as_str().unwrap().is_empty()));
    // Each evaluation has half a second at most; this is no measure of speed, but of an end.
    assert!(begin.elapsed() < Duration::from_secs(120));
    assert_eq!(audited.status.code(), Some(3), "a broken check is no verdict: {}", errors(&audited));
}

#[test]
fn an_id_of_a_built_in_check_is_refused() {
    let (folder, module) = begun();
    change(&module, "id: house-rule", "id: bucket-not-public");
    let text = change(&module, "custom.buckets.house_rule", "custom.buckets.bucket_not_public");
    std::fs::write(module.with_file_name("bucket_not_public.rego"), text).unwrap();
    std::fs::remove_file(&module).unwrap();
    let refused = audit(folder.path());
    assert_eq!(refused.status.code(), Some(2));
    let errors = errors(&refused);
    assert!(errors.contains("the id `bucket-not-public` is taken"), "{errors}");
    assert!(errors.contains("switched off in exfilguard.yaml"), "{errors}");
}

#[test]
fn a_message_that_is_no_text_is_an_error() {
    let (folder, module) = begun();
    let text = std::fs::read_to_string(&module).unwrap();
    let fact = text.lines().find_map(|line| line.strip_prefix("pass if ")).unwrap().to_owned();
    change(
        &module,
        &format!("pass if {fact}"),
        &format!("pass if {{\n\t{fact}\n\tinput.name == \"nobody\"\n}}"),
    );
    let message = text.lines().find(|line| line.starts_with("message := ")).unwrap();
    change(&module, message, "message := 7");
    let judged = results(&audit(folder.path()));
    let broken: Vec<&Value> = judged.iter().filter(|result| result["status"] == "error").collect();
    assert!(!broken.is_empty(), "{judged:?}");
    assert!(broken[0]["message"].as_str().unwrap().contains("message"), "{}", broken[0]["message"]);
    assert!(!judged.iter().any(|result| result["status"] == "pass"));
}

#[test]
fn a_field_that_no_fact_has_is_refused_with_the_nearest_name() {
    let (folder, module) = begun();
    let text = change(&module, "[input.name,", "[input.nmae,");
    let line = text.lines().position(|line| line.contains("input.nmae")).unwrap() + 1;
    let refused = audit(folder.path());
    assert_eq!(refused.status.code(), Some(2));
    let errors = errors(&refused);
    assert!(
        errors.contains(&format!("house_rule.rego:{line}:")) && errors.contains("did you mean `name`"),
        "{errors}"
    );
}

#[test]
fn a_case_of_the_fixture_that_comes_out_otherwise_fails_the_test() {
    let (folder, module) = begun();
    let fixture = module.with_file_name("house_rule_fixture.json");
    change(&fixture, "\"status\": \"unknown\"", "\"status\": \"pass\"");
    let tested = run(folder.path(), &["checks", "test", "my-checks"]);
    assert_eq!(tested.status.code(), Some(1));
    let text = out(&tested);
    assert!(
        text.contains("case `what could not be read is unknown`: expected pass, came out unknown"),
        "{text}"
    );
    std::fs::write(&fixture, "{").unwrap();
    assert_eq!(run(folder.path(), &["checks", "test", "my-checks"]).status.code(), Some(1));
}

#[test]
fn lines_that_no_test_reaches_fail_and_conditions_that_none_misses_are_noted() {
    let (folder, module) = begun();
    let text = std::fs::read_to_string(&module).unwrap();
    let line = text.lines().find(|line| line.starts_with("pass if ")).unwrap();
    change(
        &module,
        line,
        &format!("{line}\n\npass if {{\n\tinput.name == \"never\"\n\tinput.name != \"ever\"\n}}"),
    );
    let tested = run(folder.path(), &["checks", "test", "my-checks"]);
    assert_eq!(tested.status.code(), Some(1), "{}", out(&tested));
    assert!(out(&tested).contains("no test reaches line"), "{}", out(&tested));

    let (folder, module) = begun();
    change(
        &module,
        line,
        &format!("{}\n", line.replace("pass if ", "pass if {\n\tis_string(input.name)\n\t") + "\n}"),
    );
    let tested = run(folder.path(), &["checks", "test", "my-checks"]);
    assert_eq!(tested.status.code(), Some(0), "{}", out(&tested));
    assert!(out(&tested).contains("note: no test fails if `is_string(input.name)`"), "{}", out(&tested));
}

/// The blocks of a language in docs/writing-checks.md.
fn blocks(language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(repository("docs/writing-checks.md")).unwrap();
    let parts = page.split("```").skip(1).step_by(2).map(str::to_owned);
    parts.filter_map(|block| block.strip_prefix(&format!("{language}\n")).map(str::to_owned)).collect()
}

#[test]
fn the_page_for_new_users_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let shell: Vec<String> = blocks("sh").iter().map(|line| line.trim().to_owned()).collect();
    assert_eq!(shell.len(), 4, "{shell:?}");
    let begin: Vec<&str> = shell[0].split_whitespace().skip(1).collect();
    assert_eq!(run(folder.path(), &begin).status.code(), Some(0));
    let facts: Vec<&str> = shell[1].split_whitespace().skip(1).collect();
    assert!(out(&run(folder.path(), &facts)).contains("\"sensitive\""));
    let write = |ending: &str, text: &str| {
        let path = folder.path().join(format!("my-checks/buckets/sensitive_bucket_in_europe{ending}"));
        assert!(path.exists(), "{}", path.display());
        std::fs::write(path, text).unwrap();
    };
    let rego = blocks("rego");
    write(".rego", &rego[0]);
    write("_test.rego", &rego[1]);
    write("_fixture.json", &blocks("json")[0]);
    let test: Vec<&str> = shell[2].split_whitespace().skip(1).collect();
    let tested = run(folder.path(), &test);
    assert_eq!(out(&tested).trim(), blocks("text")[0].trim());
    assert_eq!(tested.status.code(), Some(0));
    std::fs::write(folder.path().join("exfilguard.yaml"), format!("version: 1\n{}", blocks("yaml")[0]))
        .unwrap();
    let example = repository("examples/organization.jsonl.gz");
    let audit = shell[3].replace("examples/organization.jsonl.gz", example.to_str().unwrap());
    let mut audit: Vec<&str> = audit.split_whitespace().skip(1).collect();
    audit.extend(["--output", "json"]);
    let judged = results(&run(folder.path(), &audit));
    assert!(judged.iter().all(|result| result["severity"] == "critical"), "{judged:?}");
    assert!(!judged.is_empty());
}
