//! `exfilguard remediate plan`: read, judge, propose, prove, print.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use miette::{IntoDiagnostic as _, miette};

use super::{judge, refused, visible_lines};
use crate::audit::{Judge, LiveAudit, Start, collect_snapshot};
use crate::catalogue::Status;
use crate::cli::arguments::{PlanArguments, PlanFormat};
use crate::cli::console::Console;
use crate::cli::exit_code::ExitCode;
use crate::cli::progress::Progress;
use crate::cli::{Failure, assessment_file, live};
use crate::collect::Wanted;
use crate::policy::PolicyFile;
use crate::remediate::apply::beyond_limits;
use crate::remediate::plan::Plan;
use crate::remediate::proof::{self, Proof};
use crate::remediate::propose::Proposer;
use crate::remediate::{as_code, text};
use crate::score::assessment::{Assessment, ResultRecord};
use crate::snapshot::{AccountSnapshot, SnapshotReader};

/// Plans.
pub fn plan(arguments: &PlanArguments, console: &Console) -> Result<ExitCode, Failure> {
    let from = arguments.from.as_deref().map(assessment_file::read).transpose()?;
    let judge = judge(arguments.policy.as_deref(), &arguments.checks)?;
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
