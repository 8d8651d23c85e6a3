//! The `wildcard` operator: `*` stands for zero or more characters, `\*` and `\\` are escapes.
//!
//! The pattern is cut at its `*` into literal segments; each segment is then looked for once, from left to right.
//! Taking the leftmost occurrence is always safe because the stars between segments accept anything, so matching is
//! linear in the value and never backtracks.

/// A parsed `wildcard` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wildcard {
    /// The literals between the stars, unescaped; a pattern without star has exactly one.
    segments: Vec<String>,
    /// The value as written in the pattern.
    source: String,
}

impl Wildcard {
    /// Parses a `wildcard` value, with the rules of event-ruler's `WildcardParser`.
    ///
    /// # Errors
    /// Consecutive `*`, or a backslash before anything other than `*` and `\`.
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut segment = String::new();
        let mut after_star = false;
        let mut characters = source.chars();
        while let Some(character) = characters.next() {
            if character == '*' {
                if after_star {
                    return Err(format!("wildcard `{source}` has consecutive `*`; write a single `*`"));
                }
                after_star = true;
                segments.push(std::mem::take(&mut segment));
                continue;
            }
            after_star = false;
            if character != '\\' {
                segment.push(character);
                continue;
            }
            match characters.next() {
                Some(escaped @ ('*' | '\\')) => segment.push(escaped),
                _ => {
                    return Err(format!(
                        "wildcard `{source}` has an invalid escape; a backslash may only stand before `*` or another backslash"
                    ));
                }
            }
        }
        segments.push(segment);
        Ok(Self { segments, source: source.to_owned() })
    }

    /// The value as written in the pattern, with its escapes.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.segments.split_first() else {
            return text.is_empty();
        };
        let Some((last, middle)) = others.split_last() else {
            return text == first;
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for segment in middle {
            let Some((_, after)) = rest.split_once(segment.as_str()) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}
