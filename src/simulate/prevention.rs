//! Whether a technique's requests are refused: the fourth question.

use std::sync::Arc;

use serde_json::json;

use super::technique::{After, Attempt, Caller, Network, On, Signed};
use crate::facts::Evidence;
use crate::facts::prevention::endpoint_policy;
use crate::semantics::iam::probes::{self, Aim, Party, Perimeter, Route, outsider_account};
use crate::semantics::iam::{
    Acl, AclGrant, AclGrantee, AclPermission, Part, PolicyDocument, PolicySet, SharedDocument,
};
use crate::semantics::verdict::Verdict;
use crate::snapshot::{AccountSnapshot, Bucket, Reading, VpcEndpoint};

/// What decides over a thief's requests to one bucket.
#[derive(Debug)]
pub struct Defences<'a> {
    /// The account that owns the bucket.
    pub account: &'a AccountSnapshot,
    /// The bucket.
    pub bucket: &'a Bucket,
    /// Its region.
    pub region: &'a str,
    /// The policies that a request to the bucket meets.
    pub set: &'a PolicySet,
    /// Where the organization ends.
    pub perimeter: &'a Perimeter,
}

impl Defences<'_> {
    /// Whether an attempt is refused in every variant.
    #[must_use]
    pub fn refuse(&self, attempt: &Attempt) -> Verdict {
        let changed = match self.after(attempt) {
            Ok(changed) => changed,
            Err(verdict) => return verdict,
        };
        let set = changed.as_ref().unwrap_or(self.set);
        let aim = match attempt.on {
            On::Bucket => Aim::Bucket(self.bucket.name.clone()),
            On::ThiefBucket => Aim::ForeignBucket,
            On::Account => Aim::Account("*".to_owned()),
        };
        let (route, endpoints) = match attempt.from {
            Network::Internet => (Route::Internet, None),
            Network::ThiefEndpoint => (Route::ForeignEndpoint, None),
            Network::OwnEndpoint => (Route::OwnEndpoint, Some(self.endpoints())),
        };
        let request = probes::Attempt {
            action: &attempt.action,
            party: match attempt.by {
                Caller::Own => Party::Own,
                Caller::Thief => Party::Outsider,
                Caller::Anonymous => Party::Anonymous,
            },
            route,
            aim,
            presigned: attempt.signed == Signed::Url,
        };
        match endpoints {
            None => probes::attempt_refused(&request, set, self.perimeter),
            Some(Err(verdict)) => verdict,
            Some(Ok(endpoints)) => through_each(&request, &endpoints, set, self.perimeter),
        }
    }

    /// What decides over an attempt on a bucket of this name, by the calls that read it; what they answered is too much to
    /// repeat.
    #[must_use]
    pub fn evidence(&self, attempt: &Attempt, bucket: &str) -> Vec<Evidence> {
        let mut read = Vec::new();
        if attempt.on == On::Bucket {
            read.push(("s3:GetBucketPolicy", bucket));
            if attempt.after != After::Nothing || attempt.by == Caller::Anonymous {
                read.push(("s3:GetPublicAccessBlock", bucket));
                read.push(("s3control:GetPublicAccessBlock", &self.account.id));
            }
        }
        if attempt.from == Network::OwnEndpoint {
            read.push(("ec2:DescribeVpcEndpoints", &self.account.id));
        }
        read.push(("organizations:DescribePolicy", &self.account.id));
        read.into_iter().map(|(operation, about)| Evidence::new(operation, about, "", json!(null))).collect()
    }

    /// The account's S3 endpoints in the bucket's region.
    fn endpoints(&self) -> Result<Vec<&VpcEndpoint>, Verdict> {
        let Some(read) = self.account.regional.get(self.region) else {
            return Err(Verdict::unknown(format!("region `{}` was not read", self.region)));
        };
        match &read.vpc_endpoints {
            Reading::Unreadable(why) => Err(Verdict::unknown(format!("not known because {}", why.clause()))),
            Reading::Known(endpoints) if endpoints.is_empty() => Err(Verdict::no(format!(
                "the account has no VPC endpoint of S3 in `{}` whose policy could refuse it",
                self.region
            ))),
            Reading::Known(endpoints) => Ok(endpoints.iter().collect()),
        }
    }

    /// The policies after what the thief has changed, if he changed anything; the verdict if the change itself is
    /// refused.
    fn after(&self, attempt: &Attempt) -> Result<Option<PolicySet>, Verdict> {
        let admitting = |principal: serde_json::Value| {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal,
                "Action": "s3:*", "Resource": [format!("arn:{}:s3:::{}", partition(self.perimeter), self.bucket.name),
                    format!("arn:{}:s3:::{}/*", partition(self.perimeter), self.bucket.name)]}]});
            parsed(&document)
        };
        match attempt.after {
            After::Nothing => Ok(None),
            After::PolicyAdmitsThief => {
                let thief = outsider_account(self.set, self.perimeter);
                let resource = admitting(json!({"AWS": thief}));
                Ok(Some(PolicySet { resource, acl: no_acl(), ..self.set.clone() }))
            }
            After::PolicyAdmitsEverybody => match &self.set.block_public_access {
                Part::Known(block) if block.block_public_policy => {
                    Err(Verdict::yes("S3 Block Public Access rejects a policy that is public"))
                }
                Part::Unreadable(why) => Err(Verdict::unknown(why.clone())),
                _ => {
                    let resource = admitting(json!("*"));
                    Ok(Some(PolicySet { resource, acl: no_acl(), ..self.set.clone() }))
                }
            },
            After::AclAdmitsEverybody => match &self.bucket.object_ownership {
                Reading::Known(Some(ownership)) if ownership == "BucketOwnerEnforced" => {
                    Err(Verdict::yes("access control lists are disabled on the bucket"))
                }
                Reading::Unreadable(why) => {
                    Err(Verdict::unknown(format!("not known because {}", why.clause())))
                }
                Reading::Known(_) => match &self.set.block_public_access {
                    Part::Known(block) if block.block_public_acls => {
                        Err(Verdict::yes("S3 Block Public Access rejects a public access control list"))
                    }
                    Part::Unreadable(why) => Err(Verdict::unknown(why.clone())),
                    _ => Ok(Some(PolicySet { acl: Part::Known(public_acl()), ..self.set.clone() })),
                },
            },
        }
    }
}

/// A request is refused if it is through every endpoint: the thief takes the one that lets him through.
fn through_each(
    request: &probes::Attempt<'_>,
    endpoints: &[&VpcEndpoint],
    set: &PolicySet,
    perimeter: &Perimeter,
) -> Verdict {
    let mut all: Option<Verdict> = None;
    for endpoint in endpoints {
        let through = PolicySet { endpoint: endpoint_policy(endpoint), ..set.clone() };
        let mut verdict = probes::attempt_refused(request, &through, perimeter);
        verdict.reason = format!("through endpoint `{}`: {}", endpoint.id, verdict.reason);
        all = Some(match all {
            None => verdict,
            Some(before) => before.and(verdict),
        });
    }
    all.unwrap_or_else(|| Verdict::no("there is no endpoint"))
}

fn partition(perimeter: &Perimeter) -> &str {
    if perimeter.partition.is_empty() { "aws" } else { &perimeter.partition }
}

fn parsed(document: &serde_json::Value) -> Part<SharedDocument> {
    match PolicyDocument::from_value(document) {
        Ok(document) => Part::Known(Arc::new(document)),
        Err(error) => Part::Unreadable(error.to_string()),
    }
}

fn no_acl() -> Part<Acl> {
    Part::Known(Acl { grants: Vec::new(), objects_may_grant: false })
}

fn public_acl() -> Acl {
    let grant = |permission| AclGrant { grantee: AclGrantee::AllUsers, permission };
    Acl { grants: vec![grant(AclPermission::Read), grant(AclPermission::ReadAcp)], objects_may_grant: true }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::facts::prevention::{BucketPolicies, perimeter};
    use crate::facts::samples;
    use crate::semantics::configuration::PublicAccessBlock;
    use crate::semantics::verdict::Tri;
    use crate::simulate::{Technique, Techniques};

    fn technique(id: &str) -> Technique {
        Techniques::load(&[]).unwrap().get(id).unwrap().clone()
    }

    /// For each chain of a technique what becomes of its steps' attempts.
    fn refused(id: &str, account: &AccountSnapshot, bucket: &Bucket) -> Vec<Vec<Tri>> {
        let organization = samples::organization();
        samples::with_context(&organization, |context| {
            let perimeter = perimeter(account, context);
            let policies = BucketPolicies::of(account, bucket, context, &perimeter);
            let defences = Defences {
                account,
                bucket,
                region: samples::REGION,
                set: policies.set(),
                perimeter: &perimeter,
            };
            technique(id)
                .chains
                .iter()
                .map(|chain| {
                    let attempts = chain.steps.iter().flat_map(|step| &step.requests);
                    attempts.map(|attempt| defences.refuse(attempt).value).collect()
                })
                .collect()
        })
    }

    #[test]
    fn block_public_access_stops_the_public_policy_and_not_the_private_share() {
        let open = samples::bucket("b");
        let block = PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        };
        let blocked = Bucket { public_access_block: Reading::Known(Some(block)), ..open.clone() };
        let account = samples::account();
        assert_eq!(refused("T-04", &account, &blocked), [vec![Tri::No, Tri::Yes], vec![Tri::Yes]]);
        assert_eq!(refused("T-04", &account, &open), [vec![Tri::No, Tri::No], vec![Tri::Yes]]);
        assert_eq!(refused("T-05", &account, &blocked), [vec![Tri::No, Tri::No]]);
        assert_eq!(refused("T-18", &account, &blocked)[0], [Tri::No, Tri::Yes]);
        assert_eq!(refused("T-18", &account, &open)[0], [Tri::No, Tri::No]);
    }

    #[test]
    fn without_an_endpoint_nothing_stops_the_upload_from_inside() {
        let account = samples::account();
        assert_eq!(refused("T-15", &account, &samples::bucket("b")), [vec![Tri::No], vec![Tri::No]]);
        let mut guarded = samples::account();
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition":
            {"StringEquals": {"aws:ResourceOrgID": "o-sample", "aws:PrincipalOrgID": "o-sample"}}}]}"#;
        let endpoint = VpcEndpoint {
            id: "vpce-1".into(),
            vpc_id: "vpc-1".into(),
            service_name: "com.amazonaws.eu-west-1.s3".into(),
            kind: "Gateway".into(),
            state: "available".into(),
            policy: Some(policy.into()),
            route_tables: Vec::new(),
            private_dns: false,
            private_dns_for_inbound_only: false,
        };
        guarded.regional.get_mut(samples::REGION).unwrap().vpc_endpoints = Reading::Known(vec![endpoint]);
        assert_eq!(refused("T-15", &guarded, &samples::bucket("b")), [vec![Tri::Yes], vec![Tri::Yes]]);
    }
}
