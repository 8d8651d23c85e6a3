//! Statements and expressions: what each name stands for, and which parts of the facts they come from.

use regorus::unstable::{Expr, Literal, Query, Ref, Rule, RuleHead, Span};

use super::{Environment, Use, Walk};
use crate::engine::facts_read::Origin;
use crate::engine::schema::{self, Place, Step};

/// Functions of Rego that a check may call: pure, total enough, the same in every implementation, and none that makes
/// much of little (`numbers.range`, `replace`): memory stays bounded by the number of instructions.
pub(in crate::engine) const FUNCTIONS: [&str; 43] = [
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
    "product",
    "regex.match",
    "round",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
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

impl<'a> Walk<'a> {
    /// Statements of a query hold in any order: names are bound first, then everything is looked at.
    pub(super) fn query(&mut self, query: &'a Query, environment: &mut Environment) {
        let (quiet, iterations) = (self.quiet, self.list_iterations);
        self.quiet = true;
        self.statements(query, environment);
        self.quiet = quiet;
        self.list_iterations = iterations;
        self.statements(query, environment);
    }

    pub(super) fn statements(&mut self, query: &'a Query, environment: &mut Environment) {
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

    pub(super) fn some_in(
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
    pub(super) fn entry(&mut self, origin: Origin) -> Origin {
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

    pub(super) fn statement(&mut self, expr: &'a Ref<Expr>, environment: &mut Environment) {
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

    pub(super) fn expression(&mut self, expr: &'a Expr, environment: &Environment, usage: Use) -> Origin {
        if !self.enter(Some(expr.span())) {
            return Origin::Opaque;
        }
        let origin = self.origin(expr, environment, usage);
        self.depth -= 1;
        origin
    }

    pub(super) fn origin(&mut self, expr: &'a Expr, environment: &Environment, usage: Use) -> Origin {
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

    pub(super) fn both(&mut self, lhs: &'a Expr, rhs: &'a Expr, environment: &Environment) -> Origin {
        self.expression(lhs, environment, Use::Value);
        self.expression(rhs, environment, Use::Value);
        Origin::Opaque
    }

    pub(super) fn reference(&mut self, expr: &'a Expr, environment: &Environment) -> Origin {
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

    pub(super) fn call(
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

    pub(super) fn own_function(&mut self, definitions: &[&'a Rule], arguments: &[Origin]) -> Origin {
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
}
