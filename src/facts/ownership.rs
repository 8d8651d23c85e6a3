//! S3 Object Ownership: whether access control lists have any force (BKT-09).

use serde_json::json;

use super::fact::{Evidence, Fact};
use crate::semantics::verdict::Tri;
use crate::snapshot::{Bucket, Reading};

/// The setting that disables access control lists.
const ENFORCED: &str = "BucketOwnerEnforced";

/// Whether access control lists are disabled.
///
/// A bucket without ownership controls behaves as `ObjectWriter`: its lists are in force (S3 user guide, *Controlling
/// ownership of objects and disabling ACLs for your bucket*).
#[must_use]
pub fn acls_disabled(bucket: &Bucket) -> Fact {
    let set = match &bucket.object_ownership {
        Reading::Unreadable(why) => return Fact::unread(why),
        Reading::Known(set) => set,
    };
    let fact = match set.as_deref() {
        Some(ENFORCED) => Fact::new(Tri::Yes, "Object Ownership is `BucketOwnerEnforced`"),
        Some(other) => {
            Fact::new(Tri::No, format!("Object Ownership is `{other}`, which leaves them in force"))
        }
        None => Fact::new(Tri::No, "Object Ownership was never set, which leaves them in force"),
    };
    let pointer = "/OwnershipControls/Rules/0/ObjectOwnership";
    fact.with(Evidence::new("s3:GetBucketOwnershipControls", &bucket.name, pointer, json!(set)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::samples;

    fn holds(object_ownership: Reading<Option<String>>) -> Tri {
        acls_disabled(&Bucket { object_ownership, ..samples::bucket("b") }).holds
    }

    #[test]
    fn only_bucket_owner_enforced_disables_access_control_lists() {
        assert_eq!(holds(Reading::Known(Some("BucketOwnerEnforced".into()))), Tri::Yes);
        assert_eq!(holds(Reading::Known(Some("BucketOwnerPreferred".into()))), Tri::No);
        assert_eq!(holds(Reading::Known(Some("ObjectWriter".into()))), Tri::No);
    }

    #[test]
    fn a_bucket_whose_ownership_was_never_set_has_them_in_force() {
        assert_eq!(holds(Reading::Known(None)), Tri::No);
    }

    #[test]
    fn unread_ownership_is_unknown() {
        assert_eq!(holds(samples::denied("s3:GetBucketOwnershipControls")), Tri::Unknown);
    }
}
