//! The policies that a request meets.

use std::sync::Arc;

use crate::semantics::configuration::PublicAccessBlock;

use super::acl::Acl;
use super::document::{InvalidPolicy, PolicyDocument, PolicyKind};
use super::json::Json;

/// One part of what a request meets.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Part<T> {
    /// The question leaves it out: it does not restrict. Where it would have to grant, see [`PolicySet`].
    #[default]
    NotAsked,
    /// What there is.
    Known(T),
    /// It exists or may exist, but could not be read; the text says why.
    Unreadable(String),
}

impl<T> Part<T> {
    /// What there is, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }
}

/// A document shared by several sets.
pub type SharedDocument = Arc<PolicyDocument>;

/// The policies that a request meets (`aws-semantics.md` 7.5).
///
/// A part that is not asked does not restrict: without `identity` the principal is assumed to hold every permission,
/// and without `resource` a foreign account's or an anonymous request is taken to be granted by the resource (which is
/// what an endpoint policy alone is asked). A resource that is known to have no policy has
/// [`PolicyDocument::empty`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicySet {
    /// The principal's own policies.
    pub identity: Part<Vec<SharedDocument>>,
    /// The bucket's policy (or the policy of another resource).
    pub resource: Part<SharedDocument>,
    /// The access point's policy, for a request through an access point. Not asked means that the request does not
    /// go through one.
    pub access_point: Part<SharedDocument>,
    /// The policy of the VPC endpoint that the request goes through.
    pub endpoint: Part<SharedDocument>,
    /// Service control policies of the principal's account, by level from the organization's root to the account.
    /// The caller leaves them out for principals outside the organization and in the management account. Every level
    /// must hold at least one document, as AWS demands.
    pub service_control: Part<Vec<Vec<SharedDocument>>>,
    /// Resource control policies of the resource's account, likewise. They only deny: AWS attaches
    /// `RCPFullAWSAccess` everywhere. The caller leaves them out for resources of the management account.
    pub resource_control: Part<Vec<Vec<SharedDocument>>>,
    /// Block Public Access in effect: organization, account, bucket and access point together.
    pub block_public_access: Part<PublicAccessBlock>,
    /// The bucket's access control list.
    pub acl: Part<Acl>,
}

impl PolicySet {
    /// Reads the `policies` of `exfilguard eval policy`. A document may be an object or the document's text; each
    /// part may also be `{"unreadable": "why"}`. `null` is the same as leaving it out.
    ///
    /// # Errors
    /// Names the document and what is wrong with it.
    pub fn from_json(json: &Json) -> Result<Self, InvalidPolicy> {
        let fail = |reason: String| InvalidPolicy { reason };
        let members = json
            .members()
            .ok_or_else(|| fail(format!("`policies` must be an object, not {}", json.kind())))?;
        if let Some(key) = json.repeated_key() {
            return Err(fail(format!("`policies` has `{key}` more than once")));
        }
        let mut set = Self::default();
        for (key, value) in members {
            let value = match part(value) {
                Part::NotAsked => continue,
                other => other,
            };
            match key.as_str() {
                "identity" => {
                    set.identity = read(value, |json| documents(json, PolicyKind::Identity, "identity"))?;
                }
                "resource" => {
                    set.resource = read(value, |json| document(json, PolicyKind::Resource, "resource"))?;
                }
                "access_point" => {
                    set.access_point =
                        read(value, |json| document(json, PolicyKind::Resource, "access_point"))?;
                }
                "endpoint" => {
                    set.endpoint = read(value, |json| document(json, PolicyKind::Endpoint, "endpoint"))?;
                }
                "scp" => {
                    set.service_control =
                        read(value, |json| levels(json, PolicyKind::ServiceControl, "scp"))?;
                }
                "rcp" => {
                    set.resource_control =
                        read(value, |json| levels(json, PolicyKind::ResourceControl, "rcp"))?;
                }
                "block_public_access" => {
                    set.block_public_access = read(value, read_block_public_access)?;
                }
                "acl" => set.acl = read(value, |json| Acl::from_json(json).map_err(fail))?,
                _ => {
                    return Err(fail(format!(
                        "`policies` has no field `{key}`; its fields are identity, resource, access_point, endpoint, \
                         scp, rcp, block_public_access and acl"
                    )));
                }
            }
        }
        Ok(set)
    }

    /// All documents of the set.
    pub fn documents(&self) -> impl Iterator<Item = &PolicyDocument> {
        let lists = [self.identity.known()];
        let singles = [&self.resource, &self.access_point, &self.endpoint];
        let by_level = [self.service_control.known(), self.resource_control.known()];
        lists
            .into_iter()
            .flatten()
            .flatten()
            .chain(singles.into_iter().filter_map(Part::known))
            .chain(by_level.into_iter().flatten().flatten().flatten())
            .map(Arc::as_ref)
    }
}

fn part(json: &Json) -> Part<&Json> {
    match json {
        Json::Null => Part::NotAsked,
        Json::Object(members) if members.len() == 1 => match json.get("unreadable") {
            Some(why) => Part::Unreadable(why.scalar().unwrap_or_default()),
            None => Part::Known(json),
        },
        json => Part::Known(json),
    }
}

fn read<T>(
    part: Part<&Json>,
    read: impl Fn(&Json) -> Result<T, InvalidPolicy>,
) -> Result<Part<T>, InvalidPolicy> {
    Ok(match part {
        Part::NotAsked => Part::NotAsked,
        Part::Known(json) => Part::Known(read(json)?),
        Part::Unreadable(why) => Part::Unreadable(why),
    })
}

fn document(json: &Json, kind: PolicyKind, name: &str) -> Result<SharedDocument, InvalidPolicy> {
    let read = || -> Result<PolicyDocument, InvalidPolicy> {
        let document = PolicyDocument::from_json(json)?;
        document.check_kind(kind)?;
        Ok(document)
    };
    read().map(Arc::new).map_err(|error| InvalidPolicy { reason: format!("`{name}`: {error}") })
}

fn documents(json: &Json, kind: PolicyKind, name: &str) -> Result<Vec<SharedDocument>, InvalidPolicy> {
    json.one_or_many()
        .iter()
        .enumerate()
        .map(|(index, json)| document(json, kind, &format!("{name}/{index}")))
        .collect()
}

fn levels(json: &Json, kind: PolicyKind, name: &str) -> Result<Vec<Vec<SharedDocument>>, InvalidPolicy> {
    json.one_or_many()
        .iter()
        .enumerate()
        .map(|(index, json)| documents(json, kind, &format!("{name}/{index}")))
        .collect()
}

fn read_block_public_access(json: &Json) -> Result<PublicAccessBlock, InvalidPolicy> {
    serde_json::from_value(json.to_value())
        .map_err(|error| InvalidPolicy { reason: format!("`block_public_access`: {error}") })
}
