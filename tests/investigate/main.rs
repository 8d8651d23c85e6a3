//! `exfilguard investigate` through the built program: generated incidents against their truth, log files that are damaged or
//! there twice, findings of every shape, and GuardDuty, Macie, Athena and Logs Insights in the emulator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod at_aws;
#[path = "../emulated/mod.rs"]
mod emulated;
mod example;
mod findings;
#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../examples/incident/generator/mod.rs"]
mod generator;
mod incident;
mod incidents;
#[path = "../emulated/trail_site.rs"]
mod trail_site;
mod usage;
