//! CloudWatch Logs Insights over the trail's log group: a hunt's text, with the window in it and around it.
//!
//! A log event's own time (`@timestamp`) is not said by AWS to be that of CloudTrail's event: it may be the time of delivery.
//! So the window is asked by `eventTime`, of which each second is in one part of a window, and the call's window, which
//! bounds what is scanned and billed, reaches [`LATEST_DELIVERY`] further. That `eventTime` can be compared with a text of
//! its form is taken for granted.
//!
//! What compares events with one another is more than the language can say: then the text gathers groups, and SQL makes the
//! hunt's rows of all of them, here.

mod calls;
mod finish;
mod merge;
pub mod text;
mod window;

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use self::calls::{Calls, Ended, Found, MOST_ROWS, Row};
use self::text::Shape;
use self::window::Window;
use super::backend::{BackEnd, QueryBackend, QueryError};
use super::binding::BoundSql;
use super::hunt::{Direction, Hunt};
use super::names::LogGroupId;
use super::parameters::Parameters;
use super::price::readable;
use super::rows::{Answer, Execution, Note, NoteKind};
use super::waiting::{self, Patience, Tell, Waited};
use crate::audit::Stop;
use crate::collect::connection::Access;

/// How long after an event its log event may come, in seconds: CloudTrail says "about 5 minutes on average", and promises
/// nothing.
pub const LATEST_DELIVERY: i64 = 3600;

/// The most queries that one hunt becomes.
const MOST_QUERIES: u64 = 500;

/// What a person says about Logs Insights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The log groups that trails deliver to.
    pub groups: Vec<LogGroupId>,
    /// How long a query may take.
    pub time_out: Duration,
    /// The most bytes of memory that making a hunt's rows of those that were gathered may take.
    pub memory: usize,
}

/// Logs Insights, with log groups that were looked at.
pub struct LogsInsights {
    calls: Calls,
    settings: Settings,
    /// What was seen when the log groups were looked at.
    notes: Vec<Note>,
    stop: Stop,
    tell: Tell,
}

impl LogsInsights {
    /// Looks at the log groups and at the trails that deliver to them; asks nothing that costs.
    ///
    /// # Errors
    /// A log group is not there, cannot be read about, or is of a class that cannot be asked.
    pub async fn open(
        access: &Access,
        region: &str,
        settings: Settings,
        stop: Stop,
        tell: Tell,
    ) -> Result<Self, QueryError> {
        let calls = Calls::new(access, region);
        let mut notes = Vec::new();
        for group in &settings.groups {
            let class = calls.class(group).await?;
            let refused = |why: String, next: &str| QueryError::Refused {
                back_end: BackEnd::LogsInsights,
                why,
                next: next.to_owned(),
            };
            match class.as_deref() {
                None => {
                    let why = format!("there is no log group `{}` in {region}", group.name());
                    return Err(refused(why, "name another one with --log-group, or its region with --region"));
                }
                Some("DELIVERY") => {
                    let why = format!("the log group `{group}` is of the class DELIVERY, which cannot be queried");
                    return Err(refused(why, "ask another back end"));
                }
                Some("INFREQUENT_ACCESS") => notes.push(remark(format!(
                    "the log group `{group}` is of the class Infrequent Access: metric filters and alarms see nothing of it"
                ))),
                Some(_) => {}
            }
            notes.extend(delivery(&calls, group).await);
        }
        Ok(Self { calls, settings, notes, stop, tell })
    }

    /// One query over one part of the window.
    async fn ask(&self, asking: &Asking<'_>, part: Window) -> Result<Found, QueryError> {
        let scan = Window { from: part.from, to: part.to + LATEST_DELIVERY };
        // Not interrupted: a query whose id never came could not be cancelled.
        let id = self.calls.start(&self.settings.groups, &asking.text(part), scan).await?;
        tracing::debug!(hunt = asking.hunt.id, query = id, "started in Logs Insights");
        let patience = Patience::new(self.settings.time_out);
        let ended = waiting::wait(&self.stop, patience, || self.calls.ended(&id));
        let why = match ended.await {
            Ok(Waited::Ended(Ended::Complete(found))) => return Ok(found),
            Ok(Waited::Ended(Ended::Otherwise(state))) => {
                return Err(QueryError::Aws {
                    operation: "logs:StartQuery".to_owned(),
                    message: format!("the query {id} over {} to {} has no result", part.begin(), part.end()),
                    code: state,
                });
            }
            Ok(Waited::Stopped) => QueryError::Interrupted,
            Ok(Waited::TooLong) => QueryError::TimedOut {
                back_end: BackEnd::LogsInsights,
                what: asking.hunt.id.clone(),
                seconds: self.settings.time_out.as_secs(),
            },
            Err(failure) => failure.into(),
        };
        if let Err(failure) = self.calls.stop(&id).await {
            (self.tell)(&format!(
                "the query {id} could not be cancelled and may run on: {}",
                failure.message()
            ));
        }
        Err(why)
    }

    /// Asks for a window and, as long as there are more rows than a query gives, for its parts.
    async fn ask_all(&self, asking: &Asking<'_>, window: Window) -> Result<Gathered, QueryError> {
        let mut gathered = Gathered::default();
        let mut parts = vec![window];
        while let Some(part) = parts.pop() {
            let found = self.ask(asking, part).await?;
            gathered.queries += 1;
            gathered.bytes += found.bytes_scanned;
            gathered.records = gathered.records.max(found.records_scanned);
            if found.rows.len() < MOST_ROWS || (part == window && asking.is_enough(&found.rows)) {
                gathered.rows.extend(found.rows);
                if asking.has_all_first_rows(gathered.rows.len()) {
                    break;
                }
                continue;
            }
            let pieces = if asking.shape.can_be_split() { part.split(pieces(&found)) } else { None };
            match pieces
                .filter(|pieces| gathered.queries + (parts.len() + pieces.len()) as u64 <= MOST_QUERIES)
            {
                Some(mut pieces) => {
                    (self.tell)(&format!(
                        "`{}`: more than {MOST_ROWS} rows from {} to {}; asking for {} parts of it",
                        asking.hunt.id,
                        part.begin(),
                        part.end(),
                        pieces.len()
                    ));
                    // The last one is taken first.
                    if !asking.newest_first {
                        pieces.reverse();
                    }
                    parts.extend(pieces);
                }
                None => {
                    gathered.rows.extend(found.rows);
                    gathered.cut.push(format!("{} to {}", part.begin(), part.end()));
                }
            }
        }
        if let Shape::Groups(fields) = &asking.shape
            && gathered.queries > 1
        {
            gathered.rows = merge::groups(gathered.rows, fields);
        }
        Ok(gathered)
    }
}

/// What is asked for.
struct Asking<'a> {
    hunt: &'a Hunt,
    /// What makes the hunt's rows of those of the query, if that is SQL: it needs them all.
    finish: Option<BoundSql>,
    query: String,
    shape: Shape,
    /// More rows than these are not shown.
    limit: usize,
    /// Whether rows are sorted by the events' time, so that the first parts of the window have the first rows.
    in_time: bool,
    newest_first: bool,
}

impl<'a> Asking<'a> {
    fn new(hunt: &'a Hunt, parameters: &Parameters, finish: Option<BoundSql>) -> Self {
        let query = hunt.insights_text(parameters);
        let first = hunt.order.first();
        let by = first.map(|key| hunt.insights_field(&key.column));
        let in_time = by.is_some() && text::name_of_event_time(&query).as_deref() == by;
        let newest_first = first.is_some_and(|key| key.direction == Direction::Descending);
        Self {
            hunt,
            finish,
            shape: Shape::of(&query),
            query,
            limit: parameters.limit(),
            in_time,
            newest_first,
        }
    }

    /// The query of the events of a window, the hunt's first rows first if they are the query's. Seconds are written alike, so that their texts sort
    /// as the moments do.
    fn text(&self, window: Window) -> String {
        let (from, to) = (window.begin(), window.end());
        let mut text =
            format!("filter eventTime >= \"{from}\" and eventTime < \"{to}\"\n| {}", self.query.trim());
        if let Some(key) = self.hunt.order.first().filter(|_| self.finish.is_none()) {
            let direction = if key.direction == Direction::Descending { "desc" } else { "asc" };
            // Writing to a text cannot fail.
            _ = write!(text, "\n| sort {} {direction}", self.hunt.insights_field(&key.column));
        }
        text
    }

    /// All that is done for the hunt: the query, and what makes its rows of the query's.
    fn whole_text(&self, window: Window) -> String {
        let mut text = self.text(window);
        if let Some(sql) = &self.finish {
            // Writing to a text cannot fail.
            _ = write!(text, "\n\n-- Of these rows, as the table \"{}\", here:\n{}", finish::TABLE, sql.text);
        }
        text
    }

    /// Whether the rows that were given of too many hold the first ones for certain: they are sorted by the hunt's first
    /// column, of which it is known where values that are missing stand, and the last row that is shown differs in it from the
    /// last one that was given.
    fn is_enough(&self, rows: &[Row]) -> bool {
        let Some(key) = self.hunt.order.first().filter(|_| self.finish.is_none()) else { return false };
        let is_sorted = match self.shape {
            Shape::Events => self.in_time,
            Shape::Groups(_) | Shape::Further => key.direction == Direction::Descending,
        };
        let field = self.hunt.insights_field(&key.column);
        let value = |row: Option<&Row>| row.and_then(|row| row.get(field)).cloned();
        let shown = value(rows.get(self.limit.saturating_sub(1)));
        is_sorted && shown.is_some() && shown != value(rows.last())
    }

    /// Whether the parts that were asked hold all rows that are shown.
    fn has_all_first_rows(&self, rows: usize) -> bool {
        self.in_time && self.shape == Shape::Events && rows > self.limit
    }
}

/// What was found in all parts.
#[derive(Default)]
struct Gathered {
    rows: Vec<Row>,
    queries: u64,
    bytes: u64,
    records: u64,
    /// Parts that have more rows than were given.
    cut: Vec<String>,
}

impl QueryBackend for LogsInsights {
    fn back_end(&self) -> BackEnd {
        BackEnd::LogsInsights
    }

    async fn run(&self, hunt: &Hunt, parameters: &Parameters) -> Result<Answer, QueryError> {
        let (from, to) = parameters.window();
        let window = Window::between(parameters.earliest().min(from), to);
        (self.tell)(&format!(
            "`{}` scans {} of {}; each byte is billed",
            hunt.id,
            in_hours(window.to + LATEST_DELIVERY - window.from),
            if self.settings.groups.len() == 1 {
                "the log group".to_owned()
            } else {
                format!("{} log groups", self.settings.groups.len())
            }
        ));
        let asking = Asking::new(hunt, parameters, finish::bind(hunt, parameters)?);
        let gathered = self.ask_all(&asking, window).await?;
        (self.tell)(&format!(
            "`{}`: {} scanned in {} quer{}",
            hunt.id,
            readable(gathered.bytes),
            gathered.queries,
            if gathered.queries == 1 { "y" } else { "ies" }
        ));
        let definition = &hunt.logs_insights;
        let mut notes = self.notes.clone();
        notes.extend(gathered.notes(&asking));
        let rows: Vec<Vec<Value>> = match &asking.finish {
            Some(sql) => finish::rows(hunt, &gathered.rows, sql, self.settings.memory).await?,
            None => {
                let columns = || hunt.columns.iter().map(|column| column.name.as_str());
                let values =
                    |row: &Row| columns().map(|column| definition.value(column, row, parameters)).collect();
                gathered.rows.iter().map(values).collect()
            }
        };
        if rows.is_empty() {
            notes.push(remark("an empty result is not evidence of absence: it is not known whether all events of the window were delivered".to_owned()));
        }
        let execution = Execution {
            text: asking.whole_text(window),
            scanned_bytes: Some(gathered.bytes),
            scanned_records: Some(gathered.records),
            notes,
        };
        Answer::new(hunt, parameters, BackEnd::LogsInsights, rows, execution)
    }
}

impl Gathered {
    fn notes(&self, asking: &Asking<'_>) -> Vec<Note> {
        let mut notes = Vec::new();
        if !self.cut.is_empty() {
            let why = if asking.shape.can_be_split() {
                "and no smaller part can be asked"
            } else {
                "and what this hunt counts cannot be added up over parts of the window: ask `athena` or `local`"
            };
            let wrong = match asking.finish {
                Some(_) => "; what is compared with those that are missing may be wrong",
                None => "",
            };
            notes.push(Note {
                kind: NoteKind::SourceUnread,
                count: self.cut.len() as u64,
                message: format!("there are more than the {MOST_ROWS} rows that a query gives, {why}{wrong}"),
                examples: self.cut.iter().take(5).cloned().collect(),
            });
        }
        if text::calls(&asking.query, "count_distinct") {
            notes.push(remark(
                "Logs Insights counts different values by approximation where there are very many".to_owned(),
            ));
        }
        notes
    }
}

/// What is known of the delivery to a log group.
async fn delivery(calls: &Calls, group: &LogGroupId) -> Vec<Note> {
    let unknown = |why: String| Note {
        kind: NoteKind::Remark,
        count: 1,
        message: format!("{why}: an empty result is not evidence of absence"),
        examples: Vec::new(),
    };
    let trails = match calls.trails(group).await {
        Ok(trails) => trails,
        Err(failure) => {
            let why = format!(
                "whether a trail delivers to `{group}` could not be read ({})",
                failure.unreadable.clause()
            );
            return vec![unknown(why)];
        }
    };
    if trails.is_empty() {
        return vec![unknown(format!("no trail that this account can see delivers to `{group}`"))];
    }
    let troubles = trails.into_iter().filter_map(|trail| {
        let why = match (trail.error, trail.is_logging) {
            (Some(error), _) => format!("the last delivery of {} failed ({error})", trail.arn),
            (None, false) => format!("{} does not log now", trail.arn),
            (None, true) => return None,
        };
        Some(unknown(why))
    });
    troubles.collect()
}

/// Into how many parts a window is split: as many as its matches fill to two thirds.
fn pieces(found: &Found) -> u64 {
    found.records_matched.saturating_mul(3).div_ceil(2 * MOST_ROWS as u64).clamp(2, 100)
}

fn in_hours(seconds: i64) -> String {
    let hours = seconds.div_euclid(3600) + i64::from(seconds.rem_euclid(3600) > 0);
    if hours == 1 { "1 hour".to_owned() } else { format!("{hours} hours") }
}

fn remark(message: String) -> Note {
    Note { kind: NoteKind::Remark, count: 1, message, examples: Vec::new() }
}
