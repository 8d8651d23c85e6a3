//! `docs/checks/` and the table in `checks/README.md` say what METADATA, the facts and the framework files say.
//!
//! `EXFILGUARD_UPDATE=1 cargo test --test docs_checks` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use exfilguard::catalogue::{Area, ResourceKind};
use exfilguard::collect::permission;
use exfilguard::engine::{Check, Checks, Frameworks, Schemas, builtin};
use exfilguard::facts;
use serde_json::Value;

/// Ids in the order of the contract's table, by area.
const ORDER: [&str; 46] = [
    "object-reads-logged",
    "object-writes-logged",
    "foreign-bucket-activity-logged",
    "trail-is-delivering",
    "every-region-logged",
    "account-covered-by-organization-trail",
    "management-events-logged",
    "trail-log-validation",
    "trail-encrypted",
    "trail-log-bucket-protected",
    "data-events-can-alert",
    "guardduty-enabled",
    "guardduty-s3-protection",
    "guardduty-auto-enables-s3",
    "guardduty-administrator-set",
    "guardduty-findings-not-suppressed",
    "guardduty-trusted-lists-narrow",
    "guardduty-publishes-promptly",
    "guardduty-member-healthy",
    "bulk-download-alarm",
    "alarm-can-act",
    "alarm-reaches-someone",
    "log-tampering-alarm",
    "bucket-policy-change-alarm",
    "guardduty-s3-findings-routed",
    "event-rule-targets-reachable",
    "tampering-alerted",
    "event-rule-keeps-severities",
    "event-rule-not-dead",
    "endpoint-restricts-buckets",
    "endpoint-restricts-principals",
    "vpc-has-s3-endpoint",
    "bucket-blocks-public-access",
    "bucket-not-public",
    "bucket-not-shared-outside",
    "bucket-identity-perimeter",
    "bucket-restricts-network",
    "bucket-control-plane-perimeter",
    "bucket-requires-tls",
    "bucket-policy-not-broken",
    "bucket-acls-disabled",
    "bucket-exports-stay-inside",
    "access-point-not-shared-outside",
    "bucket-versioned-and-locked",
    "bucket-key-denies-outside",
    "macie-enabled",
];

/// The check that follows [`ORDER`]: the last of the table.
const LAST: &str = "sensitive-bucket-classified";

const GENERATED: &str =
    "<!-- Generated: `EXFILGUARD_UPDATE=1 cargo test --test docs_checks` writes it anew. -->\n";

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn checks() -> Checks {
    Checks::load(&builtin(), &Schemas(facts::schemas())).unwrap()
}

/// All checks in the order of the contract.
fn in_order(checks: &Checks) -> Vec<&Check> {
    let known: Vec<&str> = ORDER.iter().copied().chain([LAST]).collect();
    for check in checks.all() {
        let id = check.metadata().id.as_str();
        assert!(known.contains(&id), "`{id}` has no place in ORDER of tests/docs_checks.rs");
    }
    known.iter().map(|id| checks.get(id).unwrap_or_else(|| panic!("there is no check `{id}`"))).collect()
}

/// Text of a table cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The rules of this name, as they stand in the module.
fn rules(check: &Check, name: &str) -> String {
    let mut found = String::new();
    let mut inside = false;
    for line in check.text().lines() {
        let begins = line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ':']));
        if begins {
            if !found.is_empty() {
                found.push('\n');
            }
            inside = true;
        } else if inside && !line.starts_with(['\t', '}', ' ']) {
            inside = false;
        }
        if inside {
            found.push_str(line);
            found.push('\n');
        }
    }
    found
}

/// What the doc comment in the schema says of a path below `input`.
fn described<'a>(schema: &'a Value, path: &str) -> Option<&'a str> {
    let resolve = |node: &'a Value| match node["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
        Some(pointer) => schema.pointer(pointer).unwrap_or(node),
        None => node,
    };
    let mut node = schema;
    for step in path.split('.') {
        let (name, lists) = (step.trim_end_matches("[_]"), step.matches("[_]").count());
        node = resolve(node).get("properties")?.get(name)?;
        for _ in 0..lists {
            node = resolve(node).get("items")?;
        }
    }
    node["description"].as_str().or_else(|| resolve(node)["description"].as_str())
}

/// The paths of `input.…` that the module's text names, without a fact's `holds` and `reason`.
fn named(check: &Check) -> Vec<String> {
    let code = check.text().split_once("\npackage ").map_or("", |(_, code)| code);
    let mut all = Vec::new();
    for rest in code.split("input.").skip(1) {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let path = &rest[..end.unwrap_or(rest.len())];
        let path = path.trim_end_matches('.');
        let path = path.strip_suffix(".holds").or(path.strip_suffix(".reason")).unwrap_or(path);
        all.push(path.to_owned());
    }
    all
}

fn inputs(check: &Check, schema: &Value) -> String {
    let mut paths = check.facts();
    paths.extend(named(check));
    paths.sort();
    paths.dedup();
    let mut text = "| It reads | which says |\n|---|---|\n".to_owned();
    for path in paths {
        let says = described(schema, &path).unwrap_or_else(|| panic!("{}: {path}", check.metadata().id));
        writeln!(text, "| `input.{path}` | {} |", cell(says)).unwrap();
    }
    text
}

fn page(check: &Check, schema: &Value, frameworks: &Frameworks) -> String {
    let metadata = check.metadata();
    let mut text = format!("{GENERATED}\n# `{}`\n\n{}.\n\n", metadata.id, metadata.title);
    writeln!(text, "| | |\n|---|---|").unwrap();
    writeln!(text, "| Severity | {} |", metadata.severity).unwrap();
    writeln!(text, "| Area | {} |", metadata.area).unwrap();
    writeln!(text, "| Judges | each {} |", metadata.resource).unwrap();
    let status = serde_json::to_value(metadata.status).unwrap();
    writeln!(text, "| Since | {}, {} |", metadata.since, status.as_str().unwrap()).unwrap();
    let mended = match &metadata.remediation {
        Some(kind) => format!("`{kind}` of `exfilguard remediate`"),
        None => "by hand".to_owned(),
    };
    writeln!(text, "| Mended | {mended} |").unwrap();
    if !metadata.aliases.is_empty() {
        writeln!(text, "| Once called | {} |", metadata.aliases.join(", ")).unwrap();
    }
    writeln!(text, "\n## Why\n\n{}\n\n## How it is judged\n", metadata.description).unwrap();
    let applies = rules(check, "applies");
    if applies.is_empty() {
        writeln!(text, "Every {} is judged. It passes when this holds:\n", metadata.resource).unwrap();
    } else {
        text.push_str(
            "Where `applies` does not hold, the result is `not-applicable`; it passes when `pass` holds:\n\n",
        );
    }
    let pass = rules(check, "pass");
    assert!(!pass.is_empty(), "{}: no rule `pass` was found", metadata.id);
    let gap = if applies.is_empty() { "" } else { "\n" };
    writeln!(text, "```rego\n{applies}{gap}{pass}```\n\n[The whole module](../../{})\n", check.path())
        .unwrap();
    text.push_str(&inputs(check, schema));
    if let Some(reason) = &metadata.empty_passes {
        writeln!(text, "\nA resource without any entry passes: {}", cell(reason)).unwrap();
    }
    if !metadata.parameters.is_empty() {
        text.push_str("\n## Parameters\n\n| Name | Default | What it is for |\n|---|---|---|\n");
        for (name, parameter) in &metadata.parameters {
            let default = parameter.default.as_str().map_or(parameter.default.to_string(), str::to_owned);
            writeln!(text, "| `{name}` | `{default}` | {} |", cell(&parameter.description)).unwrap();
        }
    }
    if let Some(mend) = &metadata.mend {
        writeln!(text, "\n## How to mend it by hand\n\n{mend}").unwrap();
    }
    if !metadata.calls.is_empty() {
        text.push_str("\n## Permissions that it needs\n\n");
        let actions: BTreeSet<&str> = metadata.calls.iter().map(|call| permission::action(call)).collect();
        let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
        writeln!(
            text,
            "{}; besides them [those that every audit needs](../../README.md).",
            actions.join(", ")
        )
        .unwrap();
    }
    let controls = frameworks.of_check(&metadata.id);
    if !controls.is_empty() {
        text.push_str("\n## Controls that it speaks to\n\n| Framework | Control |\n|---|---|\n");
        for found in controls {
            let framework = frameworks.get(&found.framework).unwrap();
            let control = framework.controls.iter().find(|control| control.id == found.control).unwrap();
            writeln!(text, "| {} | {} {} |", framework.title, control.id, cell(&control.title)).unwrap();
        }
    }
    if !metadata.related_resources.is_empty() {
        text.push_str("\n## Read on\n\n");
        for related in &metadata.related_resources {
            match &related.description {
                Some(description) => {
                    writeln!(text, "- [{}]({})", cell(description), related.r#ref).unwrap();
                }
                None => writeln!(text, "- <{}>", related.r#ref).unwrap(),
            }
        }
    }
    text
}

fn index(checks: &Checks, frameworks: &Frameworks) -> String {
    let mut text = format!(
        "{GENERATED}\n# The checks\n\nWhat each check asks, why, and how it is judged. How checks are written stands in \
         [checks/README.md](../../checks/README.md).\n\n## By area\n"
    );
    for area in Area::ALL {
        writeln!(
            text,
            "\n### {area}\n\n| Check | Judges each | Severity | The good state |\n|---|---|---|---|"
        )
        .unwrap();
        for check in in_order(checks) {
            let metadata = check.metadata();
            if metadata.area == area {
                let id = &metadata.id;
                let (kind, severity, title) = (metadata.resource, metadata.severity, cell(&metadata.title));
                writeln!(text, "| [`{id}`]({id}.md) | {kind} | {severity} | {title} |").unwrap();
            }
        }
    }
    text.push_str(
        "\n## By framework\n\nA check that passes does not mean that the control is met: most controls ask for more than \
         this program looks at. `exfilguard checks list --framework NAME` lists the checks of one.\n",
    );
    for framework in frameworks.all() {
        writeln!(
            text,
            "\n### {}\n\n`{}`, published at <{}>.\n",
            framework.title, framework.name, framework.source
        )
        .unwrap();
        text.push_str("| Control | Title | Checks |\n|---|---|---|\n");
        for control in &framework.controls {
            let named: Vec<String> = control.checks.iter().map(|id| format!("[`{id}`]({id}.md)")).collect();
            writeln!(text, "| {} | {} | {} |", control.id, cell(&control.title), named.join(", ")).unwrap();
        }
    }
    text
}

/// `checks/README.md` with its table as METADATA has it.
fn readme(checks: &Checks, present: &str) -> String {
    let head = "| Resource | Check | Severity | The good state |\n|---|---|---|---|\n";
    let (before, rest) = present.split_once(head).unwrap();
    let after = rest.find("\n\n").map_or("", |end| &rest[end + 1..]);
    let mut table = String::new();
    for check in in_order(checks) {
        let metadata = check.metadata();
        let (kind, id, severity) = (metadata.resource, &metadata.id, metadata.severity);
        writeln!(table, "| {kind} | `{id}` | {severity} | {} |", cell(&metadata.title)).unwrap();
    }
    format!("{before}{head}{table}{after}")
}

/// Every generated file with its text.
fn generated() -> BTreeMap<PathBuf, String> {
    let (checks, frameworks) = (checks(), Frameworks::builtin().unwrap());
    let schemas: BTreeMap<ResourceKind, Value> = facts::schemas();
    let mut files = BTreeMap::new();
    for check in checks.all() {
        let text = page(check, &schemas[&check.metadata().resource], &frameworks);
        files.insert(repository("docs/checks").join(format!("{}.md", check.metadata().id)), text);
    }
    files.insert(repository("docs/checks/README.md"), index(&checks, &frameworks));
    let path = repository("checks/README.md");
    let present = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    files.insert(path, readme(&checks, &present));
    files
}

#[test]
fn the_documents_of_the_checks_are_up_to_date() {
    let files = generated();
    let folder = repository("docs/checks");
    let present: Vec<PathBuf> = fs::read_dir(&folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    let gone: Vec<&PathBuf> = present.iter().filter(|path| !files.contains_key(*path)).collect();
    if std::env::var_os("EXFILGUARD_UPDATE").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for path in gone {
            fs::remove_file(path).unwrap();
        }
        for (path, text) in &files {
            fs::write(path, text).unwrap();
        }
        return;
    }
    let mut stale: Vec<String> =
        gone.iter().map(|path| format!("{} is of no check", path.display())).collect();
    for (path, text) in &files {
        let found = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
        if let Some(line) = first_difference(&found, text) {
            stale.push(format!("{}: {line}", path.display()));
        }
    }
    assert!(
        stale.is_empty(),
        "stale, run `EXFILGUARD_UPDATE=1 cargo test --test docs_checks`:\n{}",
        stale.join("\n")
    );
}

/// The first line in which two texts differ.
fn first_difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let (mut found, mut wanted) = (found.lines(), wanted.lines());
    let mut number = 1;
    loop {
        match (found.next(), wanted.next()) {
            (None, None) => return Some("only the last line break differs".to_owned()),
            (a, b) if a == b => number += 1,
            (a, b) => {
                return Some(format!("line {number} is `{}`, not `{}`", a.unwrap_or(""), b.unwrap_or("")));
            }
        }
    }
}

#[test]
fn related_resources_are_addresses_of_aws_or_of_standards() {
    let hosts = ["docs.aws.amazon.com", "aws.amazon.com", "www.rfc-editor.org", "datatracker.ietf.org"];
    for check in checks().all() {
        let metadata = check.metadata();
        assert!(!metadata.related_resources.is_empty(), "{} has nothing to read on", metadata.id);
        for related in &metadata.related_resources {
            let address = &related.r#ref;
            let rest =
                address.strip_prefix("https://").unwrap_or_else(|| panic!("{}: {address}", metadata.id));
            let host = rest.split('/').next().unwrap_or_default();
            assert!(hosts.contains(&host), "{}: {address}", metadata.id);
            assert!(rest.len() > host.len() + 1, "{}: {address} names no page", metadata.id);
            let odd = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c);
            assert!(!address.contains(odd), "{}: {address}", metadata.id);
        }
    }
}

#[test]
fn a_stale_line_is_named() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(first_difference("a\nb\n", "a\nc\n").unwrap(), "line 2 is `b`, not `c`");
    assert_eq!(first_difference("a\n", "a\nb\n").unwrap(), "line 2 is ``, not `b`");
}
