//! Which IAM permissions reading needs: those of every call that the program makes, and that of a denied one.

/// Operations whose IAM action has another name, in the order of the operations.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
const OTHER_NAMES: [(&str, &str); 19] = [
    ("s3:DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    ("s3:DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("s3:GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration"),
    ("s3:ListBuckets", "s3:ListAllMyBuckets"),
    ("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3control:GetAccessPoint", "s3:GetAccessPoint"),
    ("s3control:GetAccessPointPolicy", "s3:GetAccessPointPolicy"),
    ("s3control:GetAccessPointPolicyStatus", "s3:GetAccessPointPolicyStatus"),
    ("s3control:GetMultiRegionAccessPointPolicy", "s3:GetMultiRegionAccessPointPolicy"),
    ("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
    ("s3control:ListAccessPoints", "s3:ListAccessPoints"),
    ("s3control:ListMultiRegionAccessPoints", "s3:ListMultiRegionAccessPoints"),
];

/// Every operation that is called in an account that is audited, in order.
pub const IN_EACH_ACCOUNT: [&str; 59] = [
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventDataStore",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListEventDataStores",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetAlarmMuteRule",
    "cloudwatch:ListAlarmMuteRules",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRegions",
    "ec2:DescribeRouteTables",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "events:ListEventBuses",
    "events:ListRules",
    "events:ListTargetsByRule",
    "guardduty:DescribeOrganizationConfiguration",
    "guardduty:GetDetector",
    "guardduty:GetFilter",
    "guardduty:GetIPSet",
    "guardduty:GetMemberDetectors",
    "guardduty:GetTrustedEntitySet",
    "guardduty:ListDetectors",
    "guardduty:ListFilters",
    "guardduty:ListIPSets",
    "guardduty:ListMembers",
    "guardduty:ListTrustedEntitySets",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "lambda:GetPolicy",
    "logs:DescribeLogGroups",
    "logs:DescribeMetricFilters",
    "macie2:DescribeBuckets",
    "macie2:GetMacieSession",
    "s3:GetBucketAcl",
    "s3:GetBucketEncryption",
    "s3:GetBucketLifecycleConfiguration",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketNotificationConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketReplication",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetObjectLockConfiguration",
    "s3:GetPublicAccessBlock",
    "s3:ListBucketInventoryConfigurations",
    "s3:ListBuckets",
    "s3control:GetAccessPoint",
    "s3control:GetAccessPointPolicy",
    "s3control:GetMultiRegionAccessPointPolicy",
    "s3control:GetPublicAccessBlock",
    "s3control:ListAccessPoints",
    "s3control:ListMultiRegionAccessPoints",
    "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sqs:GetQueueAttributes",
];

/// Operations that only the caller's own account is asked, in order: who he is and what the organization looks like.
pub const IN_THE_CENTRAL_ACCOUNT: [&str; 11] = [
    "guardduty:ListOrganizationAdminAccounts",
    "organizations:DescribeEffectivePolicy",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAccounts",
    "organizations:ListParents",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTargetsForPolicy",
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
];

/// Every operation by which `exfilguard remediate` changes something, in order.
pub const TO_REMEDIATE: [&str; 27] = [
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:StopLogging",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:PutMetricAlarm",
    "ec2:ModifyVpcEndpoint",
    "events:DeleteRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "guardduty:UpdateDetector",
    "guardduty:UpdateFilter",
    "guardduty:UpdateMemberDetectors",
    "guardduty:UpdateOrganizationConfiguration",
    "logs:DeleteMetricFilter",
    "logs:PutMetricFilter",
    "s3:DeleteBucketOwnershipControls",
    "s3:DeleteBucketPolicy",
    "s3:DeletePublicAccessBlock",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutPublicAccessBlock",
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:Unsubscribe",
];

/// Every operation by which hunts and incident reports read at AWS, in order.
pub const TO_INVESTIGATE: [&str; 18] = [
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetTableMetadata",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "guardduty:GetFindings",
    "guardduty:ListDetectors",
    "guardduty:ListFindings",
    "logs:DescribeLogGroups",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "logs:StopQuery",
    "macie2:DescribeBuckets",
    "macie2:GetFindings",
    "macie2:ListFindings",
];

/// What `exfilguard investigate --start-classification-job` calls besides: it costs money.
pub const TO_CLASSIFY: [&str; 1] = ["macie2:CreateClassificationJob"];

/// What `exfilguard hunt setup --apply` calls besides.
pub const TO_SET_UP_HUNTS: [&str; 1] = ["athena:GetDatabase"];

/// The IAM action of an operation.
#[must_use]
pub fn action(operation: &str) -> &str {
    let place = OTHER_NAMES.binary_search_by_key(&operation, |(name, _)| name);
    let other = place.ok().and_then(|place| OTHER_NAMES.get(place));
    other.map_or(operation, |(_, action)| *action)
}

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
    Some(action(operation))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "a test fails by panicking"
    )]

    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

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
    fn the_lists_are_sorted() {
        assert!(OTHER_NAMES.is_sorted_by_key(|(operation, _)| *operation));
        assert!(IN_EACH_ACCOUNT.is_sorted() && IN_THE_CENTRAL_ACCOUNT.is_sorted());
        assert!(TO_REMEDIATE.is_sorted() && TO_INVESTIGATE.is_sorted());
    }

    /// The operations that the files of a folder name.
    fn named_in(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        named_by(entries.filter(|path| !path.is_dir()).collect())
    }

    /// The files of a folder and of the folders in it.
    fn files_in(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
    }

    /// The operations that files name; what policies that are written there allow are no calls.
    fn named_by(files: Vec<PathBuf>) -> BTreeSet<String> {
        let pattern = regex_automata::meta::Regex::new(
            "\"(athena|cloudtrail|cloudwatch|ec2|events|guardduty|kms|lambda|logs|macie2|organizations|s3|s3control|sns|sqs|sts):\
             [A-Z][A-Za-z0-9]+\"",
        )
        .unwrap();
        let in_policy = regex_automata::meta::Regex::new(r#""Action": (\[[^\]]*\]|"[^"]*")"#).unwrap();
        let mut named = BTreeSet::new();
        for path in files {
            if path.ends_with("permission.rs") {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let allowed: Vec<_> = in_policy.find_iter(code).map(|found| found.range()).collect();
            let calls = pattern
                .find_iter(code)
                .filter(|found| !allowed.iter().any(|range| range.contains(&found.start())))
                .map(|found| code[found.range()].trim_matches('"').to_owned());
            named.extend(calls);
        }
        named
    }

    /// The source itself is asked: whoever adds a call adds its permission, and whoever takes one away takes it back.
    #[test]
    fn the_lists_are_the_operations_that_the_collectors_call() {
        let listed = IN_EACH_ACCOUNT.iter().chain(&IN_THE_CENTRAL_ACCOUNT).map(|&name| name.to_owned());
        assert_eq!(named_in("src/collect"), listed.collect());
    }

    /// The methods of the SDK's clients that the files of a folder call: `get_bucket_acl` of `client.get_bucket_acl()…`.
    fn called_in(folder: &str) -> BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let verbs = "assume|batch|create|delete|describe|disable|enable|get|head|import|list|lookup|modify|put|remove|set|start|stop|\
                     update";
        let pattern = format!(r"\.((?:{verbs})_[a-z0-9_]+|subscribe|unsubscribe)\(\)");
        let pattern = regex_automata::meta::Regex::new(&pattern).unwrap();
        let (mut called, mut folders) = (BTreeSet::new(), vec![folder]);
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                let methods = pattern.find_iter(code).map(|found| {
                    code[found.range()].trim_start_matches('.').trim_end_matches("()").to_owned()
                });
                called.extend(methods.filter(|method| !method.starts_with("get_or_insert")));
            }
        }
        called
    }

    /// The SDK's method for each operation: `get_ip_set` for `guardduty:GetIPSet`.
    fn methods(operations: &[&str]) -> BTreeSet<String> {
        let method = |operation: &&str| {
            let name: Vec<char> = operation.split(':').nth(1).unwrap().chars().collect();
            let mut method = String::new();
            for (place, letter) in name.iter().enumerate() {
                let after_word = place > 0 && !name[place - 1].is_ascii_uppercase();
                let before_word = place > 0 && name.get(place + 1).is_some_and(char::is_ascii_lowercase);
                if letter.is_ascii_uppercase() && (after_word || before_word) {
                    method.push('_');
                }
                method.push(letter.to_ascii_lowercase());
            }
            method
        };
        operations.iter().map(method).collect()
    }

    /// The names in the source might say one thing and the calls another: the policy is held against the calls, too.
    #[test]
    fn the_policy_of_the_audit_is_what_the_sdk_is_asked_no_more_and_no_less() {
        let listed = [&IN_EACH_ACCOUNT[..], &IN_THE_CENTRAL_ACCOUNT].concat();
        assert_eq!(called_in("src/collect"), methods(&listed));
    }

    #[test]
    fn the_policy_of_remediation_is_what_the_sdk_is_asked_no_more_and_no_less() {
        let called = called_in("src/remediate");
        let all = methods(&[&TO_REMEDIATE[..], &IN_EACH_ACCOUNT].concat());
        assert!(called.is_subset(&all), "{:?}", called.difference(&all));
        let changes = methods(&TO_REMEDIATE);
        assert!(changes.is_subset(&called), "{:?}", changes.difference(&called));
    }

    /// The class of a log group is read by the collectors' own function.
    #[test]
    fn the_investigation_reads_what_its_list_says() {
        let named = named_by(files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/investigate")));
        let own = |name: &&&str| **name != "logs:DescribeLogGroups";
        let besides = TO_SET_UP_HUNTS.iter().chain(&TO_CLASSIFY);
        let listed = TO_INVESTIGATE.iter().filter(own).chain(besides).map(|&name| name.to_owned());
        assert_eq!(named, listed.collect());
    }

    #[test]
    fn the_list_of_changes_is_what_remediation_calls_beside_what_it_reads() {
        let listed = TO_REMEDIATE.iter().chain(&IN_EACH_ACCOUNT).map(|&name| name.to_owned());
        let named = named_in("src/remediate");
        assert!(named.is_subset(&listed.collect()), "{named:?}");
        assert!(TO_REMEDIATE.iter().all(|&name| named.contains(name)), "{named:?}");
    }
}
