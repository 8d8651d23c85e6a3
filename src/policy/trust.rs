//! Who is trusted besides the audited organization.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// Organizations, accounts, endpoints and networks outside the audited organization that may hold access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// Organization ids besides the audited one.
    pub organizations: BTreeSet<String>,
    /// Account ids outside the organization.
    pub accounts: BTreeSet<String>,
    /// VPC endpoint ids besides those of the organization.
    pub vpc_endpoints: BTreeSet<String>,
    /// Networks, in the order of the policy file. None is every address.
    #[serde(serialize_with = "as_texts")]
    pub networks: Vec<IpNet>,
}

fn as_texts<S: Serializer>(networks: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(networks.iter().map(ToString::to_string))
}

impl Trust {
    /// Whether this organization is trusted besides the audited one.
    #[must_use]
    pub fn organization(&self, id: &str) -> bool {
        self.organizations.contains(id)
    }

    /// Whether this outside account may hold access.
    #[must_use]
    pub fn account(&self, id: &str) -> bool {
        self.accounts.contains(id)
    }

    /// Whether this endpoint is trusted besides those of the organization.
    #[must_use]
    pub fn vpc_endpoint(&self, id: &str) -> bool {
        self.vpc_endpoints.contains(id)
    }

    /// Whether this address lies in a trusted network.
    #[must_use]
    pub fn address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether every address of this network lies in one trusted network. Two trusted halves do not make a whole:
    /// join them in the policy file.
    #[must_use]
    pub fn network(&self, network: &IpNet) -> bool {
        self.networks.iter().any(|trusted| trusted.contains(network))
    }
}
