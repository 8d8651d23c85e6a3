//! Three-valued answers: the common currency of every evaluator.
//!
//! Every question that exfilguard asks about an AWS configuration is answered with [`Tri`]: `Yes`, `No` or
//! `Unknown`. Kleene's strong logic combines them, so that an unread part never turns into a yes or a no unless the
//! outcome does not depend on it. A [`Verdict`] carries the answer together with the reason a person reads, the
//! smallest concrete event or request that shows a `No`, and the undocumented assumptions it rests on.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A three-valued truth value (Kleene's strong logic of indeterminacy).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tri {
    /// Certainly true.
    Yes,
    /// Certainly false.
    No,
    /// Could not be determined: denied, unparsable, undocumented or unsupported.
    Unknown,
}

impl Tri {
    /// Conjunction: `No` dominates, then `Unknown`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// Disjunction: `Yes` dominates, then `Unknown`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// Conjunction over a sequence; `Yes` for an empty one.
    pub fn all(values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(Self::Yes, Self::and)
    }

    /// Disjunction over a sequence; `No` for an empty one.
    pub fn any(values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(Self::No, Self::or)
    }

    /// True only for [`Tri::Yes`].
    #[must_use]
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// True only for [`Tri::No`].
    #[must_use]
    pub fn is_no(self) -> bool {
        self == Self::No
    }

    /// True only for [`Tri::Unknown`].
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }
}

impl std::ops::Not for Tri {
    type Output = Self;

    /// Negation: `Unknown` stays `Unknown`.
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

impl fmt::Display for Tri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}

/// A statement about AWS that AWS does not document, by its number in the assumption register (`A-06` is `Assumption(6)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assumption(pub u8);

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "A-{:02}", self.0)
    }
}

impl Serialize for Assumption {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The assumptions that an answer rests on, sorted.
pub type Assumptions = BTreeSet<Assumption>;

/// An answer with its reason, its witness and the assumptions used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub value: Tri,
    /// Why, as one clause for a person: a lowercase fragment without a final period.
    pub reason: String,
    /// For `No` (and where it helps for `Unknown`): the smallest concrete event or request that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// Undocumented assumptions that the answer rests on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub assumptions: Assumptions,
}

impl Verdict {
    /// An answer with its reason, without witness or assumption.
    pub fn new(value: impl Into<Tri>, reason: impl Into<String>) -> Self {
        Self { value: value.into(), reason: reason.into(), witness: None, assumptions: Assumptions::new() }
    }

    /// A certain yes.
    pub fn yes(reason: impl Into<String>) -> Self {
        Self::new(Tri::Yes, reason)
    }

    /// A certain no.
    pub fn no(reason: impl Into<String>) -> Self {
        Self::new(Tri::No, reason)
    }

    /// Not determined, with the reason why not.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::new(Tri::Unknown, reason)
    }

    /// The same answer with a witness.
    #[must_use]
    pub fn with_witness(mut self, witness: Value) -> Self {
        self.witness = Some(witness);
        self
    }

    /// The same answer, resting on one more assumption.
    #[must_use]
    pub fn assuming(mut self, assumption: Assumption) -> Self {
        self.assumptions.insert(assumption);
        self
    }

    /// Conjunction. Keeps the reason, witness and assumptions of the side that decides.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let value = self.value.and(other.value);
        self.combined(other, value)
    }

    /// Disjunction. Keeps the reason, witness and assumptions of the side that decides.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let value = self.value.or(other.value);
        self.combined(other, value)
    }

    fn combined(mut self, mut other: Self, value: Tri) -> Self {
        match (self.value == value, other.value == value) {
            (true, false) => self,
            (false, true) => other,
            _ => {
                self.assumptions.append(&mut other.assumptions);
                if self.reason.is_empty() {
                    self.reason = other.reason;
                } else if !other.reason.is_empty() && other.reason != self.reason {
                    self.reason = format!("{}; {}", self.reason, other.reason);
                }
                self.witness = self.witness.or(other.witness);
                self.value = value;
                self
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Tri; 3] = [Tri::Yes, Tri::No, Tri::Unknown];

    #[test]
    fn kleene_tables_hold() {
        for a in ALL {
            for b in ALL {
                assert_eq!(a.and(b), b.and(a));
                assert_eq!(a.or(b), b.or(a));
                assert_eq!(!(a.and(b)), (!a).or(!b), "De Morgan on {a} and {b}");
            }
            assert_eq!(a.and(Tri::No), Tri::No);
            assert_eq!(a.or(Tri::Yes), Tri::Yes);
            assert_eq!(a.and(Tri::Yes), a);
            assert_eq!(a.or(Tri::No), a);
        }
        assert_eq!(Tri::Unknown.and(Tri::Unknown), Tri::Unknown);
    }

    #[test]
    fn the_deciding_side_gives_the_reason() {
        let no = Verdict::no("stopped").assuming(Assumption(9));
        let unknown = Verdict::unknown("denied");
        let both = unknown.clone().and(no.clone());
        assert_eq!(both, no);
        assert_eq!(no.or(unknown.clone()), unknown);
        assert_eq!(Verdict::yes("a").and(Verdict::yes("b")).reason, "a; b");
    }

    #[test]
    fn assumptions_are_written_as_in_the_register() {
        assert_eq!(Assumption(6).to_string(), "A-06");
        assert_eq!(serde_json::to_value(Assumption(18)).unwrap(), "A-18");
    }
}
