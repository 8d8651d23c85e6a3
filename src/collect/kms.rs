//! KMS: keys that encrypt what alerts travel through.

use super::connection::Access;
use super::failure::Failure;
use crate::semantics::configuration::Key;
use crate::snapshot::Reading;

/// Reads a key by id, ARN or alias; the policy only of a customer's key.
pub async fn key(access: &Access, region: &str, id: &str) -> Reading<Key> {
    read_key(access, region, id).await.map_err(Into::into).into()
}

async fn read_key(access: &Access, region: &str, id: &str) -> Result<Key, Failure> {
    let client = access.kms(region);
    let answer = access.call("kms:DescribeKey", client.describe_key().key_id(id).send()).await?;
    let Some(metadata) = answer.key_metadata else { return Ok(Key::default()) };
    let key_manager = metadata.key_manager.map(|m| m.as_str().to_owned()).unwrap_or_default();
    let policy = if key_manager == "AWS" {
        None
    } else {
        let call = client.get_key_policy().key_id(&metadata.key_id).policy_name("default").send();
        access.call("kms:GetKeyPolicy", call).await?.policy
    };
    Ok(Key {
        arn: metadata.arn.unwrap_or_default(),
        key_manager,
        key_state: metadata.key_state.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        policy,
    })
}
