//! `exfilguard checks list`.

use comfy_table::{ContentArrangement, Table, TableStyle};
use miette::{IntoDiagnostic as _, miette};
use serde_json::{Value, json};

use super::super::arguments::{ListChecks, ListFormat};
use super::super::console::terminal_width;
use super::super::{Failure, modules};
use crate::engine::{Check, Checks, Frameworks};

/// The checks that were asked for, as text.
pub fn list(arguments: &ListChecks) -> Result<String, Failure> {
    let mut checks = modules::load(&arguments.checks)?;
    let frameworks = Frameworks::builtin().map_err(Failure::usage)?;
    if let Some(name) = &arguments.framework {
        only_framework(&mut checks, &frameworks, name)?;
    }
    checks.retain(|metadata| {
        let area = arguments.area.is_empty() || arguments.area.contains(&metadata.area);
        area && (arguments.severity.is_empty() || arguments.severity.contains(&metadata.severity))
    });
    match arguments.output {
        ListFormat::Terminal if checks.all().count() == 0 => Ok("no check is of that kind\n".to_owned()),
        ListFormat::Terminal => Ok(table(&checks)),
        ListFormat::Json => as_json(&checks, &frameworks),
    }
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
