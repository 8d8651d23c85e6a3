//! Runs the test module of a check: do its tests hold, reach every line, and miss every condition that is taken away?

use std::time::Duration;

use regorus::unstable::{Expr, Module, Parser, Rule, RuleHead};
use regorus::{Engine, Source as RegoSource, Value};

use super::mutation::mutants;
use super::source::Source;

/// Wall-clock time per test.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What a test module showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestReport {
    /// Tests that hold.
    pub passed: Vec<String>,
    /// Tests that do not, with why.
    pub failed: Vec<(String, String)>,
    /// Lines of the check that tests reach.
    pub covered_lines: Vec<u32>,
    /// Lines of the check that no test reaches.
    pub uncovered_lines: Vec<u32>,
    /// How many conditions were replaced by `true`, one at a time.
    pub conditions: usize,
    /// Those whose replacement breaks no test: line, column and text.
    pub unmissed: Vec<(u32, u32, String)>,
}

impl TestReport {
    /// Whether there are tests, all hold, and they reach every line. Built-in checks must also miss every condition.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.passed.is_empty() && self.failed.is_empty() && self.uncovered_lines.is_empty()
    }

    /// The share of lines that tests reach, in percent, rounded down: 100 means all of them.
    #[must_use]
    pub fn coverage(&self) -> usize {
        let (covered, all) =
            (self.covered_lines.len(), self.covered_lines.len() + self.uncovered_lines.len());
        (covered * 100).checked_div(all).unwrap_or(100)
    }
}

/// Runs every `test_…` rule of a test module against its check; if all hold, also against the check with each condition
/// replaced by `true`, of which some test must break.
///
/// # Errors
/// A clause if one of the modules cannot be read as Rego.
pub fn run_tests(check: &Source, test: &Source) -> Result<TestReport, String> {
    let (package, names) = tests_of(test)?;
    let mut engine = engine(check, test)?;
    engine.set_enable_coverage(true);
    let mut report = TestReport::default();
    for name in &names {
        match holds(&mut engine, &package, name) {
            Ok(()) => report.passed.push(name.clone()),
            Err(why) => report.failed.push((name.clone(), why)),
        }
    }
    let coverage = engine.get_coverage_report().map_err(|error| error.to_string())?;
    for file in coverage.files.iter().filter(|file| file.path == check.path) {
        report.covered_lines.extend(&file.covered);
        report.uncovered_lines.extend(&file.not_covered);
    }
    report.covered_lines.sort_unstable();
    report.uncovered_lines.sort_unstable();
    if report.failed.is_empty() {
        let all = mutants(check)?;
        report.conditions = all.len();
        let unmissed = all.into_iter().filter(|mutant| all_hold(&mutant.source, test, &package, &names));
        report.unmissed = unmissed.map(|mutant| (mutant.line, mutant.column, mutant.condition)).collect();
    }
    Ok(report)
}

fn engine(check: &Source, test: &Source) -> Result<Engine, String> {
    let mut engine = Engine::new();
    engine.set_rego_v0(false);
    // A test that does not end is one that does not hold.
    engine.set_execution_timer_config(super::evaluate::timer(TIME_LIMIT));
    for source in [check, test] {
        engine.add_policy(source.path.clone(), source.text.clone()).map_err(|error| error.to_string())?;
    }
    Ok(engine)
}

/// Whether one test holds; why not.
fn holds(engine: &mut Engine, package: &str, name: &str) -> Result<(), String> {
    match engine.eval_rule(format!("data.{package}.{name}")) {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(Value::Undefined) => Err("does not hold".to_owned()),
        Ok(other) => Err(format!("is {other}, not true")),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether every test holds. A changed check that is no valid Rego any more is noticed, too.
fn all_hold(check: &Source, test: &Source, package: &str, names: &[String]) -> bool {
    let Ok(mut engine) = engine(check, test) else { return false };
    names.iter().all(|name| holds(&mut engine, package, name).is_ok())
}

/// A module's syntax tree.
pub(super) fn parse(source: &Source) -> Result<Module, String> {
    let rego = RegoSource::from_contents(source.path.clone(), source.text.clone())
        .map_err(|error| error.to_string())?;
    Parser::new(&rego)
        .and_then(|mut parser| {
            parser.enable_rego_v1()?;
            parser.parse()
        })
        .map_err(|error| error.to_string())
}

/// The package of a test module and the names of its tests, each once.
fn tests_of(test: &Source) -> Result<(String, Vec<String>), String> {
    let module = parse(test)?;
    let mut names: Vec<String> = Vec::new();
    for rule in &module.policy {
        if let Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } = &**rule
            && let Expr::Var { span, .. } = &**refr
            && span.text().starts_with("test_")
            && !names.iter().any(|name| name == span.text())
        {
            names.push(span.text().to_owned());
        }
    }
    Ok((module.package.refr.span().text().to_owned(), names))
}
