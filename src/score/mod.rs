//! The assessment (what one audit says) and its scores.
//!
//! [`assessment`] is the plain data that every report is made from; [`scoring`] computes its scores by section 10 of
//! the domain reference. Nothing here knows how a report looks.

pub mod assessment;
pub mod baseline;
mod organization;
mod scoring;
pub mod trend;

pub use organization::scores;
pub use scoring::{AccountScore, CheckCoverage, account_score, area_score, severity_weight};
