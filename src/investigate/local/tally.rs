//! What was read, and what was not: nothing is left out without being counted and named.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::super::rows::{Note, NoteKind};
use super::source::LogFiles;
use crate::visible::visible_start;

/// The most files that a note names.
const NAMED: usize = 10;

/// What became of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FileTally {
    /// Records read.
    pub records: u64,
    /// Records among them that the query asked for.
    pub matched: u64,
    /// Of those, how many had been seen before.
    pub duplicates: u64,
    /// Records that could not be read, or had a field of the wrong shape.
    pub unread: u64,
    /// Objects that have nothing of a CloudTrail record.
    pub strange: u64,
    /// Why the first of them could not.
    pub first_unread: Option<String>,
    /// Why the file could not be read, or not to its end.
    pub failure: Option<String>,
}

impl FileTally {
    /// Whether the file is some other JSON document, such as a finding that lies beside the logs: one object, which has
    /// nothing of a record. Within a list of records such an object is one that could not be read.
    fn is_no_log(&self) -> bool {
        self.strange == 1 && self.records == 0 && self.unread == 0 && self.failure.is_none()
    }

    /// How many records could not be read, or not wholly.
    fn all_unread(&self) -> u64 {
        if self.is_no_log() { 0 } else { self.unread + self.strange }
    }

    /// Counts a record that cannot be read.
    pub(super) fn unread(&mut self, why: &str) {
        self.unread += 1;
        self.first_unread.get_or_insert_with(|| why.to_owned());
    }
}

/// What became of all files of one query.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<PathBuf, FileTally>>);

impl Tally {
    /// Keeps what became of a file. A query that reads its table twice counts once: the second reading is the same.
    pub(super) fn keep(&self, path: PathBuf, file: FileTally) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.entry(path).or_default();
        if file.records + file.unread >= known.records + known.unread {
            *known = file;
        }
    }

    /// How many records were read.
    pub(super) fn records(&self) -> u64 {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.values().map(|file| file.records).sum()
    }

    /// How many bytes the files have that were read.
    pub(super) fn bytes(&self, all: &LogFiles) -> u64 {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.files.iter().filter(|file| files.contains_key(&file.path)).map(|file| file.size).sum()
    }

    /// Notes for the answer.
    pub(super) fn notes(&self, all: &LogFiles) -> Vec<Note> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = Vec::new();
        let mut unread: Vec<String> = all.unreadable.iter().map(|(path, why)| named(path, why)).collect();
        unread.extend(files.iter().filter_map(|(path, file)| Some(named(path, file.failure.as_deref()?))));
        note(&mut notes, NoteKind::FilesUnread, as_count(unread.len()), unread, |count| {
            format!(
                "{count} could not be read, or not to the end; what stands there is missing",
                count = counted(count, "file")
            )
        });
        let records = files.iter().filter(|(_, file)| file.all_unread() > 0);
        let examples = records
            .clone()
            .map(|(path, file)| {
                let why = file.first_unread.as_deref().unwrap_or_default();
                named(path, &format!("{}, the first: {why}", counted(file.all_unread(), "record")))
            })
            .collect();
        let count = records.map(|(_, file)| file.all_unread()).sum();
        note(&mut notes, NoteKind::RecordsUnread, count, examples, |count| {
            format!("{} could not be read, or not wholly", counted(count, "record"))
        });
        let again = files.iter().filter(|(_, file)| file.matched > 0 && file.duplicates == file.matched);
        let examples = again
            .map(|(path, _)| named(path, "every record of it that was asked for stands in another file"))
            .collect();
        let count = files.values().map(|file| file.duplicates).sum();
        note(&mut notes, NoteKind::Duplicates, count, examples, |count| {
            format!("{} had been read before (the same eventID) and counted once", counted(count, "record"))
        });
        let others = files.iter().filter(|(_, file)| file.is_no_log()).map(|(path, _)| path);
        let left_out: Vec<String> = all
            .left_out
            .iter()
            .chain(others)
            .map(|path| visible_start(&path.display().to_string(), 300))
            .collect();
        note(&mut notes, NoteKind::FilesLeftOut, as_count(left_out.len()), left_out, |count| {
            format!("{} left out: digests, Insights events, or no log files", counted(count, "file"))
        });
        notes
    }
}

fn note(
    notes: &mut Vec<Note>,
    kind: NoteKind,
    count: u64,
    mut examples: Vec<String>,
    message: impl Fn(u64) -> String,
) {
    if count > 0 {
        examples.truncate(NAMED);
        notes.push(Note { kind, count, message: message(count), examples });
    }
}

fn named(path: &std::path::Path, why: &str) -> String {
    visible_start(&format!("{}: {why}", path.display()), 400)
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
