//! A position in the text of a filter pattern, with the columns that error messages name.

use super::InvalidPattern;

/// The characters of a pattern and the next one to read.
pub(super) struct Cursor {
    characters: Vec<char>,
    at: usize,
    /// Regular expressions read so far; AWS allows two in a pattern.
    pub(super) regexes: usize,
}

impl Cursor {
    /// A cursor before the first character.
    pub(super) fn new(text: &str) -> Self {
        Self { characters: text.chars().collect(), at: 0, regexes: 0 }
    }

    /// The next character, if any.
    pub(super) fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    /// The character after the next one, if any.
    pub(super) fn peek_second(&self) -> Option<char> {
        self.characters.get(self.at + 1).copied()
    }

    /// Reads one character.
    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        Some(character)
    }

    /// Reads `expected` if it comes next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let length = expected.chars().count();
        let found = self
            .characters
            .get(self.at..self.at + length)
            .is_some_and(|next| next.iter().copied().eq(expected.chars()));
        if found {
            self.at += length;
        }
        found
    }

    /// Reads the longest run of characters that `accepts` takes, which may be empty.
    pub(super) fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> String {
        let mut run = String::new();
        while let Some(character) = self.peek().filter(|next| accepts(*next)) {
            run.push(character);
            self.at += 1;
        }
        run
    }

    /// Skips white space and tells whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let before = self.at;
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.at > before
    }

    /// The 1-based column of the next character.
    pub(super) fn column(&self) -> usize {
        self.at + 1
    }

    /// An error at the next character.
    pub(super) fn error(&self, reason: impl Into<String>) -> InvalidPattern {
        InvalidPattern::at(self.column(), reason)
    }

    /// How an error message names the next character.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            Some(character) => format!("found `{}`", visible(character)),
            None => "the pattern ends here".to_owned(),
        }
    }
}

/// A character as an error message writes it: control characters escaped.
pub(super) fn visible(character: char) -> String {
    match character {
        '"' | '\'' | '\\' => character.to_string(),
        _ => character.escape_debug().to_string(),
    }
}
