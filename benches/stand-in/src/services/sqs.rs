//! SQS: the attributes of queues. AWS JSON 1.0.

use serde_json::json;

use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{flag, reading};

pub fn get_queue_attributes(call: &Call<'_>) -> Outcome {
    let url = call.parameter("QueueUrl");
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let arn = format!("arn:{}:sqs:{}:{account}:{name}", call.organization.partition(), call.region());
    let queue = reading(&call.account.field("queues")[&arn]["attributes"], "sqs:GetQueueAttributes")?;
    if queue.is_null() {
        return Err(Failure::new(400, "QueueDoesNotExist", "The specified queue does not exist."));
    }
    let deduplicates = flag(queue, "content_based_deduplication").then_some("true");
    Ok(Content::Json(json!({"Attributes": {
        "QueueArn": arn, "Policy": queue["policy"], "KmsMasterKeyId": queue["kms_master_key_id"],
        "ContentBasedDeduplication": deduplicates,
    }})))
}
