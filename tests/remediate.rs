//! Plan, apply, verify, roll back: through the built program, against the organization of traps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;
mod remediation_site;

use emulated::repository;
use remediation_site::{Site, altered, changes, code, errors};
use serde_json::{Value, json};

/// Failures of the organization of traps that no change mends, reviewed: kind, check, account, and a part of the reason. All
/// other failures that have a remedy pass afterwards. A trail needs a log group before an alarm can count; the organization's
/// trail has basic selectors, which cannot leave out the log bucket and so stay for certain buckets; a detector is not created.
const REFUSED: [(&str, &str, &str, &str); 15] = [
    ("create-bulk-download-alarm", "bulk-download-alarm", "123456789012", "to a CloudWatch Logs log group"),
    ("create-bulk-download-alarm", "bulk-download-alarm", "222222222222", "to a CloudWatch Logs log group"),
    ("create-bulk-download-alarm", "bulk-download-alarm", "333333333333", "to a CloudWatch Logs log group"),
    ("create-bulk-download-alarm", "bulk-download-alarm", "444444444444", "to a CloudWatch Logs log group"),
    ("create-bulk-download-alarm", "bulk-download-alarm", "888888888888", "to a CloudWatch Logs log group"),
    (
        "enable-s3-data-events",
        "foreign-bucket-activity-logged",
        "123456789012",
        "data events of other buckets only",
    ),
    (
        "enable-s3-data-events",
        "foreign-bucket-activity-logged",
        "222222222222",
        "data events of other buckets only",
    ),
    (
        "enable-s3-data-events",
        "foreign-bucket-activity-logged",
        "444444444444",
        "data events of other buckets only",
    ),
    (
        "enable-s3-data-events",
        "foreign-bucket-activity-logged",
        "888888888888",
        "data events of other buckets only",
    ),
    (
        "enable-s3-data-events",
        "every-region-logged",
        "123456789012",
        "no trail logs data events of S3 in `us-east-1`",
    ),
    ("enable-s3-data-events", "object-reads-logged", "123456789012", "data events of other buckets only"),
    ("enable-s3-data-events", "object-writes-logged", "123456789012", "data events of other buckets only"),
    (
        "enable-guardduty-s3-protection",
        "guardduty-s3-protection",
        "333333333333",
        "GuardDuty itself is off there",
    ),
    (
        "enable-guardduty-s3-protection",
        "guardduty-s3-protection",
        "888888888888",
        "GuardDuty itself is off there",
    ),
    ("start-trail-logging", "trail-is-delivering", "333333333333", "it logs already"),
];

/// What others have beside what is mended: features, selectors, statements, subscriptions.
const OF_OTHERS: &str = r#"
guardduty = client('guardduty', 'eu-west-1', '444444444444')
detector = guardduty.list_detectors()['DetectorIds'][0]
guardduty.update_detector(DetectorId=detector, Features=[{'Name': 'RDS_LOGIN_EVENTS', 'Status': 'ENABLED'}])
functions = [{'Type': 'AWS::Lambda::Function', 'Values': ['arn:aws:lambda']}]
client('cloudtrail').put_event_selectors(TrailName='organization', EventSelectors=[
    {'ReadWriteType': 'All', 'IncludeManagementEvents': True, 'DataResources': functions}])
sns = client('sns', 'us-east-1', '666666666666')
topic = [t['TopicArn'] for t in sns.list_topics()['Topics'] if t['TopicArn'].endswith(':soc-alarms')][0]
policy = json.loads(sns.get_topic_attributes(TopicArn=topic)['Attributes']['Policy'])
policy['Statement'].append({'Sid': 'Theirs', 'Effect': 'Allow', 'Principal': {'Service': 'budgets.amazonaws.com'},
                            'Action': 'sns:Publish', 'Resource': topic})
sns.set_topic_attributes(TopicArn=topic, AttributeName='Policy', AttributeValue=json.dumps(policy))
sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='night-shift@example.com')
bucket = 'trap-one-prefix-222222222222'
only = {'Sid': 'Bücher', 'Effect': 'Deny', 'Principal': '*', 'Action': 's3:DeleteObject',
        'Resource': f'arn:aws:s3:::{bucket}/*', 'Condition': {'StringEquals': {'aws:userid': 'Jörg 🦀'}}}
client('s3', 'us-east-1', '222222222222').put_bucket_policy(
    Bucket=bucket, Policy=json.dumps({'Version': '2012-10-17', 'Id': 'theirs', 'Statement': only}, ensure_ascii=False))
"#;

/// Where a value of somebody else's is changed, and into what: everything else is only ever added.
const ALTERED: [(&str, &str); 7] = [
    ("/is_logging: false", "became true"),
    ("/action: \"ARCHIVE\"", "became \"NOOP\""),
    ("/object_ownership/known: \"ObjectWriter\"", "became \"BucketOwnerEnforced\""),
    // What `BucketOwnerEnforced` switches off is not read.
    ("/acl/known: ", "became null"),
    ("/status: \"DISABLED\"", "became \"ENABLED\""),
    // The same feature, as GuardDuty's older interface tells it.
    ("/legacy_s3_logs: \"DISABLED\"", "became \"ENABLED\""),
    ("/S3_DATA_EVENTS: \"NEW\"", "became \"ALL\""),
];

/// The whole way, and F-38: a plan that is applied twice, a journal that is rolled back twice.
#[test]
fn f38_a_plan_changes_nothing_apply_mends_and_rollback_restores() {
    let site = Site::new();
    site.somebody(OF_OTHERS);
    let first = site.configuration();
    let before = site.emulator.audit(site.folder.path(), &[]);
    site.emulator.forget_requests();

    let plan = site.plan(&[]);
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    let kinds: std::collections::BTreeSet<&str> =
        changes(&plan).iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 12, "{kinds:?}");
    let again = site.plan(&[]);
    assert_eq!(plan, again, "the same state gives the same plan");

    // Every failure with a remedy is mended, or refused for a reason that was reviewed.
    let refused: Vec<&Value> = plan["refused"].as_array().unwrap().iter().collect();
    let field = |value: &Value, name: &str| value[name].as_str().unwrap_or("-").to_owned();
    let is_new = |found: &&&Value| {
        !REFUSED.iter().any(|(kind, check, account, why)| {
            field(found, "kind") == *kind
                && field(found, "check") == *check
                && field(found, "account") == *account
                && field(found, "reason").contains(why)
        })
    };
    let new: Vec<_> = refused.iter().filter(is_new).collect();
    assert!(new.is_empty(), "{new:#?}");

    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    let made: u64 = site.writes().values().sum();
    let steps: usize = changes(&plan).iter().map(|change| change["steps"].as_array().unwrap().len()).sum();
    assert_eq!(made, steps as u64, "{:?}", site.writes());
    // What is not verified was promised of no result.
    assert!(site.states().values().all(|state| state == "verified"), "{:?}", site.states());

    // What the plan promised is so, and nothing is worse.
    let after = site.emulator.audit(site.folder.path(), &[]);
    let (old, new) = (before.statuses(), after.statuses());
    for mended in changes(&plan).iter().flat_map(|change| change["results"].as_array().unwrap()) {
        let text = |name: &str| mended[name].as_str().unwrap_or("-").to_owned();
        let key = [text("check"), text("account"), text("region"), text("resource")];
        assert_eq!(old[&key], "fail", "{key:?}");
        assert_eq!(new[&key], text("after"), "{key:?}");
    }
    for (key, status) in &old {
        assert!(status != "pass" || new[key] == "pass", "{key:?} is {}", new[key]);
    }
    let left = |result: &&Value| {
        let is_refused = refused.iter().any(|found| {
            field(found, "check") == field(result, "check")
                && field(found, "account") == field(result, "account_id")
                && field(found, "region") == field(result, "region")
                && found["resource"] == result["resource"]["id"]
        });
        result["status"] == "fail" && !result["remediation"].is_null() && !is_refused
    };
    let left: Vec<&Value> = after.results().iter().filter(left).collect();
    assert!(left.is_empty(), "{left:#?}");

    // What others configured is there still, but for the values that were to be changed.
    let mended = site.configuration();
    let all: Vec<String> = altered(&json!(first), &json!(mended));
    let meant =
        |change: &&String| ALTERED.iter().any(|(at, became)| change.contains(at) && change.ends_with(became));
    let other: Vec<_> = all.iter().filter(|change| !meant(change)).collect();
    assert!(other.is_empty(), "{other:#?}");
    for (at, _) in ALTERED {
        assert!(all.iter().any(|change| change.contains(at)), "{at}: {all:#?}");
    }
    // And a new plan has nothing left to do.
    let next = site.run(&[
        "plan",
        "--include-management-account",
        "--regions",
        "us-east-1,eu-west-1",
        "--format",
        "json",
    ]);
    let next: Value = serde_json::from_slice(&next.stdout).unwrap();
    assert!(changes(&next).is_empty(), "{next:#}");

    // A second time changes nothing.
    site.emulator.forget_requests();
    let second = site.apply();
    assert_eq!(code(&second), 0, "{}", errors(&second));
    assert!(site.writes().is_empty(), "{:?}", site.writes());

    // Without the flag trails go on.
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 5, "{}", errors(&back));
    let back = site.rollback(&["--stop-logging"]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), first);
    // The assessment is the first one again, to the byte but for the run.
    let restored = site.emulator.audit(site.folder.path(), &[]);
    for part in ["score", "accounts", "results", "simulation", "mend_first"] {
        assert_eq!(restored.report[part], before.report[part], "{part}");
    }
    site.emulator.forget_requests();
    let back = site.rollback(&["--stop-logging"]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

#[test]
fn accounts_and_tags_that_the_policy_file_leaves_out_are_not_planned_for() {
    let site = Site::new();
    std::fs::write(
        site.path("policy.yaml"),
        "version: 1\nremediation:\n  exclude_accounts: [\"222222222222\"]\n  \
         exclude_tags: { DataClassification: [Confidential] }\n",
    )
    .unwrap();
    let plan = site.plan(&["require-tls"]);
    let refused: Vec<&Value> = plan["refused"].as_array().unwrap().iter().collect();
    let reasons = |why: &str| refused.iter().filter(|r| r["reason"].as_str().unwrap().contains(why)).count();
    assert_eq!(reasons("exclude_accounts"), 2, "{refused:?}");
    assert!(reasons("exclude_tags") >= 1, "{refused:?}");
    assert!(changes(&plan).iter().all(|change| change["account"] != "222222222222"));
}

/// From the example's snapshot, with no network.
fn plan_of_the_example(format: &str) -> String {
    let mut program = emulated::program();
    program.args(["remediate", "plan", "--include-management-account", "--format", format, "--snapshot"]);
    let output = program.arg(repository("examples/organization.jsonl.gz")).output().unwrap();
    assert_eq!(code(&output), 0, "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_plan_can_be_had_as_code() {
    let plan: Value = serde_json::from_str(&plan_of_the_example("json")).unwrap();
    let calls: usize = changes(&plan).iter().map(|change| change["steps"].as_array().unwrap().len()).sum();
    assert!(calls > 0);

    // What these say is read by independent tools in tests/deploy/remediation_plans.py.
    let commands = plan_of_the_example("cli");
    assert_eq!(commands.lines().filter(|line| line.starts_with("  aws ")).count(), calls);

    let terraform = plan_of_the_example("terraform");
    let resources: Vec<&str> = terraform.lines().filter(|line| line.starts_with("resource ")).collect();
    let different: std::collections::BTreeSet<&&str> = resources.iter().collect();
    assert_eq!(different.len(), resources.len(), "an address stands there twice");
    assert_eq!(terraform.matches("${").count(), terraform.matches("$${").count(), "a template");

    let templates: Value = serde_json::from_str(&plan_of_the_example("cloudformation")).unwrap();
    for (stack, template) in templates.as_object().unwrap() {
        assert_eq!(template["AWSTemplateFormatVersion"], "2010-09-09", "{stack}");
        let resources = template["Resources"].as_object().unwrap();
        assert!(resources.keys().all(|name| name.chars().all(char::is_alphanumeric)), "{stack}");
    }
}

#[test]
fn the_plan_has_the_form_of_its_schema() {
    let output = emulated::program().args(["schema", "plan"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let plan: Value = serde_json::from_str(&plan_of_the_example("json")).unwrap();
    let named = |pointer: &str| -> std::collections::BTreeSet<String> {
        schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect();
    assert_eq!(named("/properties"), keys(&plan));
    let change = &changes(&plan)[0];
    assert_eq!(named("/$defs/Change/properties"), keys(change));
    assert_eq!(named("/$defs/Step/properties"), keys(&change["steps"][0]));
}

/// A topic is made where nobody is told of anything, and it is honest about who has to confirm it.
#[test]
fn a_topic_waits_for_whom_it_alerts_and_goes_with_the_rollback() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&["create-guardduty-event-rule"]);
    let creates: Vec<&Value> = changes(&plan)
        .iter()
        .filter(|change| change["steps"][0]["call"]["operation"] == "CreateTopic")
        .collect();
    assert!(!creates.is_empty(), "{plan:#}");
    // Nobody confirms the one in this account.
    let waiting = creates[0];
    let topic = waiting["steps"][0]["sets"]["topic"].as_str().unwrap();
    site.emulator.put(&json!([{"kind": "pending_subscription", "arn": topic}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    let said = errors(&applied);
    let waits: Vec<&str> = said.lines().filter(|line| line.starts_with("waits ")).collect();
    assert_eq!(waits.len(), 1, "{said}");
    assert!(
        waits[0].contains(waiting["id"].as_str().unwrap()) && waits[0].contains("soc@example.com"),
        "{said}"
    );
    // A second run makes nothing twice.
    site.emulator.forget_requests();
    let again = site.apply();
    assert_eq!(code(&again), 0, "{}", errors(&again));
    assert!(site.writes().is_empty(), "{:?}", site.writes());

    // Somebody else's subscription keeps a topic.
    let kept = creates.last().unwrap();
    let (account, kept_topic) =
        (kept["account"].as_str().unwrap(), kept["steps"][0]["sets"]["topic"].as_str().unwrap());
    site.emulator.boto(&format!(
        "keys = boto3.client('sts', endpoint_url=s3.meta.endpoint_url, region_name='us-east-1').assume_role(RoleArn=\
         'arn:aws:iam::{account}:role/OrganizationAccountAccessRole', RoleSessionName='somebody')['Credentials']\n\
         sns = boto3.client('sns', endpoint_url=s3.meta.endpoint_url, region_name='{}', \
         aws_access_key_id=keys['AccessKeyId'], aws_secret_access_key=keys['SecretAccessKey'], \
         aws_session_token=keys['SessionToken'])\n\
         arn = sns.subscribe(TopicArn='{kept_topic}', Protocol='email', Endpoint='theirs@example.com', \
         ReturnSubscriptionArn=True)['SubscriptionArn']",
        kept["region"].as_str().unwrap()
    ));
    let back = site.rollback(&[]);
    let expected = if creates.len() > 1 { 5 } else { 0 };
    assert_eq!(code(&back), expected, "{}", errors(&back));
    if creates.len() > 1 {
        assert!(errors(&back).contains("theirs@example.com"), "{}", errors(&back));
        let states = site.step_states();
        assert_eq!(states.iter().filter(|(_, state)| state == "undo-refused").count(), 1, "{states:?}");
    }
    let last = site.configuration();
    assert_eq!(last.len(), first.len());
}

/// Only what fails in an assessment, in the accounts and regions that it is about.
#[test]
fn a_plan_from_an_assessment_mends_what_failed_there() {
    let site = Site::new();
    let more = ["--accounts", "333333333333", "--only", "guardduty-findings-not-suppressed"];
    let audit = site.emulator.audit(site.folder.path(), &more);
    assert_eq!(audit.code(), 1, "{}", audit.errors());
    site.emulator.forget_requests();
    let planned = site.run(&["plan", "--from", "report.json", "--output", "plan.json"]);
    assert_eq!(code(&planned), 0, "{}", errors(&planned));
    let asked = site.emulator.requests_by_account();
    assert!(!asked.contains_key("888888888888"), "{asked:?}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    let plan: Value = serde_json::from_slice(&std::fs::read(site.path("plan.json")).unwrap()).unwrap();
    let ids: Vec<&str> = changes(&plan).iter().map(|change| change["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["unsuppress-findings/333333333333/eu-west-1/eu-west-1"]);
    assert_eq!(plan["regions"], json!(["eu-west-1", "us-east-1"]));

    // On a terminal it is asked for first, and a no is a no.
    let arguments = "['remediate', 'apply', 'plan.json', '--policy', 'policy.yaml']";
    let on_a_terminal = |answer: &str| {
        site.emulator.boto(&format!(
            r#"
import os, pty, sys
process, terminal = pty.fork()
if process == 0:
    os.chdir({folder:?})
    environment = {{**os.environ, 'AWS_ENDPOINT_URL': {endpoint:?}, 'AWS_EC2_METADATA_DISABLED': 'true'}}
    os.execve({program:?}, ['exfilguard'] + {arguments}, environment)
said = b''
while b'[y/N]' not in said:
    said += os.read(terminal, 1024)
os.write(terminal, b'{answer}' + bytes([10]))
try:
    while more := os.read(terminal, 1024):
        said += more
except OSError:
    pass
code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
print(said.decode(), file=sys.stderr)
assert code == {{'n': 5, 'y': 0}}['{answer}'], code"#,
            folder = site.folder.path(),
            endpoint = site.emulator.endpoint(),
            program = emulated::PROGRAM,
        ));
    };
    on_a_terminal("n");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    on_a_terminal("y");
    assert_eq!(site.writes().into_iter().collect::<Vec<_>>(), [("guardduty:UpdateFilter".to_owned(), 1)]);
}

/// China and GovCloud have ARNs of their own, in everything that is made.
#[test]
fn a_plan_for_another_partition_names_that_partition_alone() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    let example = std::fs::File::open(repository("examples/organization.jsonl.gz")).unwrap();
    flate2::read::MultiGzDecoder::new(example).read_to_string(&mut text).unwrap();
    let text = text
        .replace("arn:aws:", "arn:aws-us-gov:")
        .replace("\"partition\":\"aws\"", "\"partition\":\"aws-us-gov\"");
    let path = folder.path().join("snapshot");
    let mut file =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
    std::fs::write(
        folder.path().join("exfilguard.yaml"),
        "version: 1\nremediation: { alert: { protocol: email, endpoint: soc@example.com } }\n",
    )
    .unwrap();
    let mut program = emulated::program();
    program.current_dir(folder.path()).args(["remediate", "plan", "--include-management-account"]);
    let output = program.args(["--format", "json", "--snapshot"]).arg(&path).output().unwrap();
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds: std::collections::BTreeSet<&str> =
        changes(&plan).iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert!(kinds.len() >= 6, "{kinds:?}");
    for change in changes(&plan) {
        let text = change["steps"].to_string();
        assert!(!text.contains("arn:aws:"), "{change:#}");
    }
    assert!(plan["changes"].to_string().contains("arn:aws-us-gov:"));
}
