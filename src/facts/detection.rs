//! Whether GuardDuty makes a finding of some type in an account and region (`aws-semantics.md` 4.1).

use serde_json::json;

use super::fact::{Evidence, Fact};
use crate::semantics::guardduty::{self, FindingSource, FindingType};
use crate::semantics::verdict::Verdict;
use crate::snapshot::{AccountSnapshot, Detector, Reading};

/// Whether GuardDuty would make the finding if it judged the behaviour to be one.
#[must_use]
pub fn produced(account: &AccountSnapshot, region: &str, finding: &FindingType) -> Fact {
    let detector = match detector(account, region) {
        Ok(detector) => detector,
        Err(fact) => return fact,
    };
    let mut verdict = guardduty::detector_enabled(&detector.status);
    if finding.source == FindingSource::DataEvents {
        verdict = verdict.and(s3_protection(detector));
    }
    if finding.needs_threat_list() {
        verdict = verdict
            .and(Verdict::unknown("whether a threat list of the account's own is active was not read"));
    }
    Fact::from(verdict).with(Evidence::new(
        "guardduty:GetDetector",
        &detector.id,
        "/status",
        json!(detector.status),
    ))
}

/// The check that would have it made, were it to pass; none if nothing stands in its way.
#[must_use]
pub fn mended_by(account: &AccountSnapshot, region: &str, finding: &FindingType) -> Option<&'static str> {
    let enabled =
        detector(account, region).is_ok_and(|d| guardduty::detector_enabled(&d.status).value.is_yes());
    match (enabled, finding.source) {
        // The check on S3 Protection passes only where GuardDuty is enabled too.
        (_, FindingSource::DataEvents) => Some("guardduty-s3-protection"),
        (false, FindingSource::ManagementEvents) => Some("guardduty-enabled"),
        (true, FindingSource::ManagementEvents) => None,
    }
}

fn detector<'a>(account: &'a AccountSnapshot, region: &str) -> Result<&'a Detector, Fact> {
    let Some(read) = account.regional.get(region) else {
        return Err(Verdict::unknown(format!("region `{region}` was not read")).into());
    };
    match &read.detector {
        Reading::Unreadable(why) => Err(Fact::unread(why)),
        Reading::Known(None) => Err(Verdict::no("GuardDuty was never enabled there").into()),
        Reading::Known(Some(detector)) => Ok(detector),
    }
}

fn s3_protection(detector: &Detector) -> Verdict {
    let features: Option<Vec<(&str, &str)>> = detector
        .features
        .as_ref()
        .map(|features| features.iter().map(|f| (f.name.as_str(), f.status.as_str())).collect());
    guardduty::s3_protection(features.as_deref(), detector.legacy_s3_logs.as_deref())
}
