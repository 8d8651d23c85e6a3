//! What a live run has read already, on disk: a killed run goes on where it stopped.
//!
//! An embedded store ([redb](https://docs.rs/redb): one file, copy-on-write pages, every commit is synced before it
//! returns, so that a killed process or machine leaves the last commit whole) holds a record of the run and one of each
//! finished account. Records are compressed JSON, whose gzip checksum tells a damaged one.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTableMetadata as _, StorageError, TableDefinition,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Start;
use crate::collect::{CallCounts, Entered};
use crate::snapshot::AccountSnapshot;

/// Name and version of the format.
const SCHEMA: &str = "exfilguard.state/1";
const FILE: &str = "run.redb";
const NEW: &str = "run.redb.new";
const HOLDER: &str = "holder.json";
/// How long a second run waits for the first one to end.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

const RUN: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("run");
const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");
const THE_RUN: &str = "run";
const CALLS: &str = "calls";
const SCHEMA_KEY: &str = "schema";

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file system said no.
    #[error("cannot use the state folder `{}`: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another run has it.
    #[error("the state folder `{}` is in use by {holder}", path.display())]
    Held {
        /// The folder.
        path: PathBuf,
        /// Who has it: process, host and since when.
        holder: String,
    },
    /// The store is damaged, or the disk is full.
    #[error("the state folder `{}` cannot be used: {problem}", path.display())]
    Store {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A run that was not finished is in it, and going on was not asked for.
    #[error("the state folder `{}` holds a run that began at {began} and was not finished", path.display())]
    Unfinished {
        /// The folder.
        path: PathBuf,
        /// When it began.
        began: String,
    },
    /// The run in it was started otherwise.
    #[error("the state folder `{}` holds a run of other settings: {difference}", path.display())]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
}

/// What a run was started with, as far as it decides what is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings(pub Vec<(String, String)>);

impl Settings {
    /// The first setting that differs, for a person.
    fn difference(&self, other: &Self) -> Option<String> {
        let pairs = self.0.iter().zip(&other.0);
        let differing = pairs.into_iter().find(|(mine, theirs)| mine != theirs);
        differing.map(|((name, mine), (_, theirs))| {
            let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { format!("`{value}`") };
            format!("{name} was {}, now it is {}", shown(mine), shown(theirs))
        })
    }
}

/// What is known of a run before its accounts are.
#[derive(Debug, Serialize, Deserialize)]
struct RunRecord {
    start: Start,
    settings: Settings,
    entered: Entered,
    finished: bool,
}

/// Who holds a folder.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    since: String,
}

/// A run that was begun before.
#[derive(Debug)]
pub struct Begun {
    /// When it began, and its id.
    pub start: Start,
    /// What was read once for the organization.
    pub entered: Entered,
    /// The calls that it made.
    pub calls: CallCounts,
    /// How many accounts are done.
    pub done: u64,
}

/// The state folder of a live run.
pub struct State {
    path: PathBuf,
    store: Database,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("path", &self.path).finish_non_exhaustive()
    }
}

impl State {
    /// Opens the folder, makes it if it is not there, and waits a little if another run has it.
    ///
    /// # Errors
    /// It cannot be written to, is damaged, or another run goes on using it.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let io = |source| StateError::Io { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(io)?;
        let began = Instant::now();
        let store = loop {
            match create(folder) {
                Ok(store) => break store,
                Err(DatabaseError::DatabaseAlreadyOpen) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(POLL);
                }
                Err(DatabaseError::DatabaseAlreadyOpen) => {
                    return Err(StateError::Held { path: folder.to_owned(), holder: holder(folder) });
                }
                Err(error) => return Err(StateError::store(folder, &error)),
            }
        };
        let holder = Holder {
            pid: std::process::id(),
            host: host(),
            since: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let text = serde_json::to_vec(&holder).map_err(|error| io(error.into()))?;
        fs::write(folder.join(HOLDER), text).map_err(io)?;
        let state = Self { path: folder.to_owned(), store };
        state.check_schema()?;
        Ok(state)
    }

    /// The run that was begun in the folder with these settings, if any.
    ///
    /// # Errors
    /// The record is damaged, or the run was started with other settings.
    pub fn begun(&self, settings: &Settings) -> Result<Option<Begun>, StateError> {
        let Some(record) = self.read::<RunRecord>(RUN, THE_RUN)? else { return Ok(None) };
        if let Some(difference) = record.settings.difference(settings) {
            return Err(StateError::OtherRun { path: self.path.clone(), difference });
        }
        let calls = self.read::<CallCounts>(RUN, CALLS)?.unwrap_or_default();
        Ok(Some(Begun { start: record.start, entered: record.entered, calls, done: self.done()? }))
    }

    /// Forgets what is in the folder, so that a run can begin.
    ///
    /// # Errors
    /// A run in it was not finished, or the store fails.
    pub fn clear(&self) -> Result<(), StateError> {
        if let Some(record) = self.read::<RunRecord>(RUN, THE_RUN)?
            && !record.finished
        {
            return Err(StateError::Unfinished { path: self.path.clone(), began: record.start.rfc3339() });
        }
        self.write(|transaction| {
            transaction.delete_table(ACCOUNTS)?;
            transaction.delete_table(RUN)?;
            Ok(())
        })?;
        self.check_schema()
    }

    /// Records the beginning of a run.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn begin(&self, start: &Start, settings: &Settings, entered: &Entered) -> Result<(), StateError> {
        let record = RunRecord {
            start: start.clone(),
            settings: settings.clone(),
            entered: entered.clone(),
            finished: false,
        };
        let bytes = self.packed(&record)?;
        self.write(|transaction| {
            transaction.open_table(RUN)?.insert(THE_RUN, bytes.as_slice())?;
            Ok(())
        })
    }

    /// An account that was read before.
    ///
    /// # Errors
    /// Its record is damaged.
    pub fn account(&self, id: &str) -> Result<Option<AccountSnapshot>, StateError> {
        self.read(ACCOUNTS, id)
    }

    /// Records an account, and the calls made until now. It is on disk when this returns.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn put(&self, account: &AccountSnapshot, calls: &CallCounts) -> Result<(), StateError> {
        let (bytes, calls) = (self.packed(account)?, self.packed(calls)?);
        self.write(|transaction| {
            transaction.open_table(ACCOUNTS)?.insert(account.id.as_str(), bytes.as_slice())?;
            transaction.open_table(RUN)?.insert(CALLS, calls.as_slice())?;
            Ok(())
        })
    }

    /// Records that every account was read.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn finish(&self) -> Result<(), StateError> {
        let Some(mut record) = self.read::<RunRecord>(RUN, THE_RUN)? else { return Ok(()) };
        record.finished = true;
        let bytes = self.packed(&record)?;
        self.write(|transaction| {
            transaction.open_table(RUN)?.insert(THE_RUN, bytes.as_slice())?;
            Ok(())
        })
    }

    fn done(&self) -> Result<u64, StateError> {
        let count = || -> Result<u64, redb::Error> {
            match self.store.begin_read()?.open_table(ACCOUNTS) {
                Ok(table) => Ok(table.len()?),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
                Err(error) => Err(error.into()),
            }
        };
        count().map_err(|error| StateError::store(&self.path, &error))
    }

    /// The version is looked at before anything else; a newer one is not written to.
    fn check_schema(&self) -> Result<(), StateError> {
        match self.read::<String>(RUN, SCHEMA_KEY)? {
            Some(found) if found == SCHEMA => Ok(()),
            Some(found) => Err(StateError::Store {
                path: self.path.clone(),
                problem: format!("its format is `{found}`, this program writes `{SCHEMA}`"),
            }),
            None => {
                let bytes = self.packed(&SCHEMA)?;
                self.write(|transaction| {
                    transaction.open_table(RUN)?.insert(SCHEMA_KEY, bytes.as_slice())?;
                    Ok(())
                })
            }
        }
    }

    fn write(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StateError> {
        let commit = || -> Result<(), redb::Error> {
            let transaction = self.store.begin_write()?;
            change(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        commit().map_err(|error| StateError::store(&self.path, &error))
    }

    fn read<T: DeserializeOwned>(
        &self,
        table: TableDefinition<'_, &str, &[u8]>,
        key: &str,
    ) -> Result<Option<T>, StateError> {
        let bytes = || -> Result<Option<Vec<u8>>, redb::Error> {
            match self.store.begin_read()?.open_table(table) {
                Ok(table) => Ok(table.get(key)?.map(|value| value.value().to_vec())),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let bytes = bytes().map_err(|error| StateError::store(&self.path, &error))?;
        let damaged = |problem: &dyn std::fmt::Display| StateError::Store {
            path: self.path.clone(),
            problem: format!("the record of `{key}` is damaged: {problem}"),
        };
        let Some(bytes) = bytes else { return Ok(None) };
        let mut text = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).map_err(|error| damaged(&error))?;
        serde_json::from_slice(&text).map(Some).map_err(|error| damaged(&error))
    }

    fn packed(&self, record: &impl Serialize) -> Result<Vec<u8>, StateError> {
        let io = |source| StateError::Io { path: self.path.clone(), source };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut encoder, record).map_err(|error| io(error.into()))?;
        encoder.flush().map_err(io)?;
        encoder.finish().map_err(io)
    }
}

impl StateError {
    fn store(path: &Path, error: &dyn std::fmt::Display) -> Self {
        Self::Store { path: path.to_owned(), problem: error.to_string() }
    }
}

/// Opens the store. A new one is made under another name: a disk that fails in the middle leaves no file that would be no
/// store for ever.
fn create(folder: &Path) -> Result<Database, DatabaseError> {
    let (file, new) = (folder.join(FILE), folder.join(NEW));
    if file.exists() {
        return Database::create(file);
    }
    let store = match Database::create(&new) {
        Err(DatabaseError::DatabaseAlreadyOpen) => return Err(DatabaseError::DatabaseAlreadyOpen),
        // What such a failure left behind the last time; nothing was ever kept in it.
        Err(_) if new.exists() => {
            fs::remove_file(&new).map_err(StorageError::from)?;
            Database::create(&new)?
        }
        store => store?,
    };
    fs::rename(&new, &file).map_err(StorageError::from)?;
    Ok(store)
}

/// Who has the folder, as far as he said.
fn holder(folder: &Path) -> String {
    let text = fs::read(folder.join(HOLDER)).unwrap_or_default();
    match serde_json::from_slice::<Holder>(&text) {
        Ok(Holder { pid, host, since }) => format!("process {pid} on `{host}` since {since}"),
        Err(_) => "another process".to_owned(),
    }
}

fn host() -> String {
    let named =
        fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    crate::collect::clean(&named.unwrap_or_else(|| "this machine".to_owned()), 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::facts::samples;

    fn settings(regions: &str) -> Settings {
        Settings(vec![("--regions".to_owned(), regions.to_owned())])
    }

    fn entered() -> Entered {
        Entered {
            caller_arn: "arn:aws:iam::1:user/a".to_owned(),
            organization: samples::organization(),
            enabled: None,
        }
    }

    #[test]
    fn a_run_goes_on_with_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let start = Start::now();
        let account = samples::account();
        {
            let state = State::open(folder.path()).unwrap();
            assert!(state.begun(&settings("")).unwrap().is_none());
            state.begin(&start, &settings(""), &entered()).unwrap();
            state.put(&account, &CallCounts::default()).unwrap();
        }
        let state = State::open(folder.path()).unwrap();
        let begun = state.begun(&settings("")).unwrap().unwrap();
        assert_eq!((begun.start.rfc3339(), begun.done), (start.rfc3339(), 1));
        assert_eq!(state.account(&account.id).unwrap().unwrap(), account);
        assert!(state.account("000000000000").unwrap().is_none());
        assert!(matches!(state.clear(), Err(StateError::Unfinished { .. })));
        state.finish().unwrap();
        state.clear().unwrap();
        assert!(
            state.begun(&settings("")).unwrap().is_none() && state.account(&account.id).unwrap().is_none()
        );
    }

    #[test]
    fn a_run_of_other_settings_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.begin(&Start::now(), &settings("eu-west-1"), &entered()).unwrap();
        let error = state.begun(&settings("")).unwrap_err().to_string();
        assert!(error.ends_with("--regions was `eu-west-1`, now it is none"), "{error}");
    }

    #[test]
    fn f27_a_second_run_waits_and_then_names_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let _first = State::open(folder.path()).unwrap();
        let began = Instant::now();
        let error = State::open(folder.path()).unwrap_err().to_string();
        assert!(began.elapsed() >= PATIENCE);
        assert!(error.contains(&format!("process {} on `", std::process::id())), "{error}");
    }

    #[test]
    fn f32_a_damaged_store_and_a_newer_format_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"no store at all, but text of some length".repeat(200)).unwrap();
        let error = State::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("cannot be used"), "{error}");

        let folder = tempfile::tempdir().unwrap();
        {
            let state = State::open(folder.path()).unwrap();
            let newer = state.packed(&"exfilguard.state/2").unwrap();
            let put = |bytes: &[u8]| {
                state.write(|transaction| {
                    transaction.open_table(RUN)?.insert(SCHEMA_KEY, bytes)?;
                    Ok(())
                })
            };
            put(&newer).unwrap();
        }
        let error = State::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("exfilguard.state/2"), "{error}");
    }

    #[test]
    fn f32_a_flipped_bit_in_a_record_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let account = samples::account();
        let mut bytes = state.packed(&account).unwrap();
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle).unwrap() ^= 1;
        state
            .write(|transaction| {
                transaction.open_table(ACCOUNTS)?.insert(account.id.as_str(), bytes.as_slice())?;
                Ok(())
            })
            .unwrap();
        let error = state.account(&account.id).unwrap_err().to_string();
        assert!(error.contains(&format!("the record of `{}` is damaged", account.id)), "{error}");
    }
}
