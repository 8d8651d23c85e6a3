//! A new check from a template: the module, its test and a fixture, which hold as they are written.

use serde_json::{Map, Value as Json, json};

use super::schema::{Schemas, Step, facts_below};
use crate::catalogue::{Area, ResourceKind};

/// What a new check is about.
#[derive(Debug, Clone, Copy)]
pub struct NewCheck<'a> {
    /// Its id, kebab-case.
    pub id: &'a str,
    /// Its topic.
    pub area: Area,
    /// The kind of resource that it judges.
    pub resource: ResourceKind,
}

/// The texts of a new check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The folder below the user's, and the files' names without their endings.
    pub stem: String,
    /// `<stem>.rego`
    pub module: String,
    /// `<stem>_test.rego`
    pub test: String,
    /// `<stem>_fixture.json`
    pub fixture: String,
}

/// Writes a check of one fact of the resource: its first one that stands by itself.
///
/// # Errors
/// A clause if the id is not in kebab-case or no fact is published about the kind of resource.
pub fn template(new: NewCheck<'_>, schemas: &Schemas) -> Result<Template, String> {
    let NewCheck { id, area, resource } = new;
    let kebab = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if id.is_empty() || !kebab || id.starts_with('-') || id.ends_with('-') || id.contains("--") {
        return Err(format!("the id `{id}` is not in kebab-case, as in `bucket-named-by-team`"));
    }
    let schema =
        schemas.0.get(&resource).ok_or_else(|| format!("no facts are published about `{resource}`"))?;
    let facts: Vec<String> =
        facts_below(schema, &[]).into_iter().filter_map(|path| own_fact(&path)).collect();
    let subject = Subject::of(resource, facts.first());
    let (folder, name) = (area.as_str(), id.replace('-', "_"));
    let package = format!("{}.{name}", folder.replace('-', "_"));
    let titles = named(resource);
    let module = format!(
        r##"# METADATA
# title: The {resource} is as it should be
# description: >
#   Write here which attack goes unseen or unstopped when this check fails, for somebody who has to mend it. The title
#   above states the good state.
# custom:
#   id: {id}
#   area: {folder}
#   resource: {resource}
#   severity: medium
#   since: "0.1.0"
#   status: preview
package custom.{package}

import rego.v1

# `exfilguard schema facts` lists what `input` has for each {resource}.
pass if {pass}

message := sprintf("{resource} `%s` is not as it should be: %s", [input.{titles}, {reason}])
"##,
        pass = subject.pass,
        reason = subject.reason,
    );
    let test = format!(
        r#"package custom.{package}_test

import rego.v1

import data.custom.{package} as check

good := {good}

bad := {bad}

test_the_good_state_passes if {{
	check.pass with input as good
}}

test_the_bad_state_fails_and_says_why if {{
	not check.pass with input as bad
	message := check.message with input as bad
	message == "{message}"
}}

test_nothing_at_all_does_not_pass if {{
	not check.pass with input as {{}}
}}
"#,
        good = subject.seen(true),
        bad = subject.seen(false),
        message = subject.message(),
    );
    let mut base = Map::new();
    base.insert(titles.to_owned(), json!("example"));
    for fact in &facts {
        base.insert(fact.clone(), json!({"holds": "yes", "reason": "as it should be"}));
    }
    let fixture = json!({"base": Json::Object(base), "cases": subject.cases()});
    let fixture = format!("{fixture:#}\n");
    Ok(Template { stem: format!("{folder}/{name}"), module, test, fixture })
}

/// What the new check asks: a fact of the resource, or its name where no fact stands by itself.
struct Subject<'a> {
    resource: ResourceKind,
    fact: Option<&'a String>,
    pass: String,
    reason: String,
}

impl<'a> Subject<'a> {
    fn of(resource: ResourceKind, fact: Option<&'a String>) -> Self {
        let (pass, reason) = match fact {
            Some(fact) => (format!("input.{fact}.holds"), format!("input.{fact}.reason")),
            None => (
                format!("startswith(input.{}, \"example\")", named(resource)),
                "\"its name does not begin with `example`\"".to_owned(),
            ),
        };
        Self { resource, fact, pass, reason }
    }

    /// A resource as the module sees it, in the good or the bad state.
    fn seen(&self, good: bool) -> String {
        let name = named(self.resource);
        match self.fact {
            Some(fact) => {
                format!(r#"{{"{name}": "example", "{fact}": {{"holds": {good}, "reason": "the reason"}}}}"#)
            }
            None => format!(r#"{{"{name}": "{}"}}"#, if good { "example" } else { "other" }),
        }
    }

    /// The message about the bad state.
    fn message(&self) -> String {
        let (name, reason) = match self.fact {
            Some(_) => ("example", "the reason"),
            None => ("other", "its name does not begin with `example`"),
        };
        format!("{} `{name}` is not as it should be: {reason}", self.resource)
    }

    /// The cases of the fixture. Only a fact can be unknown.
    fn cases(&self) -> Json {
        let good = json!({"name": "the good state passes", "status": "pass"});
        let bad = |changes: Json| json!({"name": "the bad state fails", "changes": changes, "status": "fail", "message": self.message()});
        let Some(fact) = self.fact else {
            return json!([good, bad(json!({named(self.resource): "other"}))]);
        };
        let change = |holds: &str| json!({fact.as_str(): {"holds": holds, "reason": "the reason"}});
        let unknown = json!({"name": "what could not be read is unknown", "changes": change("unknown"), "status": "unknown"});
        json!([good, bad(change("no")), unknown])
    }
}

/// The name of a fact that stands by itself, at the root of the resource.
fn own_fact(path: &[Step]) -> Option<String> {
    match path {
        [Step::Field(name)] => Some(name.clone()),
        _ => None,
    }
}

/// The field that names a resource of a kind.
fn named(resource: ResourceKind) -> &'static str {
    match resource {
        ResourceKind::Account | ResourceKind::Vpc | ResourceKind::VpcEndpoint => "id",
        ResourceKind::AccountRegion | ResourceKind::OrganizationRegion => "region",
        _ => "name",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::engine::{Checks, Source, run_fixture, run_tests};
    use crate::facts;

    #[test]
    fn a_new_check_of_every_kind_loads_and_is_well_tested() {
        let schemas = Schemas(facts::schemas());
        for resource in ResourceKind::ALL {
            let new = NewCheck { id: "house-rule-7", area: Area::EventRules, resource };
            let written = template(new, &schemas).unwrap();
            assert_eq!(written.stem, "event-rules/house_rule_7");
            let source = |ending: &str, text: &str| Source {
                path: format!("/home/me/{}{ending}", written.stem),
                text: text.to_owned(),
                builtin: false,
            };
            let (module, test) = (source(".rego", &written.module), source("_test.rego", &written.test));
            let checks = Checks::load(std::slice::from_ref(&module), &schemas).unwrap();
            let report = run_tests(&module, &test).unwrap();
            assert!(report.is_good() && report.unmissed.is_empty(), "{resource}: {report:?}");
            let check = checks.get("house-rule-7").unwrap();
            let (cases, problems) = run_fixture(&checks, check, &written.fixture).unwrap();
            assert!(cases >= 2 && problems.is_empty(), "{resource}: {problems:?}");
        }
    }

    #[test]
    fn an_id_is_in_kebab_case() {
        let schemas = Schemas(facts::schemas());
        for id in ["", "A", "a_b", "-a", "a-", "a--b", "../x", "a b"] {
            let new = NewCheck { id, area: Area::Buckets, resource: ResourceKind::Bucket };
            assert!(template(new, &schemas).is_err(), "{id}");
        }
    }

    #[test]
    fn a_case_that_comes_out_otherwise_is_named() {
        let schemas = Schemas(facts::schemas());
        let new = NewCheck { id: "rule", area: Area::Buckets, resource: ResourceKind::Bucket };
        let written = template(new, &schemas).unwrap();
        let module = Source {
            path: "/home/me/buckets/rule.rego".into(),
            text: written.module.clone(),
            builtin: false,
        };
        let checks = Checks::load(std::slice::from_ref(&module), &schemas).unwrap();
        let check = checks.get("rule").unwrap();
        let wrong = written.fixture.replace("\"status\": \"unknown\"", "\"status\": \"pass\"");
        let (_, problems) = run_fixture(&checks, check, &wrong).unwrap();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0]
                .starts_with("case `what could not be read is unknown`: expected pass, came out unknown")
        );
        assert!(run_fixture(&checks, check, "{\"base\": {}, \"cases\": []}").is_err());
        assert!(run_fixture(&checks, check, "{").is_err());
    }
}
