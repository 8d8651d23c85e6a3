//! Access points of S3 buckets.

use serde::{Deserialize, Serialize};

use super::Reading;
use crate::semantics::configuration::PublicAccessBlock;

/// An access point, of one region or of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPoint {
    /// The access point's name.
    pub name: String,
    /// The access point's ARN; one of several regions has none in it, and its alias instead of its name.
    pub arn: String,
    /// `Internet` or `VPC`.
    pub network_origin: String,
    /// The only VPC that it serves, if its origin is `VPC`.
    pub vpc_id: Option<String>,
    /// The bucket behind it, or those in its regions.
    pub buckets: Vec<AccessPointBucket>,
    /// Its own Block Public Access; known and `None` when AWS shows none.
    pub public_access_block: Reading<Option<PublicAccessBlock>>,
    /// Its policy as text; known and `None` when there is none.
    pub policy: Reading<Option<String>>,
}

/// A bucket behind an access point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPointBucket {
    /// The bucket's name.
    pub name: String,
    /// The account that owns the bucket, where AWS says so; it need not be the access point's.
    pub account: Option<String>,
}
