//! `exfilguard iam-policy`: the least that a role needs, as an IAM policy.

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::{Value, json};

use super::Failure;
use super::arguments::{IamPolicyArguments, IamPurpose};
use super::exit_code::ExitCode;
use crate::collect::permission::{
    IN_EACH_ACCOUNT, IN_THE_CENTRAL_ACCOUNT, TO_CLASSIFY, TO_INVESTIGATE, TO_REMEDIATE, TO_SET_UP_HUNTS,
    action,
};

/// Prints the policy.
pub fn run(arguments: &IamPolicyArguments) -> Result<ExitCode, Failure> {
    let statements = match arguments.purpose {
        IamPurpose::Audit => audit(arguments),
        IamPurpose::Investigate => investigate(arguments),
        IamPurpose::Remediate => remediate(arguments),
    };
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    // Plain data with text keys always serializes; a closed pipe is no error.
    let _closed_pipe = writeln!(std::io::stdout(), "{policy:#}");
    Ok(ExitCode::Success)
}

fn allow(sid: &str, actions: impl IntoIterator<Item = String>, resource: Value) -> Value {
    let actions: BTreeSet<String> = actions.into_iter().collect();
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource})
}

/// What the collectors call, by the same lists that say which permission a denied call needed.
fn audit(arguments: &IamPolicyArguments) -> Vec<Value> {
    let actions =
        |operations: &[&str]| operations.iter().map(|name| action(name).to_owned()).collect::<Vec<_>>();
    let mut statements = vec![allow("ReadConfiguration", actions(&IN_EACH_ACCOUNT), json!("*"))];
    if arguments.central {
        let mut organization = actions(&IN_THE_CENTRAL_ACCOUNT);
        organization.retain(|name| name != "sts:AssumeRole");
        statements.push(allow("ReadOrganization", organization, json!("*")));
        statements.push(enter(arguments));
    }
    if arguments.send_to_security_hub {
        // A finding is imported for a product of one's own; the action knows no finer resource that is known before.
        let product = format!("arn:{}:securityhub:*:*:product/*/default", arguments.partition);
        statements.push(allow("SendFindings", named(&["securityhub:BatchImportFindings"]), json!(product)));
    }
    statements
}

fn enter(arguments: &IamPolicyArguments) -> Value {
    let role = format!("arn:{}:iam::*:role/{}", arguments.partition, arguments.role);
    allow("EnterAccounts", ["sts:AssumeRole".to_owned()], json!(role))
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// What IAM asks for besides the calls: Athena reads catalogue, files and key with the caller's own permissions and writes
/// results with them.
const WITH_ATHENA: [(&str, &[&str]); 4] = [
    ("ReadTables", &["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"]),
    ("ReadTrailFiles", &["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"]),
    ("WriteResults", &["s3:GetBucketLocation", "s3:GetObject", "s3:PutObject"]),
    ("DecryptTrailFiles", &["kms:Decrypt"]),
];

/// The permissions of `aws-semantics.md` 12.3 for the calls of `exfilguard hunt` and `investigate`, by the list that is held
/// against them: logs and findings, and nothing that changes anything.
fn investigate(arguments: &IamPolicyArguments) -> Vec<Value> {
    let arn = |rest: &str| format!("arn:{}:{rest}", arguments.partition);
    // Of these IAM knows no finer resource, or it is not known before.
    const OF_NO_RESOURCE: [&str; 5] = [
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "logs:DescribeLogGroups",
        "logs:GetQueryResults",
        "logs:StopQuery",
    ];
    const OF_THE_CATALOGUE: [&str; 2] = ["athena:GetDatabase", "athena:GetTableMetadata"];
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        TO_INVESTIGATE.iter().filter(|name| wanted(name)).map(|name| action(name).to_owned()).collect()
    };
    let mut in_catalogue = of(&|name| OF_THE_CATALOGUE.contains(&name));
    let mut in_glue = named(WITH_ATHENA[0].1);
    if arguments.hunt_setup {
        in_catalogue.extend(TO_SET_UP_HUNTS.map(|name| action(name).to_owned()));
        in_glue.extend(named(&["glue:CreateDatabase", "glue:CreateTable"]));
    }
    let mut findings = of(&|name| name.starts_with("guardduty:") || name.starts_with("macie2:"));
    if arguments.classification_job {
        findings.extend(TO_CLASSIFY.map(|name| action(name).to_owned()));
    }
    let places = [
        json!([
            arn("glue:*:*:catalog"),
            arn("glue:*:*:database/exfilguard"),
            arn("glue:*:*:table/exfilguard/*")
        ]),
        json!([arn("s3:::TRAIL_BUCKET"), arn("s3:::TRAIL_BUCKET/*")]),
        json!([arn("s3:::RESULTS_BUCKET"), arn("s3:::RESULTS_BUCKET/exfilguard/*")]),
        json!(arn("kms:*:*:key/TRAIL_KEY")),
    ];
    let queries = of(&|name| name.starts_with("athena:") && !OF_THE_CATALOGUE.contains(&name));
    let mut statements = vec![
        allow("QueryTrails", queries, json!(arn("athena:*:*:workgroup/exfilguard"))),
        allow("ReadCatalogue", in_catalogue, json!(arn("athena:*:*:datacatalog/AwsDataCatalog"))),
    ];
    for ((sid, actions), resource) in WITH_ATHENA.iter().zip(places) {
        let actions = if *sid == "ReadTables" { in_glue.clone() } else { named(actions) };
        statements.push(allow(sid, actions, resource));
    }
    let log_group = json!(arn("logs:*:*:log-group:TRAIL_LOG_GROUP:*"));
    statements.extend([
        allow("QueryLogGroup", named(&["logs:StartQuery"]), log_group),
        allow("ReadAnswers", of(&|name| OF_NO_RESOURCE.contains(&name)), json!("*")),
        allow("ReadFindings", findings, json!("*")),
    ]);
    if arguments.central {
        statements.push(enter(arguments));
    }
    statements
}

/// What no role of ours may ever do: the last two words of a thief, and what hides his traces. `StopLogging` is among it,
/// so that `remediate rollback --stop-logging` needs another role.
const NEVER: [&str; 8] = [
    "cloudtrail:DeleteTrail",
    "cloudtrail:StopLogging",
    "guardduty:DeleteDetector",
    "guardduty:DeleteFilter",
    "iam:*",
    "kms:ScheduleKeyDeletion",
    "s3:DeleteBucket",
    "s3:DeleteObject*",
];

/// The permissions of `aws-semantics.md` 12.2 for the calls of `exfilguard remediate`, by the list that is held against them,
/// with what must never happen denied.
fn remediate(arguments: &IamPolicyArguments) -> Vec<Value> {
    let arn = |rest: &str| format!("arn:{}:{rest}", arguments.partition);
    let of = |services: &[&str]| -> Vec<String> {
        let wanted = |name: &&&str| {
            let service = name.split(':').next().unwrap_or_default();
            services.contains(&service) && !NEVER.contains(*name)
        };
        TO_REMEDIATE.iter().filter(wanted).map(|name| action(name).to_owned()).collect()
    };
    // What is made has a name of ours; filters are named within a log group, and policies are of
    // others' topics, too.
    let ours = ["cloudwatch:*:*:alarm:exfilguard-*", "events:*:*:rule/exfilguard-*", "logs:*:*:log-group:*"];
    let mut topics = of(&["sns"]);
    topics.retain(|name| !["sns:SetTopicAttributes", "sns:Unsubscribe"].contains(&name.as_str()));
    let mut of_buckets = allow("PreventPerBucket", of(&["s3"]), json!("*"));
    of_buckets["Condition"] = json!({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}});
    let mut statements = audit(&IamPolicyArguments { central: false, ..arguments.clone() });
    statements.extend([
        allow("TrailsAndDetectors", of(&["cloudtrail", "guardduty"]), json!("*")),
        allow("Alerting", of(&["cloudwatch", "events", "logs"]), json!(ours.map(arn))),
        allow("TopicPolicies", named(&["sns:SetTopicAttributes"]), json!(arn("sns:*:*:*"))),
        allow("Topics", topics, json!(arn("sns:*:*:exfilguard-*"))),
        // A subscription that was confirmed is named by an id that nobody knows before.
        allow("Subscriptions", named(&["sns:Unsubscribe"]), json!("*")),
        of_buckets,
        allow("Endpoints", of(&["ec2"]), json!("*")),
        json!({"Sid": "NeverTouch", "Effect": "Deny", "Action": NEVER, "Resource": "*"}),
    ]);
    if arguments.central {
        statements.push(enter(arguments));
    }
    statements
}
