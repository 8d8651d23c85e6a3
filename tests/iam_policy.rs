//! `exfilguard iam-policy`: the least that each role needs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod saved;

use exfilguard::collect::permission::TO_INVESTIGATE;
use saved::Place;
use serde_json::{Value, json};

fn policy(arguments: &[&str]) -> Value {
    let mut all = vec!["iam-policy"];
    all.extend(arguments);
    let run = Place::new().run(&all);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()
}

fn actions(policy: &Value, effect: &str) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap().iter().filter(|s| s["Effect"] == effect);
    statements.flat_map(|s| s["Action"].as_array().unwrap()).map(|a| a.as_str().unwrap().to_owned()).collect()
}

/// Verbs of actions that change nothing.
const READS: [&str; 4] = ["Describe", "Get", "List", "AssumeRole"];

fn reads(action: &str) -> bool {
    READS.iter().any(|verb| action.split(':').nth(1).unwrap().starts_with(verb))
}

#[test]
fn the_audit_reads_configuration_and_no_object() {
    let policy = policy(&["audit"]);
    let actions = actions(&policy, "Allow");
    assert!(actions.len() > 50 && actions.iter().all(|action| reads(action)), "{actions:?}");
    assert!(
        !actions.iter().any(|action| action.starts_with("s3:GetObject") || action.contains('*')),
        "{actions:?}"
    );
    assert!(!actions.iter().any(|action| action.starts_with("organizations:") || action.starts_with("sts:")));
    assert!(actions.contains(&"s3:ListAllMyBuckets".to_owned()), "IAM's names, not those of the API");
    assert!(policy.to_string().len() < 6_144, "a managed policy may not be longer");
}

#[test]
fn whoever_runs_it_also_reads_the_organization_and_enters_the_accounts() {
    let policy = policy(&["audit", "--central", "--role", "ExfilguardAudit", "--partition", "aws-cn"]);
    let all = actions(&policy, "Allow");
    assert!(all.contains(&"organizations:ListAccounts".to_owned()));
    let enter = policy["Statement"].as_array().unwrap().iter().find(|s| s["Sid"] == "EnterAccounts").unwrap();
    assert_eq!(enter["Resource"], "arn:aws-cn:iam::*:role/ExfilguardAudit");
    assert_eq!(enter["Action"], json!(["sts:AssumeRole"]));
}

#[test]
fn to_investigate_is_to_read_and_to_query() {
    let actions = actions(&policy(&["investigate"]), "Allow");
    let queries =
        ["athena:StartQueryExecution", "athena:StopQueryExecution", "logs:StartQuery", "logs:StopQuery"];
    let others = ["s3:PutObject", "kms:Decrypt"];
    for action in &actions {
        let known = reads(action) || queries.contains(&action.as_str()) || others.contains(&action.as_str());
        assert!(known, "{action}");
    }
    for operation in TO_INVESTIGATE {
        assert!(actions.contains(&operation.to_owned()), "hunts call {operation}");
    }
}

#[test]
fn only_who_sets_up_hunts_may_make_a_table() {
    let without = actions(&policy(&["investigate"]), "Allow");
    let with = actions(&policy(&["investigate", "--hunt-setup"]), "Allow");
    let more: Vec<&String> = with.iter().filter(|action| !without.contains(action)).collect();
    assert_eq!(more, ["athena:GetDatabase", "glue:CreateDatabase", "glue:CreateTable"]);
}

#[test]
fn to_remediate_never_takes_a_watch_away() {
    let policy = policy(&["remediate"]);
    let denied = actions(&policy, "Deny");
    for never in
        ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "guardduty:DeleteDetector", "s3:DeleteBucket"]
    {
        assert!(denied.contains(&never.to_owned()), "{never}");
        assert!(!actions(&policy, "Allow").contains(&never.to_owned()), "{never}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    for arguments in
        [["iam-policy", "audit", "--partition", "azure"], ["iam-policy", "audit", "--role", "a b"]]
    {
        let run = Place::new().run(&arguments);
        assert_eq!(run.code, 2, "{}", run.stderr);
    }
}
