//! IAM policies: what a document says, whether a request is allowed, whether a bucket policy is public, and which
//! requests show that a bucket or an endpoint lets data out.
//!
//! Documents are read once ([`PolicyDocument`]) and asked many times ([`decide`]). Everything is three-valued: what
//! could not be read, what AWS does not document and what depends on a context value that is not known gives
//! [`Tri::Unknown`](crate::semantics::verdict::Tri), unless the outcome does not depend on it.

pub mod acl;
pub mod any_bucket;
pub mod arn;
pub mod condition;
pub mod context;
pub mod decision;
pub mod document;
pub mod eval;
pub mod evaluation;
pub mod glob;
pub mod json;
pub mod policy_set;
pub mod principal;
pub mod probes;
pub mod public;
pub mod request;
pub mod resource;
pub mod template;

pub use acl::{Acl, AclGrant, AclGrantee, AclPermission};
pub use context::{Context, ContextValue};
pub use decision::{Decision, Layer, StatementRef, decide};
pub use document::{InvalidPolicy, PolicyDocument, PolicyKind};
pub use json::Json;
pub use policy_set::{Part, PolicySet, SharedDocument};
pub use public::{is_access_point_public, is_public};
pub use request::{Principal, Request};
