//! The assessment in the AWS Security Finding Format: a JSON array of findings as `securityhub:BatchImportFindings` takes
//! them, a hundred in one call.
//!
//! A finding keeps its `Id` from audit to audit, so that an import updates what is there: a failure that was mended comes
//! again as passed and archived. What does not apply is left out.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::finding::{
    about, account_names, area, explained, fingerprint, mend, partition, start, title, unseen, worst_first,
};
use super::format::ReportError;
use super::json::write_array;
use crate::catalogue::{ResourceKind, Severity, Status};
use crate::score::AssessmentView;
use crate::score::assessment::{Assessment, ResultRecord, SinceBaseline};
use crate::visible::visible;

/// How many findings one call of `BatchImportFindings` takes.
pub const MAX_BATCH: usize = 100;

/// Where findings of global resources go if the audit saw no region.
const HOME_REGION: &str = "us-east-1";

/// Writes an assessment as an array of findings, account by account.
///
/// # Errors
/// The JSON writer refused a value, what is written to failed, or the results cannot be read.
pub fn write(assessment: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    write_array(|| findings(assessment), out)
}

/// The findings: those of accounts that could not be entered, then account by account, the worst of each first.
pub fn findings<'a>(assessment: &'a AssessmentView<'a>) -> impl Iterator<Item = io::Result<Vec<Value>>> + 'a {
    let head = assessment.head();
    let names = account_names(head);
    let of = move |results: Vec<&ResultRecord>| {
        let shown = results.into_iter().filter(|result| result.status != Status::NotApplicable);
        let found = shown.map(|result| finding(head, result, names.get(result.account_id.as_str()).copied()));
        found.collect::<Vec<Value>>()
    };
    let unseen = of(unseen(head).iter().collect());
    let read = assessment.results().map(move |results| results.map(|results| of(worst_first(&results))));
    std::iter::once(Ok(unseen)).chain(read)
}

/// A text of at least one visible character and at most `limit` of them, as every string of the format must be; the
/// limit holds in bytes, which is stricter.
fn text(text: &str, limit: usize) -> String {
    let shown = start(visible(text).trim(), limit);
    if shown.is_empty() { "-".to_owned() } else { shown }
}

/// The region that a finding is sent to: its own, else the first that was audited.
fn home<'a>(assessment: &'a Assessment, result: &'a ResultRecord) -> &'a str {
    let region = result.region.as_deref().or_else(|| assessment.run.regions.first().map(String::as_str));
    region.filter(|region| is_region(region)).unwrap_or(HOME_REGION)
}

/// Whether a text can stand in an ARN as the region.
fn is_region(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=16).contains(&text.len()) && text.chars().all(allowed)
}

fn finding(assessment: &Assessment, result: &ResultRecord, name: Option<&str>) -> Value {
    let region = home(assessment, result);
    let partition = partition(region);
    let account = text(&result.account_id, 12);
    let (label, compliance, state) = match result.status {
        Status::Pass | Status::NotApplicable => ("INFORMATIONAL", "PASSED", "ARCHIVED"),
        Status::Fail => (label(result.severity), "FAILED", "ACTIVE"),
        Status::Excepted => (label(result.severity), "FAILED", "ARCHIVED"),
        Status::Unknown | Status::Error => (label(result.severity), "NOT_AVAILABLE", "ACTIVE"),
    };
    let severity = json!({ "Label": label, "Original": result.severity.as_str() });
    let types = json!(["Software and Configuration Checks/AWS Security Best Practices/Data Exfiltration"]);
    let mut finding = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("exfilguard/{}", fingerprint(result)),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "ProductName": "exfilguard",
        "CompanyName": "exfilguard",
        "GeneratorId": text(&format!("exfilguard/{}", result.check), 512),
        "AwsAccountId": account,
        "Region": region,
        "Types": types,
        "CreatedAt": format!("{:.3}", assessment.run.started_at),
        "UpdatedAt": format!("{:.3}", assessment.run.finished_at),
        "Severity": severity,
        "FindingProviderFields": { "Severity": severity, "Types": types },
        "Title": text(title(&result.check), 256),
        "Description": text(&explained(result), 1024),
        "Remediation": { "Recommendation": recommendation(result) },
        "ProductFields": product_fields(result),
        "Resources": [resource(result, region, partition)],
        "Compliance": { "Status": compliance },
        "RecordState": state,
    });
    if let (Some(name), Some(finding)) = (name, finding.as_object_mut()) {
        finding.insert("AwsAccountName".to_owned(), json!(text(name, 256)));
    }
    finding
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFORMATIONAL",
    }
}

fn recommendation(result: &ResultRecord) -> Value {
    let mut recommendation = json!({ "Text": text(&mend(result), 512) });
    let reference = about(&result.check).and_then(|metadata| metadata.related_resources.first());
    if let (Some(reference), Some(recommendation)) = (reference, recommendation.as_object_mut()) {
        recommendation.insert("Url".to_owned(), json!(text(&reference.r#ref, 1024)));
    }
    recommendation
}

/// What the format has no field for; at most 50 entries.
fn product_fields(result: &ResultRecord) -> Value {
    let exception = result.exception.as_ref();
    let fields = [
        ("check", Some(result.check.as_str())),
        ("status", Some(result.status.as_str())),
        ("area", area(result)),
        ("region", result.region.as_deref()),
        ("remediation", result.remediation.as_deref()),
        ("since_baseline", result.since_baseline.map(SinceBaseline::as_str)),
        ("exception_reason", exception.map(|e| e.reason.as_str())),
        ("exception_owner", exception.map(|e| e.owner.as_str())),
        ("exception_expires", exception.map(|e| e.expires.as_str())),
    ];
    let known = fields.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let mut object: Map<String, Value> =
        known.map(|(key, value)| (format!("exfilguard/{key}"), json!(text(value, 2048)))).collect();
    if result.witness.as_object().is_some_and(|witness| !witness.is_empty()) {
        object.insert("exfilguard/witness".to_owned(), json!(text(&result.witness.to_string(), 2048)));
    }
    Value::Object(object)
}

fn resource(result: &ResultRecord, region: &str, partition: &str) -> Value {
    let (kind, resource) = (result.resource.kind, &result.resource);
    let id = match (&resource.arn, kind) {
        (Some(arn), _) => arn.clone(),
        (None, ResourceKind::Account | ResourceKind::AccountRegion) => {
            format!("AWS::::Account:{}", result.account_id)
        }
        (None, _) => resource.id.clone(),
    };
    json!({
        "Type": asff_type(kind),
        "Id": text(&id, 512),
        "Partition": partition,
        "Region": region,
        "Details": { "Other": { "Kind": kind.as_str(), "Name": text(&resource.id, 1024) } },
    })
}

/// The kind as the format calls it; `Other` where it has no name.
///
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources.html>
fn asff_type(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Bucket => "AwsS3Bucket",
        ResourceKind::AccessPoint => "AwsS3AccessPoint",
        ResourceKind::Trail => "AwsCloudTrailTrail",
        ResourceKind::Account | ResourceKind::AccountRegion => "AwsAccount",
        ResourceKind::Vpc => "AwsEc2Vpc",
        ResourceKind::Alarm => "AwsCloudWatchAlarm",
        ResourceKind::OrganizationRegion | ResourceKind::VpcEndpoint | ResourceKind::EventRule => "Other",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::score::assessment::examples::{account, organization, result, run};

    fn findings(assessment: &Assessment) -> Vec<Value> {
        super::findings(&AssessmentView::from(assessment)).flat_map(Result::unwrap).collect()
    }

    #[test]
    fn only_what_passes_is_passed_and_what_is_accepted_is_archived() {
        let assessment = organization();
        let findings = findings(&assessment);
        assert_eq!(findings.len(), assessment.results.len() + 1 - assessment.count(Status::NotApplicable));
        let seen: Vec<(&str, &str)> = findings
            .iter()
            .map(|finding| {
                (finding["Compliance"]["Status"].as_str().unwrap(), finding["RecordState"].as_str().unwrap())
            })
            .collect();
        assert_eq!(
            seen.iter().filter(|(status, _)| *status == "PASSED").count(),
            assessment.count(Status::Pass)
        );
        assert_eq!(seen[0], ("NOT_AVAILABLE", "ACTIVE"));
        assert_eq!(seen[1], ("FAILED", "ACTIVE"));
        assert!(seen.contains(&("FAILED", "ARCHIVED")), "the exception");
        assert_eq!(findings[1]["UpdatedAt"], "2026-11-23T06:01:30.500Z");
        assert_eq!(
            findings[1]["ProductArn"],
            "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"
        );
        let ids: BTreeSet<&str> = findings.iter().map(|finding| finding["Id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), findings.len());
    }

    #[test]
    fn every_text_keeps_its_limit() {
        let long = "\u{1b}🙂".repeat(1 << 14);
        let mut failing = result("my-own-check", Severity::Critical, Status::Fail, &long);
        failing.message = long.clone();
        failing.region = Some(long.clone());
        failing.witness = json!({ "a": long });
        let mut named = account("111122223333");
        named.name = " ".to_owned();
        let findings = findings(&Assessment::new(run(), vec![named], vec![failing]));
        let finding = &findings[0];
        let length = |pointer: &str| finding.pointer(pointer).unwrap().as_str().unwrap().len();
        assert!(length("/Description") <= 1024 && length("/Title") <= 256 && length("/Id") <= 512);
        assert!(length("/Resources/0/Id") <= 512);
        assert_eq!(finding["Region"], HOME_REGION, "a region of 64 KiB is none");
        assert_eq!(finding["AwsAccountName"], "-");
        assert!(finding.to_string().len() < 240 * 1024);
    }
}
