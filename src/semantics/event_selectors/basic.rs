//! Basic event selectors (`aws-semantics.md` 3.3).

use super::event::{Category, Event, S3_OBJECT};
use crate::semantics::configuration::{DataResource, EventSelector};
use crate::semantics::verdict::{Assumption, Verdict};

/// Whether a basic selector selects an event.
pub fn matches(selector: &EventSelector, event: &Event<'_>) -> Verdict {
    let applies = applies(selector, event);
    if applies.value.is_no() || event.category != Category::Data {
        return applies;
    }
    let mut selected = data(selector, event);
    if selected.value.is_yes() {
        selected = applies.and(selected);
    }
    selected
}

/// Whether a basic selector selects events like this one, whatever their data resources are.
pub fn applies(selector: &EventSelector, event: &Event<'_>) -> Verdict {
    let direction = direction(selector, event);
    if direction.value.is_no() {
        return direction;
    }
    match event.category {
        Category::Management => direction.and(management(selector, event)),
        Category::Data => direction,
        Category::NetworkActivity => Verdict::no("basic selectors select no network activity"),
    }
}

fn direction(selector: &EventSelector, event: &Event<'_>) -> Verdict {
    let wanted = selector.read_write_type.as_deref().filter(|text| !text.is_empty()).unwrap_or("All");
    let read_only = |wanted: bool, text: &str| match event.read_only {
        Some(read_only) if read_only == wanted => Verdict::yes(""),
        Some(_) => Verdict::no(format!("the selector selects only {text}")),
        None => Verdict::unknown("the event does not say whether it is `readOnly`"),
    };
    match wanted {
        "All" => Verdict::yes(""),
        "ReadOnly" => read_only(true, "reads"),
        "WriteOnly" => read_only(false, "writes"),
        other => Verdict::unknown(format!("`{other}` is no ReadWriteType")),
    }
}

fn management(selector: &EventSelector, event: &Event<'_>) -> Verdict {
    if !selector.include_management_events.unwrap_or(true) {
        return Verdict::no("the selector leaves management events out");
    }
    let excluded = event
        .source
        .as_deref()
        .is_some_and(|source| selector.exclude_management_event_sources.iter().any(|other| other == source));
    if excluded {
        return Verdict::no("the selector excludes management events of that source");
    }
    Verdict::yes("the selector selects the management event")
}

fn data(selector: &EventSelector, event: &Event<'_>) -> Verdict {
    let answers = event.resources.iter().map(|resource| selects_any(selector, &resource.kind, &resource.arn));
    let (selected, by_assumption) = first_plain(answers);
    let reason = if selected {
        "the selector selects the data event"
    } else {
        "the selector selects no such data event"
    };
    let verdict = Verdict::new(selected, reason);
    if by_assumption { verdict.assuming(Assumption(6)) } else { verdict }
}

/// Whether a basic selector selects events on an ARN of a type, and whether that rests on A-06.
pub fn selects_any(selector: &EventSelector, kind: &str, arn: &str) -> (bool, bool) {
    let resources = selector.data_resources.iter().filter(|resource| resource.r#type == kind);
    first_plain(resources.map(|resource| selects(resource, arn)))
}

/// Whether a data resource selects an ARN, and whether that rests on A-06.
fn selects(resource: &DataResource, arn: &str) -> (bool, bool) {
    first_plain(resource.values.iter().map(|value| {
        if resource.r#type == S3_OBJECT {
            selects_object(value, arn)
        } else {
            (selects_resource(value, arn), false)
        }
    }))
}

/// Whether any answer is a yes, preferring one that rests on no assumption.
fn first_plain(answers: impl Iterator<Item = (bool, bool)>) -> (bool, bool) {
    let (mut selected, mut assumed) = (false, false);
    for answer in answers {
        match answer {
            (true, false) => return (true, false),
            (true, true) => (selected, assumed) = (true, true),
            (false, by_assumption) => assumed |= by_assumption,
        }
    }
    (selected, assumed)
}

/// Values of functions and tables: all of them (`arn:aws:lambda`), or one with what belongs to it.
fn selects_resource(value: &str, arn: &str) -> bool {
    let Some(rest) = arn.strip_prefix(value) else {
        return false;
    };
    rest.is_empty() || rest.starts_with([':', '/']) || value.ends_with(':')
}

/// The values of `AWS::S3::Object`: everything, a bucket with its slash, or a plain prefix of keys. A bucket without the
/// slash is malformed and never credited, and `*` is a plain character.
fn selects_object(value: &str, arn: &str) -> (bool, bool) {
    let Some((partition_and_service, object)) = arn.split_once(":::") else {
        return (false, false);
    };
    if value == partition_and_service {
        return (true, false);
    }
    match value.split_once(":::") {
        Some((service, "")) if service == partition_and_service => (true, true),
        Some((service, prefix)) if service == partition_and_service => {
            let whole_bucket_named = prefix.contains('/');
            (whole_bucket_named && object.starts_with(prefix), value.contains('*'))
        }
        _ => (false, value.contains('*')),
    }
}
