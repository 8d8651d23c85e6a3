//! Buckets that differ in nothing but their names: what is found out of them is found out once.
//!
//! Buckets that are made by one template are alike down to the last setting. Where nobody looks at their names, neither a
//! policy ([`AlikeBuckets`]) nor a trail, they are judged as one, under the name [`ANY_BUCKET`], and what is found is told
//! of each under its own name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::alike::{AlikeBucket, AlikeBuckets};
use super::context::Context;
use super::fact::Fact;
use super::logging::Observers;
use super::macie;
use super::prevention::{BucketPolicies, is_shown, sensitive};
use crate::semantics::iam::any_bucket::{ANY_BUCKET, replaced};
use crate::semantics::iam::probes::Perimeter;
use crate::snapshot::{AccountSnapshot, Bucket};

/// A bucket, or several that nothing but their names tells apart.
#[derive(Debug)]
pub struct BucketClass<'a> {
    /// The buckets.
    pub members: Vec<&'a Bucket>,
    /// The bucket; what stands for all of them if they are several, called [`ANY_BUCKET`].
    pub bucket: Cow<'a, Bucket>,
    /// The policy file calls it sensitive.
    pub sensitive: Fact,
    /// Macie looks for sensitive data in it.
    pub classified: Fact,
    /// What decides over requests to it, where it stands for several.
    alike: Option<Rc<AlikeBucket>>,
}

impl<'a> BucketClass<'a> {
    /// Whether it stands for several buckets.
    #[must_use]
    pub fn stands_in(&self) -> bool {
        self.alike.is_some()
    }

    /// The names of the buckets for which it stands; none for a bucket that stands for itself.
    #[must_use]
    pub fn stands_for(&self) -> Vec<String> {
        let members = self.members.iter().filter(|_| self.stands_in());
        members.map(|bucket| bucket.name.clone()).collect()
    }

    /// Each of its buckets by itself.
    pub fn each(&self, account: &AccountSnapshot, context: &Context<'_>) -> Vec<Self> {
        self.members.iter().map(|bucket| Self::alone(bucket, Named::of(account, bucket, context))).collect()
    }

    fn alone(bucket: &'a Bucket, named: Named) -> Self {
        let Named { sensitive, classified } = named;
        Self { members: vec![bucket], bucket: Cow::Borrowed(bucket), sensitive, classified, alike: None }
    }

    /// What decides over requests to it.
    pub(super) fn policies<'b>(
        &'b self,
        account: &AccountSnapshot,
        context: &Context<'_>,
        perimeter: &'b Perimeter,
        buckets: &AlikeBuckets,
    ) -> BucketPolicies<'b> {
        match &self.alike {
            Some(alike) => BucketPolicies::standing_in(&self.bucket, alike, context, perimeter),
            None => BucketPolicies::of(account, &self.bucket, context, perimeter).among(buckets),
        }
    }
}

/// What is looked up by a bucket's name.
struct Named {
    sensitive: Fact,
    classified: Fact,
}

impl Named {
    fn of(account: &AccountSnapshot, bucket: &Bucket, context: &Context<'_>) -> Self {
        Self { sensitive: sensitive(bucket, context), classified: macie::classified(account, bucket) }
    }

    /// The same of [`ANY_BUCKET`]: the name stands where it is said what was asked about.
    fn of_any(self, name: &str) -> Self {
        Self { sensitive: about_any(self.sensitive, name), classified: about_any(self.classified, name) }
    }
}

/// A fact as it would be of [`ANY_BUCKET`]. Told under the name again it says what it said.
fn about_any(mut fact: Fact, name: &str) -> Fact {
    fact.reason = fact.reason.replace(name, ANY_BUCKET);
    for evidence in &mut fact.evidence {
        evidence.resource = evidence.resource.replace(name, ANY_BUCKET);
        evidence.value = replaced(&evidence.value, name, ANY_BUCKET);
    }
    fact
}

/// The buckets of an account, those together that nothing but their names tells apart.
pub(super) fn classes<'a>(
    account: &'a AccountSnapshot,
    context: &Context<'_>,
    observers: &Observers,
    perimeter: &Perimeter,
    alike: &AlikeBuckets,
) -> Vec<BucketClass<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: BTreeMap<Likeness, usize> = BTreeMap::new();
    for bucket in account.buckets.known().into_iter().flatten() {
        let named = Named::of(account, bucket, context);
        let likeness = Likeness::of(bucket, &named, observers);
        let same = likeness.as_ref().and_then(|likeness| known.get(likeness));
        if let Some(group) = same.and_then(|number| groups.get_mut(*number)) {
            group.more.push(bucket);
            continue;
        }
        if let Some(likeness) = likeness {
            known.insert(likeness, groups.len());
        }
        groups.push(Group { first: bucket, named, more: Vec::new() });
    }
    groups.into_iter().flat_map(|group| group.classes(account, context, perimeter, alike)).collect()
}

/// The SHA-256 of what was read of a bucket, with [`ANY_BUCKET`] where its name stands: equal ones are equal readings, and an
/// account's thousands of buckets are not kept a second time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness([u8; 32]);

impl Likeness {
    /// Nothing for a bucket whose name may matter.
    fn of(bucket: &Bucket, named: &Named, observers: &Observers) -> Option<Self> {
        let name = bucket.name.as_str();
        if bucket.region.known().is_some_and(|region| observers.tell_apart(region, name)) {
            return None;
        }
        let text = serde_json::to_string(bucket).ok()?;
        let policy = bucket.policy.known()?.as_deref().unwrap_or_default();
        let tags = serde_json::to_string(&bucket.tags).ok()?;
        // It may stand nowhere but in what it is called, in its policy, of which the others are asked below, and in its
        // tags, which only decide whether it is sensitive.
        let allowed = 1 + policy.matches(name).count() + tags.matches(name).count();
        if text.contains(ANY_BUCKET) || text.matches(name).count() != allowed {
            return None;
        }
        // Names differ in length, and by its length a policy is evidence or too large for it.
        if is_shown(policy) != is_shown(&policy.replace(name, ANY_BUCKET)) {
            return None;
        }
        let Named { sensitive, classified } = named;
        let by_name = [sensitive, classified].map(|fact| about_any(fact.clone(), name));
        let by_name = serde_json::to_string(&by_name).ok()?;
        let whole = format!("{}\n{by_name}", text.replace(name, ANY_BUCKET));
        Some(Self(Sha256::digest(whole).into()))
    }
}

/// Buckets of one likeness.
struct Group<'a> {
    first: &'a Bucket,
    named: Named,
    more: Vec<&'a Bucket>,
}

impl<'a> Group<'a> {
    /// One class for those that no policy tells apart, one for each other.
    fn classes(
        self,
        account: &AccountSnapshot,
        context: &Context<'_>,
        perimeter: &Perimeter,
        buckets: &AlikeBuckets,
    ) -> Vec<BucketClass<'a>> {
        let Self { first, named, more } = self;
        let alike = (!more.is_empty())
            .then(|| BucketPolicies::of(account, first, context, perimeter).stand_in(buckets))
            .flatten();
        let (mut members, mut apart) = (vec![first], more);
        if let Some(alike) = &alike {
            let told_apart = |bucket: &&Bucket| buckets.tell_apart(alike, &bucket.name);
            let (told, like): (Vec<_>, Vec<_>) = apart.into_iter().partition(told_apart);
            members.extend(like);
            apart = told;
        }
        let stand_in = alike.filter(|_| members.len() > 1).and_then(|alike| Some((any(first)?, alike)));
        let mut classes = Vec::new();
        match stand_in {
            Some((bucket, alike)) => {
                let Named { sensitive, classified } = named.of_any(&first.name);
                let bucket = Cow::Owned(bucket);
                classes.push(BucketClass { members, bucket, sensitive, classified, alike: Some(alike) });
            }
            None => classes.push(BucketClass::alone(first, named)),
        }
        let alone = |bucket| BucketClass::alone(bucket, Named::of(account, bucket, context));
        classes.extend(apart.into_iter().map(alone));
        classes
    }
}

/// A bucket under the name [`ANY_BUCKET`].
fn any(bucket: &Bucket) -> Option<Bucket> {
    let text = serde_json::to_string(bucket).ok()?;
    serde_json::from_str(&text.replace(&bucket.name, ANY_BUCKET)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::facts::{Prepared, samples};
    use crate::snapshot::Reading;

    /// A bucket whose policy names it, with a Sid of so many characters.
    fn bucket(name: &str, sid: usize) -> Bucket {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "s".repeat(sid), "Effect": "Deny",
            "Principal": "*", "Action": "s3:*", "Resource": format!("arn:aws:s3:::{name}/*"),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
        Bucket { policy: Reading::Known(Some(policy.to_string())), ..samples::bucket(name) }
    }

    /// How many buckets each class has.
    fn classes(buckets: &[Bucket], selected: &str) -> Vec<usize> {
        let account = samples::account_with_trail(buckets.to_vec(), false, &[selected]);
        samples::with_context(&samples::organization(), |context| {
            let prepared = Prepared::of(&account, context);
            assert!(prepared.buckets.iter().all(|class| class.stands_in() == (class.members.len() > 1)));
            prepared.buckets.iter().map(|class| class.members.len()).collect()
        })
    }

    #[test]
    fn buckets_that_differ_in_their_names_alone_are_one_class() {
        let alike = [bucket("jewels", 1), bucket("crown-jewels-archive", 1), bucket("loot", 1)];
        assert_eq!(classes(&alike, "arn:aws:s3"), [3]);
        assert_eq!(classes(&alike, "arn:aws:s3:::loot/"), [2, 1], "a selector names one of them");
        assert_eq!(classes(&alike, "arn:aws:s3:::sword/"), [3], "a selector names another");
        assert_eq!(classes(&[bucket("jewels", 1), bucket("loot", 2)], "arn:aws:s3"), [1, 1]);
    }

    #[test]
    fn what_is_of_one_bucket_alone_keeps_it_apart() {
        let jewels = || bucket("jewels", 1);
        let tags = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let tagged = |bucket: Bucket, name: &str, value: &str| Bucket {
            tags: Reading::Known(tags(name, value)),
            ..bucket
        };
        let two = |one: Bucket, other: Bucket| classes(&[one, other], "arn:aws:s3");
        let loot = || bucket("loot", 1);
        assert_eq!(two(tagged(jewels(), "Name", "jewels"), tagged(loot(), "Name", "loot")), [2]);
        assert_eq!(two(tagged(jewels(), "Name", "jewels"), tagged(loot(), "Name", "jewels")), [1, 1]);
        assert_eq!(two(tagged(jewels(), "team", "a"), tagged(loot(), "team", "b")), [1, 1]);
        let logging = |bucket: Bucket, target: &str| {
            let mut bucket = bucket;
            bucket.exports.access_logs = Reading::Known(Some(target.to_owned()));
            bucket
        };
        assert_eq!(two(logging(jewels(), "logs"), logging(loot(), "logs")), [2]);
        // Each logs to itself: where that is, is looked up by its name.
        assert_eq!(two(logging(jewels(), "jewels"), logging(loot(), "loot")), [1, 1]);
    }

    #[test]
    fn a_policy_that_is_too_large_to_show_under_one_name_alone_keeps_its_bucket_apart() {
        let (short, long) = ("ab", "a-bucket-with-a-long-name-that-makes-its-policy-too-large");
        let length = |name: &str| bucket(name, 0).policy.known().unwrap().as_ref().unwrap().len();
        // Shown under the short name, but not under that of any bucket.
        let sid = 4096 - length(short);
        assert_eq!(classes(&[bucket(short, sid), bucket("cd", sid)], "arn:aws:s3"), [1, 1]);
        assert_eq!(classes(&[bucket(short, 1), bucket(long, 1)], "arn:aws:s3"), [2]);
    }
}
