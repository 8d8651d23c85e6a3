//! A place to plan, apply and roll back: the organization of traps in an emulator, and a folder for plan and journal.

// Each test program uses a part of this.
#![allow(dead_code, reason = "shared by several test programs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use serde_json::Value;

use crate::emulated::{Emulator, repository};

/// What the policy file of the organization of traps says of changes: room for all, and who is alerted.
const REMEDIATION: &str =
    "remediation: { maximum_changes: 100, alert: { protocol: email, endpoint: soc@example.com } }\n";

/// The accounts of the organization of traps that are open.
pub const ACCOUNTS: [&str; 8] = [
    "111111111111",
    "123456789012",
    "222222222222",
    "333333333333",
    "444444444444",
    "666666666666",
    "777777777777",
    "888888888888",
];

/// All kinds of change.
pub const KINDS: [&str; 12] = [
    "start-trail-logging",
    "enable-s3-data-events",
    "enable-guardduty-s3-protection",
    "enable-guardduty-auto-s3",
    "unsuppress-findings",
    "create-guardduty-event-rule",
    "create-bulk-download-alarm",
    "restrict-endpoint-policy",
    "require-tls",
    "restrict-bucket-policy",
    "disable-acls",
    "block-public-access",
];

/// What somebody else's doings begin with.
const SOMEBODY: &str = r#"
import json
def client(service, region='us-east-1', account='123456789012'):
    keys, at = {}, s3.meta.endpoint_url
    if account != '123456789012':
        role = f'arn:aws:iam::{account}:role/OrganizationAccountAccessRole'
        sts = boto3.client('sts', endpoint_url=at, region_name=region)
        found = sts.assume_role(RoleArn=role, RoleSessionName='somebody')['Credentials']
        keys = dict(aws_access_key_id=found['AccessKeyId'], aws_secret_access_key=found['SecretAccessKey'],
                    aws_session_token=found['SessionToken'])
    return boto3.client(service, endpoint_url=at, region_name=region, **keys)
"#;

/// An emulator with the organization of traps, and a folder for plan and journal.
pub struct Site {
    pub emulator: Emulator,
    pub folder: tempfile::TempDir,
}

impl Site {
    pub fn new() -> Self {
        let (emulator, _) = Emulator::with("trap");
        let site = Self { emulator, folder: tempfile::tempdir().unwrap() };
        // The policy of the organization of traps, with room for all changes.
        let policy = std::fs::read_to_string(repository("tests/emulator/trap_policy.yaml")).unwrap();
        std::fs::write(site.path("policy.yaml"), policy + REMEDIATION).unwrap();
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut program = self.emulator.program();
        program.current_dir(self.folder.path()).arg("remediate").args(arguments);
        if arguments[0] != "status" {
            program.arg("--policy").arg("policy.yaml");
        }
        program.output().unwrap()
    }

    /// Plans changes of these kinds into `plan.json`, those in the management account included.
    pub fn plan(&self, kinds: &[&str]) -> Value {
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

    /// The plan that [`Site::plan`] makes of an organization of traps in which nobody changed anything: kinds of change to
    /// buckets alone, whose names are the same in each emulator, are planned once for all tests.
    pub fn plan_of_untouched(&self, kind: &str) -> Value {
        static PLANS: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
        assert!(["require-tls", "block-public-access"].contains(&kind), "{kind} names what differs");
        let mut plans = PLANS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = self.path("plan.json");
        match plans.get(kind) {
            Some(known) => std::fs::write(&path, known).unwrap(),
            None => {
                self.plan(&[kind]);
                plans.insert(kind.to_owned(), std::fs::read(&path).unwrap());
            }
        }
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
    }

    /// Plans changes of one kind in certain accounts only, from a snapshot of those and of the management account.
    pub fn plan_of(&self, kind: &str, accounts: &[&str]) -> Value {
        let snapshot = self.path("collected");
        self.collect(&snapshot, accounts);
        // What is switched on everywhere leaves out nobody.
        let excluded: Vec<String> = ACCOUNTS
            .iter()
            .filter(|id| !accounts.contains(id) && kind != "enable-guardduty-auto-s3")
            .map(|id| format!("\"{id}\""))
            .collect();
        let text = std::fs::read_to_string(self.path("policy.yaml")).unwrap();
        let narrow = format!("remediation: {{ exclude_accounts: [{}],", excluded.join(", "));
        std::fs::write(self.path("narrow.yaml"), text.replace("remediation: {", &narrow)).unwrap();
        let mut program = self.emulator.program();
        program.current_dir(self.folder.path()).args(["remediate", "plan", "--include-management-account"]);
        program.args(["--kind", kind, "--output", "plan.json", "--policy", "narrow.yaml", "--snapshot"]);
        let output = program.arg(&snapshot).output().unwrap();
        assert_eq!(code(&output), 0, "{}", errors(&output));
        self.emulator.forget_requests();
        serde_json::from_slice(&std::fs::read(self.path("plan.json")).unwrap()).unwrap()
    }

    /// Somebody else's doings: Python statements with `client(service, region, account)`.
    pub fn somebody(&self, statements: &str) {
        self.emulator.boto(&format!("{SOMEBODY}{statements}"));
    }

    pub fn apply(&self) -> Output {
        self.run(&["apply", "plan.json", "--yes"])
    }

    pub fn rollback(&self, more: &[&str]) -> Output {
        let mut arguments = vec!["rollback", "plan.json.journal", "--yes"];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// How each step of the journal stands: change and state.
    pub fn step_states(&self) -> Vec<(String, String)> {
        let output = self.run(&["status", "plan.json.journal", "--output", "json"]);
        let steps: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        steps.iter().map(|step| (text(&step["change"]), text(&step["state"]))).collect()
    }

    /// How the last step of each change stands.
    pub fn states(&self) -> BTreeMap<String, String> {
        self.step_states().into_iter().collect()
    }

    /// Everything that is configured, as a snapshot has it; without when it was read.
    pub fn configuration(&self) -> Vec<Value> {
        self.configuration_of(&[])
    }

    /// Everything that is configured in these accounts, or in all, and in the one of the organization.
    pub fn configuration_of(&self, accounts: &[&str]) -> Vec<Value> {
        let path = self.path("state");
        let _no_such_file = std::fs::remove_file(&path);
        self.collect(&path, accounts);
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

    /// Reads accounts, or all of them.
    fn collect(&self, path: &Path, accounts: &[&str]) {
        let mut program = self.emulator.program();
        program.args(["snapshot", "collect", "--regions", "us-east-1,eu-west-1"]);
        if !accounts.is_empty() {
            program.args(["--accounts", &accounts.join(",")]);
        }
        let collected = program.arg("--output").arg(path).output().unwrap();
        assert!(collected.status.success(), "{}", errors(&collected));
    }

    /// The requests that were no reads, since they were forgotten last.
    pub fn writes(&self) -> BTreeMap<String, u64> {
        self.emulator.requests().into_iter().filter(|(name, _)| !is_read(name)).collect()
    }

    /// How many of them there were.
    pub fn write_count(&self) -> u64 {
        self.writes().values().sum()
    }

    /// The program, to apply the plan, not started yet.
    pub fn applying(&self) -> Command {
        self.remediate(&["apply", "plan.json", "--yes", "--policy", "policy.yaml"])
    }

    /// The program, to roll back everything, not started yet.
    pub fn restoring(&self) -> Command {
        self.remediate(&[
            "rollback",
            "plan.json.journal",
            "--yes",
            "--stop-logging",
            "--policy",
            "policy.yaml",
        ])
    }

    fn remediate(&self, arguments: &[&str]) -> Command {
        let mut program = self.emulator.program();
        program.current_dir(self.folder.path()).arg("remediate").args(arguments);
        program.stdout(Stdio::null()).stderr(Stdio::null());
        program
    }

    /// The journal's lines after the first.
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("plan.json.journal")).unwrap();
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Whether an operation, `service:Operation`, reads only.
pub fn is_read(name: &str) -> bool {
    let operation = name.split(':').nth(1).unwrap();
    ["Get", "List", "Describe", "Head", "Assume"].iter().any(|verb| operation.starts_with(verb))
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

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn errors(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn changes(plan: &Value) -> &[Value] {
    plan["changes"].as_array().unwrap()
}

/// What is not as it was in a configuration: where, and what became of it. What was added beside what others have is left
/// out; documents in texts are looked into.
pub fn altered(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(before, after, "", &mut found);
    found
}

fn compare(before: &Value, after: &Value, at: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Null, _) => {}
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                let at = format!("{at}/{name}");
                compare(value, after.get(name).unwrap_or(&Value::Null), &at, found);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            let missing = before.iter().enumerate().filter(|(_, item)| !after.contains(item));
            for (place, item) in missing {
                // The same thing under the same name, else in the same place.
                let name = ["id", "name", "arn", "account"].iter().find(|name| item.get(*name).is_some());
                let same = |other: &&Value| name.is_some_and(|name| other[name] == item[name]);
                let other = after.iter().find(same).or_else(|| after.get(place).filter(|_| name.is_none()));
                compare(item, other.unwrap_or(&Value::Null), &format!("{at}/{place}"), found);
            }
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let read = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
            match (read(one), read(other)) {
                (Some(one), Some(other)) => compare(&statements(one), &statements(other), at, found),
                _ => found.push(format!("{at}: {before} became {after}")),
            }
        }
        _ if before == after => {}
        _ => found.push(format!("{at}: {before} became {after}")),
    }
}

/// A policy whose only statement stands there alone, as one in a list.
fn statements(mut document: Value) -> Value {
    if let Some(one) = document.get("Statement").filter(|statement| statement.is_object()).cloned() {
        document["Statement"] = Value::Array(vec![one]);
    }
    document
}
