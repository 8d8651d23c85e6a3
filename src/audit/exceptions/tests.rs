#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use jiff::civil::date;

use super::*;
use crate::catalogue::Severity;
use crate::facts::samples::{denied, organization};
use crate::policy::CheckDescription;
use crate::score::assessment::examples::{account, result};

const CHECKS: [&str; 3] = ["bucket-not-public", "bucket-requires-tls", "guardduty-enabled"];

fn policy(lines: &str) -> PolicyFile {
    let known = CHECKS.map(|id| CheckDescription {
        id: id.to_owned(),
        title: String::new(),
        severity: Severity::High,
        aliases: Vec::new(),
        parameters: BTreeMap::new(),
    });
    let path = Path::new("exfilguard.yaml");
    let mut policy = PolicyFile::parse(path, format!("version: 1\n{lines}"), &known).unwrap();
    policy.path = Some(path.to_owned());
    policy
}

/// What an audit on 2026-11-23 makes of results under these exceptions, one a line.
fn except_in(organization: &Organization, exceptions: &[&str], results: &mut [ResultRecord]) -> Vec<String> {
    let lines = exceptions.iter().map(|fields| format!("  - {{ {fields}, reason: x, owner: y }}\n"));
    let policy = policy(&format!("exceptions:\n{}", lines.collect::<String>()));
    let exceptions = Exceptions { policy: &policy, today: date(2026, 11, 23) };
    let met = exceptions.except(results);
    let audited = Audited {
        exceptions,
        organization,
        accounts: &[account("111122223333")],
        checks: CHECKS.into_iter().take(2).collect(),
    };
    let warnings = audited.warnings(&audited.uses(&met)).into_iter();
    warnings.map(|w| format!("{}:{}:{}: {}", w.file, w.line, w.column, w.message)).collect()
}

fn except(exceptions: &[&str], results: &mut [ResultRecord]) -> Vec<String> {
    except_in(&organization(), exceptions, results)
}

fn public(id: &str, status: Status) -> ResultRecord {
    result("bucket-not-public", Severity::High, status, id)
}

#[test]
fn only_failures_become_excepted() {
    for status in Status::ALL {
        let mut results = [public("site", status)];
        let _warnings = except(&["check: bucket-not-public, expires: 2026-11-23"], &mut results);
        let expected = if status == Status::Fail { Status::Excepted } else { status };
        assert_eq!(results[0].status, expected);
        assert_eq!(results[0].exception.is_some(), status == Status::Fail);
    }
}

#[test]
fn the_exception_stands_in_the_result_and_nothing_is_warned_of() {
    let mut results = [public("site", Status::Fail), public("other", Status::Fail)];
    results[0].remediation = Some("block-public-access".to_owned());
    let rule = "check: bucket-not-public, resource: site, account: '111122223333', expires: 2027-06-30";
    assert!(except(&[rule], &mut results).is_empty());
    let exception = results[0].exception.as_ref().unwrap();
    assert_eq!((exception.reason.as_str(), exception.owner.as_str()), ("x", "y"));
    assert_eq!(exception.expires, "2027-06-30");
    assert_eq!(results[0].remediation, None);
    assert_eq!(results[1].status, Status::Fail);
}

#[test]
fn an_expired_exception_hides_nothing_and_is_named() {
    let mut results = [public("site", Status::Fail)];
    let rule = "check: bucket-not-public, expires: 2026-11-22";
    assert_eq!(
        except(&[rule], &mut results),
        [
            "exfilguard.yaml:3:5: the exception of `bucket-not-public` expired on 2026-11-22 and hides nothing: 1 failure \
          that it accepted counts again"
        ]
    );
    assert_eq!((results[0].status, results[0].exception.as_ref()), (Status::Fail, None));
    let warnings = except(&[rule], &mut [public("site", Status::Pass)]);
    assert!(warnings[0].ends_with("hides nothing: remove it"), "{warnings:?}");
}

#[test]
fn a_valid_exception_after_an_expired_one_applies() {
    let mut results = [public("site", Status::Fail)];
    let rules = [
        "check: bucket-not-public, expires: 2020-01-01",
        "check: 'bucket-*', resource: site, expires: 2027-01-01",
        "check: 'bucket-*', expires: 2027-02-02",
    ];
    let warnings = except(&rules, &mut results);
    assert_eq!(results[0].exception.as_ref().unwrap().expires, "2027-01-01");
    assert_eq!(warnings.len(), 1, "one that another is before is not unused: {warnings:?}");
}

#[test]
fn an_unused_exception_is_named_if_the_audit_could_have_met_it() {
    let one = |rule: &str, results: &mut [ResultRecord]| {
        let mut warnings = except(&[&format!("{rule}, expires: 2027-06-30")], results);
        assert!(warnings.len() <= 1, "{warnings:?}");
        warnings.pop().unwrap_or_default()
    };
    let here = "exfilguard.yaml:3:5: the exception of";
    let none = one("check: bucket-not-public, resource: gone", &mut [public("site", Status::Fail)]);
    assert_eq!(none, format!("{here} `bucket-not-public` matches no resource"));
    let passes = one("check: bucket-not-public", &mut [public("site", Status::Pass)]);
    assert_eq!(
        passes,
        format!("{here} `bucket-not-public` is unused: the resource that it names does not fail")
    );
    let both = one("check: bucket-not-public", &mut [public("a", Status::Pass), public("b", Status::Pass)]);
    assert_eq!(both, format!("{here} `bucket-not-public` is unused: none of its 2 resources fails"));
    let partition = one("check: bucket-not-public, resource: 'arn:aws-cn:s3:::site'", &mut []);
    assert!(
        partition.ends_with("its ARN is of partition `aws-cn`, the organization's are of `aws`"),
        "{partition}"
    );
    let inapplicable = one("check: bucket-not-public", &mut [public("site", Status::NotApplicable)]);
    assert!(inapplicable.ends_with("matches no resource"));
    assert_eq!(one("check: bucket-not-public", &mut [public("site", Status::Unknown)]), "");
    assert_eq!(one("check: guardduty-enabled", &mut []), "", "the check did not run");
}

#[test]
fn an_account_that_is_not_in_the_organization_is_named() {
    let rule = ["check: bucket-not-public, account: '123123123123', expires: 2027-06-30"];
    assert_eq!(
        except(&rule, &mut [public("site", Status::Fail)]),
        [
            "exfilguard.yaml:3:5: the exception of `bucket-not-public` names account `123123123123`, which is not in the \
          organization"
        ]
    );
    let mut unlisted = organization();
    unlisted.accounts = denied("organizations:ListAccounts");
    assert!(except_in(&unlisted, &rule, &mut [public("site", Status::Fail)]).is_empty());
    let pattern = ["check: bucket-not-public, account: '9*', expires: 2027-06-30"];
    assert!(except(&pattern, &mut [])[0].contains("names account `9*`"));
}

#[test]
fn an_exception_of_more_than_fifty_resources_is_named_and_applies() {
    let rule = ["check: 'bucket-*', expires: 2027-06-30"];
    let failing = |number: usize| -> Vec<ResultRecord> {
        (0..number).map(|index| public(&format!("b{index}"), Status::Fail)).collect()
    };
    assert!(except(&rule, &mut failing(50)).is_empty());
    // One resource under two checks is one resource.
    let mut twice = failing(50);
    twice.push(result("bucket-requires-tls", Severity::Medium, Status::Fail, "b0"));
    assert!(except(&rule, &mut twice).is_empty());
    let mut many = failing(51);
    assert_eq!(
        except(&rule, &mut many),
        [
            "exfilguard.yaml:3:5: the exception of `bucket-*` matches 51 resources, more than 50: name them more narrowly"
        ]
    );
    assert!(many.iter().all(|result| result.status == Status::Excepted));
}

#[test]
fn an_end_that_nobody_will_see_is_named() {
    let rules = [
        "check: bucket-not-public, expires: 2031-11-23",
        "check: bucket-not-public, expires: 2100-01-01",
        "check: bucket-not-public, expires: 9999-12-31",
    ];
    let warnings = except(&rules, &mut [public("site", Status::Fail)]);
    assert_eq!(
        warnings,
        [
            "exfilguard.yaml:4:5: the exception of `bucket-not-public` holds until 2100-01-01, more than 5 years from now",
            "exfilguard.yaml:5:5: the exception of `bucket-not-public` holds until 9999-12-31, more than 5 years from now",
        ]
    );
}

#[test]
fn an_organizational_unit_without_accounts_is_named() {
    let policy = policy("organizational_units:\n  r-ab12: {}\n");
    let warned = |organization: &Organization| {
        let audited = Audited {
            exceptions: Exceptions { policy: &policy, today: date(2026, 11, 23) },
            organization,
            accounts: &[],
            checks: BTreeSet::new(),
        };
        audited.warnings(&[]).into_iter().map(|warning| (warning.line, warning.message)).collect::<Vec<_>>()
    };
    let mut organization = organization();
    assert_eq!(warned(&organization), [(3, "no account of the organization is below `r-ab12`".to_owned())]);
    let mut accounts = organization.accounts.known().unwrap().clone();
    accounts[0].parents = crate::snapshot::Reading::Known(vec!["r-ab12".to_owned()]);
    organization.accounts = crate::snapshot::Reading::Known(accounts.clone());
    assert!(warned(&organization).is_empty());
    accounts[0].parents = denied("organizations:ListParents");
    organization.accounts = crate::snapshot::Reading::Known(accounts);
    assert!(warned(&organization).is_empty());
}
