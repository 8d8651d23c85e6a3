//! Walks a module's syntax tree: every reference must exist, nothing forbidden may be used, and the facts that the module
//! reads are found.
//!
//! regorus does none of this. A module that refers to a fact that is not there would be undefined where it should say
//! something, and a check that may ask the clock or the network is no function of the facts.

pub(super) mod expressions;
mod guards;

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Module, Rule, RuleBody, RuleHead, Span};
use serde_json::Value;

use crate::engine::error::LoadError;
use crate::engine::facts_read::Origin;
use crate::engine::metadata::Metadata;
use crate::engine::schema::Step;

/// The rules that the engine asks for.
const ENTRY_RULES: [&str; 3] = ["pass", "message", "applies"];

/// Steps of the walk after which a module is refused as too complex.
const MAX_STEPS: usize = 200_000;
/// Nesting of expressions, rules and calls.
const MAX_DEPTH: usize = 150;

/// What the walk found.
#[derive(Debug)]
pub struct Findings {
    /// The facts that the module may read.
    pub facts_read: Vec<Vec<Step>>,
    /// Those of them that decide whether it applies.
    pub applies_reads: Vec<Vec<Step>>,
    /// The entry rules that it has.
    pub entry_rules: BTreeSet<&'static str>,
}

/// What a reference is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Its value decides something.
    Value,
    /// It is bound to a name, or its entries are.
    Bound,
}

type Environment = BTreeMap<String, Origin>;

struct Walk<'a> {
    path: &'a str,
    schema: &'a Value,
    metadata: &'a Metadata,
    rules: BTreeMap<String, Vec<&'a Rule>>,
    errors: BTreeSet<LoadError>,
    facts_read: BTreeSet<Vec<Step>>,
    /// Errors are not noted while bindings are collected.
    quiet: bool,
    /// Whether the rule being walked decides over `pass`.
    in_pass: bool,
    /// How often a list of the facts was gone through.
    list_iterations: usize,
    steps: usize,
    depth: usize,
}

/// Walks a module.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn examine(
    path: &str,
    module: &Module,
    schema: &Value,
    metadata: &Metadata,
) -> Result<Findings, Vec<LoadError>> {
    let mut walk = Walk {
        path,
        schema,
        metadata,
        rules: BTreeMap::new(),
        errors: BTreeSet::new(),
        facts_read: BTreeSet::new(),
        quiet: false,
        in_pass: false,
        list_iterations: 0,
        steps: 0,
        depth: 0,
    };
    walk.imports(module);
    walk.collect_rules(module);
    let names: Vec<String> = walk.rules.keys().cloned().collect();
    walk.in_pass = true;
    walk.rule("applies");
    let applies_reads: Vec<Vec<Step>> = walk.facts_read.iter().cloned().collect();
    walk.rule("pass");
    walk.in_pass = false;
    for name in names.iter().filter(|name| *name != "pass" && *name != "applies") {
        walk.rule(name);
    }
    let entry_rules: BTreeSet<&'static str> =
        ENTRY_RULES.into_iter().filter(|name| walk.rules.contains_key(*name)).collect();
    for name in ["pass", "message"] {
        if !entry_rules.contains(name) {
            walk.errors.insert(LoadError::file(path, format!("the module has no rule `{name}`")));
        }
    }
    if walk.errors.is_empty() {
        Ok(Findings { facts_read: walk.facts_read.into_iter().collect(), applies_reads, entry_rules })
    } else {
        Err(walk.errors.into_iter().collect())
    }
}

/// The name of a rule, from the reference in its head.
fn head_name(reference: &Expr) -> Option<&str> {
    match reference {
        Expr::Var { span, .. } => Some(span.text()),
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => head_name(refr),
        _ => None,
    }
}

/// The name of a rule.
pub(super) fn rule_name(rule: &Rule) -> Option<&str> {
    match rule {
        Rule::Default { refr, .. } => head_name(refr),
        Rule::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => {
                head_name(refr)
            }
        },
    }
}

impl<'a> Walk<'a> {
    fn error(&mut self, span: &Span, message: impl Into<String>, help: Option<String>) {
        if self.quiet {
            return;
        }
        let mut error = LoadError::at(self.path, (span.line, span.col), message);
        error.help = help;
        self.errors.insert(error);
    }

    fn imports(&mut self, module: &Module) {
        for import in &module.imports {
            if import.refr.span().text() != "rego.v1" {
                self.error(&import.span, "only `rego.v1` may be imported", None);
            }
        }
    }

    fn collect_rules(&mut self, module: &'a Module) {
        for rule in &module.policy {
            let Some(name) = rule_name(rule) else {
                self.error(rule.span(), "a rule whose head is no name", None);
                continue;
            };
            if let Rule::Default { span, .. } = &**rule
                && ENTRY_RULES.contains(&name)
            {
                let help = "state when it holds, with `if`".to_owned();
                self.error(span, format!("`{name}` must not have a default"), Some(help));
            }
            if matches!(name, "input" | "data") {
                self.error(rule.span(), format!("a rule must not be called `{name}`"), None);
            }
            self.rules.entry(name.to_owned()).or_default().push(rule);
        }
        for name in ENTRY_RULES {
            self.one_value(name);
        }
    }

    /// Definitions of one rule that hold together must have one value. regorus' interpreter notices a contradiction, its
    /// virtual machine takes one of the values.
    fn one_value(&mut self, name: &str) {
        let definitions = self.rules.get(name).cloned().unwrap_or_default();
        let is_true = |rule: &Rule| match rule {
            Rule::Spec { head: RuleHead::Compr { assign: None, .. }, .. } => true,
            Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, .. } => {
                assign.value.span().text() == "true"
            }
            _ => false,
        };
        if let [_, second, ..] = definitions.as_slice()
            && !definitions.iter().all(|rule| is_true(rule))
        {
            let help = "join them with `else`".to_owned();
            let message = format!("the definitions of `{name}` may contradict each other");
            self.error(second.span(), message, Some(help));
        }
    }

    /// Walks all definitions of a rule. A function is walked with arguments of which nothing is known.
    fn rule(&mut self, name: &str) -> Origin {
        let definitions = self.rules.get(name).cloned().unwrap_or_default();
        let mut origins = Vec::new();
        for rule in definitions {
            match rule {
                Rule::Default { value, .. } => {
                    origins.push(self.expression(value, &Environment::new(), Use::Value))
                }
                Rule::Spec { head, bodies, .. } => {
                    origins.push(self.definition(head, bodies, &Environment::new()));
                }
            }
        }
        Origin::any(origins)
    }

    fn definition(&mut self, head: &'a RuleHead, bodies: &'a [RuleBody], outer: &Environment) -> Origin {
        if !self.enter(bodies.first().map(|body| &body.span)) {
            return Origin::Opaque;
        }
        let mut origins = Vec::new();
        let mut over_input_list = false;
        let heads = |walk: &mut Self, environment: &Environment| match head {
            RuleHead::Compr { refr, assign, .. } => {
                if let Expr::RefBrack { index, .. } = &**refr {
                    walk.expression(index, environment, Use::Value);
                }
                assign.as_ref().map(|assign| walk.expression(&assign.value, environment, Use::Value))
            }
            RuleHead::Set { key, .. } => {
                key.as_ref().map(|key| walk.expression(key, environment, Use::Value))
            }
            RuleHead::Func { assign, .. } => {
                assign.as_ref().map(|assign| walk.expression(&assign.value, environment, Use::Value))
            }
        };
        if bodies.is_empty() {
            origins.extend(heads(self, outer));
        }
        for body in bodies {
            let mut environment = outer.clone();
            let before = self.list_iterations;
            self.query(&body.query, &mut environment);
            over_input_list |= self.list_iterations > before;
            match &body.assign {
                Some(assign) => origins.push(self.expression(&assign.value, &environment, Use::Value)),
                None => origins.extend(heads(self, &environment)),
            }
        }
        self.depth -= 1;
        match head {
            RuleHead::Set { .. } => Origin::Items { entries: origins, over_input_list },
            _ => Origin::any(origins),
        }
    }

    /// Whether the walk may go deeper; notes an error if not.
    fn enter(&mut self, span: Option<&Span>) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.depth > MAX_DEPTH {
            self.quiet = false;
            match span {
                Some(span) => self.error(span, "the module is too complex, or a rule refers to itself", None),
                None => {
                    let error = LoadError::file(self.path, "the module is too complex");
                    self.errors.insert(error);
                }
            }
            return false;
        }
        self.depth += 1;
        true
    }
}
