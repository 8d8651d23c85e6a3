//! `exfilguard investigate`: from a finding to an incident report.

mod audited;
mod aws;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use miette::miette;

use super::arguments::InvestigateArguments;
use super::console::Console;
use super::exit_code::ExitCode;
use super::{Failure, hunt, live, modules};
use crate::audit::Stop;
use crate::investigate::incident::{
    AuditView, Detection, GatherError, Gathered, Material, Question, SensitiveObjects, bytes, correlate,
    counted, detection, gather,
};
use crate::investigate::local::LocalLogs;
use crate::investigate::{BackEnd, Hunts, ParameterType};
use crate::report::incident::{destinations, render};
use crate::report::{Destinations, Look};
use crate::visible::visible;

/// How much before and after a finding is looked at, in hours.
const MARGIN: i64 = 24;

/// What was read before the hunts are asked.
struct Read {
    question: Question,
    others: Vec<Detection>,
    sensitive: Option<SensitiveObjects>,
    limitations: Vec<String>,
}

/// Investigates.
pub fn run(arguments: &InvestigateArguments, console: &Console) -> Result<ExitCode, Failure> {
    let asked = destinations(&arguments.output).map_err(Failure::usage)?;
    let destinations = Destinations::prepare(&asked).map_err(Failure::usage)?;
    check_names(arguments)?;
    let hunts = Hunts::load().map_err(Failure::usage)?;
    let checks = modules::load(&[])?;
    let titles: BTreeMap<String, String> =
        checks.all().map(|check| (check.metadata().id.clone(), check.metadata().title.clone())).collect();
    let from_file = arguments.finding.as_deref().filter(|finding| Path::new(finding).is_file());
    let detections = from_file.map(|path| finding_file(Path::new(path))).transpose()?.unwrap_or_default();
    let sensitive = macie_files(arguments)?;
    let audit = audited::assessment(arguments, console)?;
    let view = audit.as_ref().map(AuditView::of);
    let back_end = back_end(arguments)?;
    let logs = LocalLogs::open(&arguments.logs, LocalLogs::MEMORY).map_err(Failure::usage)?;
    if back_end == BackEnd::Local && logs.file_count() == 0 {
        console.warn("there is no log file below what `--logs` names");
    }
    let tell = |text: &str| console.note(text);
    let (stopper, stop) = Stop::new();
    let (read, gathered) = live::run_until_told(&stopper, console, async {
        let mut read = Read {
            question: question(arguments, view.as_ref()),
            others: Vec::new(),
            sensitive,
            limitations: Vec::new(),
        };
        read.question.detections = detections;
        let id = arguments.finding.as_deref().filter(|_| from_file.is_none());
        let asks = id.is_some()
            || arguments.ask_aws
            || arguments.start_classification_job
            || back_end != BackEnd::Local;
        let aws = if asks { Some(aws::open(arguments).await?) } else { None };
        if let Some(aws) = &aws {
            aws.guardduty(arguments, id, &mut read, console).await?;
        }
        window(arguments, &mut read.question)?;
        console.note(&format!("looking for records from {} to {}", read.question.from, read.question.to));
        let gathered = match back_end {
            BackEnd::Local => gather(&hunts, &logs, &read.question, &tell).await,
            BackEnd::Athena => {
                let athena = hunt::aws::athena(&arguments.aws, stop, console).await?;
                gather(&hunts, &athena, &read.question, &tell).await
            }
            BackEnd::LogsInsights => {
                let insights =
                    hunt::aws::logs_insights(&arguments.aws, LocalLogs::MEMORY, stop, console).await?;
                gather(&hunts, &insights, &read.question, &tell).await
            }
        };
        let gathered = gathered.map_err(refused)?;
        if let Some(aws) = &aws {
            let buckets = buckets(&read, &gathered);
            aws.macie(arguments, &buckets, &mut read, console).await?;
        }
        Ok((read, gathered))
    })?;
    let material = Material {
        question: &read.question,
        gathered: &gathered,
        other_detections: &read.others,
        sensitive: read.sensitive.as_ref(),
        audit: view,
        titles: &titles,
        limitations: &read.limitations,
        analyst: arguments.analyst.as_deref(),
        classification: &arguments.classification,
        generated_at: Timestamp::now(),
    };
    let incident = correlate(&material);
    let written = destinations.write_with(
        &|format, _look: Look, out| Ok(out.write_all(render(format, &incident)?.as_bytes())?),
        console.look(),
        &mut std::io::stdout().lock(),
    );
    if let Err(errors) = written {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return Err(Failure::usage(miette!("{}", all.join("; "))));
    }
    let impact = &incident.data_impact;
    console.note(&format!(
        "{} went out ({} read, at least), {} deleted; {} followed",
        counted(impact.objects_count, "object"),
        bytes(impact.bytes_out),
        counted(impact.deleted_count, "object"),
        counted(gathered.suspects.keys.len() as u64, "credential"),
    ));
    Ok(if is_complete(&gathered, &read) { ExitCode::Success } else { ExitCode::Incomplete })
}

/// The buckets of the incident: those that are named, and those out of which something went.
fn buckets(read: &Read, gathered: &Gathered) -> Vec<String> {
    let named = read.question.detections.iter().flat_map(|detection| detection.buckets.iter());
    let touched = gathered.touched.iter().filter_map(|one| one.bucket.as_ref());
    let opened = gathered.doors.iter().map(|door| &door.bucket);
    let all: BTreeSet<&String> = named.chain(&read.question.buckets).chain(touched).chain(opened).collect();
    all.into_iter().filter(|bucket| ParameterType::BucketName.read(bucket).is_ok()).cloned().collect()
}

/// Whether all that was asked for could be read.
fn is_complete(gathered: &Gathered, read: &Read) -> bool {
    let notes = gathered.evidence.iter().flat_map(|query| &query.notes);
    read.limitations.is_empty() && !notes.into_iter().any(|note| note.kind.is_incomplete())
}

/// Who is asked for CloudTrail's records.
fn back_end(arguments: &InvestigateArguments) -> Result<BackEnd, Failure> {
    let refuse = |why: &str| {
        let help = "give log files with `--logs PATH`, or choose a back end with `--backend`";
        Err(Failure::usage(miette!(help = help, "{why}")))
    };
    match (arguments.backend, arguments.logs.is_empty()) {
        (None | Some(BackEnd::Local), true) => {
            refuse("nobody is named who is asked for CloudTrail's records")
        }
        (None | Some(BackEnd::Local), false) => Ok(BackEnd::Local),
        (Some(_), false) => refuse("log files are asked by the back end `local` only"),
        (Some(other), true) => Ok(other),
    }
}

/// Names of the command line are held to their form before anything is read.
fn check_names(arguments: &InvestigateArguments) -> Result<(), Failure> {
    let lists = [
        ("--bucket", ParameterType::BucketName, &arguments.bucket),
        ("--principal", ParameterType::Arn, &arguments.principal),
        ("--access-key", ParameterType::AccessKeyId, &arguments.access_key),
    ];
    for (flag, kind, values) in lists {
        for value in values {
            kind.read(value).map_err(|why| Failure::usage(miette!("{flag}: {why}")))?;
        }
    }
    Ok(())
}

fn finding_file(path: &Path) -> Result<Vec<Detection>, Failure> {
    let refuse = |why: &dyn std::fmt::Display| {
        Failure::usage(miette!(
            help = "a finding is what EventBridge carries, or `aws guardduty get-findings` prints",
            "`{}` cannot be used: {why}",
            path.display()
        ))
    };
    let text = std::fs::read(path).map_err(|error| refuse(&error))?;
    detection::read(&text).map_err(|error| refuse(&error))
}

fn macie_files(arguments: &InvestigateArguments) -> Result<Option<SensitiveObjects>, Failure> {
    let mut all: Option<SensitiveObjects> = None;
    for path in &arguments.macie_findings {
        let refuse = |why: &dyn std::fmt::Display| {
            Failure::usage(miette!(
                help = "it is what `aws macie2 get-findings` prints",
                "`{}` cannot be used: {why}",
                path.display()
            ))
        };
        let text = std::fs::read(path).map_err(|error| refuse(&error))?;
        let answer = serde_json::from_slice(&text).map_err(|error| refuse(&error))?;
        all.get_or_insert_default().add(&answer).map_err(|error| refuse(&error))?;
    }
    Ok(all)
}

fn question(arguments: &InvestigateArguments, audit: Option<&AuditView<'_>>) -> Question {
    let audited = audit.into_iter().flat_map(AuditView::accounts).map(str::to_owned);
    let accounts = audited.chain(arguments.organization_accounts.iter().cloned()).collect();
    Question {
        access_keys: arguments.access_key.clone(),
        principals: arguments.principal.clone(),
        buckets: arguments.bucket.clone(),
        accounts,
        our_buckets: audit.map(AuditView::buckets).unwrap_or_default(),
        ..Question::default()
    }
}

/// The window: as told, else a day around the findings.
fn window(arguments: &InvestigateArguments, question: &mut Question) -> Result<(), Failure> {
    let margin = SignedDuration::from_hours(MARGIN);
    let first = question.detections.iter().filter_map(|detection| detection.first_seen).min();
    let last = question.detections.iter().filter_map(|detection| detection.last_seen).max();
    let from = arguments.from.or_else(|| first?.checked_sub(margin).ok());
    let to = arguments.to.or_else(|| last?.checked_add(margin).ok());
    let (Some(from), Some(to)) = (from, to) else {
        return Err(Failure::usage(miette!(
            help = "for example --from 2026-01-14 --to 2026-01-16",
            "it is not known when it happened: give --from and --to"
        )));
    };
    let whole = |time: Timestamp| Timestamp::from_second(time.as_second()).unwrap_or(time);
    (question.from, question.to) = (whole(from), whole(to));
    if question.from >= question.to {
        return Err(Failure::usage(miette!("the window from {from} to {to} is empty")));
    }
    Ok(())
}

fn refused(error: GatherError) -> Failure {
    match error {
        GatherError::Query(error) => hunt::failed(error),
        defect @ GatherError::Defect { .. } => Failure::usage(miette!("{}", visible(&defect.to_string()))),
    }
}
