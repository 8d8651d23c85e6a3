//! Advanced event selectors (`aws-semantics.md` 3.4).

use super::event::Event;
use crate::semantics::configuration::{AdvancedEventSelector, FieldSelector};
use crate::semantics::verdict::{Assumption, Tri, Verdict};

/// Whether an advanced selector selects an event: all of its field selectors must hold.
pub fn matches(selector: &AdvancedEventSelector, event: &Event<'_>) -> Verdict {
    if selector.field_selectors.is_empty() {
        return Verdict::unknown("a selector without field selectors is none that AWS accepts");
    }
    let kind = resource_type(selector);
    let mut all = Verdict::yes("the selector selects the event");
    for field in &selector.field_selectors {
        let verdict = field_holds(field, event, kind);
        match verdict.value {
            Tri::No => return verdict,
            Tri::Yes => all.assumptions.extend(verdict.assumptions),
            Tri::Unknown => all = all.and(verdict),
        }
    }
    all
}

/// The resource type that a data selector is about: `resources.ARN` compares resources of that type.
fn resource_type(selector: &AdvancedEventSelector) -> Option<&str> {
    let field = selector.field_selectors.iter().find(|field| field.field == "resources.type")?;
    field.equals.first().map(String::as_str)
}

/// Whether a condition holds of an event; `kind` is the type of the resources that `resources.ARN` is about.
pub fn field_holds(field: &FieldSelector, event: &Event<'_>, kind: Option<&str>) -> Verdict {
    let read_only = event.read_only.map(|read_only| if read_only { "true" } else { "false" });
    match field.field.as_str() {
        "eventCategory" => compare(field, &[event.category.as_str()]),
        "readOnly" => compare(field, &list(read_only)),
        "eventName" => compare(field, &list(event.name.as_deref())),
        "eventSource" => compare(field, &list(event.source.as_deref())),
        "eventType" => compare(field, &list(event.event_type.as_deref())),
        "userIdentity.arn" => compare(field, &list(event.user_arn.as_deref())),
        "sessionCredentialFromConsole" => compare(field, &list(event.from_console.as_deref())),
        "errorCode" => compare(field, &list(event.error_code.as_deref())),
        "vpcEndpointId" => compare(field, &list(event.vpc_endpoint.as_deref())),
        "resources.type" => {
            let kinds: Vec<&str> = event.resources.iter().map(|resource| resource.kind.as_ref()).collect();
            compare(field, &kinds)
        }
        "resources.ARN" => {
            let arns: Vec<&str> = match kind {
                Some(kind) => event.arns(kind).collect(),
                None => event.resources.iter().map(|resource| resource.arn.as_ref()).collect(),
            };
            compare(field, &arns)
        }
        other => Verdict::unknown(format!("the selector field `{other}` is not known to this program")),
    }
}

fn list(value: Option<&str>) -> Vec<&str> {
    value.into_iter().collect()
}

/// Holds a field's values against the operators. Positive operators need one match; negative ones allow none. On an absent
/// field positive operators are false and negative ones true.
pub fn compare(field: &FieldSelector, values: &[&str]) -> Verdict {
    let holds = accepts(field, values);
    let verdict = Verdict::new(holds, if holds { "" } else { "a condition of the selector does not hold" });
    if values.is_empty() && has_negative(field) { verdict.assuming(Assumption(8)) } else { verdict }
}

fn has_negative(field: &FieldSelector) -> bool {
    !(field.not_equals.is_empty() && field.not_starts_with.is_empty() && field.not_ends_with.is_empty())
}

fn accepts(field: &FieldSelector, values: &[&str]) -> bool {
    let positive = |literals: &[String], test: fn(&str, &str) -> bool| {
        literals.is_empty() || values.iter().any(|value| literals.iter().any(|literal| test(value, literal)))
    };
    let negative = |literals: &[String], test: fn(&str, &str) -> bool| {
        values.iter().all(|value| !literals.iter().any(|literal| test(value, literal)))
    };
    let equal = |value: &str, literal: &str| value == literal;
    let starts = |value: &str, literal: &str| value.starts_with(literal);
    let ends = |value: &str, literal: &str| value.ends_with(literal);
    positive(&field.equals, equal)
        && positive(&field.starts_with, starts)
        && positive(&field.ends_with, ends)
        && negative(&field.not_equals, equal)
        && negative(&field.not_starts_with, starts)
        && negative(&field.not_ends_with, ends)
}
