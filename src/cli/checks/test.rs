//! `exfilguard checks test`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::exit_code::ExitCode;
use super::super::{Failure, modules};
use crate::engine::{self, Checks, Source, run_fixture, run_tests};

/// Runs the test module and the fixture of every check of a folder, or of the program.
pub fn test(directory: Option<&Path>) -> Result<ExitCode, Failure> {
    let folders: Vec<PathBuf> = directory.map(Path::to_path_buf).into_iter().collect();
    // Loading holds the modules to the contract.
    let checks = modules::load(&folders)?;
    let sources = match directory {
        None => engine::builtin(),
        Some(directory) => engine::folder(directory).map_err(Failure::usage)?,
    };
    let (mut good, mut count) = (true, 0_usize);
    let mut out = std::io::stdout().lock();
    for check in sources.iter().filter(|source| !source.is_test()) {
        let lines = outcome(&checks, check, &sources);
        good &= lines.is_ok();
        count += 1;
        let line = lines.unwrap_or_else(|problem| problem);
        let _closed_pipe = writeln!(out, "{line}");
    }
    let end = if good { "all tests hold and reach every line" } else { "not all are well tested" };
    let checks = if count == 1 { "check" } else { "checks" };
    let _closed_pipe = writeln!(out, "{count} {checks}: {end}");
    Ok(if good { ExitCode::Success } else { ExitCode::Findings })
}

/// What the tests of a check showed: a line if they are good, with what no test misses below it; else what is not.
fn outcome(checks: &Checks, check: &Source, sources: &[Source]) -> Result<String, String> {
    let path = &check.path;
    let stem = path.strip_suffix(".rego").unwrap_or(path);
    let test = format!("{stem}_test.rego");
    let Some(test) = sources.iter().find(|source| source.path == test) else {
        return Err(format!("FAIL {path}: there is no test module `{}` beside it", file_name(&test)));
    };
    let report = run_tests(check, test).map_err(|error| format!("FAIL {path}: {error}"))?;
    let (cases, problems) = fixture(checks, check, stem).map_err(|error| format!("FAIL {path}: {error}"))?;
    let counted = format!(
        "{path}: {} tests, {}, coverage {} %, {} conditions",
        report.passed.len() + report.failed.len(),
        if cases == 0 { "no fixture".to_owned() } else { format!("{cases} cases") },
        report.coverage(),
        report.conditions,
    );
    let mut lines: Vec<String> = report.failed.iter().map(|(name, why)| format!("  {name} {why}")).collect();
    if report.passed.is_empty() && report.failed.is_empty() {
        lines.push("  the test module has no test".to_owned());
    }
    lines.extend(problems.iter().map(|problem| format!("  {problem}")));
    if !report.uncovered_lines.is_empty() {
        let numbers: Vec<String> = report.uncovered_lines.iter().map(ToString::to_string).collect();
        lines.push(format!("  no test reaches line {}", numbers.join(", ")));
    }
    if !lines.is_empty() {
        lines.insert(0, format!("FAIL {counted}"));
        return Err(lines.join("\n"));
    }
    lines.push(format!("ok   {counted}"));
    lines.extend(report.unmissed.iter().map(|(line, column, condition)| {
        let condition = condition.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("  note: no test fails if `{condition}` ({line}:{column}) is taken away")
    }));
    Ok(lines.join("\n"))
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// How many cases the fixture beside a check has, and those that come out otherwise. A fixture is optional.
fn fixture(checks: &Checks, check: &Source, stem: &str) -> Result<(usize, Vec<String>), String> {
    let path = format!("{stem}_fixture.json");
    if check.builtin || !Path::new(&path).exists() {
        return Ok((0, Vec::new()));
    }
    let id = check.stem().replace('_', "-");
    let loaded = checks.get(&id).ok_or_else(|| format!("the check `{id}` is not loaded"))?;
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    run_fixture(checks, loaded, &text).map_err(|error| format!("{}: {error}", file_name(&path)))
}
