//! exfilguard: would anybody who copies data out of S3 be logged, detected, alerted on and stopped?
//!
//! Data flows one way: [`collect`] reads AWS into a [`snapshot`], [`facts`] derives what it means with the pure evaluators
//! of [`semantics`], the [`engine`] runs the checks over the facts, [`score`] weighs the results, and [`report`] writes
//! them. [`audit`] is that flow from end to end; [`cli`] is what people type.

pub mod audit;
pub mod catalogue;
pub mod cli;
pub mod collect;
pub mod deliver;
pub mod engine;
pub mod facts;
pub mod investigate;
pub mod json;
pub mod policy;
pub mod remediate;
pub mod report;
pub mod score;
pub mod semantics;
pub mod simulate;
pub mod snapshot;
pub mod temporary;
pub mod visible;
