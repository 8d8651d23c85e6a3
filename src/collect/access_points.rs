//! S3 Control: the access points of an account, of one region and of several.

use futures::stream::{self, StreamExt as _};

use super::connection::Access;
use super::failure::Failure;
use super::s3::{absent_on, json_text};
use crate::semantics::configuration::PublicAccessBlock;
use crate::snapshot::{AccessPoint, AccessPointBucket, Reading};

/// Access points whose calls are under way at once in one region.
const POINTS_AT_ONCE: usize = 8;

/// The region that answers for access points of several regions (S3 user guide, *Multi-Region Access Point
/// restrictions and limitations*).
const MULTI_REGION_HOME: &str = "us-west-2";

/// The account's access points in a region, sorted by name.
pub async fn access_points(access: &Access, region: &str, account: &str) -> Reading<Vec<AccessPoint>> {
    let client = access.s3control(region);
    let pages = client
        .list_access_points()
        .account_id(account)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = match access.pages("s3control:ListAccessPoints", pages).await {
        Ok(pages) => pages,
        Err(failure) => return Reading::Unreadable(failure.into()),
    };
    let listed = pages.into_iter().flat_map(|page| page.access_point_list.unwrap_or_default());
    let client = &client;
    let mut points: Vec<AccessPoint> = stream::iter(listed)
        .map(|point| async move {
            let (details, policy) = tokio::join!(
                access.call(
                    "s3control:GetAccessPoint",
                    client.get_access_point().account_id(account).name(&point.name).send()
                ),
                access.call(
                    "s3control:GetAccessPointPolicy",
                    client.get_access_point_policy().account_id(account).name(&point.name).send()
                ),
            );
            if is_gone(&details) || is_gone(&policy) {
                return None;
            }
            Some(AccessPoint {
                network_origin: point.network_origin.as_str().to_owned(),
                vpc_id: point.vpc_configuration.map(|vpc| vpc.vpc_id),
                buckets: vec![AccessPointBucket {
                    name: point.bucket,
                    account: point.bucket_account_id.or_else(|| bucket_account(&details)),
                }],
                arn: point.access_point_arn.unwrap_or_default(),
                name: point.name,
                public_access_block: absent_on(
                    details.map(|answer| answer.public_access_block_configuration.map(|b| flags(&b))),
                    "NoSuchPublicAccessBlockConfiguration",
                ),
                policy: json_text(
                    absent_on(policy.map(|answer| answer.policy), "NoSuchAccessPointPolicy"),
                    "s3control:GetAccessPointPolicy",
                ),
            })
        })
        .buffer_unordered(POINTS_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    points.sort_by(|a, b| a.name.cmp(&b.name));
    points.dedup_by(|a, b| a.name == b.name);
    Reading::Known(points)
}

fn is_gone<T>(answer: &Result<T, Failure>) -> bool {
    answer
        .as_ref()
        .is_err_and(|failure| ["NoSuchAccessPoint", "NoSuchMultiRegionAccessPoint"].contains(&failure.code()))
}

fn bucket_account(
    details: &Result<aws_sdk_s3control::operation::get_access_point::GetAccessPointOutput, Failure>,
) -> Option<String> {
    details.as_ref().ok()?.bucket_account_id.clone()
}

/// The account's access points of several regions, sorted by name. Only the partition `aws` has them.
pub async fn multi_region_access_points(
    access: &Access,
    partition: &str,
    account: &str,
) -> Reading<Vec<AccessPoint>> {
    if partition != "aws" {
        return Reading::Known(Vec::new());
    }
    let client = access.s3control(MULTI_REGION_HOME);
    let pages = client
        .list_multi_region_access_points()
        .account_id(account)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = match access.pages("s3control:ListMultiRegionAccessPoints", pages).await {
        Ok(pages) => pages,
        Err(failure) => return Reading::Unreadable(failure.into()),
    };
    let mut points = Vec::new();
    for point in pages.into_iter().flat_map(|page| page.access_points.unwrap_or_default()) {
        let name = point.name.unwrap_or_default();
        let call = client.get_multi_region_access_point_policy().account_id(account).name(&name).send();
        let policy = access.call("s3control:GetMultiRegionAccessPointPolicy", call).await;
        if is_gone(&policy) {
            continue;
        }
        // What is only proposed is not in force yet.
        let policy = policy.map(|answer| answer.policy?.established?.policy);
        points.push(AccessPoint {
            arn: format!("arn:{partition}:s3::{account}:accesspoint/{}", point.alias.unwrap_or_default()),
            network_origin: "Internet".to_owned(),
            vpc_id: None,
            buckets: point
                .regions
                .unwrap_or_default()
                .into_iter()
                .map(|region| AccessPointBucket {
                    name: region.bucket.unwrap_or_default(),
                    account: region.bucket_account_id,
                })
                .collect(),
            name,
            public_access_block: Reading::Known(point.public_access_block.map(|block| flags(&block))),
            policy: json_text(
                absent_on(policy, "NoSuchMultiRegionAccessPointPolicy"),
                "s3control:GetMultiRegionAccessPointPolicy",
            ),
        });
    }
    points.sort_by(|a: &AccessPoint, b| a.name.cmp(&b.name));
    Reading::Known(points)
}

fn flags(block: &aws_sdk_s3control::types::PublicAccessBlockConfiguration) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: block.block_public_acls.unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
        block_public_policy: block.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
    }
}
