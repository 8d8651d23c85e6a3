//! `exfilguard checks explain`.

use std::fmt::Write as _;

use miette::{IntoDiagnostic as _, miette};
use serde_json::{Value, json};

use super::super::Failure;
use super::super::arguments::ListFormat;
use super::super::console::terminal_width;
use crate::collect::permission;
use crate::engine::{Check, Checks, Frameworks, Metadata};
use crate::facts;

/// Everything about one check, for a person or as JSON.
pub fn explain(checks: &Checks, id: &str, output: ListFormat) -> Result<String, Failure> {
    let check = find(checks, id)?;
    let frameworks = Frameworks::builtin().map_err(Failure::usage)?;
    match output {
        ListFormat::Terminal => Ok(for_people(check, &frameworks)),
        ListFormat::Json => serde_json::to_string_pretty(&as_json(check, &frameworks))
            .into_diagnostic()
            .map_err(Failure::usage),
    }
}

fn find<'a>(checks: &'a Checks, id: &str) -> Result<&'a Check, Failure> {
    if let Some(check) = checks.all().find(|check| check.metadata().names(id)) {
        return Ok(check);
    }
    let nearest = checks
        .all()
        .map(|check| (strsim::jaro_winkler(&check.metadata().id, id), &check.metadata().id))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match nearest {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => "`exfilguard checks list` shows the ids".to_owned(),
    };
    Err(Failure::usage(miette!(help = help, "there is no check `{id}`")))
}

fn for_people(check: &Check, frameworks: &Frameworks) -> String {
    let metadata = check.metadata();
    let mut text = format!(
        "{}\n{}\n\narea {}, judges each {}, severity {}, {} since {}\n\nWHY\n{}\n",
        metadata.id,
        metadata.title,
        metadata.area,
        metadata.resource,
        metadata.severity,
        metadata.status,
        metadata.since,
        wrapped(&metadata.description, "  ")
    );
    judged(check, &mut text);
    mended(metadata, &mut text);
    if !metadata.calls.is_empty() {
        text.push_str(
            "\nPERMISSIONS (besides those that every audit needs: `exfilguard iam-policy audit`)\n",
        );
        for action in permissions(metadata) {
            let _infallible = writeln!(text, "  {action}");
        }
    }
    let controls = frameworks.of_check(&metadata.id);
    if !controls.is_empty() {
        text.push_str("\nFRAMEWORKS\n");
        for control in controls {
            let _infallible = writeln!(text, "  {}: {}", control.framework, control.control);
        }
    }
    if !metadata.related_resources.is_empty() {
        text.push_str("\nREAD ON\n");
        for related in &metadata.related_resources {
            let _infallible = writeln!(text, "  {}", related.r#ref);
        }
    }
    let code = check.text().split_once("\npackage ").map_or("", |(_, code)| code);
    let _infallible = write!(text, "\nTHE POLICY CODE ({})\n\npackage {code}", check.path());
    text
}

/// What the check reads, what may be set, and what an empty list means.
fn judged(check: &Check, text: &mut String) {
    text.push_str("\nHOW IT IS JUDGED\n");
    for (fact, description) in facts_read(check) {
        let _infallible = writeln!(text, "{}", wrapped(&format!("{fact}: {description}"), "  "));
    }
    let metadata = check.metadata();
    for (name, parameter) in &metadata.parameters {
        let default = parameter.default.as_str().map_or_else(|| parameter.default.to_string(), str::to_owned);
        let _infallible = writeln!(text, "  parameter {name} (default {default}): {}", parameter.description);
    }
    if let Some(reason) = &metadata.empty_passes {
        let _infallible = writeln!(text, "  A resource without any entry passes: {}", reason.trim());
    }
}

fn mended(metadata: &Metadata, text: &mut String) {
    if metadata.mend.is_none() && metadata.remediation.is_none() {
        return;
    }
    text.push_str("\nHOW TO MEND IT\n");
    if let Some(mend) = &metadata.mend {
        let _infallible = writeln!(text, "{}", indented(mend));
    }
    if let Some(kind) = &metadata.remediation {
        let _infallible = writeln!(text, "  `exfilguard remediate plan` proposes it as `{kind}`.");
    }
}

/// A text broken into lines as wide as the terminal.
fn wrapped(text: &str, indent: &str) -> String {
    let next = format!("{indent}  ");
    let next = if indent.is_empty() || text.contains('\n') { indent } else { &next };
    let options =
        textwrap::Options::new(terminal_width().min(100)).initial_indent(indent).subsequent_indent(next);
    textwrap::fill(text, options)
}

fn indented(text: &str) -> String {
    let indent = |line: &str| if line.is_empty() { String::new() } else { format!("  {line}") };
    text.lines().map(indent).collect::<Vec<_>>().join("\n")
}

/// The facts that a check reads, with what the published schema says about them.
fn facts_read(check: &Check) -> Vec<(String, String)> {
    let schemas = facts::schemas();
    let Some(schema) = schemas.get(&check.metadata().resource) else { return Vec::new() };
    check.facts_described(schema)
}

fn permissions(metadata: &Metadata) -> Vec<&str> {
    let mut actions: Vec<&str> = metadata.calls.iter().map(|call| permission::action(call)).collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn as_json(check: &Check, frameworks: &Frameworks) -> Value {
    let metadata = check.metadata();
    let facts: Vec<Value> = facts_read(check)
        .into_iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    json!({
        "id": metadata.id,
        "title": metadata.title,
        "description": metadata.description,
        "area": metadata.area,
        "resource": metadata.resource,
        "severity": metadata.severity,
        "status": metadata.status,
        "since": metadata.since,
        "aliases": metadata.aliases,
        "facts": facts,
        "parameters": metadata.parameters.iter().map(|(name, parameter)| json!({
            "name": name, "default": parameter.default, "description": parameter.description,
        })).collect::<Vec<_>>(),
        "mend": metadata.mend,
        "remediation": metadata.remediation,
        "calls": metadata.calls,
        "permissions": permissions(metadata),
        "frameworks": frameworks.of_check(&metadata.id),
        "related_resources": metadata.related_resources.iter().map(|related| &related.r#ref).collect::<Vec<_>>(),
        "path": check.path(),
    })
}
