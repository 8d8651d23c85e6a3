//! KMS: keys and their policies. AWS JSON 1.1.

use serde_json::{Value, json};

use super::CREATED_AT_SECONDS;
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{known, part_of_arn, reading, some_text, text};

/// A recorded key by how it is asked for: ARN, or id or alias in the region; or the id that `DescribeKey` gave it.
fn key<'a>(call: &'a Call<'_>) -> Result<(String, &'a Value), Failure> {
    let id = call.parameter("KeyId").into_owned();
    let name = if id.starts_with("arn:") { id.clone() } else { format!("{}/{id}", call.region()) };
    let keys = call.account.field("keys");
    let own = keys.get(&name).or_else(|| keys.as_object()?.values().find(|key| id_of(known(key)) == id));
    match own.or_else(|| of_receiver(call, &id)) {
        Some(key) => Ok((id, key)),
        None => Err(Failure::new(400, "NotFoundException", format!("Key '{id}' does not exist"))),
    }
}

/// The key of a topic or queue, which is recorded with it.
fn of_receiver<'a>(call: &'a Call<'_>, id: &str) -> Option<&'a Value> {
    ["topics", "queues"].into_iter().find_map(|kind| {
        let mut all = call.account.field(kind).as_object()?.iter();
        all.find_map(|(arn, receiver)| {
            let named = some_text(known(&receiver["attributes"]), "kms_master_key_id") == Some(id);
            let here = part_of_arn(arn, 3) == call.region();
            let key = receiver.get("key").filter(|key| !key.is_null())?;
            ((named && here) || id_of(known(key)) == id).then_some(key)
        })
    })
}

/// A key's id, which its ARN ends with.
fn id_of(key: &Value) -> &str {
    text(key, "arn").rsplit_once('/').map_or("", |(_, id)| id)
}

pub fn describe_key(call: &Call<'_>) -> Outcome {
    let (asked, key) = key(call)?;
    let key = reading(key, "kms:DescribeKey")?;
    let id = Some(id_of(key)).filter(|id| !id.is_empty()).map_or(asked, str::to_owned);
    // Of a key whose policy could not be read nothing else is recorded.
    let manager = some_text(key, "key_manager").filter(|manager| !manager.is_empty()).unwrap_or("CUSTOMER");
    Ok(Content::Json(json!({"KeyMetadata": {
        "AWSAccountId": call.account.id, "KeyId": id, "Arn": key["arn"], "CreationDate": CREATED_AT_SECONDS,
        "Enabled": text(key, "key_state") == "Enabled", "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": some_text(key, "key_state").filter(|state| !state.is_empty()), "Origin": "AWS_KMS",
        "KeyManager": manager, "KeySpec": "SYMMETRIC_DEFAULT",
    }})))
}

pub fn get_key_policy(call: &Call<'_>) -> Outcome {
    let (_, key) = key(call)?;
    let key = reading(key, "kms:GetKeyPolicy")?;
    Ok(Content::Json(json!({"Policy": key["policy"], "PolicyName": "default"})))
}
