//! EC2: the networks of a region, as far as they decide how workloads reach S3.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{self, Filter, RouteState, RouteTableAssociationStateCode};

use super::connection::Access;
use super::failure::Failure;
use crate::snapshot::{NetworkInterface, Reading, RegionNetwork, Route, RouteTable, Vpc};

/// Entries of one page, the most that AWS allows for each operation.
const PAGE: i32 = 1000;
const ROUTE_TABLE_PAGE: i32 = 100;

/// The region's VPCs with the interfaces in use and, if there may be any, the route tables.
pub async fn network(access: &Access, region: &str) -> RegionNetwork {
    let vpcs = vpcs(access, region).await;
    // Without a VPC there is nothing in one.
    let interfaces: Reading<Vec<NetworkInterface>> = if vpcs.as_ref().is_ok_and(Vec::is_empty) {
        Reading::Known(Vec::new())
    } else {
        interfaces(access, region).await.map_err(Into::into).into()
    };
    let route_tables = if interfaces.known().is_some_and(Vec::is_empty) {
        Reading::Known(Vec::new())
    } else {
        route_tables(access, region).await.map_err(Into::into).into()
    };
    RegionNetwork { vpcs: vpcs.map_err(Into::into).into(), interfaces, route_tables }
}

async fn vpcs(access: &Access, region: &str) -> Result<Vec<Vpc>, Failure> {
    let pages = access
        .ec2(region)
        .describe_vpcs()
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("ec2:DescribeVpcs", pages).await?;
    let mut vpcs: Vec<Vpc> = pages
        .into_iter()
        .flat_map(|page| page.vpcs.unwrap_or_default())
        .filter_map(|vpc| Some(Vpc { id: vpc.vpc_id?, owner: vpc.owner_id.unwrap_or_default() }))
        .collect();
    vpcs.sort_by(|a, b| a.id.cmp(&b.id));
    vpcs.dedup_by(|a, b| a.id == b.id);
    Ok(vpcs)
}

/// A region may have tens of thousands of interfaces; those that differ only in their id say the same.
async fn interfaces(access: &Access, region: &str) -> Result<Vec<NetworkInterface>, Failure> {
    let in_use = Filter::builder().name("status").values("in-use").build();
    let call = access.ec2(region).describe_network_interfaces().filters(in_use).max_results(PAGE);
    let pages = access
        .pages("ec2:DescribeNetworkInterfaces", call.into_paginator().stop_on_duplicate_token(false).send())
        .await?;
    let mut interfaces: Vec<NetworkInterface> = pages
        .into_iter()
        .flat_map(|page| page.network_interfaces.unwrap_or_default())
        .filter_map(|interface| {
            Some(NetworkInterface {
                id: interface.network_interface_id?,
                vpc_id: interface.vpc_id.unwrap_or_default(),
                subnet_id: interface.subnet_id.unwrap_or_default(),
                kind: interface.interface_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                requester: interface
                    .requester_managed
                    .filter(|managed| *managed)
                    .and(interface.requester_id)
                    .unwrap_or_default(),
            })
        })
        .collect();
    interfaces.sort();
    interfaces.dedup_by(|a, b| {
        (&a.vpc_id, &a.subnet_id, &a.kind, &a.requester) == (&b.vpc_id, &b.subnet_id, &b.kind, &b.requester)
    });
    Ok(interfaces)
}

async fn route_tables(access: &Access, region: &str) -> Result<Vec<RouteTable>, Failure> {
    let call = access.ec2(region).describe_route_tables().max_results(ROUTE_TABLE_PAGE);
    let pages = access
        .pages("ec2:DescribeRouteTables", call.into_paginator().stop_on_duplicate_token(false).send())
        .await?;
    let tables = pages.into_iter().flat_map(|page| page.route_tables.unwrap_or_default());
    let tables: BTreeMap<String, RouteTable> =
        tables.filter_map(route_table).map(|table| (table.id.clone(), table)).collect();
    Ok(tables.into_values().collect())
}

fn route_table(table: types::RouteTable) -> Option<RouteTable> {
    let associations: Vec<_> =
        table.associations.unwrap_or_default().into_iter().filter(is_in_force).collect();
    let mut subnets: Vec<String> = associations.iter().filter_map(|of| of.subnet_id.clone()).collect();
    subnets.sort();
    Some(RouteTable {
        id: table.route_table_id?,
        vpc_id: table.vpc_id.unwrap_or_default(),
        main: associations.iter().any(|of| of.main == Some(true)),
        subnets,
        routes: table.routes.unwrap_or_default().into_iter().map(route).collect(),
    })
}

/// While an association goes away or has failed, another one is in force.
fn is_in_force(association: &types::RouteTableAssociation) -> bool {
    let state = association.association_state.as_ref().and_then(|state| state.state.as_ref());
    state.is_none_or(|state| {
        matches!(
            state,
            RouteTableAssociationStateCode::Associated | RouteTableAssociationStateCode::Associating
        )
    })
}

fn route(route: types::Route) -> Route {
    let destination = route.destination_cidr_block.or(route.destination_ipv6_cidr_block);
    // An instance is named together with its interface.
    let target = route
        .gateway_id
        .or(route.nat_gateway_id)
        .or(route.egress_only_internet_gateway_id)
        .or(route.transit_gateway_id)
        .or(route.core_network_arn)
        .or(route.vpc_peering_connection_id)
        .or(route.local_gateway_id)
        .or(route.carrier_gateway_id)
        .or(route.instance_id)
        .or(route.network_interface_id)
        .or(route.odb_network_arn);
    Route {
        destination: destination.or(route.destination_prefix_list_id).unwrap_or_default(),
        target: target.unwrap_or_default(),
        active: route.state != Some(RouteState::Blackhole),
    }
}
