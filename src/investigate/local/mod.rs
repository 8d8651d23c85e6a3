//! Log files at hand: CloudTrail's files, or a folder of them, asked with the engine that is built in. Nothing is asked of AWS.

mod distinct;
mod engine;
mod fields;
mod functions;
mod json;
mod predicate;
mod reader;
mod seen;
mod source;
mod table;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;

pub(super) use self::engine::{Engine, EngineFailure};
use self::source::LogFiles;
use self::table::RecordTable;
use self::tally::Tally;
use super::backend::{BackEnd, QueryBackend, QueryError};
use super::binding::{Binding, TableName};
use super::hunt::Hunt;
use super::parameters::Parameters;
use super::rows::{Answer, Execution};

/// The name of the table in the engine.
const TABLE: &str = "cloudtrail";

/// Asks log files at hand.
#[derive(Debug)]
pub struct LocalLogs {
    files: Arc<LogFiles>,
    engine: Engine,
    readers: usize,
}

impl LocalLogs {
    /// The memory in bytes that a query may use if nothing else is said: 768 MiB.
    pub const MEMORY: usize = 768 << 20;

    /// Looks for log files below paths. `memory` is the most bytes that a query may use; it fails rather than use more.
    ///
    /// # Errors
    /// A path cannot be read at all.
    pub fn open(paths: &[PathBuf], memory: usize) -> Result<Self, QueryError> {
        let files = Arc::new(LogFiles::find(paths)?);
        let readers = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self { files, engine: Engine::new(memory), readers })
    }

    /// How many files may hold records.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.files.files.len()
    }
}

impl QueryBackend for LocalLogs {
    fn back_end(&self) -> BackEnd {
        BackEnd::Local
    }

    async fn run(&self, hunt: &Hunt, parameters: &Parameters) -> Result<Answer, QueryError> {
        let table = TableName::read(TABLE)
            .map_err(|message| QueryError::Engine { hunt: hunt.id.clone(), message })?;
        let sql = hunt.bind(Binding::Local, &table, parameters);
        let tally = Arc::new(Tally::default());
        let records = RecordTable {
            files: Arc::clone(&self.files),
            tally: Arc::clone(&tally),
            schema: fields::schema(),
            readers: self.readers,
        };
        let rows = self.engine.rows(TABLE, Arc::new(records), &sql);
        let rows = rows.await.map_err(|failure| failure.of(hunt))?;
        let execution = Execution {
            text: sql.text,
            scanned_bytes: Some(tally.bytes(&self.files)),
            scanned_records: Some(tally.records()),
            notes: tally.notes(&self.files),
        };
        Answer::new(hunt, parameters, BackEnd::Local, rows, execution)
    }
}
