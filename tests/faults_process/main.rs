//! What the environment, the network's edge, the system and the disk may do (F-19 to F-31 of `docs/faults.md`), and what
//! the program never does: show a secret, write to AWS, call what its policy does not allow.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what cannot be tested on a machine is said")]

mod credentials;
mod disk;
#[path = "../emulated/mod.rs"]
mod emulated;
mod environment;
mod machine;
mod network;
mod promises;
mod runs;
