//! Loads check modules, holds them to their contract, and runs them over facts.
//!
//! A check is a Rego module, evaluated once per resource of the kind that it names. What Rego lacks is supplied here:
//! METADATA is typed ([`Metadata`]), every reference is held against the published schema ([`LoadError`]), an unknown fact
//! is tried both ways, and a check that breaks is an error on its one resource. Nothing here knows any single check.

mod check;
mod error;
mod evaluate;
mod facts_read;
mod fixture;
mod frameworks;
mod metadata;
mod mutation;
mod projection;
mod schema;
mod source;
mod syntax;
mod template;
mod testing;
#[cfg(test)]
mod tests;

pub use check::{Check, Checks};
pub use error::LoadError;
pub use evaluate::{Evaluator, Outcome, Seen, Surroundings, interpret};
pub use fixture::{Case, Fixture, run_fixture};
pub use frameworks::{Control, ControlOfCheck, Framework, Frameworks};
pub use metadata::{Lifecycle, Metadata, RelatedResource};
pub use mutation::{Mutant, mutants};
pub use schema::Schemas;
pub use source::{Source, builtin, folder};
pub use template::{NewCheck, Template, template};
pub use testing::{TestReport, run_tests};
