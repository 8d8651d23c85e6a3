//! The derived view that checks read: for each resource the answers, with evidence, witness and assumptions.
//!
//! [`derive`] turns what was read of an account into resources; [`schemas`] says what policy code may read of each kind.
//! Nothing here decides what is good: that is the checks' part.

mod access_points;
pub(crate) mod alerting;
pub(crate) mod alike;
pub(crate) mod bucket_class;
pub(crate) mod context;
pub(crate) mod detection;
mod detector;
mod exports;
mod fact;
pub(crate) mod guardduty_administration;
mod guardrails;
pub(crate) mod logging;
mod macie;
mod network;
pub(crate) mod notification;
mod ownership;
mod prepared;
pub(crate) mod prevention;
mod protection;
pub(crate) mod public_access;
mod resource;
mod resources;
pub(crate) mod routing;
mod rule_pattern;
mod rule_severities;
mod rule_targets;
#[cfg(test)]
pub(crate) mod samples;
mod schema;
pub(crate) mod suppression;
mod tampering;
mod trail_coverage;
mod unread;

pub use context::Context;
pub use fact::{Evidence, Fact};
pub use guardrails::Guardrails;
pub use prepared::Prepared;
pub use resource::{Resource, derive, derive_together};
pub use resources::{
    AccessPointFacts, AccountFacts, AccountRegionFacts, AlarmFacts, BucketFacts, BulkDownloadAlarm,
    EventRuleFacts, Export, ForeignNetwork, LegitimateUse, OrganizationRegionFacts, OutsideGrant,
    PublicAccessBlocked, TrailFacts, VpcEndpointFacts, VpcFacts,
};
pub use schema::schemas;
