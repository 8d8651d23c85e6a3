//! Mistakes in a policy file, each with its place and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A piece of the text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where it begins.
    pub start: usize,
    /// How long it is; 0 points between two characters.
    pub length: usize,
}

impl Place {
    /// The place of a line and column, both counted from 1, columns in characters.
    #[must_use]
    pub fn of_line(text: &str, line: u64, column: u64) -> Self {
        let mut start = 0;
        for (number, content) in (1u64..).zip(text.split_inclusive('\n')) {
            if number == line {
                let before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
                start += content.chars().take(before).map(char::len_utf8).sum::<usize>();
                break;
            }
            start += content.len();
        }
        Self { start, length: 0 }
    }

    /// The line and column in `text`, both counted from 1, columns in characters. A byte order mark has no width.
    #[must_use]
    pub fn line_and_column(self, text: &str) -> (usize, usize) {
        let before = text.get(..self.start).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        let column = last_line.chars().filter(|c| *c != '\u{feff}').count() + 1;
        (line, column)
    }
}

/// One mistake in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do about it: what is allowed here, or the nearest name.
    pub help: Option<String>,
}

impl Problem {
    /// A mistake without advice.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None }
    }

    /// The same mistake with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// How many mistakes of one file are kept; a file with more is of another kind.
const MAX_MISTAKES: usize = 50;

/// A policy file that cannot be used. Nothing is audited then (exit code 2).
///
/// As a [`Diagnostic`] each mistake is shown in the text of the file; [`PolicyError::lines`] is for plain text.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file could not be opened or read.
    #[error("cannot read the policy file `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read and has mistakes: at least one.
    #[error("the policy file `{name}` cannot be used: {}", counted(*total))]
    Invalid {
        /// The file's name as given.
        name: String,
        /// How many mistakes were found.
        total: usize,
        /// The first of them, in the order of the text.
        mistakes: Vec<Mistake>,
    },
}

fn counted(total: usize) -> String {
    if total == 1 { "1 mistake".to_owned() } else { format!("{total} mistakes") }
}

impl PolicyError {
    /// The mistakes of this text, put into its order.
    pub(super) fn invalid(path: &Path, text: String, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        let name = path.display().to_string();
        let total = problems.len();
        let text = Arc::new(text);
        let mistakes = problems
            .into_iter()
            .take(MAX_MISTAKES)
            .map(|problem| {
                let (line, column) = problem.place.line_and_column(&text);
                let shown = can_be_shown(problem.place, &text);
                Mistake {
                    problem,
                    position: format!("{name}:{line}:{column}"),
                    text: shown.then(|| NamedSource::new(&name, Arc::clone(&text))),
                }
            })
            .collect();
        Self::Invalid { name, total, mistakes }
    }

    /// One line for each mistake: `file:line:column: message; advice`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } => vec![self.to_string()],
            Self::Invalid { mistakes, .. } => mistakes.iter().map(Mistake::line).collect(),
        }
    }
}

impl Diagnostic for PolicyError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("docs/policy-file.md describes every key"))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Invalid { mistakes, .. } => {
                Some(Box::new(mistakes.iter().map(|mistake| mistake as &dyn Diagnostic)))
            }
        }
    }
}

/// The longest line, in bytes, that is shown around a mistake. Nobody finds a mark in a longer one, and the library that
/// draws it panics where the mark is beyond column 65,535.
const MAX_SHOWN_LINE: usize = 1_000;

/// A problem together with the text that it is in.
#[derive(Debug)]
pub struct Mistake {
    problem: Problem,
    position: String,
    /// None where a line is too long to be shown.
    text: Option<NamedSource<Arc<String>>>,
}

impl std::error::Error for Mistake {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_none() {
            write!(f, "{}: ", self.position)?;
        }
        f.write_str(&self.problem.message)
    }
}

/// Whether the lines around a place, as they are shown with it, are short enough.
fn can_be_shown(place: Place, text: &str) -> bool {
    let before = text.get(..place.start).unwrap_or(text).rsplit('\n').take(2);
    let after = text.get(place.start..).unwrap_or_default().split('\n').take(2);
    before.chain(after).all(|line| line.len() <= MAX_SHOWN_LINE)
}

impl Mistake {
    fn line(&self) -> String {
        let message = format!("{}: {}", self.position, self.problem.message);
        match &self.problem.help {
            Some(help) => format!("{message}; {help}"),
            None => message,
        }
    }
}

impl Diagnostic for Mistake {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.problem.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.text.as_ref()?;
        let Place { start, length } = self.problem.place;
        let label = LabeledSpan::new(Some("here".to_owned()), start, length);
        Some(Box::new(std::iter::once(label)))
    }
}
