//! A short run of the fuzz targets of `fuzz/` on the stable toolchain: seeds from the conformance cases, the checks, and
//! the documentation, mutated by a generator that yields the same inputs in every run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing target fails the test")]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{fs, panic, thread};

use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;

/// Mutated inputs per target, besides the seeds themselves.
const INPUTS: usize = 5000;

/// An input that takes longer hangs. No measurement: a normal one takes less than a millisecond.
const HANGS: Duration = Duration::from_secs(120);

/// What tends to break readers.
const TOKENS: [&str; 36] = [
    "\0",
    "\u{feff}",
    "\u{1f600}",
    "\\ud800",
    "\\u0000",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    ",",
    ":",
    "null",
    "true",
    "1e999",
    "-0",
    "18446744073709551616",
    "*",
    "**",
    "?",
    "%",
    "$.",
    "${",
    "${aws:username}",
    "$or",
    "(",
    ")",
    "&&",
    "||",
    "NOT ",
    "- &a [*a]",
    "\n",
    "\t",
    "ForAllValues:",
    "%a*a*a*a*a*a*b%",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|ending| ending == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The conformance cases of an evaluator, each as the line that `exfilguard eval` reads.
fn cases(evaluator: &str) -> Vec<Value> {
    files(&root().join("tests/conformance").join(evaluator), "json")
        .iter()
        .flat_map(|path| serde_json::from_str::<Vec<Value>>(&fs::read_to_string(path).unwrap()).unwrap())
        .collect()
}

fn lines(evaluator: &str) -> Vec<Vec<u8>> {
    cases(evaluator).iter().map(|case| case.to_string().into_bytes()).collect()
}

/// Every policy document of the conformance cases.
fn documents() -> Vec<Vec<u8>> {
    fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
        match value {
            Value::Object(fields) if fields.contains_key("Statement") => {
                found.push(value.to_string().into_bytes())
            }
            Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
            Value::Array(elements) => elements.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    cases("policy").iter().for_each(|case| collect(case, &mut found));
    found
}

fn texts(values: impl IntoIterator<Item = &'static str>) -> Vec<Vec<u8>> {
    values.into_iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A small snapshot: the header and one account of the example, uncompressed, so that mutations reach the records.
fn snapshots() -> Vec<Vec<u8>> {
    use std::io::Read as _;
    let file = fs::File::open(root().join("examples/organization.jsonl.gz")).unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let (header, account) = (lines.next().unwrap(), lines.next_back().unwrap());
    let shortest = lines.min_by_key(|line| line.len()).unwrap();
    let plain = format!("{header}\n{shortest}\n{{\"accounts\":1}}\n");
    assert!(account.contains("accounts"), "the last line is the trailer");
    vec![plain.into_bytes()]
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "alarm_rule" => texts([
            "ALARM(\"a\") OR ALARM(b)",
            "NOT (ALARM(a) AND OK(\"c d\")) OR INSUFFICIENT_DATA(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a)",
            "TRUE",
            "(((FALSE)))",
        ]),
        "event_pattern" => {
            let rules =
                cases("event-pattern").into_iter().map(|case| case["pattern"].to_string().into_bytes());
            lines("event-pattern").into_iter().chain(rules).collect()
        }
        "event_selectors" => lines("event-selectors"),
        "filter_pattern" => {
            let patterns = cases("filter-pattern")
                .into_iter()
                .filter_map(|case| case["pattern"].as_str().map(|text| text.as_bytes().to_vec()));
            lines("filter-pattern").into_iter().chain(patterns).collect()
        }
        "policy_document" => documents(),
        "policy_file" => {
            let documentation = fs::read_to_string(root().join("docs/policy-file.md")).unwrap();
            let blocks = documentation.split("```").filter_map(|block| block.strip_prefix("yaml\n"));
            blocks.map(|block| block.as_bytes().to_vec()).collect()
        }
        "policy_question" => lines("policy").into_iter().chain(lines("public")).collect(),
        "rego_module" => {
            files(&root().join("checks"), "rego").iter().map(|path| fs::read(path).unwrap()).collect()
        }
        "snapshot" => snapshots(),
        other => panic!("fuzz target `{other}` has no seeds here"),
    }
}

/// One to four changes: a byte, a cut, a repetition, a piece of another seed, a token.
fn mutate(input: &mut Vec<u8>, other: &[u8], rng: &mut TestRng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=input.len());
        match rng.random_range(0..6) {
            0 if at < input.len() => input[at] = rng.random(),
            1 => {
                let end = rng.random_range(at..=input.len().min(at + 40));
                input.drain(at..end);
            }
            2 => {
                let end = rng.random_range(at..=input.len().min(at + 60));
                let piece = input[at..end].repeat(rng.random_range(1..4));
                input.splice(at..at, piece);
            }
            3 if !other.is_empty() => {
                let from = rng.random_range(0..other.len());
                let to = rng.random_range(from..=other.len().min(from + 80));
                input.splice(at..at, other[from..to].iter().copied());
            }
            4 => {
                // A nesting bomb, now and then.
                let depth = if rng.random_range(0..20) == 0 { 50_000 } else { 3 };
                input
                    .splice(at..at, ["[", "{\"a\":", "("][rng.random_range(0..3)].repeat(depth).into_bytes());
            }
            _ => {
                let token = TOKENS[rng.random_range(0..TOKENS.len())];
                input.splice(at..at, token.bytes());
            }
        }
    }
}

/// Every seed, then mutations of them.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "no seeds for `{target}`");
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut inputs = seeds.clone();
    inputs.extend(texts(["", "\0", "{}", "[]", "null", "\u{feff}{}"]));
    inputs.push(vec![0xff, 0xfe]);
    inputs.push(b"[".repeat(1_000_000));
    inputs.push(b"{\"a\":".repeat(200_000));
    for _ in 0..INPUTS {
        let mut input = seeds[rng.random_range(0..seeds.len())].clone();
        let other = &seeds[rng.random_range(0..seeds.len())];
        mutate(&mut input, other, &mut rng);
        inputs.push(input);
    }
    inputs
}

/// Runs a target over its inputs; says which input broke it.
fn run(name: &'static str, target: targets::Target) -> Result<usize, String> {
    let (sender, receiver) = mpsc::channel::<Result<Vec<u8>, String>>();
    // The stack of a test thread, so that recursion without bound shows.
    thread::spawn(move || {
        for input in inputs(name) {
            if sender.send(Ok(input.clone())).is_err() {
                return;
            }
            if let Err(cause) = panic::catch_unwind(|| target(&input)) {
                let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
                let _ = sender.send(Err(text.unwrap_or_else(|| "a panic".to_owned())));
                return;
            }
        }
    });
    let (mut count, mut last) = (0, Vec::new());
    loop {
        match receiver.recv_timeout(HANGS) {
            Ok(Ok(input)) => {
                count += 1;
                last = input;
            }
            Ok(Err(cause)) => return Err(format!("`{name}` broke: {cause}\n{}", shown(&last))),
            Err(RecvTimeoutError::Timeout) => return Err(format!("`{name}` hangs\n{}", shown(&last))),
            Err(RecvTimeoutError::Disconnected) => return Ok(count),
        }
    }
}

fn shown(input: &[u8]) -> String {
    String::from_utf8_lossy(&input[..input.len().min(4000)]).into_owned()
}

#[test]
fn no_input_breaks_a_target() {
    let mut broken = Vec::new();
    // Two at a time: each keeps one core busy.
    for pair in targets::TARGETS.chunks(2) {
        let found: Vec<_> = thread::scope(|scope| {
            let runs: Vec<_> =
                pair.iter().map(|&(name, target)| (name, scope.spawn(move || run(name, target)))).collect();
            runs.into_iter().map(|(name, run)| (name, run.join().unwrap())).collect()
        });
        for (name, outcome) in found {
            match outcome {
                Ok(count) => assert!(count > INPUTS, "`{name}` saw {count} inputs only"),
                Err(problem) => broken.push(problem),
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn a_target_that_breaks_is_noticed() {
    let problem = run("alarm_rule", |input| assert!(!input.contains(&b'*'), "a star")).unwrap_err();
    assert!(problem.contains("a star"), "{problem}");
}

#[test]
fn every_target_has_its_file_and_the_other_way_round() {
    let folder = root().join("fuzz/fuzz_targets");
    let on_disk: Vec<String> = files(&folder, "rs")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let listed: Vec<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk, listed);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for name in &listed {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name} is not in Cargo.toml"
        );
        texts.insert(name, fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap());
    }
    for (name, text) in texts {
        assert!(text.contains(&format!("exfilguard_fuzz::{name}(data)")), "{name} runs another target");
    }
}
