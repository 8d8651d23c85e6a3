//! What a region's GuardDuty detector is set to (`aws-semantics.md` 4.1).

use serde_json::{Value, json};

use super::fact::{Evidence, Fact};
use crate::semantics::guardduty;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{Detector, Reading, Region};

/// The detector, or the fact that decides without one.
pub(super) fn of<'a>(read: &'a Region, region: &str) -> Result<&'a Detector, Fact> {
    match &read.detector {
        Reading::Unreadable(why) => Err(Fact::unread(why)),
        Reading::Known(None) => Err(Fact::new(Tri::No, "GuardDuty was never enabled there")
            .with(Evidence::new("guardduty:ListDetectors", region, "/detectorIds", json!([])))),
        Reading::Known(Some(detector)) => Ok(detector),
    }
}

/// Whether the detector works.
pub(super) fn enabled(read: &Region, region: &str) -> Fact {
    match of(read, region) {
        Err(fact) => fact,
        Ok(detector) => Fact::from(guardduty::detector_enabled(&detector.status)).with(Evidence::new(
            "guardduty:GetDetector",
            &detector.id,
            "/status",
            json!(detector.status),
        )),
    }
}

/// Whether GuardDuty tells of repeated findings within the hour.
pub(super) fn publishes_promptly(read: &Region, region: &str) -> Fact {
    let detector = match of(read, region) {
        Err(fact) => return fact,
        Ok(detector) => detector,
    };
    let frequency = detector.finding_publishing_frequency.as_deref();
    let (holds, why) = match frequency {
        Some("FIFTEEN_MINUTES") => (Tri::Yes, "every 15 minutes".to_owned()),
        Some("ONE_HOUR") => (Tri::Yes, "every hour".to_owned()),
        Some("SIX_HOURS") => (Tri::No, "every six hours".to_owned()),
        Some(other) => (Tri::Unknown, format!("its frequency `{other}` is not known to exfilguard")),
        None => (Tri::Unknown, "AWS did not say how often".to_owned()),
    };
    let enabled = guardduty::detector_enabled(&detector.status);
    Fact::from(enabled.and(Verdict::new(holds, why))).with(Evidence::new(
        "guardduty:GetDetector",
        &detector.id,
        "/findingPublishingFrequency",
        json!(frequency),
    ))
}

/// Whether the detector works and watches the data events of S3.
pub(super) fn s3_protection(read: &Region, region: &str) -> Fact {
    let detector = match of(read, region) {
        Err(fact) => return fact,
        Ok(detector) => detector,
    };
    let mut detects = guardduty::detector_enabled(&detector.status);
    if detects.value.is_yes() {
        // That the detector is enabled is a fact of its own, and said there.
        detects.reason.clear();
    }
    let verdict = watches_s3(detector).and(detects);
    let shown: Vec<Value> = detector
        .features
        .iter()
        .flatten()
        .filter(|feature| feature.name == "S3_DATA_EVENTS")
        .map(|feature| json!({"name": feature.name, "status": feature.status}))
        .collect();
    Fact::from(verdict)
        .with(Evidence::new("guardduty:GetDetector", &detector.id, "/features", json!(shown)))
        .with(Evidence::new("guardduty:GetDetector", &detector.id, "/status", json!(detector.status)))
}

/// Whether S3 Protection is on, be the detector enabled or not.
pub(super) fn watches_s3(detector: &Detector) -> Verdict {
    let features: Option<Vec<(&str, &str)>> = detector
        .features
        .as_ref()
        .map(|features| features.iter().map(|f| (f.name.as_str(), f.status.as_str())).collect());
    guardduty::s3_protection(features.as_deref(), detector.legacy_s3_logs.as_deref())
}
