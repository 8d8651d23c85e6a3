//! The checks that a command works with: built-in ones and the user's folders, narrowed by `--only` and `--skip`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use globset::{Glob, GlobSet, GlobSetBuilder};
use miette::{Diagnostic, miette};

use super::Failure;
use super::exit_code::ExitCode;
use crate::engine::{self, Checks, LoadError, Schemas, Source};
use crate::facts;
use crate::policy::PolicyFile;

/// Check modules that are refused, all of them.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{}", summary(.errors.len()))]
struct Refused {
    #[related]
    errors: Vec<LoadError>,
}

fn summary(count: usize) -> String {
    match count {
        1 => "a check module is refused; nothing was audited".to_owned(),
        count => format!("check modules are refused for {count} mistakes; nothing was audited"),
    }
}

/// The texts of all modules, built-in and in `folders`, tests included.
pub fn sources(folders: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = engine::builtin();
    for folder in folders {
        let found = engine::folder(folder).map_err(|error| refused(vec![error]))?;
        if found.is_empty() {
            return Err(Failure::usage(miette!(
                help = "a check is a file <folder>/<area>/<id>.rego",
                "`{}` holds no check modules",
                folder.display()
            )));
        }
        sources.extend(found);
    }
    Ok(sources)
}

/// Loads all modules.
pub fn load(folders: &[PathBuf]) -> Result<Checks, Failure> {
    Checks::load(&sources(folders)?, &Schemas(facts::schemas())).map_err(refused)
}

fn refused(errors: Vec<LoadError>) -> Failure {
    Failure { code: ExitCode::Usage, report: Refused { errors }.into() }
}

/// Keeps the checks that `only` and `skip` want: globs over ids and areas.
pub fn select(checks: &mut Checks, only: &[String], skip: &[String]) -> Result<(), Failure> {
    let names: BTreeSet<String> = checks
        .all()
        .flat_map(|check| [check.metadata().id.clone(), check.metadata().area.to_string()])
        .collect();
    let (wanted, unwanted) = (globs("--only", only, &names)?, globs("--skip", skip, &names)?);
    checks.retain(|metadata| {
        let named = |globs: &GlobSet| globs.is_match(&metadata.id) || globs.is_match(metadata.area.as_str());
        (only.is_empty() || named(&wanted)) && !named(&unwanted)
    });
    if checks.all().next().is_none() {
        return Err(Failure::usage(miette!(
            help = "`exfilguard checks list` shows the ids",
            "--only and --skip leave no check"
        )));
    }
    Ok(())
}

/// Refuses a selection of which the policy file switches every check off: its empty report would look like a good one.
pub fn enabled(checks: &Checks, policy: &PolicyFile) -> Result<(), Failure> {
    if checks.all().any(|check| policy.is_enabled_somewhere(&check.metadata().id)) {
        return Ok(());
    }
    Err(Failure::usage(miette!(
        help = "remove `enabled: false`, or select other checks",
        "the policy file switches off every check that is left"
    )))
}

fn globs(flag: &str, patterns: &[String], names: &BTreeSet<String>) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(pattern)
            .map_err(|error| Failure::usage(miette!("{flag} `{pattern}` is no pattern: {}", error.kind())))?;
        let matcher = glob.compile_matcher();
        if !names.iter().any(|name| matcher.is_match(name)) {
            let nearest = names
                .iter()
                .map(|name| (strsim::jaro_winkler(name, pattern), name))
                .filter(|(similarity, _)| *similarity > 0.75)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let help = match nearest {
                Some((_, name)) => format!("did you mean `{name}`?"),
                None => "`exfilguard checks list` shows the ids and areas".to_owned(),
            };
            return Err(Failure::usage(miette!(help = help, "{flag} `{pattern}` matches no check")));
        }
        set.add(glob);
    }
    set.build().map_err(|error| Failure::usage(miette!("{flag}: {error}")))
}
