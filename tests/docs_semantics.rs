//! `docs/semantics.md` names exactly the assumptions about AWS that the evaluators and facts rest on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The Rust files below a directory.
fn rust_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file holds nothing but unit tests: what only a test mentions, no answer rests on.
fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem == "tests" || stem.ends_with("_tests") || path.iter().any(|part| part == "tests")
}

/// The text before an inline module of unit tests.
fn without_unit_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").and_then(|start| text.get(..start)).unwrap_or(text)
}

/// The numbers `n` of `Assumption(n)`.
fn used(text: &str) -> BTreeSet<u32> {
    text.split("Assumption(")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(number, _)| number.trim().parse().ok())
        .collect()
}

/// The numbers `nn` of `A-nn`, where exactly two digits stand after a free-standing `A-`.
fn named(text: &str) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for (start, _) in text.match_indices("A-") {
        let (before, after) = text.split_at(start);
        let free = !before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '-');
        let digits: String = after.chars().skip(2).take_while(char::is_ascii_digit).collect();
        if free && digits.len() == 2 {
            numbers.extend(digits.parse::<u32>());
        }
    }
    numbers
}

#[test]
fn the_document_names_exactly_the_assumptions_in_use() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources: BTreeMap<u32, PathBuf> = BTreeMap::new();
    for directory in ["src/semantics", "src/facts"] {
        let base = root.join(directory);
        for path in rust_files(&base)? {
            if path.strip_prefix(&base).is_ok_and(is_test_file) {
                continue;
            }
            let text = fs::read_to_string(&path)?.replace("\r\n", "\n");
            for number in used(without_unit_tests(&text)) {
                sources.entry(number).or_insert_with(|| path.clone());
            }
        }
    }
    // Hunts give rows, no verdicts that could carry numbers: they name what they rest on in their comments.
    for path in rust_files(&root.join("src/investigate"))? {
        for number in named(&fs::read_to_string(&path)?) {
            sources.entry(number).or_insert_with(|| path.clone());
        }
    }
    assert!(!sources.is_empty(), "no source file uses an assumption: is the search broken?");

    let names = named(&fs::read_to_string(root.join("docs/semantics.md"))?);
    for (number, path) in &sources {
        let path = path.display();
        assert!(names.contains(number), "docs/semantics.md does not name A-{number:02}, which {path} uses");
    }
    for number in &names {
        assert!(sources.contains_key(number), "docs/semantics.md names A-{number:02}, which no source uses");
    }
    Ok(())
}

#[test]
fn the_search_finds_what_it_should() {
    assert_eq!(used("x.assuming(Assumption(6)); Assumption(u8); Assumption(12)"), [6, 12].into());
    assert_eq!(named("A-06, (A-12); not CVE-A-13, A-123, A-x or AA-14"), [6, 12].into());
    assert_eq!(without_unit_tests("a\n#[cfg(test)]\nmod tests {\nb"), "a\n");
    assert!(is_test_file(Path::new("iam/probes/tests/mod.rs")));
    assert!(is_test_file(Path::new("event_selectors/coverage_tests.rs")));
    assert!(!is_test_file(Path::new("verdict.rs")));
}
