//! Conditions joined by `&&`, `||` and parentheses, shared by the JSON form and by the fields of the space-delimited form.

use super::InvalidPattern;
use super::cursor::Cursor;
use crate::semantics::verdict::Verdict;

/// Parentheses that may be open at once; AWS documents no limit, a thread's stack has one.
const DEEPEST: usize = 64;

/// Conditions of type `C`, joined. `()` binds before `&&`, `&&` before `||`.
#[derive(Debug, Clone)]
pub(super) enum Expression<C> {
    /// One condition.
    Condition(C),
    /// All must hold; never empty.
    All(Vec<Self>),
    /// At least one must hold; never empty.
    Any(Vec<Self>),
}

impl<C> Expression<C> {
    /// Reads an expression; `condition` reads one condition.
    ///
    /// # Errors
    /// Unbalanced or too deep parentheses, single `&` and `|`, and what `condition` finds wrong.
    pub(super) fn parse(
        cursor: &mut Cursor,
        condition: &mut dyn FnMut(&mut Cursor) -> Result<C, InvalidPattern>,
    ) -> Result<Self, InvalidPattern> {
        Self::any(cursor, condition, 0)
    }

    fn any(
        cursor: &mut Cursor,
        condition: &mut dyn FnMut(&mut Cursor) -> Result<C, InvalidPattern>,
        depth: usize,
    ) -> Result<Self, InvalidPattern> {
        let mut alternatives = vec![Self::all(cursor, condition, depth)?];
        while cursor.peek() == Some('|') {
            if !cursor.take("||") {
                return Err(cursor.error("write `||` for an alternative"));
            }
            alternatives.push(Self::all(cursor, condition, depth)?);
        }
        Ok(Self::joined(alternatives, Self::Any))
    }

    fn all(
        cursor: &mut Cursor,
        condition: &mut dyn FnMut(&mut Cursor) -> Result<C, InvalidPattern>,
        depth: usize,
    ) -> Result<Self, InvalidPattern> {
        let mut parts = vec![Self::primary(cursor, condition, depth)?];
        while cursor.peek() == Some('&') {
            if !cursor.take("&&") {
                return Err(cursor.error("write `&&` for a conjunction"));
            }
            parts.push(Self::primary(cursor, condition, depth)?);
        }
        Ok(Self::joined(parts, Self::All))
    }

    fn primary(
        cursor: &mut Cursor,
        condition: &mut dyn FnMut(&mut Cursor) -> Result<C, InvalidPattern>,
        depth: usize,
    ) -> Result<Self, InvalidPattern> {
        cursor.skip_space();
        let start = cursor.column();
        let inner = if cursor.peek() == Some('(') {
            if depth >= DEEPEST {
                return Err(cursor.error(format!("parentheses are nested deeper than {DEEPEST} levels")));
            }
            cursor.next();
            let inner = Self::any(cursor, condition, depth + 1)?;
            if !cursor.take(")") {
                return Err(cursor.error(format!(
                    "the parenthesis of column {start} is not closed here: {}",
                    cursor.found()
                )));
            }
            inner
        } else {
            Self::Condition(condition(cursor)?)
        };
        cursor.skip_space();
        Ok(inner)
    }

    fn joined(mut parts: Vec<Self>, join: impl Fn(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                join(parts)
            }
            None => join(parts),
        }
    }

    /// Whether one of the conditions is such a one.
    pub(super) fn has(&self, such: &dyn Fn(&C) -> bool) -> bool {
        match self {
            Self::Condition(condition) => such(condition),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.has(such)),
        }
    }

    /// The answer, from the answers of the conditions, in Kleene's logic.
    pub(super) fn evaluate(&self, test: &dyn Fn(&C) -> Verdict) -> Verdict {
        match self {
            Self::Condition(condition) => test(condition),
            Self::All(parts) => parts
                .iter()
                .map(|part| part.evaluate(test))
                .reduce(Verdict::and)
                .unwrap_or_else(|| Verdict::yes("")),
            Self::Any(parts) => parts
                .iter()
                .map(|part| part.evaluate(test))
                .reduce(Verdict::or)
                .unwrap_or_else(|| Verdict::no("")),
        }
    }
}
