//! The regular expressions of filter patterns: the subset that AWS documents ("Supported regular expressions"), searched
//! unanchored.
//!
//! The expression is checked character by character and rewritten for `regex-automata`, whose dialect is larger: AWS has no
//! groups, no flags and no Unicode classes. The engine never backtracks; the work of one search is bounded by the number of
//! its states times the length of the text.

use regex_automata::meta;
use regex_automata::nfa::thompson;

use super::InvalidPattern;
use super::cursor::{Cursor, visible};

/// Bytes that one compiled expression may take.
const SIZE_LIMIT: usize = 2 << 20;
/// States times bytes of text beyond which a search is not attempted.
const WORK_LIMIT: usize = 250_000_000;
/// Regular expressions in one pattern (CloudWatch Logs quota).
const MOST_REGEXES: usize = 2;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) struct Regex {
    engine: meta::Regex,
    states: usize,
    /// The expression as written, between its `%`.
    pub(super) source: String,
}

impl Regex {
    /// Whether `text` contains a match; `None` when the search would take too long.
    pub(super) fn search(&self, text: &str) -> Option<bool> {
        let work = self.states.saturating_mul(text.len());
        (work <= WORK_LIMIT).then(|| self.engine.is_match(text))
    }

    /// Reads `%…%` at the cursor.
    ///
    /// # Errors
    /// A third expression, a missing `%`, a character or construct outside AWS's subset, or an expression too large.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        let start = cursor.column();
        cursor.regexes += 1;
        if cursor.regexes > MOST_REGEXES {
            return Err(
                cursor.error(format!("a pattern may have at most {MOST_REGEXES} regular expressions"))
            );
        }
        cursor.next();
        let mut rewriting = Rewriting::default();
        let mut source = String::new();
        loop {
            if cursor.peek().is_none() {
                return Err(InvalidPattern::at(start, "the regular expression has no closing `%`"));
            }
            if cursor.take("%") {
                break;
            }
            source.push_str(&rewriting.step(cursor)?);
        }
        if source.is_empty() {
            return Err(InvalidPattern::at(start, "the regular expression is empty"));
        }
        Self::compile(&rewriting.output, source).map_err(|reason| InvalidPattern::at(start, reason))
    }

    fn compile(expression: &str, source: String) -> Result<Self, String> {
        let explain = |error: &dyn std::fmt::Display| format!("regular expression `{source}` {error}");
        let config = thompson::Config::new().nfa_size_limit(Some(SIZE_LIMIT));
        let nfa = thompson::Compiler::new().configure(config).build(expression).map_err(|_| {
            explain(&"cannot be compiled; check its brackets, ranges and repetitions, and their size")
        })?;
        let limits = meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)).hybrid_cache_capacity(SIZE_LIMIT);
        let engine = meta::Regex::builder()
            .configure(limits)
            .build(expression)
            .map_err(|_| explain(&"is too large; write smaller repetitions"))?;
        Ok(Self { engine, states: nfa.states().len(), source })
    }
}

/// The state of the rewriting into the dialect of `regex-automata`.
#[derive(Default)]
struct Rewriting {
    output: String,
    /// Inside `[…]`.
    in_class: bool,
    /// Members of the class so far, without a leading `^`.
    members: usize,
    /// Quantifiers directly before this place: a second one is possessive or nested, which AWS does not document.
    quantifiers: usize,
}

impl Rewriting {
    /// Reads one character, escape or quantifier and gives it as written.
    fn step(&mut self, cursor: &mut Cursor) -> Result<String, InvalidPattern> {
        let Some(character) = cursor.peek() else {
            return Ok(String::new());
        };
        match character {
            '\\' => {
                self.quantifiers = 0;
                self.members += 1;
                self.escape(cursor)
            }
            _ if self.in_class => self.class_member(character, cursor),
            '[' => {
                cursor.next();
                self.quantifiers = 0;
                self.in_class = true;
                self.members = 0;
                self.output.push('[');
                let negated = cursor.take("^");
                if negated {
                    self.output.push('^');
                }
                Ok(if negated { "[^" } else { "[" }.to_owned())
            }
            '*' | '+' | '?' | '{' => self.quantifier(character, cursor),
            '^' | '$' | '|' | '.' => {
                self.quantifiers = 0;
                self.output.push(character);
                cursor.next();
                Ok(character.to_string())
            }
            ']' | '}' => Err(cursor
                .error(format!("`{character}` closes nothing; write `\\{character}` for the character"))),
            _ => {
                self.quantifiers = 0;
                self.literal(character, cursor)
            }
        }
    }

    /// A literal of AWS's alphabet.
    fn literal(&mut self, character: char, cursor: &mut Cursor) -> Result<String, InvalidPattern> {
        if matches!(character, '(' | ')') {
            return Err(cursor.error("regular expressions have no parentheses; write `|` without a group"));
        }
        // A space is not in the list, but in AWS's own example `%^starting|^initializing|^shutting down%`.
        if !character.is_ascii_alphanumeric() && !is_symbol(character) && character != ' ' {
            return Err(cursor.error(format!(
                "`{}` is not allowed in a regular expression; allowed are letters, digits, `:_#=@/;,-` and the operators `^$?[]{{}}|\\*+.` (any other ASCII character as `\\xhh`)",
                visible(character)
            )));
        }
        cursor.next();
        if matches!(character, '#' | '-') {
            self.output.push('\\');
        }
        self.output.push(character);
        Ok(character.to_string())
    }

    /// One member of a class, or its end.
    fn class_member(&mut self, character: char, cursor: &mut Cursor) -> Result<String, InvalidPattern> {
        match character {
            ']' if self.members == 0 => {
                Err(cursor.error("the character class is empty; write `\\]` for the character"))
            }
            ']' => {
                self.in_class = false;
                cursor.next();
                self.output.push(']');
                Ok("]".to_owned())
            }
            '[' => Err(cursor.error("character classes cannot be nested; write `\\[` for the character")),
            '-' => {
                let at_edge = self.members == 0 || cursor.peek_second() == Some(']');
                if cursor.peek_second() == Some('-') {
                    return Err(cursor.error("`--` is not allowed in a character class; write one `-`"));
                }
                self.members += 1;
                cursor.next();
                self.output.push_str(if at_edge { "\\-" } else { "-" });
                Ok("-".to_owned())
            }
            '^' | '$' | '?' | '{' | '}' | '|' | '*' | '+' | '.' => {
                self.members += 1;
                cursor.next();
                self.output.push('\\');
                self.output.push(character);
                Ok(character.to_string())
            }
            _ => {
                self.members += 1;
                self.literal(character, cursor)
            }
        }
    }

    /// `*`, `+`, `?` or `{m,n}`, outside a class.
    fn quantifier(&mut self, character: char, cursor: &mut Cursor) -> Result<String, InvalidPattern> {
        self.quantifiers += 1;
        let lazy = self.quantifiers == 2 && character == '?';
        if self.quantifiers > 1 && !lazy {
            return Err(cursor.error(format!(
                "`{character}` repeats a repetition, which regular expressions of filter patterns cannot"
            )));
        }
        cursor.next();
        let mut read = character.to_string();
        if character == '{' {
            let start = cursor.column();
            let counts = cursor.take_while(|next| next.is_ascii_digit() || next == ',');
            let complete = counts.contains(|digit: char| digit.is_ascii_digit())
                && counts.matches(',').count() < 2
                && cursor.take("}");
            if !complete {
                return Err(InvalidPattern::at(
                    start,
                    "a repetition is written `{m}`, `{m,}`, `{,n}` or `{m,n}`",
                ));
            }
            read.push_str(&counts);
            read.push('}');
            let least = if counts.starts_with(',') { "0" } else { "" };
            self.output.push_str(&format!("{{{least}{counts}}}"));
        } else {
            self.output.push(character);
        }
        Ok(read)
    }

    /// An escape: a class such as `\d`, `\xhh`, or a character of the alphabet.
    fn escape(&mut self, cursor: &mut Cursor) -> Result<String, InvalidPattern> {
        let start = cursor.column();
        cursor.next();
        let Some(escaped) = cursor.next() else {
            return Err(InvalidPattern::at(start, "a backslash escapes nothing"));
        };
        let class = match escaped {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            's' => r"[ \t\n\x0B\x0C\r]",
            'S' => r"[^ \t\n\x0B\x0C\r]",
            'w' => "[A-Za-z0-9_]",
            'W' => "[^A-Za-z0-9_]",
            _ => "",
        };
        if !class.is_empty() {
            self.output.push_str(class);
            return Ok(format!("\\{escaped}"));
        }
        if escaped == 'x' {
            let mut digits = String::new();
            while let Some(digit) = cursor.peek().filter(|next| digits.len() < 2 && next.is_ascii_hexdigit())
            {
                digits.push(digit);
                cursor.next();
            }
            if !u8::from_str_radix(&digits, 16).is_ok_and(|byte| digits.len() == 2 && byte.is_ascii()) {
                return Err(InvalidPattern::at(
                    start,
                    "`\\x` needs two hexadecimal digits of an ASCII character",
                ));
            }
            self.output.push_str(&format!("\\x{digits}"));
            return Ok(format!("\\x{digits}"));
        }
        if !is_operator(escaped) && !is_symbol(escaped) {
            return Err(InvalidPattern::at(
                start,
                format!(
                    "`\\{}` is not supported; the escapes are `\\d \\D \\s \\S \\w \\W \\xhh` and a backslash before a symbol or an operator",
                    visible(escaped)
                ),
            ));
        }
        // `:`, `_`, `=`, `@`, `/`, `;` and `,` are literals anyway.
        if is_operator(escaped) || matches!(escaped, '#' | '-') {
            self.output.push('\\');
        }
        self.output.push(escaped);
        Ok(format!("\\{escaped}"))
    }
}

fn is_symbol(character: char) -> bool {
    matches!(character, ':' | '_' | '#' | '=' | '@' | '/' | ';' | ',' | '-')
}

fn is_operator(character: char) -> bool {
    matches!(character, '^' | '$' | '?' | '[' | ']' | '{' | '}' | '|' | '\\' | '*' | '+' | '.')
}
