//! What can be said, each sentence with how sure it is and what it rests on; and what cannot be said.

use super::report::{
    Actor, Confidence, ControlPlaneChange, DataImpact, DetectionSummary, ExfilPath, LoggingConfidence,
    Statement,
};

/// What the sentences are made from.
pub(super) struct Known<'a> {
    pub detection: &'a DetectionSummary,
    pub actors: &'a [Actor],
    pub impact: &'a DataImpact,
    pub paths: &'a [ExfilPath],
    pub changes: &'a [ControlPlaneChange],
    pub logging: &'a LoggingConfidence,
}

fn say(about: &str, confidence: Confidence, rests_on: &[&str], text: String) -> Statement {
    Statement {
        about: about.to_owned(),
        text,
        confidence,
        rests_on: rests_on.iter().map(|&what| what.to_owned()).collect(),
    }
}

/// A number with its noun: `1 object`, `2,143 objects`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    match noun {
        "" => shown,
        noun if number == 1 => format!("{shown} {noun}"),
        noun => format!("{shown} {noun}s"),
    }
}

/// Bytes as people say them: `35.4 MB`, in powers of ten.
#[must_use]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if number < 1_000 {
        return counted(number, "byte");
    }
    let (mut divisor, mut unit) = (1_000_u64, UNITS[0]);
    for next in UNITS.iter().skip(1) {
        if number / divisor < 1_000 {
            break;
        }
        divisor *= 1_000;
        unit = next;
    }
    let tenths = number / (divisor / 10);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

pub(super) fn statements(known: &Known<'_>) -> Vec<Statement> {
    let mut all = Vec::new();
    who(known, &mut all);
    what(known, &mut all);
    ways(known, &mut all);
    sensitive(known, &mut all);
    destruction(known, &mut all);
    changes(known, &mut all);
    logging(known, &mut all);
    all
}

fn who(known: &Known<'_>, all: &mut Vec<Statement>) {
    let ids: Vec<&str> = known.detection.finding_ids.iter().map(String::as_str).collect();
    let seen: Vec<&Actor> = known.actors.iter().filter(|actor| actor.requests > 0).collect();
    if seen.is_empty() {
        let text = if known.actors.is_empty() {
            "who did it is not known: neither a finding nor who asked names a credential that could be followed"
        } else {
            "of the credentials that are named there is no record in the window: whether they were used is not known"
        };
        all.push(say("who", Confidence::NotAssessable, &ids, text.to_owned()));
    }
    for actor in seen {
        let outside = actor.ips.iter().filter(|ip| !ip.set_apart).count() as u64;
        let tor = if actor.ips.iter().any(|ip| ip.tor == Some(true)) {
            ", one of them an exit of Tor by GuardDuty"
        } else {
            ""
        };
        let failed = match actor.failed_requests {
            0 => String::new(),
            failed => format!(", {} of them refused or failed", counted(failed, "")),
        };
        let noun = if outside == 1 { "address" } else { "addresse" };
        all.push(say(
            "who",
            actor.confidence,
            &["credential-use", "sessions-issued"],
            format!(
                "{} made {} from {}{tor}{failed} ({})",
                actor.principal,
                counted(actor.requests, "request"),
                counted(outside, noun),
                actor.joined
            ),
        ));
    }
}

fn what(known: &Known<'_>, all: &mut Vec<Statement>) {
    let impact = known.impact;
    if impact.objects_count > 0 {
        let buckets = impact.buckets.iter().filter(|bucket| bucket.objects > 0).count() as u64;
        all.push(say(
            "what",
            Confidence::Confirmed,
            &["objects-touched", "outside-access", "bucket-writes"],
            format!(
                "{} of {} went out, with at least {} ({} bytes): a lower bound, as the records of copies tell no bytes",
                counted(impact.objects_count, "object"),
                counted(buckets, "bucket"),
                bytes(impact.bytes_out),
                counted(impact.bytes_out, "")
            ),
        ));
    } else {
        all.push(say(
            "what",
            Confidence::NotAssessable,
            &["objects-touched"],
            "no record tells that an object went out; whether every read was logged is said under logging"
                .to_owned(),
        ));
    }
    let apart = &impact.set_apart;
    if apart.requests > 0 {
        all.push(say(
            "what",
            Confidence::Inferred,
            &["objects-touched"],
            format!(
                "not counted: {} for {} with a followed credential from within the organization's own network, or with \
                 presigned URLs that the workload may have signed; the workload uses the same credential",
                counted(apart.requests, "request"),
                counted(apart.objects, "object")
            ),
        ));
    }
}

fn ways(known: &Known<'_>, all: &mut Vec<Statement>) {
    for path in known.paths {
        let objects =
            if path.objects > 0 { format!("{} ", counted(path.objects, "object")) } else { String::new() };
        let open = if path.stays_open { "; this way stays open when the credentials are gone" } else { "" };
        all.push(say(
            "way-out",
            path.confidence,
            match path.kind.as_str() {
                "outside-account" => &["outside-access", "changes-by-credential"],
                "replication" => &["bucket-writes", "changes-by-credential"],
                "open-access" | "export" => &["changes-by-credential"],
                _ => &["objects-touched"],
            },
            format!("{objects}{}{open}", path.text),
        ));
    }
}

fn sensitive(known: &Known<'_>, all: &mut Vec<Statement>) {
    let (impact, found) = (known.impact, &known.impact.sensitive);
    if impact.objects_count == 0 {
        return;
    }
    if found.object_count > 0 {
        all.push(say(
            "sensitive",
            Confidence::Confirmed,
            &["macie"],
            format!(
                "{} of those that went out hold sensitive data by Macie: {}",
                counted(found.object_count, "object"),
                found.categories.join(", ")
            ),
        ));
    }
    if impact.unclassified_count > 0 {
        let why =
            if found.assessed { "Macie reported nothing of them" } else { "Macie's findings were not read" };
        all.push(say(
            "sensitive",
            Confidence::NotAssessable,
            &["macie"],
            format!(
                "how sensitive {} are is not known: {why}, which does not make them harmless",
                counted(impact.unclassified_count, "object")
            ),
        ));
    }
}

fn destruction(known: &Known<'_>, all: &mut Vec<Statement>) {
    let impact = known.impact;
    if impact.deleted_count > 0 {
        let text = format!("{} were deleted", counted(impact.deleted_count, "object"));
        all.push(say("destruction", Confidence::Confirmed, &["objects-touched"], text));
    }
    if impact.unnamed_deletions > 0 {
        let text = format!(
            "{} deleted objects that their records do not name, up to 1,000 each",
            counted(impact.unnamed_deletions, "request")
        );
        all.push(say("destruction", Confidence::NotAssessable, &["objects-touched"], text));
    }
}

fn changes(known: &Known<'_>, all: &mut Vec<Statement>) {
    let done = known.changes.iter().filter(|change| change.outcome == "done").count() as u64;
    let refused = known.changes.len() as u64 - done;
    if done + refused > 0 {
        let refused = if refused > 0 {
            format!("; {} more were refused or failed", counted(refused, ""))
        } else {
            String::new()
        };
        let text =
            format!("{} of settings were made with followed credentials{refused}", counted(done, "change"));
        all.push(say("control-plane", Confidence::Confirmed, &["changes-by-credential"], text));
    }
}

fn logging(known: &Known<'_>, all: &mut Vec<Statement>) {
    for gap in &known.logging.gaps {
        let until = gap.to.as_ref().map_or("the end of the window".to_owned(), Clone::clone);
        all.push(say(
            "logging",
            Confidence::NotAssessable,
            &["logging-changes", "log-hours"],
            format!(
                "what happened from {} to {until} is not known ({}): {}",
                gap.from,
                gap.confidence.as_str(),
                gap.reason
            ),
        ));
    }
    if known.logging.basis.is_none() {
        let text = "whether all reads and writes of the buckets were logged is not known: no audit was given \
                    (--assessment or --snapshot)";
        all.push(say("logging", Confidence::NotAssessable, &[], text.to_owned()));
        return;
    }
    for bucket in
        known.logging.buckets.iter().filter(|bucket| bucket.reads != "yes" || bucket.writes != "yes")
    {
        let text = format!(
            "of the bucket {} not everything is known: reads logged: {}, writes logged: {} ({})",
            bucket.bucket, bucket.reads, bucket.writes, bucket.reason
        );
        all.push(say("logging", Confidence::NotAssessable, &["assessment"], text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_powers_of_ten_and_never_more_than_there_are() {
        for (number, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (999_999, "999.9 kB"),
            (35_369_918, "35.3 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }
}
