//! What several formats need of a result besides its fields: its place in the order of urgency, a name that stays the
//! same from audit to audit, and what the check's own text says about it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::terminal::change;
use crate::catalogue::{Area, ResourceKind, Severity, Status};
use crate::collect::permission::permission;
use crate::engine::{Checks, Metadata, Schemas, builtin};
use crate::facts;
use crate::score::assessment::{
    AccountStatus, Assessment, Incomplete, Resource, ResultRecord, SinceBaseline,
};

/// Results in the order in which a person should look at them: failures, then what is not known, then what is
/// accepted, then the rest; each by severity, new ones first. Equals keep the canonical order.
#[must_use]
pub(super) fn worst_first(results: &[ResultRecord]) -> Vec<&ResultRecord> {
    let mut results: Vec<&ResultRecord> = results.iter().collect();
    results.sort_by_key(|result| Place::of(result));
    results
}

/// Where a result stands among others: status, severity, whether it is not new, whether it is of no sensitive bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u8, Reverse<Severity>, bool, bool);

impl Place {
    fn of(result: &ResultRecord) -> Self {
        let known = result.since_baseline != Some(SinceBaseline::New);
        Self(urgency(result.status), Reverse(result.severity), known, !result.sensitive)
    }
}

/// The worst of any number of results, taken in canonical order. They are kept without evidence and witness.
#[derive(Debug)]
pub(super) struct Worst {
    most: usize,
    kept: BTreeMap<Place, Vec<ResultRecord>>,
    number: usize,
    taken: usize,
}

impl Worst {
    /// Keeps no more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: BTreeMap::new(), number: 0, taken: 0 }
    }

    /// Takes one more result.
    pub(super) fn take(&mut self, result: &ResultRecord) {
        self.taken += 1;
        let place = Place::of(result);
        if self.number >= self.most {
            match self.kept.last_entry() {
                Some(mut last) if *last.key() > place => {
                    last.get_mut().pop();
                    if last.get().is_empty() {
                        last.remove();
                    }
                    self.number -= 1;
                }
                _ => return,
            }
        }
        let short = ResultRecord { evidence: Vec::new(), witness: json!({}), ..result.clone() };
        self.kept.entry(place).or_default().push(short);
        self.number += 1;
    }

    /// How many were taken, kept or not.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Those that were kept, the worst first; equals in canonical order.
    pub(super) fn kept(&self) -> impl Iterator<Item = &ResultRecord> {
        self.kept.values().flatten()
    }
}

fn urgency(status: Status) -> u8 {
    match status {
        Status::Fail => 0,
        Status::Unknown | Status::Error => 1,
        Status::Excepted => 2,
        Status::Pass => 3,
        Status::NotApplicable => 4,
    }
}

/// A name for a result that is the same in every audit of the same resource, whatever its outcome: 64 hexadecimal
/// digits. Made from what also a baseline compares: account, region, check, and the resource's kind and id.
#[must_use]
pub(super) fn fingerprint(result: &ResultRecord) -> String {
    let resource = &result.resource;
    let key = json!([result.account_id, result.region, result.check, resource.kind.as_str(), resource.id]);
    digest(&key.to_string())
}

/// The SHA-256 digest of a text, 64 hexadecimal digits.
#[must_use]
pub(super) fn digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// Bytes as lower-case hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// The message of a result; for an accepted failure with who accepted it and until when.
#[must_use]
pub(super) fn explained(result: &ResultRecord) -> String {
    match &result.exception {
        Some(exception) if result.status == Status::Excepted => {
            let (expires, owner, reason) = (&exception.expires, &exception.owner, &exception.reason);
            format!("{} (excepted until {expires} by {owner}: {reason})", result.message)
        }
        _ => result.message.clone(),
    }
}

/// What a check's own METADATA says; none for a check of the user's, whose module a report does not see.
#[must_use]
pub(super) fn about(check: &str) -> Option<&'static Metadata> {
    static CHECKS: OnceLock<BTreeMap<String, Metadata>> = OnceLock::new();
    let checks = CHECKS.get_or_init(|| {
        let sources: Vec<_> = builtin().into_iter().filter(|source| !source.is_test()).collect();
        // A defective built-in module would have stopped the audit; a report then has no titles.
        let checks = Checks::load(&sources, &Schemas(facts::schemas()));
        let all = checks.iter().flat_map(Checks::all).map(|check| check.metadata().clone());
        all.map(|metadata| (metadata.id.clone(), metadata)).collect()
    });
    checks.get(check)
}

/// The check's title, or its id.
#[must_use]
pub(super) fn title(check: &str) -> &str {
    if check == NOT_AUDITED {
        return "The account is audited";
    }
    about(check).map_or(check, |metadata| metadata.title.as_str())
}

/// Names of accounts by id, without those that have none.
#[must_use]
pub(super) fn account_names(assessment: &Assessment) -> BTreeMap<&str, &str> {
    let named = assessment.accounts.iter().filter(|account| !account.name.is_empty());
    named.map(|account| (account.id.as_str(), account.name.as_str())).collect()
}

/// The check that [`unseen`] names: no module has it.
pub(super) const NOT_AUDITED: &str = "account-not-audited";

/// A result for each account that could not be entered, for formats that consist of results: nothing in such an
/// account passed, and a reader must not take silence for it.
#[must_use]
pub(super) fn unseen(assessment: &Assessment) -> Vec<ResultRecord> {
    let unreachable = assessment.accounts.iter().filter(|a| a.status == AccountStatus::Unreachable);
    unreachable
        .map(|account| {
            let failures = assessment.run.incomplete.iter().filter(|i| i.account_id == account.id);
            let reasons: Vec<String> = failures.map(unread).collect();
            let message = "the account could not be entered: nothing in it was audited".to_owned();
            ResultRecord {
                check: NOT_AUDITED.to_owned(),
                area: Area::DataEvents,
                severity: Severity::High,
                status: Status::Unknown,
                account_id: account.id.clone(),
                region: None,
                resource: Resource { kind: ResourceKind::Account, id: account.id.clone(), arn: None },
                message: std::iter::once(message).chain(reasons).collect::<Vec<_>>().join("; "),
                evidence: Vec::new(),
                witness: json!({}),
                assumptions: Vec::new(),
                remediation: None,
                exception: None,
                since_baseline: None,
                sensitive: false,
            }
        })
        .collect()
}

/// The result's area; none for an account that was not audited, which lacks all of them.
#[must_use]
pub(super) fn area(result: &ResultRecord) -> Option<&'static str> {
    (result.check != NOT_AUDITED).then(|| result.area.as_str())
}

/// What to do about a failure: the change that mends it, what the check says to do by hand, or where that is told.
#[must_use]
pub(super) fn mend(result: &ResultRecord) -> String {
    if let Some((kind, what)) = planned(result).and_then(|kind| Some((kind, change(kind)?))) {
        return format!("{} (`{kind}`).", capital(what));
    }
    if result.check == NOT_AUDITED {
        return "Create the audit role in the account, or check its trust policy and external id.".to_owned();
    }
    match by_hand(&result.check).first() {
        Some(Paragraph { code: false, text }) => text.clone(),
        _ => format!("Why it matters and what is good: `exfilguard checks explain {}`.", result.check),
    }
}

/// The kind of change by which `exfilguard remediate plan` mends a failure.
#[must_use]
pub(super) fn planned(result: &ResultRecord) -> Option<&str> {
    result.remediation.as_deref().filter(|kind| change(kind).is_some())
}

/// A part of what a check says about how to mend a failure by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paragraph {
    /// Whether it is commands, line by line, rather than a sentence.
    pub code: bool,
    /// The text, without the Markdown's indent; sentences in one line.
    pub text: String,
}

/// How the check says to mend a failure by hand; nothing for a check of the user's.
#[must_use]
pub(super) fn by_hand(check: &str) -> Vec<Paragraph> {
    const INDENT: &str = "    ";
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    for part in about(check).and_then(|metadata| metadata.mend.as_deref()).unwrap_or_default().split("\n\n") {
        let code = part.starts_with(INDENT);
        let lines: Vec<&str> = part.lines().map(|line| line.strip_prefix(INDENT).unwrap_or(line)).collect();
        match paragraphs.last_mut() {
            // Commands in several groups are one script.
            Some(last) if code && last.code => {
                last.text.push_str("\n\n");
                last.text.push_str(&lines.join("\n"));
            }
            _ if part.trim().is_empty() => {}
            _ => paragraphs.push(Paragraph { code, text: lines.join(if code { "\n" } else { " " }) }),
        }
    }
    paragraphs
}

/// The partition that a region belongs to.
#[must_use]
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// A command of the AWS CLI that mends a failure, where one call does; none if a name in it would need quoting.
#[must_use]
pub(super) fn command(result: &ResultRecord) -> Option<String> {
    let safe = |text: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
        !text.is_empty() && !text.starts_with('-') && text.len() <= 256 && text.chars().all(allowed)
    };
    let id = Some(result.resource.id.as_str()).filter(|id| safe(id))?;
    let region = result.region.as_deref().filter(|region| safe(region));
    match (result.remediation.as_deref()?, result.resource.kind) {
        ("block-public-access", ResourceKind::Bucket) => Some(format!(
            "aws s3api put-public-access-block --bucket {id} --public-access-block-configuration \
             BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
        )),
        ("disable-acls", ResourceKind::Bucket) => Some(format!(
            "aws s3api put-bucket-ownership-controls --bucket {id} --ownership-controls \
             'Rules=[{{ObjectOwnership=BucketOwnerEnforced}}]'"
        )),
        ("start-trail-logging", ResourceKind::Trail) => {
            let name = result.resource.arn.as_deref().filter(|arn| safe(arn)).unwrap_or(id);
            Some(format!("aws cloudtrail start-logging --name {name} --region {}", region?))
        }
        _ => None,
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// How many accounts were read entirely, of those that can be entered at all.
#[must_use]
pub(super) fn audited(assessment: &Assessment) -> String {
    let run = &assessment.run;
    let suspended = assessment.accounts.iter().filter(|a| a.status == AccountStatus::Suspended).count();
    let open = run.accounts_in_scope.saturating_sub(u64::try_from(suspended).unwrap_or(u64::MAX));
    let noun = if open == 1 { "account" } else { "accounts" };
    let text = format!("{} of {open} {noun} fully read", run.accounts_audited);
    if suspended == 0 { text } else { format!("{text}, {suspended} suspended") }
}

/// Why something could not be read, in one line, with the permission that is missing.
#[must_use]
pub(super) fn unread(failure: &Incomplete) -> String {
    let text = format!("{}: {}: {}", failure.operation, failure.code, failure.message);
    match permission(&failure.operation, &failure.code) {
        Some(permission) => format!("{text} (missing permission: {permission})"),
        None => text,
    }
}

/// At most `limit` bytes of a text, cut between two characters, the last of them `…` if something was cut off.
#[must_use]
pub(super) fn start(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The severities as numbers of CVSS, which GitHub and others sort by.
#[must_use]
pub(super) fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::score::assessment::examples::{organization, result};

    #[test]
    fn failures_come_first_and_the_worst_before_the_others() {
        let assessment = organization();
        let order: Vec<(Status, Severity)> =
            worst_first(&assessment.results).iter().map(|result| (result.status, result.severity)).collect();
        assert_eq!(order[..2], [(Status::Fail, Severity::Critical), (Status::Fail, Severity::High)]);
        assert_eq!(order[2], (Status::Unknown, Severity::Critical));
        assert_eq!(order.last().unwrap().0, Status::NotApplicable);
        assert_eq!(order.len(), assessment.results.len());
    }

    #[test]
    fn the_worst_of_many_are_the_first_of_all() {
        let results: Vec<ResultRecord> = (0..200_u32)
            .map(|n| {
                let severity = Severity::WORST_FIRST[n as usize * 7 % 5];
                let status = Status::ALL[n as usize * 11 % Status::ALL.len()];
                result("bucket-not-public", severity, status, &format!("{n:03}"))
            })
            .collect();
        for most in [0, 1, 17, 199, 200, 300] {
            let mut worst = Worst::new(most);
            results.iter().for_each(|result| worst.take(result));
            let ids: Vec<&str> = worst.kept().map(|result| result.resource.id.as_str()).collect();
            let all: Vec<&str> =
                worst_first(&results).iter().take(most).map(|result| result.resource.id.as_str()).collect();
            assert_eq!((ids, worst.taken()), (all, 200), "{most}");
        }
    }

    #[test]
    fn a_fingerprint_names_the_resource_not_its_outcome() {
        let failed = result("bucket-not-public", Severity::Critical, Status::Fail, "one");
        let mut passed = result("bucket-not-public", Severity::Low, Status::Pass, "one");
        passed.message = "something else".to_owned();
        assert_eq!(fingerprint(&failed), fingerprint(&passed));
        assert_eq!(fingerprint(&failed).len(), 64);
        let other = result("bucket-not-public", Severity::Critical, Status::Fail, "two");
        assert_ne!(fingerprint(&failed), fingerprint(&other));
        let mut elsewhere = failed.clone();
        elsewhere.region = None;
        assert_ne!(fingerprint(&failed), fingerprint(&elsewhere));
    }

    #[test]
    fn a_built_in_check_says_what_it_is_about() {
        assert_eq!(title("bucket-not-public"), "The bucket is closed to the public");
        assert_eq!(title("my-own-check"), "my-own-check");
        assert!(about("my-own-check").is_none());
    }

    #[test]
    fn a_command_is_told_only_where_nothing_in_it_needs_quotes() {
        let mut open = result("bucket-blocks-public-access", Severity::High, Status::Fail, "site");
        assert_eq!(command(&open), None, "no remediation, no command");
        open.remediation = Some("block-public-access".to_owned());
        assert!(
            command(&open).unwrap().starts_with("aws s3api put-public-access-block --bucket site --public")
        );
        for hostile in ["a b", "$(reboot)", "a;b", "`a`", "-rf", "a\nb", "", "ä"] {
            open.resource.id = hostile.to_owned();
            assert_eq!(command(&open), None, "{hostile}");
        }
        let mut trail = result("trail-is-delivering", Severity::Critical, Status::Fail, "main");
        trail.remediation = Some("start-trail-logging".to_owned());
        assert_eq!(
            command(&trail).unwrap(),
            "aws cloudtrail start-logging --name main --region eu-central-1"
        );
    }

    #[test]
    fn what_no_kind_of_change_mends_is_told_as_the_check_tells_it() {
        let failing = result("tampering-alerted", Severity::High, Status::Fail, "one");
        assert!(mend(&failing).starts_with("Make a rule in each region, "), "{}", mend(&failing));
        let paragraphs = by_hand("tampering-alerted");
        assert_eq!(paragraphs.iter().map(|p| p.code).collect::<Vec<_>>(), [false, true]);
        assert!(!paragraphs[0].text.contains('\n'));
        assert!(paragraphs[1].text.starts_with("aws events put-rule --region REGION"));
        assert!(paragraphs[1].text.contains("\n  \"source\":"), "{}", paragraphs[1].text);
        let own = result("my-own-check", Severity::High, Status::Fail, "one");
        assert_eq!(mend(&own), "Why it matters and what is good: `exfilguard checks explain my-own-check`.");
        assert!(by_hand("my-own-check").is_empty());
    }

    #[test]
    fn every_built_in_check_says_how_to_mend_by_hand() {
        for source in builtin().iter().filter(|source| !source.is_test()) {
            let name = source.path.rsplit('/').next().unwrap().trim_end_matches(".rego").replace('_', "-");
            let paragraphs = by_hand(&name);
            assert!(paragraphs.len() >= 2 && !paragraphs[0].code && paragraphs[1].code, "{name}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(start("größe", 7), "größe");
        assert_eq!(start("größe", 6), "gr…");
        assert_eq!(start("größe", 0), "…");
        assert_eq!(start("🙂🙂", 7), "🙂…");
    }
}
