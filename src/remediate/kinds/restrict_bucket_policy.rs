//! `restrict-bucket-policy`: the perimeters of `aws-semantics.md` 7.7 as statements that refuse, beside those of others.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::bucket_policy::{both, merged, nobody_is_locked_out, used_as_before};
use super::{Kind, Place, Proposal, Situation, bucket_place};
use crate::remediate::plan::RiskLevel;
use crate::remediate::setting::Setting;
use crate::score::assessment::ResultRecord;

/// The kind.
pub const KIND: Kind = Kind {
    name: "restrict-bucket-policy",
    risk: (
        RiskLevel::High,
        "whoever uses the bucket from outside the organization, or where the network is restricted from outside the networks \
         of `trust.networks` and the organization's endpoints, is refused from then on; look at the bucket's data events \
         first",
    ),
    cost: "none",
    undo: "the former policy is put back, or the policy deleted if there was none",
    place: bucket_place,
    propose,
};

/// Checks that the network perimeter mends; all others want the perimeter of identities.
const OF_THE_NETWORK: [&str; 2] = ["bucket-control-plane-perimeter", "bucket-restricts-network"];

fn propose(place: &Place, results: &[&ResultRecord], situation: &Situation<'_>) -> Result<Proposal, String> {
    let bucket = situation.bucket(&place.account, &place.resource)?;
    let present = bucket.policy.as_result().map_err(|why| why.clause())?.as_deref();
    no_partner(present, situation)?;
    let (network, identity): (Vec<&str>, Vec<&str>) =
        results.iter().map(|result| result.check.as_str()).partition(|check| OF_THE_NETWORK.contains(check));
    let mut statements = Vec::new();
    if !identity.is_empty() {
        statements.extend(identity_perimeter(place, situation)?);
    }
    if !network.is_empty() {
        statements.push(network_perimeter(place, situation)?);
    }
    let wanted = merged(present, &statements)?;
    nobody_is_locked_out(situation, &place.account, bucket, &statements)?;
    used_as_before(situation, &place.account, bucket, &wanted)?;
    let perimeters = match (identity.is_empty(), network.is_empty()) {
        (false, false) => "identities of others and unknown networks",
        (false, true) => "identities of others",
        _ => "unknown networks",
    };
    Ok(Proposal {
        summary: format!("refuse {perimeters} at bucket `{}`", bucket.name),
        settings: vec![(Setting::BucketPolicy { bucket: bucket.name.clone() }, json!(wanted))],
        cost: None,
    })
}

/// A bucket that is shared with a documented partner is for a person to restrict (`aws-semantics.md`, end of section 9).
fn no_partner(present: Option<&str>, situation: &Situation<'_>) -> Result<(), String> {
    let trust = &situation.policy.trust;
    let mut partners = trust.accounts.iter().chain(&trust.organizations);
    match partners.find(|partner| present.is_some_and(|text| text.contains(partner.as_str()))) {
        Some(partner) => Err(format!(
            "the policy names `{partner}`, a partner of the policy file's `trust`: what he needs is for a person to say"
        )),
        None => Ok(()),
    }
}

fn organizations(situation: &Situation<'_>) -> Result<Vec<String>, String> {
    let identity = situation.organization.identity.as_result().map_err(|why| why.clause())?.as_ref();
    let own = identity.ok_or("the account belongs to no organization that the policy could name")?;
    let all: BTreeSet<&String> =
        std::iter::once(&own.id).chain(&situation.policy.trust.organizations).collect();
    Ok(all.into_iter().cloned().collect())
}

fn refuse(sid: &str, place: &Place, situation: &Situation<'_>, condition: Value) -> Value {
    json!({"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": both(situation, &place.resource), "Condition": condition})
}

fn identity_perimeter(place: &Place, situation: &Situation<'_>) -> Result<[Value; 2], String> {
    let organizations = organizations(situation)?;
    let mut unlike = Map::from_iter([("aws:PrincipalOrgID".to_owned(), json!(organizations))]);
    let accounts = &situation.policy.trust.accounts;
    if !accounts.is_empty() {
        unlike.insert("aws:PrincipalAccount".to_owned(), json!(accounts));
    }
    Ok([
        refuse(
            "ExfilguardIdentityPerimeter",
            place,
            situation,
            json!({"StringNotEqualsIfExists": unlike, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}),
        ),
        refuse(
            "ExfilguardServicesForUsOnly",
            place,
            situation,
            json!({"StringNotEqualsIfExists": {"aws:SourceOrgID": organizations},
                "Null": {"aws:SourceAccount": "false"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}),
        ),
    ])
}

fn network_perimeter(place: &Place, situation: &Situation<'_>) -> Result<Value, String> {
    let trust = &situation.policy.trust;
    if trust.networks.is_empty() {
        return Err("the policy file's `trust.networks` names no network from which the bucket may be used"
            .to_owned());
    }
    let networks: Vec<String> = trust.networks.iter().map(ToString::to_string).collect();
    let mut unlike = Map::from_iter([("aws:VpceOrgID".to_owned(), json!(organizations(situation)?))]);
    if !trust.vpc_endpoints.is_empty() {
        unlike.insert("aws:SourceVpce".to_owned(), json!(trust.vpc_endpoints));
    }
    Ok(refuse(
        "ExfilguardNetworkPerimeter",
        place,
        situation,
        json!({
            "NotIpAddressIfExists": {"aws:SourceIp": networks},
            "StringNotEqualsIfExists": unlike,
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            "ArnNotLikeIfExists": {"aws:PrincipalArn": situation.keepers(&place.account)},
        }),
    ))
}
