//! `restrict-endpoint-policy`: an endpoint of S3 leads to the organization's own buckets, and to AWS's.
//!
//! The statements of others stay: two statements that refuse are added to them, which give the outcome of the template of
//! `aws-semantics.md` 7.6 whatever is allowed beside them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Kind, Place, Proposal, Situation, bucket_policy};
use crate::facts::Guardrails;
use crate::facts::prevention::perimeter;
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;
use crate::semantics::iam::probes::{
    AWS_OWNED_BUCKETS, Perimeter, endpoint_serves_aws_owned_bucket, endpoint_serves_organization,
    endpoint_serves_services,
};
use crate::semantics::iam::{Part, PolicyDocument, PolicySet};
use crate::semantics::verdict::Verdict;
use crate::snapshot::VpcEndpoint;

/// The kind.
pub const KIND: Kind = Kind {
    name: "restrict-endpoint-policy",
    risk: (
        RiskLevel::High,
        "workloads that reach buckets of other organizations through the endpoint are refused; those that are AWS's own and \
         known to be needed stay open. Look at the VPC's flow logs or at CloudTrail's network activity events first",
    ),
    cost: "none",
    undo: "the former policy is put back, or AWS's default if there was none",
    place,
    propose,
};

fn endpoint<'a>(
    situation: &'a Situation<'_>,
    account: &str,
    region: &str,
    id: &str,
) -> Result<&'a VpcEndpoint, String> {
    let read = situation.account(account)?.regional.get(region).ok_or("the region was not read")?;
    let endpoints = read.vpc_endpoints.as_result().map_err(|why| why.clause())?;
    endpoints.iter().find(|endpoint| endpoint.id == id).ok_or_else(|| format!("`{id}` was not read"))
}

fn place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let region = result.region.clone().ok_or("the result names no region")?;
    let endpoint = endpoint(situation, &result.account_id, &region, &result.resource.id)?;
    Ok(Place { account: result.account_id.clone(), region, resource: endpoint.id.clone() })
}

fn propose(place: &Place, _: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let endpoint = endpoint(situation, &place.account, &place.region, &place.resource)?;
    let identity = situation.organization.identity.as_result().map_err(|why| why.clause())?.as_ref();
    let organization = identity.ok_or("the account belongs to no organization that the policy could name")?;
    let mut ours = vec![organization.id.clone()];
    ours.extend(situation.policy.trust.organizations.iter().cloned());
    let wanted = merged(endpoint.policy.as_deref(), &statements(situation, &place.region, &ours))?;
    let guardrails = Guardrails::of(situation.organization);
    let context = situation.context(&guardrails);
    let perimeter = perimeter(situation.account(&place.account)?, &context);
    served_as_before(endpoint, &wanted, &place.region, &perimeter)?;
    Ok(Proposal {
        summary: format!(
            "let endpoint `{}` lead to the organization's own buckets and AWS's only",
            endpoint.id
        ),
        settings: vec![(Setting::EndpointPolicy { endpoint: endpoint.id.clone() }, json!(wanted))],
        cost: None,
    })
}

/// AWS's default policy, which allows everything, is what there is where none is.
fn merged(present: Option<&str>, statements: &[Value]) -> Result<String, String> {
    let everything = json!({"Version": "2008-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
    bucket_policy::merged(Some(present.unwrap_or(&everything.to_string())), statements)
}

fn statements(situation: &Situation<'_>, region: &str, ours: &[String]) -> [Value; 2] {
    let partition = &situation.organization.partition;
    let owned: Vec<String> = AWS_OWNED_BUCKETS
        .iter()
        .map(|name| name.replace("<r>", region))
        .flat_map(|name| [format!("arn:{partition}:s3:::{name}"), format!("arn:{partition}:s3:::{name}/*")])
        .collect();
    let refuse = |sid: &str, key: &str| {
        json!({
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "*",
            "NotResource": owned,
            "Condition": {
                "StringNotEqualsIfExists": {key: ours},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        })
    };
    [
        refuse("ExfilguardOurBucketsOnly", "aws:ResourceOrgID"),
        refuse("ExfilguardOurIdentitiesOnly", "aws:PrincipalOrgID"),
    ]
}

/// The usability probes V5 to V7: whom the endpoint serves now, it serves with the wanted policy.
fn served_as_before(
    endpoint: &VpcEndpoint,
    wanted: &str,
    region: &str,
    perimeter: &Perimeter,
) -> Result<(), String> {
    let present = endpoint
        .policy
        .as_deref()
        .map_or_else(|| Ok(PolicyDocument::endpoint_default()), PolicyDocument::parse);
    let present = present.map_err(|error| error.reason)?;
    let wanted = PolicyDocument::parse(wanted).map_err(|error| error.reason)?;
    let set = |document| PolicySet { endpoint: Part::Known(Arc::new(document)), ..PolicySet::default() };
    let (present, wanted) = (set(present), set(wanted));
    let same = |who: &str, ask: &dyn Fn(&PolicySet) -> Verdict| {
        let after = ask(&wanted);
        if ask(&present).value.is_yes() && !after.value.is_yes() {
            return Err(format!("{who} would not be served any more: {}", after.reason));
        }
        Ok(())
    };
    same("the organization's own workloads", &|set| {
        endpoint_serves_organization("exfilguard-probe", set, perimeter)
    })?;
    same("AWS services", &|set| endpoint_serves_services("exfilguard-probe", set, perimeter))?;
    for name in AWS_OWNED_BUCKETS {
        let name = name.replace("<r>", region);
        same("instances that read AWS's own buckets", &|set| {
            endpoint_serves_aws_owned_bucket(&name, set, perimeter)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::facts::samples::{self, REGION};

    /// One of S3 with AWS's default policy.
    fn endpoint() -> VpcEndpoint {
        VpcEndpoint {
            id: "vpce-1".into(),
            vpc_id: "vpc-1".into(),
            service_name: format!("com.amazonaws.{REGION}.s3"),
            kind: "Gateway".into(),
            state: "available".into(),
            policy: None,
            route_tables: Vec::new(),
            private_dns: false,
            private_dns_for_inbound_only: false,
        }
    }

    /// The endpoint with a policy, held to what it would be with a statement that refuses.
    fn with(refusal: &Value) -> Result<(), String> {
        samples::with_context(&samples::organization(), |context| {
            let account = samples::account();
            let perimeter = perimeter(&account, context);
            let endpoint = endpoint();
            let wanted = merged(None, std::slice::from_ref(refusal)).unwrap();
            served_as_before(&endpoint, &wanted, REGION, &perimeter)
        })
    }

    /// V5 to V7: a statement that would shut out those whom the endpoint serves is refused, each for its own reason.
    #[test]
    fn whom_the_endpoint_serves_it_serves_afterwards() {
        let refuse = |condition: Value| {
            json!({"Sid": "x", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
                "Condition": condition})
        };
        let why = with(&refuse(json!({"StringEquals": {"aws:PrincipalOrgID": "o-sample"}}))).unwrap_err();
        assert!(why.starts_with("the organization's own workloads"), "{why}");
        let why = with(&refuse(json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}))).unwrap_err();
        assert!(why.starts_with("AWS services"), "{why}");
        let unlike = json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-sample"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}});
        let why = with(&refuse(unlike)).unwrap_err();
        assert!(why.starts_with("instances that read AWS's own buckets"), "{why}");
        let foreign = json!({"StringEquals": {"aws:PrincipalOrgID": "o-foreign"}});
        assert_eq!(with(&refuse(foreign)), Ok(()));
    }

    /// What we add breaks nobody whom it should serve, whatever the region.
    #[test]
    fn our_own_statements_keep_them() {
        samples::with_context(&samples::organization(), |context| {
            let account = samples::account();
            let perimeter = perimeter(&account, context);
            let organization = samples::organization();
            let accounts = std::collections::BTreeMap::from([(account.id.clone(), account.clone())]);
            let policy = crate::policy::PolicyFile::default();
            let situation = Situation {
                organization: &organization,
                accounts: &accounts,
                policy: &policy,
                role: "ExfilguardRemediate",
                management_account: false,
            };
            let endpoint = endpoint();
            for region in [REGION, "us-east-1"] {
                let ours = statements(&situation, region, &["o-sample".to_owned()]);
                let wanted = merged(None, &ours).unwrap();
                assert_eq!(served_as_before(&endpoint, &wanted, region, &perimeter), Ok(()));
            }
        });
    }
}
