//! The derived view that checks read: for each resource the answers, with evidence, witness and assumptions.
//!
//! [`derive`] turns what was read of an account into resources; [`schemas`] says what policy code may read of each kind.
//! Nothing here decides what is good: that is the checks' part.

mod alerting;
mod context;
mod fact;
mod guardrails;
mod logging;
mod notification;
mod prevention;
mod public_access;
mod resource;
mod resources;
mod routing;
#[cfg(test)]
mod samples;
mod schema;
mod unread;

pub use context::Context;
pub use fact::{Evidence, Fact};
pub use guardrails::Guardrails;
pub use resource::{Resource, derive};
pub use resources::{
    AccountFacts, AccountRegionFacts, AlarmFacts, BucketFacts, BulkDownloadAlarm, EventRuleFacts,
    ForeignNetwork, OutsideGrant, PublicAccessBlocked, TrailFacts, VpcEndpointFacts,
};
pub use schema::schemas;
