//! What was read of a region's networks: where workloads stand, and which ways out they have.

use serde::{Deserialize, Serialize};

use super::Reading;

/// The VPCs of a region of an account, with what decides how their workloads reach S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionNetwork {
    /// The VPCs that the account sees (`ec2:DescribeVpcs`), those that others share with it included.
    pub vpcs: Reading<Vec<Vpc>>,
    /// Network interfaces in use (`ec2:DescribeNetworkInterfaces`), one for all of the same subnet, type and requester.
    pub interfaces: Reading<Vec<NetworkInterface>>,
    /// Route tables (`ec2:DescribeRouteTables`); read only where interfaces are in use or could not be read.
    pub route_tables: Reading<Vec<RouteTable>>,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// The account that owns it: another one where it is shared.
    pub owner: String,
}

/// A network interface that is in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// The VPC.
    pub vpc_id: String,
    /// The subnet.
    pub subnet_id: String,
    /// `interface`, `lambda`, `nat_gateway`, …
    pub kind: String,
    /// Who made it, where that was an AWS service: an alias such as `amazon-elb`, or an id.
    pub requester: String,
    /// `eni-…`.
    pub id: String,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// The VPC.
    pub vpc_id: String,
    /// Whether it is in force in subnets without a table of their own.
    pub main: bool,
    /// The subnets that name it.
    pub subnets: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// One route of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The addresses in CIDR notation, or the id of a prefix list (`pl-…`).
    pub destination: String,
    /// What requests are sent to: an id such as `igw-…`, `nat-…`, `eigw-…`, `tgw-…`, `vpce-…`, an ARN, or `local`.
    pub target: String,
    /// Whether the target is there (`active`), and not gone (`blackhole`).
    pub active: bool,
}
