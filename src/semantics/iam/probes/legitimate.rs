//! Probes of legitimate use: V5 to V7 and U1 to U4 of `aws-semantics.md`. Here `Yes` means served, and `No` that a
//! workload, a service or the last resort is locked out.

use std::collections::BTreeSet;

use crate::semantics::verdict::{Tri, Verdict};

use super::super::context::ContextValue;
use super::super::policy_set::PolicySet;
use super::Perimeter;
use super::actions::is_object_action;
use super::buckets::{Bucket, own_endpoint};
use super::endpoints::{Endpoint, alone};
use super::named::{FILLER, Named, account_of};
use super::scene::{
    Actor, Place, Target, anonymous, insider, internet, own_organization, own_target, paths_of, probe,
    service,
};
use super::search::{Found, Probe, place_of, search};

/// What a workload does with a bucket.
const USE: [&str; 3] = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"];

/// Buckets of AWS's own that instances read through an S3 endpoint; `<r>` stands for the region.
pub const AWS_OWNED_BUCKETS: [&str; 22] = [
    "al2023-repos-<r>-de612dc2",
    "amazonlinux-2-repos-<r>",
    "amazonlinux.<r>.amazonaws.com",
    "packages.<r>.amazonaws.com",
    "repo.<r>.amazonaws.com",
    "aws-ssm-<r>",
    "amazon-ssm-<r>",
    "amazon-ssm-packages-<r>",
    "<r>-birdwatcher-prod",
    "aws-ssm-document-attachments-<r>",
    "patch-baseline-snapshot-<r>",
    "aws-windows-downloads-<r>",
    "amazoncloudwatch-agent",
    "amazoncloudwatch-agent-<r>",
    "prod-<r>-starport-layer-bucket",
    "aws-codedeploy-<r>",
    "repo.<r>.emr.amazonaws.com",
    "prod.<r>.appinfo.src",
    "cloudformation-waitcondition-<r>",
    "elasticbeanstalk-<r>",
    "jumpstart-cache-prod-<r>",
    "ec2imagebuilder-managed-resources-<r>-prod",
];

/// Whether every probe is allowed in some variant.
fn all_served(set: &PolicySet, probes: impl IntoIterator<Item = Probe>) -> Verdict {
    let mut doubt: Option<Verdict> = None;
    for probe in probes {
        match search(set, &probe) {
            Found::Allowed(..) => {}
            Found::Refused(decision) => {
                let request = &probe.request;
                let reason = format!(
                    "`{}` on `{}` {}{} is refused: {}",
                    request.action,
                    request.resource,
                    probe.label,
                    place_of(request),
                    decision.reason
                );
                return Verdict::no(reason).with_witness(request.to_json());
            }
            Found::Unsure(request, decision) => {
                let reason =
                    format!("`{}` {} may be refused: {}", request.action, probe.label, decision.reason);
                doubt.get_or_insert_with(|| Verdict::unknown(reason).with_witness(request.to_json()));
            }
        }
    }
    doubt.unwrap_or_else(|| Verdict::yes("every such request is served"))
}

fn served(
    bucket: &Bucket<'_>,
    actor: &Actor,
    place: Place,
    actions: &[&str],
    fixed: &[(&str, ContextValue)],
) -> Verdict {
    let places = [place];
    let stance = bucket.stance(actor, &places, fixed);
    let probes = actions.iter().filter_map(|action| bucket.probes(&stance, action).into_iter().next());
    all_served(&bucket.set_for(actor), probes)
}

/// Principals of the organization that may be workloads: an ordinary one of the owner's account, and those that the
/// policies name, because a bucket may be meant for these alone.
fn workloads(bucket: &Bucket<'_>) -> Vec<Actor> {
    let perimeter = bucket.perimeter;
    let mut arns = bucket.named.examples("aws:principalarn");
    arns.extend(bucket.named.principal_lists().flat_map(|list| list.arns.iter().cloned()));
    let named = arns.iter().filter_map(|arn| {
        let account = account_of(arn).filter(|account| perimeter.has_account(account))?;
        Some(insider(perimeter, &account, Some(arn)))
    });
    std::iter::once(insider(perimeter, &perimeter.account, None)).chain(named.take(24)).collect()
}

/// Whether each action is served to some workload for some object.
fn some_workload_served(bucket: &Bucket<'_>, places: &[Place], fixed: &[(&str, ContextValue)]) -> Verdict {
    let workloads = workloads(bucket);
    let mut doubt: Option<Verdict> = None;
    for action in USE {
        let mut refusal: Option<Verdict> = None;
        let mut unsure: Option<Verdict> = None;
        let mut allowed = false;
        for actor in &workloads {
            let set = bucket.set_for(actor);
            for probe in bucket.probes(&bucket.stance(actor, places, fixed), action) {
                let to = format!("`{action}` on `{}` {}", probe.request.resource, probe.label);
                match search(&set, &probe) {
                    Found::Allowed(..) => allowed = true,
                    Found::Refused(decision) => {
                        let reason = format!("{to} is refused: {}", decision.reason);
                        refusal
                            .get_or_insert_with(|| Verdict::no(reason).with_witness(probe.request.to_json()));
                    }
                    Found::Unsure(request, decision) => {
                        let reason = format!("{to} may be refused: {}", decision.reason);
                        unsure
                            .get_or_insert_with(|| Verdict::unknown(reason).with_witness(request.to_json()));
                    }
                }
                if allowed {
                    break;
                }
            }
            if allowed {
                break;
            }
        }
        match (allowed, unsure, refusal) {
            (true, ..) => {}
            (false, Some(unsure), _) => _ = doubt.get_or_insert(unsure),
            (false, None, Some(refusal)) => return refusal,
            (false, None, None) => return Verdict::unknown("there is no request to try"),
        }
    }
    doubt.unwrap_or_else(|| Verdict::yes("every such request is served"))
}

/// A refusal is none if the policies may make an exception for somebody whom no probe can be.
fn unless_excepted(verdict: Verdict, bucket: &Bucket<'_>) -> Verdict {
    const WHO: [&str; 5] =
        ["aws:principaltag/", "aws:userid", "aws:username", "aws:principaltype", "aws:principalorgpaths"];
    let keys = bucket.named.keys(false);
    let excepted = keys.iter().find(|key| WHO.iter().any(|prefix| key.starts_with(prefix)));
    match excepted {
        Some(key) if verdict.value.is_no() => Verdict {
            value: Tri::Unknown,
            reason: format!("{}, but whom the policies except by `{key}` is not known", verdict.reason),
            ..verdict
        },
        _ => verdict,
    }
}

/// Whether workloads of the organization are served through its own VPC endpoints (U1): each of reading, listing and
/// writing to somebody, an ordinary principal or one that the policies name. It is unknown if they may be served to
/// principals by tags or unique ids only, or through endpoints of which it is not known whose they are.
#[must_use]
pub fn bucket_serves_own_endpoint(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let named = |key: &str, trusted: &BTreeSet<String>| {
        let named = bucket.named.examples(key);
        named.into_iter().filter(|id| trusted.contains(id)).take(24).collect::<Vec<_>>()
    };
    let endpoints = named("aws:sourcevpce", &perimeter.trusted_vpc_endpoints);
    let vpcs = named("aws:sourcevpc", &perimeter.trusted_vpcs);
    let with = |key: &str, id: &str| {
        let own = own_endpoint(perimeter);
        let keys = own.keys.iter().map(|(name, value)| {
            let value = match name.spelling() {
                name if name == key => ContextValue::one(id),
                // Which VPC an endpoint is in is not told here.
                "aws:SourceVpce" | "aws:SourceVpc" => ContextValue::Unknown,
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        Place { keys: keys.collect() }
    };
    let places: Vec<Place> = std::iter::once(own_endpoint(perimeter))
        .chain(endpoints.iter().map(|id| with("aws:SourceVpce", id)))
        .chain(vpcs.iter().map(|id| with("aws:SourceVpc", id)))
        .collect();
    let verdict = some_workload_served(&bucket, &places, &[]);
    if !verdict.value.is_no() {
        return verdict;
    }
    let doubtful = bucket.doubtful_endpoints();
    if !doubtful.is_empty() && !some_workload_served(&bucket, &doubtful, &[]).value.is_no() {
        return Verdict {
            value: Tri::Unknown,
            reason: format!(
                "{}, but whose the endpoints are that the policies name is not known",
                verdict.reason
            ),
            ..verdict
        };
    }
    unless_excepted(verdict, &bucket)
}

/// Whether AWS services that the policy grants something may act for the owner's account (U2): no denial stands against
/// those that deliver logs to the bucket. A service that no statement grants anything is not asked for.
#[must_use]
pub fn bucket_serves_services(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let organization = own_organization(perimeter);
    let paths = paths_of(perimeter, &perimeter.account);
    let mut verdict = Verdict::yes("no service is granted anything");
    for name in bucket.named.granted_lists().flat_map(|list| &list.services).take(24) {
        let mut actor = service(name, &perimeter.account, organization.clone(), paths.clone());
        // Which resource the service acts for is its own affair: any of the account's.
        actor.context.set("aws:SourceArn", ContextValue::Unknown);
        let set = bucket.set_for(&actor);
        let stance = bucket.stance(&actor, &[internet_default()], &[]);
        let found = bucket.every_class().iter().any(|class| {
            let probes = bucket.probes(&stance, class.representative());
            probes.iter().any(|probe| !matches!(search(&set, probe), Found::Refused(_)))
        });
        if !found {
            return Verdict::no(format!("`{name}` is named by the policy, but refused every action"));
        }
        verdict = Verdict::yes("every service that is named can act for the owner's account");
    }
    verdict
}

fn internet_default() -> Place {
    internet(std::net::IpAddr::from([198, 51, 100, 23]))
}

/// Whether a service such as Athena may read with the principal's own credentials (U3, forward access sessions).
#[must_use]
pub fn bucket_serves_forward_access(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let via = ContextValue::one("athena.amazonaws.com");
    let fixed = [
        ("aws:ViaAWSService", ContextValue::one("true")),
        ("aws:CalledVia", via.clone()),
        ("aws:CalledViaFirst", via.clone()),
        ("aws:CalledViaLast", via),
    ];
    unless_excepted(some_workload_served(&bucket, &[internet_default()], &fixed), &bucket)
}

/// Whether the last resort is open (U4): the root user of the owner's account can read and replace the bucket's policy.
/// No bucket policy can refuse that, but the organization's policies can.
#[must_use]
pub fn bucket_serves_repair(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let root = format!("arn:{}:iam::{}:root", perimeter.partition(), perimeter.account);
    let actor = insider(perimeter, &perimeter.account, Some(&root));
    let actions = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];
    served(&bucket, &actor, own_endpoint(perimeter), &actions, &[])
}

/// Whether the principal of last resort, given by its ARN, can read the bucket and repair its policy from the internet
/// (U4).
#[must_use]
pub fn bucket_serves_break_glass(
    bucket: &str,
    principal: &str,
    set: &PolicySet,
    perimeter: &Perimeter,
) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let actor = insider(perimeter, &perimeter.account, Some(principal));
    let actions = ["s3:GetObject", "s3:ListBucket", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];
    served(&bucket, &actor, internet_default(), &actions, &[])
}

/// Whether the organization's principals reach a bucket of the endpoint's own account through it (V5).
#[must_use]
pub fn endpoint_serves_organization(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    let actor = insider(perimeter, &perimeter.account, None);
    let places = endpoint.place();
    let probes = USE.iter().map(|action| {
        let arn = format!("arn:{}:s3:::{bucket}", perimeter.partition());
        let resource = if is_object_action(action) { format!("{arn}/{FILLER}") } else { arn };
        probe(&named, &actor, &places, action, &own_target(perimeter, resource), &[])
    });
    all_served(&endpoint.set, probes)
}

/// Whether instances can read a bucket of AWS's own through the endpoint, unsigned as most of them do (V6). For the
/// names see [`AWS_OWNED_BUCKETS`].
#[must_use]
pub fn endpoint_serves_aws_owned_bucket(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    let target = Target {
        resource: format!("arn:{}:s3:::{bucket}/{FILLER}", perimeter.partition()),
        account: "000000000000".to_owned(),
        organization: ContextValue::Unknown,
        paths: ContextValue::Unknown,
        attackers: false,
    };
    let places = endpoint.place();
    let probes = [anonymous(), insider(perimeter, &perimeter.account, None)]
        .map(|actor| probe(&named, &actor, &places, "s3:GetObject", &target, &[]));
    all_served(&endpoint.set, probes)
}

/// Whether an AWS service that acts for the owner's account reaches a bucket of it through the endpoint (V7).
#[must_use]
pub fn endpoint_serves_services(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    let paths = paths_of(perimeter, &perimeter.account);
    let actor =
        service("cloudformation.amazonaws.com", &perimeter.account, own_organization(perimeter), paths);
    let resource = format!("arn:{}:s3:::{bucket}/{FILLER}", perimeter.partition());
    let places = endpoint.place();
    let target = own_target(perimeter, resource);
    all_served(&endpoint.set, [probe(&named, &actor, &places, "s3:GetObject", &target, &[])])
}
