//! GuardDuty: the finding types that tell of S3 exfiltration, and whether a detector produces them (`aws-semantics.md` 2
//! and 4.1).

use super::verdict::Verdict;

/// What GuardDuty reads to make a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingSource {
    /// S3 data events: the feature `S3_DATA_EVENTS` must be enabled.
    DataEvents,
    /// CloudTrail management events: always, while the detector is enabled.
    ManagementEvents,
}

/// How much a finding type tells of exfiltration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relevance {
    /// It is the signal of exfiltration itself: it must reach a person.
    Primary,
    /// It supports the primary ones.
    Supporting,
}

/// A finding type that GuardDuty makes today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FindingType {
    /// For example `Exfiltration:S3/AnomalousBehavior`.
    pub name: &'static str,
    /// The default severity as a number, as it stands in the finding.
    pub severity: f64,
    /// What GuardDuty reads to make it.
    pub source: FindingSource,
    /// How much it tells of exfiltration.
    pub relevance: Relevance,
}

impl FindingType {
    /// Whether GuardDuty makes it by a rule or a list (policy findings, Tor, malicious addresses, penetration testing
    /// systems) rather than by learning what is usual: only then is it sure to come (`aws-semantics.md` 2.5).
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        let by_rule =
            ["Policy:", "Stealth:", "PenTest:"].iter().any(|purpose| self.name.starts_with(purpose));
        by_rule || self.name.contains("/TorIPCaller") || self.name.contains("/MaliciousIPCaller")
    }

    /// Whether it comes only where the account has an active threat list of its own.
    #[must_use]
    pub fn needs_threat_list(&self) -> bool {
        self.name.ends_with(".Custom")
    }
}

const LOW: f64 = 2.0;
const MEDIUM: f64 = 5.0;
const HIGH: f64 = 8.0;
const CRITICAL: f64 = 9.0;

const fn finding(
    name: &'static str,
    severity: f64,
    source: FindingSource,
    relevance: Relevance,
) -> FindingType {
    FindingType { name, severity, source, relevance }
}

use FindingSource::{DataEvents, ManagementEvents};
use Relevance::{Primary, Supporting};

/// How many of [`FINDING_TYPES`] are S3 finding types of the detector itself (`aws-semantics.md` 2.1); they come first.
const S3_FINDING_TYPES: usize = 20;

/// The finding types about S3, and those about credentials that a rule on S3 exfiltration must not miss.
static FINDING_TYPES: [FindingType; 38] = [
    finding("Discovery:S3/AnomalousBehavior", LOW, DataEvents, Supporting),
    finding("Discovery:S3/MaliciousIPCaller", HIGH, DataEvents, Supporting),
    finding("Discovery:S3/MaliciousIPCaller.Custom", HIGH, DataEvents, Supporting),
    finding("Discovery:S3/TorIPCaller", MEDIUM, DataEvents, Supporting),
    finding("Exfiltration:S3/AnomalousBehavior", HIGH, DataEvents, Primary),
    finding("Exfiltration:S3/MaliciousIPCaller", HIGH, DataEvents, Primary),
    finding("Impact:S3/AnomalousBehavior.Delete", HIGH, DataEvents, Supporting),
    finding("Impact:S3/AnomalousBehavior.Permission", HIGH, DataEvents, Primary),
    finding("Impact:S3/AnomalousBehavior.Write", MEDIUM, DataEvents, Supporting),
    finding("Impact:S3/MaliciousIPCaller", HIGH, DataEvents, Supporting),
    finding("PenTest:S3/KaliLinux", MEDIUM, DataEvents, Supporting),
    finding("PenTest:S3/ParrotLinux", MEDIUM, DataEvents, Supporting),
    finding("PenTest:S3/PentooLinux", MEDIUM, DataEvents, Supporting),
    finding("Policy:S3/AccountBlockPublicAccessDisabled", LOW, ManagementEvents, Supporting),
    finding("Policy:S3/BucketBlockPublicAccessDisabled", LOW, ManagementEvents, Supporting),
    finding("Policy:S3/BucketAnonymousAccessGranted", HIGH, ManagementEvents, Primary),
    finding("Policy:S3/BucketPublicAccessGranted", HIGH, ManagementEvents, Primary),
    finding("Stealth:S3/ServerAccessLoggingDisabled", LOW, ManagementEvents, Supporting),
    finding("UnauthorizedAccess:S3/MaliciousIPCaller.Custom", HIGH, DataEvents, Primary),
    finding("UnauthorizedAccess:S3/TorIPCaller", HIGH, DataEvents, Primary),
    finding("AttackSequence:S3/CompromisedData", CRITICAL, DataEvents, Primary),
    finding("AttackSequence:IAM/CompromisedCredentials", CRITICAL, ManagementEvents, Supporting),
    finding("Exfiltration:IAMUser/AnomalousBehavior", HIGH, ManagementEvents, Supporting),
    finding(
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
        HIGH,
        ManagementEvents,
        Supporting,
    ),
    finding(
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS",
        HIGH,
        ManagementEvents,
        Supporting,
    ),
    finding(
        "UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration.OutsideAWS",
        HIGH,
        ManagementEvents,
        Supporting,
    ),
    finding(
        "UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration.InsideAWS",
        HIGH,
        ManagementEvents,
        Supporting,
    ),
    finding("UnauthorizedAccess:IAMUser/TorIPCaller", MEDIUM, ManagementEvents, Supporting),
    finding("UnauthorizedAccess:IAMUser/MaliciousIPCaller", MEDIUM, ManagementEvents, Supporting),
    finding("UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", MEDIUM, ManagementEvents, Supporting),
    finding("CredentialAccess:IAMUser/CompromisedCredentials", HIGH, ManagementEvents, Supporting),
    finding("DefenseEvasion:IAMUser/AnomalousBehavior", MEDIUM, ManagementEvents, Supporting),
    finding("Stealth:IAMUser/CloudTrailLoggingDisabled", LOW, ManagementEvents, Supporting),
    finding("Discovery:IAMUser/AnomalousBehavior", LOW, ManagementEvents, Supporting),
    finding("Persistence:IAMUser/AnomalousBehavior", MEDIUM, ManagementEvents, Supporting),
    finding("PrivilegeEscalation:IAMUser/AnomalousBehavior", MEDIUM, ManagementEvents, Supporting),
    // Malware protection's, which are no feature of the detector: listed so that a rule on them is not called dead.
    finding("Object:S3/MaliciousFile", HIGH, DataEvents, Supporting),
    finding("Execution:S3/MaliciousFile!RecoveryPoint", HIGH, DataEvents, Supporting),
];

/// Finding types that GuardDuty no longer makes (GuardDuty user guide, *Retired finding types*), each with the type that
/// tells of the same today.
const RETIRED: [(&str, &str); 4] = [
    ("Discovery:S3/BucketEnumeration.Unusual", "Discovery:S3/AnomalousBehavior"),
    ("Exfiltration:S3/ObjectRead.Unusual", "Exfiltration:S3/AnomalousBehavior"),
    ("Impact:S3/ObjectDelete.Unusual", "Impact:S3/AnomalousBehavior.Delete"),
    ("Impact:S3/PermissionsModification.Unusual", "Impact:S3/AnomalousBehavior.Permission"),
];

/// The twenty S3 finding types that a detector makes today (`aws-semantics.md` 2.1).
#[must_use]
pub fn s3_finding_types() -> &'static [FindingType] {
    FINDING_TYPES.get(..S3_FINDING_TYPES).unwrap_or_default()
}

/// The finding types about S3 and the credentials that reach it.
pub fn finding_types() -> impl Iterator<Item = &'static FindingType> {
    FINDING_TYPES.iter()
}

/// Those that must reach a person: the primary ones (`aws-semantics.md` 9, EVT-01).
pub fn essential_finding_types() -> impl Iterator<Item = &'static FindingType> {
    FINDING_TYPES.iter().filter(|finding| finding.relevance == Primary)
}

/// The retired finding types about S3.
pub fn retired_types() -> impl Iterator<Item = &'static str> {
    RETIRED.into_iter().map(|(retired, _)| retired)
}

/// Whether a finding type about S3 is retired.
#[must_use]
pub fn is_retired(name: &str) -> bool {
    retired_successor(name).is_some()
}

/// The finding type that tells today of what the retired type `name` told; none if it is not retired.
#[must_use]
pub fn retired_successor(name: &str) -> Option<&'static str> {
    RETIRED.iter().find(|(retired, _)| *retired == name).map(|(_, successor)| *successor)
}

/// Whether a detector with this status makes findings. A suspended detector is `DISABLED`.
#[must_use]
pub fn detector_enabled(status: &str) -> Verdict {
    match status {
        "ENABLED" => Verdict::yes("GuardDuty is enabled"),
        "DISABLED" => Verdict::no("GuardDuty is suspended"),
        other => Verdict::unknown(format!("GuardDuty's status `{other}` is not known to this program")),
    }
}

/// Whether a detector watches S3 data events: by its features (name and status), or where AWS answered without any by
/// the legacy `dataSources.s3Logs.status`.
#[must_use]
pub fn s3_protection(features: Option<&[(&str, &str)]>, legacy: Option<&str>) -> Verdict {
    let status = match features {
        Some(features) if !(features.is_empty() && legacy.is_some()) => {
            features.iter().find(|(name, _)| *name == "S3_DATA_EVENTS").map(|(_, status)| *status)
        }
        _ => legacy,
    };
    match status {
        Some("ENABLED") => Verdict::yes("GuardDuty S3 Protection is enabled"),
        Some("DISABLED") => Verdict::no("GuardDuty S3 Protection is disabled"),
        Some(other) => Verdict::unknown(format!(
            "the status `{other}` of GuardDuty S3 Protection is not known to this program"
        )),
        None if features.is_some() => Verdict::no("GuardDuty S3 Protection was never enabled"),
        None => Verdict::unknown("AWS named neither GuardDuty's features nor its data sources"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::verdict::Tri;

    #[test]
    fn the_primary_types_are_those_of_the_catalogue() {
        let names: Vec<&str> = essential_finding_types().map(|finding| finding.name).collect();
        assert_eq!(
            names,
            [
                "Exfiltration:S3/AnomalousBehavior",
                "Exfiltration:S3/MaliciousIPCaller",
                "Impact:S3/AnomalousBehavior.Permission",
                "Policy:S3/BucketAnonymousAccessGranted",
                "Policy:S3/BucketPublicAccessGranted",
                "UnauthorizedAccess:S3/MaliciousIPCaller.Custom",
                "UnauthorizedAccess:S3/TorIPCaller",
                "AttackSequence:S3/CompromisedData",
            ]
        );
    }

    #[test]
    fn no_type_is_both_made_and_retired() {
        assert!(finding_types().all(|finding| !is_retired(finding.name)));
        let active_about_s3 =
            finding_types().filter(|f| f.name.contains(":S3/") && !f.name.starts_with("AttackSequence"));
        // Twenty, and malware protection's two, which are no feature of the detector.
        assert_eq!(active_about_s3.count(), 22);
        assert!(is_retired("Exfiltration:S3/ObjectRead.Unusual"));
        assert!(!is_retired("Impact:S3/AnomalousBehavior.Delete"));
    }

    #[test]
    fn a_suspended_detector_is_off_and_an_unknown_status_is_unknown() {
        assert_eq!(detector_enabled("ENABLED").value, Tri::Yes);
        assert_eq!(detector_enabled("DISABLED").value, Tri::No);
        assert_eq!(detector_enabled("").value, Tri::Unknown);
    }

    #[test]
    fn features_decide_and_the_legacy_shape_only_without_them() {
        let value = |features: Option<&[(&str, &str)]>, legacy| s3_protection(features, legacy).value;
        assert_eq!(value(Some(&[("S3_DATA_EVENTS", "ENABLED")]), None), Tri::Yes);
        assert_eq!(value(Some(&[("S3_DATA_EVENTS", "DISABLED")]), Some("ENABLED")), Tri::No);
        assert_eq!(value(Some(&[("FLOW_LOGS", "ENABLED")]), None), Tri::No);
        assert_eq!(value(None, Some("ENABLED")), Tri::Yes);
        assert_eq!(value(None, None), Tri::Unknown);
    }

    #[test]
    fn there_are_twenty_types_about_s3_and_each_once() {
        assert_eq!(s3_finding_types().len(), 20);
        assert!(s3_finding_types().iter().all(|finding| finding.name.contains(":S3/")));
        let mut names: Vec<&str> = finding_types().map(|finding| finding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), finding_types().count());
    }

    #[test]
    fn management_events_are_the_source_of_policy_and_stealth_types_only() {
        for finding in s3_finding_types() {
            let by_management = finding.name.starts_with("Policy:") || finding.name.starts_with("Stealth:");
            assert_eq!(finding.source == ManagementEvents, by_management, "{}", finding.name);
        }
    }

    #[test]
    fn every_essential_type_is_of_high_severity() {
        assert!(essential_finding_types().all(|finding| finding.severity >= 7.0));
    }

    #[test]
    fn learned_types_are_not_sure_to_come() {
        for finding in finding_types() {
            let learned =
                finding.name.contains("AnomalousBehavior") || finding.name.starts_with("AttackSequence:");
            assert!(!(learned && finding.is_deterministic()), "{}", finding.name);
        }
        assert_eq!(s3_finding_types().iter().filter(|finding| !finding.is_deterministic()).count(), 5);
    }

    #[test]
    fn custom_types_need_a_threat_list() {
        let custom: Vec<&str> =
            s3_finding_types().iter().filter(|f| f.needs_threat_list()).map(|f| f.name).collect();
        assert_eq!(
            custom,
            ["Discovery:S3/MaliciousIPCaller.Custom", "UnauthorizedAccess:S3/MaliciousIPCaller.Custom"]
        );
    }

    #[test]
    fn every_retired_type_has_a_successor_of_today() {
        for retired in retired_types() {
            let successor = retired_successor(retired);
            assert!(finding_types().any(|finding| Some(finding.name) == successor), "{retired}");
        }
        assert_eq!(retired_successor("Exfiltration:S3/AnomalousBehavior"), None);
    }

    #[test]
    fn an_empty_list_of_features_leaves_the_legacy_shape_to_decide() {
        assert_eq!(s3_protection(Some(&[]), Some("ENABLED")).value, Tri::Yes);
        assert_eq!(s3_protection(Some(&[]), Some("DISABLED")).value, Tri::No);
        assert_eq!(s3_protection(Some(&[]), None).value, Tri::No);
        assert_eq!(s3_protection(Some(&[("S3_DATA_EVENTS", "PAUSED")]), None).value, Tri::Unknown);
    }
}
