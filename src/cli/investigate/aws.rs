//! What GuardDuty and Macie are asked, region by region; what they do not answer is told in the report.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use miette::miette;

use super::super::arguments::InvestigateArguments;
use super::super::consent::agreed;
use super::super::console::Console;
use super::super::{Failure, live};
use super::Read;
use crate::collect::{Access, Connection, ConnectionOptions, Failure as CallFailure, Wanted};
use crate::investigate::findings::{self, Classifiable, GuardDutyQuestion, MacieQuestion};
use crate::investigate::incident::{SensitiveObjects, bytes, counted, detection};
use crate::semantics::guardduty::finding_types;
use crate::visible::visible;

/// Calls under way at once.
const CALLS_AT_ONCE: usize = 4;

/// How much before and after the finding other findings are looked for: they are written, and updated, later than the
/// events.
const MARGIN_DAYS: i64 = 7;

/// AWS, with the caller's own credentials.
pub struct Aws {
    connection: Arc<Connection>,
    access: Access,
    regions: Vec<String>,
}

/// Opens the connection; makes no call.
pub async fn open(arguments: &InvestigateArguments) -> Result<Aws, Failure> {
    let options = ConnectionOptions {
        endpoint_url: arguments.aws.athena.endpoint_url.clone(),
        max_concurrency: CALLS_AT_ONCE,
        max_calls_per_second: None,
        call_timeout: ConnectionOptions::CALL_TIMEOUT,
        wanted: Wanted::All,
    };
    let connection: Arc<Connection> = Connection::open(&options).await.map_err(live::misled)?;
    let regions = regions(arguments, &connection)?;
    let access = connection.caller();
    Ok(Aws { connection, access, regions })
}

impl Aws {
    /// Asks GuardDuty for the finding, if only its id is known, and for others of the same days.
    pub async fn guardduty(
        &self,
        arguments: &InvestigateArguments,
        id: Option<&str>,
        read: &mut Read,
        console: &Console,
    ) -> Result<(), Failure> {
        if let Some(id) = id {
            console.note(&format!("asking GuardDuty for the finding {}", visible(id)));
            the_finding(&self.access, &self.regions, id, read).await?;
        }
        for region in &self.regions {
            console.note(&format!("asking GuardDuty in {region}"));
            other_findings(&self.access, region, arguments, read).await;
        }
        Ok(())
    }

    /// Asks Macie what it found in these buckets, and lets it classify if told to.
    pub async fn macie(
        &self,
        arguments: &InvestigateArguments,
        buckets: &[String],
        read: &mut Read,
        console: &Console,
    ) -> Result<(), Failure> {
        for region in &self.regions {
            console.note(&format!("asking Macie in {region}"));
            macie(&self.access, region, buckets, read).await;
            if arguments.start_classification_job {
                classify(&self.access, region, arguments, buckets, read, console).await?;
            }
        }
        let counts = self.connection.counts();
        console.note(&format!(
            "{} to AWS, {} of them repeated",
            counted(counts.total(), "call"),
            counts.retries
        ));
        Ok(())
    }
}

fn regions(arguments: &InvestigateArguments, connection: &Connection) -> Result<Vec<String>, Failure> {
    if !arguments.regions.is_empty() {
        return Ok(arguments.regions.clone());
    }
    connection.configured_region().map(|region| vec![region]).ok_or_else(|| {
        Failure::usage(miette!(
            help = "name them with --regions, or one with AWS_REGION or in ~/.aws/config",
            "it is not known in which regions GuardDuty is to be asked"
        ))
    })
}

fn unread(read: &mut Read, region: &str, failure: &CallFailure) {
    let text = format!(
        "in {region}, {} could not be read: {}",
        failure.unreadable.operation,
        failure.unreadable.clause()
    );
    read.limitations.push(text);
}

/// The finding in the first region that has it.
async fn the_finding(access: &Access, regions: &[String], id: &str, read: &mut Read) -> Result<(), Failure> {
    let mut refusal = None;
    for region in regions {
        let at = access.at(region);
        let detector = match findings::detector(&at, region).await {
            Ok(Some(detector)) => detector,
            Ok(None) => continue,
            Err(failure) => {
                refusal = Some(failure);
                continue;
            }
        };
        match findings::guardduty_findings_by_id(&at, region, &detector, &[id.to_owned()]).await {
            Ok(answers) => {
                let found = answers.iter().filter_map(|answer| detection::read_value(answer).ok()).flatten();
                read.question.detections.extend(found);
            }
            Err(failure) => refusal = Some(failure),
        }
        if !read.question.detections.is_empty() {
            return Ok(());
        }
    }
    let asked = regions.join(", ");
    Err(match refusal {
        Some(failure) => Failure::no_entry(miette!(
            "GuardDuty could not be asked for the finding `{}` in {asked}: {}",
            visible(id),
            failure.unreadable.clause()
        )),
        None => Failure::usage(miette!(
            help = "findings are regional and kept for 90 days: name the region with --regions; a file of that name there is not",
            "there is no finding `{}` in {asked}",
            visible(id)
        )),
    })
}

/// Findings of the same days, those that were archived as well: what a suppression rule hid is seen only so.
async fn other_findings(access: &Access, region: &str, arguments: &InvestigateArguments, read: &mut Read) {
    let at = access.at(region);
    let detector = match findings::detector(&at, region).await {
        Ok(Some(detector)) => detector,
        Ok(None) => {
            read.limitations.push(format!("GuardDuty is not enabled in {region}"));
            return;
        }
        Err(failure) => return unread(read, region, &failure),
    };
    let margin = SignedDuration::from_hours(24 * MARGIN_DAYS);
    let starts = &read.question.detections;
    let first = arguments.from.or_else(|| starts.iter().filter_map(|detection| detection.first_seen).min());
    let last = arguments.to.or_else(|| starts.iter().filter_map(|detection| detection.last_seen).max());
    let (Some(first), Some(last)) = (first, last) else { return };
    let types: Vec<String> = finding_types().map(|kind| kind.name.to_owned()).collect();
    for archived in [false, true] {
        let question = GuardDutyQuestion {
            types: types.clone(),
            archived,
            updated_from: first.checked_sub(margin).unwrap_or(Timestamp::MIN).as_millisecond(),
            updated_to: last.checked_add(margin).unwrap_or(Timestamp::MAX).as_millisecond(),
        };
        match findings::guardduty_findings(&at, region, &detector, &question).await {
            Ok(answers) => {
                let found = answers.iter().filter_map(|answer| detection::read_value(answer).ok()).flatten();
                let known =
                    |id: &str| read.question.detections.iter().chain(&read.others).any(|one| one.id == id);
                let new: Vec<_> = found.filter(|detection| !known(&detection.id)).collect();
                read.others.extend(new);
            }
            Err(failure) => unread(read, region, &failure),
        }
    }
}

async fn macie(access: &Access, region: &str, buckets: &[String], read: &mut Read) {
    if buckets.is_empty() {
        read.limitations.push("Macie was not asked: no bucket is named".to_owned());
        return;
    }
    for category in ["CLASSIFICATION", "POLICY"] {
        let question = MacieQuestion { buckets: buckets.to_vec(), category };
        match findings::macie_findings(&access.at(region), region, &question).await {
            Ok(Some(answers)) => {
                let sensitive: &mut SensitiveObjects = read.sensitive.get_or_insert_default();
                let refused = answers.iter().filter_map(|answer| sensitive.add(answer).err()).next();
                if let Some(error) = refused {
                    read.limitations.push(format!("what Macie in {region} answers cannot be used: {error}"));
                }
            }
            Ok(None) => {
                read.limitations.push(format!(
                    "Macie is not enabled in {region}: how sensitive the data was it does not know"
                ));
                return;
            }
            Err(failure) => return unread(read, region, &failure),
        }
    }
}

/// Shows what a classification job costs, asks, and starts it.
async fn classify(
    access: &Access,
    region: &str,
    arguments: &InvestigateArguments,
    buckets: &[String],
    read: &mut Read,
    console: &Console,
) -> Result<(), Failure> {
    let at = access.at(region);
    let known = match findings::classifiable(&at, region, buckets).await {
        Ok(known) => known,
        Err(failure) => {
            unread(read, region, &failure);
            return Ok(());
        }
    };
    if known.is_empty() {
        console.note(&format!("Macie in {region} knows none of the buckets: there is nothing to classify"));
        return Ok(());
    }
    console.note(&estimate(arguments, region, &known));
    if !agreed(arguments.yes, "Start it?", "say --yes once the estimate was read")? {
        console.note("no classification job was started");
        return Ok(());
    }
    let token = uuid::Uuid::now_v7().to_string();
    let name = format!("exfilguard-{token}");
    match findings::start_classification_job(
        &at,
        region,
        &name,
        &token,
        arguments.sampling_percentage,
        &known,
    )
    .await
    {
        Ok(id) => {
            console.note(&format!(
                "Macie classifies: job {id} in {region}; run the investigation again when it is done"
            ));
        }
        Err(failure) => unread(read, region, &failure),
    }
    Ok(())
}

fn estimate(arguments: &InvestigateArguments, region: &str, known: &[Classifiable]) -> String {
    let stored: u64 = known.iter().map(|bucket| bucket.bytes).sum();
    let objects: u64 = known.iter().map(|bucket| bucket.objects).sum();
    let share = u64::from(arguments.sampling_percentage);
    let sampled = stored / 100 * share + stored % 100 * share / 100;
    #[expect(clippy::cast_precision_loss, reason = "an estimate of money")]
    let cost = sampled as f64 / 1e9 * arguments.price_per_gigabyte;
    let names: Vec<&str> = known.iter().map(|bucket| bucket.bucket.as_str()).collect();
    format!(
        "Macie in {region} would classify {share} percent of {} ({}) in {}: about {cost:.2} USD, more if objects are compressed",
        counted(objects, "object"),
        bytes(stored),
        names.join(", ")
    )
}
