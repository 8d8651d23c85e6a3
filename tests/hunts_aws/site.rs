//! A trail with records, and the program that hunts in it.

use std::ops::Deref;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::trail_site::TrailSite;

/// The accounts that the table lists.
pub const ACCOUNTS: [&str; 2] = ["111122223333", "012345678901"];

/// A trail, and hunts in it.
pub struct Site {
    trail: TrailSite,
}

impl Deref for Site {
    type Target = TrailSite;

    fn deref(&self) -> &TrailSite {
        &self.trail
    }
}

impl Site {
    /// A trail without records and without a table.
    pub fn new() -> Self {
        Self { trail: TrailSite::new() }
    }

    /// One with the table and these records.
    pub fn with(records: &[Value]) -> Self {
        let site = Self::new();
        site.deliver(records);
        site.make_table(&["--accounts", &ACCOUNTS.join(",")]);
        site
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut program = self.trail.program();
        program.arg("hunt").args(arguments);
        program
    }

    pub fn hunt(&self, arguments: &[&str]) -> Answered {
        Answered::of(&self.command(arguments).output().unwrap())
    }

    /// Asks a hunt for the window.
    pub fn ask(&self, hunt: &str, back_end: &str, more: &[&str]) -> Answered {
        self.hunt(&asking(hunt, back_end, more))
    }

    /// Starts a hunt and interrupts it once an operation was called.
    pub fn interrupted_after(&self, operation: &str, hunt: &[&str]) -> Answered {
        self.emulator.forget_requests();
        let process = self.command(hunt).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !self.emulator.requests().contains_key(operation) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{operation} was not called");
            std::thread::sleep(Duration::from_millis(50));
        }
        interrupt(&process);
        Answered::of(&process.wait_with_output().unwrap())
    }

    pub fn calls(&self, operation: &str) -> u64 {
        self.emulator.requests().get(operation).copied().unwrap_or_default()
    }
}

pub fn asking<'a>(hunt: &'a str, back_end: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let window = ["--from", "2026-01-15T00:00:00Z", "--to", "2026-01-16T00:00:00Z"];
    let mut all = vec!["run", hunt, "--backend", back_end, "--output", "json"];
    all.extend(window);
    if back_end == "logs-insights" {
        all.extend(["--log-group", "trail"]);
    }
    all.extend(more);
    all
}

pub fn interrupt(process: &Child) {
    let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// What the program answered.
pub struct Answered {
    pub code: i32,
    pub answer: Value,
    pub errors: String,
}

impl Answered {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            answer: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            // Without the lines' ends and their frame.
            errors: String::from_utf8_lossy(&output.stderr)
                .split_whitespace()
                .filter(|word| *word != "│")
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    pub fn rows(&self) -> &[Value] {
        assert!(self.answer.is_object(), "no answer: {}", self.errors);
        self.answer["rows"].as_array().unwrap()
    }

    /// The values of a column.
    pub fn column(&self, name: &str) -> Vec<&Value> {
        let columns = self.answer["columns"].as_array().unwrap();
        let place = columns.iter().position(|column| column["name"] == name).unwrap();
        self.rows().iter().map(|row| &row[place]).collect()
    }

    pub fn notes(&self) -> String {
        let notes = self.answer["query"]["notes"].as_array().unwrap();
        notes
            .iter()
            .map(|note| {
                format!("{}: {}\n", note["kind"].as_str().unwrap(), note["message"].as_str().unwrap())
            })
            .collect()
    }

    pub fn scanned(&self) -> u64 {
        self.answer["query"]["scanned_bytes"].as_u64().unwrap()
    }
}
