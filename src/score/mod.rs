//! The assessment (what one audit says) and its scores.
//!
//! [`assessment`] is the plain data that every report is made from; [`scoring`] computes its scores by section 10 of
//! the domain reference. Nothing here knows how a report looks.

pub mod assessment;
pub mod baseline;
mod exception_use;
mod organization;
mod overview;
mod records;
mod scoring;
pub mod trend;

pub use exception_use::ExceptionUse;
pub use organization::{Standing, roll_up, scores};
pub use overview::{Group, Line, MatrixRow, Overview};
pub use records::{AccountRecords, AssessmentView, Chunks, Records, ReportNeeds, Section, Sections, Texts};
pub use scoring::{AccountScore, CheckCoverage, account_score, area_score, severity_weight};
