//! What an audit says of the accounts and buckets of an incident: whether requests were logged, and which checks fail.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{AllowingGap, BucketCoverage, Recommendation};
use crate::catalogue::{Area, ResourceKind, Status};
use crate::score::assessment::{Assessment, ResultRecord};

/// An audit, asked about one incident.
#[derive(Debug, Clone, Copy)]
pub struct AuditView<'a> {
    assessment: &'a Assessment,
}

/// The most failing checks that are listed.
const MOST_GAPS: usize = 200;

impl<'a> AuditView<'a> {
    /// The view of an assessment.
    #[must_use]
    pub fn of(assessment: &'a Assessment) -> Self {
        Self { assessment }
    }

    /// Where the coverage is known from, with its time: settings may have been others at the time of the incident.
    #[must_use]
    pub fn basis(&self) -> String {
        let run = &self.assessment.run;
        format!("audit {} of {}", run.id, super::seconds(run.finished_at))
    }

    /// The accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &'a str> {
        self.assessment.accounts.iter().map(|account| account.id.as_str())
    }

    /// Why accounts or buckets of the organization may be missing; none if everything in scope could be read. An audit of
    /// chosen accounts does not tell that there are others.
    #[must_use]
    pub fn may_lack_accounts(&self) -> Option<String> {
        let run = &self.assessment.run;
        match (&run.shard, run.complete) {
            (Some(part), _) => Some(format!("the assessment is of part {part} of the accounts only")),
            (None, false) => Some("the audit could not read everything".to_owned()),
            (None, true) => None,
        }
    }

    /// The buckets.
    #[must_use]
    pub fn buckets(&self) -> BTreeSet<String> {
        let buckets =
            self.assessment.results.iter().filter(|result| result.resource.kind == ResourceKind::Bucket);
        buckets.map(|result| result.resource.id.clone()).collect()
    }

    fn of_bucket(&self, check: &str, bucket: &str) -> Option<&'a ResultRecord> {
        let of = |result: &&ResultRecord| result.check == check && result.resource.id == bucket;
        self.assessment.results.iter().find(of)
    }

    /// Whether requests on a bucket's objects are logged.
    #[must_use]
    pub fn coverage(&self, bucket: &str) -> BucketCoverage {
        let reads = self.of_bucket("object-reads-logged", bucket);
        let writes = self.of_bucket("object-writes-logged", bucket);
        let said = |result: Option<&ResultRecord>| match result.map(|result| result.status) {
            Some(Status::Pass) => "yes",
            Some(Status::Fail | Status::Excepted) => "no",
            _ => "unknown",
        };
        let reasons: Vec<&str> = [reads, writes]
            .into_iter()
            .flatten()
            .filter(|result| result.status != Status::Pass)
            .map(|result| result.message.as_str())
            .collect();
        let reason = match (reads, reasons.is_empty()) {
            (None, _) => "the audit does not know this bucket".to_owned(),
            (_, true) => "a trail logs them".to_owned(),
            _ => reasons.join("; "),
        };
        BucketCoverage {
            bucket: bucket.to_owned(),
            reads: said(reads).to_owned(),
            writes: said(writes).to_owned(),
            reason,
        }
    }

    /// The checks that fail for these accounts and buckets, the severest first.
    #[must_use]
    pub fn gaps(
        &self,
        accounts: &BTreeSet<String>,
        buckets: &BTreeSet<String>,
        titles: &BTreeMap<String, String>,
    ) -> Vec<AllowingGap> {
        let matters = |result: &&ResultRecord| {
            let open = matches!(result.status, Status::Fail | Status::Unknown | Status::Excepted);
            let of_bucket = result.resource.kind == ResourceKind::Bucket;
            open && accounts.contains(&result.account_id)
                && (!of_bucket || buckets.contains(&result.resource.id))
        };
        let mut results: Vec<&ResultRecord> = self.assessment.results.iter().filter(matters).collect();
        results.sort_by(|a, b| {
            (a.status != Status::Fail, b.severity, &a.check, &a.resource.id).cmp(&(
                b.status != Status::Fail,
                a.severity,
                &b.check,
                &b.resource.id,
            ))
        });
        results
            .into_iter()
            .take(MOST_GAPS)
            .map(|result| AllowingGap {
                check: result.check.clone(),
                title: titles.get(&result.check).unwrap_or(&result.check).clone(),
                status: result.status.as_str().to_owned(),
                account: result.account_id.clone(),
                resource: result.resource.id.clone(),
                message: result.message.clone(),
                matters: matter(result.area).to_owned(),
            })
            .collect()
    }

    /// Whether a check fails for any of these accounts.
    fn fails(&self, check: &str, accounts: &BTreeSet<String>) -> bool {
        let failing = |result: &ResultRecord| {
            result.check == check && result.status == Status::Fail && accounts.contains(&result.account_id)
        };
        self.assessment.results.iter().any(failing)
    }
}

fn matter(area: Area) -> &'static str {
    match area {
        Area::DataEvents => "kept it from being recorded, or the record from being trusted",
        Area::Guardduty => "kept it from being detected",
        Area::Alarms | Area::EventRules => "kept anybody from being told",
        Area::Endpoints => "let it go through the organization's own network",
        Area::Buckets => "let it happen",
        Area::Macie => "keeps it unknown how sensitive the data was",
    }
}

/// What to change, by what happened; with what the audit says where there is one.
#[must_use]
pub fn recommendations(
    happened: &BTreeSet<&'static str>,
    audit: Option<&AuditView<'_>>,
    accounts: &BTreeSet<String>,
    titles: &BTreeMap<String, String>,
) -> Vec<Recommendation> {
    let wanted = ADVICE.iter().filter(|(what, ..)| happened.contains(what));
    let mut seen = BTreeSet::new();
    let mut all: Vec<Recommendation> = wanted
        .filter(|(_, check, _)| seen.insert(*check))
        .map(|(_, check, why)| {
            let title = titles.get(*check).map_or(*check, String::as_str);
            Recommendation {
                text: format!("{title}: {why}"),
                check: (*check).to_owned(),
                failing: audit.map(|audit| audit.fails(check, accounts)),
                explain: format!("exfilguard checks explain {check}"),
            }
        })
        .collect();
    all.sort_by_key(|recommendation| recommendation.failing != Some(true));
    all
}

/// What would have stopped or shown what happened: what happened, the check, why.
pub(super) const ADVICE: [(&str, &str, &str); 22] = [
    (
        "direct-read",
        "bucket-restricts-network",
        "a stolen credential is then of no use outside the networks that you name",
    ),
    (
        "direct-read",
        "bulk-download-alarm",
        "somebody is told within the hour that one principal reads very many objects",
    ),
    ("direct-read", "guardduty-s3-findings-routed", "a finding that nobody reads stops nothing"),
    (
        "presigned-url",
        "bucket-restricts-network",
        "a presigned URL is then of no use outside the networks that you name",
    ),
    (
        "copy",
        "foreign-bucket-activity-logged",
        "what goes into foreign buckets is recorded only by a trail for all buckets",
    ),
    ("copy", "endpoint-restricts-buckets", "your network then reaches only your own buckets"),
    ("copy", "bulk-download-alarm", "a copy reads every object, too"),
    ("upload", "endpoint-restricts-buckets", "your network then reaches only your own buckets"),
    (
        "replication",
        "bucket-exports-stay-inside",
        "a replication to a bucket that is not yours is then a failing check",
    ),
    (
        "replication",
        "bucket-control-plane-perimeter",
        "the bucket's settings can then be changed only by who should",
    ),
    ("export", "bucket-exports-stay-inside", "lists and logs that go elsewhere are then a failing check"),
    ("outside-account", "bucket-not-shared-outside", "a policy that lets others in is then a failing check"),
    ("outside-account", "bucket-policy-change-alarm", "somebody is told when a bucket's policy changes"),
    (
        "outside-account",
        "bucket-identity-perimeter",
        "whoever is not of the organization is denied, whatever else is allowed",
    ),
    ("open-access", "bucket-blocks-public-access", "public access stays blocked, whatever a policy says"),
    ("open-access", "bucket-policy-change-alarm", "somebody is told when a bucket's policy changes"),
    (
        "gap",
        "account-covered-by-organization-trail",
        "the accounts themselves cannot stop an organization's trail",
    ),
    ("gap", "tampering-alerted", "somebody is told at once when logging is stopped"),
    ("gap", "trail-is-delivering", "a trail that does not deliver is then a failing check"),
    ("deletion", "bucket-versioned-and-locked", "what is deleted or overwritten can then be restored"),
    (
        "unclassified",
        "sensitive-bucket-classified",
        "what was in the objects is known before they are stolen",
    ),
    ("coverage-unknown", "object-reads-logged", "what is not logged cannot be told afterwards"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::catalogue::Severity;
    use crate::engine::{Checks, Schemas, builtin};
    use crate::score::assessment::examples::{account, result, run};

    #[test]
    fn every_advice_names_a_check_that_there_is() {
        let sources: Vec<_> = builtin().into_iter().filter(|source| !source.is_test()).collect();
        let checks = Checks::load(&sources, &Schemas(crate::facts::schemas())).unwrap();
        for (_, check, _) in ADVICE {
            assert!(checks.get(check).is_some(), "{check}");
        }
    }

    #[test]
    fn coverage_is_what_the_audit_says_and_unknown_otherwise() {
        let results = vec![
            result("object-reads-logged", Severity::High, Status::Pass, "logged"),
            result("object-writes-logged", Severity::High, Status::Fail, "logged"),
            result("object-reads-logged", Severity::High, Status::Unknown, "doubtful"),
        ];
        let assessment = Assessment::new(run(), vec![account("111122223333")], results);
        let view = AuditView::of(&assessment);
        let coverage = |bucket: &str| {
            let coverage = view.coverage(bucket);
            (coverage.reads, coverage.writes)
        };
        assert_eq!(coverage("logged"), ("yes".to_owned(), "no".to_owned()));
        assert_eq!(coverage("doubtful"), ("unknown".to_owned(), "unknown".to_owned()));
        assert_eq!(coverage("elsewhere"), ("unknown".to_owned(), "unknown".to_owned()));
        assert!(view.coverage("elsewhere").reason.contains("does not know"));
    }
}
