//! Is everything of a kind logged on a bucket? (`aws-semantics.md` 3.6)

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::event::{Category, Event, Resource, S3_OBJECT};
use super::{ObservedSelectors, Observer, logs, points};
use crate::semantics::verdict::{Assumptions, Tri, Verdict};

/// Reading or writing objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// Downloads and listings.
    Read,
    /// Uploads, copies and deletions.
    Write,
}

/// Data events that read (S3 user guide, *Amazon S3 CloudTrail events*).
const READS: [&str; 12] = [
    "GetObject",
    "ListObjects",
    "HeadObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "GetObjectTorrent",
    "SelectObjectContent",
    "ListObjectVersions",
    "ListParts",
    "ListMultipartUploads",
    "HeadBucket",
];

/// Data events that write.
const WRITES: [&str; 15] = [
    "PutObject",
    "CopyObject",
    "UploadPart",
    "UploadPartCopy",
    "CreateMultipartUpload",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "DeleteObject",
    "DeleteObjects",
    "PutObjectAcl",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "RestoreObject",
    "RenameObject",
    "UpdateObjectEncryption",
];

/// Verbs with which reading operations begin; everything else writes.
const READING_VERBS: [&str; 6] = ["Get", "Head", "List", "Select", "Describe", "Lookup"];
/// Verbs with which writing operations begin.
const WRITING_VERBS: [&str; 14] = [
    "Put",
    "Copy",
    "Upload",
    "Create",
    "Complete",
    "Abort",
    "Delete",
    "Restore",
    "Rename",
    "Update",
    "Post",
    "Replicate",
    "Write",
    "Tag",
];

impl EventClass {
    fn canonical(self) -> &'static [&'static str] {
        match self {
            Self::Read => &READS,
            Self::Write => &WRITES,
        }
    }

    /// Whether an event of this name may be of the class.
    fn may_hold(self, name: &str) -> bool {
        let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
        match self {
            Self::Read => !begins(&WRITING_VERBS),
            Self::Write => !begins(&READING_VERBS),
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Write => "writes",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Read => Self::Write,
            Self::Write => Self::Read,
        }
    }
}

/// A bucket, as far as events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketIdentity {
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its partition.
    pub partition: String,
}

/// How much of a class of events on a bucket is logged.
#[derive(Debug, Clone, PartialEq)]
pub enum Coverage {
    /// Everything.
    Full {
        /// Why, naming who logs.
        reason: String,
        /// Assumptions used.
        assumptions: Assumptions,
    },
    /// Something is, something is not.
    Partial {
        /// What escapes.
        reason: String,
        /// The smallest event that nobody logs.
        witness: Value,
        /// Assumptions used.
        assumptions: Assumptions,
    },
    /// Nothing.
    None {
        /// Why.
        reason: String,
        /// An event that nobody logs.
        witness: Value,
    },
    /// Not determined.
    Unknown {
        /// Why not.
        reason: String,
        /// An event of which it is not known whether it is logged.
        witness: Value,
    },
}

impl Coverage {
    /// Whether everything is logged.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Full { reason, assumptions } => {
                Verdict { assumptions: assumptions.clone(), ..Verdict::yes(reason.clone()) }
            }
            Self::Partial { reason, witness, assumptions } => Verdict {
                assumptions: assumptions.clone(),
                ..Verdict::no(reason.clone()).with_witness(witness.clone())
            },
            Self::None { reason, witness } => Verdict::no(reason.clone()).with_witness(witness.clone()),
            Self::Unknown { reason, witness } => {
                Verdict::unknown(reason.clone()).with_witness(witness.clone())
            }
        }
    }
}

/// Combinations of critical values that are asked about at most; beyond, nothing is claimed.
const MAX_POINTS: usize = 200_000;

/// One critical event.
#[derive(Debug, Clone)]
struct Point {
    name: String,
    arn: String,
    caller: Option<String>,
    console: Option<String>,
}

impl Point {
    fn event<'a>(&'a self, class: EventClass) -> Event<'a> {
        Event {
            category: Category::Data,
            name: Some(self.name.as_str().into()),
            source: Some("s3.amazonaws.com".into()),
            event_type: Some("AwsApiCall".into()),
            read_only: Some(class == EventClass::Read),
            resources: vec![Resource { kind: S3_OBJECT.into(), arn: self.arn.as_str().into() }],
            user_arn: self.caller.as_deref().map(Into::into),
            from_console: self.console.as_deref().map(Into::into),
            error_code: None,
            vpc_endpoint: None,
        }
    }

    /// The record that shows it, with the fields that selectors look at.
    fn record(&self, bucket: &BucketIdentity, class: EventClass) -> Value {
        let mut record = json!({
            "eventCategory": "Data", "managementEvent": false, "readOnly": class == EventClass::Read,
            "eventSource": "s3.amazonaws.com", "eventName": self.name, "eventType": "AwsApiCall",
            "awsRegion": bucket.region, "recipientAccountId": bucket.account,
            "resources": [{"type": S3_OBJECT, "ARN": self.arn}],
        });
        if let Some(fields) = record.as_object_mut() {
            if let Some(caller) = &self.caller {
                fields.insert("userIdentity".to_owned(), json!({"arn": caller}));
            }
            if let Some(console) = &self.console {
                fields.insert("sessionCredentialFromConsole".to_owned(), json!(console));
            }
        }
        record
    }
}

/// All combinations of critical values; none if there are too many to ask about.
fn points(bucket: &BucketIdentity, class: EventClass, observers: &[Observer<'_>]) -> Option<Vec<Point>> {
    let names = points::names(observers, class.canonical(), |name| class.may_hold(name));
    let arns = points::object_arns(observers, &bucket.partition, &bucket.name);
    let callers = points::callers(observers, &bucket.partition, &bucket.account);
    let consoles = points::optional(observers, "sessionCredentialFromConsole", "true");
    let size = names.len() * arns.len() * callers.len() * consoles.len();
    if size > MAX_POINTS {
        return None;
    }
    let mut all = Vec::with_capacity(size);
    // The first point is the plainest: a download by a role. Witnesses are taken in this order.
    for console in &consoles {
        for caller in &callers {
            for arn in &arns {
                for name in &names {
                    all.push(Point {
                        name: name.clone(),
                        arn: arn.clone(),
                        caller: caller.clone(),
                        console: console.clone(),
                    });
                }
            }
        }
    }
    Some(all)
}

/// Whether an observer logs an event: it is active and one of its selectors matches.
fn observed(observer: &Observer<'_>, event: &Event<'_>) -> Verdict {
    if observer.active.value.is_no() {
        return observer.active.clone();
    }
    let selected = match observer.selectors {
        ObservedSelectors::Unknown => Verdict::unknown(observer.active.reason.clone()),
        ObservedSelectors::Known(selectors) => logs(selectors, event),
    };
    observer.active.clone().and(selected)
}

/// How much of a class of events on a bucket's objects is logged by these observers together.
#[must_use]
pub fn coverage(bucket: &BucketIdentity, class: EventClass, observers: &[Observer<'_>]) -> Coverage {
    let Some(points) = points(bucket, class, observers) else {
        return Coverage::Unknown {
            reason: "the selectors are too many to tell whether they cover everything".to_owned(),
            witness: json!({}),
        };
    };
    let mut by: BTreeSet<&str> = BTreeSet::new();
    let mut assumptions = Assumptions::new();
    let (mut logged, mut missed, mut doubtful) = (0_usize, None, None);
    for point in &points {
        let event = point.event(class);
        let mut value = Tri::No;
        for observer in observers {
            let verdict = observed(observer, &event);
            value = value.or(verdict.value);
            if verdict.value.is_yes() {
                by.insert(observer.name);
                assumptions.extend(verdict.assumptions);
                break;
            }
        }
        match value {
            Tri::Yes => logged += 1,
            Tri::No => missed = missed.or(Some(point)),
            Tri::Unknown => doubtful = doubtful.or(Some(point)),
        }
    }
    let describe = |point: &Point| reason(bucket, class, observers, point, &points);
    match (missed, doubtful) {
        (Some(point), _) if logged == 0 && doubtful.is_none() => {
            Coverage::None { reason: describe(point), witness: point.record(bucket, class) }
        }
        (Some(point), _) => {
            Coverage::Partial { reason: describe(point), witness: point.record(bucket, class), assumptions }
        }
        (None, Some(point)) => {
            Coverage::Unknown { reason: describe(point), witness: point.record(bucket, class) }
        }
        (None, None) => {
            let names: Vec<&str> = by.into_iter().collect();
            Coverage::Full {
                reason: format!("all {} are logged by {}", class.plural(), names.join(" and ")),
                assumptions,
            }
        }
    }
}

/// Observers that a reason names at most.
const MAX_NAMED: usize = 4;

/// What each observer lacks on an event that is not, or not certainly, logged.
fn reason(
    bucket: &BucketIdentity,
    class: EventClass,
    observers: &[Observer<'_>],
    point: &Point,
    points: &[Point],
) -> String {
    if observers.is_empty() {
        return format!(
            "no trail or event data store covers account {} in {}",
            bucket.account, bucket.region
        );
    }
    let mut lacks: Vec<String> =
        observers.iter().map(|observer| lack(bucket, class, observer, point, points)).collect();
    lacks.dedup();
    let more = lacks.len().saturating_sub(MAX_NAMED);
    lacks.truncate(MAX_NAMED);
    let mut text = lacks.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// What one observer lacks.
fn lack(
    bucket: &BucketIdentity,
    class: EventClass,
    observer: &Observer<'_>,
    point: &Point,
    points: &[Point],
) -> String {
    if !observer.active.value.is_yes() {
        return observer.active.reason.clone();
    }
    let ObservedSelectors::Known(selectors) = observer.selectors else {
        return format!("what {} selects is not known", observer.name);
    };
    let at = observed(observer, &point.event(class));
    if at.value.is_unknown() {
        return format!("{}: {}", observer.name, at.reason);
    }
    let name = observer.name;
    let some = points.iter().find(|other| observed(observer, &other.event(class)).value.is_yes());
    let Some(some) = some else {
        return nothing(bucket, class, selectors, name, point);
    };
    let same_but = |change: &dyn Fn(&mut Point)| {
        let mut changed = point.clone();
        change(&mut changed);
        observed(observer, &changed.event(class)).value.is_yes()
    };
    let root = format!("arn:{}:s3:::{}/", bucket.partition, bucket.name);
    if same_but(&|point| point.arn.clone_from(&some.arn)) {
        let key = point.arn.strip_prefix(&root).unwrap_or_default();
        return format!(
            "{name} does not log {} of every key of the bucket, for example not `{key}`",
            class.plural()
        );
    }
    if same_but(&|point| point.name.clone_from(&some.name)) {
        return format!(
            "{name} does not log every kind of {}, for example not `{}`",
            class.plural(),
            point.name
        );
    }
    if same_but(&|point| point.caller.clone_from(&some.caller)) {
        let caller = point.caller.as_deref().unwrap_or("callers without an ARN");
        return format!("{name} does not log what every caller does, for example not `{caller}`");
    }
    format!("{name} logs only a part of the {}", class.plural())
}

/// Why an observer logs nothing of the class on the bucket.
fn nothing(
    bucket: &BucketIdentity,
    class: EventClass,
    selectors: &crate::semantics::configuration::TrailSelectors,
    name: &str,
    point: &Point,
) -> String {
    let other = class.other();
    let opposite =
        Point { name: other.canonical().first().copied().unwrap_or_default().to_owned(), ..point.clone() };
    if logs(selectors, &opposite.event(other)).value.is_yes() {
        return format!("{name} logs only {}", other.plural());
    }
    let elsewhere = Point { arn: format!("arn:{}:s3:::another-bucket/a", bucket.partition), ..point.clone() };
    if logs(selectors, &elsewhere.event(class)).value.is_yes() {
        return format!("{name} leaves bucket `{}` out", bucket.name);
    }
    if selects_s3_objects(selectors) {
        return format!("{name} logs data events of other buckets only");
    }
    format!("{name} logs no S3 data events")
}

fn selects_s3_objects(selectors: &crate::semantics::configuration::TrailSelectors) -> bool {
    let basic = selectors
        .event_selectors
        .iter()
        .flat_map(|selector| &selector.data_resources)
        .any(|resource| resource.r#type == S3_OBJECT && !resource.values.is_empty());
    let advanced =
        selectors.advanced_event_selectors.iter().flat_map(|selector| &selector.field_selectors).any(
            |field| field.field == "resources.type" && field.equals.iter().any(|kind| kind == S3_OBJECT),
        );
    basic || advanced
}
