//! A GuardDuty finding, whatever way it came: what it says of credentials, buckets, addresses and times, and what it leaves
//! open.
//!
//! Read as EventBridge carries it (`detail` of an event), as `GetFindings` answers (`{"findings": […]}`), as the AWS CLI
//! prints that (`{"Findings": […]}`, names in capitals), or alone. A finding of an unknown type or without a part is no
//! error: what is missing is told in [`Detection::notes`] (fault B-14).
//!
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>

mod sequence;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::semantics::guardduty::{finding_types, is_retired};

/// What GuardDuty says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detection {
    /// The finding's id.
    pub id: String,
    /// For example `Exfiltration:S3/AnomalousBehavior`.
    pub kind: String,
    /// 1.0 to 10.0.
    pub severity: Option<f64>,
    /// The account that it is about.
    pub account: String,
    /// The region whose detector made it.
    pub region: String,
    /// GuardDuty's own title.
    pub title: String,
    /// When the first event that it tells of happened.
    pub first_seen: Option<Timestamp>,
    /// When the last one did.
    pub last_seen: Option<Timestamp>,
    /// Whether somebody, or a suppression rule, archived it.
    pub archived: bool,
    /// Whether it is an example that was made on request.
    pub sample: bool,
    /// The credentials that it names.
    pub credentials: Vec<Credential>,
    /// The buckets that it names, sorted.
    pub buckets: Vec<String>,
    /// The remote addresses that it names.
    pub addresses: Vec<RemoteAddress>,
    /// What an attack sequence consists of.
    pub signals: Vec<Signal>,
    /// What it leaves open, and what to mind: one sentence each.
    pub notes: Vec<String>,
}

/// A credential that a finding names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credential {
    /// `AKIA…` or `ASIA…`; empty if the finding does not tell.
    pub access_key: String,
    /// `AROA…:session`, `AIDA…`.
    pub principal_id: String,
    /// `AssumedRole`, `IAMUser`, ….
    pub user_type: String,
    /// The role's or user's name.
    pub user_name: String,
    /// The account of the credential, where the finding tells.
    pub account: String,
}

/// A remote address with what GuardDuty knows of its network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteAddress {
    /// IPv4 or IPv6.
    pub address: String,
    /// The number of the autonomous system.
    pub asn: Option<String>,
    /// Who runs it.
    pub organization: Option<String>,
    /// The country's name.
    pub country: Option<String>,
}

/// One signal of an attack sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// `FINDING`, `CLOUD_TRAIL`, `S3_DATA_EVENTS`, ….
    pub source: String,
    /// The finding type or the operation.
    pub name: String,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// How often.
    pub count: Option<u64>,
}

/// Why a text holds no finding.
#[derive(Debug, thiserror::Error)]
pub enum DetectionError {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error("it is no GuardDuty finding: none of the forms of EventBridge, `GetFindings` or the AWS CLI")]
    NoFinding,
    /// It is a list without a finding.
    #[error("it holds no finding: the list is empty")]
    Empty,
}

/// Reads the findings of a text, in its order.
///
/// # Errors
/// The text is no JSON, or holds no finding.
pub fn read(text: &[u8]) -> Result<Vec<Detection>, DetectionError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let value: Value = serde_json::from_slice(text)?;
    read_value(&value)
}

/// Reads the findings of a value.
///
/// # Errors
/// The value holds no finding.
pub fn read_value(value: &Value) -> Result<Vec<Detection>, DetectionError> {
    let list = match value {
        Value::Array(list) => Some(list),
        Value::Object(fields) => {
            fields.get("findings").or_else(|| fields.get("Findings")).and_then(Value::as_array)
        }
        _ => return Err(DetectionError::NoFinding),
    };
    let Some(list) = list else {
        return Ok(vec![one(value).ok_or(DetectionError::NoFinding)?]);
    };
    if list.is_empty() {
        return Err(DetectionError::Empty);
    }
    list.iter().map(one).collect::<Option<_>>().ok_or(DetectionError::NoFinding)
}

/// A finding alone or within an event; none if it is something else.
fn one(value: &Value) -> Option<Detection> {
    let finding = value.get("detail").filter(|detail| detail.is_object()).unwrap_or(value);
    let finding = wire_names(finding);
    let kind = text(&finding, "/type")?;
    let id = text(&finding, "/id")?;
    // A Macie finding has these, too; GuardDuty's types name a purpose before the resource, Macie's `SensitiveData` and
    // `Policy:IAMUser` are not findings of an actor.
    if finding.get("category").is_some() || finding.get("classificationDetails").is_some() {
        return None;
    }
    let mut detection = Detection {
        id,
        kind,
        severity: finding.get("severity").and_then(Value::as_f64),
        account: text(&finding, "/accountId").unwrap_or_default(),
        region: text(&finding, "/region").unwrap_or_default(),
        title: text(&finding, "/title").unwrap_or_default(),
        first_seen: time(finding.pointer("/service/eventFirstSeen")),
        last_seen: time(finding.pointer("/service/eventLastSeen")),
        archived: finding.pointer("/service/archived").and_then(Value::as_bool).unwrap_or(false),
        sample: is_sample(&finding),
        ..Detection::default()
    };
    detection.credentials.extend(credential(&finding));
    detection.buckets = buckets(&finding);
    detection.addresses.extend(remote_addresses(&finding));
    sequence::add(&mut detection, &finding);
    detection.buckets.sort();
    detection.buckets.dedup();
    tell_what_is_missing(&mut detection, &finding);
    Some(detection)
}

fn tell_what_is_missing(detection: &mut Detection, finding: &Value) {
    let mut notes = Vec::new();
    let kind = &detection.kind;
    if is_retired(kind) {
        notes.push(format!("the type `{kind}` is retired: GuardDuty no longer makes it"));
    } else if !finding_types().any(|known| known.name == kind) {
        notes.push(format!(
            "the type `{kind}` is not among those that tell of theft from S3; what it names is followed all the same"
        ));
    }
    if detection.sample {
        notes.push("it is a sample finding: nothing of what it says happened".to_owned());
    }
    if detection.archived {
        notes.push("it is archived: somebody, or a suppression rule, put it aside".to_owned());
    }
    if finding.get("service").is_none() {
        notes.push(
            "it has no `service` section: neither action, nor address, nor times are known from it"
                .to_owned(),
        );
    }
    if detection.first_seen.is_none() || detection.last_seen.is_none() {
        let (created, updated) = (time(finding.get("createdAt")), time(finding.get("updatedAt")));
        detection.first_seen = detection.first_seen.or(created).or(updated);
        detection.last_seen = detection.last_seen.or(updated).or(created);
        notes.push(match detection.first_seen {
            Some(_) => {
                "it does not tell when the events happened: the times at which it was written stand for them"
                    .to_owned()
            }
            None => "it does not tell when anything happened: give --from and --to".to_owned(),
        });
    }
    if detection.credentials.iter().all(|credential| credential.access_key.is_empty()) {
        notes.push("it names no access key".to_owned());
    }
    if detection.buckets.is_empty() {
        notes.push("it names no bucket".to_owned());
    }
    if detection.addresses.is_empty() {
        notes.push("it names no remote address".to_owned());
    }
    detection.notes = notes;
}

fn is_sample(finding: &Value) -> bool {
    let said = |value: &Value| value.get("sample").and_then(Value::as_bool).unwrap_or(false);
    let additional = finding.pointer("/service/additionalInfo");
    let within = additional.and_then(|info| info.get("value")).and_then(Value::as_str);
    let within: Option<Value> = within.and_then(|text| serde_json::from_str(text).ok());
    additional.is_some_and(said)
        || within.is_some_and(|value| said(&value))
        || text(finding, "/title").is_some_and(|title| title.starts_with("[SAMPLE"))
}

fn credential(finding: &Value) -> Option<Credential> {
    let details = finding.pointer("/resource/accessKeyDetails")?;
    let field = |name: &str| text(details, name).unwrap_or_default();
    let access_key = field("/accessKeyId");
    Some(Credential {
        access_key: if is_access_key(&access_key) { access_key } else { String::new() },
        principal_id: field("/principalId"),
        user_type: field("/userType"),
        user_name: field("/userName"),
        account: String::new(),
    })
}

/// Whether a text has the form of an access key id. Samples hold `GeneratedFindingAccessKeyId`.
#[must_use]
pub fn is_access_key(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn buckets(finding: &Value) -> Vec<String> {
    let details = finding.pointer("/resource/s3BucketDetails").and_then(Value::as_array);
    let named = details.into_iter().flatten().filter_map(|bucket| text(bucket, "/name"));
    let affected = finding.pointer("/service/action/awsApiCallAction/affectedResources/AWS::S3::Bucket");
    named.chain(affected.and_then(Value::as_str).map(str::to_owned)).collect()
}

fn remote_addresses(finding: &Value) -> Vec<RemoteAddress> {
    let action = finding.pointer("/service/action");
    let kinds =
        ["awsApiCallAction", "networkConnectionAction", "kubernetesApiCallAction", "rdsLoginAttemptAction"];
    let details = kinds.iter().filter_map(|kind| action?.get(kind)?.get("remoteIpDetails"));
    details
        .filter_map(|details| {
            let address = text(details, "/ipAddressV4").or_else(|| text(details, "/ipAddressV6"))?;
            Some(RemoteAddress {
                address,
                asn: text(details, "/organization/asn"),
                organization: text(details, "/organization/asnOrg"),
                country: text(details, "/country/countryName"),
            })
        })
        .collect()
}

/// The text at a JSON pointer; none if it is empty or no text.
fn text(value: &Value, pointer: &str) -> Option<String> {
    let found = value.pointer(pointer)?.as_str()?;
    (!found.is_empty()).then(|| found.to_owned())
}

/// A time as text, or as seconds since 1970 as `GetFindings` tells those of a signal.
fn time(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let seconds = number.as_f64().filter(|seconds| seconds.is_finite())?;
            // A number beyond what a time can be is saturated by the conversion and then refused.
            #[expect(clippy::cast_possible_truncation, reason = "see above")]
            Timestamp::from_second(seconds as i64).ok()
        }
        _ => None,
    }
}

/// The finding with the names of AWS's own JSON; the AWS CLI begins them with a capital.
fn wire_names(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let renamed = fields.iter().map(|(name, value)| (wire_name(name), wire_names(value)));
            Value::Object(renamed.collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(wire_names).collect()),
        other => other.clone(),
    }
}

fn wire_name(name: &str) -> String {
    // `AWS::S3::Bucket` is no name of a field but of a kind of resource.
    if name.contains("::") {
        return name.to_owned();
    }
    let mut rest = name.chars();
    rest.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests;
