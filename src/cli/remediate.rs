//! `exfilguard remediate`: plan, apply, rollback, status.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use miette::{IntoDiagnostic as _, miette};

use super::arguments::{
    ApplyArguments, ListFormat, PlanArguments, PlanFormat, RemediateArguments, RemediateCommand,
    RollbackArguments, WriteArguments,
};
use super::consent::agreed;
use super::console::Console;
use super::exit_code::ExitCode;
use super::progress::Progress;
use super::{Failure, assessment_file, live, modules};
use crate::audit::{Judge, LiveAudit, Start, Whole, assemble, collect_snapshot};
use crate::catalogue::Status;
use crate::collect::{Collector, Connection, ConnectionOptions, Scope, Wanted};
use crate::policy::PolicyFile;
use crate::remediate::apply::{Applier, Fate, beyond_limits, waves};
use crate::remediate::calls::Hands;
use crate::remediate::doors::RoleDoors;
use crate::remediate::journal::{Event, Journal, JournalError};
use crate::remediate::plan::{Change, Mended, Plan};
use crate::remediate::proof::{self, Proof};
use crate::remediate::propose::Proposer;
use crate::remediate::rollback::{self, Restorer};
use crate::remediate::setting::{PENDING, Setting};
use crate::remediate::{as_code, journal, status, text};
use crate::score::assessment::{Assessment, ResultRecord, Source};
use crate::simulate::{Simulation, Techniques};
use crate::snapshot::{AccountSnapshot, SnapshotReader};
use crate::visible::visible;

/// What to do where nobody can be asked.
const REVIEWED: &str = "say --yes once the plan was reviewed";

/// Plans, applies, rolls back or tells.
pub fn run(arguments: &RemediateArguments, console: &Console) -> Result<ExitCode, Failure> {
    match &arguments.command {
        RemediateCommand::Plan(arguments) => plan(arguments, console),
        RemediateCommand::Apply(arguments) => apply(arguments, console),
        RemediateCommand::Rollback(arguments) => roll_back(arguments, console),
        RemediateCommand::Status { journal, output } => tell(journal, *output),
    }
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure { code: ExitCode::ChangeRefused, report: miette!("{error}") }
}

fn judge(policy: Option<&Path>) -> Result<Arc<Judge>, Failure> {
    let mut checks = modules::load(&[])?;
    let policy = PolicyFile::load_or_default(policy, &checks.descriptions()).map_err(Failure::usage)?;
    checks.set_parameters(&policy);
    let techniques = Techniques::load(&[]).into_diagnostic().map_err(Failure::usage)?;
    let simulation = Simulation { techniques: techniques.iter().cloned().collect(), ..Simulation::default() };
    Ok(Arc::new(Judge::new(checks, policy).with_simulation(simulation)))
}

fn plan(arguments: &PlanArguments, console: &Console) -> Result<ExitCode, Failure> {
    let from = arguments.from.as_deref().map(assessment_file::read).transpose()?;
    let judge = judge(arguments.policy.as_deref())?;
    let start = Start::now();
    let folder = tempfile::tempdir().into_diagnostic().map_err(Failure::usage)?;
    let snapshot = match &arguments.snapshot {
        Some(path) => path.clone(),
        None => {
            let path = folder.path().join("snapshot");
            live::run(read(arguments, from.as_ref(), judge.policy(), &start, &path, console))?;
            path
        }
    };
    let before = proof::judged(&snapshot, &judge, &start).into_diagnostic().map_err(Failure::usage)?;
    if !before.run.complete {
        console.warn("something in scope could not be read: what it would need is not in the plan");
    }
    let plan = proposed(arguments, from.as_ref(), &judge, &start, &snapshot, &before)?;
    if let Some(path) = &arguments.output {
        write_plan(path, &plan)?;
    }
    for warning in beyond_limits(&plan, &judge.policy().remediation) {
        console.warn(&format!("`remediate apply` will refuse this plan: {warning}"));
    }
    let printed = match arguments.format {
        PlanFormat::Text => visible_lines(&text::text(&plan)),
        PlanFormat::Json => {
            format!("{}\n", serde_json::to_string_pretty(&plan).into_diagnostic().map_err(Failure::usage)?)
        }
        PlanFormat::Cli => as_code::commands(&plan),
        PlanFormat::Terraform => as_code::terraform::terraform(&plan),
        PlanFormat::Cloudformation => format!("{:#}\n", as_code::cloudformation::cloudformation(&plan)),
    };
    let _closed_pipe = write!(std::io::stdout(), "{printed}");
    Ok(ExitCode::Success)
}

/// Names in AWS are chosen by others: control characters in them are shown, not obeyed.
fn visible_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}

/// An assessment does not hold the configuration: what it is about is read again.
async fn read(
    arguments: &PlanArguments,
    from: Option<&Assessment>,
    policy: &PolicyFile,
    start: &Start,
    path: &Path,
    console: &Console,
) -> Result<(), Failure> {
    let mut scope = live::scope(&arguments.live, policy);
    if let (Some(from), true) = (from, scope.regions.is_empty()) {
        scope.regions.clone_from(&from.run.regions);
    }
    if let (Some(from), true) = (from, scope.accounts.is_empty()) {
        let failing = from.results.iter().filter(|result| is_wanted(arguments, result));
        let accounts: BTreeSet<String> = failing.map(|result| result.account_id.clone()).collect();
        if accounts.is_empty() {
            return Err(Failure::usage(miette!("nothing fails in the assessment that a change could mend")));
        }
        scope.accounts = accounts.into_iter().collect();
    }
    let collector = live::enter(&arguments.live, scope, Wanted::All).await?;
    for note in collector.notes() {
        console.note(note);
    }
    let progress = Progress::new(console, collector.planned().len());
    let done = |id: &str| progress.done(id);
    let audit = LiveAudit { save_snapshot: Some(path), ..LiveAudit::new(&collector, start, &done) };
    collect_snapshot(&audit).await.into_diagnostic().map_err(Failure::usage)?;
    progress.finish();
    Ok(())
}

fn is_wanted(arguments: &PlanArguments, result: &ResultRecord) -> bool {
    let kind = result.remediation.as_ref();
    result.status == Status::Fail
        && kind.is_some_and(|kind| arguments.kind.is_empty() || arguments.kind.contains(kind))
}

fn proposed(
    arguments: &PlanArguments,
    from: Option<&Assessment>,
    judge: &Arc<Judge>,
    start: &Start,
    snapshot: &Path,
    before: &Assessment,
) -> Result<Plan, Failure> {
    let same = |a: &ResultRecord, b: &ResultRecord| {
        a.check == b.check
            && a.account_id == b.account_id
            && a.region == b.region
            && a.resource.id == b.resource.id
    };
    let listed = |result: &ResultRecord| {
        from.is_none_or(|from| from.results.iter().any(|r| r.status == Status::Fail && same(r, result)))
    };
    let failing: Vec<ResultRecord> = before
        .results
        .iter()
        .filter(|result| is_wanted(arguments, result) && listed(result))
        .cloned()
        .collect();
    let mut reader = SnapshotReader::open(snapshot).into_diagnostic().map_err(Failure::usage)?;
    let header = reader.header().clone();
    let mut accounts: BTreeMap<String, AccountSnapshot> = BTreeMap::new();
    let mut regions_read: BTreeSet<String> = BTreeSet::new();
    while let Some(account) = reader.next().transpose().into_diagnostic().map_err(Failure::usage)? {
        regions_read.extend(account.regional.keys().cloned());
        if header.hubs.contains(&account.id) || failing.iter().any(|result| result.account_id == account.id) {
            accounts.insert(account.id.clone(), account);
        }
    }
    let policy = judge.policy();
    let role = policy.remediation.role.clone();
    let role =
        role.or_else(|| arguments.live.role.clone()).unwrap_or_else(|| policy.organization.role.clone());
    let mut proposer = Proposer {
        organization: &header.organization,
        accounts,
        policy,
        role: &role,
        management_account: arguments.include_management_account,
        kinds: &arguments.kind,
    };
    let proposed = proposer.propose(&failing);
    let proof = Proof { snapshot, judge, start, before };
    let (changes, unproved) = proof.keep(proposed.changes).map_err(refused)?;
    let refused = proposed.refused.into_iter().chain(unproved).collect();
    let identity = header.organization.identity.known().and_then(Option::as_ref);
    let regions = regions(arguments, from, policy, &regions_read);
    Ok(Plan::new(identity.map(|identity| identity.id.clone()), regions, changes, refused))
}

/// The regions in which `apply` judges again: those that were asked for, else those of the assessment or the snapshot.
fn regions(
    arguments: &PlanArguments,
    from: Option<&Assessment>,
    policy: &PolicyFile,
    read: &BTreeSet<String>,
) -> Vec<String> {
    let asked = live::scope(&arguments.live, policy).regions;
    match (asked.is_empty(), from, &arguments.snapshot) {
        (true, Some(from), _) => from.run.regions.clone(),
        (true, None, Some(_)) => read.iter().cloned().collect(),
        _ => asked,
    }
}

/// Through a temporary file beside it, so that there is a whole plan or none.
fn write_plan(path: &Path, plan: &Plan) -> Result<(), Failure> {
    let refuse =
        |why: String| Failure::usage(miette!("the plan `{}` cannot be written: {why}", path.display()));
    let text = serde_json::to_string_pretty(plan).map_err(|error| refuse(error.to_string()))?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| refuse(error.to_string()))?;
    writeln!(file, "{text}").map_err(|error| refuse(error.to_string()))?;
    file.as_file().sync_all().map_err(|error| refuse(error.to_string()))?;
    file.persist(path).map_err(|error| refuse(error.to_string()))?;
    Ok(())
}

/// Enters AWS with the remediation role.
async fn enter(
    write: &WriteArguments,
    policy: &PolicyFile,
    accounts: Vec<String>,
    regions: Vec<String>,
) -> Result<Arc<Collector>, Failure> {
    let options = ConnectionOptions {
        endpoint_url: write.endpoint_url.clone(),
        max_concurrency: 16,
        max_calls_per_second: None,
        call_timeout: ConnectionOptions::CALL_TIMEOUT,
        wanted: Wanted::All,
    };
    let connection = Connection::open(&options).await.map_err(live::misled)?;
    let external_id = policy.organization.external_id.as_ref().map(|secret| secret.reveal().to_owned());
    let role = write.role.clone().or_else(|| policy.remediation.role.clone());
    let scope = Scope {
        accounts,
        organizational_units: Vec::new(),
        exclude_accounts: Vec::new(),
        regions,
        role: role.unwrap_or_else(|| policy.organization.role.clone()),
        external_id: write.external_id.clone().or(external_id),
        shard: None,
    };
    Collector::start(connection, scope).await.map(Arc::new).map_err(live::refused)
}

fn apply(arguments: &ApplyArguments, console: &Console) -> Result<ExitCode, Failure> {
    let plan = Plan::load(&arguments.plan)
        .map_err(|error| Failure::usage(miette!("`{}`: {error}", arguments.plan.display())))?;
    let judge = judge(arguments.write.policy.as_deref())?;
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
    run_recorded(apply_in_waves(arguments, &plan, &judge, &journal, console))
}

/// A line that a crash tore announced nothing that was done.
fn say_torn(journal: &Journal, console: &Console) {
    if journal.torn() > 0 {
        console.warn(&format!(
            "the journal's last line had no end ({} bytes): an earlier run was cut off there, before the call",
            journal.torn()
        ));
    }
}

/// Runs what writes a journal: an interrupt loses nothing.
fn run_recorded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    live::run(work).map_err(|failure| match failure.code {
        ExitCode::Interrupted => Failure {
            report: miette!(
                help = "run the same command again to go on; `exfilguard remediate status` tells how far it came",
                "interrupted: the journal holds what was done"
            ),
            ..failure
        },
        _ => failure,
    })
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
    let mut pending: Vec<&Change> = Vec::new();
    for (number, wave) in waves.iter().enumerate() {
        let fates = applier.wave(plan, wave).await.map_err(refused)?;
        for (change, fate) in &fates {
            say(change, fate);
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
            console.note("`exfilguard remediate rollback` with the journal takes back what was done");
            return Ok(ExitCode::ChangeRefused);
        }
    }
    Ok(if clean { ExitCode::Success } else { ExitCode::ChangeRefused })
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

/// How long to wait before accounts are judged once more, should a change not be verified at first.
const JUDGE_AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Reads the accounts of changed resources again and judges them: what the plan promised must be so.
struct Verification<'a> {
    arguments: &'a ApplyArguments,
    plan: &'a Plan,
    judge: &'a Arc<Judge>,
    journal: &'a Journal,
    /// The accounts whose changes are still to be made: results there are held to the plan after those.
    later: BTreeSet<&'a str>,
}

impl Verification<'_> {
    /// Verifies what can be verified by now, and takes from `pending` what is settled. Whether nothing is amiss.
    async fn run(&self, pending: &mut Vec<&Change>) -> Result<bool, Failure> {
        let promised = |mended: &&Mended| mended.after == Status::Pass;
        let ready = |mended: &&Mended| !self.later.contains(mended.account.as_str());
        let accounts: BTreeSet<String> = pending
            .iter()
            .flat_map(|change| &change.results)
            .filter(|mended| promised(mended) && ready(mended))
            .map(|mended| mended.account.clone())
            .collect();
        if accounts.is_empty() {
            return Ok(true);
        }
        let waiting = self.waiting(pending).await?;
        let accounts: Vec<String> = accounts.into_iter().collect();
        let mut after = self.judged(accounts.clone()).await?;
        // What was read back may still be answered otherwise elsewhere in AWS for a moment.
        for pause in JUDGE_AGAIN_AFTER {
            let amiss = |change: &&Change| {
                waiting_for(change, &waiting).is_none() && self.wrong(change, &after).is_some()
            };
            if !pending.iter().any(amiss) {
                break;
            }
            tokio::time::sleep(pause).await;
            after = self.judged(accounts.clone()).await?;
        }
        let mut all = true;
        let mut deferred = Vec::new();
        for change in pending.drain(..) {
            let mut promised = change.results.iter().filter(promised);
            let event = match self.wrong(change, &after) {
                None if promised.any(|mended| !ready(&mended)) => {
                    deferred.push(change);
                    continue;
                }
                None => Event::Verified,
                Some(_) if let Some(who) = waiting_for(change, &waiting) => {
                    let reason = format!("`{who}` has to confirm the subscription before anybody is alerted");
                    let said = format!("waits     {}: {reason}", change.id);
                    let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
                    Event::Unverified { reason }
                }
                Some(reason) => {
                    all = false;
                    let said = format!("unverified {}: {reason}", change.id);
                    let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
                    Event::Unverified { reason }
                }
            };
            for step in 0..change.steps.len() {
                self.journal.write(&change.id, step, event.clone()).map_err(refused)?;
            }
        }
        *pending = deferred;
        Ok(all)
    }

    /// What an assessment says otherwise than the plan promised of a change, among what can be held to it by now.
    fn wrong(&self, change: &Change, after: &Assessment) -> Option<String> {
        let held = change
            .results
            .iter()
            .filter(|mended| mended.after == Status::Pass && !self.later.contains(mended.account.as_str()));
        held.into_iter().find_map(|mended| match proof::status_of(after, mended) {
            Some((Status::Pass, _)) => None,
            Some((status, message)) => Some(format!("`{}` is {status}: {message}", mended.check)),
            None => Some(format!("`{}` did not judge `{}`", mended.check, mended.resource)),
        })
    }

    /// Topics with a subscription that nobody confirmed yet, with who has to.
    async fn waiting(&self, pending: &[&Change]) -> Result<BTreeMap<String, String>, Failure> {
        let asks = |change: &&&Change| change.steps.iter().any(|step| subscription(&step.sets).is_some());
        let asking: Vec<&Change> = pending.iter().filter(asks).copied().collect();
        let mut waiting = BTreeMap::new();
        if asking.is_empty() {
            return Ok(waiting);
        }
        let accounts: BTreeSet<String> = asking.iter().map(|change| change.account.clone()).collect();
        let regions = self.plan.regions.clone();
        let write = &self.arguments.write;
        let collector = enter(write, self.judge.policy(), accounts.into_iter().collect(), regions).await?;
        for change in asking {
            let Ok(access) = collector.enter(&change.account).await else { continue };
            let hands = Hands::new(access, &change.account, &change.region);
            for setting in change.steps.iter().map(|step| &step.sets) {
                let Some((topic, endpoint)) = subscription(setting) else { continue };
                if hands.read(setting).await.is_ok_and(|value| value.as_str() == Some(PENDING)) {
                    waiting.insert(topic.to_owned(), endpoint.to_owned());
                }
            }
        }
        Ok(waiting)
    }

    async fn judged(&self, accounts: Vec<String>) -> Result<Assessment, Failure> {
        let judge = self.judge;
        let regions = self.plan.regions.clone();
        let collector = enter(&self.arguments.write, judge.policy(), accounts, regions).await?;
        let start = Start::now();
        let audit = LiveAudit::new(&collector, &start, &|_| {});
        let judgements = audit.judge(judge).await.into_diagnostic().map_err(Failure::usage)?;
        let organization = collector.organization();
        let calls = collector.counts();
        Ok(assemble(judge, Whole::new(&start, Source::Live, organization, &calls), judgements))
    }
}

/// The topic and the endpoint of a subscription.
fn subscription(setting: &Setting) -> Option<(&str, &str)> {
    match setting {
        Setting::TopicSubscription { topic, endpoint, .. } => Some((topic, endpoint)),
        _ => None,
    }
}

/// Who has to confirm a subscription before a change can be verified, if it alerts by a topic that waits for him.
fn waiting_for<'a>(change: &Change, waiting: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let topics = change.steps.iter().filter_map(|step| match &step.sets {
        Setting::TopicPolicy { topic } => Some(topic),
        _ => None,
    });
    topics.into_iter().find_map(|topic| waiting.get(topic)).map(String::as_str)
}

fn roll_back(arguments: &RollbackArguments, console: &Console) -> Result<ExitCode, Failure> {
    let (_, journal) = Journal::existing(&arguments.journal).map_err(|error| match error {
        JournalError::InUse { .. } => refused(error),
        error => Failure::usage(miette!("{error}")),
    })?;
    let undos = rollback::to_undo(&journal);
    if undos.is_empty() {
        console.note("nothing is left to be taken back");
        return Ok(ExitCode::Success);
    }
    let policy = judge(arguments.write.policy.as_deref())?;
    if !agreed(arguments.write.yes, &format!("Take back {} calls?", undos.len()), REVIEWED)? {
        console.note("nothing was changed");
        return Ok(ExitCode::ChangeRefused);
    }
    say_torn(&journal, console);
    run_recorded(async {
        let collector = enter(&arguments.write, policy.policy(), Vec::new(), Vec::new()).await?;
        let doors = RoleDoors { collector: &collector };
        let mut restorer = Restorer::new(&doors, &journal, arguments.stop_logging);
        let mut clean = true;
        for undo in &undos {
            let fate = restorer.undo(undo).await.map_err(refused)?;
            let said = match fate {
                rollback::Fate::Undone => format!("undone    {}", undo.change),
                rollback::Fate::Already => format!("unchanged {}", undo.change),
                rollback::Fate::Refused(reason) => {
                    clean = false;
                    format!("refused   {}: {reason}", undo.change)
                }
            };
            let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
        }
        Ok(if clean { ExitCode::Success } else { ExitCode::ChangeRefused })
    })
}

fn tell(path: &Path, output: ListFormat) -> Result<ExitCode, Failure> {
    let (header, entries) = journal::read(path).map_err(|error| Failure::usage(miette!("{error}")))?;
    let steps = status::steps(&entries);
    let printed = match output {
        ListFormat::Terminal => visible_lines(&status::text(&header, &steps)),
        ListFormat::Json => {
            format!("{}\n", serde_json::to_string_pretty(&steps).into_diagnostic().map_err(Failure::usage)?)
        }
    };
    let _closed_pipe = write!(std::io::stdout(), "{printed}");
    Ok(ExitCode::Success)
}
