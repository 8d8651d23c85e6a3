//! `block-public-access`: all four flags of the bucket's own Block Public Access are set.

use serde_json::json;

use super::{Kind, Place, Proposal, Situation, bucket_place};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "block-public-access",
    risk: (
        RiskLevel::Medium,
        "who reads the bucket through a public policy or access control list, such as visitors of a website, is refused \
         from then on",
    ),
    cost: "none",
    undo: "the flags are put back as they were, or taken away if there were none",
    place: bucket_place,
    propose,
};

fn propose(place: &Place, _: &[&ResultRecord], _: &Situation<'_>) -> Result<Proposal, String> {
    let all = json!({"block_public_acls": true, "ignore_public_acls": true, "block_public_policy": true,
        "restrict_public_buckets": true});
    let setting = Setting::BucketPublicAccessBlock { bucket: place.resource.clone() };
    Ok(Proposal {
        summary: format!("block all public access to bucket `{}`", place.resource),
        settings: vec![(setting, all)],
        cost: None,
    })
}
