//! Whether a `Condition` element holds for a request.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::semantics::verdict::Tri;

use super::super::context::ContextValue;
use super::super::glob::Glob;
use super::super::template::{Keys, Resolved, Template};
use super::operator::{BaseOperator, Quantifier};
use super::value::{PolicyValue, parse_boolean, parse_instant, parse_number};
use super::{Condition, ConditionBlock};

/// Whether all conditions of the element hold. An element with a defect never certainly holds.
pub fn evaluate(block: &ConditionBlock, keys: &impl Keys) -> Tri {
    let mut result = match block.defect {
        Some(_) => Tri::Unknown,
        None => Tri::Yes,
    };
    for condition in &block.conditions {
        result = result.and(holds(condition, keys));
        if result == Tri::No {
            break;
        }
    }
    result
}

fn holds(condition: &Condition, keys: &impl Keys) -> Tri {
    let operator = condition.operator;
    let value = keys.key(&condition.lower_case_key);
    if operator.base == BaseOperator::Null {
        return null_holds(condition, value);
    }
    let values = match value {
        ContextValue::Absent => return without_key(condition),
        ContextValue::Unknown => return with_unknown_value(condition),
        ContextValue::Known(values) => values,
    };
    let each = values.iter().map(|value| matches(condition, value, keys));
    match operator.quantifier {
        Some(Quantifier::ForAllValues) => Tri::all(each),
        Some(Quantifier::ForAnyValue) => Tri::any(each),
        // AWS demands a set operator for keys with several values, and does not document what happens without one.
        None if values.len() > 1 => Tri::Unknown,
        None => Tri::all(each),
    }
}

fn null_holds(condition: &Condition, value: &ContextValue) -> Tri {
    let absent = match value {
        ContextValue::Absent => Tri::Yes,
        ContextValue::Known(_) => Tri::No,
        ContextValue::Unknown => Tri::Unknown,
    };
    Tri::any(condition.values.iter().map(|wanted| match wanted {
        PolicyValue::Boolean(true) => absent,
        PolicyValue::Boolean(false) => !absent,
        _ => Tri::Unknown,
    }))
}

/// A missing key satisfies negated operators, `…IfExists` and `ForAllValues:`, and fails `ForAnyValue:`. With both
/// `ForAnyValue:` and `…IfExists` it is unknown: the user guide says true of the one and false of the other, and a
/// thread on AWS re:Post (*ForAnyValue:StringEqualsIfExists behaving unexpectedly*) saw it fail.
fn without_key(condition: &Condition) -> Tri {
    let operator = condition.operator;
    match operator.quantifier {
        Some(Quantifier::ForAllValues) => Tri::Yes,
        Some(Quantifier::ForAnyValue) if operator.if_exists => Tri::Unknown,
        Some(Quantifier::ForAnyValue) => Tri::No,
        None => Tri::from(operator.if_exists || operator.negated),
    }
}

/// Unknown, unless every value and the key's absence come to the same.
fn with_unknown_value(condition: &Condition) -> Tri {
    let operator = condition.operator;
    if operator.quantifier.is_none() {
        // There might be several values, of which AWS does not say what an operator without a quantifier makes.
        return Tri::Unknown;
    }
    let everything = matches!(operator.base, BaseOperator::StringLike)
        && condition.values.iter().any(|value| value.template().is_some_and(Template::matches_everything));
    let with_value = if everything {
        Tri::from(!operator.negated)
    } else if condition.values.is_empty() {
        Tri::from(operator.negated)
    } else {
        return Tri::Unknown;
    };
    if with_value == without_key(condition) { with_value } else { Tri::Unknown }
}

/// Whether one value of the request satisfies the operator: some policy value matches, or for negated operators none.
fn matches(condition: &Condition, actual: &str, keys: &impl Keys) -> Tri {
    let base = condition.operator.base;
    let negated = condition.operator.negated;
    let any = Tri::any(condition.values.iter().map(|wanted| match wanted {
        PolicyValue::Text(template) if negated && template.lacks_a_value(keys) => Tri::Unknown,
        _ => relates(base, wanted, actual, &condition.lower_case_key, keys),
    }));
    if negated { !any } else { any }
}

fn relates(base: BaseOperator, wanted: &PolicyValue, actual: &str, key: &str, keys: &impl Keys) -> Tri {
    use BaseOperator as B;
    let order = |wanted: std::cmp::Ordering| match base {
        B::NumericEquals | B::DateEquals => wanted.is_eq(),
        B::NumericLessThan | B::DateLessThan => wanted.is_lt(),
        B::NumericLessThanEquals | B::DateLessThanEquals => wanted.is_le(),
        B::NumericGreaterThan | B::DateGreaterThan => wanted.is_gt(),
        _ => wanted.is_ge(),
    };
    match wanted {
        PolicyValue::Text(template) => match base {
            B::Arn => pathless(arn_like(template, actual, keys), template, actual, key, keys),
            _ => pathless(text_matches(base, template, actual, keys), template, actual, key, keys),
        },
        // What AWS makes of a request value of another type is not documented, but it equals no address and no
        // boolean; numbers and dates cannot be ordered.
        PolicyValue::Number(wanted) => parse_number(actual)
            .and_then(|actual| actual.partial_cmp(wanted))
            .map_or(Tri::Unknown, |ordering| Tri::from(order(ordering))),
        PolicyValue::Instant(wanted) => {
            parse_instant(actual).map_or(Tri::Unknown, |actual| Tri::from(order(actual.cmp(wanted))))
        }
        PolicyValue::Boolean(wanted) => Tri::from(parse_boolean(actual) == Some(*wanted)),
        PolicyValue::Bytes(wanted) => {
            STANDARD.decode(actual).map_or(Tri::Unknown, |actual| Tri::from(actual == *wanted))
        }
        PolicyValue::Network(wanted) => {
            Tri::from(actual.parse::<IpAddr>().is_ok_and(|address| wanted.contains(&address)))
        }
    }
}

fn text_matches(base: BaseOperator, template: &Template, actual: &str, keys: &impl Keys) -> Tri {
    if base != BaseOperator::StringEqualsIgnoreCase
        && let Some(text) = template.as_text()
    {
        return Tri::from(text == actual);
    }
    with_resolved(template, keys, |glob| {
        if base == BaseOperator::StringEqualsIgnoreCase {
            let wanted = glob.as_literal().unwrap_or_default();
            Tri::from(wanted.to_lowercase() == actual.to_lowercase())
        } else {
            Tri::from(glob.matches(actual))
        }
    })
}

fn with_resolved(template: &Template, keys: &impl Keys, test: impl Fn(&Glob) -> Tri) -> Tri {
    match template.resolve(keys) {
        Resolved::Unknown => Tri::Unknown,
        Resolved::Nothing => Tri::No,
        Resolved::Pattern(literal, None) => test(&literal),
        Resolved::Pattern(literal, Some(wild)) => {
            let outcome = test(&literal);
            if outcome == test(&wild) { outcome } else { Tri::Unknown }
        }
    }
}

/// Compares part by part: a wildcard never stands for a colon before the resource part.
fn arn_like(template: &Template, actual: &str, keys: &impl Keys) -> Tri {
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    with_resolved(template, keys, |glob| {
        let wanted = glob.split_at_colons(6);
        if wanted.len() < 6 {
            // Neither `*` nor `arn:aws:s3*` is an ARN. AWS does not document what an ARN operator makes of them.
            return if glob.as_literal().is_some() { Tri::No } else { Tri::Unknown };
        }
        if actual.len() < 6 {
            return Tri::No;
        }
        Tri::from(wanted.iter().zip(&actual).all(|(wanted, actual)| wanted.matches(actual)))
    })
}

/// A session's ARN does not show the path of its role, so that a policy value that spells a path may match after all.
fn pathless(outcome: Tri, template: &Template, actual: &str, key: &str, keys: &impl Keys) -> Tri {
    if outcome != Tri::No || key != "aws:principalarn" || !keys.role_path_is_unknown() {
        return outcome;
    }
    let spells_path = template.source().split_once(":role/").is_some_and(|(_, role)| role.contains('/'));
    let Some((account, name)) = actual.split_once(":role/") else {
        return outcome;
    };
    if !spells_path {
        return outcome;
    }
    with_resolved(template, keys, |wanted| {
        let mut possible = Glob::literal(&format!("{account}:role/"));
        possible.push_pattern("*");
        possible.push_literal(&format!("/{name}"));
        if wanted.overlaps(&possible) { Tri::Unknown } else { Tri::No }
    })
}
