//! String values of conditions, in which `*` stands for any run of characters.

/// A string to compare a whole value with; `*` stands for any run of characters, the empty one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// The literals between the stars; exactly one when there is no star.
    literals: Vec<String>,
}

impl Glob {
    /// Reads `text`; AWS documents no way to write a literal `*`.
    pub(super) fn new(text: &str) -> Self {
        Self { literals: text.split('*').map(str::to_owned).collect() }
    }

    /// Whether there is a `*` at all.
    pub(super) fn has_star(&self) -> bool {
        self.literals.len() > 1
    }

    /// Whether the value is nothing but `*`, which takes every scalar.
    pub(super) fn is_anything(&self) -> bool {
        self.has_star() && self.literals.iter().all(String::is_empty)
    }

    /// Whether the whole `value` matches. Every literal is looked for once, leftmost first, which is safe because the stars
    /// between them take anything; so the time is linear in the value.
    pub(super) fn matches(&self, value: &str) -> bool {
        let Some((first, rest)) = self.literals.split_first() else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return value == first;
        };
        let Some(mut remaining) = value.strip_prefix(first.as_str()) else {
            return false;
        };
        for literal in middle {
            match remaining.split_once(literal.as_str()) {
                Some((_, after)) => remaining = after,
                None => return false,
            }
        }
        remaining.ends_with(last.as_str())
    }
}
