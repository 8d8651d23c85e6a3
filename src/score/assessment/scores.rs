//! How well an organization stands, as an assessment writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Area, Severity};

/// How well the organization stands. Scores run from 0 to 100, where 100 means nothing to mend; they are rounded
/// down to one decimal, so that only a clean organization shows 100.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scores {
    /// The organization's score, unknown counted as not passed: the headline.
    pub overall: f64,
    /// By area, over all accounts. An area without an applicable result has none.
    pub by_area: BTreeMap<Area, f64>,
    /// By account id. Suspended accounts, and accounts without an applicable result, have none.
    pub by_account: BTreeMap<String, f64>,
    /// By account id and area.
    #[serde(default)]
    pub by_account_and_area: BTreeMap<String, BTreeMap<Area, f64>>,
    /// The letter of the headline.
    #[serde(default)]
    pub grade: Grade,
    /// Where the score lies if the unknown results turn out well or badly.
    #[serde(default)]
    pub band: Band,
    /// The severity-weighted share of unknown results, 0 to 1, rounded up to three decimals.
    #[serde(default)]
    pub unknown_share: f64,
    /// The lowest account score.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// The 10th percentile of the account scores (nearest rank).
    #[serde(default)]
    pub percentile_10: Option<f64>,
    /// How many accounts score below 50.
    #[serde(default)]
    pub accounts_below_50: u64,
    /// The five worst pairs of account and check, worst first.
    #[serde(default)]
    pub worst: Vec<WorstPair>,
    /// The simulation score, 0 to 100: how far defence gets against every technique on every bucket; none without a
    /// simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulation: Option<f64>,
}

/// The letter of a score: A from 90, B from 80, C from 70, D from 50, else E.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Grade {
    /// At least 90.
    A,
    /// At least 80.
    B,
    /// At least 70.
    C,
    /// At least 50.
    D,
    /// Below 50.
    #[default]
    E,
}

impl Grade {
    /// The letter of a score between 0 and 100.
    #[must_use]
    pub fn of(score: f64) -> Self {
        match score {
            s if s >= 90.0 => Self::A,
            s if s >= 80.0 => Self::B,
            s if s >= 70.0 => Self::C,
            s if s >= 50.0 => Self::D,
            _ => Self::E,
        }
    }

    /// The letter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
        }
    }
}

/// The score if every unknown result were a failure, and if every one were a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// Every unknown result fails: the headline.
    pub lower: f64,
    /// Every unknown result passes.
    pub upper: f64,
}

/// A check that an account fails badly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstPair {
    /// The account.
    pub account_id: String,
    /// The check's id.
    pub check: String,
    /// The check's severity.
    pub severity: Severity,
    /// How much of the check passes, 0 to 100, weighted by sensitivity.
    pub coverage: f64,
}
