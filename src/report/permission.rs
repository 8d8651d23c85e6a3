//! Which IAM permission a denied call needed.

/// Operations whose IAM action has another name, in the order of the operations.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
const OTHER_NAMES: [(&str, &str); 16] = [
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("s3:GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration"),
    ("s3:ListBuckets", "s3:ListAllMyBuckets"),
    ("s3control:GetAccessPoint", "s3:GetAccessPoint"),
    ("s3control:GetAccessPointPolicy", "s3:GetAccessPointPolicy"),
    ("s3control:GetAccessPointPolicyStatus", "s3:GetAccessPointPolicyStatus"),
    ("s3control:GetMultiRegionAccessPointPolicy", "s3:GetMultiRegionAccessPointPolicy"),
    ("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
    ("s3control:ListAccessPoints", "s3:ListAccessPoints"),
    ("s3control:ListMultiRegionAccessPoints", "s3:ListMultiRegionAccessPoints"),
];

/// Error codes that say that a permission is missing. Others say so in their names.
const DENIALS: [&str; 4] =
    ["AuthorizationError", "AuthorizationErrorException", "NotAuthorized", "UnauthorizedOperation"];

/// The IAM action that a call needed, if its error code says that it was denied.
#[must_use]
pub fn permission<'a>(operation: &'a str, code: &str) -> Option<&'a str> {
    let denied = code.starts_with("AccessDenied") || DENIALS.contains(&code);
    if !denied {
        return None;
    }
    let place = OTHER_NAMES.binary_search_by_key(&operation, |(name, _)| name);
    let other = place.ok().and_then(|place| OTHER_NAMES.get(place));
    Some(other.map_or(operation, |(_, action)| *action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_names_the_action_of_iam() {
        assert_eq!(permission("s3:ListBuckets", "AccessDenied"), Some("s3:ListAllMyBuckets"));
        assert_eq!(
            permission("s3control:GetPublicAccessBlock", "AccessDeniedException"),
            Some("s3:GetAccountPublicAccessBlock")
        );
        assert_eq!(
            permission("ec2:DescribeVpcEndpoints", "UnauthorizedOperation"),
            Some("ec2:DescribeVpcEndpoints")
        );
        assert_eq!(permission("s3:GetBucketPolicy", "SlowDown"), None);
    }

    #[test]
    fn the_other_names_are_sorted() {
        assert!(OTHER_NAMES.is_sorted_by_key(|(operation, _)| *operation));
    }
}
