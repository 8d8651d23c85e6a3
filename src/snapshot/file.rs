//! The snapshot file: compressed JSON lines, so that accounts stream through bounded memory.
//!
//! The first line is a [`Header`], each following line one [`AccountSnapshot`], the last line a trailer with the number of
//! accounts. A missing trailer is a truncated file. Accounts that others are judged by (the management account, GuardDuty's
//! administrators, the accounts that own a log group of the organization's trail) come first.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::roll::Roll;
use super::{AccountSnapshot, Change, ChangeError, Organization};

/// Name and version of the format.
pub const SCHEMA: &str = "exfilguard.snapshot/1";

/// Longest line that is read, in bytes: the record of one account with tens of thousands of buckets.
const LINE_LIMIT: u64 = 512 * 1024 * 1024;

/// The first line of a snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// When reading began, RFC 3339 in UTC.
    pub recorded_at: String,
    /// The account ids in scope.
    pub scope: Vec<String>,
    /// The accounts that come first because others are judged by them.
    pub hubs: Vec<String>,
    /// The operations that were asked, for an audit that needed no others; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<BTreeSet<String>>,
    /// What was read once for the organization.
    pub organization: Organization,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trailer {
    accounts: usize,
}

/// A snapshot file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system said no.
    #[error("cannot {action} snapshot `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A line is no valid record.
    #[error("snapshot `{}`, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// What was to be changed in it does not fit.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Another version of the format.
    #[error(
        "snapshot `{}`, line 1: its format is `{found}`, this program reads `{SCHEMA}`", path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: String,
    },
    /// The file ends too early.
    #[error("snapshot `{}` is truncated after line {line} (format `{SCHEMA}`): {problem}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The last good line.
        line: usize,
        /// What is missing.
        problem: String,
    },
}

/// Writes a snapshot to a temporary file beside its path; nothing is at the path before [`SnapshotWriter::finish`].
pub struct SnapshotWriter {
    path: PathBuf,
    encoder: GzEncoder<BufWriter<tempfile::NamedTempFile>>,
    accounts: usize,
}

impl SnapshotWriter {
    /// Opens the file and writes its header.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn create(path: &Path, header: &Header) -> Result<Self, SnapshotError> {
        let io = |source| SnapshotError::Io { action: "write", path: path.to_owned(), source };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = tempfile::NamedTempFile::new_in(directory).map_err(io)?;
        let encoder = GzEncoder::new(BufWriter::new(file), Compression::default());
        let mut writer = Self { path: path.to_owned(), encoder, accounts: 0 };
        writer.line(header)?;
        Ok(writer)
    }

    /// Appends one account.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn account(&mut self, account: &AccountSnapshot) -> Result<(), SnapshotError> {
        self.accounts += 1;
        self.line(account)
    }

    /// Writes the trailer, syncs, and moves the file to its path.
    ///
    /// # Errors
    /// The disk is full or failing, or the path cannot be replaced.
    pub fn finish(mut self) -> Result<(), SnapshotError> {
        let trailer = Trailer { accounts: self.accounts };
        self.line(&trailer)?;
        let path = self.path.clone();
        let io = |source| SnapshotError::Io { action: "write", path: path.clone(), source };
        let buffered = self.encoder.finish().map_err(io)?;
        let file = buffered.into_inner().map_err(|e| io(e.into_error()))?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&self.path).map_err(|e| io(e.error))?;
        Ok(())
    }

    fn line(&mut self, record: &impl Serialize) -> Result<(), SnapshotError> {
        let path = self.path.clone();
        let io = |source| SnapshotError::Io { action: "write", path: path.clone(), source };
        serde_json::to_writer(&mut self.encoder, record).map_err(|e| io(e.into()))?;
        self.encoder.write_all(b"\n").map_err(io)
    }
}

/// Reads a snapshot file account by account. Compressed or plain.
#[derive(Debug)]
pub struct SnapshotReader {
    lines: Lines,
    header: Header,
    roll: Roll,
    change: Option<Change>,
    accounts: usize,
    finished: bool,
}

impl SnapshotReader {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// The file is missing, is no snapshot, or is of another version.
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        let mut lines = Lines::open(path)?;
        let header = read_header(&mut lines)?;
        let roll = Roll::of(&header).map_err(|problem| lines.bad_line(&problem))?;
        Ok(Self { lines, header, roll, change: None, accounts: 0, finished: false })
    }

    /// The same snapshot as it would be after a change.
    ///
    /// # Errors
    /// The change does not fit the organization's record; what does not fit an account's is said when it is read.
    pub fn with_change(mut self, change: Change) -> Result<Self, SnapshotError> {
        let mut organization =
            serde_json::to_value(&self.header.organization).map_err(|error| self.lines.bad_line(&error))?;
        change.organization(&mut organization)?;
        self.header.organization = self.lines.typed(organization)?;
        self.change = Some(change);
        Ok(self)
    }

    /// The first line.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn next_account(&mut self) -> Result<Option<AccountSnapshot>, SnapshotError> {
        let Some(text) = self.lines.next_line()? else {
            return Err(self.lines.truncated("the closing line with the number of accounts is missing"));
        };
        if let Ok(trailer) = serde_json::from_str::<Trailer>(&text) {
            self.finished = true;
            if trailer.accounts != self.accounts {
                let problem =
                    format!("it should hold {} accounts and holds {}", trailer.accounts, self.accounts);
                return Err(self.lines.truncated(&problem));
            }
            self.roll.close().map_err(|problem| self.lines.bad_line(&problem))?;
            if let Some(change) = &self.change {
                change.finish()?;
            }
            return Ok(None);
        }
        let account = self.account(&text)?;
        self.roll.tick(&account).map_err(|problem| self.lines.bad_line(&problem))?;
        self.accounts += 1;
        Ok(Some(account))
    }
}

impl SnapshotReader {
    fn account(&mut self, text: &str) -> Result<AccountSnapshot, SnapshotError> {
        let account: AccountSnapshot = self.lines.parse(text)?;
        let Some(change) = &mut self.change else { return Ok(account) };
        if !change.concerns(&account.id) {
            return Ok(account);
        }
        let mut record: serde_json::Value = self.lines.parse(text)?;
        change.account(&account.id, &mut record)?;
        self.lines.typed(record)
    }
}

impl Iterator for SnapshotReader {
    type Item = Result<AccountSnapshot, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let next = self.next_account().transpose();
        if matches!(next, Some(Err(_)) | None) {
            self.finished = true;
        }
        next
    }
}

/// The version is looked at before anything else, so that a newer file is called newer and not malformed.
fn read_header(lines: &mut Lines) -> Result<Header, SnapshotError> {
    #[derive(Deserialize)]
    struct Schema {
        schema: Option<String>,
    }
    let Some(text) = lines.next_line()? else {
        return Err(lines.truncated("the file is empty"));
    };
    let Schema { schema } = lines.parse(&text)?;
    match schema {
        Some(found) if found == SCHEMA => lines.parse(&text),
        found => Err(SnapshotError::Version {
            path: lines.path.clone(),
            found: found.unwrap_or_else(|| "none".to_owned()),
        }),
    }
}

/// The lines of a file with what is needed to name one of them in an error.
struct Lines {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    /// Number of the line read last, from 1.
    number: usize,
    /// Longest line that is read, in bytes: a file of some kilobytes may unpack without end.
    limit: u64,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("path", &self.path)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Lines {
    fn open(path: &Path) -> Result<Self, SnapshotError> {
        let io = |source| SnapshotError::Io { action: "read", path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(io)?);
        let compressed = file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn BufRead + Send> =
            if compressed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
        Ok(Self { path: path.to_owned(), input, number: 0, limit: LINE_LIMIT })
    }

    fn next_line(&mut self) -> Result<Option<String>, SnapshotError> {
        let mut bytes = Vec::new();
        match (&mut self.input).take(self.limit).read_until(b'\n', &mut bytes) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(self.truncated("the compressed data ends in the middle"));
            }
            Err(source) => {
                return Err(SnapshotError::Io { action: "read", path: self.path.clone(), source });
            }
        }
        if bytes.len() as u64 == self.limit {
            self.number += 1;
            let problem = format!("the line is longer than {} bytes, which no account's is", self.limit);
            return Err(self.bad_line(&problem));
        }
        if bytes.last() != Some(&b'\n') {
            return Err(self.truncated("the next line has no end"));
        }
        self.number += 1;
        String::from_utf8(bytes).map(Some).map_err(|error| self.bad_line(&error))
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, SnapshotError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| self.bad_line(&error))?;
        json.end().map_err(|error| self.bad_line(&error))?;
        Ok(value)
    }

    /// A record after it was changed.
    fn typed<T: serde::de::DeserializeOwned>(&self, record: serde_json::Value) -> Result<T, SnapshotError> {
        serde_path_to_error::deserialize(record).map_err(|error| {
            let problem = format!("after the change it is no record any more: {error}");
            SnapshotError::Line { path: self.path.clone(), line: self.number, problem }
        })
    }

    fn bad_line(&self, problem: &dyn std::fmt::Display) -> SnapshotError {
        SnapshotError::Line { path: self.path.clone(), line: self.number, problem: problem.to_string() }
    }

    fn truncated(&self, problem: &str) -> SnapshotError {
        SnapshotError::Truncated { path: self.path.clone(), line: self.number, problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn f33_a_line_that_unpacks_without_end_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.gz");
        let mut packed = GzEncoder::new(File::create(&path).unwrap(), Compression::best());
        packed.write_all(b"first\n").unwrap();
        packed.write_all(&vec![b' '; 1 << 22]).unwrap();
        packed.finish().unwrap();
        let mut lines = Lines { limit: 1 << 20, ..Lines::open(&path).unwrap() };
        assert_eq!(lines.next_line().unwrap().as_deref(), Some("first\n"));
        let error = lines.next_line().unwrap_err().to_string();
        assert!(error.contains("line 2: the line is longer than 1048576 bytes"), "{error}");
    }
}
