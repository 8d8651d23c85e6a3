//! Whether what runs in a VPC reaches S3 through an endpoint, or past every endpoint policy (`aws-semantics.md` 7.6).

use ipnet::IpNet;
use serde_json::json;

use super::context::known_or_clause;
use super::fact::{Evidence, Fact};
use super::resources::VpcFacts;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{NetworkInterface, Region, Route, RouteTable, Vpc, VpcEndpoint};

/// Interfaces of AWS's own machinery, which asks nothing of S3 for a workload.
const MACHINERY: [&str; 8] = [
    "gateway_load_balancer",
    "gateway_load_balancer_endpoint",
    "global_accelerator_managed",
    "load_balancer",
    "nat_gateway",
    "network_load_balancer",
    "transit_gateway",
    "vpc_endpoint",
];

/// Who makes the interfaces of load balancers, whose type is that of any other interface.
const LOAD_BALANCING: &str = "amazon-elb";

/// Derives what checks may read of a VPC.
#[must_use]
pub fn of(vpc: &Vpc, region: &str, read: &Region) -> VpcFacts {
    VpcFacts {
        id: vpc.id.clone(),
        region: region.to_owned(),
        has_workloads: has_workloads(vpc, read),
        s3_through_endpoint: s3_through_endpoint(vpc, region, read),
    }
}

fn workloads<'a>(
    vpc: &'a Vpc,
    interfaces: &'a [NetworkInterface],
) -> impl Iterator<Item = &'a NetworkInterface> {
    interfaces.iter().filter(|interface| {
        interface.vpc_id == vpc.id
            && !MACHINERY.contains(&interface.kind.as_str())
            && interface.requester != LOAD_BALANCING
    })
}

fn has_workloads(vpc: &Vpc, read: &Region) -> Fact {
    match read.network.interfaces.as_result() {
        Err(why) => Fact::unread(why),
        Ok(interfaces) => {
            let first = workloads(vpc, interfaces).next();
            let evidence = Evidence::new(
                "ec2:DescribeNetworkInterfaces",
                &vpc.id,
                "/NetworkInterfaces",
                json!(first.map(|interface| &interface.id)),
            );
            match first {
                Some(first) => Fact::new(
                    Tri::Yes,
                    format!("interface `{}` in subnet `{}` is in use", first.id, first.subnet_id),
                ),
                None => Fact::new(Tri::No, "no workload has an interface in it"),
            }
            .with(evidence)
        }
    }
}

/// Whether no workload reaches S3 past the endpoints: each of their subnets leads to S3 through one, or leads nowhere.
fn s3_through_endpoint(vpc: &Vpc, region: &str, read: &Region) -> Fact {
    let tables = match known_or_clause(&read.network.route_tables) {
        Err(clause) => return Verdict::unknown(clause).into(),
        Ok(tables) => tables.iter().filter(|table| table.vpc_id == vpc.id).collect::<Vec<_>>(),
    };
    let ways = Ways { vpc, region, read };
    let interfaces = match known_or_clause(&read.network.interfaces) {
        Ok(interfaces) => interfaces,
        // Then every table may be that of a workload.
        Err(clause) if tables.is_empty() => return Verdict::unknown(clause).into(),
        Err(clause) => {
            let of_all = all(tables.iter().map(|table| ways.guarded(table, None)));
            return if of_all.holds.is_yes() { of_all } else { Verdict::unknown(clause).into() };
        }
    };
    let mut subnets: Vec<&str> =
        workloads(vpc, interfaces).map(|interface| interface.subnet_id.as_str()).collect();
    subnets.dedup();
    all(subnets.into_iter().map(|subnet| match table_of(subnet, &tables) {
        Some(table) => ways.guarded(table, Some(subnet)),
        None => Verdict::unknown(format!("the route table of subnet `{subnet}` is not in the list")).into(),
    }))
}

/// The table in force in a subnet: its own, else the VPC's main one.
fn table_of<'a>(subnet: &str, tables: &[&'a RouteTable]) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnets.iter().any(|named| named == subnet));
    own.or_else(|| tables.iter().find(|table| table.main)).copied()
}

/// The worst of the facts; a yes if there is none.
fn all(facts: impl Iterator<Item = Fact>) -> Fact {
    let badness = |fact: &Fact| match fact.holds {
        Tri::Yes => 0,
        Tri::Unknown => 1,
        Tri::No => 2,
    };
    let mut worst: Option<Fact> = None;
    for fact in facts {
        if worst.as_ref().is_none_or(|before| badness(&fact) > badness(before)) {
            worst = Some(fact);
        }
    }
    worst.unwrap_or_else(|| Fact::new(Tri::Yes, "no subnet in use leads out"))
}

/// The ways from the subnets of a VPC to S3.
struct Ways<'a> {
    vpc: &'a Vpc,
    region: &'a str,
    read: &'a Region,
}

impl Ways<'_> {
    /// Whether a table leads to S3 through an endpoint, or not at all.
    fn guarded(&self, table: &RouteTable, subnet: Option<&str>) -> Fact {
        let shown = |routes: &[&Route]| {
            let routes: Vec<_> = routes
                .iter()
                .map(|route| json!({"Destination": route.destination, "Target": route.target}))
                .collect();
            Evidence::new("ec2:DescribeRouteTables", &table.id, "/RouteTables/Routes", json!(routes))
        };
        let certain: Vec<&Route> = table.routes.iter().filter(|route| leads_out(route).is_yes()).collect();
        let doubtful: Vec<&Route> =
            table.routes.iter().filter(|route| leads_out(route).is_unknown()).collect();
        let where_from = subnet.map_or_else(
            || format!("route table `{}`", table.id),
            |subnet| format!("subnet `{subnet}` (route table `{}`)", table.id),
        );
        let Some(out) = certain.first().or(doubtful.first()).copied() else {
            return Fact::new(Tri::Yes, format!("{where_from} does not lead out")).with(shown(&[]));
        };
        let through = self.endpoint(table);
        let verdict = match through.value {
            Tri::Yes => Verdict::yes(format!("{where_from} leads to S3 through {}", through.reason)),
            Tri::Unknown => Verdict::unknown(through.reason),
            Tri::No if certain.is_empty() => Verdict::unknown(format!(
                "whether {where_from} leads to S3 through `{}` (`{}`) is not known, and {}",
                out.target, out.destination, through.reason
            )),
            Tri::No => Verdict::no(format!(
                "{where_from} leads out through `{}`, and {}",
                out.target, through.reason
            )),
        };
        let routes = if certain.is_empty() { &doubtful } else { &certain };
        Fact::from(verdict).with(shown(routes))
    }

    /// Whether an endpoint of S3 in the region takes the requests of the table's subnets.
    fn endpoint(&self, table: &RouteTable) -> Verdict {
        let endpoints = match known_or_clause(&self.read.vpc_endpoints) {
            Ok(endpoints) => endpoints,
            Err(clause) => return Verdict::unknown(format!("whether the VPC has an endpoint is {clause}")),
        };
        let suffix = format!(".{}.s3", self.region);
        let here = endpoints
            .iter()
            .filter(|endpoint| endpoint.vpc_id == self.vpc.id && endpoint.service_name.ends_with(&suffix));
        let mut useless = Vec::new();
        for endpoint in here {
            match obstacle(endpoint, table) {
                None => return Verdict::yes(format!("endpoint `{}`", endpoint.id)),
                Some(obstacle) => useless.push(format!("endpoint `{}` {obstacle}", endpoint.id)),
            }
        }
        if useless.is_empty() {
            Verdict::no("the VPC has no endpoint of S3")
        } else {
            Verdict::no(useless.join(", "))
        }
    }
}

/// Why requests of a table's subnets do not go through an endpoint of their VPC; none if they do.
fn obstacle(endpoint: &VpcEndpoint, table: &RouteTable) -> Option<String> {
    if endpoint.state != "available" {
        return Some(format!("is not available but `{}`", endpoint.state));
    }
    match endpoint.kind.as_str() {
        "Gateway" if endpoint.route_tables.contains(&table.id) => None,
        "Gateway" => Some("is not in that route table".to_owned()),
        // Without private DNS only those use it who name it.
        "Interface" if !endpoint.private_dns => Some("has no private DNS".to_owned()),
        "Interface" if endpoint.private_dns_for_inbound_only => {
            Some("has private DNS for requests from outside the VPC only".to_owned())
        }
        "Interface" => None,
        kind => Some(format!("is of the kind `{kind}`")),
    }
}

/// Whether a route leads to S3 past the endpoints.
fn leads_out(route: &Route) -> Tri {
    Tri::from(route.active).and(gateway(route)).and(includes_s3(&route.destination))
}

/// Whether the target passes requests on to the internet.
fn gateway(route: &Route) -> Tri {
    let target = route.target.as_str();
    let prefix = |names: &[&str]| names.iter().any(|name| target.starts_with(name));
    if prefix(&["igw-", "nat-", "eigw-", "tgw-", "arn:"]) {
        return Tri::Yes;
    }
    // A gateway endpoint's own route, and VPCs beside, whose gateways nobody else may use.
    let endpoint = prefix(&["vpce-"]) && route.destination.starts_with("pl-");
    if endpoint || target == "local" || prefix(&["pcx-"]) {
        return Tri::No;
    }
    // An instance that translates addresses, a firewall's endpoint, a private line: what they do is not to be seen.
    Tri::Unknown
}

/// Whether the addresses of S3 are among a route's destinations; they change, so that only the default route is sure.
fn includes_s3(destination: &str) -> Tri {
    let Ok(network) = destination.parse::<IpNet>() else {
        return Tri::Unknown;
    };
    if network.prefix_len() == 0 {
        return Tri::Yes;
    }
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
    let is_private = private
        .iter()
        .filter_map(|private| private.parse::<IpNet>().ok())
        .any(|private| private.contains(&network));
    if is_private { Tri::No } else { Tri::Unknown }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
