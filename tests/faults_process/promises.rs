//! What the program never does: show a secret, write to AWS, call what its policy does not allow.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use exfilguard::collect::permission;
use exfilguard::collect::permission::{IN_EACH_ACCOUNT, IN_THE_CENTRAL_ACCOUNT};
use serde_json::{Value, json};

use crate::emulated::{Emulator, program};
use crate::runs::{emulator, said};

/// Everything that could be kept or said, searched for what must not be.
#[test]
fn secrets_are_in_no_report_log_journal_or_command_line() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        ("AWS_ACCESS_KEY_ID", "AKIACANARYCANARYAAAA"),
        ("AWS_SECRET_ACCESS_KEY", "canary/secret/canary/secret/canary/secre"),
        ("AWS_SESSION_TOKEN", "canarysessiontokencanarysessiontoken"),
        ("EXFILGUARD_EXTERNAL_ID", "canary-external-id-canary"),
        ("HTTP_PROXY", ""),
    ];
    let at = |name: &str| folder.path().join(name).display().to_string();
    let run = |more: &[&str]| {
        let mut program = emulator.program();
        program.envs(secrets).args(more).output().unwrap()
    };
    let mut outputs = vec![run(&[
        "audit",
        "--regions",
        "us-east-1",
        "-vvv",
        "--state",
        &at("state"),
        "--save-snapshot",
        &at("saved.jsonl"),
        "--output",
        &format!("json={}", at("r.json")),
        "--output",
        &format!("html={}", at("r.html")),
        "--output",
        &format!("junit={}", at("r.xml")),
        "--output",
        &format!("csv={}", at("r.csv")),
        "--output",
        &format!("sarif={}", at("r.sarif")),
        "--output",
        &format!("markdown={}", at("r.md")),
        "--output",
        &format!("ocsf={}", at("r.ocsf")),
        "--output",
        &format!("asff={}", at("r.asff")),
        "--output",
        "terminal",
    ])];
    assert!([0, 1, 3].contains(&outputs[0].status.code().unwrap()), "{}", said(&outputs[0]));
    // Refused calls, broken answers, and a caller whom AWS does not take: errors quote what they were told.
    emulator.fail(
        &json!([{"service": "s3", "action": {"status": 403, "code": "AccessDenied", "message": "no"}}]),
    );
    outputs.push(run(&["audit", "--regions", "us-east-1", "-vvv", "--only", "buckets"]));
    emulator.fail(&json!([{"service": "sts", "action": {"status": 403, "code": "SignatureDoesNotMatch", "message": "no"}}]));
    outputs.push(run(&["audit", "-vvv"]));
    emulator.fail(&json!([{"service": "sts", "action": {"disconnect": true}}]));
    outputs.push(run(&["audit", "-vvv", "--call-timeout", "4"]));
    emulator.fail(&json!([]));
    outputs.push(run(&[
        "remediate",
        "plan",
        "--regions",
        "us-east-1",
        "-o",
        &at("plan.json"),
        "--kind",
        "block-public-access",
    ]));
    let mut texts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (at, output) in outputs.into_iter().enumerate() {
        texts.insert(format!("standard output {at}"), output.stdout);
        texts.insert(format!("standard error {at}"), output.stderr);
    }
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes.starts_with(&[0x1f, 0x8b]) {
                let mut plain = Vec::new();
                flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
                bytes = plain;
            }
            texts.insert(path.display().to_string(), bytes);
        }
    }
    assert!(texts.len() >= 20, "{:?}", texts.keys());
    for (place, text) in &texts {
        for (name, secret) in secrets.iter().filter(|(_, secret)| !secret.is_empty()) {
            // The access key id is no secret by itself, but tells whose the others are.
            let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} is in {place}");
        }
    }
}

/// Verbs of operations that change nothing.
const READS: [&str; 6] = ["Get", "List", "Describe", "Lookup", "AssumeRole", "GetCallerIdentity"];

#[test]
fn nothing_but_questions_is_sent_and_only_those_of_the_printed_policy() {
    let granted: BTreeSet<String> = {
        let output = program().args(["iam-policy", "audit", "--central"]).output().unwrap();
        let policy: Value = serde_json::from_slice(&output.stdout).unwrap();
        let actions =
            policy["Statement"].as_array().unwrap().iter().flat_map(|s| s["Action"].as_array().unwrap());
        actions.map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let folder = tempfile::tempdir().unwrap();
    for organization in ["example", "trap"] {
        let (emulator, _) = Emulator::with(organization);
        let effective = json!({"kind": "effective_policy", "account": "123456789012", "policy_type": "S3_POLICY", "content": "{}"});
        let audit = emulator.audit(folder.path(), &[]);
        assert!([0, 1].contains(&audit.code()), "{}", audit.errors());
        emulator.put(&effective);
        let more = ["--organizational-units", "r-none", "--accounts", "123456789012"];
        for command in [
            vec!["audit", "--regions", "us-east-1", "--accounts", "123456789012"],
            [&["audit", "--regions", "us-east-1"], &more[..]].concat(),
            vec!["audit", "--plan-calls"],
            vec!["simulate", "--regions", "us-east-1", "--accounts", "123456789012"],
            vec!["remediate", "plan", "--regions", "us-east-1", "--accounts", "123456789012"],
        ] {
            emulator.program().args(&command).output().unwrap();
        }
        let saved = folder.path().join("saved.gz");
        let collect =
            ["snapshot", "collect", "--regions", "us-east-1", "--accounts", "123456789012", "--output"];
        assert!(emulator.program().args(collect).arg(&saved).output().unwrap().status.success());
        asked.extend(emulator.requests().into_keys());
    }
    for operation in &asked {
        let name = operation.split(':').nth(1).unwrap();
        assert!(READS.iter().any(|verb| name.starts_with(verb)), "{operation} is no question");
        let action = permission::action(operation);
        // Whoever he is, everybody may ask who he is.
        assert!(
            granted.contains(action) || operation == "sts:GetCallerIdentity",
            "{operation} needs {action}"
        );
    }
    // And the other way round: what is granted is used. The organizations of the emulator lack the reason for these.
    let without_reason: BTreeSet<&str> = BTreeSet::from([
        "cloudtrail:GetEventDataStore",
        // Where S3 does not say it in the list.
        "s3:GetBucketLocation",
        "guardduty:GetTrustedEntitySet",
        "guardduty:GetIPSet",
        "organizations:ListTargetsForPolicy",
        "organizations:DescribePolicy",
        "organizations:ListPolicies",
    ]);
    let used: BTreeSet<&str> = asked.iter().map(|operation| permission::action(operation)).collect();
    let all = IN_EACH_ACCOUNT.iter().chain(&IN_THE_CENTRAL_ACCOUNT);
    let unused: BTreeSet<&str> = all
        .copied()
        .filter(|operation| {
            !used.contains(permission::action(operation)) && !without_reason.contains(operation)
        })
        .collect();
    assert!(unused.is_empty(), "granted and never used: {unused:?}");
    let of_operations: BTreeSet<&str> = IN_EACH_ACCOUNT
        .iter()
        .chain(&IN_THE_CENTRAL_ACCOUNT)
        .map(|operation| permission::action(operation))
        .collect();
    let beyond: Vec<&String> =
        granted.iter().filter(|action| !of_operations.contains(action.as_str())).collect();
    assert!(beyond.is_empty(), "granted without an operation: {beyond:?}");
}
