//! The policy file as the rest of the program asks it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::checks::{CheckDescription, CheckSettings};
use super::document;
use super::exceptions::ExceptionRule;
use super::gates::Gates;
use super::problem::{Place, PolicyError, Problem};
use super::remediation::RemediationLimits;
use super::sensitive::Sensitive;
use super::trust::Trust;
use super::units::UnitSettings;
use crate::catalogue::Severity;
use crate::semantics::verdict::Tri;

/// The policy file that is read if none is named, in the working directory.
pub const DEFAULT_FILE: &str = "exfilguard.yaml";

/// The role that AWS Organizations creates in member accounts.
pub const DEFAULT_ROLE: &str = "OrganizationAccountAccessRole";

/// The largest policy file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The organization's policy. [`PolicyFile::default`] is what holds without a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyFile {
    /// The file that was read; none for the built-in defaults.
    pub path: Option<PathBuf>,
    /// How to enter the organization, and how far.
    pub organization: OrganizationScope,
    /// Who is trusted besides the organization.
    pub trust: Trust,
    /// Which buckets hold sensitive data.
    pub sensitive: Sensitive,
    /// What the file says about single checks, by check id.
    pub checks: BTreeMap<String, CheckSettings>,
    /// Settings for the accounts below single organizational units or roots, by id.
    pub organizational_units: BTreeMap<String, UnitSettings>,
    /// Failures that are accepted, in the order of the file.
    pub exceptions: Vec<ExceptionRule>,
    /// What makes the audit fail.
    pub gates: Gates,
    /// How far changes may go.
    pub remediation: RemediationLimits,
}

/// How to enter the organization, and how far. The command line overrides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationScope {
    /// The role to assume in each member account.
    pub role: String,
    /// The external id to give with it.
    pub external_id: Option<ExternalId>,
    /// The regions to audit; empty means those that are enabled in each account.
    pub regions: Vec<String>,
    /// Accounts to leave out.
    pub exclude_accounts: Vec<String>,
}

impl Default for OrganizationScope {
    fn default() -> Self {
        Self {
            role: DEFAULT_ROLE.to_owned(),
            external_id: None,
            regions: Vec::new(),
            exclude_accounts: Vec::new(),
        }
    }
}

/// An external id: a secret that no log or report shows.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalId(String);

impl ExternalId {
    /// Keeps a secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret, for the call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(…)")
    }
}

impl PolicyFile {
    /// Reads the named policy file; without a name [`DEFAULT_FILE`] in the working directory, or the defaults if that
    /// does not exist.
    ///
    /// # Errors
    /// The file cannot be read, or has mistakes: all of them, with their places.
    pub fn load_or_default(
        path: Option<&Path>,
        known_checks: &[CheckDescription],
    ) -> Result<Self, PolicyError> {
        let Some(path) = path else {
            return match Self::load(Path::new(DEFAULT_FILE), known_checks) {
                Err(PolicyError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    Ok(Self::default())
                }
                other => other,
            };
        };
        Self::load(path, known_checks)
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// The file cannot be read, or has mistakes: all of them, with their places.
    pub fn load(path: &Path, known_checks: &[CheckDescription]) -> Result<Self, PolicyError> {
        let unreadable = |source| PolicyError::Unreadable { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let text = match text(bytes) {
            Ok(text) => text,
            Err((text, problem)) => return Err(PolicyError::invalid(path, text, vec![problem])),
        };
        let mut policy = Self::parse(path, text, known_checks)?;
        policy.path = Some(path.to_owned());
        Ok(policy)
    }

    /// Reads the text of a policy file; `path` is only for messages.
    ///
    /// # Errors
    /// All mistakes, with their places.
    pub fn parse(path: &Path, text: String, known_checks: &[CheckDescription]) -> Result<Self, PolicyError> {
        document::read(&text, known_checks).map_err(|problems| PolicyError::invalid(path, text, problems))
    }

    /// Whether a bucket is sensitive, by its name or its tags (`None`: they could not be read).
    #[must_use]
    pub fn is_sensitive(&self, bucket: &str, tags: Option<&BTreeMap<String, String>>) -> Tri {
        self.sensitive.bucket(bucket, tags)
    }

    /// Whether tags of buckets mean anything, here or in an organizational unit.
    #[must_use]
    pub fn looks_at_tags(&self) -> bool {
        let units = self.organizational_units.values();
        !self.sensitive.tags.is_empty() || units.into_iter().any(|unit| unit.sensitive.looks_at_tags())
    }

    /// What the file says about a check; the default settings if nothing.
    #[must_use]
    pub fn check(&self, id: &str) -> CheckSettings {
        self.checks.get(id).cloned().unwrap_or_default()
    }

    /// Whether a check runs.
    #[must_use]
    pub fn is_enabled(&self, check: &str) -> bool {
        self.checks.get(check).and_then(|settings| settings.enabled).unwrap_or(true)
    }

    /// The severity of a check whose own severity is `own`.
    #[must_use]
    pub fn severity(&self, check: &str, own: Severity) -> Severity {
        let settings = self.checks.get(check);
        settings.and_then(|settings| settings.severity).unwrap_or(own)
    }

    /// The parameters of a check as it sees them below `data.parameters`: the file's values, else the defaults.
    /// Durations are numbers of seconds.
    #[must_use]
    pub fn parameters(&self, check: &CheckDescription) -> serde_json::Map<String, Json> {
        let settings = self.check(&check.id);
        check
            .parameters
            .iter()
            .map(|(name, description)| {
                let value = settings
                    .parameters
                    .get(name)
                    .map_or_else(|| default(description), |value| value.to_json());
                (name.clone(), value)
            })
            .collect()
    }
}

fn default(description: &super::checks::ParameterDescription) -> Json {
    description
        .kind
        .read(&description.default)
        .map_or_else(|_| description.default.clone(), |value| value.to_json())
}

/// The text of a file's bytes, or what is readable of it with the problem.
fn text(bytes: Vec<u8>) -> Result<String, (String, Problem)> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        let problem = Problem::new(Place::default(), format!("larger than {} KiB", MAX_BYTES / 1024));
        return Err((String::new(), problem));
    }
    String::from_utf8(bytes).map_err(|error| {
        let start = error.utf8_error().valid_up_to();
        let problem = Problem::new(Place { start, length: 0 }, "not UTF-8 from here on")
            .with_help("save the file as UTF-8");
        (String::from_utf8_lossy(error.as_bytes()).into_owned(), problem)
    })
}
