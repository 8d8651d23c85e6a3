//! The table of records for DataFusion: files are read by a bounded number of threads, each with its own buffer; only the
//! columns that a query names are built, only of records that it asks for.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use tokio::sync::mpsc::Sender;

use super::fields::{self, Builder, MEMBERS, PARTITIONS, Places};
use super::functions;
use super::json;
use super::predicate::{Predicate, Subject};
use super::reader::{self, LARGEST_RECORD, Next, RecordReader};
use super::seen::Seen;
use super::source::{LogFile, LogFiles, Partition};
use super::tally::{FileTally, Tally};

/// The most rows of a batch.
const BATCH_ROWS: usize = 8192;
/// The most bytes of records of which a batch is made.
const BATCH_BYTES: usize = 8 << 20;

/// The table of the records of some files.
#[derive(Debug)]
pub(super) struct RecordTable {
    pub files: Arc<LogFiles>,
    pub tally: Arc<Tally>,
    pub schema: SchemaRef,
    /// How many threads read.
    pub readers: usize,
}

#[async_trait]
impl TableProvider for RecordTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match Predicate::of(filter) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns: Vec<usize> =
            projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        let memory = MemoryConsumer::new("eventIDs").register(&state.runtime_env().memory_pool);
        let scan = Arc::new(Scan {
            files: Arc::clone(&self.files),
            tally: Arc::clone(&self.tally),
            schema: Arc::clone(&schema),
            columns,
            predicates: filters.iter().filter_map(Predicate::of).collect(),
            seen: Seen::new(memory),
            next: AtomicUsize::new(0),
        });
        let reading: Arc<dyn PartitionStream> = Arc::new(Reading { scan, readers: self.readers.max(1) });
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![reading], None, None, false, None)?))
    }
}

/// One reading of the table.
#[derive(Debug)]
struct Scan {
    files: Arc<LogFiles>,
    tally: Arc<Tally>,
    schema: SchemaRef,
    columns: Vec<usize>,
    predicates: Vec<Predicate>,
    seen: Seen,
    /// The index of the next file that no thread reads yet.
    next: AtomicUsize,
}

/// A reading by some threads, whose rows come in one stream.
#[derive(Debug)]
struct Reading {
    scan: Arc<Scan>,
    readers: usize,
}

impl PartitionStream for Reading {
    fn schema(&self) -> &SchemaRef {
        &self.scan.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.scan.schema);
        let mut stream = RecordBatchReceiverStreamBuilder::new(schema, 2 * self.readers);
        for _ in 0..self.readers {
            let (scan, sender) = (Arc::clone(&self.scan), stream.tx());
            stream.spawn_blocking(move || scan.read_files(&sender));
        }
        stream.build()
    }
}

impl Scan {
    /// Reads files that no other thread reads, until there are no more or nobody wants the rows any more.
    fn read_files(&self, sender: &Sender<Result<RecordBatch>>) -> Result<()> {
        // Who asked has gone if nothing can be sent: an interrupt, or an error elsewhere.
        let send = |batch: RecordBatch| sender.blocking_send(Ok(batch)).is_ok();
        let mut batch = Batch::new(self);
        while let Some(file) = self.files.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if !self.can_hold(&file.partition) {
                continue;
            }
            if !self.read_file(file, &mut batch, &send)? || sender.is_closed() {
                return Ok(());
            }
        }
        if batch.rows > 0 {
            _ = send(batch.finish()?);
        }
        Ok(())
    }

    fn can_hold(&self, partition: &Partition) -> bool {
        let value = |index: usize| partition.value(index).map(str::to_owned);
        self.predicates.iter().all(|predicate| predicate.can_hold(&value))
    }

    /// Reads a file. False if nobody wants the rows any more.
    fn read_file(
        &self,
        file: &LogFile,
        batch: &mut Batch<'_>,
        send: &impl Fn(RecordBatch) -> bool,
    ) -> Result<bool> {
        let mut tally = FileTally::default();
        let mut wanted = true;
        match reader::open(&file.path) {
            Err(error) => tally.failure = Some(error.to_string()),
            Ok(stream) => {
                let mut reader = RecordReader::new(stream, LARGEST_RECORD);
                let mut places = Places::default();
                while wanted {
                    match reader.next(&mut places) {
                        Next::Record => {
                            self.record(reader.record(), &places, &file.partition, &mut tally, batch)?;
                            if batch.is_full() {
                                wanted = send(batch.finish()?);
                            }
                        }
                        Next::Unread(why) => tally.unread(&why),
                        Next::Failed(why) => tally.failure = Some(why),
                        Next::End => break,
                    }
                }
            }
        }
        self.tally.keep(file.path.clone(), tally);
        Ok(wanted)
    }

    /// Takes a record into the batch, if the query asks for it and it was not seen before.
    fn record(
        &self,
        record: &[u8],
        places: &Places,
        partition: &Partition,
        tally: &mut FileTally,
        batch: &mut Batch<'_>,
    ) -> Result<()> {
        let text =
            |index: usize| places.value(record, index).and_then(|value| json::text_of(value).ok().flatten());
        let time = text(batch.known.event_time);
        let Some((time, second)) =
            time.and_then(|time| functions::second_of(&time).map(|second| (time, second)))
        else {
            const WHY: &str = "it has no `eventTime`: it is no record of CloudTrail";
            let none = [batch.known.event_time, batch.known.event_id, batch.known.recipient];
            let wrapper = record.windows(9).any(|part| part == b"\"Records\"");
            if none.iter().all(|index| places.value(record, *index).is_none()) && !wrapper {
                tally.strange += 1;
                tally.first_unread.get_or_insert_with(|| WHY.to_owned());
            } else {
                tally.unread(WHY);
            }
            return Ok(());
        };
        tally.records += 1;
        let partition_text = |index: usize| match partition.value(index) {
            Some(known) => Some(Cow::Borrowed(known)),
            None => match PARTITIONS.get(index).copied() {
                Some("account") => text(batch.known.recipient),
                Some("region") => text(batch.known.region),
                _ => time.get(..10).map(|day| Cow::Owned(day.replace('-', "/"))),
            },
        };
        let value = |subject: Subject| match subject {
            Subject::Member(index) => text(index),
            Subject::Partition(index) => partition_text(index),
        };
        if !self.predicates.iter().all(|predicate| predicate.holds(&value, Some(second))) {
            return Ok(());
        }
        tally.matched += 1;
        if let Some(id) = text(batch.known.event_id)
            && !self.seen.is_new(&id)?
        {
            tally.duplicates += 1;
            return Ok(());
        }
        let mut wrong = None;
        for (column, builder) in self.columns.iter().zip(&mut batch.builders) {
            match MEMBERS.get(*column) {
                Some(member) => {
                    if builder.append(places.value(record, *column)).is_err() {
                        wrong = wrong.or(Some(member.name));
                    }
                }
                None => builder.append_text(partition_text(column - MEMBERS.len()).as_deref()),
            }
        }
        if let Some(name) = wrong {
            tally.unread(&format!("its `{name}` is not of the known form"));
        }
        batch.rows += 1;
        batch.bytes += record.len();
        Ok(())
    }
}

impl Partition {
    /// The value of a partition by its index in [`PARTITIONS`].
    fn value(&self, index: usize) -> Option<&str> {
        match PARTITIONS.get(index).copied() {
            Some("account") => self.account.as_deref(),
            Some("region") => self.region.as_deref(),
            _ => self.day.as_deref(),
        }
    }
}

/// The indexes of fields that every record is asked for.
#[derive(Debug)]
struct Known {
    event_time: usize,
    event_id: usize,
    recipient: usize,
    region: usize,
}

/// Rows that are being collected.
#[derive(Debug)]
struct Batch<'s> {
    scan: &'s Scan,
    builders: Vec<Builder>,
    rows: usize,
    bytes: usize,
    known: Known,
}

impl<'s> Batch<'s> {
    fn new(scan: &'s Scan) -> Self {
        let shape = |column: &usize| MEMBERS.get(*column).map_or(fields::Shape::Text, |member| member.shape);
        let builders = scan.columns.iter().map(|column| Builder::new(shape(column))).collect();
        let index = |name| fields::index_of(name).unwrap_or(usize::MAX);
        let known = Known {
            event_time: index("eventTime"),
            event_id: index("eventID"),
            recipient: index("recipientAccountId"),
            region: index("awsRegion"),
        };
        Self { scan, builders, rows: 0, bytes: 0, known }
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    fn finish(&mut self) -> Result<RecordBatch> {
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.scan.schema), columns, &options)?)
    }
}
