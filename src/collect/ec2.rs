//! EC2: the regions that are enabled in an account, and VPC endpoints of S3.

use super::connection::Access;
use super::failure::Failure;
use crate::snapshot::{Reading, VpcEndpoint};

/// The regions that are enabled in the account, sorted.
pub async fn enabled_regions(access: &Access, home: &str) -> Reading<Vec<String>> {
    let call = access.ec2(home).describe_regions().all_regions(false).send();
    match access.call("ec2:DescribeRegions", call).await {
        Ok(answer) => {
            let mut regions: Vec<String> = answer
                .regions
                .unwrap_or_default()
                .into_iter()
                .filter(|region| region.opt_in_status.as_deref() != Some("not-opted-in"))
                .filter_map(|region| region.region_name)
                .collect();
            regions.sort();
            Reading::Known(regions)
        }
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}

/// The region's endpoints of S3: general purpose, S3 Express and multi-region access points.
pub async fn vpc_endpoints(access: &Access, region: &str) -> Reading<Vec<VpcEndpoint>> {
    read_vpc_endpoints(access, region).await.map_err(Into::into).into()
}

async fn read_vpc_endpoints(access: &Access, region: &str) -> Result<Vec<VpcEndpoint>, Failure> {
    let pages =
        access.ec2(region).describe_vpc_endpoints().into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("ec2:DescribeVpcEndpoints", pages).await?;
    let mut endpoints: Vec<VpcEndpoint> = pages
        .into_iter()
        .flat_map(|page| page.vpc_endpoints.unwrap_or_default())
        .filter_map(|endpoint| {
            Some(VpcEndpoint {
                id: endpoint.vpc_endpoint_id?,
                vpc_id: endpoint.vpc_id.unwrap_or_default(),
                service_name: endpoint.service_name.filter(|name| is_s3(name))?,
                kind: endpoint.vpc_endpoint_type.map(|t| t.as_str().to_owned()).unwrap_or_default(),
                state: endpoint.state.map(|s| s.as_str().to_lowercase()).unwrap_or_default(),
                policy: endpoint.policy_document.filter(|policy| !policy.is_empty()),
                route_tables: endpoint.route_table_ids.unwrap_or_default(),
                private_dns: endpoint.private_dns_enabled.unwrap_or_default(),
                private_dns_for_inbound_only: endpoint
                    .dns_options
                    .and_then(|options| options.private_dns_only_for_inbound_resolver_endpoint)
                    .unwrap_or_default(),
            })
        })
        .collect();
    endpoints.sort_by(|a, b| a.id.cmp(&b.id));
    endpoints.dedup_by(|a, b| a.id == b.id);
    Ok(endpoints)
}

fn is_s3(service_name: &str) -> bool {
    let last_parts = [".s3", ".s3express", ".s3-global.accesspoint"];
    last_parts.iter().any(|part| service_name.ends_with(part))
}
