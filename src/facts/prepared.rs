//! What the facts of an account and the simulation of a thief both rest on, compiled once.

use std::collections::BTreeMap;

use super::alerting::Alerting;
use super::alike::AlikeBuckets;
use super::bucket_class::{BucketClass, classes};
use super::context::Context;
use super::logging::Observers;
use super::prevention::{BucketPolicies, perimeter};
use super::routing::FindingRoutes;
use crate::semantics::iam::probes::Perimeter;
use crate::snapshot::AccountSnapshot;

/// An account, ready to be asked.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub(crate) account: &'a AccountSnapshot,
    pub(crate) context: &'a Context<'a>,
    pub(crate) alerting: Alerting<'a>,
    pub(crate) observers: Observers,
    pub(crate) perimeter: Perimeter,
    /// By region, the ways of GuardDuty's findings to people.
    pub(crate) routes: BTreeMap<&'a str, FindingRoutes<'a>>,
    /// The buckets, by what tells them apart; none where they could not be listed.
    pub(crate) buckets: Vec<BucketClass<'a>>,
    alike: AlikeBuckets,
}

impl<'a> Prepared<'a> {
    /// Compiles what was read of an account.
    #[must_use]
    pub fn of(account: &'a AccountSnapshot, context: &'a Context<'a>) -> Self {
        let (observers, perimeter) = (Observers::of(account, context), perimeter(account, context));
        let alike = AlikeBuckets::of(account, context);
        let buckets = classes(account, context, &observers, &perimeter, &alike);
        let regions = account.regional.keys().map(String::as_str);
        Self {
            alerting: Alerting::of(account, context),
            routes: regions.map(|region| (region, FindingRoutes::of(account, region, context))).collect(),
            account,
            context,
            observers,
            perimeter,
            buckets,
            alike,
        }
    }

    /// The policies of a bucket, or of what stands for several.
    pub(crate) fn policies<'b>(&'b self, class: &'b BucketClass<'a>) -> BucketPolicies<'b> {
        class.policies(self.account, self.context, &self.perimeter, &self.alike)
    }
}
