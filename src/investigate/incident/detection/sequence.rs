//! What an attack sequence tells: actors, endpoints, resources and signals instead of one action.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Sequence.html>

use serde_json::Value;

use super::{Credential, Detection, RemoteAddress, Signal, is_access_key, text, time};

/// Adds what a finding's sequence names, if it has one.
pub(super) fn add(detection: &mut Detection, finding: &Value) {
    let Some(sequence) = finding.pointer("/service/detection/sequence") else { return };
    let list = |name: &str| sequence.get(name).and_then(Value::as_array).into_iter().flatten();
    detection.credentials.extend(list("actors").filter_map(actor));
    detection.addresses.extend(list("endpoints").filter_map(endpoint));
    detection.signals.extend(list("signals").map(signal));
    let buckets = list("resources").filter_map(bucket);
    detection.buckets.extend(buckets);
    let first = detection.signals.iter().filter_map(|signal| signal.first_seen).min();
    let last = detection.signals.iter().filter_map(|signal| signal.last_seen).max();
    // The sequence's own times are those of the finding; its signals may be older.
    detection.first_seen = detection.first_seen.into_iter().chain(first).min();
    detection.last_seen = detection.last_seen.into_iter().chain(last).max();
}

fn actor(actor: &Value) -> Option<Credential> {
    let user = actor.get("user")?;
    let field = |pointer: &str| text(user, pointer).unwrap_or_default();
    let key = [text(user, "/credentialUid"), text(actor, "/session/uid")];
    Some(Credential {
        access_key: key.into_iter().flatten().find(|key| is_access_key(key)).unwrap_or_default(),
        principal_id: field("/uid"),
        user_type: field("/type"),
        user_name: field("/name"),
        account: field("/account/uid"),
    })
}

fn endpoint(endpoint: &Value) -> Option<RemoteAddress> {
    let number = endpoint.pointer("/autonomousSystem/number");
    Some(RemoteAddress {
        address: text(endpoint, "/ip")?,
        asn: number.filter(|number| number.is_number()).map(ToString::to_string),
        organization: text(endpoint, "/autonomousSystem/name"),
        country: text(endpoint, "/location/country"),
    })
}

fn bucket(resource: &Value) -> Option<String> {
    let kind = text(resource, "/resourceType")?;
    let uid = text(resource, "/uid").unwrap_or_default();
    let within = uid.split(":::").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    match kind.as_str() {
        "S3_BUCKET" => {
            text(resource, "/name").or_else(|| Some(within.to_owned())).filter(|name| !name.is_empty())
        }
        "S3_OBJECT" if !within.is_empty() => Some(within.to_owned()),
        _ => None,
    }
}

fn signal(signal: &Value) -> Signal {
    Signal {
        source: text(signal, "/type").unwrap_or_default(),
        name: text(signal, "/name").unwrap_or_default(),
        first_seen: time(signal.get("firstSeenAt")),
        last_seen: time(signal.get("lastSeenAt")),
        count: signal.get("count").and_then(Value::as_u64),
    }
}
