use super::*;
use crate::report::Destination;

#[test]
fn an_incident_report_is_markdown_if_nothing_is_asked_for() {
    let asked = destinations(&[]).ok();
    assert_eq!(asked, Some(vec![Destination { format: Format::Markdown, path: None }]));
}

#[test]
fn other_formats_are_refused_by_name() {
    let other = Destination { format: Format::Junit, path: None };
    let error = destinations(&[other]).map_err(|error| error.to_string());
    assert_eq!(error, Err("an incident report has no format `junit`".to_owned()));
}
