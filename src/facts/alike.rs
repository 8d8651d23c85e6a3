//! Buckets that no policy tells apart: what their policies allow is found out once for all of them.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::context::Context;
use super::prevention::{BucketProbe, endpoint_policy, guardrails};
use crate::semantics::iam::any_bucket::{ANY_BUCKET, LooksAt, OfAnyBucket};
use crate::semantics::iam::probes::{self, OutsideGrantFound, Perimeter};
use crate::semantics::iam::{Part, PolicyDocument, PolicySet};
use crate::semantics::verdict::Verdict;
use crate::snapshot::{AccountSnapshot, Bucket, Reading};

/// The buckets of one account that were met, by what decides over requests to them.
#[derive(Debug)]
pub struct AlikeBuckets {
    /// How the ARNs of buckets begin.
    arns: String,
    /// What the guardrails and the policies of the account's VPC endpoints look at in a bucket's name, where they do.
    shared: Vec<LooksAt>,
    met: RefCell<BTreeMap<String, Rc<AlikeBucket>>>,
}

/// A bucket that stands for all that are alike, under the name [`ANY_BUCKET`].
#[derive(Debug)]
pub struct AlikeBucket {
    /// Its place among those of its account.
    pub number: usize,
    /// What was read of the first one that was met.
    pub bucket: Bucket,
    /// What decides over requests to it.
    pub set: PolicySet,
    /// What patterns of its policy look at that are not about itself.
    looks_at: Vec<LooksAt>,
    answers: RefCell<BTreeMap<BucketProbe, Verdict>>,
    outside: OnceCell<Vec<OutsideGrantFound>>,
}

impl AlikeBuckets {
    /// None was met yet.
    #[must_use]
    pub fn of(account: &AccountSnapshot, context: &Context<'_>) -> Self {
        let (guardrails, partition) = (guardrails(account, context), &context.organization.partition);
        let arns = format!("arn:{}:s3:::", if partition.is_empty() { "aws" } else { partition });
        let endpoints = account.regional.values().filter_map(|region| region.vpc_endpoints.known()).flatten();
        let endpoints: Vec<Part<Arc<PolicyDocument>>> = endpoints.map(endpoint_policy).collect();
        let documents =
            guardrails.documents().chain(endpoints.iter().filter_map(Part::known).map(Arc::as_ref));
        let resources =
            documents.flat_map(|document| &document.statements).filter_map(|s| s.resource.as_ref());
        let patterns = resources.flat_map(|element| &element.patterns);
        let mut shared: Vec<LooksAt> =
            patterns.map(|pattern| LooksAt::of(pattern.template().source(), &arns)).collect();
        shared.sort();
        shared.dedup();
        shared.retain(|looks_at| *looks_at != LooksAt::Nothing);
        Self { arns, shared, met: RefCell::default() }
    }

    /// What stands for a bucket and those like it; nothing where a policy may tell it from others, or could not be read.
    #[must_use]
    pub fn like(&self, bucket: &Bucket, set: &PolicySet) -> Option<Rc<AlikeBucket>> {
        let name = bucket.name.as_str();
        let Reading::Known(policy) = &bucket.policy else { return None };
        let text = policy.as_deref().unwrap_or_default();
        if self.shared.iter().any(|looks_at| looks_at.tells_apart(name))
            || name.contains(ANY_BUCKET)
            || text.contains(ANY_BUCKET)
        {
            return None;
        }
        // Written as in a snapshot, of which equal texts are equal readings.
        let rest = (policy.is_some(), &bucket.acl, &bucket.object_ownership, &bucket.public_access_block);
        let key = format!("{}\n{}", text.replace(name, ANY_BUCKET), serde_json::to_string(&rest).ok()?);
        if let Some(known) = self.met.borrow().get(&key) {
            return (!self.tell_apart(known, name)).then(|| Rc::clone(known));
        }
        let of_any = OfAnyBucket::new(set.resource.known()?, &self.arns, name);
        // The name may stand nowhere else: not in a condition, nor in what a statement is called.
        if of_any.tells_apart(name) || text.matches(name).count() != of_any.replaced {
            return None;
        }
        let mut met = self.met.borrow_mut();
        let alike = Rc::new(AlikeBucket {
            number: met.len(),
            bucket: Bucket { name: ANY_BUCKET.to_owned(), ..bucket.clone() },
            set: PolicySet { resource: Part::Known(Arc::new(of_any.document)), ..set.clone() },
            looks_at: of_any.looks_at,
            answers: RefCell::default(),
            outside: OnceCell::new(),
        });
        met.insert(key, Rc::clone(&alike));
        Some(alike)
    }

    /// Whether a policy may tell a bucket of this name from others that are alike, whose policies are the same but for
    /// their names.
    #[must_use]
    pub fn tell_apart(&self, alike: &AlikeBucket, name: &str) -> bool {
        self.shared.iter().chain(&alike.looks_at).any(|looks_at| looks_at.tells_apart(name))
    }
}

impl AlikeBucket {
    /// What a probe finds, of [`ANY_BUCKET`].
    pub(super) fn answer(&self, probe: BucketProbe, perimeter: &Perimeter) -> Verdict {
        if let Some(known) = self.answers.borrow().get(&probe) {
            return known.clone();
        }
        let verdict = probe.ask(ANY_BUCKET, &self.set, perimeter);
        self.answers.borrow_mut().insert(probe, verdict.clone());
        verdict
    }

    /// Who outside the organization is admitted, of [`ANY_BUCKET`].
    pub(super) fn outside_grants(&self, perimeter: &Perimeter) -> &[OutsideGrantFound] {
        self.outside.get_or_init(|| probes::outside_grants(ANY_BUCKET, &self.set, perimeter))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::facts::Fact;
    use crate::facts::prevention::{BucketPolicies, perimeter};
    use crate::facts::resources::OutsideGrant;
    use crate::facts::samples;

    fn bucket(name: &str, statements: &[Value]) -> Bucket {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Bucket { policy: Reading::Known(Some(policy)), ..samples::bucket(name) }
    }

    fn denies_without_tls(resource: &str) -> Value {
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    }

    /// How many stand for these buckets, and how many of these stand alone.
    fn classes(buckets: &[Bucket]) -> (usize, usize) {
        let account = samples::account();
        samples::with_context(&samples::organization(), |context| {
            let (perimeter, alike) = (perimeter(&account, context), AlikeBuckets::of(&account, context));
            let found: Vec<Option<usize>> = buckets
                .iter()
                .map(|bucket| {
                    let policies = BucketPolicies::of(&account, bucket, context, &perimeter).among(&alike);
                    policies.alike().map(|alike| alike.number)
                })
                .collect();
            let numbers: std::collections::BTreeSet<usize> = found.iter().copied().flatten().collect();
            (numbers.len(), found.iter().filter(|number| number.is_none()).count())
        })
    }

    #[test]
    fn buckets_that_differ_in_their_names_alone_are_alike() {
        let own = |name: &str| bucket(name, &[denies_without_tls(&format!("arn:aws:s3:::{name}/*"))]);
        assert_eq!(classes(&[own("crown"), own("jewels"), own("loot")]), (1, 0));
        let bare = ["crown", "jewels"].map(samples::bucket);
        assert_eq!(classes(&[own("crown"), own("jewels"), bare[0].clone(), bare[1].clone()]), (2, 0));
    }

    #[test]
    fn a_bucket_of_which_the_policy_says_more_stands_alone() {
        // The pattern is about `logs-eu` as well, whose policy is otherwise that of the others.
        let spares = |name: &str| {
            bucket(
                name,
                &[
                    denies_without_tls(&format!("arn:aws:s3:::{name}/*")),
                    denies_without_tls("arn:aws:s3:::logs-*"),
                ],
            )
        };
        assert_eq!(classes(&[spares("crown"), spares("jewels"), spares("logs-eu")]), (1, 1));
        assert_eq!(classes(&[spares("logs-eu"), spares("crown"), spares("jewels")]), (1, 1));
        let by_condition = |name: &str| {
            bucket(
                name,
                &[json!({"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{name}/*"),
                "Condition": {"ArnLike": {"aws:SourceArn": format!("arn:aws:s3:::{name}")}}})],
            )
        };
        assert_eq!(classes(&[by_condition("crown"), by_condition("jewels")]), (0, 2));
        let unread = Bucket { policy: samples::denied("s3:GetBucketPolicy"), ..samples::bucket("crown") };
        assert_eq!(classes(&[unread]), (0, 1));
        let broken = Bucket { policy: Reading::Known(Some(String::new())), ..samples::bucket("crown") };
        assert_eq!(classes(&[samples::bucket("jewels"), broken]), (1, 1));
    }

    /// What a bucket's policies answer.
    type Answers = (Vec<Fact>, Vec<OutsideGrant>);

    fn answers(policies: &BucketPolicies<'_>) -> Answers {
        let (network, used) = (policies.denies_foreign_network(), policies.legitimate_use());
        let facts = vec![
            policies.not_public(),
            policies.requires_tls(),
            policies.identity_perimeter(),
            policies.control_plane_perimeter(),
            network.from_internet,
            network.from_foreign_endpoint,
            network.by_presigned_url,
            used.own_endpoint,
            used.services,
            used.forward_access,
            used.repair,
        ];
        (facts, policies.outside_grants())
    }

    fn statement() -> impl Strategy<Value = Value> {
        let effect = prop::sample::select(vec!["Allow", "Deny"]);
        let principal = prop::sample::select(vec![
            json!("*"),
            json!({"AWS": "arn:aws:iam::999999999999:root"}),
            json!({"AWS": "arn:aws:iam::111122223333:role/App"}),
            json!({"Service": "cloudtrail.amazonaws.com"}),
        ]);
        let action = prop::sample::select(vec!["s3:*", "s3:GetObject", "s3:PutBucketPolicy", "s3:List*"]);
        // `NAME` is the bucket's own.
        let resource = prop::sample::select(vec![
            "arn:aws:s3:::NAME",
            "arn:aws:s3:::NAME/*",
            "arn:aws:s3:::NAME*",
            "arn:aws:s3:::NAME/reports/*",
            "arn:aws:s3:::*",
            "*",
            "arn:aws:s3:::other/*",
            "arn:aws:s3:::jew*",
            "arn:aws:s3:::NAME/${aws:username}/*",
        ]);
        let condition = prop::sample::select(vec![
            json!({}),
            json!({"Bool": {"aws:SecureTransport": "false"}}),
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-sample"}}),
            json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:ViaAWSService": "false"}}),
            json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}),
        ]);
        let not_resource = prop::bool::weighted(0.2);
        (effect, principal, action, resource, condition, not_resource).prop_map(
            |(effect, principal, action, resource, condition, negated)| {
                let element = if negated { "NotResource" } else { "Resource" };
                json!({"Effect": effect, "Principal": principal, "Action": action, element: resource,
                    "Condition": condition})
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What is asked once for buckets that are alike is what each answers for itself.
        #[test]
        fn alike_buckets_answer_as_each_for_itself(statements in prop::collection::vec(statement(), 1..4)) {
            let account = samples::account();
            let of = |name: &str| {
                let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
                Bucket { policy: Reading::Known(Some(text.replace("NAME", name))), ..samples::bucket(name) }
            };
            samples::with_context(&samples::organization(), |context| {
                let (perimeter, alike) = (perimeter(&account, context), AlikeBuckets::of(&account, context));
                for name in ["crown-of-kings", "jewels", "zoo"] {
                    let bucket = of(name);
                    let policies = || BucketPolicies::of(&account, &bucket, context, &perimeter);
                    let (facts, grants) = answers(&policies());
                    let (told, told_grants) = answers(&policies().among(&alike));
                    let holds = |facts: &[Fact]| facts.iter().map(|fact| fact.holds).collect::<Vec<_>>();
                    prop_assert_eq!(holds(&facts), holds(&told), "{}", name);
                    let who = |grants: &[OutsideGrant]| {
                        grants.iter().map(|g| (g.grantee.clone(), g.granted.holds, g.actions.clone())).collect::<Vec<_>>()
                    };
                    prop_assert_eq!(who(&grants), who(&told_grants), "{}", name);
                    let shown = serde_json::to_string(&(told, told_grants)).unwrap();
                    prop_assert!(!shown.contains(ANY_BUCKET), "{}", shown);
                }
                Ok(())
            })?;
        }
    }
}
