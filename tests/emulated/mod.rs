//! The emulator, and the built program run against it over HTTP.
//!
//! `scripts/test` installs the emulator into `target/emulator`; each [`Emulator`] is a process of its own on a free port,
//! which ends when the test does.

// Each test program uses a part of this.
#![allow(dead_code, reason = "shared by several test programs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod stand_in;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_exfilguard");

/// A folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A running emulator.
pub struct Emulator {
    process: Child,
    endpoint: String,
}

impl Emulator {
    /// Starts an emulator in which there is nothing.
    pub fn start() -> Self {
        let (process, endpoint) = served(Command::new(python()).arg(repository("tests/emulator/serve.py")));
        Self { process, endpoint }
    }

    /// Starts one whose Athena executes queries.
    pub fn with_athena() -> (Self, Athena) {
        let athena = Athena::start();
        let mut serve = Command::new(python());
        serve.arg(repository("tests/emulator/serve.py")).args(["--athena", &athena.endpoint]);
        let (process, endpoint) = served(&mut serve);
        (Self { process, endpoint }, athena)
    }

    /// Starts an emulator with an organization of `tests/emulator/seed.py`, and what that printed.
    pub fn with(organization: &str) -> (Self, Value) {
        let emulator = Self::start();
        let seeded = Command::new(python())
            .arg(repository("tests/emulator/seed.py"))
            .args([&emulator.endpoint, organization])
            .envs(credentials())
            .output()
            .unwrap();
        assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
        let printed = serde_json::from_slice(&seeded.stdout).unwrap();
        emulator.forget_requests();
        (emulator, printed)
    }

    /// How many calls were made, by account.
    pub fn requests_by_account(&self) -> BTreeMap<String, u64> {
        let answer: Value =
            ureq::get(self.control("requests")).call().unwrap().body_mut().read_json().unwrap();
        serde_json::from_value(answer["by_account"].clone()).unwrap()
    }

    /// Runs Python statements with `s3`, a boto3 client of the management account.
    pub fn boto(&self, statements: &str) {
        let endpoint = &self.endpoint;
        let code = format!(
            "import boto3\ns3 = boto3.client('s3', endpoint_url='{endpoint}', region_name='us-east-1')\n{statements}\n"
        );
        let output = Command::new(python()).args(["-c", &code]).envs(credentials()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    fn control(&self, what: &str) -> String {
        format!("{}/_exfilguard/{what}", self.endpoint)
    }

    /// Lets calls fail from now on, as the rules say; none lifts all failures.
    pub fn fail(&self, rules: &Value) {
        ureq::post(self.control("faults")).send_json(rules).unwrap();
    }

    /// Puts state that no AWS call sets.
    pub fn put(&self, state: &Value) {
        ureq::post(self.control("put")).send_json(state).unwrap();
    }

    /// Forgets the requests until now.
    pub fn forget_requests(&self) {
        ureq::delete(self.control("requests")).call().unwrap();
    }

    /// What the emulator itself answered that AWS's service models do not allow.
    pub fn violations(&self) -> Vec<String> {
        ureq::get(self.control("violations")).call().unwrap().body_mut().read_json().unwrap()
    }

    /// How many requests there were by operation.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        let answer: Value =
            ureq::get(self.control("requests")).call().unwrap().body_mut().read_json().unwrap();
        serde_json::from_value(answer["by_operation"].clone()).unwrap()
    }

    /// The program with credentials for this emulator.
    pub fn program(&self) -> Command {
        let mut program = program();
        program.envs(credentials()).env("AWS_ENDPOINT_URL", &self.endpoint);
        program
    }

    /// Audits both regions under the policy of the trap organization; writes JSON and JUnit into `folder`.
    pub fn audit(&self, folder: &Path, more: &[&str]) -> Audit {
        let mut program = self.program();
        program
            .args(["audit", "--regions", "us-east-1,eu-west-1", "--policy"])
            .arg(repository("tests/emulator/trap_policy.yaml"))
            .args(more);
        Audit::run(program, folder)
    }
}

/// A running ministack, which executes Athena's queries over the files in its S3.
pub struct Athena {
    process: Child,
    endpoint: String,
}

impl Athena {
    fn start() -> Self {
        let python = repository("target/athena/bin/python");
        assert!(python.exists(), "{} is missing: run scripts/test, which installs it", python.display());
        let (process, endpoint) =
            served(Command::new(python).arg(repository("tests/emulator/athena/serve.py")));
        Self { process, endpoint }
    }

    /// Runs Python statements with `client`, which makes boto3 clients of a service in eu-west-1, and `argument`.
    pub fn boto(&self, statements: &str, argument: &Value) {
        let endpoint = &self.endpoint;
        let code = format!(
            "import boto3, gzip, json, sys\n\
             client = lambda name: boto3.client(name, endpoint_url='{endpoint}', region_name='eu-west-1')\n\
             argument = json.load(sys.stdin)\n{statements}\n"
        );
        let mut python = Command::new(python());
        python.args(["-c", &code]).envs(credentials()).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut process = python.spawn().unwrap();
        serde_json::to_writer(process.stdin.take().unwrap(), argument).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Athena {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

/// The Python of the emulator.
fn python() -> PathBuf {
    let python = std::env::var_os("EXFILGUARD_TEST_PYTHON")
        .map_or_else(|| repository("target/emulator/bin/python"), PathBuf::from);
    assert!(python.exists(), "{} is missing: run scripts/test, which installs it", python.display());
    python
}

/// Starts a server that prints its port, and where it answers.
fn served(command: &mut Command) -> (Child, String) {
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = serde_json::from_str::<Value>(&line).unwrap()["port"].as_u64().unwrap();
    (process, format!("http://127.0.0.1:{port}"))
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Credentials of the management account, which the emulator takes any for.
fn credentials() -> [(&'static str, &'static str); 3] {
    [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing"), ("AWS_REGION", "us-east-1")]
}

/// The program without anything of the developer's own environment.
pub fn program() -> Command {
    let mut program = Command::new(PROGRAM);
    program.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    program.env("HOME", repository("target")).env("AWS_EC2_METADATA_DISABLED", "true");
    program
}

/// A finished audit.
pub struct Audit {
    /// What the program printed, and its exit code.
    pub output: Output,
    /// The JSON report; null if none was written.
    pub report: Value,
    /// The JUnit report.
    pub junit: String,
}

impl Audit {
    /// Runs an audit with JSON and JUnit into `folder`.
    pub fn run(mut program: Command, folder: &Path) -> Self {
        let (json, junit) = (folder.join("report.json"), folder.join("report.xml"));
        let destination = |format: &str, path: &Path| format!("{format}={}", path.display());
        program.arg("--output").arg(destination("json", &json));
        program.arg("--output").arg(destination("junit", &junit));
        let output = program.output().unwrap();
        let report = std::fs::read(&json).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self {
            report: report.unwrap_or_default(),
            junit: std::fs::read_to_string(&junit).unwrap_or_default(),
            output,
        }
    }

    /// The exit code.
    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    /// What was printed to standard error.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The results.
    pub fn results(&self) -> &[Value] {
        self.report["results"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Status by check, account, region and resource.
    pub fn statuses(&self) -> BTreeMap<[String; 4], String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        self.results()
            .iter()
            .map(|result| {
                let key = [
                    text(&result["check"]),
                    text(&result["account_id"]),
                    text(&result["region"]),
                    text(&result["resource"]["id"]),
                ];
                (key, text(&result["status"]))
            })
            .collect()
    }

    /// The status of the one result of a check on a resource.
    pub fn status(&self, check: &str, account: &str, resource: &str) -> String {
        let statuses = self.statuses();
        let mut found = statuses
            .iter()
            .filter(|([c, a, _, r], _)| c == check && a == account && r == resource)
            .map(|(_, status)| status.clone());
        let first = found.next().unwrap_or_else(|| panic!("no result of {check} on {resource} in {account}"));
        assert_eq!(found.next(), None, "{check} on {resource} in {account} is there twice");
        first
    }

    /// An account's status.
    pub fn account(&self, id: &str) -> String {
        let accounts = self.report["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["id"] == id).unwrap();
        account["status"].as_str().unwrap().to_owned()
    }
}
