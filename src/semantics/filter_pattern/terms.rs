//! The unstructured form: terms that a log line must contain, may contain (`?`) or must not contain (`-`).

use super::InvalidPattern;
use super::cursor::{Cursor, visible};
use super::regex::Regex;
use super::value::{quoted, shown};
use crate::semantics::verdict::{Tri, Verdict};

/// A parsed pattern of terms; without any term it matches every event.
#[derive(Debug, Clone)]
pub(super) struct TermPattern {
    terms: Vec<Term>,
    /// Whether the text of the pattern was empty; one of only white space is not documented.
    empty: bool,
}

#[derive(Debug, Clone)]
struct Term {
    role: Role,
    wanted: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Included,
    Optional,
    Excluded,
}

#[derive(Debug, Clone)]
enum Wanted {
    /// A word or a phrase, found anywhere in the line, also inside a word.
    Phrase(String),
    Regex(Regex),
}

impl TermPattern {
    /// Reads terms up to the end of the pattern.
    ///
    /// # Errors
    /// A bare term with characters other than letters, digits and `_`, an unclosed phrase, or a wrong regular expression.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        let empty = cursor.column() == 1 && cursor.peek().is_none();
        let mut terms = Vec::new();
        while cursor.peek().is_some() {
            terms.push(Term::parse(cursor)?);
            if !cursor.skip_space() && cursor.peek().is_some() {
                return Err(cursor.error(outside_quotes(cursor)));
            }
        }
        Ok(Self { terms, empty })
    }

    /// Whether `line` has the terms.
    ///
    /// AWS: question mark terms are ignored when the pattern has other terms.
    pub(super) fn matches(&self, line: &str) -> Verdict {
        if self.terms.is_empty() {
            return if self.empty {
                Verdict::yes("the empty pattern matches every event")
            } else {
                Verdict::unknown("a pattern of only white space is not documented")
            };
        }
        if let Some(alone) = self.alone() {
            return match alone.search(line) {
                Some(found) => Verdict::new(
                    found,
                    format!(
                        "the line {} {}",
                        if found { "matches" } else { "does not match" },
                        shown(&format!("%{}%", alone.source))
                    ),
                ),
                None => Verdict::unknown("the line is too long to be searched with this regular expression"),
            };
        }
        let required = |term: &&Term| term.role != Role::Optional;
        if self.terms.iter().any(|term| required(&term)) {
            let verdicts = self.terms.iter().filter(required);
            return verdicts
                .map(|term| term.holds(line))
                .reduce(Verdict::and)
                .unwrap_or_else(|| Verdict::yes(""));
        }
        self.terms.iter().map(|term| term.holds(line)).reduce(Verdict::or).unwrap_or_else(|| Verdict::no(""))
    }

    /// The regular expression that is the whole pattern, the only documented use of one among terms.
    fn alone(&self) -> Option<&Regex> {
        match self.terms.as_slice() {
            [Term { role: Role::Included, wanted: Wanted::Regex(regex) }] => Some(regex),
            _ => None,
        }
    }
}

impl Term {
    fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        let role = match cursor.peek() {
            Some('?') => Role::Optional,
            Some('-') => Role::Excluded,
            _ => Role::Included,
        };
        if role != Role::Included {
            cursor.next();
        }
        let wanted = match cursor.peek() {
            Some('"') => Wanted::Phrase(quoted(cursor)?),
            Some('%') => Wanted::Regex(Regex::parse(cursor)?),
            _ => {
                let word = cursor.take_while(|next| next.is_ascii_alphanumeric() || next == '_');
                if word.is_empty() {
                    return Err(cursor.error(outside_quotes(cursor)));
                }
                Wanted::Phrase(word)
            }
        };
        Ok(Self { role, wanted })
    }

    fn holds(&self, line: &str) -> Verdict {
        let excluded = self.role == Role::Excluded;
        match &self.wanted {
            // AWS writes the pattern that matches everything as `" "`.
            Wanted::Phrase(phrase) if phrase.trim().is_empty() && !excluded => {
                Verdict::yes("a blank phrase matches every event")
            }
            Wanted::Phrase(phrase) if phrase.trim().is_empty() => {
                Verdict::unknown("an excluded blank phrase is not documented")
            }
            Wanted::Phrase(phrase) => {
                let found = line.contains(phrase.as_str());
                let state = if found { "contains" } else { "does not contain" };
                Verdict::new(Tri::from(found != excluded), format!("the line {state} {}", shown(phrase)))
            }
            Wanted::Regex(regex) => Verdict::unknown(format!(
                "a regular expression such as {} next to other terms is not documented",
                shown(&format!("%{}%", regex.source))
            )),
        }
    }
}

/// What to write instead of the next character.
fn outside_quotes(cursor: &Cursor) -> String {
    match cursor.peek() {
        None => "a term is missing after `?` or `-`".to_owned(),
        Some('\'') => "single quotes do not delimit phrases; use double quotes".to_owned(),
        Some('$') => {
            "a condition such as `$.eventName = \"GetObject\"` must be inside `{` and `}`".to_owned()
        }
        Some(character) if character.is_whitespace() => {
            "no space may stand between `?` or `-` and its term".to_owned()
        }
        Some(character) => format!(
            "`{}` is only allowed inside double quotes; terms outside them have letters, digits and `_`, and are separated by spaces",
            visible(character)
        ),
    }
}
