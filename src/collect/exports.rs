//! S3: where a bucket sends data by itself: replication, inventories, access logs, event notifications.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;

use super::connection::Access;
use super::failure::Failure;
use super::pages::RepeatedPage;
use super::s3::absent_on;
use crate::snapshot::{BucketExports, Inventory, ReplicationRule, Unreadable};

/// Reads all of a bucket's exports.
pub async fn exports(client: &Client, access: &Access, bucket: &str) -> BucketExports {
    let (replication, inventories, access_logs, notifications) = tokio::join!(
        replication(client, access, bucket),
        inventories(client, access, bucket),
        access_logs(client, access, bucket),
        notifications(client, access, bucket),
    );
    BucketExports {
        replication: absent_on(replication.map(Some), "ReplicationConfigurationNotFoundError")
            .map(Option::unwrap_or_default),
        inventories: inventories.map_err(Unreadable::from).into(),
        access_logs: access_logs.map_err(Unreadable::from).into(),
        notifications: notifications.map_err(Unreadable::from).into(),
    }
}

async fn replication(
    client: &Client,
    access: &Access,
    bucket: &str,
) -> Result<Vec<ReplicationRule>, Failure> {
    let call = client.get_bucket_replication().bucket(bucket).send();
    let answer = access.call("s3:GetBucketReplication", call).await?;
    let rules = answer.replication_configuration.map(|configuration| configuration.rules);
    Ok(rules
        .unwrap_or_default()
        .into_iter()
        .map(|rule| {
            let (bucket_arn, account) =
                rule.destination.map_or_else(Default::default, |to| (to.bucket, to.account));
            ReplicationRule {
                id: rule.id.unwrap_or_default(),
                status: rule.status.as_str().to_owned(),
                bucket_arn,
                account,
            }
        })
        .collect())
}

async fn inventories(client: &Client, access: &Access, bucket: &str) -> Result<Vec<Inventory>, Failure> {
    const OPERATION: &str = "s3:ListBucketInventoryConfigurations";
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let call =
            client.list_bucket_inventory_configurations().bucket(bucket).set_continuation_token(token).send();
        let page = access.call(OPERATION, call).await?;
        all.extend(page.inventory_configuration_list.unwrap_or_default().into_iter().map(|inventory| {
            let to = inventory.destination.and_then(|destination| destination.s3_bucket_destination);
            let (bucket_arn, account) = to.map_or_else(Default::default, |to| (to.bucket, to.account_id));
            Inventory { id: inventory.id, enabled: inventory.is_enabled, bucket_arn, account }
        }));
        if page.is_truncated != Some(true) {
            return Ok(all);
        }
        match page.next_continuation_token {
            Some(next) if seen.insert(next.clone()) => token = Some(next),
            Some(_) => return Err(RepeatedPage::of(OPERATION)),
            // A partial list is not a list.
            None => {
                return Err(Failure::of(Unreadable {
                    operation: OPERATION.to_owned(),
                    code: "BrokenPagination".to_owned(),
                    message: "the answer says that there is more, but not where".to_owned(),
                }));
            }
        }
    }
}

async fn access_logs(client: &Client, access: &Access, bucket: &str) -> Result<Option<String>, Failure> {
    let call = client.get_bucket_logging().bucket(bucket).send();
    let answer = access.call("s3:GetBucketLogging", call).await?;
    Ok(answer.logging_enabled.map(|logging| logging.target_bucket))
}

async fn notifications(client: &Client, access: &Access, bucket: &str) -> Result<Vec<String>, Failure> {
    let call = client.get_bucket_notification_configuration().bucket(bucket).send();
    let answer = access.call("s3:GetBucketNotificationConfiguration", call).await?;
    let topics = answer.topic_configurations.unwrap_or_default().into_iter().map(|to| to.topic_arn);
    let queues = answer.queue_configurations.unwrap_or_default().into_iter().map(|to| to.queue_arn);
    let functions = answer.lambda_function_configurations.unwrap_or_default();
    let functions = functions.into_iter().map(|to| to.lambda_function_arn);
    let mut arns: Vec<String> = topics.chain(queues).chain(functions).collect();
    arns.sort();
    arns.dedup();
    Ok(arns)
}
