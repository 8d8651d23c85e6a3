//! Findings sent to Security Hub, looked up there by another client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeSet;
use std::process::Command;

use emulated::{Audit, Emulator, repository};
use serde_json::{Value, json};

/// What Security Hub of an account and region has, asked with boto3 in a session of the account's role.
const LOOK_UP: &str = r#"
import json, sys, boto3
endpoint, account, region = sys.argv[1:]
own = dict(endpoint_url=endpoint, region_name=region, aws_access_key_id="testing", aws_secret_access_key="testing")
sts = boto3.client("sts", **own)
if sts.get_caller_identity()["Account"] != account:
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    session = sts.assume_role(RoleArn=role, RoleSessionName="look-up")["Credentials"]
    own.update(aws_access_key_id=session["AccessKeyId"], aws_secret_access_key=session["SecretAccessKey"],
               aws_session_token=session["SessionToken"])
pages = boto3.client("securityhub", **own).get_paginator("get_findings").paginate()
print(json.dumps([finding for page in pages for finding in page["Findings"]], default=str))
"#;

fn look_up(emulator: &Emulator, account: &str, region: &str) -> Vec<Value> {
    let python = repository("target/emulator/bin/python");
    let output =
        Command::new(python).args(["-c", LOOK_UP, emulator.endpoint(), account, region]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn audit(emulator: &Emulator, more: &[&str]) -> (Audit, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let asff = folder.path().join("findings.json");
    let output = format!("asff={}", asff.display());
    let mut arguments = vec!["--output", output.as_str()];
    arguments.extend(more);
    let audit = emulator.audit(folder.path(), &arguments);
    let findings = serde_json::from_str(&std::fs::read_to_string(&asff).unwrap()).unwrap();
    (audit, findings)
}

fn ids(findings: &[Value], account: &str, region: &str) -> BTreeSet<String> {
    let of = |finding: &&Value| finding["AwsAccountId"] == account && finding["Region"] == region;
    findings.iter().filter(of).map(|finding| finding["Id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_finding_goes_to_its_account_and_region_in_batches() {
    let (emulator, _) = Emulator::with("example");
    let (sent, report) = audit(&emulator, &["--send-to-security-hub"]);
    assert!(
        sent.errors().contains(&format!("Security Hub took {} findings", report.len())),
        "{}",
        sent.errors()
    );
    assert_ne!(sent.code(), 3, "{}", sent.errors());
    let mut groups: BTreeSet<(String, String)> = BTreeSet::new();
    for finding in &report {
        let text = |field: &str| finding[field].as_str().unwrap().to_owned();
        groups.insert((text("AwsAccountId"), text("Region")));
    }
    let mut calls = 0;
    for (account, region) in &groups {
        let expected = ids(&report, account, region);
        calls += expected.len().div_ceil(100);
        assert_eq!(
            ids(&look_up(&emulator, account, region), account, region),
            expected,
            "{account} {region}"
        );
    }
    assert!(groups.len() > 4, "{groups:?}");
    assert_eq!(emulator.requests()["securityhub:BatchImportFindings"], calls as u64);
    // Again: the same findings are updated, none is added.
    let (again, _) = audit(&emulator, &["--send-to-security-hub"]);
    assert_eq!(again.code(), sent.code());
    let (account, region) = groups.first().unwrap();
    assert_eq!(look_up(&emulator, account, region).len(), ids(&report, account, region).len());
}

#[test]
fn an_account_whose_security_hub_refuses_is_named_and_ends_nobody_elses() {
    let (emulator, _) = Emulator::with("example");
    emulator.fail(&json!([{"service": "securityhub", "account": "222222222222", "operation": "BatchImportFindings",
        "action": {"status": 401, "code": "InvalidAccessException", "message": "Account 222222222222 is not subscribed to AWS Security Hub"}}]));
    let (sent, report) = audit(&emulator, &["--send-to-security-hub"]);
    let errors = sent.errors();
    assert_eq!(sent.code(), 3, "{errors}");
    assert!(errors.contains("not sent to Security Hub: account 222222222222"), "{errors}");
    assert!(errors.contains("InvalidAccessException") && errors.contains("must be enabled"), "{errors}");
    let others = report.iter().filter(|finding| finding["AwsAccountId"] != "222222222222").count();
    assert!(errors.contains(&format!("Security Hub took {others} findings")), "{errors}");
}

#[test]
fn nothing_is_sent_unless_it_is_asked_for() {
    let (emulator, _) = Emulator::with("example");
    audit(&emulator, &[]);
    assert!(!emulator.requests().contains_key("securityhub:BatchImportFindings"));
}
