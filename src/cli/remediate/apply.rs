//! `exfilguard remediate apply`: in waves of accounts, each verified before the next.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use miette::miette;

use super::verification::Verification;
use super::{REVIEWED, enter, judge, refused, run_recorded, say_torn, visible_lines};
use crate::audit::Judge;
use crate::cli::Failure;
use crate::cli::arguments::ApplyArguments;
use crate::cli::consent::agreed;
use crate::cli::console::Console;
use crate::cli::exit_code::ExitCode;
use crate::remediate::apply::{Applier, Fate, beyond_limits, waves};
use crate::remediate::doors::RoleDoors;
use crate::remediate::journal::Journal;
use crate::remediate::plan::{Change, Plan};

/// Carries out a plan.
pub fn apply(arguments: &ApplyArguments, console: &Console) -> Result<ExitCode, Failure> {
    let plan = Plan::load(&arguments.plan)
        .map_err(|error| Failure::usage(miette!("`{}`: {error}", arguments.plan.display())))?;
    let judge = judge(arguments.write.policy.as_deref(), &arguments.checks)?;
    knows_checks_of(&judge, &plan)?;
    let beyond = beyond_limits(&plan, &judge.policy().remediation);
    if !beyond.is_empty() {
        return Err(refused(format!("nothing was changed: {}", beyond.join("; "))));
    }
    if plan.changes.is_empty() {
        console.note("the plan holds no change");
        return Ok(ExitCode::Success);
    }
    let question = format!("Make {} changes in {} accounts?", plan.changes.len(), plan.accounts().len());
    if !agreed(arguments.write.yes, &question, REVIEWED)? {
        console.note("nothing was changed");
        return Ok(ExitCode::ChangeRefused);
    }
    let path = arguments.journal.clone().unwrap_or_else(|| {
        let mut name = arguments.plan.clone().into_os_string();
        name.push(".journal");
        PathBuf::from(name)
    });
    let journal = Journal::open(&path, &plan.digest).map_err(refused)?;
    say_torn(&journal, console);
    let code = run_recorded(apply_in_waves(arguments, &plan, &judge, &journal, console))?;
    console.note(&format!(
        "`exfilguard remediate status {0}` says what was done, `exfilguard remediate rollback {0}` takes it back",
        path.display()
    ));
    Ok(code)
}

/// Refuses a plan of checks that are not loaded: what it promises of them could not be verified.
fn knows_checks_of(judge: &Judge, plan: &Plan) -> Result<(), Failure> {
    let known: BTreeSet<&str> = judge.checks().all().map(|check| check.metadata().id.as_str()).collect();
    let mut promised = plan.changes.iter().flat_map(|change| &change.results);
    match promised.find(|mended| !known.contains(mended.check.as_str())) {
        None => Ok(()),
        Some(mended) => Err(Failure::usage(miette!(
            help = "name the folder of the check with --checks, as `remediate plan` was told",
            "the plan is to mend what check `{}` found, which is not loaded: nothing was changed",
            mended.check
        ))),
    }
}

async fn apply_in_waves(
    arguments: &ApplyArguments,
    plan: &Plan,
    judge: &Arc<Judge>,
    journal: &Journal,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let policy = judge.policy();
    let accounts: BTreeSet<String> =
        plan.accounts().into_iter().chain(plan.callers()).map(str::to_owned).collect();
    let accounts = accounts.into_iter().collect();
    let collector = enter(&arguments.write, policy, accounts, plan.regions.clone()).await?;
    let doors = RoleDoors { collector: &collector };
    let applier = Applier::new(&doors, journal, &policy.remediation);
    let waves = waves(plan);
    let mut clean = true;
    let mut tally = Tally::default();
    let mut pending: Vec<&Change> = Vec::new();
    for (number, wave) in waves.iter().enumerate() {
        let fates = applier.wave(plan, wave).await.map_err(refused)?;
        for (change, fate) in &fates {
            say(change, fate);
            tally.count(fate);
            clean &= matches!(fate, Fate::Done | Fate::Already);
        }
        pending.extend(fates.iter().filter(|(_, fate)| *fate == Fate::Done).map(|(change, _)| *change));
        let later = waves.iter().skip(number + 1).flatten().copied().collect();
        let verification = Verification { arguments, plan, judge, journal, later };
        let verified = verification.run(&mut pending).await?;
        let failed = fates.iter().any(|(_, fate)| matches!(fate, Fate::Failed(_)));
        clean &= verified;
        if failed || !verified {
            let left = waves.len().saturating_sub(number + 1);
            if left > 0 {
                console.warn(&format!(
                    "a change could not be verified: {left} waves of accounts were not begun"
                ));
            }
            console.note(&tally.said());
            return Ok(ExitCode::ChangeRefused);
        }
    }
    console.note(&tally.said());
    Ok(if clean { ExitCode::Success } else { ExitCode::ChangeRefused })
}

/// How many changes came to what.
#[derive(Default)]
struct Tally {
    done: usize,
    already: usize,
    refused: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, fate: &Fate) {
        *match fate {
            Fate::Done => &mut self.done,
            Fate::Already => &mut self.already,
            Fate::Refused(_) => &mut self.refused,
            Fate::Failed(_) => &mut self.failed,
        } += 1;
    }

    fn said(&self) -> String {
        let Self { done, already, refused, failed } = self;
        let counts = [(done, "made"), (already, "already there"), (refused, "refused"), (failed, "failed")];
        let said: Vec<String> = counts
            .iter()
            .filter(|(count, _)| **count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("changes: {}", said.join(", "))
    }
}

fn say(change: &Change, fate: &Fate) {
    let said = match fate {
        Fate::Done => format!("done      {}", change.id),
        Fate::Already => format!("already   {}", change.id),
        Fate::Refused(reason) => format!("refused   {}: {reason}", change.id),
        Fate::Failed(reason) => format!("failed    {}: {reason}", change.id),
    };
    let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
}
