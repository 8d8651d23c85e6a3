//! What stops a request: bucket policies, access control lists, Block Public Access, the organization's guardrails, and
//! the policies of VPC endpoints, asked with concrete requests.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Value, json};

use super::alike::{AlikeBucket, AlikeBuckets};
use super::context::{Context, known_or_clause};
use super::fact::{Evidence, Fact};
use super::public_access;
use super::resources::{ForeignNetwork, LegitimateUse, OutsideGrant};
use crate::semantics::iam::any_bucket::of_bucket;
use crate::semantics::iam::probes::{self, GranteeKind, OutsideGrantFound, Perimeter};
use crate::semantics::iam::{
    Acl, AclGrant, AclGrantee, AclPermission, Part, PolicyDocument, PolicySet, SharedDocument,
};
use crate::semantics::verdict::Verdict;
use crate::snapshot::{AccountSnapshot, Bucket, PolicyType, Reading, VpcEndpoint};

/// What an organization's own requests look like, for an account.
#[must_use]
pub fn perimeter(account: &AccountSnapshot, context: &Context<'_>) -> Perimeter {
    let trust = &context.policy.trust;
    let endpoints = account.regional.values().filter_map(|region| region.vpc_endpoints.known()).flatten();
    let owners = account.buckets.known().into_iter().flatten().filter_map(|bucket| bucket.acl.known());
    Perimeter {
        partition: context.organization.partition.clone(),
        account: account.id.clone(),
        organization: context.organization_id().map(str::to_owned),
        organization_unknown: context.organization.identity.unreadable().is_some(),
        organization_accounts: context.guardrails.accounts(),
        canonical_users: owners.map(|acl| acl.owner.clone()).chain(account.canonical_user.clone()).collect(),
        trusted_accounts: trust.accounts.clone(),
        trusted_organizations: trust.organizations.clone(),
        trusted_vpc_endpoints: endpoints
            .clone()
            .map(|endpoint| endpoint.id.clone())
            .chain(trust.vpc_endpoints.iter().cloned())
            .collect(),
        trusted_vpcs: endpoints.map(|endpoint| endpoint.vpc_id.clone()).collect(),
        trusted_networks: trust.networks.clone(),
        ..Perimeter::default()
    }
}

/// The organization's guardrails that requests to every bucket of an account meet.
#[must_use]
pub fn guardrails(account: &AccountSnapshot, context: &Context<'_>) -> PolicySet {
    PolicySet {
        service_control: context.guardrails.binding(PolicyType::ServiceControlPolicy, &account.id),
        resource_control: context.guardrails.binding(PolicyType::ResourceControlPolicy, &account.id),
        ..PolicySet::default()
    }
}

/// A question about a bucket that its policies answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BucketProbe {
    NotPublic,
    RequiresTls,
    IdentityPerimeter,
    ControlPlanePerimeter,
    OwnEndpoint,
    Services,
    ForwardAccess,
    Repair,
    FromInternet,
    FromForeignEndpoint,
    ByPresignedUrl,
}

impl BucketProbe {
    /// Asks it of a bucket with these policies.
    pub(super) fn ask(self, name: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
        match self {
            Self::NotPublic => probes::bucket_not_public(name, set, perimeter),
            Self::RequiresTls => probes::bucket_requires_tls(name, set, perimeter),
            Self::IdentityPerimeter => probes::bucket_identity_perimeter(name, set, perimeter),
            Self::ControlPlanePerimeter => probes::bucket_control_plane_perimeter(name, set, perimeter),
            Self::OwnEndpoint => probes::bucket_serves_own_endpoint(name, set, perimeter),
            Self::Services => probes::bucket_serves_services(name, set, perimeter),
            Self::ForwardAccess => probes::bucket_serves_forward_access(name, set, perimeter),
            Self::Repair => probes::bucket_serves_repair(name, set, perimeter),
            Self::FromInternet => probes::denies_internet(name, set, perimeter),
            Self::FromForeignEndpoint => probes::denies_foreign_endpoint(name, set, perimeter),
            Self::ByPresignedUrl => probes::denies_presigned(name, set, perimeter),
        }
    }
}

/// The policies of one bucket, ready to be asked.
#[derive(Debug)]
pub struct BucketPolicies<'a> {
    pub(super) bucket: &'a Bucket,
    pub(super) perimeter: &'a Perimeter,
    pub(super) set: PolicySet,
    pub(super) evidence: Vec<Evidence>,
    /// What stands for the bucket and those like it.
    alike: Option<Rc<AlikeBucket>>,
    /// Why it is not known who belongs to the organization.
    unlisted: Option<String>,
}

impl<'a> BucketPolicies<'a> {
    /// Gathers what decides over requests to a bucket.
    #[must_use]
    pub fn of(
        account: &AccountSnapshot,
        bucket: &'a Bucket,
        context: &Context<'_>,
        perimeter: &'a Perimeter,
    ) -> Self {
        let set = PolicySet {
            resource: bucket_policy(bucket),
            acl: access_control_list(bucket),
            block_public_access: public_access::for_requests(account, bucket),
            ..guardrails(account, context)
        };
        Self {
            bucket,
            perimeter,
            set,
            evidence: bucket_evidence(bucket),
            alike: None,
            unlisted: unlisted(context),
        }
    }

    /// What decides over requests to buckets that are alike, of what stands for them.
    #[must_use]
    pub fn standing_in(
        bucket: &'a Bucket,
        alike: &Rc<AlikeBucket>,
        context: &Context<'_>,
        perimeter: &'a Perimeter,
    ) -> Self {
        Self {
            bucket,
            perimeter,
            set: alike.set.clone(),
            evidence: bucket_evidence(bucket),
            alike: Some(Rc::clone(alike)),
            unlisted: unlisted(context),
        }
    }

    /// The same, asked only what was not yet asked of a bucket like it.
    #[must_use]
    pub fn among(self, buckets: &AlikeBuckets) -> Self {
        Self { alike: buckets.like(self.bucket, &self.set), ..self }
    }

    /// What decides over requests to the bucket.
    #[must_use]
    pub fn set(&self) -> &PolicySet {
        &self.set
    }

    /// What stands for the bucket among these, if something does.
    #[must_use]
    pub fn stand_in(self, buckets: &AlikeBuckets) -> Option<Rc<AlikeBucket>> {
        self.among(buckets).alike
    }

    /// What stands for the bucket and those like it, if something does.
    #[must_use]
    pub fn alike(&self) -> Option<&AlikeBucket> {
        self.alike.as_deref()
    }

    /// Neither the policy nor the access control list admits the public.
    #[must_use]
    pub fn not_public(&self) -> Fact {
        self.answer(BucketProbe::NotPublic)
    }

    /// Requests without TLS are refused.
    #[must_use]
    pub fn requires_tls(&self) -> Fact {
        self.answer(BucketProbe::RequiresTls)
    }

    /// Strangers, and services that act for strangers, are refused.
    #[must_use]
    pub fn identity_perimeter(&self) -> Fact {
        self.answer(BucketProbe::IdentityPerimeter)
    }

    /// Changes of the bucket's controls are refused outside the trusted networks.
    #[must_use]
    pub fn control_plane_perimeter(&self) -> Fact {
        self.answer(BucketProbe::ControlPlanePerimeter)
    }

    /// Whom the policies serve although they restrict.
    #[must_use]
    pub fn legitimate_use(&self) -> LegitimateUse {
        LegitimateUse {
            own_endpoint: self.answer(BucketProbe::OwnEndpoint),
            services: self.answer(BucketProbe::Services),
            forward_access: self.answer(BucketProbe::ForwardAccess),
            repair: self.answer(BucketProbe::Repair),
        }
    }

    /// Whether the organization's own credentials are refused when used from elsewhere.
    #[must_use]
    pub fn denies_foreign_network(&self) -> ForeignNetwork {
        ForeignNetwork {
            from_internet: self.answer(BucketProbe::FromInternet),
            from_foreign_endpoint: self.answer(BucketProbe::FromForeignEndpoint),
            by_presigned_url: self.answer(BucketProbe::ByPresignedUrl),
        }
    }

    /// Who outside the organization is admitted. A policy or access control list that could not be read stands as one
    /// more entry.
    #[must_use]
    pub fn outside_grants(&self) -> Vec<OutsideGrant> {
        let name = &self.bucket.name;
        let found = match &self.alike {
            None => probes::outside_grants(name, &self.set, self.perimeter),
            Some(alike) => {
                let told = |grant: &OutsideGrantFound| OutsideGrantFound {
                    verdict: of_bucket(&grant.verdict, name),
                    ..grant.clone()
                };
                alike.outside_grants(self.perimeter).iter().map(told).collect()
            }
        };
        let mut grants: Vec<OutsideGrant> = found.into_iter().map(|grant| self.grant(grant)).collect();
        let unread = [unread(&self.set.resource), unread(&self.set.acl)];
        grants.extend(unread.into_iter().flatten().map(|why| OutsideGrant {
            grantee: "*".to_owned(),
            kind: "other".to_owned(),
            account_id: String::new(),
            granted: self.fact(Verdict::unknown(why)),
            actions: Vec::new(),
        }));
        grants
    }

    fn answer(&self, probe: BucketProbe) -> Fact {
        let name = &self.bucket.name;
        self.fact(match &self.alike {
            None => probe.ask(name, &self.set, self.perimeter),
            Some(alike) => of_bucket(&alike.answer(probe, self.perimeter), name),
        })
    }

    /// A grant as a fact.
    pub(super) fn grant(&self, grant: OutsideGrantFound) -> OutsideGrant {
        OutsideGrant {
            kind: kind(&grant).to_owned(),
            granted: self.fact(self.outside(&grant)),
            account_id: grant.account_id,
            actions: grant.actions,
            grantee: grant.grantee,
        }
    }

    /// The grant's verdict, unknown where the grantee may be one of the organization's own.
    fn outside(&self, grant: &OutsideGrantFound) -> Verdict {
        let name = &grant.grantee;
        let doubt = match (grant.kind, &self.unlisted) {
            (GranteeKind::Account, Some(clause)) => {
                format!("whether account {name} belongs to the organization is {clause}")
            }
            // No call tells whose canonical id it is.
            (GranteeKind::CanonicalUser, _) if name != LOG_DELIVERY && self.has_other_accounts() => {
                format!("whether canonical user `{name}` belongs to the organization is not known")
            }
            _ => return grant.verdict.clone(),
        };
        if grant.verdict.value.is_no() { grant.verdict.clone() } else { Verdict::unknown(doubt) }
    }

    fn has_other_accounts(&self) -> bool {
        self.unlisted.is_some() || self.perimeter.has_other_accounts()
    }

    fn fact(&self, verdict: Verdict) -> Fact {
        Fact::from(verdict).with_all(self.evidence.iter().cloned())
    }
}

/// Why it is not known who belongs to the organization; nothing where it is.
fn unlisted(context: &Context<'_>) -> Option<String> {
    let known_alone = matches!(context.organization.identity, Reading::Known(None));
    known_or_clause(&context.organization.accounts).err().filter(|_| !known_alone)
}

/// The canonical user id with which CloudFront and others of AWS deliver logs (CloudFront developer guide, *Standard
/// logging (legacy)*).
const LOG_DELIVERY: &str = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0";

fn kind(grant: &OutsideGrantFound) -> &'static str {
    if grant.grantee == LOG_DELIVERY { GranteeKind::Service.as_str() } else { grant.kind.as_str() }
}

fn unread<T>(part: &Part<T>) -> Option<String> {
    match part {
        Part::Unreadable(why) => Some(why.clone()),
        _ => None,
    }
}

fn bucket_policy(bucket: &Bucket) -> Part<SharedDocument> {
    match known_or_clause(&bucket.policy) {
        Err(clause) => Part::Unreadable(format!("the policy of bucket `{}` is {clause}", bucket.name)),
        Ok(None) => Part::Known(Arc::new(PolicyDocument::empty())),
        Ok(Some(text)) => match PolicyDocument::parse(text) {
            Ok(document) => Part::Known(Arc::new(document)),
            Err(error) => {
                Part::Unreadable(format!("the policy of bucket `{}` cannot be read: {error}", bucket.name))
            }
        },
    }
}

fn access_control_list(bucket: &Bucket) -> Part<Acl> {
    let disabled = || Part::Known(Acl { grants: Vec::new(), objects_may_grant: false });
    if matches!(&bucket.object_ownership, Reading::Known(Some(o)) if o == "BucketOwnerEnforced") {
        return disabled();
    }
    let acl = match known_or_clause(&bucket.acl) {
        Ok(acl) => acl,
        Err(clause) => return Part::Unreadable(clause),
    };
    // The owner may always; his own grant says nothing.
    let foreign: Vec<_> = acl.grants.iter().filter(|grant| grant.grantee != acl.owner).collect();
    if foreign.is_empty() {
        return disabled();
    }
    if let Reading::Unreadable(why) = &bucket.object_ownership {
        return Part::Unreadable(format!("not known because {}", why.clause()));
    }
    let mut grants = Vec::new();
    for grant in foreign {
        let Some(permission) = permission(&grant.permission) else {
            let why = format!(
                "the access control list of bucket `{}` grants an unknown permission `{}`",
                bucket.name, grant.permission
            );
            return Part::Unreadable(why);
        };
        grants.push(AclGrant { grantee: grantee(&grant.grantee), permission });
    }
    Part::Known(Acl { grants, objects_may_grant: false })
}

fn grantee(id: &str) -> AclGrantee {
    match id {
        "http://acs.amazonaws.com/groups/global/AllUsers" => AclGrantee::AllUsers,
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers" => AclGrantee::AuthenticatedUsers,
        "http://acs.amazonaws.com/groups/s3/LogDelivery" => AclGrantee::LogDelivery,
        id => AclGrantee::CanonicalUser(id.to_owned()),
    }
}

fn permission(name: &str) -> Option<AclPermission> {
    Some(match name {
        "READ" => AclPermission::Read,
        "WRITE" => AclPermission::Write,
        "READ_ACP" => AclPermission::ReadAcp,
        "WRITE_ACP" => AclPermission::WriteAcp,
        "FULL_CONTROL" => AclPermission::FullControl,
        _ => return None,
    })
}

fn bucket_evidence(bucket: &Bucket) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    if let Reading::Known(policy) = &bucket.policy {
        let value = policy.as_deref().map_or(Value::Null, document);
        evidence.push(Evidence::new("s3:GetBucketPolicy", &bucket.name, "/Policy", value));
    }
    if let Reading::Known(acl) = &bucket.acl {
        let grants: Vec<Value> = acl
            .grants
            .iter()
            .filter(|grant| grant.grantee != acl.owner)
            .map(|grant| json!({"Grantee": grant.grantee, "Permission": grant.permission}))
            .collect();
        if !grants.is_empty() {
            evidence.push(Evidence::new("s3:GetBucketAcl", &bucket.name, "/Grants", json!(grants)));
        }
    }
    evidence
}

/// The largest document that is shown whole in a report, in bytes.
const MAX_SHOWN: usize = 4096;

/// Whether a document is small enough to be shown whole.
pub(super) fn is_shown(text: &str) -> bool {
    text.len() <= MAX_SHOWN
}

/// A document as evidence; null if it is too large to show.
pub(super) fn document(text: &str) -> Value {
    if !is_shown(text) {
        return Value::Null;
    }
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// What a VPC endpoint's policy refuses.
#[derive(Debug)]
pub struct EndpointDenials {
    /// Probe V1.
    pub org_to_foreign_bucket: Fact,
    /// Probe V2.
    pub foreign_to_foreign_bucket: Fact,
    /// Probe V3.
    pub anonymous_to_foreign_bucket: Fact,
    /// Probe V4.
    pub foreign_to_own_bucket: Fact,
}

/// Asks an endpoint's policy.
#[must_use]
pub fn endpoint(endpoint: &VpcEndpoint, perimeter: &Perimeter) -> EndpointDenials {
    let set = PolicySet { endpoint: endpoint_policy(endpoint), ..PolicySet::default() };
    let shown = endpoint.policy.as_deref().map_or(Value::Null, document);
    let evidence =
        Evidence::new("ec2:DescribeVpcEndpoints", &endpoint.id, "/VpcEndpoints/PolicyDocument", shown);
    let fact = |verdict: Verdict| Fact::from(verdict).with(evidence.clone());
    EndpointDenials {
        org_to_foreign_bucket: fact(probes::endpoint_denies_org_to_foreign_bucket(&set, perimeter)),
        foreign_to_foreign_bucket: fact(probes::endpoint_denies_foreign_to_foreign_bucket(&set, perimeter)),
        anonymous_to_foreign_bucket: fact(probes::endpoint_denies_anonymous_to_foreign_bucket(
            &set, perimeter,
        )),
        foreign_to_own_bucket: fact(probes::endpoint_denies_foreign_to_own_bucket(&set, perimeter)),
    }
}

/// An endpoint's policy. An endpoint without one has the policy that AWS gives it: everything.
#[must_use]
pub fn endpoint_policy(endpoint: &VpcEndpoint) -> Part<SharedDocument> {
    match &endpoint.policy {
        None => Part::Known(Arc::new(PolicyDocument::endpoint_default())),
        Some(text) => match PolicyDocument::parse(text) {
            Ok(document) => Part::Known(Arc::new(document)),
            Err(error) => {
                Part::Unreadable(format!("the policy of endpoint `{}` cannot be read: {error}", endpoint.id))
            }
        },
    }
}

/// Whether the policy file calls a bucket sensitive.
#[must_use]
pub fn sensitive(bucket: &Bucket, context: &Context<'_>) -> Fact {
    let tags: Option<&BTreeMap<String, String>> = bucket.tags.known();
    let holds = context.policy.is_sensitive(&bucket.name, tags);
    let reason = match (holds, &bucket.tags) {
        (crate::semantics::verdict::Tri::Yes, _) => "the policy file calls the bucket sensitive".to_owned(),
        (crate::semantics::verdict::Tri::Unknown, Reading::Unreadable(why)) => {
            format!("whether the bucket is sensitive is not known because {}", why.clause())
        }
        _ => "the policy file does not call the bucket sensitive".to_owned(),
    };
    let fact = Fact::new(holds, reason);
    match tags {
        Some(tags) if !tags.is_empty() => {
            fact.with(Evidence::new("s3:GetBucketTagging", &bucket.name, "/TagSet", json!(tags)))
        }
        _ => fact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::samples;
    use crate::semantics::verdict::Tri;
    use crate::snapshot::{AclGrant as Granted, BucketAcl, Organization};

    fn shared_with(principal: &str) -> Bucket {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::shared/*"}]});
        Bucket { policy: Reading::Known(Some(policy.to_string())), ..samples::bucket("shared") }
    }

    fn granted(bucket: &Bucket, organization: &Organization) -> Vec<(String, String, Tri)> {
        let account = samples::account();
        samples::with_context(organization, |context| {
            let perimeter = perimeter(&account, context);
            let grants = BucketPolicies::of(&account, bucket, context, &perimeter).outside_grants();
            grants.into_iter().map(|grant| (grant.kind, grant.grantee, grant.granted.holds)).collect()
        })
    }

    #[test]
    fn an_account_outside_the_organization_is_named() {
        let found = granted(&shared_with("arn:aws:iam::999999999999:root"), &samples::organization());
        assert!(
            found.iter().any(|(kind, who, holds)| {
                kind == "account" && who.contains("999999999999") && *holds == Tri::Yes
            }),
            "{found:?}"
        );
    }

    #[test]
    fn who_cannot_be_told_from_a_member_is_unknown() {
        let mut organization = samples::organization();
        organization.accounts = samples::denied("organizations:ListAccounts");
        let found = granted(&shared_with("arn:aws:iam::999999999999:root"), &organization);
        assert!(found.iter().all(|(_, _, holds)| *holds != Tri::Yes), "{found:?}");
        assert!(found.iter().any(|(_, _, holds)| *holds == Tri::Unknown), "{found:?}");
    }

    #[test]
    fn logs_may_be_delivered_by_aws() {
        let acl = BucketAcl {
            owner: "canonical-owner".into(),
            grants: vec![Granted { grantee: LOG_DELIVERY.into(), permission: "FULL_CONTROL".into() }],
        };
        let bucket = Bucket {
            acl: Reading::Known(acl),
            object_ownership: Reading::Known(Some("BucketOwnerPreferred".into())),
            ..samples::bucket("logs")
        };
        let found = granted(&bucket, &samples::organization());
        assert!(found.iter().all(|(kind, ..)| kind == "service"), "{found:?}");
    }

    #[test]
    fn an_unread_policy_is_one_more_grant_of_which_nothing_is_known() {
        let bucket = Bucket { policy: samples::denied("s3:GetBucketPolicy"), ..samples::bucket("b") };
        let found = granted(&bucket, &samples::organization());
        assert!(found.iter().any(|(_, who, holds)| who == "*" && *holds == Tri::Unknown), "{found:?}");
    }
}
