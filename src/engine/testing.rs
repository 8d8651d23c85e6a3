//! Runs the test module of a check, with the coverage of the check's lines.

use regorus::unstable::{Expr, Parser, Rule, RuleHead};
use regorus::{Engine, Source as RegoSource, Value};

use super::source::Source;

/// What a test module showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestReport {
    /// Tests that hold.
    pub passed: Vec<String>,
    /// Tests that do not, with why.
    pub failed: Vec<(String, String)>,
    /// Lines of the check that no test reaches.
    pub uncovered_lines: Vec<u32>,
}

impl TestReport {
    /// Whether there are tests, all hold, and they reach every line.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.passed.is_empty() && self.failed.is_empty() && self.uncovered_lines.is_empty()
    }
}

/// Runs every `test_…` rule of a test module against its check.
///
/// # Errors
/// A clause if one of the modules cannot be read as Rego.
pub fn run_tests(check: &Source, test: &Source) -> Result<TestReport, String> {
    let (package, names) = tests_of(test)?;
    let mut engine = Engine::new();
    engine.set_rego_v0(false);
    engine.set_enable_coverage(true);
    for source in [check, test] {
        engine.add_policy(source.path.clone(), source.text.clone()).map_err(|error| error.to_string())?;
    }
    let mut report = TestReport::default();
    for name in names {
        match engine.eval_rule(format!("data.{package}.{name}")) {
            Ok(Value::Bool(true)) => report.passed.push(name),
            Ok(Value::Undefined) => report.failed.push((name, "does not hold".to_owned())),
            Ok(other) => report.failed.push((name, format!("is {other}, not true"))),
            Err(error) => report.failed.push((name, error.to_string())),
        }
    }
    let coverage = engine.get_coverage_report().map_err(|error| error.to_string())?;
    let of_check = coverage.files.iter().filter(|file| file.path == check.path);
    report.uncovered_lines = of_check.flat_map(|file| file.not_covered.iter().copied()).collect();
    report.uncovered_lines.sort_unstable();
    Ok(report)
}

/// The package of a test module and the names of its tests, each once.
fn tests_of(test: &Source) -> Result<(String, Vec<String>), String> {
    let rego =
        RegoSource::from_contents(test.path.clone(), test.text.clone()).map_err(|error| error.to_string())?;
    let module = Parser::new(&rego)
        .and_then(|mut parser| {
            parser.enable_rego_v1()?;
            parser.parse()
        })
        .map_err(|error| error.to_string())?;
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
