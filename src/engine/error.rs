//! Why a check module is refused.

use std::fmt;

/// A mistake in a check module. Nothing is audited then (exit code 2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error, miette::Diagnostic)]
#[error("{}", self.place())]
pub struct LoadError {
    /// The module's file.
    pub path: String,
    /// The line, from 1; 0 when it is about the whole file.
    pub line: u32,
    /// The column, from 1; 0 when it is about the whole line.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

impl LoadError {
    /// A mistake at a line and column.
    pub fn at(path: &str, (line, column): (u32, u32), message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, column, message: message.into(), help: None }
    }

    /// A mistake of the whole file.
    pub fn file(path: &str, message: impl Into<String>) -> Self {
        Self::at(path, (0, 0), message)
    }

    /// The same mistake with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn place(&self) -> impl fmt::Display + '_ {
        struct Place<'a>(&'a LoadError);
        impl fmt::Display for Place<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let error = self.0;
                f.write_str(&error.path)?;
                if error.line > 0 {
                    write!(f, ":{}", error.line)?;
                    if error.column > 0 {
                        write!(f, ":{}", error.column)?;
                    }
                }
                write!(f, ": {}", error.message)
            }
        }
        Place(self)
    }
}
