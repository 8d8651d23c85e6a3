//! Why an event is not logged: what each observer lacks, in words.

use super::coverage::BucketIdentity;
use super::critical_points::{event, plainest, root};
use super::event::{Category, S3_OBJECT};
use super::operations::EventClass;
use super::rules::{self, Field, Rule, Selector, accepts};
use super::search::Point;
use super::{ObservedSelectors, Observer, logs};
use crate::semantics::configuration::{FieldSelector, TrailSelectors};
use crate::semantics::verdict::{Assumption, Assumptions};

/// Observers that a reason names at most.
const MAX_NAMED: usize = 4;
/// Literals that a reason names at most.
const MAX_LITERALS: usize = 3;

/// What each observer lacks on an event that is not, or not certainly, logged.
pub fn lacks(
    bucket: &BucketIdentity,
    class: EventClass,
    observers: &[Observer<'_>],
    point: &Point,
) -> String {
    if observers.is_empty() {
        return format!(
            "no trail or event data store covers account {} in {}",
            bucket.account, bucket.region
        );
    }
    let mut lacks: Vec<String> = Vec::new();
    for observer in observers {
        let lack = lack(bucket, class, observer, point);
        if !lacks.contains(&lack) {
            lacks.push(lack);
        }
    }
    let more = lacks.len().saturating_sub(MAX_NAMED);
    lacks.truncate(MAX_NAMED);
    let mut text = lacks.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// What one observer lacks.
fn lack(bucket: &BucketIdentity, class: EventClass, observer: &Observer<'_>, point: &Point) -> String {
    let Observer { name, active, .. } = observer;
    if active.value.is_no() {
        return active.reason.clone();
    }
    let ObservedSelectors::Known(selectors) = observer.selectors else {
        return if active.value.is_unknown() {
            active.reason.clone()
        } else {
            format!("what {name} selects is not known")
        };
    };
    let selected = logs(selectors, &event(class, point));
    if selected.value.is_yes() {
        return active.reason.clone();
    }
    if selected.value.is_unknown() {
        return format!("{name}: {}", selected.reason);
    }
    format!("{name} {}", misses(bucket, class, selectors, point))
}

/// Why selectors do not select an event.
fn misses(bucket: &BucketIdentity, class: EventClass, selectors: &TrailSelectors, point: &Point) -> String {
    let all = rules::of(selectors);
    let usual = plainest(bucket, class);
    let on_objects: Vec<Selector<'_>> = all.into_iter().filter(is_about_objects).collect();
    if on_objects.is_empty() {
        return "logs no S3 data events".to_owned();
    }
    let like = event(class, &usual);
    let (right, wrong): (Vec<Selector<'_>>, Vec<Selector<'_>>) =
        on_objects.into_iter().partition(|selector| !rules::applies(*selector, &like).is_no());
    if right.is_empty() {
        let other = class.other();
        let usual = plainest(bucket, other);
        let like = event(other, &usual);
        return if wrong.iter().any(|selector| !rules::applies(*selector, &like).is_no()) {
            format!("logs only {}", other.plural())
        } else {
            "logs no S3 data events".to_owned()
        };
    }
    let here: Vec<Selector<'_>> =
        right.iter().copied().filter(|selector| reaches(bucket, *selector)).collect();
    if here.is_empty() {
        return elsewhere(bucket, &right);
    }
    let phrases = phrases(bucket, &here, point);
    if phrases.is_empty() {
        format!("logs only a part of the {}", class.plural())
    } else {
        phrases.join(" or ")
    }
}

/// Whether a selector is about objects of general purpose buckets.
fn is_about_objects(selector: &Selector<'_>) -> bool {
    match selector {
        Selector::Default => false,
        Selector::Basic(selector) => selector
            .data_resources
            .iter()
            .any(|resource| resource.r#type == S3_OBJECT && !resource.values.is_empty()),
        Selector::Advanced(selector) => {
            let says = |name: &str, value: &str| {
                let mut fields = selector.field_selectors.iter().filter(|field| field.field == name);
                fields.any(|field| field.equals.iter().any(|literal| literal == value))
            };
            says("eventCategory", "Data") && says("resources.type", S3_OBJECT)
        }
    }
}

/// Whether a selector may select something in the bucket.
fn reaches(bucket: &BucketIdentity, selector: Selector<'_>) -> bool {
    let rules = [Rule { observer: 0, selector, applies: crate::semantics::verdict::Tri::Yes }];
    let root = root(bucket);
    let mut keys = rules::literals(&rules, Field::Arn).values(&root);
    keys.extend([String::new(), "a".to_owned()]);
    keys.iter().any(|key| accepts(selector, Category::Data, Field::Arn, Some(&format!("{root}{key}"))).0)
}

/// Selectors that reach nothing in the bucket.
fn elsewhere(bucket: &BucketIdentity, selectors: &[Selector<'_>]) -> String {
    let whole_bucket = root(bucket);
    let slashless = whole_bucket.trim_end_matches('/');
    let names_without_slash = selectors.iter().any(|selector| match selector {
        Selector::Basic(selector) => {
            selector.data_resources.iter().any(|r| r.values.iter().any(|v| v == slashless))
        }
        Selector::Default | Selector::Advanced(_) => false,
    });
    let another = format!("arn:{}:s3:::another-bucket/a", bucket.partition);
    if names_without_slash {
        format!("names bucket `{}` without the slash at its end, which selects nothing", bucket.name)
    } else if selectors.iter().any(|s| accepts(*s, Category::Data, Field::Arn, Some(&another)).0) {
        format!("leaves bucket `{}` out", bucket.name)
    } else {
        "logs data events of other buckets only".to_owned()
    }
}

/// What the selectors that reach the bucket ask for and an event does not have.
fn phrases(bucket: &BucketIdentity, selectors: &[Selector<'_>], point: &Point) -> Vec<String> {
    let root = root(bucket);
    let mut phrases: Vec<String> = Vec::new();
    let mut below: Vec<String> = Vec::new();
    for selector in selectors {
        match selector {
            Selector::Default => {}
            Selector::Basic(selector) => {
                let values =
                    selector.data_resources.iter().filter(|r| r.r#type == S3_OBJECT).flat_map(|r| &r.values);
                below.extend(values.filter_map(|value| value.strip_prefix(&root)).map(str::to_owned));
            }
            Selector::Advanced(advanced) => {
                for (field, value) in Field::ALL.into_iter().zip(point) {
                    let conditions = advanced.field_selectors.iter().filter(|c| c.field == field.as_str());
                    for condition in conditions {
                        let values: Vec<&str> = value.as_deref().into_iter().collect();
                        if super::advanced::compare(condition, &values).value.is_yes() {
                            continue;
                        }
                        if field == Field::Arn && !condition.starts_with.is_empty() {
                            let prefixes =
                                condition.starts_with.iter().filter_map(|value| value.strip_prefix(&root));
                            below.extend(prefixes.map(str::to_owned));
                        }
                        phrases.extend(condition_in_words(field, condition, &values, &root));
                    }
                }
            }
        }
    }
    below.retain(|prefix| !prefix.is_empty());
    if !below.is_empty() {
        phrases.insert(0, format!("logs only keys below {}", quoted(&below)));
    }
    let mut seen = Vec::new();
    phrases.retain(|phrase| {
        let new = !seen.contains(phrase);
        seen.push(phrase.clone());
        new
    });
    phrases.truncate(MAX_LITERALS);
    phrases
}

/// The part of a condition that does not hold of a field's values. Prefixes of keys are told elsewhere.
fn condition_in_words(
    field: Field,
    condition: &FieldSelector,
    values: &[&str],
    root: &str,
) -> Option<String> {
    let subject = match field {
        Field::Arn => "keys",
        Field::Name => "operations",
        Field::Caller => "callers",
        Field::Console => "requests with `sessionCredentialFromConsole`",
    };
    let shown = |literals: &[String]| {
        let short: Vec<String> =
            literals.iter().map(|literal| literal.strip_prefix(root).unwrap_or(literal).to_owned()).collect();
        quoted(&short)
    };
    let any = |literals: &[String], test: fn(&str, &str) -> bool| {
        let hit: Vec<String> = literals
            .iter()
            .filter(|literal| values.iter().any(|value| test(value, literal)))
            .cloned()
            .collect();
        (!hit.is_empty()).then(|| shown(&hit))
    };
    let equal = |value: &str, literal: &str| value == literal;
    let starts = |value: &str, literal: &str| value.starts_with(literal);
    let ends = |value: &str, literal: &str| value.ends_with(literal);
    if let Some(literals) = any(&condition.not_equals, equal) {
        return Some(format!("leaves out {subject} {literals}"));
    }
    if let Some(literals) = any(&condition.not_starts_with, starts) {
        return Some(format!("leaves out {subject} that begin with {literals}"));
    }
    if let Some(literals) = any(&condition.not_ends_with, ends) {
        return Some(format!("leaves out {subject} that end with {literals}"));
    }
    let fails = |literals: &[String], test| !literals.is_empty() && any(literals, test).is_none();
    if fails(&condition.equals, equal) {
        return Some(format!("logs only {subject} {}", shown(&condition.equals)));
    }
    if fails(&condition.ends_with, ends) {
        return Some(format!("logs only {subject} that end with {}", shown(&condition.ends_with)));
    }
    if field != Field::Arn && fails(&condition.starts_with, starts) {
        return Some(format!("logs only {subject} that begin with {}", shown(&condition.starts_with)));
    }
    None
}

fn quoted(literals: &[String]) -> String {
    let mut names: Vec<String> =
        literals.iter().take(MAX_LITERALS).map(|literal| format!("`{literal}`")).collect();
    if literals.len() > MAX_LITERALS {
        names.push(format!("and {} more", literals.len() - MAX_LITERALS));
    }
    names.join(", ")
}

/// A-06, if a value has a `*` that this program takes for a plain character.
pub fn literal_wildcards(rules: &[Rule<'_>]) -> Assumptions {
    let wild = rules.iter().any(|rule| match rule.selector {
        Selector::Basic(selector) => selector
            .data_resources
            .iter()
            .any(|resource| resource.values.iter().any(|value| value.contains('*'))),
        Selector::Default | Selector::Advanced(_) => false,
    });
    wild.then_some(Assumption(6)).into_iter().collect()
}
