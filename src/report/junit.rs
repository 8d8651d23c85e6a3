//! The assessment as JUnit XML, in the dialect of the Jenkins and Surefire readers.
//!
//! One test suite per account, one test case per result. An account that could not be entered is a suite with one
//! error, so that it cannot be overlooked. No times are written: the same state gives the same bytes.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::format::ReportError;
use crate::catalogue::Status;
use crate::score::assessment::{AccountAudit, AccountStatus, Incomplete, ResultRecord};
use crate::score::{AccountRecords, AssessmentView, Section};
use crate::visible::visible;

/// The suite of an account that has results.
pub const SUITE: Section = Section { report: "junit", text: section };

/// Writes an assessment as JUnit XML, ended by a line feed.
///
/// # Errors
/// The XML writer refused a value, what is written to failed, or the results cannot be read.
pub fn write(assessment: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let head = assessment.head();
    let frame = frame(assessment).to_string()?;
    let (before, after) = frame.split_at(frame.rfind(END).unwrap_or(frame.len()));
    out.write_all(before.as_bytes())?;
    let without_results = |account| suite_text(suite(&head.run.incomplete, account, &[]));
    let mut accounts = head.accounts.iter().peekable();
    for section in assessment.sections(SUITE) {
        let (id, section) = section?;
        while let Some(account) = accounts.next_if(|account| account.id < id) {
            out.write_all(without_results(account)?.as_bytes())?;
        }
        _ = accounts.next_if(|account| account.id == id);
        out.write_all(section.as_bytes())?;
    }
    for account in accounts {
        out.write_all(without_results(account)?.as_bytes())?;
    }
    Ok(out.write_all(after.as_bytes())?)
}

fn section(of: &AccountRecords<'_>) -> io::Result<String> {
    suite_text(match of.account {
        Some(account) => suite(of.incomplete, account, of.results),
        None => stray(of.results),
    })
}

/// How the report ends.
const END: &str = "</testsuites>";

/// The report without its suites, with what they count.
fn frame(assessment: &AssessmentView<'_>) -> Report {
    let overview = assessment.overview();
    let accounts = assessment.head().accounts.iter();
    let unreachable = accounts.filter(|account| account.status == AccountStatus::Unreachable).count();
    let mut report = Report::new("exfilguard");
    report.tests = overview.results() + unreachable;
    report.failures = overview.count(Status::Fail);
    report.errors = overview.count(Status::Unknown) + overview.count(Status::Error) + unreachable;
    report.skipped = overview.count(Status::NotApplicable) + overview.count(Status::Excepted);
    report
}

/// One suite as it stands in a whole report: the lines between those of a report that has no other.
fn suite_text(suite: TestSuite) -> io::Result<String> {
    let mut report = Report::new("exfilguard");
    report.add_test_suite(suite);
    let mut text = report.to_string().map_err(io::Error::other)?;
    let malformed = || io::Error::other("the XML writer made no report of one suite");
    text.truncate(text.rfind(END).ok_or_else(malformed)?);
    let begin = text.find("<testsuites").ok_or_else(malformed)?;
    let line = text.get(begin..).and_then(|text| text.find('\n')).ok_or_else(malformed)?;
    text.drain(..=begin + line);
    Ok(text)
}

/// The results of an account that is not in scope, such as an organization's administrator.
fn stray(results: &[ResultRecord]) -> TestSuite {
    let id = results.first().map_or("", |result| result.account_id.as_str());
    let mut suite = TestSuite::new(visible(id).as_ref());
    suite.add_test_cases(results.iter().map(case));
    suite
}

fn suite(incomplete: &[Incomplete], account: &AccountAudit, results: &[ResultRecord]) -> TestSuite {
    let name = format!("{} {}", account.id, account.name);
    let mut suite = TestSuite::new(visible(name.trim()).as_ref());
    suite.add_property(Property::new("status", account.status.as_str()));
    if account.status == AccountStatus::Unreachable {
        suite.add_test_case(unreachable(incomplete, account));
    }
    suite.add_test_cases(results.iter().map(case));
    suite
}

/// The one error of an account that could not be entered, with the reasons.
fn unreachable(incomplete: &[Incomplete], account: &AccountAudit) -> TestCase {
    let failures = incomplete.iter().filter(|failure| failure.account_id == account.id);
    let reasons: Vec<String> = failures
        .map(|failure| {
            let text = format!("{}: {}: {}", failure.operation, failure.code, failure.message);
            visible(&text).into_owned()
        })
        .collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("unreachable");
    status.set_message("the account could not be entered: nothing in it was audited");
    if !reasons.is_empty() {
        status.set_description(reasons.join("\n"));
    }
    let mut case = TestCase::new(visible(&account.id).as_ref(), status);
    case.set_classname("exfilguard.account.reachable");
    case
}

fn case(result: &ResultRecord) -> TestCase {
    let name = match &result.region {
        Some(region) => format!("{} {region}", result.resource.id),
        None => result.resource.id.clone(),
    };
    let mut case = TestCase::new(named(&name), status(result));
    case.set_classname(named(&format!("exfilguard.{}.{}", result.area, result.check)));
    case
}

/// A name that no reader refuses: visible and not empty.
fn named(text: &str) -> String {
    match visible(text.trim()) {
        text if text.is_empty() => "(no name)".to_owned(),
        text => text.into_owned(),
    }
}

fn status(result: &ResultRecord) -> TestCaseStatus {
    let (mut status, kind) = match result.status {
        Status::Pass => return TestCaseStatus::success(),
        Status::Fail => {
            let status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            (status, result.severity.as_str())
        }
        Status::Unknown | Status::Error => {
            let status = TestCaseStatus::non_success(NonSuccessKind::Error);
            (status, result.status.as_str())
        }
        Status::NotApplicable | Status::Excepted => (TestCaseStatus::skipped(), result.status.as_str()),
    };
    status.set_type(kind);
    status.set_message(visible(&reason(result)).as_ref());
    status.set_description(description(result));
    status
}

/// Why the result is what it is, in one line. An exception says who accepted the failure and until when.
fn reason(result: &ResultRecord) -> String {
    match &result.exception {
        Some(exception) if result.status == Status::Excepted => {
            format!("excepted until {} by {}: {}", exception.expires, exception.owner, exception.reason)
        }
        _ => result.message.clone(),
    }
}

/// What a person needs beside the reason, one item a line.
fn description(result: &ResultRecord) -> String {
    let mut lines = vec![
        format!("check: {}", result.check),
        format!("severity: {}", result.severity),
        format!("account: {}", result.account_id),
        format!("resource: {} {}", result.resource.kind, result.resource.id),
    ];
    lines.extend(result.region.iter().map(|region| format!("region: {region}")));
    lines.extend(result.resource.arn.iter().map(|arn| format!("arn: {arn}")));
    if !result.message.is_empty() {
        lines.push(format!("message: {}", result.message));
    }
    for evidence in &result.evidence {
        lines.push(format!("evidence: {} {} {}", evidence.operation, evidence.resource, evidence.pointer));
    }
    if result.witness.as_object().is_some_and(|witness| !witness.is_empty()) {
        lines.push(format!("witness: {}", result.witness));
    }
    if !result.assumptions.is_empty() {
        lines.push(format!("assumptions: {}", result.assumptions.join(", ")));
    }
    lines.extend(result.since_baseline.map(|since| format!("since the baseline: {}", since.as_str())));
    lines.extend(result.remediation.iter().map(|kind| format!("remediation: {kind}")));
    let lines: Vec<_> = lines.iter().map(|line| visible(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use quick_junit::Report;

    use super::*;
    use crate::catalogue::Severity;
    use crate::report::{Format, Look};
    use crate::score::assessment::Assessment;
    use crate::score::assessment::examples::{account, organization, result, run};
    use crate::visible::is_hidden;

    fn render(assessment: &Assessment) -> Result<String, ReportError> {
        crate::report::render(Format::Junit, assessment, Look::PLAIN)
    }

    /// What an independent reader would see: the XML parsed back.
    fn parsed(assessment: &Assessment) -> (String, Report) {
        let xml = render(assessment).unwrap();
        let report = Report::deserialize_from_str(&xml).unwrap();
        (xml, report)
    }

    #[test]
    fn the_counts_are_those_of_the_assessment() {
        let assessment = organization();
        let (xml, report) = parsed(&assessment);
        let unreachable = 1;
        assert_eq!(report.tests, assessment.results.len() + unreachable);
        assert_eq!(report.failures, assessment.count(Status::Fail));
        assert_eq!(
            report.errors,
            assessment.count(Status::Unknown) + assessment.count(Status::Error) + unreachable
        );
        assert!(xml.ends_with("</testsuites>\n"));
        assert!(
            xml.contains(
                "<testsuites name=\"exfilguard\" tests=\"9\" skipped=\"2\" failures=\"2\" errors=\"3\">"
            ),
            "{xml}"
        );
    }

    #[test]
    fn each_account_is_a_suite_and_an_unreachable_one_has_one_error() {
        let (xml, report) = parsed(&organization());
        let names: Vec<&str> = report.test_suites.iter().map(|suite| suite.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "111122223333 production",
                "222233334444 data lake",
                "333344445555 sandbox",
                "444455556666 closed",
            ]
        );
        let unreachable = &report.test_suites[2];
        assert_eq!((unreachable.tests, unreachable.errors), (1, 1));
        assert!(xml.contains("sts:AssumeRole: AccessDenied: role/exfilguard-audit cannot be assumed"));
        assert_eq!(report.test_suites[3].tests, 0);
    }

    #[test]
    fn each_result_is_a_case_of_its_check() {
        let (xml, _) = parsed(&organization());
        assert!(
            xml.contains(
                "<testcase name=\"site eu-central-1\" classname=\"exfilguard.buckets.bucket-not-public\">"
            ),
            "{xml}"
        );
        assert!(
            xml.contains(
                "<failure message=\"bucket-not-public says something about site\" type=\"critical\">"
            ),
            "{xml}"
        );
        assert!(
            xml.contains(
                "<error message=\"bucket-not-public says something about archive\" type=\"unknown\">"
            ),
            "{xml}"
        );
        assert!(xml.contains("<skipped message=\"excepted until 2027-06-30 by web team: public web site\" type=\"excepted\">"), "{xml}");
        assert!(xml.contains("type=\"not-applicable\""), "{xml}");
        assert!(xml.contains("<testcase name=\"111122223333/eu-central-1 eu-central-1\" classname=\"exfilguard.guardduty.guardduty-enabled\"/>"), "{xml}");
    }

    #[test]
    fn hostile_text_stays_text_and_is_never_lost() {
        let hostile = "\u{1b}[31m]]>\u{0}\u{b}\u{ffff}\u{202e}<!-- \"><img onerror> & \u{9b}x\n\ttwo";
        let shown = "\\u{1b}[31m]]>\\u{0}\\u{b}\\u{ffff}\\u{202e}<!-- \"><img onerror> & \\u{9b}x\\n\\ttwo";
        let mut failing = result("bucket-not-public", Severity::Critical, Status::Fail, hostile);
        failing.message = hostile.to_owned();
        failing.region = None;
        let mut named = account("111122223333");
        named.name = hostile.to_owned();
        let assessment = Assessment::new(run(), vec![named], vec![failing]);
        let (xml, report) = parsed(&assessment);
        assert!(xml.chars().all(|c| c == '\n' || !is_hidden(c)), "{xml}");
        let suite = &report.test_suites[0];
        assert_eq!(suite.name.as_str(), format!("111122223333 {shown}"));
        let case = &suite.test_cases[0];
        assert_eq!(case.name.as_str(), shown);
        let TestCaseStatus::NonSuccess { message, description, .. } = &case.status else {
            panic!("a failure is no success");
        };
        assert_eq!(message.as_ref().unwrap().as_str(), shown);
        assert!(description.as_ref().unwrap().as_str().contains(shown));
    }

    #[test]
    fn names_are_never_empty() {
        let mut nameless = result("bucket-not-public", Severity::Critical, Status::Pass, " ");
        nameless.region = None;
        let mut account = account("111122223333");
        account.name = String::new();
        let assessment = Assessment::new(run(), vec![account], vec![nameless]);
        let (_, report) = parsed(&assessment);
        assert_eq!(report.test_suites[0].name.as_str(), "111122223333");
        assert_eq!(report.test_suites[0].test_cases[0].name.as_str(), "(no name)");
    }

    #[test]
    fn a_result_of_an_account_out_of_scope_is_not_lost() {
        let stray = result("bucket-not-public", Severity::Critical, Status::Pass, "one");
        let assessment = Assessment::new(run(), Vec::new(), vec![stray]);
        let (_, report) = parsed(&assessment);
        assert_eq!(report.tests, 1);
        assert_eq!(report.test_suites[0].name.as_str(), "111122223333");
    }
}
