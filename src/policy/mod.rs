//! The organization's policy file `exfilguard.yaml`: what is sensitive, who is trusted, which checks run with which
//! severity and parameters (also by organizational unit), what is excepted, the gates, and the bounds of changes.
//!
//! [`file`] is what the rest of the program asks; reading goes from text over [`yaml`] (a tree with positions) and
//! `reader` (what is allowed where) to it. Every mistake is a [`problem`] with its place in the file. Nothing here
//! calls AWS.

pub mod checks;
mod document;
pub mod exceptions;
pub mod file;
mod form;
pub mod gates;
mod identifiers;
pub mod problem;
mod reader;
pub mod remediation;
pub mod sensitive;
mod template;
pub mod trust;
pub mod units;
pub mod yaml;

pub use checks::{CheckDescription, CheckSettings, ParameterDescription, ParameterKind, ParameterValue};
pub use exceptions::{ExceptionRule, Pattern, Position};
pub use file::{DEFAULT_FILE, DEFAULT_ROLE, ExternalId, OrganizationScope, PolicyFile};
pub use form::schema;
pub use gates::Gates;
pub use problem::{PolicyError, Problem};
pub use remediation::RemediationLimits;
pub use sensitive::{Sensitive, SensitiveOverride};
pub use template::template;
pub use trust::Trust;
pub use units::UnitSettings;

#[cfg(test)]
mod tests;
