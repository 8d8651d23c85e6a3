//! Changes to a check that some test of it must notice: each condition that decides over `pass`, replaced by `true`.
//!
//! A condition that no test misses may as well not be there: the check would pass what it should fail, and nobody would
//! know. A covered line says only that a condition was looked at, not that it matters.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Query, Rule, RuleBody, RuleHead};

use super::source::Source;
use super::syntax::rule_name;

/// The rules whose conditions decide over the outcome.
const DECIDING: [&str; 2] = ["pass", "applies"];

/// A check in which one condition is replaced by `true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The line of the condition, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// The condition that was replaced, as written.
    pub condition: String,
    /// The changed module.
    pub source: Source,
}

/// One mutant for each condition of `pass` and `applies`, of the conditions within them (`every`, comprehensions), and
/// of the rules that they name, in the order of the text. What binds a name (`some`, `:=`) is no condition.
///
/// # Errors
/// A clause if the module cannot be read as Rego.
pub fn mutants(check: &Source) -> Result<Vec<Mutant>, String> {
    let module = super::testing::parse(check)?;
    let mut search = Search::default();
    search.rules(&module);
    let conditions = search.conditions;
    Ok(conditions.into_iter().filter_map(|(start, condition)| condition.mutant(check, start)).collect())
}

#[derive(Debug, Clone, Copy)]
struct Condition {
    line: u32,
    end: u32,
}

impl Condition {
    fn mutant(self, check: &Source, start: u32) -> Option<Mutant> {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(self.end).ok()?);
        let condition = check.text.get(start..end)?.trim_end();
        let before = check.text.get(..start)?;
        let after = check.text.get(start + condition.len()..)?;
        let source = Source { text: format!("{before}true{after}"), ..check.clone() };
        // The parser counts a tab as several columns.
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        Some(Mutant { line: self.line, column, condition: condition.to_owned(), source })
    }
}

/// The walk over what decides.
#[derive(Default)]
struct Search {
    /// By the offset at which the condition begins.
    conditions: BTreeMap<u32, Condition>,
    /// The names that the conditions mention.
    named: BTreeSet<String>,
}

impl Search {
    fn rules(&mut self, module: &Module) {
        let mut done: BTreeSet<String> = BTreeSet::new();
        let mut waiting: Vec<String> = DECIDING.map(str::to_owned).to_vec();
        while let Some(name) = waiting.pop() {
            if !done.insert(name.clone()) {
                continue;
            }
            for rule in module.policy.iter().filter(|rule| rule_name(rule) == Some(&name)) {
                self.rule(rule);
            }
            waiting.extend(std::mem::take(&mut self.named));
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { head, bodies, .. } = rule else { return };
        match head {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                if let Some(assign) = assign {
                    self.expression(&assign.value);
                }
            }
            RuleHead::Set { key, .. } => {
                if let Some(key) = key {
                    self.expression(key);
                }
            }
        }
        for RuleBody { assign, query, .. } in bodies {
            if let Some(assign) = assign {
                self.expression(&assign.value);
            }
            self.query(query);
        }
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { collection, .. } => self.expression(collection),
                Literal::Expr { expr, .. } => {
                    if !binds(expr) {
                        self.condition(statement);
                    }
                    self.expression(expr);
                }
                Literal::NotExpr { expr, .. } => {
                    self.condition(statement);
                    self.expression(expr);
                }
                Literal::Every { domain, query, .. } => {
                    self.condition(statement);
                    self.expression(domain);
                    self.query(query);
                }
            }
        }
    }

    fn condition(&mut self, statement: &LiteralStmt) {
        let span = &statement.span;
        // The literal `true` stands for itself.
        if span.text().trim() != "true" {
            self.conditions.insert(span.start, Condition { line: span.line, end: span.end });
        }
    }

    /// Goes into the comprehensions of an expression, and notes the names that it mentions.
    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Var { span, .. } => {
                self.named.insert(span.text().to_owned());
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expression(key);
                    self.expression(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expression(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expression(key);
                self.expression(value);
                self.query(query);
            }
            Expr::Call { fcn, params, .. } => {
                self.expression(fcn);
                self.all(params);
            }
            Expr::UnaryExpr { expr, .. } => self.expression(expr),
            Expr::RefDot { refr, .. } => self.expression(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.expression(refr);
                self.expression(index);
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expression(lhs);
                self.expression(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                if let Some(key) = key {
                    self.expression(key);
                }
                self.expression(value);
                self.expression(collection);
            }
            _ => {}
        }
    }

    fn all(&mut self, expressions: &[regorus::unstable::Ref<Expr>]) {
        for expression in expressions {
            self.expression(expression);
        }
    }
}

/// Whether a statement gives a name its value.
fn binds(expression: &Expr) -> bool {
    matches!(expression, Expr::AssignExpr { op: AssignOp::ColEq | AssignOp::Eq, .. })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn source(body: &str) -> Source {
        let text = format!("package exfilguard.a.b\n\nimport rego.v1\n\n{body}");
        Source { path: "checks/a/b.rego".into(), text, builtin: true }
    }

    fn conditions(body: &str) -> Vec<String> {
        mutants(&source(body)).unwrap().into_iter().map(|mutant| mutant.condition).collect()
    }

    #[test]
    fn each_condition_is_replaced_where_it_stands() {
        let check = source(
            "pass if {\n\tinput.a.holds\n\tinput.b >= 3 # enough\n}\n\nmessage := \"no\" if input.c\n",
        );
        let found = mutants(&check).unwrap();
        let shown: Vec<_> = found.iter().map(|m| (m.line, m.column, m.condition.as_str())).collect();
        assert_eq!(shown, [(6, 2, "input.a.holds"), (7, 2, "input.b >= 3")]);
        assert!(found[0].source.text.contains("{\n\ttrue\n\tinput.b >= 3 # enough\n}"));
        assert!(found[1].source.text.contains("{\n\tinput.a.holds\n\ttrue # enough\n}"));
    }

    #[test]
    fn conditions_within_conditions_and_in_named_rules_count() {
        let body = "applies if input.s.holds\n\npass if {\n\tsome x in input.l\n\ty := x.a\n\tevery g in y { fine(g) }\n\t\
                    not bad\n}\n\nfine(g) if { g.p.holds; g.q }\n\nfine(g) if g.r in listed\n\n\
                    bad if count([1 | some z in input.m; z.holds]) > 2\n\nlisted := [1]\n\nother if input.o\n\nmessage := \"no\"\n";
        assert_eq!(
            conditions(body),
            [
                "input.s.holds",
                "every g in y { fine(g) }",
                "fine(g)",
                "not bad",
                "g.p.holds",
                "g.q",
                "g.r in listed",
                "count([1 | some z in input.m; z.holds]) > 2",
                "z.holds",
            ]
        );
    }

    #[test]
    fn several_lines_are_one_condition() {
        let body =
            "pass if {\n\tf(\n\t\tinput.a,\n\t\t1,\n\t)\n}\n\npass if input.b.holds\n\nmessage := \"no\"\n";
        assert_eq!(conditions(body), ["f(\n\t\tinput.a,\n\t\t1,\n\t)", "input.b.holds"]);
    }
}
