//! What keeps logs and data from being lost, changed or read: versions, locks, expiry, keys (`aws-semantics.md` 3.7 and 9,
//! LOG-09, LOG-10, BKT-13 and BKT-14).

use std::sync::Arc;

use serde_json::json;

use super::context::{Context, known_or_clause, owner_of};
use super::fact::{Evidence, Fact};
use super::prevention::{self, BucketPolicies};
use super::resources::LogBucket;
use crate::semantics::configuration::Key;
use crate::semantics::iam::probes::{self, Perimeter};
use crate::semantics::iam::{Part, PolicyDocument, PolicySet};
use crate::semantics::trail_key;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Bucket, Trail, key_name};

/// Whether a trail's files are encrypted with a customer's key that CloudTrail can use.
#[must_use]
pub fn trail_encrypted(account: &AccountSnapshot, trail: &Trail) -> Fact {
    let shown = Evidence::new(
        "cloudtrail:DescribeTrails",
        &trail.arn,
        "/trailList/KmsKeyId",
        json!(trail.kms_key_id),
    );
    let Some(id) = &trail.kms_key_id else {
        return Fact::new(Tri::No, "it names no key").with(shown);
    };
    match key(account, &trail.home_region, id) {
        Err(clause) => Fact::from(Verdict::unknown(clause)).with(shown),
        Ok(key) => {
            let verdict = trail_key::admits_trail(key, &trail.arn, &account.id);
            Fact::from(verdict).with(shown).with(key_evidence(key))
        }
    }
}

fn key<'a>(account: &'a AccountSnapshot, region: &str, id: &str) -> Result<&'a Key, String> {
    match account.keys.get(&key_name(region, id)) {
        None => Err(format!("key `{id}` was not read")),
        Some(reading) => known_or_clause(reading),
    }
}

fn key_evidence(key: &Key) -> Evidence {
    Evidence::new("kms:DescribeKey", &key.arn, "/KeyMetadata/KeyState", json!(key.key_state))
}

/// The bucket that a trail delivers to, wherever in the accounts that were read it lies.
#[must_use]
pub fn log_bucket(account: &AccountSnapshot, trail: &Trail, context: &Context<'_>) -> LogBucket {
    let name = &trail.s3_bucket;
    let holders = std::iter::once(account).chain(context.hubs.values().filter(|hub| hub.id != account.id));
    for holder in holders {
        let mut buckets = holder.buckets.known().into_iter().flatten();
        if let Some(bucket) = buckets.find(|bucket| bucket.name == *name) {
            return judged(holder, bucket, context);
        }
    }
    let why = match known_or_clause(&account.buckets) {
        Err(clause) => format!("whether bucket `{name}` is the account's own is {clause}"),
        Ok(_) => format!("bucket `{name}` lies in an account, or a region, that was not read"),
    };
    unread(name, &Fact::new(Tri::Unknown, why))
}

/// A log bucket of which nothing is known.
#[must_use]
pub fn unread(name: &str, unknown: &Fact) -> LogBucket {
    LogBucket {
        name: name.to_owned(),
        not_public: unknown.clone(),
        denies_strangers: unknown.clone(),
        kept: unknown.clone(),
        expiry_read: unknown.clone(),
        expiry_days: Vec::new(),
    }
}

fn judged(holder: &AccountSnapshot, bucket: &Bucket, context: &Context<'_>) -> LogBucket {
    let perimeter = prevention::perimeter(holder, context);
    let policies = BucketPolicies::of(holder, bucket, context, &perimeter);
    let strangers = probes::bucket_identity_perimeter(&bucket.name, policies.set(), &perimeter);
    let (expiry_read, expiry_days) = match known_or_clause(&bucket.protection.expiry_days) {
        Err(clause) => (Fact::from(Verdict::unknown(clause)), Vec::new()),
        Ok(days) => {
            let shown = Evidence::new(
                "s3:GetBucketLifecycleConfiguration",
                &bucket.name,
                "/Rules/Expiration/Days",
                json!(days),
            );
            (Fact::new(Tri::Yes, "its lifecycle rules were read").with(shown), days.clone())
        }
    };
    LogBucket {
        name: bucket.name.clone(),
        not_public: policies.not_public(),
        denies_strangers: Fact::from(strangers),
        kept: either(versioned(bucket), locked(bucket)),
        expiry_read,
        expiry_days,
    }
}

/// Yes before unknown before no.
fn either(a: Fact, b: Fact) -> Fact {
    match (a.holds, b.holds) {
        (Tri::Yes, _) => a,
        (_, Tri::Yes) => b,
        (Tri::Unknown, _) => a,
        (_, Tri::Unknown) => b,
        _ => Fact { reason: format!("{}; {}", a.reason, b.reason), ..a.with_all(b.evidence) },
    }
}

/// Whether a bucket keeps versions.
#[must_use]
pub fn versioned(bucket: &Bucket) -> Fact {
    let versioning = match known_or_clause(&bucket.protection.versioning) {
        Err(clause) => return Verdict::unknown(clause).into(),
        Ok(versioning) => versioning,
    };
    let (holds, why) = match versioning.status.as_deref() {
        Some("Enabled") => (Tri::Yes, "it keeps versions".to_owned()),
        Some(status) => (Tri::No, format!("its versioning is `{status}`")),
        None => (Tri::No, "its versioning was never switched on".to_owned()),
    };
    let shown = Evidence::new("s3:GetBucketVersioning", &bucket.name, "/Status", json!(versioning.status));
    Fact::new(holds, why).with(shown)
}

/// Whether a bucket has Object Lock.
#[must_use]
pub fn locked(bucket: &Bucket) -> Fact {
    let lock = match known_or_clause(&bucket.protection.object_lock) {
        Err(clause) => return Verdict::unknown(clause).into(),
        Ok(lock) => lock,
    };
    let enabled = lock.as_ref().is_some_and(|lock| lock.enabled);
    let mode = lock.as_ref().and_then(|lock| lock.default_mode.as_deref());
    let why = match (enabled, mode) {
        (true, Some(mode)) => format!("Object Lock holds new objects in mode {mode}"),
        (true, None) => "Object Lock is enabled".to_owned(),
        (false, _) => "it has no Object Lock".to_owned(),
    };
    let pointer = "/ObjectLockConfiguration/ObjectLockEnabled";
    let shown = Evidence::new("s3:GetObjectLockConfiguration", &bucket.name, pointer, json!(enabled));
    Fact::new(enabled, why).with(shown)
}

/// Whether the key that encrypts a bucket's new objects refuses everybody outside. AWS's own key of S3 serves its account
/// alone; objects that S3 encrypts with keys of its own are decrypted for whoever may read them.
#[must_use]
pub fn key_denies_outside(account: &AccountSnapshot, bucket: &Bucket, perimeter: &Perimeter) -> Fact {
    let encryption = match known_or_clause(&bucket.protection.encryption) {
        Err(clause) => return Verdict::unknown(clause).into(),
        Ok(encryption) => encryption,
    };
    let shown = Evidence::new(
        "s3:GetBucketEncryption",
        &bucket.name,
        "/ServerSideEncryptionConfiguration/Rules",
        json!(encryption),
    );
    let by_kms = encryption.as_ref().filter(|encryption| encryption.algorithm.starts_with("aws:kms"));
    let Some(encryption) = by_kms else {
        let why = "new objects are encrypted with S3's own keys, which refuse nobody";
        return Fact::new(Tri::No, why).with(shown);
    };
    let Some(id) = encryption.key.as_deref().filter(|id| !id.ends_with("alias/aws/s3")) else {
        let why = "AWS's own key of S3 serves principals of its account alone";
        return Fact::new(Tri::Yes, why).with(shown);
    };
    let Some(region) = bucket.region.known() else {
        return Fact::from(Verdict::unknown("the bucket's region was not read")).with(shown);
    };
    let key = match key(account, region, id) {
        Err(clause) => return Fact::from(Verdict::unknown(clause)).with(shown),
        Ok(key) => key,
    };
    Fact::from(refused_by(key, account, perimeter)).with(shown).with(key_evidence(key))
}

fn refused_by(key: &Key, account: &AccountSnapshot, perimeter: &Perimeter) -> Verdict {
    if key.key_manager == "AWS" {
        return Verdict::yes("AWS's own key of S3 serves principals of its account alone");
    }
    let Some(text) = &key.policy else {
        return Verdict::unknown("the key's policy was not read");
    };
    let document = match PolicyDocument::parse(text) {
        Ok(document) => Arc::new(document),
        Err(error) => return Verdict::unknown(format!("the key's policy cannot be read: {error}")),
    };
    if owner_of(&key.arn) != account.id
        && !owner_of(&key.arn).is_empty()
        && !perimeter.has_account(owner_of(&key.arn))
    {
        return Verdict::no(format!("the key belongs to account {}", owner_of(&key.arn)));
    }
    let set = PolicySet { resource: Part::Known(document), ..PolicySet::default() };
    probes::key_denies_outsiders(&key.arn, &set, perimeter)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::facts::samples;
    use crate::snapshot::{DefaultEncryption, ObjectLock, Reading, Versioning};

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

    fn encrypted(algorithm: &str, key: Option<&str>) -> Bucket {
        let mut bucket = samples::bucket("b");
        let encryption = DefaultEncryption { algorithm: algorithm.into(), key: key.map(str::to_owned) };
        bucket.protection.encryption = Reading::Known(Some(encryption));
        bucket
    }

    fn with_key(statement: &str) -> AccountSnapshot {
        let mut account = samples::account();
        let key = Key {
            arn: KEY.into(),
            key_manager: "CUSTOMER".into(),
            key_state: "Enabled".into(),
            policy: Some(format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)),
        };
        account.keys.insert(KEY.into(), Reading::Known(key));
        account
    }

    fn refuses(account: &AccountSnapshot, bucket: &Bucket) -> Tri {
        samples::with_context(&samples::organization(), |context| {
            let perimeter = prevention::perimeter(account, context);
            key_denies_outside(account, bucket, &perimeter).holds
        })
    }

    #[test]
    fn a_customer_s_key_refuses_outsiders_unless_its_policy_admits_them() {
        let own = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}"#;
        let bucket = encrypted("aws:kms", Some(KEY));
        assert_eq!(refuses(&with_key(own), &bucket), Tri::Yes);
        let shared = format!(
            r#"{own}, {{"Effect": "Allow", "Principal": {{"AWS": "999999999999"}}, "Action": "kms:Decrypt", "Resource": "*"}}"#
        );
        assert_eq!(refuses(&with_key(&shared), &bucket), Tri::No);
        let by_caller = r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}"#;
        assert_eq!(refuses(&with_key(by_caller), &bucket), Tri::Yes);
        assert_eq!(refuses(&samples::account(), &bucket), Tri::Unknown);
    }

    #[test]
    fn the_same_alias_is_another_key_in_another_region() {
        let own = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}"#;
        let mut account = with_key(own);
        let key = account.keys.remove(KEY).unwrap();
        account.keys.insert(key_name("us-east-1", "alias/data"), key);
        let mut bucket = encrypted("aws:kms", Some("alias/data"));
        assert_eq!(refuses(&account, &bucket), Tri::Unknown);
        bucket.region = Reading::Known("us-east-1".into());
        assert_eq!(refuses(&account, &bucket), Tri::Yes);
    }

    #[test]
    fn without_a_key_of_kms_nobody_is_refused() {
        let account = samples::account();
        assert_eq!(refuses(&account, &encrypted("AES256", None)), Tri::No);
        assert_eq!(refuses(&account, &encrypted("aws:kms", None)), Tri::Yes);
        let unread = Bucket {
            protection: crate::snapshot::BucketProtection {
                encryption: samples::denied("s3:GetBucketEncryption"),
                ..samples::bucket("b").protection
            },
            ..samples::bucket("b")
        };
        assert_eq!(refuses(&account, &unread), Tri::Unknown);
    }

    #[test]
    fn versions_and_locks_are_told_apart() {
        let mut bucket = samples::bucket("b");
        assert_eq!((versioned(&bucket).holds, locked(&bucket).holds), (Tri::No, Tri::No));
        bucket.protection.versioning =
            Reading::Known(Versioning { status: Some("Suspended".into()), mfa_delete: false });
        assert_eq!(versioned(&bucket).reason, "its versioning is `Suspended`");
        bucket.protection.object_lock =
            Reading::Known(Some(ObjectLock { enabled: true, default_mode: Some("COMPLIANCE".into()) }));
        assert_eq!(locked(&bucket).holds, Tri::Yes);
        bucket.protection.object_lock = samples::denied("s3:GetObjectLockConfiguration");
        assert_eq!(locked(&bucket).holds, Tri::Unknown);
    }

    #[test]
    fn a_log_bucket_elsewhere_is_unknown() {
        let account = samples::account();
        let trail = Trail {
            name: "t".into(),
            arn: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".into(),
            home_region: samples::REGION.into(),
            multi_region: true,
            organization: false,
            include_global_service_events: true,
            s3_bucket: "somewhere-else".into(),
            log_group_arn: None,
            log_group_role_arn: None,
            kms_key_id: None,
            log_file_validation: true,
        };
        samples::with_context(&samples::organization(), |context| {
            let found = log_bucket(&account, &trail, context);
            assert_eq!(found.kept.holds, Tri::Unknown);
            assert_eq!(trail_encrypted(&account, &trail).holds, Tri::No);
        });
    }
}
