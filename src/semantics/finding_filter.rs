//! Whether a filter of GuardDuty matches a finding (`guardduty:CreateFilter`; `aws-semantics.md` 4.3).
//!
//! All fields of a filter must hold; within `equals` one value is enough, within `notEquals` none may be equal. A finding
//! without the field is not equal to anything ([A-10](Assumption)).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::verdict::{Assumption, Verdict};

/// A filter of a detector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingFilter {
    /// The filter's name.
    pub name: String,
    /// `ARCHIVE` suppresses what matches, `NOOP` only shows it.
    pub action: String,
    /// The conditions by field, such as `type` or `resource.s3BucketDetails.name`.
    pub criteria: BTreeMap<String, Condition>,
}

/// The conditions on one field; all that are given must hold. Deprecated spellings (`eq`, `gt`, …) are read into these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// The field equals one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// The field equals none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// The field matches one of these, in which `*` and `?` are wildcards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<String>,
    /// The field matches none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_matches: Vec<String>,
    /// The field is larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greater_than: Option<i64>,
    /// The field is at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greater_than_or_equal: Option<i64>,
    /// The field is smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub less_than: Option<i64>,
    /// The field is at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub less_than_or_equal: Option<i64>,
}

impl FindingFilter {
    /// Whether GuardDuty archives what matches, and so publishes it nowhere.
    #[must_use]
    pub fn suppresses(&self) -> bool {
        self.action == "ARCHIVE"
    }

    /// Whether the filter matches a finding, as it stands in the event's `detail`.
    #[must_use]
    pub fn matches(&self, finding: &Value) -> Verdict {
        let mut all = Verdict::yes(format!("filter `{}` matches it", self.name));
        for (field, condition) in &self.criteria {
            let verdict = holds(finding, field, condition);
            if verdict.value.is_no() {
                return Verdict { reason: format!("filter `{}`: {}", self.name, verdict.reason), ..verdict };
            }
            let reason = if verdict.value.is_unknown() { verdict.reason.clone() } else { all.reason.clone() };
            all = Verdict { reason, ..all.and(verdict) };
        }
        all
    }
}

fn holds(finding: &Value, field: &str, condition: &Condition) -> Verdict {
    let values = values(finding, field);
    let texts: Vec<String> = values.iter().filter_map(|value| text(value)).collect();
    let one_of = |list: &[String]| list.iter().any(|wanted| texts.contains(wanted));
    let fits = |list: &[String]| list.iter().any(|pattern| texts.iter().any(|text| wildcard(pattern, text)));
    let mut holds = true;
    holds &= condition.equals.is_empty() || one_of(&condition.equals);
    holds &= condition.not_equals.is_empty() || !one_of(&condition.not_equals);
    holds &= condition.matches.is_empty() || fits(&condition.matches);
    holds &= condition.not_matches.is_empty() || !fits(&condition.not_matches);
    let bounds = [
        (condition.greater_than, std::cmp::Ordering::Greater, false),
        (condition.greater_than_or_equal, std::cmp::Ordering::Greater, true),
        (condition.less_than, std::cmp::Ordering::Less, false),
        (condition.less_than_or_equal, std::cmp::Ordering::Less, true),
    ];
    for (bound, order, inclusive) in bounds {
        let Some(bound) = bound else { continue };
        // Times of a synthetic finding are of no meaning: a bound on them may hold or not.
        if matches!(field, "updatedAt" | "createdAt" | "service.eventFirstSeen" | "service.eventLastSeen") {
            return Verdict::unknown(format!("it depends on the time in `{field}`"));
        }
        holds &= values.iter().filter_map(|value| value.as_f64()).any(|number| {
            let compared = number.total_cmp(&(bound as f64));
            compared == order || (inclusive && compared == std::cmp::Ordering::Equal)
        });
    }
    let verdict = Verdict::new(holds, format!("`{field}` {}", if holds { "fits" } else { "does not fit" }));
    let documented = !values.is_empty() && condition.matches.is_empty() && condition.not_matches.is_empty();
    if documented { verdict } else { verdict.assuming(Assumption(10)) }
}

/// The values at a path; each element of an array on the way counts.
fn values<'a>(finding: &'a Value, field: &str) -> Vec<&'a Value> {
    let mut at = vec![finding];
    for step in field.split('.') {
        let next = at.into_iter().filter_map(|value| value.get(step));
        at = next
            .flat_map(|value| match value {
                Value::Array(elements) => elements.iter().collect(),
                other => vec![other],
            })
            .collect();
    }
    at
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// `*` is any run of characters, `?` any one: the shortest way, without recursion.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::verdict::Tri;
    use serde_json::json;

    fn finding() -> Value {
        json!({"type": "Exfiltration:S3/AnomalousBehavior", "severity": 8, "accountId": "111122223333",
            "service": {"archived": false},
            "resource": {"s3BucketDetails": [{"name": "ledger"}, {"name": "other"}]}})
    }

    fn filter(field: &str, condition: Condition) -> FindingFilter {
        FindingFilter {
            name: "f".into(),
            action: "ARCHIVE".into(),
            criteria: BTreeMap::from([(field.to_owned(), condition)]),
        }
    }

    fn of(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn matched(field: &str, condition: Condition) -> Tri {
        filter(field, condition).matches(&finding()).value
    }

    #[test]
    fn equal_to_one_and_to_none() {
        let kind = "Exfiltration:S3/AnomalousBehavior";
        assert_eq!(matched("type", Condition { equals: of(&["x", kind]), ..Condition::default() }), Tri::Yes);
        assert_eq!(matched("type", Condition { not_equals: of(&[kind]), ..Condition::default() }), Tri::No);
        assert_eq!(
            matched("service.archived", Condition { equals: of(&["false"]), ..Condition::default() }),
            Tri::Yes
        );
        assert_eq!(
            matched(
                "resource.s3BucketDetails.name",
                Condition { equals: of(&["other"]), ..Condition::default() }
            ),
            Tri::Yes
        );
    }

    #[test]
    fn a_field_that_lacks_equals_nothing() {
        assert_eq!(matched("region", Condition { equals: of(&["x"]), ..Condition::default() }), Tri::No);
        assert_eq!(matched("region", Condition { not_equals: of(&["x"]), ..Condition::default() }), Tri::Yes);
    }

    #[test]
    fn wildcards_and_numbers() {
        assert_eq!(matched("type", Condition { matches: of(&["*:S3/*"]), ..Condition::default() }), Tri::Yes);
        assert_eq!(
            matched("type", Condition { not_matches: of(&["Exfil*"]), ..Condition::default() }),
            Tri::No
        );
        assert_eq!(matched("severity", Condition { less_than: Some(7), ..Condition::default() }), Tri::No);
        assert_eq!(
            matched("severity", Condition { greater_than_or_equal: Some(8), ..Condition::default() }),
            Tri::Yes
        );
        assert_eq!(
            matched("updatedAt", Condition { less_than: Some(7), ..Condition::default() }),
            Tri::Unknown
        );
        assert!(!wildcard("a?c", "ac") && wildcard("a*b*c", "axxbyyc") && !wildcard("a*b", "axc"));
    }

    #[test]
    fn a_filter_without_criteria_matches_everything() {
        assert_eq!(FindingFilter::default().matches(&finding()).value, Tri::Yes);
        let two = FindingFilter {
            criteria: BTreeMap::from([
                ("accountId".to_owned(), Condition { equals: of(&["111122223333"]), ..Condition::default() }),
                ("type".to_owned(), Condition { equals: of(&["Policy:S3/x"]), ..Condition::default() }),
            ]),
            ..FindingFilter::default()
        };
        assert_eq!(two.matches(&finding()).value, Tri::No);
    }
}
