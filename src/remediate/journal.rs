//! The journal: what was about to be done and what came of it, in a file of JSON lines that is only ever appended to, each
//! line synced to the disk before the call that it announces.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// How far a step has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What was about to be done first; none if nothing ever was.
    pub intent: Option<Intent>,
    /// What happened last.
    pub last: Event,
}

/// A step of a change.
pub type StepKey = (String, usize);

/// A journal that is written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// None once a line could not be written: what comes after a torn line is none of a journal.
    file: Mutex<Option<File>>,
    entries: Vec<Entry>,
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
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io("read"))?;
        // A line without an end was torn by a crash, before the call that it announced.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(io("written"))?;
            file.seek(SeekFrom::End(0)).map_err(io("written"))?;
            text.truncate(whole);
        }
        let journal = if text.is_empty() {
            let header = Header {
                schema: SCHEMA.to_owned(),
                plan: plan.to_owned(),
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                at: now(),
            };
            let journal = Self { path: path.to_owned(), file: Mutex::new(Some(file)), entries: Vec::new() };
            journal.line(&header)?;
            // A new file's name is synced with its folder.
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(io("synced"))?;
            folder.sync_all().map_err(io("synced"))?;
            journal
        } else {
            let (header, entries) = parsed(path, &text)?;
            if header.plan != plan {
                return Err(JournalError::OtherPlan { path: path.to_owned() });
            }
            Self { path: path.to_owned(), file: Mutex::new(Some(file)), entries }
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

    /// Appends an entry and syncs it: when this returns, it is on the disk.
    ///
    /// # Errors
    /// The disk is full or failing. Nothing may be called then.
    pub fn write(&self, change: &str, step: usize, event: Event) -> Result<(), JournalError> {
        self.line(&Entry { at: now(), change: change.to_owned(), step, event })
    }

    fn line(&self, record: &impl Serialize) -> Result<(), JournalError> {
        let io = |source| JournalError::Io { action: "written", path: self.path.clone(), source };
        let mut text = serde_json::to_vec(record).map_err(|error| io(error.into()))?;
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

/// Reads a journal; a torn last line is passed over.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read(path: &Path) -> Result<(Header, Vec<Entry>), JournalError> {
    let text = std::fs::read_to_string(path).map_err(|source| JournalError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    parsed(path, &text)
}

fn parsed(path: &Path, text: &str) -> Result<(Header, Vec<Entry>), JournalError> {
    let bad = |line: usize, problem: String| JournalError::Line { path: path.to_owned(), line, problem };
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let mut lines = text.get(..whole).unwrap_or_default().lines();
    let first = lines.next().ok_or_else(|| bad(1, "it is empty".to_owned()))?;
    let header: Header = serde_json::from_str(first).map_err(|error| bad(1, error.to_string()))?;
    if header.schema != SCHEMA {
        return Err(bad(1, format!("its format is `{}`, this program reads `{SCHEMA}`", header.schema)));
    }
    let entries = lines
        .zip(2..)
        .map(|(line, number)| serde_json::from_str(line).map_err(|error| bad(number, error.to_string())))
        .collect::<Result<_, _>>()?;
    Ok((header, entries))
}

/// Now, RFC 3339 in UTC.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// How far each step has come, in the order in which they were begun.
#[must_use]
pub fn progress(entries: &[Entry]) -> (Vec<StepKey>, BTreeMap<StepKey, Progress>) {
    let mut order: Vec<StepKey> = Vec::new();
    let mut steps: BTreeMap<StepKey, Progress> = BTreeMap::new();
    for entry in entries {
        let key = (entry.change.clone(), entry.step);
        let known = steps.get(&key).map(|known| known.intent.clone());
        let undone = matches!(steps.get(&key).map(|known| &known.last), Some(Event::Undone));
        if !order.contains(&key) {
            order.push(key.clone());
        }
        let intent = match (&entry.event, known.flatten()) {
            // The value before the first call is what is restored; after a rollback it begins anew.
            (Event::Intent(intent), None) => Some((**intent).clone()),
            (Event::Intent(intent), Some(_)) if undone => Some((**intent).clone()),
            (_, known) => known,
        };
        steps.insert(key, Progress { intent, last: entry.event.clone() });
    }
    (order, steps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;

    fn intent(before: Value) -> Event {
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

    #[test]
    fn a_journal_is_one_plan_s_and_one_process_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, "digest").unwrap();
        assert!(matches!(Journal::open(&path, "digest"), Err(JournalError::InUse { .. })));
        drop(journal);
        assert!(matches!(Journal::open(&path, "other"), Err(JournalError::OtherPlan { .. })));
    }

    #[test]
    fn the_value_before_the_first_call_is_the_one_that_is_restored() {
        let entry = |event| Entry { at: String::new(), change: "a".into(), step: 0, event };
        let entries = [intent(json!("first")), intent(json!("second")), Event::Done].map(entry);
        let (_, steps) = progress(&entries);
        let step = steps.get(&("a".to_owned(), 0)).unwrap();
        assert_eq!(step.intent.as_ref().unwrap().before, json!("first"));
    }
}
