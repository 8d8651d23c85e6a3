//! The space-delimited form: `[ip, user, ..., status = 4* && status != 403, bytes > 1000]`.

use super::InvalidPattern;
use super::cursor::{Cursor, visible};
use super::expression::Expression;
use super::value::{Literal, Operator, number, shown};
use crate::semantics::verdict::{Assumption, Tri, Verdict};

/// The behaviour of metric filters that AWS does not document: here, number literals against text that is no such number.
const MIXED_TYPES: Assumption = Assumption(12);

/// A parsed space-delimited pattern.
#[derive(Debug, Clone)]
pub(super) struct SpaceDelimitedPattern {
    slots: Vec<Slot>,
}

/// One place between commas.
#[derive(Debug, Clone)]
enum Slot {
    /// `...`: any number of fields.
    Ellipsis,
    /// One field, with or without a condition.
    Field(Option<Expression<Condition>>),
}

#[derive(Debug, Clone)]
struct Condition {
    /// The name that the condition gives; AWS's examples repeat the name of the field.
    name: String,
    operator: Operator,
    literal: Literal,
    /// Whether the name is that of the field it stands in.
    own: bool,
}

impl SpaceDelimitedPattern {
    /// Reads a pattern that begins with `[`.
    ///
    /// # Errors
    /// Whatever the grammar does not allow.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        cursor.next();
        cursor.skip_space();
        if cursor.peek() == Some(']') {
            return Err(cursor.error("the brackets hold no field; write one such as `[ip, ...]`"));
        }
        let mut slots = Vec::new();
        loop {
            cursor.skip_space();
            slots.push(Slot::parse(cursor)?);
            cursor.skip_space();
            if cursor.take("]") {
                return Ok(Self { slots });
            }
            if !cursor.take(",") {
                return Err(cursor.error(unexpected(cursor)));
            }
        }
    }

    /// Whether a log line that is no JSON object matches.
    pub(super) fn matches(&self, line: &str) -> Verdict {
        let Some(fields) = fields(line) else {
            return Verdict::unknown("how the line is split at its quotes and brackets is not documented");
        };
        let mut ellipses = self.slots.iter().enumerate().filter(|(_, slot)| matches!(slot, Slot::Ellipsis));
        match (ellipses.next(), ellipses.next()) {
            (Some(_), Some(_)) => Verdict::unknown("a pattern with more than one `...` is not documented"),
            (Some((at, _)), None) => self.with_ellipsis(at, &fields),
            _ => self.without_ellipsis(&fields),
        }
    }

    fn without_ellipsis(&self, fields: &[&str]) -> Verdict {
        let verdict = test_all(self.slots.iter(), fields.iter());
        if fields.len() < self.slots.len() {
            return verdict.and(self.too_few(fields.len()));
        }
        match self.slots.last() {
            // AWS: `[w1=ERROR, w2]` returns the lines whose first word is ERROR, however many follow.
            Some(Slot::Field(Some(_))) if fields.len() > self.slots.len() => {
                verdict.and(Verdict::unknown(format!(
                    "the line has {} fields, more than the {} of the pattern, whose last has a condition",
                    fields.len(),
                    self.slots.len()
                )))
            }
            _ => verdict,
        }
    }

    /// The slots before the ellipsis are fields from the start of the line, those after it from its end.
    fn with_ellipsis(&self, at: usize, fields: &[&str]) -> Verdict {
        let named = self.slots.len() - 1;
        let (before, after) = self.slots.split_at(at);
        if fields.len() < named {
            return test_all(before.iter(), fields.iter()).and(self.too_few(fields.len()));
        }
        let after = after.iter().skip(1);
        let from_end = fields.iter().skip(fields.len() - after.len());
        test_all(before.iter(), fields.iter()).and(test_all(after, from_end))
    }

    fn too_few(&self, count: usize) -> Verdict {
        // AWS documents nothing here. A field that is not there satisfies no comparison; `!=` of it may hold.
        let absent = |condition: &Condition| match condition.operator {
            Operator::NotEqual => Verdict::unknown(""),
            _ => Verdict::no(""),
        };
        let fails = self.slots.iter().skip(count).any(|slot| match slot {
            Slot::Field(Some(expression)) => expression.evaluate(&absent).value == Tri::No,
            Slot::Field(None) | Slot::Ellipsis => false,
        });
        let reason = format!("the line has {count} fields, fewer than the pattern");
        if fails && !self.slots.iter().any(|slot| matches!(slot, Slot::Ellipsis)) {
            Verdict::no(format!("{reason}, so a condition has no field"))
        } else {
            Verdict::unknown(format!("{reason}, which is not documented"))
        }
    }
}

fn test_all<'a, 'b>(
    slots: impl Iterator<Item = &'a Slot>,
    fields: impl Iterator<Item = &'b &'b str>,
) -> Verdict {
    slots
        .zip(fields)
        .filter_map(|(slot, field)| match slot {
            Slot::Field(Some(expression)) => Some(expression.evaluate(&|condition| condition.holds(field))),
            Slot::Field(None) | Slot::Ellipsis => None,
        })
        .reduce(Verdict::and)
        .unwrap_or_else(|| Verdict::yes("the fields have no condition"))
}

/// What to write where a field should have ended.
fn unexpected(cursor: &Cursor) -> String {
    match cursor.peek() {
        None => "the closing `]` is missing".to_owned(),
        Some(')') => "`)` closes no parenthesis".to_owned(),
        Some('\'') => "single quotes do not delimit strings; use double quotes".to_owned(),
        Some(character) => format!(
            "`{}` is not expected after a field; separate fields with `,`, and put values with other characters than letters, digits and `_.*+-:/` in double quotes",
            visible(character)
        ),
    }
}

impl Slot {
    fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        if cursor.take("...") {
            return Ok(Self::Ellipsis);
        }
        if cursor.peek() == Some('(') {
            return Condition::expression(cursor, None).map(|it| Self::Field(Some(it)));
        }
        let name = cursor.take_while(is_name);
        let column = cursor.column();
        cursor.skip_space();
        match cursor.peek() {
            // AWS's example `[..., request=*.html*, status_code=4*,]` ends in a field without name.
            Some(',' | ']') => Ok(Self::Field(None)),
            _ if name.is_empty() => Err(InvalidPattern::at(
                column,
                format!(
                    "a field name of letters, digits, `_`, `-` and `.`, or `...`, is missing: {}",
                    cursor.found()
                ),
            )),
            Some('=' | '!' | '<' | '>') => {
                Condition::expression(cursor, Some(name)).map(|it| Self::Field(Some(it)))
            }
            _ => Ok(Self::Field(None)),
        }
    }
}

impl Condition {
    /// Reads the conditions of one field, whose name may already be read.
    fn expression(cursor: &mut Cursor, mut read: Option<String>) -> Result<Expression<Self>, InvalidPattern> {
        let mut field = read.clone();
        Expression::parse(cursor, &mut |cursor| {
            let name = match read.take() {
                Some(name) => name,
                None => cursor.take_while(is_name),
            };
            if name.is_empty() {
                return Err(
                    cursor.error(format!("a condition such as `status = 4*` is missing: {}", cursor.found()))
                );
            }
            let own = *field.get_or_insert_with(|| name.clone()) == name;
            cursor.skip_space();
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
            Ok(Self { name, operator, literal, own })
        })
    }

    fn holds(&self, field: &str) -> Verdict {
        let condition = shown(&format!("{} {} {}", self.name, self.operator.text(), self.literal.text()));
        if !self.own {
            return Verdict::unknown(format!(
                "{condition} stands in the place of another field, which is not documented"
            ));
        }
        let answer = |value: Tri| {
            let outcome = match value {
                Tri::Yes => "holds for",
                Tri::No => "does not hold for",
                Tri::Unknown => "is undetermined for",
            };
            Verdict::new(value, format!("{condition} {outcome} {}", shown(field)))
        };
        let equal = match &self.literal {
            Literal::Number(literal, text) => match number(field) {
                Some(value) => {
                    let holds = self.operator.compares(value, *literal);
                    // `200` and `200.0` are one number and two strings.
                    let as_text = (field == text) == (self.operator == Operator::Equal);
                    if self.operator.is_equality() && holds != as_text {
                        return answer(Tri::Unknown).assuming(MIXED_TYPES);
                    }
                    return answer(holds.into());
                }
                None if self.operator == Operator::NotEqual => {
                    return answer(Tri::Unknown).assuming(MIXED_TYPES);
                }
                None => return answer(Tri::No),
            },
            Literal::Text(..) if !self.operator.is_equality() => {
                return answer(Tri::Unknown).assuming(MIXED_TYPES);
            }
            Literal::Text(glob, _) => glob.matches(field),
            Literal::Regex(regex) => match regex.search(field) {
                Some(found) => found,
                None => return answer(Tri::Unknown),
            },
        };
        answer((equal == (self.operator == Operator::Equal)).into())
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

/// The fields of a line: separated by white space, `"…"` and `[…]` being one field each, without their delimiters.
///
/// `None` when a delimiter stands inside a word or is not closed, because AWS does not document what it then does.
fn fields(line: &str) -> Option<Vec<&str>> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '"' => Some('"'),
            '[' => Some(']'),
            _ => None,
        };
        let (field, after) = match close {
            Some(close) => {
                let (field, after) = rest.strip_prefix(first)?.split_once(close)?;
                if first == '[' && field.contains('[') {
                    return None;
                }
                (field, after)
            }
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (field, after) = rest.split_at_checked(end)?;
                if field.contains(['"', '[', ']']) {
                    return None;
                }
                (field, after)
            }
        };
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return None;
        }
        fields.push(field);
        rest = after.trim_start();
    }
    Some(fields)
}
