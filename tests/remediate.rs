//! Plan, apply, verify, roll back: through the built program, against the organization of traps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Output;

use emulated::{Emulator, repository};
use serde_json::{Value, json};

/// What the policy file of the organization of traps says of changes: room for all, and who is alerted.
const REMEDIATION: &str =
    "remediation: { maximum_changes: 100, alert: { protocol: email, endpoint: soc@example.com } }\n";

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

/// An emulator with the organization of traps, and a folder for plan and journal.
struct Site {
    emulator: Emulator,
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let (emulator, _) = Emulator::with("trap");
        let site = Self { emulator, folder: tempfile::tempdir().unwrap() };
        // The policy of the organization of traps, with room for all changes.
        let policy = std::fs::read_to_string(repository("tests/emulator/trap_policy.yaml")).unwrap();
        std::fs::write(site.path("policy.yaml"), policy + REMEDIATION).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut program = self.emulator.program();
        program.current_dir(self.folder.path()).arg("remediate").args(arguments);
        if arguments[0] != "status" {
            program.arg("--policy").arg("policy.yaml");
        }
        program.output().unwrap()
    }

    /// Plans changes of these kinds into `plan.json`, those in the management account included.
    fn plan(&self, kinds: &[&str]) -> Value {
        let mut arguments = vec![
            "plan",
            "--include-management-account",
            "--regions",
            "us-east-1,eu-west-1",
            "--output",
            "plan.json",
        ];
        for kind in kinds {
            arguments.extend(["--kind", kind]);
        }
        let output = self.run(&arguments);
        assert_eq!(code(&output), 0, "{}", errors(&output));
        serde_json::from_slice(&std::fs::read(self.path("plan.json")).unwrap()).unwrap()
    }

    fn apply(&self) -> Output {
        self.run(&["apply", "plan.json", "--yes"])
    }

    fn rollback(&self, more: &[&str]) -> Output {
        let mut arguments = vec!["rollback", "plan.json.journal", "--yes"];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// How each step of the journal stands: change and state.
    fn step_states(&self) -> Vec<(String, String)> {
        let output = self.run(&["status", "plan.json.journal", "--output", "json"]);
        let steps: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        steps.iter().map(|step| (text(&step["change"]), text(&step["state"]))).collect()
    }

    /// How the last step of each change stands.
    fn states(&self) -> BTreeMap<String, String> {
        self.step_states().into_iter().collect()
    }

    /// Everything that is configured, as a snapshot has it; without when it was read.
    fn configuration(&self) -> Vec<Value> {
        let path = self.path("state");
        let _no_such_file = std::fs::remove_file(&path);
        let mut program = self.emulator.program();
        program.args(["snapshot", "collect", "--regions", "us-east-1,eu-west-1", "--output"]).arg(&path);
        assert!(program.output().unwrap().status.success());
        let output = self.emulator.program().args(["snapshot", "show"]).arg(&path).output().unwrap();
        let mut lines: Vec<Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line.get("schema").is_none())
            .collect();
        for line in &mut lines {
            forget_times(line);
        }
        self.emulator.forget_requests();
        lines
    }

    /// The requests that were no reads, since they were forgotten last.
    fn writes(&self) -> BTreeMap<String, u64> {
        let is_read = |name: &str| {
            let operation = name.split(':').nth(1).unwrap();
            ["Get", "List", "Describe", "Head", "Assume"].iter().any(|verb| operation.starts_with(verb))
        };
        self.emulator.requests().into_iter().filter(|(name, _)| !is_read(name)).collect()
    }
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("read_at");
            fields.retain(|name, _| !name.ends_with("_delivery_time"));
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_times),
        _ => {}
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn changes(plan: &Value) -> &[Value] {
    plan["changes"].as_array().unwrap()
}

/// The whole way, and F-38: a plan that is applied twice, a journal that is rolled back twice.
#[test]
fn f38_a_plan_changes_nothing_apply_mends_and_rollback_restores() {
    let site = Site::new();
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

/// F-34, and F-38 of a rollback after somebody else's change.
#[test]
fn f34_f38_what_somebody_else_changed_is_left_alone() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
    let bucket = "trap-one-prefix-222222222222";
    let theirs = r#"{"Version":"2012-10-17","Statement":[]}"#;
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": bucket, "text": theirs}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("somebody else"), "{}", errors(&applied));
    let writes = site.writes();
    assert_eq!(writes["s3:PutBucketPolicy"], changes(&plan).len() as u64 - 1, "{writes:?}");
    let states = site.states();
    let refused: Vec<_> = states.iter().filter(|(_, state)| *state == "refused").collect();
    assert_eq!(refused.len(), 1, "{states:?}");
    assert!(refused[0].0.ends_with(bucket));

    // Rolling back refuses what was changed after us, too.
    let other = "trap-write-only-222222222222";
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": other, "text": theirs}]));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 5, "{}", errors(&back));
    let states = site.states();
    let refused: Vec<_> = states.iter().filter(|(_, state)| *state == "undo-refused").collect();
    assert_eq!(refused.len(), 1, "{states:?}");
    assert!(refused[0].0.ends_with(other));
}

/// F-03 and F-05 in the midst of changes.
#[test]
fn f03_f05_failed_throttled_and_denied_writes_are_told_apart() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
    let accounts = ["222222222222", "333333333333", "444444444444"];
    let put = |account: &str, times: u64, action: Value| {
        json!({"account": account, "service": "s3", "operation": "PutBucketPolicy", "times": times,
            "action": action})
    };
    site.emulator.fail(&json!([
        put(accounts[0], 2, json!({"status": 503, "code": "SlowDown", "message": "slow down"})),
        put(accounts[1], 1, json!({"status": 500, "code": "InternalError", "message": "we stumbled"})),
        put(accounts[2], 1, json!({"status": 403, "code": "AccessDenied", "message": "no"})),
    ]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    let states = site.states();
    for (change, state) in &states {
        let account = change.split('/').nth(1).unwrap();
        let good = ["verified", "done"].contains(&state.as_str());
        let one_may_fail = account == accounts[2];
        assert!(good || (one_may_fail && state == "failed"), "{change} is {state}");
    }
    assert_eq!(states.values().filter(|state| *state == "failed").count(), 1, "{states:?}");
    // The wave that failed was finished; the next was not begun.
    assert!(states.len() < changes(&plan).len());
    assert!(errors(&applied).contains("were not begun"), "{}", errors(&applied));

    // Again, without faults: the rest is done, and nothing twice.
    site.emulator.fail(&json!([]));
    site.emulator.forget_requests();
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    let done = states.values().filter(|state| *state != "failed").count();
    let made = site.writes()["s3:PutBucketPolicy"];
    assert_eq!(made, (changes(&plan).len() - done) as u64);
}

/// F-42 and F-43.
#[test]
fn f42_f43_plans_that_were_edited_or_go_too_far_are_refused() {
    let site = Site::new();
    site.plan(&["block-public-access"]);
    let text = std::fs::read_to_string(site.path("plan.json")).unwrap();
    let refused = |text: &str, code_wanted: i32, why: &str| {
        std::fs::write(site.path("plan.json"), text).unwrap();
        let applied = site.apply();
        assert_eq!(code(&applied), code_wanted, "{}", errors(&applied));
        assert!(errors(&applied).contains(why), "{}", errors(&applied));
    };
    refused(&text.replace("888888888888", "777777777777"), 2, "edited");
    refused(&text.replace("exfilguard.plan/1", "exfilguard.plan/9"), 2, "exfilguard.plan/9");
    refused("[]", 2, "format");
    std::fs::write(site.path("plan.json"), &text).unwrap();
    assert_eq!(code(&site.run(&["apply", "plan.json"])), 2, "nobody was asked");

    // The limits may have been lowered since.
    for (limit, why) in [
        ("maximum_changes: 1", "more than the 1 of `maximum_changes`"),
        ("allow: [require-tls]", "not among the kinds"),
        ("exclude_accounts: [\"888888888888\"]", "leaves out"),
    ] {
        let policy = site.path("exfilguard.yaml");
        std::fs::write(&policy, format!("version: 1\nremediation: {{ {limit} }}\n")).unwrap();
        let mut program = site.emulator.program();
        program.current_dir(site.folder.path()).args(["remediate", "apply", "plan.json", "--yes"]);
        let applied = program.output().unwrap();
        assert_eq!(code(&applied), 5, "{}", errors(&applied));
        assert!(errors(&applied).replace('\n', " ").contains(why), "{}", errors(&applied));
    }
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

/// F-30 of the journal.
#[test]
fn f30_without_a_journal_nothing_is_called() {
    let site = Site::new();
    site.plan(&["require-tls"]);
    let nowhere = site.run(&["apply", "plan.json", "--yes", "--journal", "no/such/folder"]);
    assert_eq!(code(&nowhere), 5, "{}", errors(&nowhere));
    // A full disk: the journal may have 512 bytes, which its first line fits into and no announcement of a call.
    let program = site.emulator.program();
    let mut full = std::process::Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", emulated::PROGRAM]);
    full.env_clear().current_dir(site.folder.path());
    full.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    full.args(["remediate", "apply", "plan.json", "--yes", "--policy"]);
    full.arg("policy.yaml");
    let applied = full.output().unwrap();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("journal"), "{}", errors(&applied));
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    // With space it goes on from the torn line.
    assert_eq!(code(&site.apply()), 0);
}

/// F-25 of changes.
#[test]
fn f25_an_apply_that_is_killed_again_and_again_ends_where_one_run_ends() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&["require-tls", "block-public-access"]);
    let steps = changes(&plan).len();
    assert!(steps >= 30, "{steps} changes");
    site.emulator.forget_requests();
    // 20 kills at moments that differ from run to run, each a little after the last one's.
    let mut random = std::process::id();
    for _ in 0..20 {
        let mut program = site.emulator.program();
        program.current_dir(site.folder.path()).args([
            "remediate",
            "apply",
            "plan.json",
            "--yes",
            "--policy",
        ]);
        program.arg("policy.yaml");
        program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut process = program.spawn().unwrap();
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        std::thread::sleep(std::time::Duration::from_millis(300 + u64::from(random >> 24) * 6));
        let _ended_already = process.kill();
        process.wait().unwrap();
    }
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    // A write that a kill cut off after it was sent is seen, not made again.
    let made: u64 = site.writes().values().sum();
    assert_eq!(made, steps as u64, "{:?}", site.writes());
    let states = site.states();
    assert_eq!(states.len(), steps);
    assert!(states.values().all(|state| ["verified", "done"].contains(&state.as_str())), "{states:?}");
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), first);
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

    let commands = plan_of_the_example("cli");
    assert_eq!(commands.lines().filter(|line| line.starts_with("aws ")).count(), calls);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    std::fs::write(&script, &commands).unwrap();
    let parsed = std::process::Command::new("sh").arg("-n").arg(&script).output().unwrap();
    assert!(parsed.status.success(), "{}", errors(&parsed));

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

/// F-35: the write took effect, and nobody heard of it.
#[test]
fn f35_a_write_whose_answer_is_lost_is_seen_and_not_repeated() {
    let site = Site::new();
    let plan = site.plan(&["block-public-access"]);
    let steps = changes(&plan).len();
    assert!(steps >= 3, "{plan:#}");
    let lost = |place: usize, action: Value| {
        json!({"account": changes(&plan)[place]["account"], "service": "s3", "operation": "PutPublicAccessBlock",
            "resource": changes(&plan)[place]["resource"], "times": 1, "action": action})
    };
    let stumbled = json!({"done": true, "status": 500, "code": "InternalError", "message": "we stumbled"});
    let garbled = json!({"done": true, "status": 200, "body": "<html>", "content_type": "text/html"});
    site.emulator.fail(&json!([
        lost(0, json!({"done": true, "disconnect": true})),
        lost(1, stumbled),
        lost(2, garbled),
    ]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert_eq!(site.writes()["s3:PutPublicAccessBlock"], steps as u64, "none is made twice");
    assert!(site.states().values().all(|state| ["verified", "done"].contains(&state.as_str())));
}

/// F-37: the k-th of n changes fails. What was done is recorded, nothing further is begun, and all of it is taken back.
#[test]
fn f37_after_a_failure_the_rest_is_not_begun_and_what_was_done_is_taken_back() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&["require-tls"]);
    let accounts: std::collections::BTreeSet<&str> =
        changes(&plan).iter().map(|change| change["account"].as_str().unwrap()).collect();
    // The second wave has the second and the third account.
    let failing = *accounts.iter().nth(1).unwrap();
    site.emulator.fail(&json!([{"account": failing, "service": "s3", "operation": "PutBucketPolicy",
        "action": {"status": 403, "code": "AccessDenied", "message": "an SCP says no"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    let states = site.states();
    for (change, state) in &states {
        let account = change.split('/').nth(1).unwrap();
        let place = accounts.iter().position(|known| *known == account).unwrap();
        assert!(place <= 2, "{change} is of a later wave");
        assert_eq!(account == failing, state == "failed", "{change} is {state}");
    }
    assert!(states.len() < changes(&plan).len());
    site.emulator.fail(&json!([]));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), first);
}

/// F-39: what AWS would refuse, or what is somebody else's under our name, is refused in the plan.
#[test]
fn f39_what_cannot_be_merged_is_refused_in_the_plan() {
    let site = Site::new();
    let long = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Long","Effect":"Deny","Principal":"*","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::trap-write-only-222222222222/*","Condition":{{"StringEquals":{{"aws:userid":["{}"]}}}}}}]}}"#,
        "x".repeat(20_100)
    );
    let ours = r#"{"Version":"2012-10-17","Statement":[{"Sid":"ExfilguardRequireTls","Effect":"Deny","Principal":"*",
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::trap-one-prefix-222222222222/*",
        "Condition":{"StringEquals":{"aws:userid":"theirs"}}}]}"#;
    site.emulator.put(&json!([
        {"kind": "bucket_policy", "bucket": "trap-write-only-222222222222", "text": long},
        {"kind": "bucket_policy", "bucket": "trap-one-prefix-222222222222", "text": ours},
    ]));
    let plan = site.plan(&["require-tls"]);
    let reason = |bucket: &str| {
        let refused = plan["refused"].as_array().unwrap();
        let found = refused.iter().find(|found| found["resource"] == bucket);
        found.unwrap_or_else(|| panic!("{bucket} is not refused"))["reason"].as_str().unwrap().to_owned()
    };
    assert!(
        reason("trap-write-only-222222222222").contains("20480"),
        "{}",
        reason("trap-write-only-222222222222")
    );
    assert!(
        reason("trap-one-prefix-222222222222").contains("Sid"),
        "{}",
        reason("trap-one-prefix-222222222222")
    );
    assert!(!changes(&plan).is_empty(), "the others go on");
}

/// F-40: whoever acts could not repair what he did.
#[test]
fn f40_a_change_that_locks_out_him_who_acts_is_refused() {
    let site = Site::new();
    let policy = "version: 1\nsensitive: { buckets: [\"*\"] }\ntrust: { networks: [203.0.113.0/24] }\n\
         remediation: { role: ExfilguardRemediate }\n";
    std::fs::write(site.path("policy.yaml"), policy).unwrap();
    let closed = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::trap-one-prefix-222222222222","arn:aws:s3:::trap-one-prefix-222222222222/*"],
        "Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/ExfilguardRemediate"}}}]}"#;
    let bucket = "trap-one-prefix-222222222222";
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": bucket, "text": closed}]));
    let plan = site.plan(&["restrict-bucket-policy"]);
    let refused = plan["refused"].as_array().unwrap().iter().filter(|found| found["resource"] == bucket);
    let reasons: Vec<&str> = refused.map(|found| found["reason"].as_str().unwrap()).collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.contains("even now")), "{reasons:#?}");
    let names_the_network = |change: &&Value| change.to_string().contains("ExfilguardNetworkPerimeter");
    let of_the_network: Vec<&Value> = changes(&plan).iter().filter(names_the_network).collect();
    assert!(!of_the_network.is_empty(), "{plan:#}");

    // The statements leave out the role that the plan was made for, and another one applies it.
    let applied = site.run(&["apply", "plan.json", "--yes", "--role", "OrganizationAccountAccessRole"]);
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("could be locked out"), "{}", errors(&applied));
    assert!(errors(&applied).contains("\"action\""), "the request is shown: {}", errors(&applied));
    let states = site.states();
    for change in &of_the_network {
        let state = states.get(change["id"].as_str().unwrap());
        assert!(state.is_none_or(|state| state == "refused"), "{states:#?}");
    }
}

/// F-41: a plan for one account is never carried out in another.
#[test]
fn f41_credentials_of_another_account_and_buckets_of_another_owner_are_refused() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
    // Whoever is asked says that he is of another account.
    site.emulator.fail(&json!([{"account": "222222222222", "service": "sts", "operation": "GetCallerIdentity",
        "action": {"status": 200, "content_type": "text/xml", "body":
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:sts::999999999999:assumed-role/x/y</Arn><UserId>A</UserId><Account>999999999999</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("999999999999"), "{}", errors(&applied));
    let states = site.states();
    let refused: Vec<_> = states.iter().filter(|(_, state)| *state == "refused").collect();
    assert!(
        !refused.is_empty() && refused.iter().all(|(change, _)| change.contains("/222222222222/")),
        "{states:?}"
    );
    // Each call names the owner, so that AWS refuses a bucket that has another one by now.
    for change in changes(&plan) {
        assert_eq!(change["steps"][0]["call"]["input"]["ExpectedBucketOwner"], change["account"]);
    }
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

/// F-36: what AWS says it did and what is there are two things.
#[test]
fn f36_a_call_that_succeeds_without_effect_is_a_failure() {
    let site = Site::new();
    let plan = site.plan(&["block-public-access"]);
    site.emulator.fail(&json!([{"service": "s3", "operation": "PutPublicAccessBlock", "times": 1,
        "action": {"status": 200, "body": "", "content_type": "application/xml"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("what is read back is not what was set"), "{}", errors(&applied));
    let states = site.states();
    assert_eq!(states.values().filter(|state| *state == "failed").count(), 1, "{states:?}");
    assert_eq!(states.len(), changes(&plan).len(), "the others of the account went on: {states:?}");
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.writes()["s3:DeletePublicAccessBlock"], changes(&plan).len() as u64 - 1);
}
