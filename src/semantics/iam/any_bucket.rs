//! When policies treat buckets alike: what of a bucket's name their patterns look at.
//!
//! Buckets that are made by one template differ in their names alone. Where no pattern of `Resource` or `NotResource` that
//! a request meets tells their names apart, what is decided for one is decided for all: it is found out once, for
//! [`ANY_BUCKET`], and told of each under its own name ([`of_bucket`]). Nothing else of a request is made of a bucket's
//! name.

use serde_json::Value;

use super::document::PolicyDocument;
use super::glob::Glob;
use super::resource::ResourcePattern;
use crate::semantics::verdict::Verdict;

/// The name that stands for that of any bucket.
pub const ANY_BUCKET: &str = "exfilguard-any-bucket";

/// What of a bucket's name decides whether a pattern of `Resource` or `NotResource` matches the bucket or its objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LooksAt {
    /// It matches those of every bucket, or of none.
    Nothing,
    /// The whole name.
    Whole(String),
    /// How the name begins; those that begin otherwise are never matched.
    Beginning(String),
    /// More than is worth finding out.
    Unclear,
}

impl LooksAt {
    /// What a pattern looks at. `arns` is how the ARNs of buckets begin, such as `arn:aws:s3:::`.
    #[must_use]
    pub fn of(pattern: &str, arns: &str) -> Self {
        if pattern == "*" {
            return Self::Nothing;
        }
        let variable = pattern.find("${");
        let end = pattern.find(['*', '?']).into_iter().chain(variable).min().unwrap_or(pattern.len());
        let (fixed, _) = pattern.split_at(end);
        let Some(name) = fixed.strip_prefix(arns) else {
            // Where texts already differ no wildcard behind them mends it.
            let every = variable.is_none() && arns.starts_with(fixed) && matches_all_below(pattern, arns);
            return if every || !arns.starts_with(fixed) { Self::Nothing } else { Self::Unclear };
        };
        match (pattern.strip_prefix(arns), name.split_once('/')) {
            (Some("*" | "*/*"), _) => Self::Nothing,
            (_, Some((whole, _))) => Self::Whole(whole.to_owned()),
            _ if fixed == pattern => Self::Whole(name.to_owned()),
            _ => Self::Beginning(name.to_owned()),
        }
    }

    /// Whether the pattern may treat a bucket of this name otherwise than [`ANY_BUCKET`].
    #[must_use]
    pub fn tells_apart(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Whole(whole) => whole == name || whole == ANY_BUCKET,
            Self::Beginning(beginning) => name.starts_with(beginning) || ANY_BUCKET.starts_with(beginning),
            Self::Unclear => true,
        }
    }
}

/// Whether a pattern matches whatever begins with `arns`: what stands before its last `*` matches a beginning of it.
fn matches_all_below(pattern: &str, arns: &str) -> bool {
    let Some(head) = pattern.strip_suffix('*').map(Glob::new) else { return false };
    let beginnings = arns.char_indices().map(|(end, _)| end).chain([arns.len()]);
    beginnings.filter_map(|end| arns.get(..end)).any(|beginning| head.matches(beginning))
}

/// The policy of a bucket as [`ANY_BUCKET`] would have it.
#[derive(Debug, Clone, PartialEq)]
pub struct OfAnyBucket {
    /// The policy.
    pub document: PolicyDocument,
    /// In how many patterns the name was replaced.
    pub replaced: usize,
    /// What the other patterns look at.
    pub looks_at: Vec<LooksAt>,
}

impl OfAnyBucket {
    /// Puts [`ANY_BUCKET`] where the bucket's own name stands. `arns` is how the ARNs of buckets begin.
    #[must_use]
    pub fn new(document: &PolicyDocument, arns: &str, name: &str) -> Self {
        let mut of_any = Self { document: document.clone(), replaced: 0, looks_at: Vec::new() };
        let statements = of_any.document.statements.iter_mut();
        let elements = statements.filter_map(|statement| statement.resource.as_mut());
        for pattern in elements.flat_map(|element| &mut element.patterns) {
            let source = pattern.template().source();
            let own = behind_name(source, arns, name)
                .and_then(|behind| ResourcePattern::parse(&format!("{arns}{ANY_BUCKET}{behind}"), true).ok());
            match own {
                Some(own) => {
                    *pattern = own;
                    of_any.replaced += 1;
                }
                None => of_any.looks_at.push(LooksAt::of(source, arns)),
            }
        }
        of_any
    }

    /// Whether a pattern may treat a bucket of this name otherwise than [`ANY_BUCKET`].
    #[must_use]
    pub fn tells_apart(&self, name: &str) -> bool {
        self.looks_at.iter().any(|looks_at| looks_at.tells_apart(name))
    }
}

/// What stands behind the name in a pattern of the bucket itself, of its objects, or of whatever begins with its name;
/// nothing for another pattern, and for one whose meaning does not end there.
fn behind_name<'a>(pattern: &'a str, arns: &str, name: &str) -> Option<&'a str> {
    let behind = pattern.strip_prefix(arns)?.strip_prefix(name)?;
    let whole = behind.is_empty() || behind == "*" || behind.starts_with('/');
    (whole && !pattern.contains("${") && !behind.contains(name)).then_some(behind)
}

/// What was found out for [`ANY_BUCKET`], told of a bucket of this name.
#[must_use]
pub fn of_bucket(verdict: &Verdict, name: &str) -> Verdict {
    Verdict {
        value: verdict.value,
        reason: verdict.reason.replace(ANY_BUCKET, name),
        witness: verdict.witness.as_ref().map(|witness| replaced(witness, ANY_BUCKET, name)),
        assumptions: verdict.assumptions.clone(),
    }
}

/// JSON with one text in the place of another, in every value.
#[must_use]
pub fn replaced(value: &Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(from, to)),
        Value::Array(items) => items.iter().map(|item| replaced(item, from, to)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(field, value)| (field.clone(), replaced(value, from, to))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use proptest::prelude::*;

    use super::super::context::ContextValue;
    use super::super::template::Keys;
    use super::*;

    const ARNS: &str = "arn:aws:s3:::";

    #[test]
    fn what_patterns_look_at() {
        let whole = |name: &str| LooksAt::Whole(name.to_owned());
        let beginning = |name: &str| LooksAt::Beginning(name.to_owned());
        for (pattern, expected) in [
            ("*", LooksAt::Nothing),
            ("arn:aws:s3:::*", LooksAt::Nothing),
            ("arn:aws:s3:::*/*", LooksAt::Nothing),
            ("arn:*:s3:::*", LooksAt::Nothing),
            ("arn:aws:s3*", LooksAt::Nothing),
            ("arn:*", LooksAt::Nothing),
            ("arn:aws:sqs:*:*:*", LooksAt::Nothing),
            ("arn:aws:s3:eu-west-1:111122223333:accesspoint/*", LooksAt::Nothing),
            ("arn:aws:s3:::logs", whole("logs")),
            ("arn:aws:s3:::logs/*", whole("logs")),
            ("arn:aws:s3:::logs/${aws:username}/*", whole("logs")),
            ("arn:aws:s3:::logs-*", beginning("logs-")),
            ("arn:aws:s3:::logs?/*", beginning("logs")),
            ("arn:aws:s3:::*-logs", beginning("")),
            ("arn:aws:s3:::${aws:username}", beginning("")),
            ("arn:aws:s3", LooksAt::Unclear),
            ("arn:*:s3:::logs*", LooksAt::Unclear),
            ("arn:*:s3:::*logs", LooksAt::Unclear),
        ] {
            assert_eq!(LooksAt::of(pattern, ARNS), expected, "{pattern}");
        }
    }

    struct Somebody;

    impl Keys for Somebody {
        fn key(&self, key: &str) -> &ContextValue {
            static NAME: std::sync::LazyLock<ContextValue> =
                std::sync::LazyLock::new(|| ContextValue::one("alice"));
            if key == "aws:username" { &NAME } else { &ContextValue::Absent }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// A pattern that does not tell a name from that of any bucket matches the same of both.
        #[test]
        fn what_is_not_told_apart_is_matched_alike(
            head in prop::sample::select(vec!["", "arn:aws:s3:::", "arn:*:s3:::", "arn:aws:s3", "arn:aws:s3:*", "a*", "arn:aws:sqs:*:"]),
            tail in "[a-z*?/-]{0,6}|\\$\\{aws:username\\}[a*/]{0,2}|logs|logs/\\*|exfilguard-any-bucket/\\*",
            name in "[a-z-]{1,4}|logs|alice|exfilguard",
            key in "(/[a-z]{0,3}){0,2}",
        ) {
            let pattern = format!("{head}{tail}");
            let Ok(read) = ResourcePattern::parse(&pattern, true) else { return Ok(()) };
            if !LooksAt::of(&pattern, ARNS).tells_apart(&name) {
                let of = |name: &str| read.matches(&format!("{ARNS}{name}{key}"), &Somebody);
                prop_assert_eq!(of(&name), of(ANY_BUCKET), "{} for {}", pattern, name);
            }
        }

        /// A pattern in which the name was replaced matches of any bucket what it matched of the bucket.
        #[test]
        fn what_is_replaced_means_the_same(
            behind in "(/[a-z*?/]{0,4})?|\\*",
            name in "[a-z-]{1,4}",
            key in "(/[a-z]{0,3}){0,2}",
        ) {
            let text = format!("{ARNS}{name}{behind}");
            let policy = serde_json::json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": text}]});
            let document = PolicyDocument::from_value(&policy).unwrap();
            let any = OfAnyBucket::new(&document, ARNS, &name);
            // Nor is it replaced where it stands once more behind.
            if any.replaced != 1 {
                return Ok(());
            }
            let any = any.document;
            let matches = |document: &PolicyDocument, name: &str| {
                let pattern = &document.statements[0].resource.as_ref().unwrap().patterns[0];
                pattern.matches(&format!("{ARNS}{name}{key}"), &Somebody)
            };
            prop_assert_eq!(matches(&document, &name), matches(&any, ANY_BUCKET), "{}", text);
        }
    }

    #[test]
    fn a_policy_that_looks_at_more_is_left_alone() {
        let with = |resource: &str| {
            let policy = serde_json::json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": [resource, "arn:aws:s3:::crown/*"]}]});
            let any = OfAnyBucket::new(&PolicyDocument::from_value(&policy).unwrap(), ARNS, "crown");
            (!any.tells_apart("crown")).then_some(any.replaced)
        };
        assert_eq!(with("arn:aws:s3:::crown"), Some(2));
        assert_eq!(with("arn:aws:s3:::other"), Some(1));
        for unclear in
            ["arn:aws:s3:::crow*", "arn:aws:s3:::*-jewels", "arn:aws:s3:::crown/crown/*", "arn:*:s3:::crown"]
        {
            assert_eq!(with(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn what_was_found_out_is_told_under_the_buckets_name() {
        let found = Verdict::no(format!("s3:GetObject on arn:aws:s3:::{ANY_BUCKET}/a is allowed"))
            .with_witness(serde_json::json!({"resource": [format!("arn:aws:s3:::{ANY_BUCKET}/a")]}));
        let told = of_bucket(&found, "crown");
        assert_eq!(told.reason, "s3:GetObject on arn:aws:s3:::crown/a is allowed");
        assert_eq!(told.witness.unwrap()["resource"][0], "arn:aws:s3:::crown/a");
    }
}
