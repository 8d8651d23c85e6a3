//! Scores over time: what a row of assessments says about where the organization is going.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::assessment::Assessment;
use crate::catalogue::{Area, Severity, Status};

/// The schema of a trend. The number after the slash is the major version.
pub const SCHEMA: &str = "exfilguard.trend/1";

/// One audit of the row.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// The file that it was read from, as it was named.
    pub file: String,
    /// The run's id.
    pub run: String,
    /// When it started (RFC 3339, UTC).
    pub started_at: String,
    /// Whether it was complete.
    pub complete: bool,
    /// The headline score.
    pub overall: f64,
    /// The lowest that it may be, as something is unknown.
    pub lower: f64,
    /// The score of the simulation, if it ran.
    pub simulation: Option<f64>,
    /// Scores by area.
    pub by_area: BTreeMap<Area, f64>,
    /// How many results failed, by severity.
    pub failed: BTreeMap<Severity, usize>,
    /// How many results are unknown.
    pub unknown: usize,
    /// How many failures are accepted.
    pub excepted: usize,
    /// How many accounts were audited.
    pub accounts: usize,
    #[serde(skip)]
    at: Timestamp,
}

impl Point {
    /// The point of an assessment that was read from a file.
    #[must_use]
    pub fn of(file: String, assessment: &Assessment) -> Self {
        let mut failed = BTreeMap::new();
        for result in assessment.results.iter().filter(|result| result.status == Status::Fail) {
            *failed.entry(result.severity).or_default() += 1;
        }
        let (run, score) = (&assessment.run, &assessment.score);
        Self {
            file,
            run: run.id.clone(),
            started_at: run.started_at.to_string(),
            complete: run.complete,
            overall: score.overall,
            lower: score.band.lower,
            simulation: score.simulation,
            by_area: score.by_area.clone(),
            failed,
            unknown: assessment.count(Status::Unknown) + assessment.count(Status::Error),
            excepted: assessment.count(Status::Excepted),
            accounts: assessment.accounts.len(),
            at: run.started_at,
        }
    }

    /// When the audit started.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How many results failed in all.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.failed.values().sum()
    }
}

/// A row of audits of one organization.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Trend {
    /// [`SCHEMA`].
    pub schema: String,
    /// The audits, the earliest first.
    pub points: Vec<Point>,
}

impl Trend {
    /// Puts points in the order of time. An audit that stands in several files counts once, by its first file.
    #[must_use]
    pub fn new(mut points: Vec<Point>) -> Self {
        points.sort_by(|a, b| (a.at, &a.run, &a.file).cmp(&(b.at, &b.run, &b.file)));
        points.dedup_by(|later, earlier| later.run == earlier.run);
        Self { schema: SCHEMA.to_owned(), points }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::score::assessment::examples::organization;

    fn point(file: &str, run: &str, at: &str) -> Point {
        let mut assessment = organization();
        assessment.run.id = run.to_owned();
        assessment.run.started_at = at.parse().unwrap();
        Point::of(file.to_owned(), &assessment)
    }

    #[test]
    fn audits_stand_in_the_order_of_time_and_each_once() {
        let late = point("a.json", "r2", "2026-02-01T00:00:00Z");
        let early = point("z.json", "r1", "2026-01-01T00:00:00Z");
        let copy = point("b.json", "r2", "2026-02-01T00:00:00Z");
        let trend = Trend::new(vec![copy, late, early]);
        let files: Vec<&str> = trend.points.iter().map(|point| point.file.as_str()).collect();
        assert_eq!(files, ["z.json", "a.json"]);
    }

    #[test]
    fn failures_are_counted_by_severity() {
        let assessment = organization();
        let point = Point::of("a.json".to_owned(), &assessment);
        assert_eq!(point.failures(), assessment.count(Status::Fail));
        assert!(point.failures() > 0);
    }
}
