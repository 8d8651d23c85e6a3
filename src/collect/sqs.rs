//! SQS: queues that rules name, with their keys.

use aws_sdk_sqs::types::QueueAttributeName;

use super::connection::Access;
use super::failure::Failure;
use super::kms;
use crate::semantics::configuration::Queue;
use crate::snapshot::{QueueRecord, Reading};

/// Reads a queue by its ARN, in the region that the ARN names.
pub async fn queue(access: &Access, arn: &str) -> QueueRecord {
    let region = arn.split(':').nth(3).unwrap_or_default();
    let attributes = match attributes(access, region, arn).await {
        Ok(queue) => Reading::Known(Some(queue)),
        Err(failure) if is_absent(failure.code()) => Reading::Known(None),
        Err(failure) => Reading::Unreadable(failure.into()),
    };
    let id = attributes.known().and_then(Option::as_ref).and_then(|queue| queue.kms_master_key_id.as_deref());
    let key = match id {
        // Its policy is AWS's and cannot admit a service: nothing to read.
        None | Some("alias/aws/sqs") => None,
        Some(id) => Some(kms::key(access, region, id).await),
    };
    QueueRecord { attributes, key }
}

/// The code of the JSON protocol, and that of the query protocol which SQS still answers with in places.
fn is_absent(code: &str) -> bool {
    matches!(code, "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue")
}

async fn attributes(access: &Access, region: &str, arn: &str) -> Result<Queue, Failure> {
    let call = access
        .sqs(region)
        .get_queue_attributes()
        .queue_url(queue_url(arn))
        // Those of FIFO queues may not be asked of others by name.
        .attribute_names(QueueAttributeName::All)
        .send();
    let mut attributes = access.call("sqs:GetQueueAttributes", call).await?.attributes.unwrap_or_default();
    let mut text = |name: QueueAttributeName| attributes.remove(&name).filter(|value| !value.is_empty());
    Ok(Queue {
        arn: arn.to_owned(),
        policy: text(QueueAttributeName::Policy),
        kms_master_key_id: text(QueueAttributeName::KmsMasterKeyId),
        content_based_deduplication: text(QueueAttributeName::ContentBasedDeduplication).as_deref()
            == Some("true"),
    })
}

/// A queue's URL follows from its ARN (`arn:PARTITION:sqs:REGION:ACCOUNT:NAME`); SQS looks only at its account and name.
fn queue_url(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':').skip(1);
    let (partition, region) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let (account, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://sqs.{region}.{suffix}/{account}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_url_follows_from_the_arn() {
        assert_eq!(
            queue_url("arn:aws:sqs:eu-west-1:111122223333:findings"),
            "https://sqs.eu-west-1.amazonaws.com/111122223333/findings"
        );
        assert_eq!(
            queue_url("arn:aws-cn:sqs:cn-north-1:111122223333:findings.fifo"),
            "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/findings.fifo"
        );
    }
}
