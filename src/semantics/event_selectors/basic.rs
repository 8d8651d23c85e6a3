//! Basic event selectors (`aws-semantics.md` 3.3).

use super::event::{Category, Event, S3_OBJECT};
use crate::semantics::configuration::{DataResource, EventSelector};
use crate::semantics::verdict::{Assumption, Tri, Verdict};

/// Whether a basic selector selects an event.
pub fn matches(selector: &EventSelector, event: &Event<'_>) -> Verdict {
    let direction = direction(selector, event);
    if direction.value.is_no() {
        return direction;
    }
    let selected = match event.category {
        Category::Management => management(selector, event),
        Category::Data => data(selector, event),
        Category::NetworkActivity => Verdict::no("basic selectors select no network activity"),
    };
    direction.and(selected)
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
    let mut assumed = false;
    for resource in &selector.data_resources {
        for arn in event.arns(&resource.r#type) {
            let (selected, by_assumption) = selects(resource, arn);
            if selected {
                let verdict = Verdict::yes("the selector selects the data event");
                return if by_assumption { verdict.assuming(Assumption(6)) } else { verdict };
            }
            assumed |= by_assumption;
        }
    }
    let verdict = Verdict::new(Tri::No, "the selector selects no such data event");
    if assumed { verdict.assuming(Assumption(6)) } else { verdict }
}

/// Whether a data resource selects an ARN, and whether that rests on A-06.
fn selects(resource: &DataResource, arn: &str) -> (bool, bool) {
    let mut assumed = false;
    for value in &resource.values {
        let (selected, by_assumption) = if resource.r#type == S3_OBJECT {
            selects_object(value, arn)
        } else {
            (arn.starts_with(value.as_str()), false)
        };
        if selected {
            return (true, by_assumption);
        }
        assumed |= by_assumption;
    }
    (false, assumed)
}

/// The values of `AWS::S3::Object`: everything, a bucket with its slash, or a plain prefix of keys. A bucket without the
/// slash is malformed and never credited, and `*` is a plain character.
fn selects_object(value: &str, arn: &str) -> (bool, bool) {
    let Some((partition_and_service, object)) = arn.split_once(":::") else { return (false, false) };
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
