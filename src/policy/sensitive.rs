//! Which buckets hold sensitive data.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::semantics::verdict::Tri;

/// The longest pattern; a bucket's name has at most 63 characters.
const MAX_PATTERN: usize = 128;

/// The most patterns.
const MAX_PATTERNS: usize = 1000;

/// Sensitive buckets by tag and by name.
#[derive(Debug, Clone, Default)]
pub struct Sensitive {
    /// Tag keys with the values that mean sensitive. Both are compared exactly, as AWS does.
    pub tags: BTreeMap<String, BTreeSet<String>>,
    /// The patterns for bucket names as written.
    patterns: Vec<String>,
    names: GlobSet,
    /// Whether an organizational unit may have a say of its own, but it is not known which unit.
    undetermined: bool,
}

/// What an organizational unit says is sensitive, instead of what the file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SensitiveOverride {
    /// Instead of the tags.
    pub(super) tags: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Instead of the patterns for bucket names; the tags of it are empty.
    pub(super) buckets: Option<Sensitive>,
}

impl SensitiveOverride {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_none() && self.buckets.is_none()
    }

    /// Whether it names tags.
    #[must_use]
    pub fn looks_at_tags(&self) -> bool {
        self.tags.as_ref().is_some_and(|tags| !tags.is_empty())
    }
}

impl PartialEq for Sensitive {
    fn eq(&self, other: &Self) -> bool {
        self.tags == other.tags && self.patterns == other.patterns && self.undetermined == other.undetermined
    }
}

impl Sensitive {
    /// Sensitive are buckets with one of these tags or whose name matches one of these patterns.
    ///
    /// # Errors
    /// A message if the patterns together are too large to compile.
    pub(super) fn new(tags: BTreeMap<String, BTreeSet<String>>, patterns: Vec<Glob>) -> Result<Self, String> {
        if patterns.len() > MAX_PATTERNS {
            return Err(format!("more than {MAX_PATTERNS} patterns"));
        }
        let mut names = GlobSetBuilder::new();
        let mut written = Vec::new();
        for pattern in patterns {
            written.push(pattern.glob().to_owned());
            names.add(pattern);
        }
        let names = names.build().map_err(|error| format!("the patterns cannot be compiled: {error}"))?;
        Ok(Self { tags, patterns: written, names, undetermined: false })
    }

    /// Puts what `nearer` says in the place of what this says, key by key.
    pub(super) fn override_with(&mut self, nearer: &SensitiveOverride) {
        if let Some(tags) = &nearer.tags {
            self.tags.clone_from(tags);
        }
        if let Some(buckets) = &nearer.buckets {
            self.patterns.clone_from(&buckets.patterns);
            self.names = buckets.names.clone();
        }
    }

    /// The answer for every bucket becomes unknown.
    pub(super) fn undetermined() -> Self {
        Self { undetermined: true, ..Self::default() }
    }

    /// The patterns for bucket names, as written.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether the policy file names anything sensitive at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.patterns.is_empty() && !self.undetermined
    }

    /// Whether a bucket is sensitive. Without its tags (`None`: they could not be read) a bucket whose name does not
    /// match is unknown, unless no tag means sensitive.
    #[must_use]
    pub fn bucket(&self, name: &str, tags: Option<&BTreeMap<String, String>>) -> Tri {
        if self.undetermined {
            return Tri::Unknown;
        }
        if self.names.is_match(name) {
            return Tri::Yes;
        }
        if self.tags.is_empty() {
            return Tri::No;
        }
        match tags {
            Some(tags) => self.has_sensitive_tag(tags).into(),
            None => Tri::Unknown,
        }
    }

    fn has_sensitive_tag(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.iter().any(|(key, value)| self.tags.get(key).is_some_and(|values| values.contains(value)))
    }
}

/// Compiles one pattern for bucket names: `*`, `?`, `[…]` and `{a,b}`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn pattern(text: &str) -> Result<Glob, String> {
    if text.is_empty() {
        return Err("a pattern must not be empty".to_owned());
    }
    if text.len() > MAX_PATTERN {
        return Err(format!("a pattern has at most {MAX_PATTERN} characters"));
    }
    GlobBuilder::new(text)
        .backslash_escape(true)
        .build()
        .map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))
}
