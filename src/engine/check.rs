//! A check module that was found good, compiled once; and all of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::Program;
use regorus::unstable::{Module, Parser};
use regorus::{Engine, Source as RegoSource};

use super::error::LoadError;
use super::evaluate::Evaluator;
use super::metadata::{self, Metadata};
use super::schema::{self, Schemas, Step};
use super::source::Source;
use super::syntax;
use crate::policy::CheckDescription;

/// A check.
pub struct Check {
    metadata: Metadata,
    path: String,
    text: String,
    package: String,
    /// The facts that it may read.
    facts_read: Vec<Vec<Step>>,
    /// Those that decide whether it applies.
    applies_reads: Vec<Vec<Step>>,
    has_applies: bool,
    builtin: bool,
    program: Arc<Program>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("id", &self.metadata.id)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// What the check says about itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The file that it is in.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its Rego text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its package, with `data.` before it.
    #[must_use]
    pub fn package(&self) -> &str {
        &self.package
    }

    /// Whether it is embedded in the program, and not a user's.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.builtin
    }

    /// The facts that it reads, as paths below `input` in which `[_]` is every entry of a list; sorted.
    #[must_use]
    pub fn facts(&self) -> Vec<String> {
        let mut all: Vec<String> = self.facts_read.iter().map(|path| shown(path)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The facts that it reads, each with what the schema of its kind of resource says about it.
    #[must_use]
    pub fn facts_described(&self, schema: &serde_json::Value) -> Vec<(String, String)> {
        let described =
            |path: &Vec<Step>| (shown(path), schema::description(schema, path).unwrap_or_default());
        let all: BTreeMap<String, String> = self.facts_read.iter().map(described).collect();
        all.into_iter().collect()
    }

    pub(super) fn facts_read(&self) -> &[Vec<Step>] {
        &self.facts_read
    }

    pub(super) fn applies_reads(&self) -> &[Vec<Step>] {
        &self.applies_reads
    }

    pub(super) fn has_applies(&self) -> bool {
        self.has_applies
    }

    pub(super) fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The name of one of its rules for the virtual machine.
    pub(super) fn entry_point(&self, rule: &str) -> String {
        format!("{}.{rule}", self.package)
    }

    /// What the policy file must know of it.
    #[must_use]
    pub fn description(&self) -> CheckDescription {
        CheckDescription {
            id: self.metadata.id.clone(),
            title: self.metadata.title.clone(),
            severity: self.metadata.severity,
            aliases: self.metadata.aliases.clone(),
            parameters: self.metadata.parameters.clone(),
        }
    }

    fn load(source: &Source, schemas: &Schemas) -> Result<Self, Vec<LoadError>> {
        let metadata = metadata::read(source).map_err(|error| vec![error])?;
        let Some(schema) = schemas.0.get(&metadata.resource) else {
            let message = format!("no facts are published about resources of kind `{}`", metadata.resource);
            return Err(vec![LoadError::file(&source.path, message)]);
        };
        let module = parse(source).map_err(|error| vec![error])?;
        let package = package(source, &module, &metadata).map_err(|error| vec![error])?;
        let findings = syntax::examine(&source.path, &module, schema, &metadata)?;
        let entry_points: Vec<String> =
            findings.entry_rules.iter().map(|rule| format!("{package}.{rule}")).collect();
        let program = compile(source, &entry_points).map_err(|error| vec![error])?;
        Ok(Self {
            has_applies: findings.entry_rules.contains("applies"),
            facts_read: findings.facts_read,
            applies_reads: findings.applies_reads,
            metadata,
            path: source.path.clone(),
            text: source.text.clone(),
            builtin: source.builtin,
            package,
            program,
        })
    }
}

fn parse(source: &Source) -> Result<Module, LoadError> {
    let fail = |error: String| parse_error(source, &error);
    let rego = RegoSource::from_contents(source.path.clone(), source.text.clone())
        .map_err(|error| fail(error.to_string()))?;
    let parsed = Parser::new(&rego).and_then(|mut parser| {
        parser.enable_rego_v1()?;
        parser.parse()
    });
    parsed.map_err(|error| fail(error.to_string()))
}

/// The place and the text of a parser's error, which reads `--> path:line:column … error: text`.
fn parse_error(source: &Source, text: &str) -> LoadError {
    let place = text.split("-->").nth(1).and_then(|rest| {
        let rest = rest.trim_start().strip_prefix(source.path.as_str())?.strip_prefix(':')?;
        let mut numbers = rest.split([':', '\n', ' ']);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    });
    let message = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("error:"))
        .unwrap_or_else(|| text.lines().next().unwrap_or_default());
    LoadError::at(&source.path, place.unwrap_or((0, 0)), format!("no valid Rego: {}", message.trim()))
}

/// A path below `input`, in which `[_]` is every entry of a list.
fn shown(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Field(name) => format!(".{name}"),
        Step::Each => "[_]".to_owned(),
    };
    path.iter().map(step).collect::<String>().trim_start_matches('.').to_owned()
}

/// Holds the package against the file's name and returns it with `data.` before it.
fn package(source: &Source, module: &Module, metadata: &Metadata) -> Result<String, LoadError> {
    let span = &module.package.span;
    let found = module.package.refr.span().text().to_owned();
    let (area, id) = (metadata.area.as_str().replace('-', "_"), metadata.id.replace('-', "_"));
    let root = if source.builtin { "exfilguard" } else { "custom" };
    let wanted = format!("{root}.{area}.{id}");
    if found == wanted {
        return Ok(format!("data.{found}"));
    }
    let message = format!("the package is `{found}`, but must be `{wanted}`");
    Err(LoadError::at(&source.path, (span.line, span.col), message))
}

fn compile(source: &Source, entry_points: &[String]) -> Result<Arc<Program>, LoadError> {
    let fail = |error: String| LoadError::file(&source.path, format!("cannot be compiled: {error}"));
    let mut engine = Engine::new();
    engine.set_rego_v0(false);
    engine.add_policy(source.path.clone(), source.text.clone()).map_err(|error| fail(error.to_string()))?;
    let points: Vec<&str> = entry_points.iter().map(String::as_str).collect();
    let first = points.first().copied().unwrap_or_default();
    let policy =
        engine.compile_with_entrypoint(&Arc::from(first)).map_err(|error| fail(error.to_string()))?;
    Compiler::compile_from_policy(&policy, &points).map_err(|error| fail(error.to_string()))
}

/// All checks, sorted by id.
#[derive(Debug)]
pub struct Checks {
    all: Vec<Check>,
    /// Parameters by check id, as `data.parameters`; the defaults of METADATA unless set.
    parameters: BTreeMap<String, serde_json::Value>,
}

impl Checks {
    /// Loads and compiles modules; test modules among them are left out.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn load(sources: &[Source], schemas: &Schemas) -> Result<Self, Vec<LoadError>> {
        let mut errors = Vec::new();
        let mut all: Vec<Check> = Vec::new();
        for source in sources.iter().filter(|source| !source.is_test()) {
            match Check::load(source, schemas) {
                Ok(check) => all.push(check),
                Err(mut found) => errors.append(&mut found),
            }
        }
        errors.extend(duplicates(&all));
        if !errors.is_empty() {
            errors.sort();
            return Err(errors);
        }
        all.sort_by(|a, b| a.metadata.id.cmp(&b.metadata.id));
        let defaults = crate::policy::PolicyFile::default();
        let mut checks = Self { all, parameters: BTreeMap::new() };
        checks.set_parameters(&defaults);
        Ok(checks)
    }

    /// Takes parameters from the policy file.
    pub fn set_parameters(&mut self, policy: &crate::policy::PolicyFile) {
        self.parameters = self.parameters_under(policy);
    }

    /// The parameters of every check under a policy, by check id.
    pub(super) fn parameters_under(
        &self,
        policy: &crate::policy::PolicyFile,
    ) -> BTreeMap<String, serde_json::Value> {
        let parameters = |check: &Check| serde_json::Value::Object(policy.parameters(&check.description()));
        self.all.iter().map(|check| (check.metadata.id.clone(), parameters(check))).collect()
    }

    /// The parameters that were set, by check id.
    pub(super) fn parameters(&self) -> &BTreeMap<String, serde_json::Value> {
        &self.parameters
    }

    /// The checks, sorted by id.
    pub fn all(&self) -> impl Iterator<Item = &Check> {
        self.all.iter()
    }

    /// The check with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Check> {
        self.all.iter().find(|check| check.metadata.id == id)
    }

    /// Keeps only the checks that `keep` wants.
    pub fn retain(&mut self, keep: impl Fn(&Metadata) -> bool) {
        self.all.retain(|check| keep(&check.metadata));
    }

    /// What the policy file must know of the checks.
    #[must_use]
    pub fn descriptions(&self) -> Vec<CheckDescription> {
        self.all.iter().map(Check::description).collect()
    }

    /// An evaluator for one thread.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator<'_> {
        Evaluator::new(self)
    }
}

/// Two modules of one id or one package: Rego would join their rules by *or*.
fn duplicates(checks: &[Check]) -> Vec<LoadError> {
    let mut errors = Vec::new();
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut packages: BTreeSet<&str> = BTreeSet::new();
    for check in checks {
        let id = check.metadata.id.as_str();
        if let Some(other) = ids.insert(id, &check.path) {
            errors.push(
                LoadError::file(&check.path, format!("the id `{id}` is taken by `{other}`")).with_help(
                    "give the check an id of its own; a built-in check is switched off in exfilguard.yaml",
                ),
            );
        } else if !packages.insert(&check.package) {
            errors.push(LoadError::file(&check.path, format!("the package `{}` is taken", check.package)));
        }
    }
    // An id is never used again: what once named a check still stands in policy files and baselines.
    for check in checks {
        for alias in &check.metadata.aliases {
            if let Some(other) = ids.get(alias.as_str()) {
                let message = format!("the former id `{alias}` is that of `{other}`");
                errors.push(LoadError::file(&check.path, message).with_help("an id is never used again"));
            }
        }
    }
    errors
}
