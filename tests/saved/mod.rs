//! The built program on the saved example organization, in a folder of its own.

#![allow(dead_code, reason = "shared by several test programs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder to run the program in.
pub struct Place {
    folder: tempfile::TempDir,
}

/// A finished run.
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error, its line breaks as they are.
    pub stderr: String,
}

impl Run {
    /// Standard error as one line, without the frames of diagnostics.
    pub fn said(&self) -> String {
        let plain: String =
            self.stderr.chars().map(|c| if "│×╭╰─▶┬┤├·".contains(c) { ' ' } else { c }).collect();
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}\n{}", self.stdout, self.stderr))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The example organization.
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization.jsonl.gz")
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Runs the program here.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut program = Command::new(env!("CARGO_BIN_EXE_exfilguard"));
        program.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        program.env("HOME", self.folder.path()).current_dir(self.folder.path());
        program.args(arguments).output().unwrap().into()
    }

    /// Audits a snapshot; the JSON report goes to standard output.
    pub fn audit_of(&self, snapshot: &Path, more: &[&str]) -> Run {
        let snapshot = snapshot.to_str().unwrap();
        let mut arguments = vec!["audit", "--snapshot", snapshot, "--output", "json"];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Audits the example organization.
    pub fn audit(&self, more: &[&str]) -> Run {
        self.audit_of(&example(), more)
    }

    /// Audits the example organization under a policy file of version 1 with these further lines.
    pub fn audit_under(&self, lines: &str, more: &[&str]) -> Run {
        self.write("exfilguard.yaml", format!("version: 1\n{lines}"));
        self.audit(more)
    }
}

/// The results of a report of this status, or of any.
pub fn results<'r>(report: &'r Value, check: &str, status: Option<&str>) -> Vec<&'r Value> {
    let results = report["results"].as_array().unwrap().iter();
    results.filter(|r| r["check"] == check && status.is_none_or(|status| r["status"] == status)).collect()
}

/// How many results have this status.
pub fn count(report: &Value, status: &str) -> usize {
    report["results"].as_array().unwrap().iter().filter(|result| result["status"] == status).count()
}
