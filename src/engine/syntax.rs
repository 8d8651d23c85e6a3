//! Walks a module's syntax tree: every reference must exist, nothing forbidden may be used, and the facts that the module
//! reads are found.
//!
//! regorus does none of this. A module that refers to a fact that is not there would be undefined where it should say
//! something, and a check that may ask the clock or the network is no function of the facts.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Literal, Module, Query, Ref, Rule, RuleBody, RuleHead, Span};
use serde_json::Value;

use super::error::LoadError;
use super::facts_read::Origin;
use super::metadata::Metadata;
use super::schema::{self, Place, Step};

/// Functions of Rego that a check may call: pure, total enough, and the same in every implementation.
const FUNCTIONS: [&str; 46] = [
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "indexof",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "lower",
    "max",
    "min",
    "numbers.range",
    "product",
    "regex.match",
    "replace",
    "round",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
];

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

fn rule_name(rule: &Rule) -> Option<&str> {
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

    /// Statements of a query hold in any order: names are bound first, then everything is looked at.
    fn query(&mut self, query: &'a Query, environment: &mut Environment) {
        let (quiet, iterations) = (self.quiet, self.list_iterations);
        self.quiet = true;
        self.statements(query, environment);
        self.quiet = quiet;
        self.list_iterations = iterations;
        self.statements(query, environment);
    }

    fn statements(&mut self, query: &'a Query, environment: &mut Environment) {
        for statement in &query.stmts {
            for modifier in &statement.with_mods {
                self.error(&modifier.span, "`with` must not be used in a check", None);
            }
            match &statement.literal {
                Literal::SomeVars { vars, .. } => {
                    for var in vars {
                        environment.entry(var.text().to_owned()).or_insert(Origin::Opaque);
                    }
                }
                Literal::SomeIn { key, value, collection, .. } => {
                    self.some_in(key.as_ref(), value, collection, environment);
                }
                Literal::Expr { expr, .. } => self.statement(expr, environment),
                Literal::NotExpr { span, expr } => {
                    let before = self.list_iterations;
                    self.expression(expr, environment, Use::Value);
                    if self.list_iterations > before {
                        self.vacuous(span, "`not` over a list of the facts");
                    }
                }
                Literal::Every { span, key, value, domain, query } => {
                    let origin = self.expression(domain, environment, Use::Bound);
                    if self.is_list(&origin) {
                        self.list_iterations += 1;
                        self.vacuous(span, "`every` over a list of the facts");
                    }
                    let mut inner = environment.clone();
                    if let Some(key) = key {
                        inner.insert(key.text().to_owned(), Origin::Opaque);
                    }
                    inner.insert(value.text().to_owned(), self.entry(origin));
                    self.query(query, &mut inner);
                }
            }
        }
    }

    fn some_in(
        &mut self,
        key: Option<&'a Ref<Expr>>,
        value: &'a Ref<Expr>,
        collection: &'a Ref<Expr>,
        environment: &mut Environment,
    ) {
        let origin = self.expression(collection, environment, Use::Bound);
        if self.is_list(&origin) {
            self.list_iterations += 1;
        }
        if let Some(Expr::Var { span, .. }) = key.map(|key| &**key) {
            environment.insert(span.text().to_owned(), Origin::Opaque);
        }
        let entry = self.entry(origin);
        match &**value {
            Expr::Var { span, .. } => {
                environment.insert(span.text().to_owned(), entry);
            }
            other => {
                self.read(other.span(), &entry);
                self.expression(value, environment, Use::Value);
            }
        }
    }

    /// The origin of entries; going through the fields of an object reads all of them.
    fn entry(&mut self, origin: Origin) -> Origin {
        let objects: Vec<Vec<Step>> = origin
            .inputs()
            .into_iter()
            .filter(|path| schema::look_up(self.schema, path) == Ok(Place::Object))
            .map(<[Step]>::to_vec)
            .collect();
        if objects.is_empty() || matches!(origin, Origin::Items { .. }) {
            return origin.entry();
        }
        for path in objects {
            self.facts_read.extend(schema::facts_below(self.schema, &path));
        }
        Origin::Opaque
    }

    fn statement(&mut self, expr: &'a Ref<Expr>, environment: &mut Environment) {
        let Expr::AssignExpr { lhs, rhs, .. } = &**expr else {
            self.expression(expr, environment, Use::Value);
            return;
        };
        match &**lhs {
            Expr::Var { span, .. } if !self.rules.contains_key(span.text()) && span.text() != "input" => {
                let origin = self.expression(rhs, environment, Use::Bound);
                environment.insert(span.text().to_owned(), origin);
            }
            _ => {
                // A pattern: what it takes apart counts as read.
                self.expression(rhs, environment, Use::Value);
                self.expression(lhs, environment, Use::Value);
            }
        }
    }

    fn expression(&mut self, expr: &'a Expr, environment: &Environment, usage: Use) -> Origin {
        if !self.enter(Some(expr.span())) {
            return Origin::Opaque;
        }
        let origin = self.origin(expr, environment, usage);
        self.depth -= 1;
        origin
    }

    fn origin(&mut self, expr: &'a Expr, environment: &Environment, usage: Use) -> Origin {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => Origin::Opaque,
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let origin = self.reference(expr, environment);
                self.check_data(expr.span(), &origin);
                if usage == Use::Value {
                    self.read(expr.span(), &origin);
                } else {
                    self.exists(expr.span(), &origin);
                }
                origin
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                let entries = items.iter().map(|item| self.expression(item, environment, usage)).collect();
                Origin::Items { entries, over_input_list: false }
            }
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expression(key, environment, Use::Value);
                    self.expression(value, environment, Use::Value);
                }
                Origin::Opaque
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                let mut inner = environment.clone();
                let before = self.list_iterations;
                self.query(query, &mut inner);
                let over_input_list = self.list_iterations > before;
                // What a comprehension goes through decides nothing by itself.
                self.list_iterations = before;
                let entries = vec![self.expression(term, &inner, usage)];
                Origin::Items { entries, over_input_list }
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                let mut inner = environment.clone();
                self.query(query, &mut inner);
                self.expression(key, &inner, Use::Value);
                self.expression(value, &inner, Use::Value);
                Origin::Opaque
            }
            Expr::Call { fcn, params, span, .. } => self.call(span, fcn, params, environment, usage),
            Expr::UnaryExpr { expr, .. } => self.expression(expr, environment, Use::Value),
            Expr::BoolExpr { span, lhs, rhs, .. } => {
                self.emptiness(span, lhs, rhs, environment);
                self.both(lhs, rhs, environment)
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => self.both(lhs, rhs, environment),
            Expr::Membership { key, value, collection, .. } => {
                if let Some(key) = key {
                    self.expression(key, environment, Use::Value);
                }
                self.both(value, collection, environment)
            }
        }
    }

    fn both(&mut self, lhs: &'a Expr, rhs: &'a Expr, environment: &Environment) -> Origin {
        self.expression(lhs, environment, Use::Value);
        self.expression(rhs, environment, Use::Value);
        Origin::Opaque
    }

    /// `count(list) == 0`, in any spelling.
    fn emptiness(&mut self, span: &Span, lhs: &'a Expr, rhs: &'a Expr, environment: &Environment) {
        let counted = |expr: &'a Expr| match expr {
            Expr::Call { fcn, params, .. } if fcn.span().text() == "count" => params.first(),
            _ => None,
        };
        let literal = |expr: &Expr| matches!(expr, Expr::Number { .. });
        let argument = match (counted(lhs), counted(rhs)) {
            (Some(argument), None) if literal(rhs) => argument,
            (None, Some(argument)) if literal(lhs) => argument,
            _ => return,
        };
        // Compared with anything but "more than": an empty list may satisfy it.
        let text = span.text();
        let demands_some = match (counted(lhs).is_some(), text) {
            (true, text) => text.contains('>') && !text.contains(">= 0") && !text.contains(">=0"),
            (false, text) => text.contains('<') && !text.contains("0 <="),
        };
        let origin = self.expression(argument, environment, Use::Bound);
        if !demands_some && self.is_list(&origin) {
            self.vacuous(span, "the count of a list of the facts");
        }
    }

    fn vacuous(&mut self, span: &Span, what: &str) {
        if self.in_pass && self.metadata.empty_passes.is_none() {
            let help = "if a resource without any entry is meant to pass, say `empty_is: pass` and `empty_reason` \
                        in METADATA; else ask for an entry with `some … in`";
            let message = format!("{what} holds when the list is empty");
            self.error(span, message, Some(help.to_owned()));
        }
    }

    fn is_list(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Input(path) => schema::look_up(self.schema, path) == Ok(Place::List),
            Origin::Items { over_input_list, .. } => *over_input_list,
            Origin::Any(all) => all.iter().any(|origin| self.is_list(origin)),
            Origin::Data(_) | Origin::Opaque => false,
        }
    }

    fn reference(&mut self, expr: &'a Expr, environment: &Environment) -> Origin {
        match expr {
            Expr::Var { span, .. } => match span.text() {
                "input" => Origin::Input(Vec::new()),
                "data" => Origin::Data(Vec::new()),
                name => match environment.get(name) {
                    Some(origin) => origin.clone(),
                    None if self.rules.contains_key(name) => self.rule(name),
                    None => Origin::Opaque,
                },
            },
            Expr::RefDot { refr, field, .. } => self.reference(refr, environment).field(field.0.text()),
            Expr::RefBrack { refr, index, .. } => {
                let base = self.reference(refr, environment);
                if let Expr::String { value, .. } | Expr::RawString { value, .. } = &**index
                    && let Ok(name) = value.as_string()
                {
                    return base.field(name);
                }
                self.expression(index, environment, Use::Value);
                if self.is_list(&base) {
                    self.list_iterations += 1;
                }
                self.entry(base)
            }
            // The base of a reference may be any expression.
            other => self.expression(other, environment, Use::Bound),
        }
    }

    fn call(
        &mut self,
        span: &'a Span,
        function: &'a Expr,
        arguments: &'a [Ref<Expr>],
        environment: &Environment,
        usage: Use,
    ) -> Origin {
        let name = function.span().text();
        if let Some(definitions) = self.rules.get(name).cloned() {
            let origins: Vec<Origin> =
                arguments.iter().map(|argument| self.expression(argument, environment, Use::Bound)).collect();
            return self.own_function(&definitions, &origins);
        }
        if !FUNCTIONS.contains(&name) {
            let nearest = FUNCTIONS
                .iter()
                .map(|known| (strsim::jaro_winkler(known, name), known))
                .filter(|(similarity, _)| *similarity > 0.85)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let help = match nearest {
                Some((_, known)) => format!("did you mean `{known}`?"),
                None => "checks/README.md lists the functions that checks may call".to_owned(),
            };
            self.error(span, format!("`{name}` must not be called in a check"), Some(help));
        }
        let argument_use = if name == "count" { Use::Bound } else { usage };
        let origins: Vec<Origin> =
            arguments.iter().map(|argument| self.expression(argument, environment, argument_use)).collect();
        match name {
            "array.concat" | "array.reverse" | "array.slice" | "sort" => Origin::Items {
                over_input_list: origins.iter().any(|origin| self.is_list(origin)),
                entries: origins.into_iter().map(Origin::entry).collect(),
            },
            _ => {
                if argument_use == Use::Bound && name != "count" {
                    for origin in &origins {
                        self.read(span, origin);
                    }
                }
                Origin::Opaque
            }
        }
    }

    fn own_function(&mut self, definitions: &[&'a Rule], arguments: &[Origin]) -> Origin {
        let mut origins = Vec::new();
        for rule in definitions {
            if let Rule::Spec { head, bodies, .. } = rule {
                let mut environment = Environment::new();
                if let RuleHead::Func { args, .. } = head {
                    for (parameter, origin) in args.iter().zip(arguments) {
                        if let Expr::Var { span, .. } = &**parameter {
                            environment.insert(span.text().to_owned(), origin.clone());
                        }
                    }
                }
                origins.push(self.definition(head, bodies, &environment));
            }
        }
        Origin::any(origins)
    }

    /// Notes that the facts at an origin are read.
    fn read(&mut self, span: &Span, origin: &Origin) {
        for path in origin.inputs() {
            if path.is_empty() {
                self.error(span, "`input` must not be used as a whole: name its fields", None);
                continue;
            }
            match schema::look_up(self.schema, path) {
                Err(missing) => self.missing(span, missing),
                Ok(Place::Plain) => {}
                Ok(Place::InFact) => {
                    let fact = path.split_last().map(|(_, fact)| fact.to_vec()).unwrap_or_default();
                    self.facts_read.insert(fact);
                }
                Ok(Place::Fact | Place::List | Place::Object) => {
                    self.facts_read.extend(schema::facts_below(self.schema, path));
                }
            }
        }
    }

    /// Holds a reference that is only bound to a name against the schema.
    fn exists(&mut self, span: &Span, origin: &Origin) {
        for path in origin.inputs() {
            if let Err(missing) = schema::look_up(self.schema, path) {
                self.missing(span, missing);
            }
        }
    }

    fn missing(&mut self, span: &Span, missing: schema::NoSuchPath) {
        let help = missing.nearest.map(|name| format!("did you mean `{name}`?"));
        let help = help.unwrap_or_else(|| "`exfilguard schema facts` prints what there is".to_owned());
        self.error(span, missing.message, Some(help));
    }

    /// Holds a reference below `data` against what there is.
    fn check_data(&mut self, span: &Span, origin: &Origin) {
        let Origin::Data(path) = origin else { return };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let known = match path.as_slice() {
            ["parameters", name, ..] => self.metadata.parameters.contains_key(*name),
            ["account", "id" | "name"] | ["organization", "id"] => true,
            ["policy", "trust", "organizations" | "accounts" | "vpc_endpoints" | "networks", ..] => true,
            _ => false,
        };
        if !known {
            let help = "there are `data.parameters.<name>` as declared in METADATA, `data.account.id`, \
                        `data.account.name`, `data.organization.id` and `data.policy.trust.<list>`";
            let shown = format!("`data.{}` does not exist", path.join("."));
            self.error(span, shown, Some(help.to_owned()));
        }
    }
}
