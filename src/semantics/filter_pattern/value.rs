//! The values on the right of a comparison, and the operators, shared by the JSON and the space-delimited form.

use super::InvalidPattern;
use super::cursor::Cursor;
use super::glob::Glob;
use super::regex::Regex;

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// Reads an operator.
    ///
    /// # Errors
    /// `==`, `=!` and the like, or anything else.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        let start = cursor.column();
        let written = cursor.take_while(|next| matches!(next, '=' | '!' | '<' | '>' | '~'));
        match written.as_str() {
            "=" => Ok(Self::Equal),
            "!=" => Ok(Self::NotEqual),
            "<" => Ok(Self::Less),
            "<=" => Ok(Self::LessOrEqual),
            ">" => Ok(Self::Greater),
            ">=" => Ok(Self::GreaterOrEqual),
            "==" => Err(InvalidPattern::at(start, "`==` is not an operator; write a single `=`")),
            "=!" | "<>" => {
                Err(InvalidPattern::at(start, format!("`{written}` is not an operator; write `!=`")))
            }
            "" => Err(cursor.error(format!(
                "an operator `=`, `!=`, `<`, `<=`, `>` or `>=` is missing: {}",
                cursor.found()
            ))),
            _ => Err(InvalidPattern::at(
                start,
                format!("`{written}` is not an operator; allowed are `=`, `!=`, `<`, `<=`, `>` and `>=`"),
            )),
        }
    }

    /// Whether the operator is `=` or `!=`.
    pub(super) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    /// The comparison of two numbers, as IEEE 754 doubles.
    pub(super) fn compares(self, left: f64, right: f64) -> bool {
        match self {
            // `5`, `5.0` and `5e0` are one number: exact equality is meant.
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    /// As written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A value to compare with.
#[derive(Debug, Clone)]
pub(super) enum Literal {
    /// A string, quoted or bare; `*` is a wildcard in both.
    Text(Glob, String),
    /// A bare number, with its text as written.
    Number(f64, String),
    /// `%…%`
    Regex(Regex),
}

impl Literal {
    /// Reads a value: `"…"`, `%…%`, a number or a bare string.
    ///
    /// # Errors
    /// No value, single quotes, an unclosed string, or a character that needs double quotes.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        match cursor.peek() {
            Some('"') => {
                let text = quoted(cursor)?;
                Ok(Self::Text(Glob::new(&text), text))
            }
            Some('%') => Regex::parse(cursor).map(Self::Regex),
            Some('\'') => Err(cursor.error("single quotes do not delimit strings; use double quotes")),
            Some('$') => Err(cursor.error("a field cannot be compared with a field; write a value")),
            _ => {
                let text = cursor.take_while(is_bare);
                if text.is_empty() {
                    return Err(cursor.error(format!("a value is missing: {}", cursor.found())));
                }
                match number(&text) {
                    Some(number) => Ok(Self::Number(number, text)),
                    None => Ok(Self::Text(Glob::new(&text), text)),
                }
            }
        }
    }

    /// As a person reads it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(_, text) => format!("\"{text}\""),
            Self::Number(_, text) => text.clone(),
            Self::Regex(regex) => format!("%{}%", regex.source),
        }
    }
}

/// Reads a string in double quotes. `\"` and `\\` are escapes; AWS documents no others.
///
/// # Errors
/// An unclosed string, or a backslash before another character.
pub(super) fn quoted(cursor: &mut Cursor) -> Result<String, InvalidPattern> {
    let start = cursor.column();
    cursor.next();
    let mut text = String::new();
    loop {
        let column = cursor.column();
        match cursor.next() {
            None => return Err(InvalidPattern::at(start, "the string has no closing `\"`")),
            Some('"') => return Ok(text),
            Some('\\') => match cursor.next() {
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                _ => {
                    return Err(InvalidPattern::at(
                        column,
                        "a backslash in a string may only stand before `\"` or another backslash",
                    ));
                }
            },
            Some(character) => text.push(character),
        }
    }
}

/// Whether a character may stand in a bare string.
fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '*' | '+' | '-' | ':' | '/')
}

/// The value of a number literal: `[+-]? digits [ "." digits ] [ (e|E) [+-]? digits ]`.
pub(super) fn number(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match unsigned(mantissa).split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned(mantissa), None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    let written = digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(unsigned(exponent)));
    if written { text.parse().ok() } else { None }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// `text` in backticks, shortened for a reason.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}
