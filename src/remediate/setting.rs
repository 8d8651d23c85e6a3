//! One setting of AWS that a change can make: where it stands in a snapshot, and which call gives it a value.
//!
//! Everything a change does is "give this setting that value". So what is present is read, simulated, applied, verified and
//! restored in the same way for all kinds of change; nothing here talks to AWS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{alerting, equivalence};
use crate::snapshot::{AccountSnapshot, Bucket, Reading};

/// A setting of one account. What its values look like stands with each; `null` is "not configured".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "setting", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Setting {
    /// The policy of a bucket: its text.
    BucketPolicy {
        /// The bucket.
        bucket: String,
    },
    /// Block Public Access of a bucket: the four flags.
    BucketPublicAccessBlock {
        /// The bucket.
        bucket: String,
    },
    /// Object Ownership of a bucket: `BucketOwnerEnforced`, ….
    BucketOwnership {
        /// The bucket.
        bucket: String,
    },
    /// Whether a trail logs: true or false.
    TrailLogging {
        /// The trail's ARN.
        trail: String,
    },
    /// The event selectors of a trail, of one family.
    TrailSelectors {
        /// The trail's ARN.
        trail: String,
    },
    /// A feature of the account's own GuardDuty detector: `ENABLED` or `DISABLED`.
    DetectorFeature {
        /// The detector's id.
        detector: String,
        /// The feature, such as `S3_DATA_EVENTS`.
        feature: String,
    },
    /// A feature of a member's detector, set by GuardDuty's administrator: `ENABLED` or `DISABLED`.
    MemberFeature {
        /// The administrator's detector.
        detector: String,
        /// The member's account.
        member: String,
        /// The feature.
        feature: String,
    },
    /// What GuardDuty's administrator switches on by itself: `{"members", "feature"}`, each `ALL`, `NEW` or `NONE`.
    AutomaticFeature {
        /// The administrator's detector.
        detector: String,
        /// The feature.
        feature: String,
    },
    /// What a filter of GuardDuty does with findings that it matches: `ARCHIVE` or `NOOP`.
    FilterAction {
        /// The detector.
        detector: String,
        /// The filter's name.
        filter: String,
    },
    /// The policy of a VPC endpoint: its text.
    EndpointPolicy {
        /// `vpce-…`.
        endpoint: String,
    },
    /// The policy of an SNS topic: its text.
    TopicPolicy {
        /// The topic's ARN.
        topic: String,
    },
    /// An SNS topic of exfilguard's own, for somebody to be alerted: `{"others"}`, the endpoints of subscriptions that
    /// somebody else made. Without them it may be deleted.
    Topic {
        /// The topic's ARN.
        topic: String,
        /// How it reaches the one that the policy file names.
        protocol: String,
        /// Where it reaches him.
        endpoint: String,
    },
    /// A subscription of such a topic: `subscribed`, or `pending` as long as nobody confirmed it.
    TopicSubscription {
        /// The topic's ARN.
        topic: String,
        /// `email`, `https`, ….
        protocol: String,
        /// Where it delivers to.
        endpoint: String,
    },
    /// A rule of EventBridge on the default bus: `{"pattern", "state"}`.
    EventRule {
        /// The rule's name.
        rule: String,
    },
    /// A target of such a rule: the target's ARN.
    RuleTarget {
        /// The rule's name.
        rule: String,
        /// The target's id.
        target: String,
    },
    /// A metric filter of a log group: `{"pattern", "metric", "namespace"}`.
    MetricFilter {
        /// The log group's name.
        log_group: String,
        /// The filter's name.
        filter: String,
    },
    /// An alarm on a metric: what a person sets of it.
    MetricAlarm {
        /// The alarm's name.
        alarm: String,
    },
}

/// A call to AWS, as `aws SERVICE OPERATION --cli-input-json` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The service as IAM and this program name it: `s3`, `cloudtrail`, `guardduty`, …
    pub service: String,
    /// The operation, such as `PutBucketPolicy`.
    pub operation: String,
    /// Its input, with AWS's own names.
    pub input: Value,
}

impl Call {
    pub(super) fn new(operation: &str, input: Value) -> Self {
        let (service, operation) = operation.split_once(':').unwrap_or_default();
        Self { service: service.to_owned(), operation: operation.to_owned(), input }
    }

    /// `service:Operation`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

impl Setting {
    /// Whether two values are the same. Policies are compared by what they say, because AWS writes them in its own way.
    #[must_use]
    pub fn same(&self, one: &Value, other: &Value) -> bool {
        if matches!(self, Self::TopicSubscription { .. }) && (is_pending(one) || is_pending(other)) {
            // It was asked for, and is nothing yet: it goes with the topic, and cannot be taken away by itself.
            return true;
        }
        one == other || (self.is_document() && equivalence::same_policy(one, other))
    }

    /// Whether its values are JSON documents as text.
    #[must_use]
    pub fn is_document(&self) -> bool {
        matches!(self, Self::BucketPolicy { .. } | Self::EndpointPolicy { .. } | Self::TopicPolicy { .. })
    }

    /// The bucket that it is a setting of.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::BucketPolicy { bucket }
            | Self::BucketPublicAccessBlock { bucket }
            | Self::BucketOwnership { bucket } => Some(bucket),
            _ => None,
        }
    }

    /// The account that it is set for, where that is another one than the caller's.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match self {
            Self::MemberFeature { member, .. } => Some(member),
            _ => None,
        }
    }

    /// Another account in which the same value is seen, and as which setting: a member sees what its administrator set.
    #[must_use]
    pub fn seen_by(&self) -> Option<(String, Self)> {
        let Self::MemberFeature { member, feature, .. } = self else { return None };
        let seen = Self::DetectorFeature { detector: String::new(), feature: feature.clone() };
        Some((member.clone(), seen))
    }

    /// The value in a snapshot, or why it is not there.
    ///
    /// # Errors
    /// The resource is not in the snapshot, or could not be read.
    pub fn get(&self, account: &AccountSnapshot, region: &str) -> Result<Value, String> {
        match self {
            Self::BucketPolicy { bucket } => known(&self::bucket(account, bucket)?.policy),
            Self::BucketPublicAccessBlock { bucket } => {
                known(&self::bucket(account, bucket)?.public_access_block)
            }
            Self::BucketOwnership { bucket } => known(&self::bucket(account, bucket)?.object_ownership),
            Self::TrailLogging { trail } => {
                let details = account.trail_details.get(trail).ok_or_else(|| absent(trail))?;
                known(&details.status).map(|status| status["is_logging"].clone())
            }
            Self::TrailSelectors { trail } => {
                known(&account.trail_details.get(trail).ok_or_else(|| absent(trail))?.selectors)
            }
            Self::DetectorFeature { feature, .. } => {
                let region = account.regional.get(region).ok_or_else(|| absent(region))?;
                let detector = region.detector.as_result().map_err(|why| why.clause())?;
                let detector = detector.as_ref().ok_or_else(|| absent("the detector"))?;
                let features = detector.features.as_deref().unwrap_or_default();
                Ok(features.iter().find(|f| f.name == *feature).map_or(Value::Null, |f| json!(f.status)))
            }
            Self::MemberFeature { member, feature, .. } => {
                let members = known_ref(&administration(account, region)?.members)?;
                let found = members.iter().find(|m| m.account == *member).ok_or_else(|| absent(member))?;
                let features = known_ref(&found.features)?;
                Ok(features.iter().find(|f| f.name == *feature).map_or(Value::Null, |f| json!(f.status)))
            }
            Self::AutomaticFeature { feature, .. } => {
                let found = known_ref(&administration(account, region)?.auto_enable)?;
                let whose = found.features.get(feature).map_or("NONE", String::as_str);
                Ok(json!({"members": found.members, "feature": whose}))
            }
            Self::FilterAction { filter, .. } => {
                let region = account.regional.get(region).ok_or_else(|| absent(region))?;
                let filters = known_ref(&region.finding_filters)?;
                let found = filters.iter().find(|f| f.name == *filter).ok_or_else(|| absent(filter))?;
                Ok(json!(found.action))
            }
            Self::EndpointPolicy { endpoint } => {
                let region = account.regional.get(region).ok_or_else(|| absent(region))?;
                let endpoints = known_ref(&region.vpc_endpoints)?;
                let found = endpoints.iter().find(|e| e.id == *endpoint).ok_or_else(|| absent(endpoint))?;
                Ok(json!(found.policy))
            }
            _ => alerting::get(self, account, region),
        }
    }

    /// Puts a value into a snapshot: what AWS would show after the change.
    ///
    /// # Errors
    /// The resource is not in the snapshot, or the value is none of this setting.
    pub fn put(&self, account: &mut AccountSnapshot, region: &str, value: &Value) -> Result<(), String> {
        match self {
            Self::BucketPolicy { bucket } => {
                let typed = typed(value)?;
                bucket_mut(account, bucket)?.policy = Reading::Known(typed);
            }
            Self::BucketPublicAccessBlock { bucket } => {
                let typed = typed(value)?;
                bucket_mut(account, bucket)?.public_access_block = Reading::Known(typed);
            }
            Self::BucketOwnership { bucket } => {
                let typed = typed(value)?;
                bucket_mut(account, bucket)?.object_ownership = Reading::Known(typed);
            }
            Self::TrailLogging { trail } => {
                let details = account.trail_details.get_mut(trail).ok_or_else(|| absent(trail))?;
                if let Reading::Known(status) = &mut details.status {
                    status.is_logging = typed(value)?;
                }
            }
            Self::TrailSelectors { trail } => {
                let details = account.trail_details.get_mut(trail).ok_or_else(|| absent(trail))?;
                details.selectors = Reading::Known(typed(value)?);
            }
            Self::DetectorFeature { feature, .. } => {
                let region = account.regional.get_mut(region).ok_or_else(|| absent(region))?;
                let Reading::Known(Some(detector)) = &mut region.detector else {
                    return Err(absent("the detector"));
                };
                put_feature(detector.features.get_or_insert_default(), feature, typed(value)?);
                if feature == S3_DATA_EVENTS && detector.legacy_s3_logs.is_some() {
                    detector.legacy_s3_logs = Some(typed(value)?);
                }
            }
            Self::MemberFeature { member, feature, .. } => {
                let region = account.regional.get_mut(region).ok_or_else(|| absent(region))?;
                let administration = region.guardduty_administration.as_mut();
                let Some(Reading::Known(members)) = administration.map(|a| &mut a.members) else {
                    return Err(absent(member));
                };
                let found = members.iter_mut().find(|m| m.account == *member);
                let Some(Reading::Known(features)) = found.map(|m| &mut m.features) else {
                    return Err(absent(member));
                };
                put_feature(features, feature, typed(value)?);
            }
            Self::AutomaticFeature { feature, .. } => {
                let region = account.regional.get_mut(region).ok_or_else(|| absent(region))?;
                let administration = region.guardduty_administration.as_mut();
                let Some(Reading::Known(found)) = administration.map(|a| &mut a.auto_enable) else {
                    return Err(absent("the administration"));
                };
                found.members = typed(&value["members"])?;
                found.features.insert(feature.clone(), typed(&value["feature"])?);
            }
            Self::FilterAction { filter, .. } => {
                let region = account.regional.get_mut(region).ok_or_else(|| absent(region))?;
                let Reading::Known(filters) = &mut region.finding_filters else { return Err(absent(filter)) };
                let found = filters.iter_mut().find(|f| f.name == *filter).ok_or_else(|| absent(filter))?;
                found.action = typed(value)?;
            }
            Self::EndpointPolicy { endpoint } => {
                let region = account.regional.get_mut(region).ok_or_else(|| absent(region))?;
                let Reading::Known(endpoints) = &mut region.vpc_endpoints else {
                    return Err(absent(endpoint));
                };
                let found = endpoints.iter_mut().find(|e| e.id == *endpoint);
                found.ok_or_else(|| absent(endpoint))?.policy = typed(value)?;
            }
            _ => alerting::put(self, account, region, value)?,
        }
        Ok(())
    }

    /// The call that gives the setting a value. Calls on buckets name the owner, so that a bucket of the same name in
    /// another account is never touched.
    ///
    /// # Errors
    /// No call gives it this value.
    pub fn call(&self, account: &str, value: &Value) -> Result<Call, String> {
        let call = match self {
            Self::BucketPolicy { bucket } if value.is_null() => {
                Call::new("s3:DeleteBucketPolicy", json!({"Bucket": bucket, "ExpectedBucketOwner": account}))
            }
            Self::BucketPolicy { bucket } => Call::new(
                "s3:PutBucketPolicy",
                json!({"Bucket": bucket, "Policy": value, "ExpectedBucketOwner": account}),
            ),
            Self::BucketPublicAccessBlock { bucket } if value.is_null() => Call::new(
                "s3:DeletePublicAccessBlock",
                json!({"Bucket": bucket, "ExpectedBucketOwner": account}),
            ),
            Self::BucketPublicAccessBlock { bucket } => Call::new(
                "s3:PutPublicAccessBlock",
                json!({"Bucket": bucket, "ExpectedBucketOwner": account, "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": value["block_public_acls"],
                    "IgnorePublicAcls": value["ignore_public_acls"],
                    "BlockPublicPolicy": value["block_public_policy"],
                    "RestrictPublicBuckets": value["restrict_public_buckets"]}}),
            ),
            Self::BucketOwnership { bucket } if value.is_null() => Call::new(
                "s3:DeleteBucketOwnershipControls",
                json!({"Bucket": bucket, "ExpectedBucketOwner": account}),
            ),
            Self::BucketOwnership { bucket } => Call::new(
                "s3:PutBucketOwnershipControls",
                json!({"Bucket": bucket, "ExpectedBucketOwner": account,
                    "OwnershipControls": {"Rules": [{"ObjectOwnership": value}]}}),
            ),
            Self::TrailLogging { trail } if *value == json!(true) => {
                Call::new("cloudtrail:StartLogging", json!({"Name": trail}))
            }
            Self::TrailLogging { trail } => Call::new("cloudtrail:StopLogging", json!({"Name": trail})),
            Self::TrailSelectors { trail } => {
                let mut input = json!({"TrailName": trail});
                for (field, name) in [
                    ("event_selectors", "EventSelectors"),
                    ("advanced_event_selectors", "AdvancedEventSelectors"),
                ] {
                    if let Some(selectors) = value.get(field) {
                        input[name] = selectors.clone();
                    }
                }
                Call::new("cloudtrail:PutEventSelectors", input)
            }
            Self::DetectorFeature { detector, feature } => Call::new(
                "guardduty:UpdateDetector",
                json!({"DetectorId": detector, "Features": [{"Name": feature, "Status": status(value)?}]}),
            ),
            Self::MemberFeature { detector, member, feature } => Call::new(
                "guardduty:UpdateMemberDetectors",
                json!({"DetectorId": detector, "AccountIds": [member],
                    "Features": [{"Name": feature, "Status": status(value)?}]}),
            ),
            Self::AutomaticFeature { detector, feature } => Call::new(
                "guardduty:UpdateOrganizationConfiguration",
                json!({"DetectorId": detector, "AutoEnableOrganizationMembers": value["members"],
                    "Features": [{"Name": feature, "AutoEnable": value["feature"]}]}),
            ),
            Self::FilterAction { detector, filter } => Call::new(
                "guardduty:UpdateFilter",
                json!({"DetectorId": detector, "FilterName": filter, "Action": value}),
            ),
            Self::EndpointPolicy { endpoint } if value.is_null() => {
                Call::new("ec2:ModifyVpcEndpoint", json!({"VpcEndpointId": endpoint, "ResetPolicy": true}))
            }
            Self::EndpointPolicy { endpoint } => Call::new(
                "ec2:ModifyVpcEndpoint",
                json!({"VpcEndpointId": endpoint, "PolicyDocument": value}),
            ),
            _ => alerting::call(self, account, value)?,
        };
        Ok(call)
    }
}

/// A subscription that nobody confirmed yet.
pub const PENDING: &str = "pending";

fn is_pending(value: &Value) -> bool {
    value.as_str() == Some(PENDING)
}

/// GuardDuty's name of S3 Protection.
pub const S3_DATA_EVENTS: &str = "S3_DATA_EVENTS";

/// A feature that was never set is off.
fn status(value: &Value) -> Result<&str, String> {
    match value {
        Value::Null => Ok("DISABLED"),
        Value::String(status) => Ok(status),
        _ => Err(format!("`{value}` is no status of a feature")),
    }
}

fn put_feature(features: &mut Vec<crate::snapshot::DetectorFeature>, name: &str, status: String) {
    match features.iter_mut().find(|feature| feature.name == name) {
        Some(feature) => feature.status = status,
        None => features.push(crate::snapshot::DetectorFeature {
            name: name.to_owned(),
            status,
            managed_by: None,
        }),
    }
}

fn absent(what: &str) -> String {
    format!("`{what}` is not in what was read")
}

fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("`{value}` is no value of it: {error}"))
}

fn known_ref<T>(reading: &Reading<T>) -> Result<&T, String> {
    reading.as_result().map_err(|why| why.clause())
}

fn known<T: Serialize>(reading: &Reading<T>) -> Result<Value, String> {
    serde_json::to_value(known_ref(reading)?).map_err(|error| error.to_string())
}

fn bucket<'a>(account: &'a AccountSnapshot, name: &str) -> Result<&'a Bucket, String> {
    known_ref(&account.buckets)?.iter().find(|bucket| bucket.name == name).ok_or_else(|| absent(name))
}

fn bucket_mut<'a>(account: &'a mut AccountSnapshot, name: &str) -> Result<&'a mut Bucket, String> {
    match &mut account.buckets {
        Reading::Known(buckets) => {
            buckets.iter_mut().find(|bucket| bucket.name == name).ok_or_else(|| absent(name))
        }
        Reading::Unreadable(why) => Err(why.clause()),
    }
}

fn administration<'a>(
    account: &'a AccountSnapshot,
    region: &str,
) -> Result<&'a crate::snapshot::GuardDutyAdministration, String> {
    let region = account.regional.get(region).ok_or_else(|| absent(region))?;
    region.guardduty_administration.as_ref().ok_or_else(|| absent("the administration"))
}
