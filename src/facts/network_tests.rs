#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::facts::samples::{self, REGION, denied};
use crate::snapshot::Reading;

const VPC: &str = "vpc-1";

fn vpc() -> Vpc {
    Vpc { id: VPC.into(), owner: samples::ACCOUNT.into() }
}

fn interface(kind: &str, subnet: &str) -> NetworkInterface {
    NetworkInterface {
        vpc_id: VPC.into(),
        subnet_id: subnet.into(),
        kind: kind.into(),
        requester: String::new(),
        id: format!("eni-{subnet}"),
    }
}

fn table(id: &str, main: bool, subnets: &[&str], routes: &[(&str, &str)]) -> RouteTable {
    let local = Route { destination: "10.0.0.0/16".into(), target: "local".into(), active: true };
    let routes = routes.iter().map(|(destination, target)| Route {
        destination: (*destination).into(),
        target: (*target).into(),
        active: true,
    });
    RouteTable {
        id: id.into(),
        vpc_id: VPC.into(),
        main,
        subnets: subnets.iter().map(|&subnet| subnet.into()).collect(),
        routes: std::iter::once(local).chain(routes).collect(),
    }
}

fn gateway_endpoint(tables: &[&str]) -> VpcEndpoint {
    VpcEndpoint {
        id: "vpce-1".into(),
        vpc_id: VPC.into(),
        service_name: "com.amazonaws.eu-west-1.s3".into(),
        kind: "Gateway".into(),
        state: "available".into(),
        policy: None,
        route_tables: tables.iter().map(|&table| table.into()).collect(),
        private_dns: false,
        private_dns_for_inbound_only: false,
    }
}

fn interface_endpoint() -> VpcEndpoint {
    VpcEndpoint { kind: "Interface".into(), private_dns: true, ..gateway_endpoint(&[]) }
}

/// An instance in a subnet whose table leads out through a NAT gateway.
fn region(endpoints: Vec<VpcEndpoint>) -> Region {
    let mut region = samples::region();
    region.network.vpcs = Reading::Known(vec![vpc()]);
    region.network.interfaces = Reading::Known(vec![interface("interface", "subnet-a")]);
    let tables = vec![
        table("rtb-main", true, &[], &[]),
        table("rtb-a", false, &["subnet-a"], &[("0.0.0.0/0", "nat-1")]),
    ];
    region.network.route_tables = Reading::Known(tables);
    region.vpc_endpoints = Reading::Known(endpoints);
    region
}

fn judged(region: &Region) -> (Tri, String) {
    let fact = of(&vpc(), REGION, region).s3_through_endpoint;
    (fact.holds, fact.reason)
}

fn with_route(destination: &str, target: &str) -> Tri {
    let mut region = region(Vec::new());
    let table = table("rtb-a", false, &["subnet-a"], &[(destination, target)]);
    region.network.route_tables = Reading::Known(vec![table]);
    judged(&region).0
}

#[test]
fn a_nat_gateway_without_an_endpoint_is_a_way_past_every_policy() {
    let (holds, reason) = judged(&region(Vec::new()));
    assert_eq!(holds, Tri::No);
    assert_eq!(
        reason,
        "subnet `subnet-a` (route table `rtb-a`) leads out through `nat-1`, and the VPC has no endpoint of S3"
    );
}

#[test]
fn a_gateway_endpoint_serves_the_tables_that_it_names() {
    assert_eq!(judged(&region(vec![gateway_endpoint(&["rtb-a"])])).0, Tri::Yes);
    let (holds, reason) = judged(&region(vec![gateway_endpoint(&["rtb-main"])]));
    assert_eq!(holds, Tri::No);
    assert!(reason.ends_with("and endpoint `vpce-1` is not in that route table"), "{reason}");
}

#[test]
fn endpoints_that_take_no_requests_of_the_vpc_do_not_count() {
    let guarding = gateway_endpoint(&["rtb-a"]);
    for endpoint in [
        VpcEndpoint { state: "pending".into(), ..guarding.clone() },
        VpcEndpoint { vpc_id: "vpc-2".into(), ..guarding.clone() },
        VpcEndpoint { service_name: "com.amazonaws.eu-west-1.s3express".into(), ..guarding.clone() },
        VpcEndpoint { service_name: "com.amazonaws.us-east-1.s3".into(), ..guarding.clone() },
        VpcEndpoint { kind: "Resource".into(), ..guarding },
        VpcEndpoint { private_dns: false, ..interface_endpoint() },
        VpcEndpoint { private_dns_for_inbound_only: true, ..interface_endpoint() },
    ] {
        assert_eq!(judged(&region(vec![endpoint.clone()])).0, Tri::No, "{endpoint:?}");
    }
    assert_eq!(judged(&region(vec![interface_endpoint()])).0, Tri::Yes);
}

#[test]
fn only_active_routes_to_gateways_lead_out() {
    for target in ["igw-1", "nat-1", "tgw-1", "arn:aws:networkmanager::1:core-network/core-network-1"] {
        assert_eq!(with_route("0.0.0.0/0", target), Tri::No, "{target}");
    }
    assert_eq!(with_route("::/0", "eigw-1"), Tri::No);
    assert_eq!(with_route("0.0.0.0/0", "pcx-1"), Tri::Yes);
    assert_eq!(with_route("pl-1", "vpce-1"), Tri::Yes);
    assert_eq!(with_route("10.0.0.0/8", "tgw-1"), Tri::Yes);
    for target in ["i-1", "eni-1", "vgw-1", "vpce-1"] {
        assert_eq!(with_route("0.0.0.0/0", target), Tri::Unknown, "{target}");
    }
    assert_eq!(with_route("52.0.0.0/8", "nat-1"), Tri::Unknown);
    assert_eq!(with_route("pl-1", "nat-1"), Tri::Unknown);
    let mut gone = region(Vec::new());
    if let Reading::Known(tables) = &mut gone.network.route_tables {
        tables.iter_mut().flat_map(|table| &mut table.routes).for_each(|route| route.active = false);
    }
    assert_eq!(judged(&gone).0, Tri::Yes);
}

#[test]
fn a_subnet_without_a_table_of_its_own_has_the_main_one() {
    let mut region = region(Vec::new());
    region.network.interfaces = Reading::Known(vec![interface("interface", "subnet-b")]);
    assert_eq!(judged(&region).0, Tri::Yes);
    region.network.route_tables =
        Reading::Known(vec![table("rtb-main", true, &[], &[("0.0.0.0/0", "igw-1")])]);
    assert_eq!(judged(&region).0, Tri::No);
    region.network.route_tables = Reading::Known(Vec::new());
    assert_eq!(judged(&region).0, Tri::Unknown);
}

#[test]
fn one_open_subnet_is_enough_whatever_the_others_do() {
    let mut region = region(vec![gateway_endpoint(&["rtb-a"])]);
    region.network.interfaces =
        Reading::Known(vec![interface("interface", "subnet-a"), interface("lambda", "subnet-b")]);
    let open = table("rtb-b", false, &["subnet-b"], &[("0.0.0.0/0", "igw-1")]);
    if let Reading::Known(tables) = &mut region.network.route_tables {
        tables.push(open);
    }
    let (holds, reason) = judged(&region);
    assert_eq!(holds, Tri::No);
    assert!(reason.starts_with("subnet `subnet-b`"), "{reason}");
}

#[test]
fn nat_gateways_and_load_balancers_are_no_workloads() {
    let mut region = region(Vec::new());
    let balancer =
        NetworkInterface { requester: LOAD_BALANCING.into(), ..interface("interface", "subnet-a") };
    region.network.interfaces = Reading::Known(vec![interface("nat_gateway", "subnet-a"), balancer]);
    let facts = of(&vpc(), REGION, &region);
    assert_eq!(facts.has_workloads.holds, Tri::No);
    assert_eq!(facts.s3_through_endpoint.holds, Tri::Yes);
    region.network.interfaces = Reading::Known(vec![interface("lambda", "subnet-a")]);
    assert_eq!(of(&vpc(), REGION, &region).has_workloads.holds, Tri::Yes);
}

#[test]
fn what_could_not_be_read_is_unknown_unless_it_cannot_matter() {
    let mut no_interfaces = region(Vec::new());
    no_interfaces.network.interfaces = denied("ec2:DescribeNetworkInterfaces");
    assert_eq!(of(&vpc(), REGION, &no_interfaces).has_workloads.holds, Tri::Unknown);
    assert_eq!(judged(&no_interfaces).0, Tri::Unknown);
    let mut all_guarded = region(vec![interface_endpoint()]);
    all_guarded.network.interfaces = denied("ec2:DescribeNetworkInterfaces");
    assert_eq!(judged(&all_guarded).0, Tri::Yes);
    let mut no_tables = region(vec![interface_endpoint()]);
    no_tables.network.route_tables = denied("ec2:DescribeRouteTables");
    assert_eq!(judged(&no_tables).0, Tri::Unknown);
    let mut no_endpoints = region(Vec::new());
    no_endpoints.vpc_endpoints = denied("ec2:DescribeVpcEndpoints");
    assert_eq!(judged(&no_endpoints).0, Tri::Unknown);
    let mut closed = no_endpoints;
    closed.network.route_tables = Reading::Known(vec![table("rtb-main", true, &[], &[])]);
    assert_eq!(judged(&closed).0, Tri::Yes);
}
