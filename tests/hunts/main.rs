//! The hunts on log files, through the built program: each on hand-written records with the rows that it must find, files
//! that are damaged in every way, and values that try to be more than values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod damaged_files;
mod documents;
mod log_folder;
mod questions;
mod usage;
