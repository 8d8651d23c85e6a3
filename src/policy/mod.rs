//! The organization's policy file `exfilguard.yaml`: what is sensitive, who is trusted, which checks run with which
//! severity and parameters, and the gate.
//!
//! [`file`] is what the rest of the program asks; reading goes from text over [`yaml`] (a tree with positions) and
//! `reader` (what is allowed where) to it. Every mistake is a [`problem`] with its place in the file. Nothing here
//! calls AWS.

pub mod checks;
mod document;
pub mod file;
mod identifiers;
pub mod problem;
mod reader;
pub mod sensitive;
pub mod trust;
pub mod yaml;

pub use checks::{CheckDescription, CheckSettings, ParameterDescription, ParameterKind, ParameterValue};
pub use file::{DEFAULT_FILE, ExternalId, OrganizationScope, PolicyFile};
pub use problem::{PolicyError, Problem};
pub use sensitive::Sensitive;
pub use trust::Trust;

#[cfg(test)]
mod tests;
