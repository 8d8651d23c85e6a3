//! How many calls a run will make, before it makes them.

use super::wanted::Wanted;

/// What a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// The run.
    Run,
    /// Each account.
    Account,
    /// Each region of each account.
    Region,
    /// Each bucket.
    Bucket,
    /// Each thing of some kind that is found: a trail, a rule, a topic.
    Thing,
}

impl std::fmt::Display for Per {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Run => "run",
            Self::Account => "account",
            Self::Region => "region",
            Self::Bucket => "bucket",
            Self::Thing => "thing found",
        })
    }
}

/// What each operation is called for. Lists count as one call: pages are long.
const CALLS: [(&str, Per); 70] = [
    ("cloudtrail:DescribeTrails", Per::Region),
    ("cloudtrail:GetEventDataStore", Per::Thing),
    ("cloudtrail:GetEventSelectors", Per::Thing),
    ("cloudtrail:GetTrailStatus", Per::Thing),
    ("cloudtrail:ListEventDataStores", Per::Region),
    ("cloudwatch:DescribeAlarms", Per::Thing),
    ("cloudwatch:GetAlarmMuteRule", Per::Thing),
    ("cloudwatch:ListAlarmMuteRules", Per::Thing),
    ("ec2:DescribeNetworkInterfaces", Per::Region),
    ("ec2:DescribeRegions", Per::Account),
    ("ec2:DescribeRouteTables", Per::Thing),
    ("ec2:DescribeVpcEndpoints", Per::Region),
    ("ec2:DescribeVpcs", Per::Region),
    ("events:ListEventBuses", Per::Region),
    ("events:ListRules", Per::Region),
    ("events:ListTargetsByRule", Per::Thing),
    ("guardduty:DescribeOrganizationConfiguration", Per::Thing),
    ("guardduty:GetDetector", Per::Region),
    ("guardduty:GetFilter", Per::Thing),
    ("guardduty:GetIPSet", Per::Thing),
    ("guardduty:GetMemberDetectors", Per::Thing),
    ("guardduty:GetTrustedEntitySet", Per::Thing),
    ("guardduty:ListDetectors", Per::Region),
    ("guardduty:ListFilters", Per::Region),
    ("guardduty:ListIPSets", Per::Region),
    ("guardduty:ListMembers", Per::Thing),
    ("guardduty:ListOrganizationAdminAccounts", Per::Run),
    ("guardduty:ListTrustedEntitySets", Per::Region),
    ("kms:DescribeKey", Per::Thing),
    ("kms:GetKeyPolicy", Per::Thing),
    ("lambda:GetPolicy", Per::Thing),
    ("logs:DescribeLogGroups", Per::Thing),
    ("logs:DescribeMetricFilters", Per::Thing),
    ("macie2:DescribeBuckets", Per::Thing),
    ("macie2:GetMacieSession", Per::Region),
    ("organizations:DescribeEffectivePolicy", Per::Thing),
    ("organizations:DescribeOrganization", Per::Run),
    ("organizations:DescribePolicy", Per::Thing),
    ("organizations:ListAccounts", Per::Run),
    ("organizations:ListParents", Per::Thing),
    ("organizations:ListPolicies", Per::Run),
    ("organizations:ListRoots", Per::Run),
    ("organizations:ListTargetsForPolicy", Per::Thing),
    ("s3:GetBucketAcl", Per::Thing),
    ("s3:GetBucketEncryption", Per::Bucket),
    ("s3:GetBucketLifecycleConfiguration", Per::Thing),
    ("s3:GetBucketLocation", Per::Thing),
    ("s3:GetBucketLogging", Per::Bucket),
    ("s3:GetBucketNotificationConfiguration", Per::Bucket),
    ("s3:GetBucketOwnershipControls", Per::Bucket),
    ("s3:GetBucketPolicy", Per::Bucket),
    ("s3:GetBucketReplication", Per::Bucket),
    ("s3:GetBucketTagging", Per::Bucket),
    ("s3:GetBucketVersioning", Per::Bucket),
    ("s3:GetObjectLockConfiguration", Per::Thing),
    ("s3:GetPublicAccessBlock", Per::Thing),
    ("s3:ListBucketInventoryConfigurations", Per::Bucket),
    ("s3:ListBuckets", Per::Account),
    ("s3control:GetAccessPoint", Per::Thing),
    ("s3control:GetAccessPointPolicy", Per::Thing),
    ("s3control:GetMultiRegionAccessPointPolicy", Per::Thing),
    ("s3control:GetPublicAccessBlock", Per::Account),
    ("s3control:ListAccessPoints", Per::Region),
    ("s3control:ListMultiRegionAccessPoints", Per::Account),
    ("sns:GetSubscriptionAttributes", Per::Thing),
    ("sns:GetTopicAttributes", Per::Thing),
    ("sns:ListSubscriptionsByTopic", Per::Thing),
    ("sqs:GetQueueAttributes", Per::Thing),
    ("sts:AssumeRole", Per::Account),
    ("sts:GetCallerIdentity", Per::Run),
];

/// The calls of a run, as far as they are known before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Accounts that are entered.
    pub accounts: u64,
    /// Regions of all these accounts together.
    pub regions: u64,
    /// The operations that will be called, each with what it is called for.
    pub operations: Vec<(&'static str, Per)>,
}

impl Estimate {
    /// The calls for `accounts` accounts with `regions` regions together, if this is wanted.
    #[must_use]
    pub fn of(wanted: &Wanted, accounts: u64, regions: u64) -> Self {
        let operations = CALLS.into_iter().filter(|(operation, _)| wanted.includes(operation)).collect();
        Self { accounts, regions, operations }
    }

    /// How many operations are called for something.
    #[must_use]
    pub fn count(&self, per: Per) -> u64 {
        self.operations.iter().filter(|(_, of)| *of == per).count() as u64
    }

    /// The calls that do not depend on what is found.
    #[must_use]
    pub fn fixed(&self) -> u64 {
        let accounts = self.count(Per::Account).saturating_mul(self.accounts);
        let regions = self.count(Per::Region).saturating_mul(self.regions);
        self.count(Per::Run).saturating_add(accounts).saturating_add(regions)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::permission::{IN_EACH_ACCOUNT, IN_THE_CENTRAL_ACCOUNT};
    use super::*;

    #[test]
    fn every_operation_that_is_called_is_estimated() {
        assert!(CALLS.is_sorted_by_key(|(operation, _)| *operation));
        let called: BTreeSet<&str> = IN_EACH_ACCOUNT.into_iter().chain(IN_THE_CENTRAL_ACCOUNT).collect();
        assert_eq!(CALLS.map(|(operation, _)| operation).into_iter().collect::<BTreeSet<_>>(), called);
    }

    #[test]
    fn fixed_calls_grow_with_accounts_and_regions() {
        let only = Wanted::Only(BTreeSet::from(["cloudtrail:DescribeTrails".to_owned()]));
        let estimate = Estimate::of(&only, 10, 30);
        // Identity, organization, accounts; role, regions and buckets of each account; trails of each region.
        assert_eq!(estimate.fixed(), 3 + 3 * 10 + 30);
        assert_eq!(estimate.count(Per::Bucket), 0);
    }
}
