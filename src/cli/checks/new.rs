//! `exfilguard checks new`.

use std::fs;
use std::io::Write as _;

use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use super::super::arguments::NewCheckArguments;
use super::super::{Failure, modules};
use crate::engine::{NewCheck, Schemas, template};
use crate::facts;

/// Writes a module, its test and a fixture; overwrites nothing. Gives what to do next.
pub fn new(arguments: &NewCheckArguments) -> Result<String, Failure> {
    let NewCheckArguments { id, area, resource, dir } = arguments;
    if let Some(known) = modules::load(&[])?.all().find(|check| check.metadata().names(id)) {
        return Err(Failure::usage(miette!(
            help = "choose another id; a built-in check is changed or switched off in the policy file",
            "`{id}` is the id of a built-in check: {}",
            known.metadata().title
        )));
    }
    let new = NewCheck { id, area: *area, resource: *resource };
    let written =
        template(new, &Schemas(facts::schemas())).map_err(|problem| Failure::usage(miette!("{problem}")))?;
    let files =
        [(".rego", &written.module), ("_test.rego", &written.test), ("_fixture.json", &written.fixture)];
    let files = files.map(|(ending, text)| (dir.join(format!("{}{ending}", written.stem)), text));
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Failure::usage(miette!(
            help = "choose another id, or remove the file",
            "`{}` exists; nothing was written",
            path.display()
        )));
    }
    let mut lines = Vec::new();
    for (path, text) in &files {
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::File::create_new(path)?.write_all(text.as_bytes())
        };
        let failed = || format!("cannot write `{}`", path.display());
        write().into_diagnostic().wrap_err_with(failed).map_err(Failure::usage)?;
        lines.push(format!("written: {}", path.display()));
    }
    let dir = dir.display();
    let next = [
        ("exfilguard schema facts".to_owned(), "what a check can read"),
        (format!("exfilguard checks test {dir}"), "does it do what you mean"),
        (format!("exfilguard audit --checks {dir}"), "judge your accounts with it, too"),
    ];
    let width = next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or_default();
    lines.push("\nNext (docs/writing-checks.md has an example):".to_owned());
    lines.extend(next.iter().map(|(command, what)| format!("  {command:width$}  {what}")));
    Ok(lines.join("\n"))
}
