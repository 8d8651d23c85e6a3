//! Techniques as data: what a thief does, what it leaves behind, and what would have to be allowed.
//!
//! Each file of `techniques/` is one technique of `aws-semantics.md` section 8. A folder of the user's may add some.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

/// The largest technique file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// A way of taking data out of a bucket.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Technique {
    /// `T-01` …; a user's own begin with another letter, such as `X-01`.
    pub id: String,
    /// What the thief does, in a few words.
    pub title: String,
    /// What makes it worth a line of its own, for a security engineer.
    pub description: String,
    /// MITRE ATT&CK ids, Enterprise matrix, for example `T1530`.
    pub attack: Vec<String>,
    /// How much it counts in the simulation score, 0 to 10 (`aws-semantics.md` 8, `tw`).
    pub weight: u8,
    /// The alternative ways of doing it. It is prevented if each of them is.
    pub chains: Vec<Chain>,
    /// Finding types that GuardDuty may raise for it.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Pages that describe it.
    #[serde(default)]
    pub references: Vec<String>,
}

/// One way of doing it: steps that must all succeed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// What tells it from the other chains.
    pub name: String,
    /// The steps in order. The chain is prevented if one of them is.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the thief does.
    pub name: String,
    /// The CloudTrail record that it leaves in the owner's account; none where AWS writes none there.
    #[serde(default)]
    pub event: Option<Event>,
    /// How often.
    #[serde(default)]
    pub occurs: Occurs,
    /// What must be allowed. All attempts of a step must succeed.
    #[serde(default)]
    pub requests: Vec<Attempt>,
}

/// How often a step happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occurs {
    /// One request does it.
    #[default]
    Once,
    /// Thousands of requests within minutes.
    Bulk,
    /// As many as no alarm notices, spread evenly.
    Drip,
}

/// The kind of a CloudTrail event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A data event that reads.
    DataRead,
    /// A data event that writes.
    DataWrite,
    /// A management event that reads.
    ManagementRead,
    /// A management event that writes.
    ManagementWrite,
}

impl Class {
    /// Whether it is a data event.
    #[must_use]
    pub fn is_data(self) -> bool {
        matches!(self, Self::DataRead | Self::DataWrite)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::DataRead | Self::ManagementRead)
    }
}

/// A CloudTrail record in outline; [`super::record`] fills it in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `eventName`.
    pub name: String,
    /// `eventSource`.
    #[serde(default = "s3")]
    pub source: String,
    /// The kind of event.
    pub class: Class,
    /// Whose bucket the record is about.
    #[serde(default)]
    pub bucket: Whose,
    /// Who calls.
    #[serde(default)]
    pub caller: Caller,
    /// How the request is signed.
    #[serde(default)]
    pub signed: Signed,
    /// From which network.
    #[serde(default)]
    pub from: Network,
}

fn s3() -> String {
    "s3.amazonaws.com".to_owned()
}

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The bucket that is asked about.
    #[default]
    Own,
    /// A bucket of the thief.
    Thief,
}

/// Who calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caller {
    /// A principal of the owner's account, whose credentials were stolen.
    #[default]
    Own,
    /// A principal of the thief's account.
    Thief,
    /// Nobody: the request is not signed.
    Anonymous,
}

/// How a request is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signed {
    /// In its header.
    #[default]
    Header,
    /// In its URL.
    Url,
}

/// From which network a request comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// An internet address outside the trusted networks.
    #[default]
    Internet,
    /// A VPC endpoint of the thief.
    ThiefEndpoint,
    /// Through each of the organization's own VPC endpoints in the bucket's region.
    OwnEndpoint,
}

/// A request that must be allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The IAM action, for example `s3:GetObject`.
    pub action: String,
    /// What it is done to.
    #[serde(default)]
    pub on: On,
    /// Who asks.
    #[serde(default)]
    pub by: Caller,
    /// How the request is signed.
    #[serde(default)]
    pub signed: Signed,
    /// From where.
    #[serde(default)]
    pub from: Network,
    /// What the thief has changed before.
    #[serde(default)]
    pub after: After,
}

impl Attempt {
    /// Whether the configuration of the bucket itself decides over it. Otherwise all buckets of an account and region
    /// share the answer.
    #[must_use]
    pub fn meets_the_bucket(&self) -> bool {
        self.on == On::Bucket || self.after != After::Nothing
    }
}

/// What a request is done to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The bucket or its objects, as the action has it.
    #[default]
    Bucket,
    /// A bucket of the thief or its objects.
    ThiefBucket,
    /// The owner's account: a trail, a detector, an alarm, a setting of S3.
    Account,
}

/// What the thief has changed before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// Nothing: the policies are those that were read.
    #[default]
    Nothing,
    /// The bucket policy admits the thief's account; what it denied is gone.
    PolicyAdmitsThief,
    /// The bucket policy admits everybody.
    PolicyAdmitsEverybody,
    /// The access control list admits everybody.
    AclAdmitsEverybody,
}

/// A technique file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("technique file `{path}`: {problem}")]
pub struct TechniqueError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

#[derive(RustEmbed)]
#[folder = "src/simulate/techniques"]
#[include = "*.yaml"]
struct Embedded;

/// All techniques by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Techniques(BTreeMap<String, Technique>);

impl Techniques {
    /// The techniques of the program and those of the user's folders.
    ///
    /// # Errors
    /// A file cannot be read, is no technique, or has the id of another.
    pub fn load(folders: &[PathBuf]) -> Result<Self, TechniqueError> {
        let mut techniques = Self::default();
        let mut names: Vec<_> = Embedded::iter().collect();
        names.sort();
        for name in names {
            let text = Embedded::get(&name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
            techniques.add(&name, &text.unwrap_or_default())?;
        }
        for folder in folders {
            for path in files(folder)? {
                let shown = path.display().to_string();
                techniques.add(&shown, &read(&path)?)?;
            }
        }
        Ok(techniques)
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Technique> {
        self.0.values()
    }

    /// The technique with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Technique> {
        self.0.get(id)
    }

    fn add(&mut self, path: &str, text: &str) -> Result<(), TechniqueError> {
        let problem = |problem: String| TechniqueError { path: path.to_owned(), problem };
        let technique: Technique =
            serde_saphyr::from_str(text).map_err(|error| problem(error.to_string()))?;
        validate(&technique).map_err(problem)?;
        let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
        if stem != technique.id {
            return Err(problem(format!("its id is `{}`; the file's name must be the same", technique.id)));
        }
        if let Some(other) = self.0.insert(technique.id.clone(), technique) {
            return Err(problem(format!("there is another technique `{}`: `{}`", other.id, other.title)));
        }
        Ok(())
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, TechniqueError> {
    let problem = |error: std::io::Error| TechniqueError {
        path: folder.display().to_string(),
        problem: format!("the folder cannot be read: {error}"),
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, TechniqueError> {
    let problem = |problem: String| TechniqueError { path: path.display().to_string(), problem };
    let length = fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if length > MAX_BYTES {
        return Err(problem(format!("it is larger than {} KiB", MAX_BYTES / 1024)));
    }
    fs::read_to_string(path).map_err(|error| problem(error.to_string()))
}

fn validate(technique: &Technique) -> Result<(), String> {
    let (letter, number) = technique.id.split_once('-').unwrap_or_default();
    let named = letter.len() == 1 && letter.chars().all(|c| c.is_ascii_uppercase());
    if !named || number.len() < 2 || !number.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!("`{}` is no id; write a letter, a hyphen and a number: `X-01`", technique.id));
    }
    if technique.weight > 10 {
        return Err(format!("weight {} is too large; allowed: 0 to 10", technique.weight));
    }
    if technique.chains.is_empty() || technique.chains.iter().any(|chain| chain.steps.is_empty()) {
        return Err("it needs at least one chain, and each chain at least one step".to_owned());
    }
    for id in &technique.attack {
        let digits = id.strip_prefix('T').unwrap_or_default();
        if digits.len() < 4 || !digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(format!("`{id}` is no id of MITRE ATT&CK; write `T1530` or `T1078.004`"));
        }
    }
    for attempt in technique.chains.iter().flat_map(|chain| &chain.steps).flat_map(|step| &step.requests) {
        if !attempt.action.contains(':') || attempt.action.contains('*') {
            return Err(format!("`{}` is no IAM action; write one such as `s3:GetObject`", attempt.action));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::semantics::guardduty;

    const OWN: &str = "id: X-01\ntitle: t\ndescription: d\nattack: [T1530]\nweight: 3\nchains:\n- name: c\n  steps:\n  - name: s\n";

    #[test]
    fn all_techniques_of_the_catalogue_are_there() {
        let techniques = Techniques::load(&[]).unwrap();
        let ids: Vec<String> = techniques.iter().map(|technique| technique.id.clone()).collect();
        let expected: Vec<String> = (1..=22).map(|number| format!("T-{number:02}")).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn every_finding_type_is_one_that_guardduty_still_makes() {
        for technique in Techniques::load(&[]).unwrap().iter() {
            for finding in &technique.findings {
                assert!(
                    guardduty::finding_types().any(|known| known.name == finding),
                    "{}: {finding}",
                    technique.id
                );
            }
        }
    }

    #[test]
    fn a_folder_adds_techniques_and_mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("X-01.yaml");
        let load = || Techniques::load(&[folder.path().to_owned()]);
        fs::write(&path, OWN).unwrap();
        assert!(load().unwrap().get("X-01").is_some());
        for (text, problem) in [
            (OWN.replace("X-01", "X-02"), "the file's name must be the same"),
            (OWN.replace("weight: 3", "weight: 30"), "weight 30 is too large"),
            (OWN.replace("T1530", "1530"), "`1530` is no id of MITRE ATT&CK"),
            (OWN.replace("title:", "titel:"), "titel"),
            (
                OWN.replace("- name: s", "- {name: s, requests: [{action: 's3:*'}]}"),
                "`s3:*` is no IAM action",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = load().unwrap_err().to_string();
            assert!(error.contains(problem) && error.contains("X-01.yaml"), "{error}");
        }
    }
}
