//! A bucket's access control list, as far as it grants requests (S3 user guide, *Access control list overview*).

use crate::semantics::verdict::Tri;

use super::json::Json;
use super::request::{Principal, Request};

/// The grants of a bucket's access control list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acl {
    /// The bucket's grants. Empty if ACLs are disabled (`BucketOwnerEnforced`).
    pub grants: Vec<AclGrant>,
    /// Whether objects may have ACLs of their own, which nobody lists: reading them is then not certainly denied to
    /// outsiders. False if ACLs are disabled, or if the caller judges objects' ACLs by another check.
    pub objects_may_grant: bool,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclGrant {
    /// Who may.
    pub grantee: AclGrantee,
    /// What.
    pub permission: AclPermission,
}

/// Who an access control list grants something to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AclGrantee {
    /// The group of everyone, signed in or not.
    AllUsers,
    /// The group of everyone who is signed in, to whatever account.
    AuthenticatedUsers,
    /// The group of S3's log delivery.
    LogDelivery,
    /// An account by its canonical user id.
    CanonicalUser(String),
}

impl AclGrantee {
    /// Whether this is a grant to the public, which `IgnorePublicAcls` ignores.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self, Self::AllUsers | Self::AuthenticatedUsers)
    }

    /// Whether the request's principal belongs to the grantee.
    fn has(&self, request: &Request) -> Tri {
        let signed = !matches!(request.principal, Principal::Anonymous | Principal::Service(_));
        match self {
            Self::AllUsers => Tri::Yes,
            Self::AuthenticatedUsers => Tri::from(signed),
            Self::LogDelivery => {
                Tri::from(request.principal == Principal::Service("logging.s3.amazonaws.com".to_owned()))
            }
            Self::CanonicalUser(id) => match (&request.principal, &request.canonical_user) {
                (Principal::CanonicalUser(known), _) | (_, Some(known)) => Tri::from(known == id),
                _ if signed => Tri::Unknown,
                _ => Tri::No,
            },
        }
    }
}

/// What an access control list grants on a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AclPermission {
    /// List the bucket's objects, versions and uploads.
    Read,
    /// Create objects.
    Write,
    /// Read the bucket's access control list.
    ReadAcp,
    /// Replace the bucket's access control list.
    WriteAcp,
    /// All of these.
    FullControl,
}

impl AclPermission {
    /// The permission besides [`AclPermission::FullControl`] that a bucket's list must grant for a lower-case action.
    fn needed_for(action: &str) -> Option<Self> {
        match action {
            "s3:listbucket" | "s3:listbucketversions" | "s3:listbucketmultipartuploads" => Some(Self::Read),
            "s3:putobject" => Some(Self::Write),
            "s3:getbucketacl" => Some(Self::ReadAcp),
            "s3:putbucketacl" => Some(Self::WriteAcp),
            _ => None,
        }
    }

    fn covers(self, action: &str) -> bool {
        Self::needed_for(action).is_some_and(|needed| self == needed || self == Self::FullControl)
    }
}

/// All that access control lists tell actions apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AclClass {
    needed: Option<AclPermission>,
    by_object: bool,
}

impl AclClass {
    /// The class of an action in lower case: [`Acl::allows`] says the same of every action of a class.
    pub fn of(action: &str) -> Self {
        Self { needed: AclPermission::needed_for(action), by_object: OBJECT_ACTIONS.contains(&action) }
    }
}

/// What an object's own access control list can grant.
const OBJECT_ACTIONS: [&str; 6] = [
    "s3:getobject",
    "s3:getobjectversion",
    "s3:getobjectacl",
    "s3:getobjectversionacl",
    "s3:putobjectacl",
    "s3:putobjectversionacl",
];

impl Acl {
    /// Whether the list grants a lower-case action to the request's principal.
    #[must_use]
    pub fn allows(&self, request: &Request, action: &str, ignore_public: Tri) -> Tri {
        let granted =
            Tri::any(self.grants.iter().filter(|grant| grant.permission.covers(action)).map(|grant| {
                let kept = if grant.grantee.is_public() { !ignore_public } else { Tri::Yes };
                grant.grantee.has(request).and(kept)
            }));
        let by_object = if self.objects_may_grant && OBJECT_ACTIONS.contains(&action) {
            // To an anonymous request only a public grant could give it.
            match request.principal {
                Principal::Anonymous => Tri::Unknown.and(!ignore_public),
                _ => Tri::Unknown,
            }
        } else {
            Tri::No
        };
        granted.or(by_object)
    }

    /// Reads `{"grants": [{"grantee": "AllUsers" | "AuthenticatedUsers" | "LogDelivery" | {"canonical_user": id},
    /// "permission": "READ" …}], "objects_may_grant": bool}`.
    ///
    /// # Errors
    /// A clause that says what is allowed there.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let mut acl = Self::default();
        let members =
            json.members().ok_or_else(|| format!("`acl` must be an object, not {}", json.kind()))?;
        for (key, value) in members {
            match (key.as_str(), value) {
                ("grants", Json::Array(grants)) => {
                    acl.grants = grants.iter().map(read_grant).collect::<Result<_, _>>()?;
                }
                ("objects_may_grant", Json::Bool(value)) => acl.objects_may_grant = *value,
                _ => {
                    return Err(
                        "`acl` must have `grants`, an array, and may have `objects_may_grant`, a boolean"
                            .to_owned(),
                    );
                }
            }
        }
        Ok(acl)
    }
}

fn read_grant(json: &Json) -> Result<AclGrant, String> {
    let grantee = json.get("grantee");
    let grantee = match grantee.and_then(Json::as_str) {
        Some("AllUsers") => AclGrantee::AllUsers,
        Some("AuthenticatedUsers") => AclGrantee::AuthenticatedUsers,
        Some("LogDelivery") => AclGrantee::LogDelivery,
        _ => grantee
            .and_then(|grantee| grantee.get("canonical_user"))
            .and_then(Json::as_str)
            .map(|id| AclGrantee::CanonicalUser(id.to_owned()))
            .ok_or(
                "a grantee must be AllUsers, AuthenticatedUsers, LogDelivery or {\"canonical_user\": id}",
            )?,
    };
    let permission = match json.get("permission").and_then(Json::as_str) {
        Some("READ") => AclPermission::Read,
        Some("WRITE") => AclPermission::Write,
        Some("READ_ACP") => AclPermission::ReadAcp,
        Some("WRITE_ACP") => AclPermission::WriteAcp,
        Some("FULL_CONTROL") => AclPermission::FullControl,
        _ => {
            return Err("a permission must be READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL".to_owned());
        }
    };
    Ok(AclGrant { grantee, permission })
}
