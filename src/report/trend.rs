//! Scores over time, as a table and as a picture.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use plotters::prelude::*;

use super::ReportError;
use crate::catalogue::{Area, Severity};
use crate::score::trend::{Point, Trend};
use crate::visible::visible;

/// The picture's width and height in pixels.
const SIZE: (u32, u32) = (960, 480);

/// A picture that could not be drawn: a defect of exfilguard.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the picture cannot be drawn: {0}")]
pub struct DrawingError(String);

const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// The row as a table, the latest audit last, with the change from the audit before.
#[must_use]
pub fn table(trend: &Trend, width: usize) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.set_header([
        "AUDIT", "SCORE", "CHANGE", "THEFTS", "FAILED", "CRITICAL", "HIGH", "UNKNOWN", "ACCOUNTS",
    ]);
    let mut before: Option<f64> = None;
    for point in &trend.points {
        let of = |severity| point.failed.get(&severity).copied().unwrap_or_default().to_string();
        let incomplete = if point.complete { "" } else { " (incomplete)" };
        table.add_row([
            format!("{}{incomplete}", visible(point.started_at.get(..16).unwrap_or(&point.started_at))),
            format!("{:.1}", point.overall),
            before.map_or_else(String::new, |before| format!("{:+.1}", point.overall - before)),
            point.simulation.map_or_else(|| "-".to_owned(), |score| format!("{score:.1}")),
            point.failures().to_string(),
            of(Severity::Critical),
            of(Severity::High),
            point.unknown.to_string(),
            point.accounts.to_string(),
        ]);
        before = Some(point.overall);
    }
    for column in 1..9 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}

/// The row as CSV (RFC 4180), a line per audit.
///
/// # Errors
/// The CSV writer refused a record.
pub fn csv(trend: &Trend) -> Result<String, ReportError> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    let areas: Vec<String> = Area::ALL.iter().map(|area| format!("score_{area}")).collect();
    let failed: Vec<String> = SEVERITIES.iter().map(|severity| format!("failed_{severity}")).collect();
    let fixed = [
        "started_at",
        "run",
        "complete",
        "overall",
        "lower",
        "simulation",
        "unknown",
        "excepted",
        "accounts",
    ];
    let header: Vec<String> = fixed.map(str::to_owned).into_iter().chain(areas).chain(failed).collect();
    writer.write_record(&header)?;
    for point in &trend.points {
        let score = |score: Option<f64>| score.map_or_else(String::new, |score| format!("{score:.1}"));
        let mut row = vec![
            super::csv::cell(&point.started_at),
            super::csv::cell(&point.run),
            point.complete.to_string(),
            score(Some(point.overall)),
            score(Some(point.lower)),
            score(point.simulation),
            point.unknown.to_string(),
            point.excepted.to_string(),
            point.accounts.to_string(),
        ];
        row.extend(Area::ALL.iter().map(|area| score(point.by_area.get(area).copied())));
        row.extend(
            SEVERITIES
                .iter()
                .map(|severity| point.failed.get(severity).copied().unwrap_or_default().to_string()),
        );
        writer.write_record(&row)?;
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The row as an SVG: the headline score, what thefts score, and how many results failed, over time.
///
/// # Errors
/// The drawing library failed.
pub fn svg(trend: &Trend) -> Result<String, DrawingError> {
    let mut text = String::new();
    draw(trend, &mut text).map_err(|error| DrawingError(error.to_string()))?;
    Ok(text + "\n")
}

/// Seconds since 1970: the axis of time.
fn second(point: &Point) -> i64 {
    point.at().as_second()
}

fn draw(trend: &Trend, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (first, last) = match (trend.points.first(), trend.points.last()) {
        (Some(first), Some(last)) => (second(first), second(last)),
        _ => (0, 0),
    };
    // A single audit stands in the middle of a day.
    let (from, to) = if first == last { (first - 43_200, last + 43_200) } else { (first, last) };
    let most = trend.points.iter().map(Point::failures).max().unwrap_or_default().max(1);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let mut chart = ChartBuilder::on(&root)
        .caption("exfilguard: scores over time", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .right_y_label_area_size(56)
        .build_cartesian_2d(from..to, 0.0..100.0)?
        .set_secondary_coord(from..to, 0.0..f64::from(most) * 1.05);
    let day = |second: &i64| {
        jiff::Timestamp::from_second(*second)
            .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    chart
        .configure_mesh()
        .x_labels(6)
        .x_label_formatter(&day)
        .y_desc("score")
        .light_line_style(WHITE)
        .draw()?;
    chart
        .configure_secondary_axes()
        .y_desc("failed results")
        .y_label_formatter(&|count| format!("{count:.0}"))
        .draw()?;
    let (blue, orange, grey) = (RGBColor(31, 94, 168), RGBColor(194, 98, 0), RGBColor(120, 120, 120));
    let failed = trend
        .points
        .iter()
        .map(|point| (second(point), f64::from(u32::try_from(point.failures()).unwrap_or(u32::MAX))));
    chart
        .draw_secondary_series(LineSeries::new(failed, grey.stroke_width(1)))?
        .label("failed results (right)")
        .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], grey.stroke_width(1)));
    let thefts = trend.points.iter().filter_map(|point| Some((second(point), point.simulation?)));
    chart
        .draw_series(LineSeries::new(thefts, orange.stroke_width(2)).point_size(3))?
        .label("thefts simulated")
        .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], orange.stroke_width(2)));
    let overall = trend.points.iter().map(|point| (second(point), point.overall));
    chart
        .draw_series(LineSeries::new(overall, blue.stroke_width(2)).point_size(3))?
        .label("score")
        .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], blue.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(grey)
        .draw()?;
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::score::assessment::examples::organization;

    fn trend(days: &[u8]) -> Trend {
        let point = |day: &u8| {
            let mut assessment = organization();
            assessment.run.id = format!("=run-{day}<b>");
            assessment.run.started_at = format!("2026-01-{day:02}T06:00:00Z").parse().unwrap();
            Point::of(format!("{day}.json"), &assessment)
        };
        Trend::new(days.iter().map(point).collect())
    }

    #[test]
    fn the_table_shows_each_audit_and_the_change() {
        let text = table(&trend(&[1, 2]), 100);
        assert!(text.contains("2026-01-01T06:00") && text.contains("2026-01-02T06:00"), "{text}");
        assert!(text.contains("+0.0"), "{text}");
    }

    #[test]
    fn the_csv_has_a_line_per_audit_and_no_formula() {
        let text = csv(&trend(&[1, 2, 3])).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("'=run-1"), "{text}");
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let width = reader.headers().unwrap().len();
        assert!(reader.records().all(|record| record.unwrap().len() == width));
    }

    #[test]
    fn the_picture_is_drawn_of_any_number_of_audits() {
        for days in [&[][..], &[7], &[1, 9, 20]] {
            let text = svg(&trend(days)).unwrap();
            assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{text}");
            assert!(text.contains("score") && !text.contains("<b>"));
        }
    }
}
