//! The generator: traffic of days, one theft in it, files as a trail delivers them, the findings and the truth.

mod findings;
mod organization;
mod record;
mod theft;
mod traffic;
mod truth;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::ValueEnum;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use organization::{ORGANIZATION, later, numbers};
use record::{Event, token};
use theft::{Act, Theft};
use truth::Truth;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Bulk reads at night through Tor with the session of an instance's role, which the instance goes on using
    Tor,
    /// Copies, a replication and a bucket policy for a foreign account, with a leaked key and a role assumed by it
    ForeignCopy,
    /// The organization's trail is stopped, then objects are deleted: what happened in between nobody recorded
    Ransom,
}

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What happened.
    pub kind: Kind,
    /// Another number, other records.
    pub seed: u64,
    /// Days of records.
    pub days: u16,
    /// About how many records.
    pub records: u64,
}

impl Plan {
    /// The data set in `examples/incident/`.
    pub const EXAMPLE: Self = Self { kind: Kind::ForeignCopy, seed: 1, days: 2, records: 1_100 };

    /// One object in this many records is stolen.
    const SHARE: u64 = 12;

    fn objects(&self) -> u64 {
        (self.records / Self::SHARE).max(80)
    }
}

/// The last day ends here.
const END: &str = "2026-01-16T00:00:00Z";
/// The theft begins this many seconds after the last day began: in the night.
const NIGHT: i64 = 5_400;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How much was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    /// CloudTrail records.
    pub records: u64,
    /// Log files.
    pub files: u64,
}

/// Writes the incident of a plan into a folder.
///
/// # Errors
/// A file cannot be written.
pub fn write(plan: &Plan, folder: &Path) -> io::Result<Written> {
    let end: Timestamp = END.parse().map_err(io::Error::other)?;
    let start = later(end, -i64::from(plan.days) * DAY);
    let theft =
        Theft { kind: plan.kind, seed: plan.seed, start: later(end, NIGHT - DAY), objects: plan.objects() };
    let silence = theft.silence();
    let kind = plan.kind.to_possible_value();
    let mut truth = Truth::of(kind.map(|value| value.get_name().to_owned()).unwrap_or_default(), plan.seed);
    let mut trail = Trail::new(folder, plan);
    // Half the records of a theft are the objects themselves.
    let normal = plan.records.saturating_sub(theft.objects * 5 / 4);
    let hours: Vec<Timestamp> =
        (0..i64::from(plan.days) * 24).map(|hour| later(start, hour * HOUR)).collect();
    let weights: Vec<u64> = hours
        .iter()
        .map(|hour| traffic::weight(hour.strftime("%H").to_string().parse().unwrap_or(0)))
        .collect();
    let all: u64 = weights.iter().sum();
    for (hour, weight) in hours.into_iter().zip(weights) {
        let next = later(hour, HOUR);
        let lost = |time: Timestamp| silence.is_some_and(|(from, to)| from < time && time < to);
        let mut acts = theft.acts(hour, next);
        acts.sort_by_key(|act| act.event.time);
        for act in &acts {
            truth.saw(act, !lost(act.event.time));
        }
        let mut events = traffic::hour(plan.seed, hour, normal * weight / all);
        events.extend(acts.into_iter().map(|Act { event, .. }| event));
        events.sort_by_key(|event| event.time);
        for event in events.iter().filter(|event| !lost(event.time)) {
            trail.deliver(event)?;
        }
    }
    let written = trail.finish()?;
    truth.records = written.records;
    if let Some(silence) = silence {
        truth.silence(silence);
    }
    let write =
        |name: &str, value: &Value| fs::write(folder.join(name), serde_json::to_string_pretty(value)? + "\n");
    write("finding.json", &findings::finding(&theft, &truth))?;
    write("attack-sequence.json", &findings::attack_sequence(&theft, &truth))?;
    write("macie-findings.json", &findings::macie(&theft))?;
    write("truth.json", &serde_json::to_value(&truth)?)?;
    Ok(written)
}

/// What a trail delivers: a file per account, region and some minutes.
struct Trail<'a> {
    folder: &'a Path,
    /// Seconds that one file covers.
    span: i64,
    random: ChaCha8Rng,
    open: BTreeMap<(&'static str, &'static str), (i64, Vec<u8>)>,
    written: Written,
}

impl<'a> Trail<'a> {
    fn new(folder: &'a Path, plan: &Plan) -> Self {
        // AWS delivers about every five minutes; few records are kept together so that a small data set has few files.
        let per_day = plan.records / u64::from(plan.days);
        let span = match per_day {
            0..=20_000 => 6 * HOUR,
            20_001..=200_000 => HOUR,
            _ => 300,
        };
        Self {
            folder,
            span,
            random: numbers(plan.seed, "ids", 0),
            open: BTreeMap::new(),
            written: Written::default(),
        }
    }

    fn deliver(&mut self, event: &Event) -> io::Result<()> {
        let record = event.record(&mut self.random);
        let place = (event.recipient, event.region);
        let turn = event.time.as_second().div_euclid(self.span);
        if self.open.get(&place).is_some_and(|(open, _)| *open != turn) {
            self.close(place)?;
        }
        let (_, records) = self.open.entry(place).or_insert_with(|| (turn, Vec::new()));
        records.extend_from_slice(if records.is_empty() { b"{\"Records\":[" } else { b"," });
        serde_json::to_writer(records, &record)?;
        self.written.records += 1;
        Ok(())
    }

    fn close(&mut self, (account, region): (&'static str, &'static str)) -> io::Result<()> {
        let Some((turn, mut records)) = self.open.remove(&(account, region)) else { return Ok(()) };
        records.extend_from_slice(b"]}");
        let first = Timestamp::from_second(turn * self.span).map_err(io::Error::other)?;
        // A file is named by the time of its delivery.
        let delivered = later(first, self.span);
        let folder = self.folder.join(format!(
            "AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{}",
            first.strftime("%Y/%m/%d")
        ));
        fs::create_dir_all(&folder)?;
        let name = format!(
            "{account}_CloudTrail_{region}_{}_{}.json.gz",
            delivered.strftime("%Y%m%dT%H%MZ"),
            token(&mut self.random, 16)
        );
        // No time of writing: the same bytes for the same plan.
        let mut file =
            GzBuilder::new().mtime(0).write(fs::File::create(folder.join(name))?, Compression::best());
        file.write_all(&records)?;
        file.finish()?;
        self.written.files += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<Written> {
        let open: Vec<_> = self.open.keys().copied().collect();
        for place in open {
            self.close(place)?;
        }
        fs::create_dir_all(self.folder)?;
        Ok(self.written)
    }
}
