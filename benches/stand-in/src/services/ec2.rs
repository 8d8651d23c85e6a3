//! EC2: regions, VPC endpoints and networks. EC2's query protocol.

use serde_json::Value;

use super::{page, page_size};
use crate::answer::{Content, Xml};
use crate::operations::{Call, Outcome};
use crate::record::{flag, list, reading, some_text, text};

/// Things on a page.
const PAGE: usize = 1000;

/// A page of things under the name of their set.
fn set(call: &Call<'_>, name: &str, items: &[Value], item: impl Fn(&mut Xml, &Value)) -> Content {
    let (items, next) = page(items, &call.parameter("NextToken"), page_size(call, "MaxResults", PAGE));
    let mut xml = Xml::default();
    xml.element(name, |xml| {
        for of in items {
            xml.element("item", |xml| item(xml, of));
        }
    });
    xml.some_text("nextToken", next.as_deref());
    Content::Xml("", xml)
}

pub fn describe_regions(call: &Call<'_>) -> Outcome {
    let regions = list(reading(call.account.field("regions"), "ec2:DescribeRegions")?);
    let mut xml = Xml::default();
    xml.element("regionInfo", |xml| {
        for region in regions.iter().filter_map(Value::as_str) {
            xml.element("item", |xml| {
                xml.text("regionName", region);
                xml.text("regionEndpoint", &format!("ec2.{region}.amazonaws.com"));
                xml.text("optInStatus", "opt-in-not-required");
            });
        }
    });
    Ok(Content::Xml("", xml))
}

pub fn describe_vpc_endpoints(call: &Call<'_>) -> Outcome {
    let region = call.account.region(call.region());
    let endpoints = list(reading(&region["vpc_endpoints"], "ec2:DescribeVpcEndpoints")?);
    Ok(set(call, "vpcEndpointSet", endpoints, |xml, endpoint| {
        xml.text("vpcEndpointId", text(endpoint, "id"));
        xml.text("vpcEndpointType", text(endpoint, "kind"));
        xml.text("vpcId", text(endpoint, "vpc_id"));
        xml.text("serviceName", text(endpoint, "service_name"));
        xml.text("state", state(text(endpoint, "state")));
        xml.some_text("policyDocument", some_text(endpoint, "policy"));
        xml.element("routeTableIdSet", |xml| {
            for table in list(&endpoint["route_tables"]).iter().filter_map(Value::as_str) {
                xml.text("item", table);
            }
        });
        xml.flag("privateDnsEnabled", flag(endpoint, "private_dns"));
        xml.element("dnsOptions", |xml| {
            xml.flag(
                "privateDnsOnlyForInboundResolverEndpoint",
                flag(endpoint, "private_dns_for_inbound_only"),
            );
        });
        xml.text("ownerId", &call.account.id);
    }))
}

/// A state of an endpoint as the service model spells it.
fn state(lower_case: &str) -> &'static str {
    match lower_case {
        "pendingacceptance" => "PendingAcceptance",
        "pending" => "Pending",
        "deleting" => "Deleting",
        "deleted" => "Deleted",
        "rejected" => "Rejected",
        "failed" => "Failed",
        "expired" => "Expired",
        "partial" => "Partial",
        _ => "Available",
    }
}

pub fn describe_vpcs(call: &Call<'_>) -> Outcome {
    let network = &call.account.region(call.region())["network"];
    let vpcs = list(reading(&network["vpcs"], "ec2:DescribeVpcs")?);
    Ok(set(call, "vpcSet", vpcs, |xml, vpc| {
        xml.text("ownerId", text(vpc, "owner"));
        xml.text("vpcId", text(vpc, "id"));
        xml.text("state", "available");
    }))
}

pub fn describe_network_interfaces(call: &Call<'_>) -> Outcome {
    let network = &call.account.region(call.region())["network"];
    let interfaces = list(reading(&network["interfaces"], "ec2:DescribeNetworkInterfaces")?);
    Ok(set(call, "networkInterfaceSet", interfaces, |xml, interface| {
        let requester = some_text(interface, "requester").filter(|requester| !requester.is_empty());
        xml.text("networkInterfaceId", text(interface, "id"));
        xml.text("subnetId", text(interface, "subnet_id"));
        xml.text("vpcId", text(interface, "vpc_id"));
        xml.text("ownerId", &call.account.id);
        xml.some_text("requesterId", requester);
        xml.flag("requesterManaged", requester.is_some());
        xml.text("status", "in-use");
        xml.text("interfaceType", text(interface, "kind"));
    }))
}

pub fn describe_route_tables(call: &Call<'_>) -> Outcome {
    let network = &call.account.region(call.region())["network"];
    let tables = list(reading(&network["route_tables"], "ec2:DescribeRouteTables")?);
    Ok(set(call, "routeTableSet", tables, |xml, table| {
        let id = text(table, "id");
        xml.text("routeTableId", id);
        xml.text("vpcId", text(table, "vpc_id"));
        xml.text("ownerId", &call.account.id);
        xml.element("routeSet", |xml| {
            list(&table["routes"]).iter().for_each(|of| xml.element("item", |xml| route(xml, of)))
        });
        xml.element("associationSet", |xml| {
            if flag(table, "main") {
                xml.element("item", |xml| association(xml, id, None));
            }
            for subnet in list(&table["subnets"]).iter().filter_map(Value::as_str) {
                xml.element("item", |xml| association(xml, id, Some(subnet)));
            }
        });
    }))
}

fn association(xml: &mut Xml, table: &str, subnet: Option<&str>) {
    xml.text("routeTableAssociationId", &format!("rtbassoc-{}", subnet.unwrap_or(table)));
    xml.text("routeTableId", table);
    xml.some_text("subnetId", subnet);
    xml.flag("main", subnet.is_none());
    xml.element("associationState", |xml| xml.text("state", "associated"));
}

/// A route: AWS has a field of its own for each kind of destination and target, which the ids tell.
fn route(xml: &mut Xml, route: &Value) {
    let destination = text(route, "destination");
    let field = match destination {
        _ if destination.starts_with("pl-") => "destinationPrefixListId",
        _ if destination.contains(':') => "destinationIpv6CidrBlock",
        _ => "destinationCidrBlock",
    };
    xml.text(field, destination);
    let target = text(route, "target");
    let field = match target.split('-').next().unwrap_or_default() {
        "nat" => "natGatewayId",
        "eigw" => "egressOnlyInternetGatewayId",
        "tgw" => "transitGatewayId",
        "pcx" => "vpcPeeringConnectionId",
        "lgw" => "localGatewayId",
        "cagw" => "carrierGatewayId",
        "i" => "instanceId",
        "eni" => "networkInterfaceId",
        _ if target.starts_with("arn:") => "coreNetworkArn",
        _ => "gatewayId",
    };
    if !target.is_empty() {
        xml.text(field, target);
    }
    xml.text("state", if flag(route, "active") { "active" } else { "blackhole" });
}
