//! Whether Macie looks for sensitive data where the organization says there is some (`aws-semantics.md` section 9, MAC-01
//! and MAC-02).

use jiff::Timestamp;
use serde_json::json;

use super::context::{Context, known_or_clause};
use super::fact::{Evidence, Fact};
use super::prevention::sensitive;
use crate::semantics::verdict::{Assumption, Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Bucket, Macie, MacieBucket, Reading};

/// How long ago a bucket may have been analysed, in days.
const RECENT_DAYS: i64 = 90;

/// Whether a sensitive bucket is in a region.
#[must_use]
pub fn holds_sensitive_buckets(account: &AccountSnapshot, region: &str, context: &Context<'_>) -> Fact {
    let buckets = match account.buckets.as_result() {
        Ok(buckets) => buckets,
        Err(why) => return Fact::unread(why),
    };
    let mut doubt = None;
    for bucket in buckets {
        let here = match &bucket.region {
            Reading::Known(of_bucket) => Tri::from(of_bucket == region),
            Reading::Unreadable(_) => Tri::Unknown,
        };
        match here.and(sensitive(bucket, context).holds) {
            Tri::Yes => return Fact::new(Tri::Yes, format!("bucket `{}` is sensitive", bucket.name)),
            Tri::Unknown => doubt = doubt.or(Some(&bucket.name)),
            Tri::No => {}
        }
    }
    match doubt {
        Some(name) => Fact::new(
            Tri::Unknown,
            format!("whether bucket `{name}` is a sensitive one of the region is not known"),
        ),
        None => Fact::new(Tri::No, "the policy file calls no bucket there sensitive"),
    }
}

/// Whether Macie is enabled in a region.
#[must_use]
pub fn enabled(account: &AccountSnapshot, region: &str) -> Fact {
    match read(account, region) {
        Err(fact) => fact,
        Ok(macie) => session(macie, region),
    }
}

/// Macie in a region; a fact that is unknown where it was not asked.
fn read<'a>(account: &'a AccountSnapshot, region: &str) -> Result<&'a Macie, Fact> {
    account.macie.get(region).ok_or_else(|| match account.buckets.as_result() {
        Err(why) => Fact::unread(why),
        Ok(_) => Fact::new(Tri::Unknown, format!("Macie was not asked in region `{region}`")),
    })
}

fn session(macie: &Macie, region: &str) -> Fact {
    let status = match macie.status.as_result() {
        Ok(status) => status.as_deref(),
        Err(why) => return Fact::unread(why),
    };
    let verdict = match status {
        Some("ENABLED") => Verdict::yes("Macie is enabled"),
        Some("PAUSED") => Verdict::no("Macie is paused there"),
        // Told from a caller who may not ask by the message alone.
        None => Verdict::no("Macie is not enabled there").assuming(Assumption(20)),
        Some(other) => Verdict::unknown(format!("Macie's status `{other}` is not known to exfilguard")),
    };
    Fact::from(verdict).with(Evidence::new("macie2:GetMacieSession", region, "/status", json!(status)))
}

/// Whether Macie looks for sensitive data in a bucket: automated discovery has it on its list, or something analysed it in
/// the last 90 days.
#[must_use]
pub fn classified(account: &AccountSnapshot, bucket: &Bucket) -> Fact {
    let region = match known_or_clause(&bucket.region) {
        Ok(region) => region,
        Err(clause) => return Verdict::unknown(clause).into(),
    };
    let macie = match read(account, region) {
        Ok(macie) => macie,
        Err(fact) => return fact,
    };
    let session = session(macie, region);
    if !session.holds.is_yes() {
        return session;
    }
    let buckets = match macie.buckets.as_result() {
        Ok(buckets) => buckets,
        Err(why) => return Fact::unread(why),
    };
    let found = buckets.iter().find(|of_macie| of_macie.name == bucket.name);
    let verdict = match found {
        None => Verdict::no("Macie does not have the bucket in its inventory"),
        Some(found) => analysed(found, &macie.read_at),
    };
    let shown = found.map(|found| {
        json!({
            "automatedDiscoveryMonitoringStatus": found.automated_discovery,
            "lastAutomatedDiscoveryTime": found.last_automated_discovery,
            "jobDetails": {"isDefinedInJob": found.defined_in_job, "lastJobRunTime": found.last_job_run},
            "errorCode": found.error_code,
        })
    });
    Fact::from(verdict).with(Evidence::new("macie2:DescribeBuckets", &bucket.name, "/buckets", json!(shown)))
}

fn analysed(bucket: &MacieBucket, now: &str) -> Verdict {
    if bucket.error_code.as_deref() == Some("ACCESS_DENIED") {
        return Verdict::no("Macie may not look into the bucket (`ACCESS_DENIED`)");
    }
    if bucket.automated_discovery == "MONITORED" && bucket.error_code.is_none() {
        return Verdict::yes("automated discovery analyses the bucket");
    }
    let mut by = Tri::No;
    for (what, time) in
        [("automated discovery", &bucket.last_automated_discovery), ("a job", &bucket.last_job_run)]
    {
        let Some(time) = time else { continue };
        let recent = is_recent(time, now);
        if recent.is_yes() {
            return Verdict::yes(format!("{what} analysed the bucket at {time}"));
        }
        by = by.or(recent);
    }
    let known = bucket.automated_discovery == "NOT_MONITORED" || bucket.error_code.is_some();
    if by.is_unknown() || !known || !matches!(bucket.defined_in_job.as_str(), "TRUE" | "FALSE") {
        return Verdict::unknown("Macie does not say whether it analyses the bucket");
    }
    match (bucket.defined_in_job.as_str(), &bucket.last_job_run) {
        ("TRUE", None) => {
            Verdict::no("automated discovery leaves the bucket out, and the job that covers it never ran")
        }
        (_, Some(time)) => Verdict::no(format!(
            "automated discovery leaves the bucket out, and no job ran since {time}, more than {RECENT_DAYS} days ago"
        )),
        _ => Verdict::no("neither automated discovery nor a job analyses the bucket"),
    }
}

/// Whether a time is at most [`RECENT_DAYS`] before `now`; unknown if one of them cannot be read.
fn is_recent(time: &str, now: &str) -> Tri {
    match (time.parse::<Timestamp>(), now.parse::<Timestamp>()) {
        (Ok(time), Ok(now)) => {
            Tri::from(now.as_second().saturating_sub(time.as_second()) <= RECENT_DAYS * 86_400)
        }
        _ => Tri::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::facts::samples::{self, NOW, REGION, denied};
    use crate::policy::PolicyFile;

    fn unlooked() -> MacieBucket {
        MacieBucket {
            name: "b".into(),
            automated_discovery: "NOT_MONITORED".into(),
            defined_in_job: "FALSE".into(),
            ..MacieBucket::default()
        }
    }

    fn account(status: Reading<Option<String>>, buckets: Reading<Vec<MacieBucket>>) -> AccountSnapshot {
        let mut account = samples::account();
        account.buckets = Reading::Known(vec![samples::bucket("b")]);
        account.macie.insert(REGION.into(), Macie { status, buckets, read_at: NOW.into() });
        account
    }

    fn with_bucket(bucket: MacieBucket) -> Fact {
        let account = account(Reading::Known(Some("ENABLED".into())), Reading::Known(vec![bucket]));
        classified(&account, &samples::bucket("b"))
    }

    #[test]
    fn only_an_enabled_session_is_one() {
        let with = |status| enabled(&account(status, Reading::Known(Vec::new())), REGION);
        assert_eq!(with(Reading::Known(Some("ENABLED".into()))).holds, Tri::Yes);
        assert_eq!(with(Reading::Known(Some("PAUSED".into()))).holds, Tri::No);
        let never = with(Reading::Known(None));
        assert_eq!((never.holds, never.assumptions), (Tri::No, vec!["A-20".to_owned()]));
        assert_eq!(with(Reading::Known(Some("NEW".into()))).holds, Tri::Unknown);
        assert_eq!(with(denied("macie2:GetMacieSession")).holds, Tri::Unknown);
        assert_eq!(enabled(&samples::account(), REGION).holds, Tri::Unknown);
    }

    #[test]
    fn a_bucket_is_classified_by_discovery_or_by_a_recent_run() {
        let monitored = MacieBucket { automated_discovery: "MONITORED".into(), ..unlooked() };
        assert_eq!(with_bucket(monitored.clone()).holds, Tri::Yes);
        let refused = MacieBucket { error_code: Some("ACCESS_DENIED".into()), ..monitored.clone() };
        assert_eq!(with_bucket(refused).holds, Tri::No);
        let too_many = MacieBucket { error_code: Some("BUCKET_COUNT_EXCEEDS_QUOTA".into()), ..monitored };
        assert_eq!(with_bucket(too_many).holds, Tri::No);
        let run = |time: &str| MacieBucket {
            defined_in_job: "TRUE".into(),
            last_job_run: Some(time.into()),
            ..unlooked()
        };
        assert_eq!(with_bucket(run("2025-10-17T04:00:00Z")).holds, Tri::Yes);
        let old = with_bucket(run("2025-10-17T03:59:59Z"));
        assert_eq!(old.holds, Tri::No);
        assert_eq!(
            old.reason,
            "automated discovery leaves the bucket out, and no job ran since 2025-10-17T03:59:59Z, more than 90 days ago"
        );
        assert_eq!(with_bucket(run("yesterday")).holds, Tri::Unknown);
        let by_discovery =
            MacieBucket { last_automated_discovery: Some("2026-01-01T00:00:00Z".into()), ..unlooked() };
        assert_eq!(with_bucket(by_discovery).holds, Tri::Yes);
    }

    #[test]
    fn a_bucket_that_nothing_looks_into_is_not_classified() {
        assert_eq!(with_bucket(unlooked()).holds, Tri::No);
        let planned = MacieBucket { defined_in_job: "TRUE".into(), ..unlooked() };
        assert!(with_bucket(planned).reason.ends_with("never ran"));
        let other = MacieBucket { name: "other".into(), ..unlooked() };
        assert_eq!(with_bucket(other).reason, "Macie does not have the bucket in its inventory");
        for unsure in [
            MacieBucket { automated_discovery: String::new(), ..unlooked() },
            MacieBucket { defined_in_job: "UNKNOWN".into(), ..unlooked() },
        ] {
            assert_eq!(with_bucket(unsure).holds, Tri::Unknown);
        }
    }

    #[test]
    fn without_macie_no_bucket_is_classified_and_what_was_not_read_is_unknown() {
        let bucket = samples::bucket("b");
        let never = account(Reading::Known(None), Reading::Known(Vec::new()));
        assert_eq!(classified(&never, &bucket).holds, Tri::No);
        let unread = account(Reading::Known(Some("ENABLED".into())), denied("macie2:DescribeBuckets"));
        assert_eq!(classified(&unread, &bucket).holds, Tri::Unknown);
        assert_eq!(classified(&samples::account(), &bucket).holds, Tri::Unknown);
        let mut nowhere = bucket;
        nowhere.region = denied("s3:GetBucketLocation");
        assert_eq!(classified(&never, &nowhere).holds, Tri::Unknown);
    }

    #[test]
    fn a_region_holds_the_sensitive_buckets_that_are_in_it() {
        let text = "version: 1\nsensitive: { buckets: [ \"crown-*\" ] }";
        let path = std::path::Path::new("p.yaml");
        let policy = PolicyFile::parse(path, text.to_owned(), &[]).unwrap();
        let organization = samples::organization();
        let guardrails = crate::facts::Guardrails::of(&organization);
        let hubs = std::collections::BTreeMap::new();
        let context =
            Context { organization: &organization, hubs: &hubs, policy: &policy, guardrails: &guardrails };
        let holds = |account: &AccountSnapshot| holds_sensitive_buckets(account, REGION, &context).holds;
        let mut account = samples::account();
        assert_eq!(holds(&account), Tri::No);
        account.buckets = Reading::Known(vec![samples::bucket("other"), samples::bucket("crown-jewels")]);
        assert_eq!(holds(&account), Tri::Yes);
        let mut elsewhere = samples::bucket("crown-jewels");
        elsewhere.region = Reading::Known("us-east-1".into());
        account.buckets = Reading::Known(vec![elsewhere.clone()]);
        assert_eq!(holds(&account), Tri::No);
        elsewhere.region = denied("s3:GetBucketLocation");
        account.buckets = Reading::Known(vec![elsewhere]);
        assert_eq!(holds(&account), Tri::Unknown);
        account.buckets = denied("s3:ListBuckets");
        assert_eq!(holds(&account), Tri::Unknown);
    }
}
