//! Who answers a hunt.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::hunt::Hunt;
use super::parameters::{ParameterError, Parameters};
use super::rows::Answer;
use crate::collect::Failure;
use crate::collect::permission::permission;
use crate::snapshot::Unreadable;

/// The kinds of back end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum BackEnd {
    /// Amazon Athena over the trail's bucket.
    Athena,
    /// CloudWatch Logs Insights over the trail's log group.
    LogsInsights,
    /// Log files at hand, with the engine that is built in.
    Local,
}

impl BackEnd {
    /// The spelling on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Athena => "athena",
            Self::LogsInsights => "logs-insights",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for BackEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Answers hunts. What it could not read stands in the answer's notes; only what prevents an answer is an error.
pub trait QueryBackend: Send + Sync {
    /// Which kind it is.
    fn back_end(&self) -> BackEnd;

    /// Whether each hunt has to name the accounts whose records it asks for.
    fn needs_accounts(&self) -> bool {
        false
    }

    /// Asks the hunt with these values.
    ///
    /// # Errors
    /// There is no answer at all: see [`QueryError`].
    fn run(
        &self,
        hunt: &Hunt,
        parameters: &Parameters,
    ) -> impl Future<Output = Result<Answer, QueryError>> + Send;
}

/// Why a hunt has no answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum QueryError {
    /// The values do not fit the hunt.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Parameters(#[from] ParameterError),
    /// The back end cannot be asked this.
    #[error("`{hunt}` cannot be asked of {back_end}: {why}")]
    Unsupported {
        /// The hunt.
        hunt: String,
        /// The back end.
        back_end: BackEnd,
        /// Why not, and which back end can.
        why: String,
    },
    /// A path that was named cannot be read at all.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The engine that is built in refused or gave up, for example for want of memory.
    #[error("the query `{hunt}` failed: {message}")]
    Engine {
        /// The hunt.
        hunt: String,
        /// What the engine says.
        message: String,
    },
    /// An AWS call failed, or the query failed at AWS.
    #[error("{operation}: {code}: {message}")]
    Aws {
        /// The operation, such as `athena:StartQueryExecution`.
        operation: String,
        /// The error code, or the query's state.
        code: String,
        /// What AWS says.
        message: String,
    },
    /// The back end is not asked, because it could not answer, or might read more than the person expects.
    #[error("{back_end} was not asked: {why}")]
    #[diagnostic(help("{next}"))]
    Refused {
        /// The back end.
        back_end: BackEnd,
        /// Why not.
        why: String,
        /// What to do about it.
        next: String,
    },
    /// The query took too long and was cancelled.
    #[error("`{what}` took longer than {seconds} s in {back_end} and was cancelled")]
    #[diagnostic(help("ask for a smaller window, or give it more time with --query-time-out"))]
    TimedOut {
        /// The back end.
        back_end: BackEnd,
        /// What was asked.
        what: String,
        /// How long it could take, in seconds.
        seconds: u64,
    },
    /// The answer is not of the hunt's form: a defect of the program or of the table.
    #[error("{back_end} answered `{hunt}` with something else: {message}")]
    WrongAnswer {
        /// The hunt.
        hunt: String,
        /// The back end.
        back_end: BackEnd,
        /// What is wrong.
        message: String,
    },
    /// The person stopped it.
    #[error("interrupted; the query was cancelled")]
    Interrupted,
}

impl From<Failure> for QueryError {
    fn from(failure: Failure) -> Self {
        let Unreadable { operation, code, message } = failure.unreadable;
        let message = match permission(&operation, &code) {
            Some(action) => format!("{message} (the permission `{action}` is missing)"),
            None => message,
        };
        Self::Aws { operation, code, message }
    }
}
