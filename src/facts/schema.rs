//! The published schemas of the facts: what policy code may refer to below `input`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use super::resources::{
    AccessPointFacts, AccountFacts, AccountRegionFacts, AlarmFacts, BucketFacts, EventRuleFacts,
    OrganizationRegionFacts, TrailFacts, VpcEndpointFacts, VpcFacts,
};
use crate::catalogue::ResourceKind;

/// A JSON Schema per kind of resource. A [`Fact`](super::Fact) in it is referred to as `#/$defs/Fact`.
#[must_use]
pub fn schemas() -> BTreeMap<ResourceKind, Value> {
    BTreeMap::from([
        (ResourceKind::Bucket, schema::<BucketFacts>()),
        (ResourceKind::AccessPoint, schema::<AccessPointFacts>()),
        (ResourceKind::Trail, schema::<TrailFacts>()),
        (ResourceKind::Account, schema::<AccountFacts>()),
        (ResourceKind::AccountRegion, schema::<AccountRegionFacts>()),
        (ResourceKind::OrganizationRegion, schema::<OrganizationRegionFacts>()),
        (ResourceKind::Alarm, schema::<AlarmFacts>()),
        (ResourceKind::EventRule, schema::<EventRuleFacts>()),
        (ResourceKind::Vpc, schema::<VpcFacts>()),
        (ResourceKind::VpcEndpoint, schema::<VpcEndpointFacts>()),
    ])
}

fn schema<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}
