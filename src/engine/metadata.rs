//! METADATA of a check: the comment block before `package`, read into a type that denies unknown fields.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::LoadError;
use super::source::Source;
use crate::catalogue::{Area, REMEDIATIONS, ResourceKind, Severity};
use crate::policy::ParameterDescription;

/// What a check says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The stable id, kebab-case.
    pub id: String,
    /// The good state in one sentence.
    pub title: String,
    /// Why it matters, for a security engineer.
    pub description: String,
    /// Where to read on.
    pub related_resources: Vec<RelatedResource>,
    /// The topic.
    pub area: Area,
    /// The kind of resource that is judged.
    pub resource: ResourceKind,
    /// How bad a failure is.
    pub severity: Severity,
    /// The version of exfilguard that first had it.
    pub since: String,
    /// Where it is in its life.
    pub status: Lifecycle,
    /// The kind of change that mends a failure.
    pub remediation: Option<String>,
    /// How to mend a failure by hand: sentences, and the calls of the AWS command line, as Markdown.
    pub mend: Option<String>,
    /// The AWS operations whose answers decide, as `service:Operation`, sorted.
    pub calls: Vec<String>,
    /// Ids that it once had.
    pub aliases: Vec<String>,
    /// What the policy file may set.
    pub parameters: BTreeMap<String, ParameterDescription>,
    /// Why a resource without any entry of a list passes, if that is meant.
    pub empty_passes: Option<String>,
}

impl Metadata {
    /// Whether the check has this id, or once had it.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        self.id == id || self.aliases.iter().any(|alias| alias == id)
    }
}

/// A document to read on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelatedResource {
    /// The address.
    pub r#ref: String,
    /// What it is about.
    #[serde(default)]
    pub description: Option<String>,
}

/// Where a check is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// New: its verdicts may still change.
    Preview,
    /// Relied on.
    Stable,
    /// About to go.
    Deprecated,
}

impl std::fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Preview => "preview",
            Self::Stable => "stable",
            Self::Deprecated => "deprecated",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    title: String,
    description: String,
    #[serde(default)]
    related_resources: Vec<RelatedResource>,
    custom: Custom,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    id: String,
    area: Area,
    resource: ResourceKind,
    severity: Severity,
    since: String,
    status: Lifecycle,
    #[serde(default)]
    remediation: Option<String>,
    #[serde(default)]
    mend: Option<String>,
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    parameters: BTreeMap<String, ParameterDescription>,
    #[serde(default)]
    empty_is: Option<EmptyIs>,
    #[serde(default)]
    empty_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EmptyIs {
    Pass,
}

/// Reads the METADATA of a module.
///
/// # Errors
/// There is none, it is no YAML of the published form, or it contradicts the file's name.
pub fn read(source: &Source) -> Result<Metadata, LoadError> {
    let (first_line, yaml) = block(source)?;
    let annotations: Annotations = serde_saphyr::from_str(&yaml).map_err(|error| {
        let location = error.location();
        let place = location.map_or((first_line, 0), |location| {
            // Lines of the block are lines of the file; two columns are the comment's `# `.
            let line = u32::try_from(location.line()).unwrap_or_default();
            let column = u32::try_from(location.column()).unwrap_or_default();
            (first_line + line.saturating_sub(1), column + 2)
        });
        let message = error.to_string();
        let message = message.lines().next().unwrap_or_default().to_owned();
        LoadError::at(&source.path, place, format!("METADATA: {message}"))
            .with_help("the keys of METADATA are described in checks/README.md")
    })?;
    let metadata = annotations.into_metadata(source, first_line)?;
    agrees(source, first_line, &metadata)?;
    Ok(metadata)
}

/// The comment block that begins with `# METADATA`: the line after it, and its text.
fn block(source: &Source) -> Result<(u32, String), LoadError> {
    let mut lines = source.text.lines().enumerate();
    let found = lines.find(|(_, line)| line.trim_end() == "# METADATA");
    let Some((start, _)) = found else {
        return Err(LoadError::file(&source.path, "the module has no METADATA")
            .with_help("begin the file with `# METADATA`; checks/README.md has an example"));
    };
    let yaml: Vec<&str> = lines
        .map_while(|(_, line)| line.strip_prefix('#'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    Ok((u32::try_from(start + 2).unwrap_or(u32::MAX), yaml.join("\n")))
}

impl Annotations {
    fn into_metadata(self, source: &Source, line: u32) -> Result<Metadata, LoadError> {
        let custom = self.custom;
        let fail = |message: &str| LoadError::at(&source.path, (line, 0), format!("METADATA: {message}"));
        let empty_passes = match (custom.empty_is, custom.empty_reason) {
            (Some(EmptyIs::Pass), Some(reason)) if !reason.trim().is_empty() => Some(reason),
            (None, None) => None,
            (Some(EmptyIs::Pass), _) => return Err(fail("`empty_is: pass` needs `empty_reason`")),
            (None, Some(_)) => return Err(fail("`empty_reason` needs `empty_is: pass`")),
        };
        Ok(Metadata {
            id: custom.id,
            title: self.title.trim().to_owned(),
            description: self.description.trim().to_owned(),
            related_resources: self.related_resources,
            area: custom.area,
            resource: custom.resource,
            severity: custom.severity,
            since: custom.since,
            status: custom.status,
            remediation: custom.remediation,
            mend: custom.mend.map(|text| text.trim().to_owned()),
            calls: custom.calls,
            aliases: custom.aliases,
            parameters: custom.parameters,
            empty_passes,
        })
    }
}

/// Holds METADATA against the file's name and the closed lists.
fn agrees(source: &Source, line: u32, metadata: &Metadata) -> Result<(), LoadError> {
    let fail = |message: String| Err(LoadError::at(&source.path, (line, 0), format!("METADATA: {message}")));
    let kebab = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !kebab(&metadata.id) {
        return fail(format!("the id `{}` is not in kebab-case", metadata.id));
    }
    if metadata.id.replace('-', "_") != source.stem() {
        return fail(format!("the id `{}` is not the file's name `{}`", metadata.id, source.stem()));
    }
    if source.parent() != metadata.area.as_str() {
        return fail(format!("the area `{}` is not the folder's name `{}`", metadata.area, source.parent()));
    }
    if metadata.title.is_empty() || metadata.description.is_empty() {
        return fail("title and description must say something".to_owned());
    }
    if let Some(remediation) = &metadata.remediation
        && !REMEDIATIONS.contains(&remediation.as_str())
    {
        return fail(format!("`{remediation}` is no kind of change; allowed: {}", REMEDIATIONS.join(", ")));
    }
    for (name, parameter) in &metadata.parameters {
        if let Err(problem) = parameter.kind.read(&parameter.default) {
            return fail(format!("the default of parameter `{name}` {problem}"));
        }
    }
    Ok(())
}
