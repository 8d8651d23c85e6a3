//! Which controls of published frameworks each check speaks to: `checks/frameworks/*.yaml`, embedded in the program.
//!
//! A framework file maps the framework's own control ids to ids of checks. It says nothing of what a check decides, and a
//! check that passes does not mean that the control is met: most controls ask for more than this program looks at.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use super::error::LoadError;

#[derive(RustEmbed)]
#[folder = "checks/frameworks"]
#[include = "*.yaml"]
struct Embedded;

/// One edition of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// The name on the command line, kebab-case with the edition; equals the file's name.
    pub name: String,
    /// The name that people know it by, with its edition.
    pub title: String,
    /// Where the framework, or a public list of its controls, is published.
    pub source: String,
    /// The controls that some check speaks to, sorted by id.
    pub controls: Vec<Control>,
}

/// A control of a framework, and the checks that speak to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The framework's own id, such as `3.8` or `S3.22`.
    pub id: String,
    /// What the framework calls it.
    pub title: String,
    /// Ids of checks, sorted.
    pub checks: Vec<String>,
}

/// A control as one check's list shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ControlOfCheck {
    /// The name of the framework.
    pub framework: String,
    /// The control's id there.
    pub control: String,
}

/// All frameworks, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frameworks(Vec<Framework>);

impl Frameworks {
    /// Those that are embedded in the program.
    ///
    /// # Errors
    /// A file is not of the published form; names the file and the place.
    pub fn builtin() -> Result<Self, LoadError> {
        let mut names: Vec<String> = Embedded::iter().map(|name| name.into_owned()).collect();
        names.sort();
        let read = |name: &String| {
            let bytes = Embedded::get(name).map(|file| file.data.into_owned()).unwrap_or_default();
            read(&format!("checks/frameworks/{name}"), &String::from_utf8_lossy(&bytes))
        };
        names.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// All of them, sorted by name.
    pub fn all(&self) -> impl Iterator<Item = &Framework> {
        self.0.iter()
    }

    /// The framework of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Framework> {
        self.0.iter().find(|framework| framework.name == name)
    }

    /// The controls that a check speaks to, by framework and in its order.
    #[must_use]
    pub fn of_check(&self, id: &str) -> Vec<ControlOfCheck> {
        let mut found = Vec::new();
        for framework in &self.0 {
            for control in framework.controls.iter().filter(|control| control.checks.iter().any(|c| c == id))
            {
                found.push(ControlOfCheck { framework: framework.name.clone(), control: control.id.clone() });
            }
        }
        found
    }
}

impl Framework {
    /// Whether one of its controls names this check.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        self.controls.iter().any(|control| control.checks.iter().any(|check| check == id))
    }

    /// What is out of order: names, duplicates, checks that do not exist. Sorted as the file is.
    fn problem(&self, path: &str) -> Option<String> {
        let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml")).unwrap_or_default();
        if self.name != stem {
            return Some(format!("the name `{}` is not the file's name `{stem}`", self.name));
        }
        let mut seen: BTreeMap<&str, ()> = BTreeMap::new();
        for control in &self.controls {
            if seen.insert(&control.id, ()).is_some() {
                return Some(format!("the control `{}` stands twice", control.id));
            }
            if control.checks.is_empty() {
                return Some(format!("the control `{}` names no check", control.id));
            }
        }
        None
    }
}

/// Reads a framework file.
fn read(path: &str, text: &str) -> Result<Framework, LoadError> {
    let framework: Framework = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or((0, 0), |location| {
            (
                u32::try_from(location.line()).unwrap_or_default(),
                u32::try_from(location.column()).unwrap_or_default(),
            )
        });
        let message = error.to_string();
        LoadError::at(path, place, message.lines().next().unwrap_or_default().to_owned())
    })?;
    match framework.problem(path) {
        Some(problem) => Err(LoadError::file(path, problem)),
        None => Ok(framework),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::engine::{Checks, Schemas, builtin};

    /// Numbers in ids compare as numbers: `3.10` comes after `3.9`.
    fn natural(id: &str) -> Vec<(String, u32)> {
        let mut parts = Vec::new();
        let (mut text, mut number) = (String::new(), String::new());
        for c in id.chars() {
            if c.is_ascii_digit() {
                number.push(c);
                continue;
            }
            if !number.is_empty() {
                parts.push((std::mem::take(&mut text), std::mem::take(&mut number).parse().unwrap()));
            }
            text.push(c);
        }
        parts.push((text, number.parse().unwrap_or_default()));
        parts
    }

    #[test]
    fn every_framework_names_only_checks_that_exist_and_is_sorted() {
        let checks = Checks::load(&builtin(), &Schemas(crate::facts::schemas())).unwrap();
        let frameworks = Frameworks::builtin().unwrap();
        assert!(frameworks.all().count() >= 5, "frameworks are missing: is the folder embedded?");
        for framework in frameworks.all() {
            let name = &framework.name;
            assert!(framework.source.starts_with("https://"), "{name}: {}", framework.source);
            assert!(!framework.controls.is_empty(), "{name}");
            let ids: Vec<_> = framework.controls.iter().map(|control| natural(&control.id)).collect();
            assert!(ids.is_sorted(), "{name}: controls are not sorted");
            for control in &framework.controls {
                assert!(!control.title.is_empty(), "{name} {}", control.id);
                assert!(
                    control.checks.is_sorted_by(|a, b| a < b),
                    "{name} {}: checks are not sorted",
                    control.id
                );
                for check in &control.checks {
                    assert!(
                        checks.get(check).is_some(),
                        "{name} {}: there is no check `{check}`",
                        control.id
                    );
                }
            }
        }
    }

    #[test]
    fn controls_are_found_by_check() {
        let frameworks = Frameworks::builtin().unwrap();
        let found = frameworks.of_check("object-reads-logged");
        let control = |framework: &str, control: &str| ControlOfCheck {
            framework: framework.to_owned(),
            control: control.to_owned(),
        };
        assert!(found.contains(&control("cis-aws-3.0.0", "3.9")), "{found:?}");
        assert!(found.contains(&control("security-hub-cspm", "S3.23")), "{found:?}");
        assert!(frameworks.of_check("no-such-check").is_empty());
        assert!(frameworks.get("cis-aws-3.0.0").unwrap().names("object-reads-logged"));
        assert!(!frameworks.get("cis-aws-3.0.0").unwrap().names("guardduty-enabled"));
    }

    #[test]
    fn a_mistake_names_the_file() {
        let said = |path: &str, text: &str| read(path, text).unwrap_err().to_string();
        let head = "name: a-1\ntitle: A\nsource: https://example.com\n";
        let unknown = said("checks/frameworks/a-1.yaml", &format!("{head}contrls: []\n"));
        assert!(unknown.contains("contrls"), "{unknown}");
        let wrong = said("checks/frameworks/b-1.yaml", &format!("{head}controls: []\n"));
        assert!(wrong.contains("the name `a-1` is not the file's name `b-1`"), "{wrong}");
        let twice =
            "controls:\n  - { id: '1', title: T, checks: [x] }\n  - { id: '1', title: T, checks: [x] }\n";
        let twice = said("checks/frameworks/a-1.yaml", &format!("{head}{twice}"));
        assert!(twice.contains("the control `1` stands twice"), "{twice}");
        let none = "controls:\n  - { id: '1', title: T, checks: [] }\n";
        let none = said("checks/frameworks/a-1.yaml", &format!("{head}{none}"));
        assert!(none.contains("the control `1` names no check"), "{none}");
    }
}
