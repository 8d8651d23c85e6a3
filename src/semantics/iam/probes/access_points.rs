//! Who outside the organization can use a bucket through one of its access points (BKT-11, `aws-semantics.md` 7.5).

use super::super::arn::Arn;
use super::super::context::ContextValue;
use super::super::document::Effect;
use super::super::policy_set::{Part, PolicySet};
use super::Perimeter;
use super::buckets::Bucket;
use super::outside::{OutsideGrantFound, found, places};
use super::scene::{Place, network};

/// An access point that requests go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThroughAccessPoint {
    /// `arn:P:s3:region:account:accesspoint/name`; without region for one of several regions.
    pub arn: String,
    /// `Internet` or `VPC`.
    pub network_origin: String,
    /// The only VPC that it serves, if its origin is `VPC`.
    pub vpc_id: Option<String>,
}

impl ThroughAccessPoint {
    /// The condition keys of every request that goes through it.
    pub(super) fn keys(&self) -> Vec<(&'static str, ContextValue)> {
        let account = Arn::parse(&self.arn).map_or("", |arn| arn.account);
        vec![
            ("s3:DataAccessPointArn", ContextValue::one(&self.arn)),
            ("s3:DataAccessPointAccount", ContextValue::one(account)),
            ("s3:AccessPointNetworkOrigin", ContextValue::one(&self.network_origin)),
        ]
    }

    /// A bucket or object as it is called through the access point.
    pub(super) fn resource(&self, bucket_arn: &str, resource: &str) -> String {
        let key = resource.strip_prefix(bucket_arn).and_then(|rest| rest.strip_prefix('/'));
        key.map_or_else(|| self.arn.clone(), |key| format!("{}/object/{key}", self.arn))
    }

    fn is_private(&self) -> bool {
        self.network_origin.eq_ignore_ascii_case("vpc")
    }
}

/// Everybody outside the organization whom the access point's and the bucket's policies together admit, as
/// [`outside_grants`](super::outside_grants) of a bucket. The set must hold the access point's policy; one that allows
/// nothing opens the bucket to nobody of another account.
#[must_use]
pub fn access_point_outside_grants(
    bucket: &str,
    point: &ThroughAccessPoint,
    set: &PolicySet,
    perimeter: &Perimeter,
) -> Vec<OutsideGrantFound> {
    if let Part::Known(document) = &set.access_point
        && document.defect.is_none()
        && document.statements.iter().all(|statement| statement.effect == Some(Effect::Deny))
    {
        return Vec::new();
    }
    let bucket = Bucket::through(bucket, point, set, perimeter);
    let places =
        if point.is_private() { in_its_vpc(&bucket, point.vpc_id.as_deref()) } else { places(&bucket) };
    let mut grants = found(&bucket, set, &places);
    grants.sort_by(|a, b| (a.kind, &a.grantee).cmp(&(b.kind, &b.grantee)));
    grants
}

/// The VPC of an access point, through the endpoints that the policies name and through any.
fn in_its_vpc(bucket: &Bucket<'_>, vpc: Option<&str>) -> Vec<Place> {
    let vpc = vpc.map_or(ContextValue::Unknown, ContextValue::one);
    let endpoints = bucket.named.examples("aws:sourcevpce").into_iter().take(16);
    endpoints
        .chain(["vpce-0badc0ffee0badc0f".to_owned()])
        .map(|endpoint| {
            network(&[
                ("aws:SourceVpce", ContextValue::one(endpoint)),
                ("aws:SourceVpc", vpc.clone()),
                ("aws:VpcSourceIp", ContextValue::Unknown),
                ("aws:VpceAccount", ContextValue::Unknown),
                ("aws:VpceOrgID", ContextValue::Unknown),
                ("aws:VpceOrgPaths", ContextValue::Unknown),
            ])
        })
        .collect()
}
