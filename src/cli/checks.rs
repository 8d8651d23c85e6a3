//! `exfilguard checks`: list, explain, and test check modules.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, TableStyle};
use miette::{IntoDiagnostic as _, miette};
use serde_json::{Value, json};

use super::arguments::{ChecksArguments, ChecksCommand, ListFormat};
use super::console::terminal_width;
use super::exit_code::ExitCode;
use super::{Failure, modules};
use crate::engine::{self, Check, Checks, Frameworks, Source, run_tests};

/// Lists, explains or tests.
pub fn run(arguments: &ChecksArguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        ChecksCommand::List { output, framework, checks } => {
            let mut checks = modules::load(checks)?;
            let frameworks = Frameworks::builtin().map_err(Failure::usage)?;
            if let Some(name) = framework {
                only_framework(&mut checks, &frameworks, name)?;
            }
            let text = match output {
                ListFormat::Terminal => table(&checks),
                ListFormat::Json => as_json(&checks, &frameworks)?,
            };
            print(&text)
        }
        ChecksCommand::Explain { id, checks } => explain(&modules::load(checks)?, id),
        ChecksCommand::Test { directory } => test(directory.as_deref()),
    }
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let _closed_pipe = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(ExitCode::Success)
}

fn table(checks: &Checks) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(terminal_width()).unwrap_or(u16::MAX));
    table.set_header(["AREA", "CHECK", "SEVERITY", "THE GOOD STATE"]);
    let mut all: Vec<&Check> = checks.all().collect();
    all.sort_by_key(|check| (check.metadata().area, check.metadata().id.clone()));
    for check in all {
        let metadata = check.metadata();
        table.add_row([
            metadata.area.to_string(),
            metadata.id.clone(),
            metadata.severity.to_string(),
            metadata.title.clone(),
        ]);
    }
    table.to_string()
}

/// Keeps the checks that speak to a control of one framework.
fn only_framework(checks: &mut Checks, frameworks: &Frameworks, name: &str) -> Result<(), Failure> {
    let Some(framework) = frameworks.get(name) else {
        let known: Vec<&str> = frameworks.all().map(|framework| framework.name.as_str()).collect();
        return Err(Failure::usage(miette!(
            help = format!("allowed: {}", known.join(", ")),
            "there is no framework `{name}`"
        )));
    };
    checks.retain(|metadata| framework.names(&metadata.id));
    Ok(())
}

fn as_json(checks: &Checks, frameworks: &Frameworks) -> Result<String, Failure> {
    let list: Vec<Value> = checks
        .all()
        .map(|check| {
            let metadata = check.metadata();
            json!({
                "id": metadata.id,
                "area": metadata.area,
                "resource": metadata.resource,
                "severity": metadata.severity,
                "title": metadata.title,
                "status": metadata.status,
                "remediation": metadata.remediation,
                "frameworks": frameworks.of_check(&metadata.id),
            })
        })
        .collect();
    serde_json::to_string_pretty(&list).into_diagnostic().map_err(Failure::usage)
}

fn explain(checks: &Checks, id: &str) -> Result<ExitCode, Failure> {
    let Some(check) = checks.get(id) else {
        let nearest = checks
            .all()
            .map(|check| (strsim::jaro_winkler(&check.metadata().id, id), &check.metadata().id))
            .filter(|(similarity, _)| *similarity > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let help = match nearest {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None => "`exfilguard checks list` shows the ids".to_owned(),
        };
        return Err(Failure::usage(miette!(help = help, "there is no check `{id}`")));
    };
    let metadata = check.metadata();
    let mut text = format!(
        "{}\n{}\n\narea {}, judges each {}, severity {}, since {}\n\n{}\n",
        metadata.id,
        metadata.title,
        metadata.area,
        metadata.resource,
        metadata.severity,
        metadata.since,
        metadata.description
    );
    if !metadata.parameters.is_empty() {
        text.push_str("\nParameters (exfilguard.yaml, checks):\n");
        for (name, parameter) in &metadata.parameters {
            let default =
                parameter.default.as_str().map_or_else(|| parameter.default.to_string(), str::to_owned);
            text.push_str(&format!("  {name}: {default}    {}\n", parameter.description));
        }
    }
    if let Some(reason) = &metadata.empty_passes {
        text.push_str(&format!("\nA resource without any entry passes: {}\n", reason.trim()));
    }
    if let Some(remediation) = &metadata.remediation {
        text.push_str(&format!("\nMended by: {remediation}\n"));
    }
    for related in &metadata.related_resources {
        text.push_str(&format!("\nRead on: {}", related.r#ref));
    }
    text.push_str(&format!("\n\nThe policy code ({}):\n\n", check.path()));
    let code = check.text().split_once("\npackage ").map_or("", |(_, code)| code);
    text.push_str(&format!("package {code}"));
    print(&text)
}

fn test(directory: Option<&Path>) -> Result<ExitCode, Failure> {
    let folders: Vec<PathBuf> = directory.map(Path::to_path_buf).into_iter().collect();
    // Loading holds the modules to the contract.
    modules::load(&folders)?;
    let sources = match directory {
        None => engine::builtin(),
        Some(directory) => engine::folder(directory).map_err(Failure::usage)?,
    };
    let mut good = true;
    let mut out = std::io::stdout().lock();
    for check in sources.iter().filter(|source| !source.is_test()) {
        let lines = outcome(check, &sources);
        good &= lines.is_ok();
        let line = lines.unwrap_or_else(|problem| problem);
        let _closed_pipe = writeln!(out, "{line}");
    }
    Ok(if good { ExitCode::Success } else { ExitCode::Findings })
}

/// One line for a check whose tests are good, else what is not.
fn outcome(check: &Source, sources: &[Source]) -> Result<String, String> {
    let path = &check.path;
    let test = path.strip_suffix(".rego").map(|stem| format!("{stem}_test.rego"));
    let Some(test) = sources.iter().find(|source| Some(&source.path) == test.as_ref()) else {
        return Err(format!("FAIL {path}: there is no test module beside it"));
    };
    let report = run_tests(check, test).map_err(|error| format!("FAIL {path}: {error}"))?;
    if report.is_good() {
        return Ok(format!("ok   {path}: {} tests, every line covered", report.passed.len()));
    }
    let mut lines = vec![format!("FAIL {path}")];
    if report.passed.is_empty() && report.failed.is_empty() {
        lines.push("  the test module has no test".to_owned());
    }
    lines.extend(report.failed.iter().map(|(name, why)| format!("  {name} {why}")));
    if !report.uncovered_lines.is_empty() {
        let numbers: Vec<String> = report.uncovered_lines.iter().map(ToString::to_string).collect();
        lines.push(format!("  no test reaches line {}", numbers.join(", ")));
    }
    Err(lines.join("\n"))
}
