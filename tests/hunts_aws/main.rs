//! Hunts at AWS through the built program: Athena's SQL is executed (ministack, DuckDB), and so are the texts of Logs
//! Insights (`tests/emulator/insights_language.py`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod athena;
mod both;
#[path = "../emulated/mod.rs"]
mod emulated;
mod finished;
mod logs_insights;
mod records;
mod same_rows;
mod site;
#[path = "../emulated/trail_site.rs"]
mod trail_site;
