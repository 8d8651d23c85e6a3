//! What a reference must satisfy, and what would hold by accident.

use regorus::unstable::{Expr, Span};

use super::{Environment, Use, Walk};
use crate::engine::facts_read::Origin;
use crate::engine::schema::{self, Place};

impl<'a> Walk<'a> {
    /// `count(list) == 0`, in any spelling.
    pub(super) fn emptiness(&mut self, span: &Span, lhs: &'a Expr, rhs: &'a Expr, environment: &Environment) {
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

    pub(super) fn vacuous(&mut self, span: &Span, what: &str) {
        if self.in_pass && self.metadata.empty_passes.is_none() {
            let help = "if a resource without any entry is meant to pass, say `empty_is: pass` and `empty_reason` \
                        in METADATA; else ask for an entry with `some … in`";
            let message = format!("{what} holds when the list is empty");
            self.error(span, message, Some(help.to_owned()));
        }
    }

    pub(super) fn is_list(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Input(path) => schema::look_up(self.schema, path) == Ok(Place::List),
            Origin::Items { over_input_list, .. } => *over_input_list,
            Origin::Any(all) => all.iter().any(|origin| self.is_list(origin)),
            Origin::Data(_) | Origin::Opaque => false,
        }
    }

    /// Notes that the facts at an origin are read.
    pub(super) fn read(&mut self, span: &Span, origin: &Origin) {
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
    pub(super) fn exists(&mut self, span: &Span, origin: &Origin) {
        for path in origin.inputs() {
            if let Err(missing) = schema::look_up(self.schema, path) {
                self.missing(span, missing);
            }
        }
    }

    pub(super) fn missing(&mut self, span: &Span, missing: schema::NoSuchPath) {
        let help = missing.nearest.map(|name| format!("did you mean `{name}`?"));
        let help = help.unwrap_or_else(|| "`exfilguard schema facts` prints what there is".to_owned());
        self.error(span, missing.message, Some(help));
    }

    /// Holds a reference below `data` against what there is.
    pub(super) fn check_data(&mut self, span: &Span, origin: &Origin) {
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
