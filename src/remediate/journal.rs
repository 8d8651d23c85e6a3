//! The journal: what was about to be done and what came of it, in a file of JSON lines that is only ever appended to, each
//! line synced to the disk before the call that it announces. Each line ends with a checksum of the rest of it, so that a
//! value that the disk damaged is never put back.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::setting::{Call, Setting};

/// Name and version of the format.
pub const SCHEMA: &str = "exfilguard.journal/1";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The digest of the plan.
    pub plan: String,
    /// Version of the program.
    pub tool_version: String,
    /// When it was begun.
    pub at: String,
}

/// One further line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written.
    pub at: String,
    /// The change's id.
    pub change: String,
    /// The number of the step in the change, from 0.
    pub step: usize,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The call is about to be made. Written and synced before it.
    Intent(Box<Intent>),
    /// The setting has the wanted value: read back.
    Done,
    /// It had the wanted value already, by somebody else's doing: nothing was called, nothing is to be undone.
    Already,
    /// Nothing was called, for this reason.
    Refused {
        /// Why.
        reason: String,
    },
    /// It was called, and the setting has not the wanted value.
    Failed {
        /// Why.
        reason: String,
        /// AWS refused the call: should the setting get the value later, somebody else gave it.
        #[serde(default)]
        without_effect: bool,
    },
    /// The checks that the change is for pass now.
    Verified,
    /// They do not.
    Unverified {
        /// What they say.
        reason: String,
    },
    /// The call that takes it back is about to be made.
    UndoIntent,
    /// The setting has its former value again: read back.
    Undone,
    /// It was not taken back, for this reason.
    UndoRefused {
        /// Why.
        reason: String,
    },
}

/// All that is needed to take a step back, should nothing else be left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The setting.
    pub sets: Setting,
    /// Its value before.
    pub before: Value,
    /// The value that it gets.
    pub after: Value,
    /// The call.
    pub call: Call,
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("the journal `{}` cannot be {action}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is the journal of another plan.
    #[error("the journal `{}` is of another plan; name another one with --journal", path.display())]
    OtherPlan {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("the journal `{}` is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line in the middle is none of a journal.
    #[error("the journal `{}`, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// A journal that is written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// None once a line could not be written: what comes after a torn line is none of a journal.
    file: Mutex<Option<File>>,
    entries: Vec<Entry>,
    torn: usize,
}

impl Journal {
    /// Opens the journal of a plan, or begins it.
    ///
    /// # Errors
    /// It cannot be written, is in use, or is of another plan.
    pub fn open(path: &Path, plan: &str) -> Result<Self, JournalError> {
        let io = |action| move |source| JournalError::Io { action, path: path.to_owned(), source };
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io("written"))?;
        if !file.metadata().map_err(io("read"))?.is_file() {
            return Err(io("written")(std::io::Error::other("it is no file")));
        }
        lock(&file, path)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io("read"))?;
        let (text, torn) = whole_lines(path, &content)?;
        // Before anything is cut off, it is known to be a journal of this plan.
        let known = (!text.is_empty()).then(|| parsed(path, text)).transpose()?;
        if let Some((header, _)) = &known
            && header.plan != plan
        {
            return Err(JournalError::OtherPlan { path: path.to_owned() });
        }
        if torn > 0 {
            file.set_len(text.len() as u64).map_err(io("written"))?;
            file.seek(SeekFrom::End(0)).map_err(io("written"))?;
        }
        let journal = if let Some((_, entries)) = known {
            Self { path: path.to_owned(), file: Mutex::new(Some(file)), entries, torn }
        } else {
            let header = Header {
                schema: SCHEMA.to_owned(),
                plan: plan.to_owned(),
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                at: now(),
            };
            let file = Mutex::new(Some(file));
            let journal = Self { path: path.to_owned(), file, entries: Vec::new(), torn };
            journal.line(&header)?;
            // A new file's name is synced with its folder.
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(io("synced"))?;
            folder.sync_all().map_err(io("synced"))?;
            journal
        };
        Ok(journal)
    }

    /// Opens an existing journal to roll it back.
    ///
    /// # Errors
    /// It is missing, is none, or is in use.
    pub fn existing(path: &Path) -> Result<(Header, Self), JournalError> {
        let (header, _) = read(path)?;
        let journal = Self::open(path, &header.plan)?;
        Ok((header, journal))
    }

    /// The entries that stood in it when it was opened.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The bytes of a line without an end that was cut off when it was opened.
    #[must_use]
    pub fn torn(&self) -> usize {
        self.torn
    }

    /// Appends an entry and syncs it: when this returns, it is on the disk.
    ///
    /// # Errors
    /// The disk is full or failing. Nothing may be called then.
    pub fn write(&self, change: &str, step: usize, event: Event) -> Result<(), JournalError> {
        self.line(&Entry { at: now(), change: change.to_owned(), step, event })
    }

    fn line(&self, record: &impl Serialize) -> Result<(), JournalError> {
        let io = |source| JournalError::Io { action: "written", path: self.path.clone(), source };
        let mut text = sealed(record).map_err(|error| io(error.into()))?.into_bytes();
        text.push(b'\n');
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = held.as_mut() else {
            return Err(io(std::io::Error::other("an earlier line could not be written")));
        };
        let written = file.write_all(&text).and_then(|()| file.sync_data());
        if written.is_err() {
            *held = None;
        }
        written.map_err(io)
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => {
            Err(JournalError::Io { action: "locked", path: path.to_owned(), source })
        }
    }
}

/// The name of the checksum, the last field of each line.
const SUM: &str = "sum";

/// A record as a line, with the checksum of what stands before it.
fn sealed(record: &impl Serialize) -> serde_json::Result<String> {
    let mut line = serde_json::to_string(record)?;
    let sum = checksum(&line);
    line.pop();
    line.push_str(&format!(",\"{SUM}\":\"{sum}\"}}"));
    Ok(line)
}

/// A line without its checksum, which is that of the rest.
fn unsealed(line: &str) -> Result<String, String> {
    let (record, sum) = line
        .strip_suffix("\"}")
        .and_then(|line| line.rsplit_once(&format!(",\"{SUM}\":\"")))
        .ok_or("it has no checksum at its end")?;
    let record = format!("{record}}}");
    if checksum(&record) == sum {
        Ok(record)
    } else {
        Err("it was damaged or edited: its checksum is another".to_owned())
    }
}

/// The first 8 bytes of SHA-256, in hexadecimal digits.
fn checksum(record: &str) -> String {
    Sha256::digest(record).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The lines that have an end, and how many bytes stand behind them: of a line that a crash tore, before the call that it
/// announced.
fn whole_lines<'a>(path: &Path, content: &'a [u8]) -> Result<(&'a str, usize), JournalError> {
    let bad =
        |line, problem: &str| JournalError::Line { path: path.to_owned(), line, problem: problem.to_owned() };
    let end = content.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let (whole, torn) = content.split_at(end);
    let text = std::str::from_utf8(whole).map_err(|error| {
        let valid = whole.get(..error.valid_up_to()).unwrap_or_default();
        bad(valid.iter().filter(|&&byte| byte == b'\n').count() + 1, "it is not UTF-8")
    })?;
    // Without a single whole line, only the beginning of a first line is a journal.
    let beginning = format!("{{\"schema\":\"{SCHEMA}\"");
    let common = torn.iter().zip(beginning.bytes()).all(|(found, wanted)| *found == wanted);
    if text.is_empty() && !common {
        return Err(bad(1, "it is no journal"));
    }
    Ok((text, torn.len()))
}

/// Reads a journal; a torn last line is passed over.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read(path: &Path) -> Result<(Header, Vec<Entry>), JournalError> {
    let content = std::fs::read(path).map_err(|source| JournalError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    parsed(path, whole_lines(path, &content)?.0)
}

fn parsed(path: &Path, text: &str) -> Result<(Header, Vec<Entry>), JournalError> {
    let bad = |line: usize, problem: String| JournalError::Line { path: path.to_owned(), line, problem };
    let mut lines = text.lines();
    let first = lines.next().ok_or_else(|| bad(1, "it is empty".to_owned()))?;
    let value: Value = serde_json::from_str(first).map_err(|error| bad(1, error.to_string()))?;
    match value.get("schema").and_then(Value::as_str) {
        Some(SCHEMA) => {}
        found => {
            let found = found.unwrap_or("none");
            return Err(bad(1, format!("its format is `{found}`, this program reads `{SCHEMA}`")));
        }
    }
    let header = record(first).map_err(|problem| bad(1, problem))?;
    let entries = lines
        .zip(2..)
        .map(|(line, number)| record(line).map_err(|problem| bad(number, problem)))
        .collect::<Result<_, _>>()?;
    Ok((header, entries))
}

fn record<T: serde::de::DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(&unsealed(line)?).map_err(|error| error.to_string())
}

/// Now, RFC 3339 in UTC.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::super::progress::progress;
    use super::*;

    /// The intent to replace a bucket's policy.
    pub(in super::super) fn intent(before: Value) -> Event {
        Event::Intent(Box::new(Intent {
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            sets: Setting::BucketPolicy { bucket: "ledger".into() },
            before,
            after: json!("{}"),
            call: Call::new("s3:PutBucketPolicy", json!({"Bucket": "ledger"})),
        }))
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_writing_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "digest").unwrap();
        journal.write("a", 0, intent(Value::Null)).unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"at\":\"2026-01-0").unwrap();
        drop(file);
        let journal = Journal::open(&path, "digest").unwrap();
        assert_eq!(journal.entries().len(), 1);
        journal.write("a", 0, Event::Done).unwrap();
        drop(journal);
        let (_, entries) = read(&path).unwrap();
        assert_eq!(entries.len(), 2);
        let (order, steps) = progress(&entries);
        assert_eq!(order, [("a".to_owned(), 0)]);
        let step = steps.get(&("a".to_owned(), 0)).unwrap();
        assert_eq!(step.last, Event::Done);
        assert_eq!(step.intent.as_ref().unwrap().before, Value::Null);
    }

    /// F-32: a character of a name is cut in two.
    #[test]
    fn f32_a_last_line_that_is_torn_within_a_character_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "digest").unwrap();
        journal.write("a", 0, intent(Value::Null)).unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all("{\"reason\":\"Bücher".as_bytes().get(..14).unwrap()).unwrap();
        drop(file);
        assert_eq!(read(&path).unwrap().1.len(), 1);
        let journal = Journal::open(&path, "digest").unwrap();
        assert_eq!((journal.entries().len(), journal.torn()), (1, 14));
        journal.write("a", 0, Event::Done).unwrap();
        assert_eq!(read(&path).unwrap().1.len(), 2);
    }

    /// F-32: what is put back is what was there, or nothing is.
    #[test]
    fn f32_a_flipped_bit_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "digest").unwrap();
        journal.write("a", 0, intent(json!("the old policy"))).unwrap();
        journal.write("a", 0, Event::Done).unwrap();
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("the old policy", "the odd policy")).unwrap();
        let damaged = |error: JournalError| {
            assert!(
                matches!(&error, JournalError::Line { line: 2, problem, .. } if problem.contains("checksum"))
            );
        };
        damaged(read(&path).unwrap_err());
        damaged(Journal::open(&path, "digest").unwrap_err());
        std::fs::write(&path, text.replace("journal/1", "journal/2")).unwrap();
        let why = read(&path).unwrap_err().to_string();
        assert!(why.contains("exfilguard.journal/2"), "{why}");
    }

    /// Somebody names a file of his own by mistake.
    #[test]
    fn a_file_that_is_no_journal_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        for notes in
            ["one line", "two\nlines", "{\"schema\": \"exfilguard.plan/1\"\n}", "\n", "\u{fc}\n\u{fc}"]
        {
            std::fs::write(&path, notes).unwrap();
            assert!(Journal::open(&path, "digest").is_err(), "{notes:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
        }
        // Of a first line that was torn nothing is lost.
        std::fs::write(&path, "{\"schema\":\"exfil").unwrap();
        assert!(Journal::open(&path, "digest").is_ok());
    }

    #[test]
    fn a_journal_is_one_plan_s_and_one_process_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "digest").unwrap();
        assert!(matches!(Journal::open(&path, "digest"), Err(JournalError::InUse { .. })));
        drop(journal);
        assert!(matches!(Journal::open(&path, "other"), Err(JournalError::OtherPlan { .. })));
    }
}
