//! One file per output format, all from the same [`Assessment`](crate::score::assessment::Assessment), and where they
//! are written to. Nothing here computes a result or a score again.
//! Whatever lists results takes them account by account and keeps none.

pub mod asff;
pub mod csv;
pub mod destination;
mod finding;
pub mod format;
pub mod html;
pub mod hunt;
pub mod incident;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ocsf;
pub mod sarif;
pub mod simulation;
pub mod terminal;
pub mod trend;

pub use destination::{Destination, DestinationError, Destinations, WriteError};
pub use format::{Format, Look, ReportError, render, write, write_compared};
