//! S3 Control: the account's Block Public Access.

use super::connection::Access;
use super::s3::absent_on;
use crate::semantics::configuration::PublicAccessBlock;
use crate::snapshot::Reading;

/// The account-level Block Public Access; known and `None` when it was never set.
pub async fn public_access_block(
    access: &Access,
    home: &str,
    account: &str,
) -> Reading<Option<PublicAccessBlock>> {
    let call = access.s3control(home).get_public_access_block().account_id(account).send();
    let answer = access.call("s3control:GetPublicAccessBlock", call).await.map(|answer| {
        answer.public_access_block_configuration.map(|block| PublicAccessBlock {
            block_public_acls: block.block_public_acls.unwrap_or_default(),
            ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
            block_public_policy: block.block_public_policy.unwrap_or_default(),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
        })
    });
    absent_on(answer, "NoSuchPublicAccessBlockConfiguration")
}
