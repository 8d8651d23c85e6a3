//! The assessment as OCSF Compliance Findings (class 2003) with the cloud profile: one JSON array, one event per result.
//!
//! <https://schema.ocsf.io/1.8.0/classes/compliance_finding?profiles=cloud>

use std::io::Write;

use serde_json::{Value, json};

use super::finding::{about, account_names, area, explained, fingerprint, mend, partition, title, unseen};
use super::format::ReportError;
use super::json::write_array;
use crate::catalogue::{ResourceKind, Severity, Status};
use crate::score::AssessmentView;
use crate::score::assessment::{Assessment, ResultRecord, SinceBaseline};
use crate::visible::visible_start;

/// The version of OCSF that is written.
pub const VERSION: &str = "1.8.0";

/// The most characters of a text.
const MAX_TEXT: usize = 4_000;

/// Writes an assessment as an array of events. An account that could not be entered is an event, too.
///
/// # Errors
/// The JSON writer refused a value, what is written to failed, or the results cannot be read.
pub fn write(assessment: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let head = assessment.head();
    let names = account_names(head);
    let event = |result: &ResultRecord| event(head, result, names.get(result.account_id.as_str()).copied());
    let events = |results: &[ResultRecord]| results.iter().map(event).collect::<Vec<Value>>();
    let unseen = unseen(head);
    write_array(
        || {
            let read = assessment.results().map(|results| results.map(|results| events(&results)));
            std::iter::once(Ok(events(&unseen))).chain(read)
        },
        out,
    )
}

fn text(text: &str) -> String {
    visible_start(text, MAX_TEXT)
}

fn event(assessment: &Assessment, result: &ResultRecord, name: Option<&str>) -> Value {
    let run = &assessment.run;
    let (severity_id, severity) = severity(result.severity);
    let (activity_id, activity) = match (result.status, result.since_baseline) {
        (Status::Pass | Status::NotApplicable, _) => (3, "Close"),
        (_, Some(SinceBaseline::Known)) => (2, "Update"),
        _ => (1, "Create"),
    };
    let (status_id, status) = match result.status {
        Status::Pass | Status::NotApplicable => (4, "Resolved"),
        Status::Excepted => (3, "Suppressed"),
        _ if result.since_baseline == Some(SinceBaseline::Known) => (2, "In Progress"),
        _ => (1, "New"),
    };
    let message = text(&explained(result));
    json!({
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_300 + activity_id,
        "type_name": format!("Compliance Finding: {activity}"),
        "time": run.finished_at.as_millisecond(),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": message,
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "event_code": text(&result.check),
            "correlation_uid": text(&run.id),
            "product": {
                "name": "exfilguard",
                "uid": "exfilguard",
                "vendor_name": "exfilguard",
                "version": text(&run.tool_version),
            },
        },
        "cloud": cloud(assessment, result, name),
        "finding_info": {
            "uid": fingerprint(result),
            "title": text(title(&result.check)),
            "desc": message,
            "types": area(result).into_iter().collect::<Vec<_>>(),
            "data_sources": sources(result),
            "last_seen_time": run.finished_at.as_millisecond(),
        },
        "compliance": compliance(result),
        "resources": [resource(assessment, result)],
        "remediation": {
            "desc": text(&mend(result)),
            "references": about(&result.check)
                .map(|metadata| metadata.related_resources.iter().map(|r| r.r#ref.clone()).collect::<Vec<_>>())
                .unwrap_or_default(),
        },
        "unmapped": {
            "sensitive": result.sensitive,
            "assumptions": result.assumptions,
            "since_baseline": result.since_baseline.map(SinceBaseline::as_str),
            "witness": text(&result.witness.to_string()),
        },
    })
}

/// The operations whose answers the outcome rests on, each once.
fn sources(result: &ResultRecord) -> Vec<String> {
    let mut sources: Vec<String> = result.evidence.iter().map(|evidence| text(&evidence.operation)).collect();
    sources.sort();
    sources.dedup();
    sources
}

fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn cloud(assessment: &Assessment, result: &ResultRecord, name: Option<&str>) -> Value {
    let mut account = json!({ "uid": text(&result.account_id), "type_id": 10, "type": "AWS Account" });
    if let (Some(name), Some(account)) = (name, account.as_object_mut()) {
        account.insert("name".to_owned(), json!(text(name)));
    }
    let mut cloud = json!({ "provider": "AWS", "account": account });
    if let Some(cloud) = cloud.as_object_mut() {
        cloud.extend(result.region.iter().map(|region| ("region".to_owned(), json!(text(region)))));
        let organization = assessment.run.organization_id.iter();
        cloud.extend(organization.map(|id| ("org".to_owned(), json!({ "uid": text(id) }))));
    }
    cloud
}

fn compliance(result: &ResultRecord) -> Value {
    let (status_id, status) = match result.status {
        Status::Pass => (1, "Pass"),
        Status::Fail | Status::Excepted => (3, "Fail"),
        Status::Unknown => (0, "Unknown"),
        Status::NotApplicable | Status::Error => (99, result.status.as_str()),
    };
    json!({
        "control": text(&result.check),
        "desc": text(title(&result.check)),
        "standards": ["exfilguard"],
        "status_id": status_id,
        "status": status,
        "status_code": result.status,
        "status_details": [text(&result.message)],
    })
}

fn resource(assessment: &Assessment, result: &ResultRecord) -> Value {
    let resource = &result.resource;
    // What has no region is in the partition that was audited.
    let region = result.region.as_ref().or(assessment.run.regions.first());
    let mut object = json!({
        "uid": text(resource.arn.as_deref().unwrap_or(&resource.id)),
        "name": text(&resource.id),
        "type": cloudformation_type(resource.kind),
        "cloud_partition": partition(region.map_or("", String::as_str)),
    });
    if let Some(object) = object.as_object_mut() {
        object.extend(result.region.iter().map(|region| ("region".to_owned(), json!(text(region)))));
    }
    object
}

/// The kind as CloudFormation and AWS Config call it.
fn cloudformation_type(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Bucket => "AWS::S3::Bucket",
        ResourceKind::AccessPoint => "AWS::S3::AccessPoint",
        ResourceKind::Trail => "AWS::CloudTrail::Trail",
        ResourceKind::Account | ResourceKind::AccountRegion => "AWS::::Account",
        ResourceKind::OrganizationRegion => "AWS::Organizations::Organization",
        ResourceKind::Vpc => "AWS::EC2::VPC",
        ResourceKind::VpcEndpoint => "AWS::EC2::VPCEndpoint",
        ResourceKind::Alarm => "AWS::CloudWatch::Alarm",
        ResourceKind::EventRule => "AWS::Events::Rule",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::report::{Format, Look};
    use crate::score::assessment::examples::organization;

    fn render(assessment: &Assessment) -> Result<String, ReportError> {
        crate::report::render(Format::Ocsf, assessment, Look::PLAIN)
    }

    #[test]
    fn every_result_is_an_event_and_only_a_pass_passes() {
        let assessment = organization();
        let events: Vec<Value> = serde_json::from_str(&render(&assessment).unwrap()).unwrap();
        assert_eq!(events.len(), assessment.results.len() + 1);
        let passed = events.iter().filter(|event| event["compliance"]["status_id"] == 1).count();
        assert_eq!(passed, assessment.count(Status::Pass));
        assert_eq!(events[0]["metadata"]["event_code"], "account-not-audited");
        assert_eq!(events[0]["compliance"]["status_id"], 0);
        assert_eq!(events[0]["cloud"]["account"]["name"], "sandbox");
        let excepted = events.iter().find(|event| event["compliance"]["status_code"] == "excepted").unwrap();
        assert_eq!(excepted["status"], "Suppressed");
        assert!(excepted["message"].as_str().unwrap().contains("until 2027-06-30 by web team"));
        let mut elsewhere = organization();
        elsewhere.run.regions = vec!["cn-north-1".to_owned()];
        elsewhere.results[0].region = None;
        let events_there: Vec<Value> = serde_json::from_str(&render(&elsewhere).unwrap()).unwrap();
        assert_eq!(events_there[1]["resources"][0]["cloud_partition"], "aws-cn");
        assert!(events.iter().all(|event| event["time"] == 1_795_413_690_500_u64), "{}", events[0]["time"]);
    }
}
