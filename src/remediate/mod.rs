//! Repair: from failing results to a plan that people review, to changes that are proved, recorded and undone.
//!
//! [`propose`] (pure) says which settings should get which values, [`proof`] judges the snapshot as it would be then,
//! [`plan`] is the file, [`apply`] carries it out with its [`journal`], whose end [`progress`] finds, [`rollback`] takes it back, and [`status`] tells what a
//! journal did. Only [`calls`] talks to AWS.

pub mod alerting;
mod alerting_calls;
pub mod apply;
pub mod as_code;
pub mod calls;
pub mod difference;
pub mod doors;
pub mod equivalence;
pub mod journal;
pub mod kinds;
pub mod plan;
pub mod progress;
pub mod proof;
pub mod propose;
pub mod rollback;
pub mod setting;
pub mod status;
pub mod text;
