//! The patterns of `Resource` and `NotResource`.

use crate::semantics::verdict::Tri;

use super::glob::Glob;
use super::template::{Keys, Resolved, Template};

/// A resource's ARN with wildcards and variables, or `*`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePattern {
    template: Template,
    /// The part-by-part reading, where it may differ from the reading of the whole text.
    parts: Option<Vec<Glob>>,
}

impl ResourcePattern {
    /// The pattern `*`.
    #[must_use]
    pub fn everything() -> Self {
        Self::of(Template::wildcard())
    }

    /// Reads a pattern. `variables` says whether the document's version has policy variables.
    ///
    /// # Errors
    /// A clause about a `${` that is no variable.
    pub fn parse(text: &str, variables: bool) -> Result<Self, String> {
        Template::parse(text, variables, true).map(Self::of)
    }

    fn of(template: Template) -> Self {
        let parts = template.as_glob().and_then(|glob| split(&glob));
        Self { template, parts }
    }

    /// The pattern as written, with its variables.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Whether a resource's ARN matches.
    ///
    /// `*` crosses `/` and `:`. AWS also says that a wildcard does not cross the first five colons and that an
    /// incomplete ARN is filled up with wildcards; where those rules come to another result, it is unknown.
    pub fn matches(&self, arn: &str, keys: &impl Keys) -> Tri {
        if let Some(text) = self.template.as_text()
            && self.parts.is_none()
        {
            return Tri::from(text == arn);
        }
        match self.template.resolve(keys) {
            Resolved::Unknown => Tri::Unknown,
            Resolved::Nothing => Tri::No,
            Resolved::Pattern(glob, other) => {
                let mut outcome = Tri::from(glob.matches(arn));
                let others = [
                    self.parts.as_ref().map(|parts| parts_match(parts, arn)),
                    other.map(|other| other.matches(arn)),
                ];
                for other in others.into_iter().flatten() {
                    if outcome != Tri::from(other) {
                        outcome = Tri::Unknown;
                    }
                }
                outcome
            }
        }
    }
}

fn split(glob: &Glob) -> Option<Vec<Glob>> {
    if glob.matches_everything() || (glob.colons() >= 5 && !glob.has_wildcard_before_part(6)) {
        return None;
    }
    let mut parts = glob.split_at_colons(6);
    while parts.len() < 6 {
        parts.push(Glob::new("*"));
    }
    Some(parts)
}

fn parts_match(parts: &[Glob], arn: &str) -> bool {
    let actual: Vec<&str> = arn.splitn(6, ':').collect();
    actual.len() == 6 && parts.iter().zip(actual).all(|(part, actual)| part.matches(actual))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and what it unwraps is what it asserts"
    )]
    use super::super::context::ContextValue;
    use super::*;

    struct NoKeys;

    impl Keys for NoKeys {
        fn key(&self, _: &str) -> &ContextValue {
            &ContextValue::Absent
        }
    }

    #[test]
    fn both_readings_of_a_wildcard_must_agree() {
        let arn = "arn:aws:s3:::bucket/key";
        for (pattern, expected) in [
            ("*", Tri::Yes),
            ("arn:aws:s3:::bucket/*", Tri::Yes),
            ("arn:aws:s3:::bucket", Tri::No),
            ("arn:aws:s3:::*", Tri::Yes),
            ("arn:*:s3:::bucket*", Tri::Yes),
            ("arn:aws:s3:*", Tri::Yes),
            ("arn:*", Tri::Yes),
            ("arn:aws:s3*key", Tri::Unknown),
            ("arn:aws:sqs*", Tri::No),
            ("arn:aws:s3:::Bucket/*", Tri::No),
            ("arn:aws:s3:::${aws:username}*", Tri::No),
        ] {
            let pattern_read = ResourcePattern::parse(pattern, true).unwrap();
            assert_eq!(pattern_read.matches(arn, &NoKeys), expected, "{pattern}");
        }
    }
}
