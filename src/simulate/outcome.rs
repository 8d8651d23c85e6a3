//! What becomes of a theft: the ladder of `aws-semantics.md` 0.3, as an interval where something is not known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantics::verdict::Tri;

/// How far defence gets against one technique on one bucket; ordered from the worst to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nobody will ever know.
    Blind,
    /// There is evidence for those who look for it afterwards.
    Logged,
    /// Something notices, and nobody is told.
    Detected,
    /// A person is told.
    Alerted,
    /// It cannot be done.
    Prevented,
}

impl Outcome {
    /// All outcomes, the worst first.
    pub const ALL: [Self; 5] = [Self::Blind, Self::Logged, Self::Detected, Self::Alerted, Self::Prevented];

    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Logged => "logged",
            Self::Detected => "detected",
            Self::Alerted => "alerted",
            Self::Prevented => "prevented",
        }
    }

    /// Its value in the simulation score (`aws-semantics.md` 10), 0 to 1.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.tenths()) / 10.0
    }

    /// The same in tenths: a whole number, so that sums are exact.
    #[must_use]
    pub fn tenths(self) -> u8 {
        match self {
            Self::Blind => 0,
            Self::Logged => 2,
            Self::Detected => 4,
            Self::Alerted => 8,
            Self::Prevented => 10,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The answers to the four questions of `aws-semantics.md` 0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// Is every event of it logged?
    pub logged: Tri,
    /// Does something notice?
    pub detected: Tri,
    /// Is a person told?
    pub alerted: Tri,
    /// Is it refused?
    pub prevented: Tri,
}

impl Answers {
    /// Those of several chains: the thief takes the one that serves him best, and none that is refused while another is not.
    #[must_use]
    pub fn joined(chains: &[Self]) -> Self {
        let prevented = Tri::all(chains.iter().map(|chain| chain.prevented));
        let open = || chains.iter().filter(|chain| prevented.is_yes() || !chain.prevented.is_yes());
        Self {
            logged: Tri::all(open().map(|chain| chain.logged)),
            detected: Tri::all(open().map(|chain| chain.detected)),
            alerted: Tri::all(open().map(|chain| chain.alerted)),
            prevented,
        }
    }

    /// The best that is certain: what is unknown counts as no.
    #[must_use]
    pub fn certain(self) -> Outcome {
        self.outcome(Tri::is_yes)
    }

    /// The best that is possible: what is unknown counts as yes.
    #[must_use]
    pub fn possible(self) -> Outcome {
        self.outcome(|answer| !answer.is_no())
    }

    fn outcome(self, holds: impl Fn(Tri) -> bool) -> Outcome {
        if holds(self.prevented) {
            Outcome::Prevented
        } else if holds(self.alerted) {
            Outcome::Alerted
        } else if holds(self.detected) {
            Outcome::Detected
        } else if holds(self.logged) {
            Outcome::Logged
        } else {
            Outcome::Blind
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tri() -> impl Strategy<Value = Tri> {
        prop_oneof![Just(Tri::Yes), Just(Tri::No), Just(Tri::Unknown)]
    }

    proptest! {
        #[test]
        fn what_becomes_unknown_never_raises_what_is_certain(
            logged in tri(), detected in tri(), alerted in tri(), prevented in tri(), which in 0..4_usize
        ) {
            let answers = Answers { logged, detected, alerted, prevented };
            let mut doubtful = answers;
            match which {
                0 => doubtful.logged = Tri::Unknown,
                1 => doubtful.detected = Tri::Unknown,
                2 => doubtful.alerted = Tri::Unknown,
                _ => doubtful.prevented = Tri::Unknown,
            }
            prop_assert!(doubtful.certain() <= answers.certain());
            prop_assert!(doubtful.possible() >= answers.possible());
            prop_assert!(answers.certain() <= answers.possible());
        }
    }

    #[test]
    fn the_ladder_is_climbed_from_the_top() {
        let answers = |logged, detected, alerted, prevented| Answers { logged, detected, alerted, prevented };
        assert_eq!(answers(Tri::No, Tri::No, Tri::No, Tri::Yes).certain(), Outcome::Prevented);
        assert_eq!(answers(Tri::Yes, Tri::Yes, Tri::Unknown, Tri::No).certain(), Outcome::Detected);
        assert_eq!(answers(Tri::Yes, Tri::Yes, Tri::Unknown, Tri::No).possible(), Outcome::Alerted);
        assert_eq!(answers(Tri::No, Tri::No, Tri::No, Tri::No).possible(), Outcome::Blind);
    }
}
