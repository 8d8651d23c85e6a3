//! The stand-in for AWS at scale (`benches/stand-in/`): a process of its own on a free port, which ends when the test does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{credentials, program, repository};

/// A running stand-in.
pub struct StandIn {
    process: Child,
    endpoint: String,
}

/// The built stand-in.
pub fn stand_in() -> PathBuf {
    let built = repository("target/stand-in/release/stand-in");
    assert!(built.exists(), "{} is missing: run scripts/test, which builds it", built.display());
    built
}

impl StandIn {
    /// Starts one.
    pub fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(stand_in())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = serde_json::from_str::<Value>(&line).unwrap()["port"].as_u64().unwrap();
        Self { process, endpoint: format!("http://127.0.0.1:{port}") }
    }

    /// Starts one that answers from a snapshot.
    pub fn of(snapshot: &Path) -> Self {
        Self::start(&["--snapshot", snapshot.to_str().unwrap()])
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it was asked: `by_operation`, how many calls were `throttled`, and over how many `connections`.
    pub fn asked(&self) -> Value {
        let url = format!("{}/_exfilguard/requests", self.endpoint);
        ureq::get(url).call().unwrap().body_mut().read_json().unwrap()
    }

    /// How many requests there were by operation.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        serde_json::from_value(self.asked()["by_operation"].clone()).unwrap()
    }

    /// The program with the caller's credentials for it.
    pub fn program(&self) -> Command {
        let mut program = program();
        program.envs(credentials()).env("AWS_ENDPOINT_URL", &self.endpoint);
        program
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}
