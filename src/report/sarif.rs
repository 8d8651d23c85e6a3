//! The assessment as SARIF 2.1.0, for GitHub code scanning and other readers of static analysis.
//!
//! Only what needs a person is a result: failures, accepted failures (as suppressed) and what could not be determined
//! (kind `open`), because several readers take every result for an alert whatever its kind. A cloud resource has no file,
//! but readers demand one: the location is `aws/<account>/<region>/<kind>/<resource>`, the same in every audit.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Map, Value, json};

use super::finding::{
    NOT_AUDITED, Worst, about, area, digest, explained, fingerprint, mend, security_severity, title, unread,
    unseen,
};
use super::format::ReportError;
use super::json::write_value;
use crate::catalogue::{Severity, Status};
use crate::score::AssessmentView;
use crate::score::assessment::{Assessment, ResultRecord, SinceBaseline};
use crate::visible::{visible, visible_start};

/// GitHub refuses a run with more results than this.
pub const MAX_RESULTS: usize = 25_000;

/// How many things that could not be read are listed.
const MAX_NOTIFICATIONS: usize = 1_000;

/// The most characters of a message.
const MAX_MESSAGE: usize = 4_000;

/// Writes an assessment as SARIF, the worst results first, at most [`MAX_RESULTS`] of them.
///
/// # Errors
/// The JSON writer refused a value, what is written to failed, or the results cannot be read.
pub fn write(view: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let assessment = view.head();
    let unseen = unseen(assessment);
    let mut loud = Worst::new(MAX_RESULTS.saturating_sub(unseen.len()));
    // A check that passes everywhere is a rule, too: the reader sees that it was asked.
    let mut worst: BTreeMap<String, (ResultRecord, Severity)> = BTreeMap::new();
    let mut see = |result: &ResultRecord| match worst.get_mut(&result.check) {
        Some((_, severity)) => *severity = (*severity).max(result.severity),
        None => {
            worst.insert(result.check.clone(), (result.clone(), result.severity));
        }
    };
    for results in view.results() {
        for result in &*results? {
            see(result);
            if !matches!(result.status, Status::Pass | Status::NotApplicable) {
                loud.take(result);
            }
        }
    }
    unseen.iter().for_each(&mut see);
    let all: Vec<&ResultRecord> = unseen.iter().take(MAX_RESULTS).chain(loud.kept()).collect();
    let left_out = unseen.len().saturating_add(loud.taken()).saturating_sub(all.len());
    let rules: Vec<Value> = worst.values().map(|(result, severity)| rule(result, *severity)).collect();
    let places: BTreeMap<&str, usize> =
        worst.keys().enumerate().map(|(place, check)| (check.as_str(), place)).collect();
    let results: Vec<Value> = all
        .iter()
        .map(|result| result_object(result, places.get(result.check.as_str()).copied().unwrap_or_default()))
        .collect();
    let run = &assessment.run;
    let category = run.organization_id.as_deref().unwrap_or("account");
    let report = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "exfilguard",
                "semanticVersion": visible(&run.tool_version),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "automationDetails": { "id": format!("exfilguard/{}/", encoded(category)) },
            "invocations": [invocation(assessment, left_out)],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "score": assessment.score.overall,
                "grade": assessment.score.grade.as_str(),
                "complete": run.complete,
                "resultsLeftOut": left_out,
            },
        }],
    });
    Ok(write_value(&report, out)?)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn rule(result: &ResultRecord, severity: Severity) -> Value {
    let check = &result.check;
    let name: String = check.split('-').map(capital).collect();
    let metadata = about(check);
    let description =
        metadata.map_or_else(|| title(check).to_owned(), |metadata| metadata.description.trim().to_owned());
    let mut tags = vec!["security", "s3"];
    tags.extend(area(result));
    let mut rule = json!({
        "id": visible(check),
        "name": visible(&name),
        "shortDescription": { "text": message(title(check)) },
        "fullDescription": { "text": message(&description) },
        "help": { "text": message(&format!("{description}\n\n{}", mend(result))) },
        "defaultConfiguration": { "level": level(severity) },
        "properties": { "tags": tags, "precision": "high", "security-severity": security_severity(severity) },
    });
    let reference = metadata.and_then(|metadata| metadata.related_resources.first());
    if let (Some(reference), Some(rule)) = (reference, rule.as_object_mut()) {
        rule.insert("helpUri".to_owned(), json!(reference.r#ref));
    }
    rule
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn result_object(result: &ResultRecord, place: usize) -> Value {
    let name = fingerprint(result);
    let undecided = matches!(result.status, Status::Unknown | Status::Error);
    let text = match result.status {
        Status::Unknown if result.check != NOT_AUDITED => {
            format!("Could not be determined: {}", result.message)
        }
        Status::Error => format!("The check is defective: {}", result.message),
        _ => explained(result),
    };
    let mut object = json!({
        "ruleId": visible(&result.check),
        "ruleIndex": place,
        "kind": if undecided { "open" } else { "fail" },
        "level": if undecided { "none" } else { level(result.severity) },
        "message": { "text": message(&text) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": place_of(result) },
                "region": { "startLine": 1 },
            },
            "logicalLocations": [{
                "name": visible_start(&result.resource.id, 500),
                "fullyQualifiedName": visible_start(result.resource.arn.as_deref().unwrap_or(&result.resource.id), 1_000),
                "kind": "resource",
            }],
        }],
        "partialFingerprints": {
            "exfilguard/v1": name,
            "primaryLocationLineHash": format!("{}:1", name.get(..16).unwrap_or_default()),
        },
        "properties": {
            "status": result.status,
            "severity": result.severity,
            "account": visible(&result.account_id),
            "region": result.region.as_deref().map(visible),
            "remediation": result.remediation.as_deref().map(visible),
        },
    });
    if let Some(object) = object.as_object_mut() {
        marks(result, object);
    }
    object
}

/// What only some results have: who accepted the failure, and whether it is new.
fn marks(result: &ResultRecord, object: &mut Map<String, Value>) {
    if result.status == Status::Excepted {
        let exception = result.exception.as_ref();
        let why = exception
            .map_or_else(String::new, |e| format!("{} ({}, until {})", e.reason, e.owner, e.expires));
        let suppression = json!({"kind": "external", "status": "accepted", "justification": visible_start(&why, MAX_MESSAGE)});
        object.insert("suppressions".to_owned(), json!([suppression]));
    }
    if let Some(since) = result.since_baseline {
        let state = if since == SinceBaseline::New { "new" } else { "unchanged" };
        object.insert("baselineState".to_owned(), json!(state));
    }
}

/// The stand-in for a file: a relative path of characters that need no escape.
fn place_of(result: &ResultRecord) -> String {
    let region = result.region.as_deref().unwrap_or("global");
    let resource = &result.resource;
    format!(
        "aws/{}/{}/{}/{}",
        encoded(&result.account_id),
        encoded(region),
        resource.kind,
        encoded(&resource.id)
    )
}

/// The most bytes of a text in a segment of a path.
const MAX_SEGMENT: usize = 200;

/// A text as one segment of a path (RFC 3986). A longer one than [`MAX_SEGMENT`] ends with its digest, so that two texts
/// that begin alike stay two places.
fn encoded(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes().take(MAX_SEGMENT) {
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || (byte == b'.' && !segment.is_empty())
        {
            segment.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    if text.len() > MAX_SEGMENT {
        // Writing to a string cannot fail.
        let _ = write!(segment, "~{}", digest(text).get(..16).unwrap_or_default());
    }
    if segment.is_empty() { "-".to_owned() } else { segment }
}

/// A message that holds no embedded link (SARIF 3.11.6) and no control character.
fn message(text: &str) -> String {
    let shown = text.split('\n').map(|line| visible_start(line, MAX_MESSAGE)).collect::<Vec<_>>().join("\n");
    if shown.contains("](") {
        return shown.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    }
    if shown.is_empty() { "(no message)".to_owned() } else { shown }
}

fn invocation(assessment: &Assessment, left_out: usize) -> Value {
    let run = &assessment.run;
    let mut notifications = Vec::new();
    if left_out > 0 {
        let text = format!(
            "{left_out} results, none worse than those shown, were left out: code scanning takes {MAX_RESULTS}"
        );
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    for failure in run.incomplete.iter().take(MAX_NOTIFICATIONS) {
        let place = [Some(&failure.account_id), failure.region.as_ref(), failure.resource.as_ref()];
        let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
        let text = message(
            &format!("{} could not be read: {}", place.join(" "), unread(failure)).replace('\n', " "),
        );
        notifications.push(json!({ "level": "error", "message": { "text": text } }));
    }
    json!({
        "executionSuccessful": run.complete,
        "startTimeUtc": run.started_at.to_string(),
        "endTimeUtc": run.finished_at.to_string(),
        "toolExecutionNotifications": notifications,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::report::{Format, Look};
    use crate::score::assessment::examples::{account, organization, result, run};

    fn read(assessment: &Assessment) -> Value {
        serde_json::from_str(&render(assessment).unwrap()).unwrap()
    }

    fn render(assessment: &Assessment) -> Result<String, ReportError> {
        crate::report::render(Format::Sarif, assessment, Look::PLAIN)
    }

    #[test]
    fn what_needs_a_person_is_a_result() {
        let log = read(&organization());
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        let seen: Vec<(&str, &str)> = results
            .iter()
            .map(|result| (result["ruleId"].as_str().unwrap(), result["kind"].as_str().unwrap()))
            .collect();
        assert_eq!(
            seen,
            [
                ("account-not-audited", "open"),
                ("bucket-not-public", "fail"),
                ("object-reads-logged", "fail"),
                ("bucket-not-public", "open"),
                ("bucket-requires-tls", "open"),
                ("bucket-not-shared-outside", "fail"),
            ]
        );
        assert_eq!(
            results[5]["suppressions"][0]["justification"],
            "public web site (web team, until 2027-06-30)"
        );
        assert!(results[..5].iter().all(|result| result.get("suppressions").is_none()));
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 2);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in results {
            let place = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[place]["id"], result["ruleId"]);
        }
        assert!(rules.iter().any(|rule| rule["id"] == "guardduty-enabled"), "a rule that passes is listed");
        assert_eq!(
            results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "aws/111122223333/eu-central-1/bucket/site"
        );
    }

    #[test]
    fn hostile_text_is_neither_link_nor_path() {
        let hostile = "../..\\[x](javascript:1)\u{1b}\u{202e}\n";
        let mut failing = result("bucket-not-public", Severity::Critical, Status::Fail, hostile);
        failing.message = hostile.to_owned();
        let log = read(&Assessment::new(run(), vec![account("111122223333")], vec![failing]));
        let found = &log["runs"][0]["results"][0];
        assert_eq!(
            found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "aws/111122223333/eu-central-1/bucket/%2E.%2F..%5C%5Bx%5D%28javascript%3A1%29%1B%E2%80%AE%0A"
        );
        assert_eq!(
            found["message"]["text"],
            "../..\\\\\\[x\\](javascript:1)\\\\u{1b}\\\\u{202e}\n(no message)"
                .split_once('\n')
                .unwrap()
                .0
                .to_owned()
                + "\n"
        );
    }

    #[test]
    fn names_that_begin_alike_are_two_places() {
        let alike = "x".repeat(255);
        let places = [format!("{alike}a"), format!("{alike}b"), alike].map(|name| encoded(&name));
        assert!(places.iter().all(|place| place.len() < 250), "{places:?}");
        assert!(places[0] != places[1] && places[1] != places[2], "{places:?}");
        assert_eq!(encoded("CON."), "CON.");
        assert_eq!(encoded(""), "-");
    }

    #[test]
    fn no_more_results_than_code_scanning_takes() {
        let mut results: Vec<ResultRecord> = (0..MAX_RESULTS)
            .map(|number| {
                result("bucket-requires-tls", Severity::Medium, Status::Fail, &format!("b{number}"))
            })
            .collect();
        results.push(result("bucket-not-public", Severity::Critical, Status::Fail, "zz"));
        let log = read(&Assessment::new(run(), vec![account("111122223333")], results));
        let run = &log["runs"][0];
        assert_eq!(run["results"].as_array().unwrap().len(), MAX_RESULTS);
        assert_eq!(run["results"][0]["ruleId"], "bucket-not-public");
        assert_eq!(run["properties"]["resultsLeftOut"], 1);
    }
}
