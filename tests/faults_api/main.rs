//! What AWS, or something on the way to it, may answer (F-01 to F-19 of `docs/faults.md`): right verdicts for what could be
//! read, `unknown` with the reason for what could not, and nobody else's audit affected.
//!
//! All tests share one emulator with the organization of traps; each has it to itself while it runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod absences;
mod another_injector;
mod answers;
mod delays;
#[path = "../emulated/mod.rs"]
mod emulated;
mod place;
mod refusals;
mod throttling;
