//! Whether a part was read, or why not.

use serde::{Deserialize, Serialize};

/// A part of AWS's configuration as far as it could be read.
///
/// A resource that AWS says does not exist is known to be absent (`Known(None)`, `Known([])`), never `Unreadable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading<T> {
    /// What AWS answered.
    Known(T),
    /// Why there is no answer.
    Unreadable(Unreadable),
}

/// Why a part could not be read: the call that failed and what AWS (or the network) said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unreadable {
    /// Service and operation, for example `s3:GetBucketPolicy`.
    pub operation: String,
    /// AWS's error code, verbatim, or a name of ours in the same style (`TimeoutError`, `DispatchFailure`).
    pub code: String,
    /// The message, at most 400 characters, without control characters.
    pub message: String,
}

impl Unreadable {
    /// The code of a call that was not made, because nobody needed its answer.
    pub const NOT_ASKED: &'static str = "NotAsked";

    /// A part that was not asked for, and why not.
    #[must_use]
    pub fn not_asked(operation: &str, why: &str) -> Self {
        Self { operation: operation.to_owned(), code: Self::NOT_ASKED.to_owned(), message: why.to_owned() }
    }

    /// Whether the call was not made because nobody needed its answer: a gap that is no failure.
    #[must_use]
    pub fn is_not_asked(&self) -> bool {
        self.code == Self::NOT_ASKED
    }

    /// One clause for a person: which call failed and how.
    #[must_use]
    pub fn clause(&self) -> String {
        if self.is_not_asked() {
            return format!("`{}` was not asked: {}", self.operation, self.message);
        }
        format!("`{}` failed with `{}`", self.operation, self.code)
    }
}

impl<T> Reading<T> {
    /// The value, if it was read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unreadable(_) => None,
        }
    }

    /// Why it was not read, if it was not.
    pub fn unreadable(&self) -> Option<&Unreadable> {
        match self {
            Self::Known(_) => None,
            Self::Unreadable(why) => Some(why),
        }
    }

    /// The value, or why there is none.
    ///
    /// # Errors
    /// The failed call, if the part could not be read.
    pub fn as_result(&self) -> Result<&T, &Unreadable> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unreadable(why) => Err(why),
        }
    }

    /// The same reading of another form of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(f(value)),
            Self::Unreadable(why) => Reading::Unreadable(why),
        }
    }
}

impl<T> From<Result<T, Unreadable>> for Reading<T> {
    fn from(result: Result<T, Unreadable>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(why) => Self::Unreadable(why),
        }
    }
}
