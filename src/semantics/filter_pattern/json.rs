//! The JSON form: `{ $.eventName = "GetObject" && $.errorCode NOT EXISTS }`.

use serde_json::Value;

use super::InvalidPattern;
use super::cursor::{Cursor, visible};
use super::expression::Expression;
use super::selector::Selector;
use super::value::{Literal, Operator, shown};
use crate::semantics::verdict::{Assumption, Tri, Verdict};

/// Selectors with a wildcard in one pattern (CloudWatch Logs quota).
const MOST_WILDCARDS: usize = 3;
/// The behaviour of metric filters that AWS does not document: null, booleans and mixed types.
const MIXED_TYPES: Assumption = Assumption(12);

/// A condition on one property.
#[derive(Debug, Clone)]
struct Condition {
    selector: Selector,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Compare(Operator, Literal),
    IsNull,
    IsBoolean(bool),
    NotExists,
}

/// A parsed JSON pattern.
#[derive(Debug, Clone)]
pub(super) struct JsonPattern {
    expression: Expression<Condition>,
}

impl JsonPattern {
    /// Reads a pattern that begins with `{`.
    ///
    /// # Errors
    /// Whatever the grammar does not allow.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        cursor.next();
        cursor.skip_space();
        if cursor.peek() == Some('}') {
            return Err(
                cursor.error("the braces hold no condition; write one such as `$.eventName = \"GetObject\"`")
            );
        }
        let mut wildcards = 0;
        let expression = Expression::parse(cursor, &mut |cursor| {
            let condition = Condition::parse(cursor)?;
            wildcards += usize::from(condition.selector.has_wildcard());
            if wildcards > MOST_WILDCARDS {
                return Err(
                    cursor.error(format!("a pattern may have at most {MOST_WILDCARDS} wildcard selectors"))
                );
            }
            Ok(condition)
        })?;
        if !cursor.take("}") {
            return Err(cursor.error(unexpected(cursor)));
        }
        Ok(Self { expression })
    }

    /// Whether a condition is about one of these properties of the event, or below it.
    pub(super) fn reads(&self, properties: &[&str]) -> bool {
        self.expression.has(&|condition| condition.selector.is_about(properties))
    }

    /// Whether `event`, an object, matches.
    pub(super) fn matches(&self, event: &Value) -> Verdict {
        self.expression.evaluate(&|condition| condition.matches(event))
    }
}

/// What to write where a condition should have ended.
fn unexpected(cursor: &Cursor) -> String {
    match cursor.peek() {
        None => "the closing `}` is missing".to_owned(),
        Some(')') => "`)` closes no parenthesis".to_owned(),
        Some('A' | 'a' | 'O' | 'o') => "conditions are joined with `&&` and `||`, not with words".to_owned(),
        Some('\'') => "single quotes do not delimit strings; use double quotes".to_owned(),
        Some(character) => format!(
            "`{}` is not expected after a condition; join conditions with `&&` or `||`, and put strings with other characters than letters, digits and `_.*+-:/` in double quotes",
            visible(character)
        ),
    }
}

impl Condition {
    fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        let selector = Selector::parse(cursor)?;
        let spaced = cursor.skip_space();
        let start = cursor.column();
        let word = if spaced { cursor.take_while(|next| next.is_ascii_alphabetic()) } else { String::new() };
        let test = match word.as_str() {
            "" => {
                let operator = Operator::parse(cursor)?;
                cursor.skip_space();
                let column = cursor.column();
                let literal = Literal::parse(cursor)?;
                if matches!(literal, Literal::Regex(_)) && !operator.is_equality() {
                    return Err(InvalidPattern::at(
                        column,
                        "a regular expression is only compared with `=` and `!=`",
                    ));
                }
                Test::Compare(operator, literal)
            }
            "IS" => Self::state(cursor)?,
            "NOT" => {
                cursor.skip_space();
                if !cursor.take("EXISTS") {
                    return Err(
                        cursor.error(format!("`NOT` must be followed by `EXISTS`: {}", cursor.found()))
                    );
                }
                Test::NotExists
            }
            "EXISTS" => {
                return Err(InvalidPattern::at(
                    start,
                    "`EXISTS` is not supported; write `= *` for a property with any value",
                ));
            }
            _ => {
                return Err(InvalidPattern::at(
                    start,
                    format!(
                        "`{word}` is not an operator; allowed are `=`, `!=`, `<`, `<=`, `>`, `>=`, `IS NULL`, `IS TRUE`, `IS FALSE` and `NOT EXISTS`"
                    ),
                ));
            }
        };
        Ok(Self { selector, test })
    }

    /// Reads what follows `IS`.
    fn state(cursor: &mut Cursor) -> Result<Test, InvalidPattern> {
        cursor.skip_space();
        let start = cursor.column();
        match cursor.take_while(|next| next.is_ascii_alphanumeric()).as_str() {
            "NULL" => Ok(Test::IsNull),
            "TRUE" => Ok(Test::IsBoolean(true)),
            "FALSE" => Ok(Test::IsBoolean(false)),
            "NOT" => Err(InvalidPattern::at(
                start,
                "`IS NOT` is not supported; write `!=`, `= *` or the opposite `IS TRUE` or `IS FALSE`",
            )),
            _ => Err(InvalidPattern::at(start, "`IS` must be followed by `NULL`, `TRUE` or `FALSE`")),
        }
    }

    fn matches(&self, event: &Value) -> Verdict {
        let nodes = self.selector.select(event);
        if !self.selector.has_wildcard() {
            return self.of_node(nodes.first().copied());
        }
        match (&self.test, nodes.as_slice()) {
            (_, []) => self.of_node(None),
            (Test::NotExists, _) => self.answer(Tri::No, "selects something"),
            (_, [only]) => self.of_node(Some(only)),
            (Test::Compare(Operator::NotEqual, _), _) => self.of_all(&nodes),
            _ => self.of_any(&nodes),
        }
    }

    /// A wildcard with anything but `!=`: one node is enough ("any array element").
    fn of_any(&self, nodes: &[&Value]) -> Verdict {
        let mut result = self.answer(Tri::No, "holds for none of the selected values");
        for node in nodes {
            let verdict = self.of_node(Some(node));
            match verdict.value {
                Tri::Yes => return verdict,
                Tri::Unknown => result = verdict,
                Tri::No => {}
            }
        }
        result
    }

    /// A wildcard with `!=`: AWS does not document whether one differing node is enough or all must differ.
    fn of_all(&self, nodes: &[&Value]) -> Verdict {
        let answers: Vec<Tri> = nodes.iter().map(|node| self.of_node(Some(node)).value).collect();
        let all = Tri::all(answers.iter().copied());
        if all == Tri::any(answers) && !all.is_unknown() {
            return self.answer(all, "has the same answer for all selected values");
        }
        self.answer(
            Tri::Unknown,
            "holds for some of the selected values, and whether that is enough is not documented",
        )
        .assuming(MIXED_TYPES)
    }

    /// The truth table: the answer for one node, or for none.
    fn of_node(&self, node: Option<&Value>) -> Verdict {
        match (&self.test, node) {
            (Test::NotExists, None) => self.answer(Tri::Yes, "is absent"),
            (_, None) => {
                let verdict = self.answer(Tri::No, "is absent");
                if matches!(self.test, Test::IsNull) {
                    return verdict.assuming(MIXED_TYPES);
                }
                verdict
            }
            (Test::NotExists, Some(Value::Null)) => self.answer(Tri::No, "is null").assuming(MIXED_TYPES),
            (Test::NotExists, Some(_)) => self.answer(Tri::No, "exists"),
            (Test::IsNull, Some(Value::Null)) => self.answer(Tri::Yes, "is null"),
            (Test::IsNull, Some(_)) => self.answer(Tri::No, "is not null"),
            (Test::IsBoolean(wanted), Some(Value::Bool(value))) => {
                self.answer((wanted == value).into(), &format!("is {value}"))
            }
            (Test::IsBoolean(_), Some(_)) => self.answer(Tri::No, "is no boolean"),
            (Test::Compare(operator, literal), Some(node)) => self.compare(*operator, literal, node),
        }
    }

    fn compare(&self, operator: Operator, literal: &Literal, node: &Value) -> Verdict {
        match node {
            Value::Array(_) => self.answer(Tri::No, "is an array"),
            Value::Object(_) => self.answer(Tri::No, "is an object"),
            Value::Null => {
                let verdict = self.answer(Tri::No, "is null");
                let documented = match literal {
                    // `= *` and a glob need a value, which null is not.
                    Literal::Text(glob, _) => operator == Operator::Equal && glob.has_star(),
                    Literal::Number(..) | Literal::Regex(_) => true,
                };
                if documented || !operator.is_equality() { verdict } else { verdict.assuming(MIXED_TYPES) }
            }
            _ if operator.is_equality()
                && matches!(literal, Literal::Text(glob, _) if glob.is_anything()) =>
            {
                self.answer((operator == Operator::Equal).into(), "has a value")
            }
            Value::Bool(_) if operator.is_equality() => {
                self.undocumented("is a boolean; use `IS TRUE` or `IS FALSE`")
            }
            Value::Bool(value) => self.answer(Tri::No, &format!("is {value}")),
            Value::Number(number) => match (literal, number.as_f64()) {
                (Literal::Number(literal, _), Some(double)) => {
                    self.answer(operator.compares(double, *literal).into(), &format!("is {number}"))
                }
                (Literal::Number(..), None) => self.undocumented("is a number outside the range of a double"),
                _ => self.undocumented("is a number; compare it with a number"),
            },
            Value::String(text) => self.compare_text(operator, literal, text),
        }
    }

    fn compare_text(&self, operator: Operator, literal: &Literal, text: &str) -> Verdict {
        let equal = match literal {
            Literal::Number(..) => {
                return self.undocumented("is a string; put the value in double quotes");
            }
            Literal::Text(..) if !operator.is_equality() => {
                return self.undocumented("is a string, which has no documented order");
            }
            Literal::Text(glob, _) => glob.matches(text),
            Literal::Regex(regex) => match regex.search(text) {
                Some(found) => found,
                None => {
                    return self
                        .answer(Tri::Unknown, "is too long to be searched with this regular expression");
                }
            },
        };
        let holds = equal == (operator == Operator::Equal);
        self.answer(holds.into(), &format!("is {}", shown(text)))
    }

    fn undocumented(&self, state: &str) -> Verdict {
        self.answer(Tri::Unknown, state).assuming(MIXED_TYPES)
    }

    /// An answer whose reason gives the condition and the state of its property.
    fn answer(&self, value: Tri, state: &str) -> Verdict {
        let selector = &self.selector.source;
        let condition = match &self.test {
            Test::Compare(operator, literal) => {
                format!("{selector} {} {}", operator.text(), literal.text())
            }
            Test::IsNull => format!("{selector} IS NULL"),
            Test::IsBoolean(true) => format!("{selector} IS TRUE"),
            Test::IsBoolean(false) => format!("{selector} IS FALSE"),
            Test::NotExists => format!("{selector} NOT EXISTS"),
        };
        let outcome = match value {
            Tri::Yes => "holds",
            Tri::No => "does not hold",
            Tri::Unknown => "is undetermined",
        };
        Verdict::new(value, format!("{} {outcome}: `{selector}` {state}", shown(&condition)))
    }
}
