//! How the tests run the program.

use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::json;

use crate::emulated::{Emulator, PROGRAM, program};

/// A part of the example organization whose audit takes few calls.
pub const SMALL: [&str; 5] = ["audit", "--regions", "us-east-1", "--only", "guardduty-enabled"];

/// The emulator with the example organization, for one test at a time.
pub fn emulator() -> MutexGuard<'static, Emulator> {
    static EMULATOR: OnceLock<Mutex<Emulator>> = OnceLock::new();
    let emulator = EMULATOR.get_or_init(|| Mutex::new(Emulator::with("example").0));
    let emulator = emulator.lock().unwrap_or_else(PoisonError::into_inner);
    emulator.fail(&json!([]));
    emulator.forget_requests();
    emulator
}

/// What was printed to standard error, as one line without the frames of diagnostics.
pub fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let plain: String = text.chars().map(|c| if "│×╭╰─▶┬┤├·".contains(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The program with fake keys for an endpoint where nothing answers; a test that gets so far has gone wrong.
pub fn nowhere() -> Command {
    let mut program = program();
    program
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_REGION", "us-east-1");
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").args(SMALL);
    program
}

/// Runs a program through the shell, which sets it limits or pipes first.
pub fn through_shell(before: &str, program: &Command, after: &str) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{before} \"$0\" \"$@\" {after}")]).arg(PROGRAM).args(program.get_args());
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}
