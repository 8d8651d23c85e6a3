//! What AWS configuration means: pure functions without I/O, each evaluator by itself.
//!
//! They know nothing of where configuration was read from. Every answer is three-valued ([`verdict`]) with a reason, and
//! where AWS documents nothing the answer is unknown or carries the number of the assumption that it rests on.

pub mod alarm;
pub mod configuration;
pub mod event_pattern;
pub mod event_selectors;
pub mod filter_pattern;
pub mod finding_filter;
pub mod guardduty;
pub mod iam;
pub mod rule_target;
pub mod sns;
pub mod synthetic;
pub mod tampering;
pub mod trail_key;
pub mod verdict;
