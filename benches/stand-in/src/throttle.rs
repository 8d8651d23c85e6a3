//! AWS's limits: a token bucket per account, region and limit, at the rates that AWS documents.
//!
//! CloudTrail: get, describe and list 10 per second. CloudWatch: `DescribeAlarms` 9. CloudWatch Logs: 5. EC2: a bucket of
//! 100 for all `Describe…` that is refilled with 20 per second. Organizations: few, and all callers of the organization
//! share them. Other limits are not published, and not imitated.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A limit of one or several operations.
#[derive(Debug, PartialEq)]
pub struct Limit {
    /// Operations with the same name share it.
    name: &'static str,
    per_second: f64,
    burst: f64,
    /// Whether all accounts and regions share it.
    global: bool,
}

const fn tps(name: &'static str, per_second: f64) -> Limit {
    Limit { name, per_second, burst: per_second, global: false }
}

static ORGANIZATIONS: Limit = Limit { name: "organizations", per_second: 3.0, burst: 10.0, global: true };
static EC2: Limit = Limit { name: "ec2:Describe", per_second: 20.0, burst: 100.0, global: false };
static DESCRIBE_ALARMS: Limit = tps("cloudwatch:DescribeAlarms", 9.0);
static DESCRIBE_LOG_GROUPS: Limit = tps("logs:DescribeLogGroups", 5.0);
static DESCRIBE_METRIC_FILTERS: Limit = tps("logs:DescribeMetricFilters", 5.0);
static CLOUDTRAIL: [Limit; 5] = [
    tps("cloudtrail:DescribeTrails", 10.0),
    tps("cloudtrail:GetEventDataStore", 10.0),
    tps("cloudtrail:GetEventSelectors", 10.0),
    tps("cloudtrail:GetTrailStatus", 10.0),
    tps("cloudtrail:ListEventDataStores", 10.0),
];

/// The limit of an operation, if AWS documents one.
pub fn limit(operation: &str) -> Option<&'static Limit> {
    match operation {
        "cloudwatch:DescribeAlarms" => Some(&DESCRIBE_ALARMS),
        "logs:DescribeLogGroups" => Some(&DESCRIBE_LOG_GROUPS),
        "logs:DescribeMetricFilters" => Some(&DESCRIBE_METRIC_FILTERS),
        _ if operation.starts_with("organizations:") => Some(&ORGANIZATIONS),
        _ if operation.starts_with("ec2:Describe") => Some(&EC2),
        _ => CLOUDTRAIL.iter().find(|limit| limit.name == operation),
    }
}

/// The token buckets that were drawn from.
#[derive(Debug, Default)]
pub struct TokenBuckets(Mutex<HashMap<(&'static str, String), Level>>);

/// The tokens in a bucket, and when there were so many.
type Level = (f64, Instant);

impl TokenBuckets {
    /// Whether one more call is let in.
    pub fn admit(&self, limit: &Limit, account: &str, region: &str) -> bool {
        self.admit_at(limit, account, region, Instant::now())
    }

    fn admit_at(&self, limit: &Limit, account: &str, region: &str, now: Instant) -> bool {
        let whose = if limit.global { String::new() } else { format!("{account}/{region}") };
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, filled_at) = buckets.entry((limit.name, whose)).or_insert((limit.burst, now));
        let passed = now.saturating_duration_since(*filled_at).as_secs_f64();
        *filled_at = now;
        *tokens = (*tokens + passed * limit.per_second).min(limit.burst);
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_is_emptied_filled_again_and_nobody_elses() {
        let buckets = TokenBuckets::default();
        let now = Instant::now();
        let trails = limit("cloudtrail:DescribeTrails").expect("documented");
        let admitted =
            |account, at| (0..20).filter(|_| buckets.admit_at(trails, account, "eu-west-1", at)).count();
        assert_eq!(admitted("1", now), 10);
        assert_eq!(admitted("2", now), 10);
        assert_eq!(admitted("1", now + Duration::from_millis(500)), 5);
    }

    #[test]
    fn describing_anything_of_ec2_draws_from_one_bucket_and_organizations_is_shared_by_all() {
        assert_eq!(limit("ec2:DescribeVpcs"), limit("ec2:DescribeRegions"));
        let buckets = TokenBuckets::default();
        let accounts = limit("organizations:ListAccounts").expect("limited");
        let now = Instant::now();
        let admitted =
            (0..20).filter(|n| buckets.admit_at(accounts, &n.to_string(), "us-east-1", now)).count();
        assert_eq!(admitted, 10);
        assert_eq!(limit("s3:GetBucketPolicy"), None);
    }
}
