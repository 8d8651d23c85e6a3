//! Every operation that the stand-in answers, in order.

use std::borrow::Cow;
use std::sync::Arc;

use crate::answer::{Content, Failure};
use crate::call::Request;
use crate::organization::Organization;
use crate::record::Account;
use crate::services::{
    cloudtrail, cloudwatch, ec2, events, guardduty, kms, lambda, logs, macie2, organizations, s3, s3control,
    sns, sqs, sts,
};

/// A call: what was asked, and the account that answers.
pub struct Call<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// The account of the caller's access key.
    pub account: Arc<Account>,
    /// The organization that it belongs to.
    pub organization: &'a Organization,
}

impl Call<'_> {
    /// The region that is asked.
    pub fn region(&self) -> &str {
        &self.request.region
    }

    /// A parameter as text.
    pub fn parameter(&self, name: &str) -> Cow<'_, str> {
        self.request.parameter(name).unwrap_or_default()
    }
}

/// What a call is answered.
pub type Outcome = Result<Content, Failure>;

/// An operation and what answers it.
pub struct Operation {
    /// `service:Operation`.
    pub name: &'static str,
    /// Its answer.
    pub answer: fn(&Call<'_>) -> Outcome,
}

const fn operation(name: &'static str, answer: fn(&Call<'_>) -> Outcome) -> Operation {
    Operation { name, answer }
}

/// All of them, in order of their names.
pub static OPERATIONS: [Operation; 70] = [
    operation("cloudtrail:DescribeTrails", cloudtrail::describe_trails),
    operation("cloudtrail:GetEventDataStore", cloudtrail::get_event_data_store),
    operation("cloudtrail:GetEventSelectors", cloudtrail::get_event_selectors),
    operation("cloudtrail:GetTrailStatus", cloudtrail::get_trail_status),
    operation("cloudtrail:ListEventDataStores", cloudtrail::list_event_data_stores),
    operation("cloudwatch:DescribeAlarms", cloudwatch::describe_alarms),
    operation("cloudwatch:GetAlarmMuteRule", cloudwatch::get_alarm_mute_rule),
    operation("cloudwatch:ListAlarmMuteRules", cloudwatch::list_alarm_mute_rules),
    operation("ec2:DescribeNetworkInterfaces", ec2::describe_network_interfaces),
    operation("ec2:DescribeRegions", ec2::describe_regions),
    operation("ec2:DescribeRouteTables", ec2::describe_route_tables),
    operation("ec2:DescribeVpcEndpoints", ec2::describe_vpc_endpoints),
    operation("ec2:DescribeVpcs", ec2::describe_vpcs),
    operation("events:ListEventBuses", events::list_event_buses),
    operation("events:ListRules", events::list_rules),
    operation("events:ListTargetsByRule", events::list_targets_by_rule),
    operation("guardduty:DescribeOrganizationConfiguration", guardduty::describe_organization_configuration),
    operation("guardduty:GetDetector", guardduty::get_detector),
    operation("guardduty:GetFilter", guardduty::get_filter),
    operation("guardduty:GetIPSet", guardduty::get_ip_set),
    operation("guardduty:GetMemberDetectors", guardduty::get_member_detectors),
    operation("guardduty:GetTrustedEntitySet", guardduty::get_trusted_entity_set),
    operation("guardduty:ListDetectors", guardduty::list_detectors),
    operation("guardduty:ListFilters", guardduty::list_filters),
    operation("guardduty:ListIPSets", guardduty::list_ip_sets),
    operation("guardduty:ListMembers", guardduty::list_members),
    operation("guardduty:ListOrganizationAdminAccounts", guardduty::list_organization_admin_accounts),
    operation("guardduty:ListTrustedEntitySets", guardduty::list_trusted_entity_sets),
    operation("kms:DescribeKey", kms::describe_key),
    operation("kms:GetKeyPolicy", kms::get_key_policy),
    operation("lambda:GetPolicy", lambda::get_policy),
    operation("logs:DescribeLogGroups", logs::describe_log_groups),
    operation("logs:DescribeMetricFilters", logs::describe_metric_filters),
    operation("macie2:DescribeBuckets", macie2::describe_buckets),
    operation("macie2:GetMacieSession", macie2::get_macie_session),
    operation("organizations:DescribeEffectivePolicy", organizations::describe_effective_policy),
    operation("organizations:DescribeOrganization", organizations::describe_organization),
    operation("organizations:DescribePolicy", organizations::describe_policy),
    operation("organizations:ListAccounts", organizations::list_accounts),
    operation("organizations:ListParents", organizations::list_parents),
    operation("organizations:ListPolicies", organizations::list_policies),
    operation("organizations:ListRoots", organizations::list_roots),
    operation("organizations:ListTargetsForPolicy", organizations::list_targets_for_policy),
    operation("s3:GetBucketAcl", s3::get_bucket_acl),
    operation("s3:GetBucketEncryption", s3::get_bucket_encryption),
    operation("s3:GetBucketLifecycleConfiguration", s3::get_bucket_lifecycle_configuration),
    operation("s3:GetBucketLocation", s3::get_bucket_location),
    operation("s3:GetBucketLogging", s3::get_bucket_logging),
    operation("s3:GetBucketNotificationConfiguration", s3::get_bucket_notification_configuration),
    operation("s3:GetBucketOwnershipControls", s3::get_bucket_ownership_controls),
    operation("s3:GetBucketPolicy", s3::get_bucket_policy),
    operation("s3:GetBucketReplication", s3::get_bucket_replication),
    operation("s3:GetBucketTagging", s3::get_bucket_tagging),
    operation("s3:GetBucketVersioning", s3::get_bucket_versioning),
    operation("s3:GetObjectLockConfiguration", s3::get_object_lock_configuration),
    operation("s3:GetPublicAccessBlock", s3::get_public_access_block),
    operation("s3:ListBucketInventoryConfigurations", s3::list_bucket_inventory_configurations),
    operation("s3:ListBuckets", s3::list_buckets),
    operation("s3control:GetAccessPoint", s3control::get_access_point),
    operation("s3control:GetAccessPointPolicy", s3control::get_access_point_policy),
    operation("s3control:GetMultiRegionAccessPointPolicy", s3control::get_multi_region_access_point_policy),
    operation("s3control:GetPublicAccessBlock", s3control::get_public_access_block),
    operation("s3control:ListAccessPoints", s3control::list_access_points),
    operation("s3control:ListMultiRegionAccessPoints", s3control::list_multi_region_access_points),
    operation("sns:GetSubscriptionAttributes", sns::get_subscription_attributes),
    operation("sns:GetTopicAttributes", sns::get_topic_attributes),
    operation("sns:ListSubscriptionsByTopic", sns::list_subscriptions_by_topic),
    operation("sqs:GetQueueAttributes", sqs::get_queue_attributes),
    operation("sts:AssumeRole", sts::assume_role),
    operation("sts:GetCallerIdentity", sts::get_caller_identity),
];

/// The place of an operation in the list.
pub fn find(service: &str, operation: &str) -> Option<usize> {
    let name = format!("{service}:{operation}");
    OPERATIONS.binary_search_by_key(&name.as_str(), |operation| operation.name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(OPERATIONS.is_sorted_by_key(|operation| operation.name));
        assert!(OPERATIONS.iter().all(|operation| {
            let (service, name) = operation.name.split_once(':').unwrap_or_default();
            find(service, name).is_some()
        }));
    }
}
