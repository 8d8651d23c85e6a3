//! `require-tls`: a bucket policy that refuses requests without TLS.

use serde_json::json;

use super::bucket_policy::{both, merged, nobody_is_locked_out};
use super::{Kind, Place, Proposal, Situation, bucket_place};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "require-tls",
    risk: (RiskLevel::Low, "clients that use S3 without TLS are refused from then on; AWS's own never do"),
    cost: "none",
    undo: "the former policy is put back, or the policy deleted if there was none",
    place: bucket_place,
    propose,
};

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let bucket = situation.bucket(&place.account, &place.resource)?;
    let statements = [json!({
        "Sid": "ExfilguardRequireTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both(situation, &bucket.name),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })];
    let present = bucket.policy.as_result().map_err(|why| why.clause())?;
    let wanted = merged(present.as_deref(), &statements)?;
    nobody_is_locked_out(situation, &place.account, bucket, &statements)?;
    Ok(Proposal {
        summary: format!("refuse requests to bucket `{}` without TLS", bucket.name),
        settings: vec![(Setting::BucketPolicy { bucket: bucket.name.clone() }, json!(wanted))],
        cost: None,
    })
}
