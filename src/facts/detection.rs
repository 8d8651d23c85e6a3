//! Whether GuardDuty makes a finding of some type in an account and region (`aws-semantics.md` 4.1).

use serde_json::json;

use super::context::Context;
use super::detector::watches_s3;
use super::fact::{Evidence, Fact};
use super::suppression::Suppression;
use crate::semantics::guardduty::{self, FindingSource, FindingType};
use crate::semantics::verdict::Verdict;
use crate::snapshot::{AccountSnapshot, Detector};

/// Whether GuardDuty would make the finding if it judged the behaviour to be one, and neither a filter nor a trusted list
/// would hide it (`aws-semantics.md` 4.4).
#[must_use]
pub fn produced(
    account: &AccountSnapshot,
    region: &str,
    finding: &FindingType,
    context: &Context<'_>,
) -> Fact {
    let detector = match detector(account, region) {
        Ok(detector) => detector,
        Err(fact) => return fact,
    };
    let mut verdict = guardduty::detector_enabled(&detector.status);
    if finding.source == FindingSource::DataEvents {
        verdict = verdict.and(watches_s3(detector));
    }
    if finding.needs_threat_list() {
        verdict = verdict
            .and(Verdict::unknown("whether a threat list of the account's own is active was not read"));
    }
    let suppression = Suppression::of(account, region, context);
    let trusted = suppression.trusts_nobody();
    let verdict = verdict
        .and(silent(suppression.keeps(finding)))
        .and(silent(Verdict::new(trusted.holds, trusted.reason)));
    let detector = Evidence::new("guardduty:GetDetector", &detector.id, "/status", json!(detector.status));
    Fact::from(verdict).with(detector).with_all(trusted.evidence)
}

/// What does not stand in the way is not worth a word.
fn silent(verdict: Verdict) -> Verdict {
    if verdict.value.is_yes() { Verdict { reason: String::new(), ..verdict } } else { verdict }
}

/// The check that would have it made, were it to pass; none if nothing stands in its way.
#[must_use]
pub fn mended_by(
    account: &AccountSnapshot,
    region: &str,
    finding: &FindingType,
    context: &Context<'_>,
) -> Option<&'static str> {
    let detector = detector(account, region).ok();
    let enabled = detector.is_some_and(|d| guardduty::detector_enabled(&d.status).value.is_yes());
    let protected = enabled && detector.is_some_and(|d| watches_s3(d).value.is_yes());
    let suppression = Suppression::of(account, region, context);
    match finding.source {
        // The check on S3 Protection passes only where GuardDuty is enabled too.
        FindingSource::DataEvents if !protected => Some("guardduty-s3-protection"),
        FindingSource::ManagementEvents if !enabled => Some("guardduty-enabled"),
        _ if !suppression.keeps(finding).value.is_yes() => Some("guardduty-findings-not-suppressed"),
        _ if !suppression.trusts_nobody().holds.is_yes() => Some("guardduty-trusted-lists-narrow"),
        _ => None,
    }
}

fn detector<'a>(account: &'a AccountSnapshot, region: &str) -> Result<&'a Detector, Fact> {
    let Some(read) = account.regional.get(region) else {
        return Err(Verdict::unknown(format!("region `{region}` was not read")).into());
    };
    super::detector::of(read, region)
}
