//! `disable-acls`: Object Ownership becomes `BucketOwnerEnforced`, where no access control list of the bucket is in use.

use serde_json::json;

use super::{Kind, Place, Proposal, Situation, bucket_place};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "disable-acls",
    risk: (
        RiskLevel::High,
        "who reads single objects by their access control lists is refused from then on, and uploads that ask for another \
         access control list than `bucket-owner-full-control` fail; neither can be seen from the bucket's configuration, so \
         look at S3 Inventory (`ObjectAccessControlList`) or the server access logs (`aclRequired`) first",
    ),
    cost: "none",
    undo: "Object Ownership is put back as it was, or taken away if it was never set; objects that were written in between \
           stay the bucket owner's",
    place: bucket_place,
    propose,
};

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let bucket = situation.bucket(&place.account, &place.resource)?;
    let acl = bucket.acl.as_result().map_err(|why| why.clause())?;
    let others: Vec<String> = acl
        .grants
        .iter()
        .filter(|grant| grant.grantee != acl.owner)
        .map(|grant| format!("`{}` to `{}`", grant.permission, grant.grantee))
        .collect();
    if !others.is_empty() {
        return Err(format!(
            "the bucket's access control list is in use: it grants {}; grant that by the bucket policy and take it out of \
             the list first",
            others.join(", ")
        ));
    }
    let setting = Setting::BucketOwnership { bucket: bucket.name.clone() };
    Ok(Proposal {
        summary: format!("disable the access control lists of bucket `{}`", bucket.name),
        settings: vec![(setting, json!("BucketOwnerEnforced"))],
        cost: None,
    })
}
