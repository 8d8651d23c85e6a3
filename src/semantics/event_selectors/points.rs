//! Critical points: the finitely many values of each field that tell all selectors apart.
//!
//! Selectors compare a field with literals, as a whole, from its start or from its end. Two values that every constraint
//! treats the same are the same to the selectors, so one of each group is enough; what remains is a small product.

use std::collections::BTreeSet;

use super::advanced;
use super::event::S3_OBJECT;
use super::{ObservedSelectors, Observer};
use crate::semantics::configuration::{FieldSelector, TrailSelectors};

/// All field selectors on one field, over all observers.
fn constraints<'a>(observers: &[Observer<'a>], field: &str) -> Vec<&'a FieldSelector> {
    selectors(observers)
        .flat_map(|selectors| &selectors.advanced_event_selectors)
        .flat_map(|selector| &selector.field_selectors)
        .filter(|constraint| constraint.field == field)
        .collect()
}

fn selectors<'a>(observers: &[Observer<'a>]) -> impl Iterator<Item = &'a TrailSelectors> {
    observers.iter().filter_map(|observer| match observer.selectors {
        ObservedSelectors::Known(selectors) => Some(selectors),
        ObservedSelectors::Unknown => None,
    })
}

fn literals(constraint: &FieldSelector) -> impl Iterator<Item = &str> {
    constraint
        .equals
        .iter()
        .chain(&constraint.starts_with)
        .chain(&constraint.not_equals)
        .chain(&constraint.not_starts_with)
        .map(String::as_str)
}

fn endings(constraint: &FieldSelector) -> impl Iterator<Item = &str> {
    constraint.ends_with.iter().chain(&constraint.not_ends_with).map(String::as_str)
}

/// One value of every group that the constraints on a field treat alike; the earliest candidate stands for its group.
/// `None` is the absent field.
fn distinct(candidates: Vec<Option<String>>, constraints: &[&FieldSelector]) -> Vec<Option<String>> {
    let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
    candidates
        .into_iter()
        .filter(|candidate| {
            let values: Vec<&str> = candidate.as_deref().into_iter().collect();
            let treated = constraints.iter().map(|constraint| advanced::compare(constraint, &values).value.is_yes());
            seen.insert(treated.collect())
        })
        .collect()
}

/// Event names of a class: the canonical ones, those that selectors name, and one that does not exist yet. `belongs` says
/// whether a name may be of the class.
pub fn names(observers: &[Observer<'_>], canonical: &[&str], belongs: impl Fn(&str) -> bool) -> Vec<String> {
    let constraints = constraints(observers, "eventName");
    let mut candidates: Vec<String> = canonical.iter().map(|name| (*name).to_owned()).collect();
    candidates.push("ZzFutureApi".to_owned());
    for constraint in &constraints {
        candidates
            .extend(literals(constraint).flat_map(|literal| [literal.to_owned(), format!("{literal}Zz")]));
        candidates.extend(endings(constraint).map(|ending| format!("Zz{ending}")));
    }
    let known = canonical.len() + 1;
    let candidates = candidates
        .into_iter()
        .enumerate()
        .filter(|(index, name)| *index < known || belongs(name))
        .map(|(_, name)| Some(name))
        .collect();
    distinct(candidates, &constraints).into_iter().flatten().collect()
}

/// Object ARNs in a bucket: its root, a key, and around every literal a key that begins like it, one that is shorter and
/// one beside it.
pub fn object_arns(observers: &[Observer<'_>], partition: &str, bucket: &str) -> Vec<String> {
    let root = format!("arn:{partition}:s3:::{bucket}/");
    let constraints = constraints(observers, "resources.ARN");
    // The plainest key comes first: it stands for its group in witnesses.
    let mut candidates = vec![format!("{root}a"), root.clone()];
    let basic = selectors(observers)
        .flat_map(|selectors| &selectors.event_selectors)
        .flat_map(|selector| &selector.data_resources)
        .filter(|resource| resource.r#type == S3_OBJECT)
        .flat_map(|resource| &resource.values)
        .map(String::as_str);
    let named: Vec<&str> =
        constraints.iter().flat_map(|constraint| literals(constraint)).chain(basic).collect();
    for literal in named.iter().filter(|literal| literal.starts_with(&root)) {
        candidates.push((*literal).to_owned());
        candidates.push(format!("{literal}x"));
        let mut shorter = (*literal).to_owned();
        shorter.pop();
        if shorter.starts_with(&root) {
            candidates.push(shorter.clone());
            candidates.push(format!("{shorter}\u{7f}"));
        }
    }
    for ending in constraints.iter().flat_map(|constraint| endings(constraint)) {
        candidates.push(format!("{root}k{ending}"));
        candidates.push(format!("{root}k"));
        // A key that begins like a literal and ends like another constraint's.
        for literal in named.iter().filter(|literal| literal.starts_with(&root)) {
            candidates.push(format!("{literal}{ending}"));
        }
    }
    let basic_groups: Vec<&str> =
        named.iter().copied().filter(|literal| literal.starts_with(&root)).collect();
    group_by_prefixes(candidates, &constraints, &basic_groups)
}

/// As [`distinct`], also telling apart what basic selectors' prefixes do.
fn group_by_prefixes(
    candidates: Vec<String>,
    constraints: &[&FieldSelector],
    prefixes: &[&str],
) -> Vec<String> {
    let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
    candidates
        .into_iter()
        .filter(|candidate| {
            let by_constraint = constraints
                .iter()
                .map(|constraint| advanced::compare(constraint, &[candidate.as_str()]).value.is_yes());
            let by_prefix = prefixes.iter().map(|prefix| candidate.starts_with(prefix));
            seen.insert(by_constraint.chain(by_prefix).collect())
        })
        .collect()
}

/// Callers: one whose ARN is absent, ordinary ones, and those around every literal.
pub fn callers(observers: &[Observer<'_>], partition: &str, account: &str) -> Vec<Option<String>> {
    let constraints = constraints(observers, "userIdentity.arn");
    let mut candidates = vec![
        Some(format!("arn:{partition}:sts::{account}:assumed-role/AppRole/attacker")),
        Some(format!("arn:{partition}:iam::{account}:user/backup")),
        None,
    ];
    for constraint in &constraints {
        candidates.extend(
            literals(constraint).flat_map(|literal| [Some(literal.to_owned()), Some(format!("{literal}x"))]),
        );
        candidates.extend(
            endings(constraint).map(|ending| Some(format!("arn:{partition}:iam::{account}:user/k{ending}"))),
        );
    }
    distinct(candidates, &constraints)
}

/// Values of a field that is mostly absent: absent, and `value` if a selector asks for the field.
pub fn optional(observers: &[Observer<'_>], field: &str, value: &str) -> Vec<Option<String>> {
    let constraints = constraints(observers, field);
    distinct(vec![None, Some(value.to_owned())], &constraints)
}
