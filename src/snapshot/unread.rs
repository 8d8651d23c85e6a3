//! Everything in a snapshot that could not be read, in one list.

use super::{
    AccessPoint, AccountSnapshot, Bucket, Entry, GuardDutyMember, Organization, Reading, Region, Unreadable,
};

/// One part that could not be read, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap<'a> {
    /// The account that was asked.
    pub account_id: &'a str,
    /// The region that was asked; none for a global service.
    pub region: Option<&'a str>,
    /// The resource that was asked about, if the operation is about one.
    pub resource: Option<&'a str>,
    /// The call that failed.
    pub why: &'a Unreadable,
}

/// Collects gaps of one account.
struct Gaps<'a> {
    account_id: &'a str,
    all: Vec<Gap<'a>>,
}

impl<'a> Gaps<'a> {
    fn note<T>(&mut self, region: Option<&'a str>, resource: Option<&'a str>, reading: &'a Reading<T>) {
        if let Reading::Unreadable(why) = reading
            && !why.is_not_asked()
        {
            self.all.push(Gap { account_id: self.account_id, region, resource, why });
        }
    }
}

impl Bucket {
    /// The failed calls about the bucket, but for that for its region.
    #[must_use]
    pub fn gaps(&self) -> Vec<&Unreadable> {
        let (exports, protection) = (&self.exports, &self.protection);
        let all = [
            self.policy.unreadable(),
            self.public_access_block.unreadable(),
            self.acl.unreadable(),
            self.tags.unreadable(),
            protection.versioning.unreadable(),
            protection.object_lock.unreadable(),
            protection.expiry_days.unreadable(),
            protection.encryption.unreadable(),
            self.object_ownership.unreadable(),
            exports.replication.unreadable(),
            exports.inventories.unreadable(),
            exports.access_logs.unreadable(),
            exports.notifications.unreadable(),
        ];
        all.into_iter().flatten().filter(|why| !why.is_not_asked()).collect()
    }
}

impl AccountSnapshot {
    /// What of this account could not be read. A suspended account has no gaps: it was not to be entered. What nobody
    /// asked for is no gap.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap<'_>> {
        let mut gaps = Gaps { account_id: &self.id, all: Vec::new() };
        match &self.entry {
            Entry::Suspended => return gaps.all,
            Entry::Unreachable(why) => {
                gaps.all.push(Gap { account_id: &self.id, region: None, resource: None, why });
                return gaps.all;
            }
            Entry::Entered => {}
        }
        gaps.note(None, None, &self.regions);
        gaps.note(None, None, &self.public_access_block);
        gaps.note(None, None, &self.organization_blocks_public_access);
        gaps.note(None, None, &self.buckets);
        gaps.note(None, None, &self.multi_region_access_points);
        access_point_gaps(&mut gaps, None, &self.multi_region_access_points);
        self.bucket_gaps(&mut gaps);
        for (region, read) in &self.regional {
            region_gaps(&mut gaps, region, read);
        }
        for (region, macie) in &self.macie {
            gaps.note(Some(region), None, &macie.status);
            gaps.note(Some(region), None, &macie.buckets);
        }
        self.trail_gaps(&mut gaps);
        self.alert_gaps(&mut gaps);
        gaps.all
    }

    fn bucket_gaps<'a>(&'a self, gaps: &mut Gaps<'a>) {
        for bucket in self.buckets.known().into_iter().flatten() {
            let name = Some(bucket.name.as_str());
            if let Reading::Unreadable(_) = &bucket.region {
                // Everything else about it failed for the same reason.
                gaps.note(None, name, &bucket.region);
                continue;
            }
            let region = bucket.region.known().map(String::as_str);
            for why in bucket.gaps() {
                gaps.all.push(Gap { account_id: gaps.account_id, region, resource: name, why });
            }
        }
    }

    fn trail_gaps<'a>(&'a self, gaps: &mut Gaps<'a>) {
        for (arn, details) in &self.trail_details {
            let region = arn.split(':').nth(3);
            gaps.note(region, Some(arn), &details.status);
            gaps.note(region, Some(arn), &details.selectors);
        }
        for (arn, group) in &self.log_groups {
            let region = arn.split(':').nth(3);
            gaps.note(region, Some(arn), &group.class);
            gaps.note(region, Some(arn), &group.metric_filters);
        }
    }

    fn alert_gaps<'a>(&'a self, gaps: &mut Gaps<'a>) {
        for (region, alarms) in &self.alarms {
            gaps.note(Some(region), None, &alarms.alarms);
            gaps.note(Some(region), None, &alarms.mute_rules);
        }
        for (id, key) in &self.keys {
            let region = id.split(':').nth(3).or_else(|| id.split('/').next());
            gaps.note(region, Some(id), key);
        }
        for (arn, topic) in &self.topics {
            let region = arn.split(':').nth(3);
            gaps.note(region, Some(arn), &topic.attributes);
            // A topic whose attributes were refused was not asked for its subscriptions.
            if topic.attributes.known().is_some() {
                gaps.note(region, Some(arn), &topic.subscriptions);
            }
            if let Some(key) = &topic.key {
                gaps.note(region, Some(arn), key);
            }
        }
        for (arn, policy) in &self.functions {
            gaps.note(arn.split(':').nth(3), Some(arn), policy);
        }
        for (arn, queue) in &self.queues {
            let region = arn.split(':').nth(3);
            gaps.note(region, Some(arn), &queue.attributes);
            if let Some(key) = &queue.key {
                gaps.note(region, Some(arn), key);
            }
        }
    }
}

fn access_point_gaps<'a>(
    gaps: &mut Gaps<'a>,
    region: Option<&'a str>,
    points: &'a Reading<Vec<AccessPoint>>,
) {
    for point in points.known().into_iter().flatten() {
        gaps.note(region, Some(&point.name), &point.public_access_block);
        gaps.note(region, Some(&point.name), &point.policy);
    }
}

fn region_gaps<'a>(gaps: &mut Gaps<'a>, name: &'a str, region: &'a Region) {
    let at = Some(name);
    gaps.note(at, None, &region.trails);
    gaps.note(at, None, &region.event_data_stores);
    gaps.note(at, None, &region.detector);
    // Without a detector that was read nobody asked for its filters.
    if region.detector.known().is_some() {
        gaps.note(at, None, &region.finding_filters);
        gaps.note(at, None, &region.trusted_lists);
        if let Some(administration) = &region.guardduty_administration {
            gaps.note(at, None, &administration.auto_enable);
            gaps.note(at, None, &administration.members);
            // One question is about 50 members. That AWS left one of them out of its answer is an answer.
            let unasked = administration.members.known().into_iter().flatten().find(|member| {
                member.features.unreadable().is_some_and(|why| why.code != GuardDutyMember::UNPROCESSED)
            });
            if let Some(member) = unasked {
                gaps.note(at, None, &member.features);
            }
        }
    }
    gaps.note(at, None, &region.rules);
    gaps.note(at, None, &region.vpc_endpoints);
    gaps.note(at, None, &region.network.vpcs);
    gaps.note(at, None, &region.network.interfaces);
    gaps.note(at, None, &region.network.route_tables);
    gaps.note(at, None, &region.access_points);
    access_point_gaps(gaps, at, &region.access_points);
    for rule in region.rules.known().into_iter().flatten() {
        gaps.note(at, Some(&rule.name), &rule.targets);
    }
}

impl Organization {
    /// What of the organization could not be read. That its accounts could not be listed is no gap: the scope is then the
    /// caller's own account.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap<'_>> {
        let mut gaps = Gaps { account_id: &self.caller_account, all: Vec::new() };
        for account in self.accounts.known().into_iter().flatten() {
            gaps.note(None, Some(&account.id), &account.parents);
        }
        gaps.note(None, None, &self.enabled_policy_types);
        for policies in self.policies.values() {
            // Unreadable for the same reason as the types.
            if self.enabled_policy_types.known().is_some() {
                gaps.note(None, None, policies);
            }
            for policy in policies.known().into_iter().flatten() {
                gaps.note(None, Some(&policy.id), &policy.content);
                gaps.note(None, Some(&policy.id), &policy.targets);
            }
        }
        for (region, administrator) in &self.guardduty_administrators {
            gaps.note(Some(region), None, administrator);
        }
        for (account, policy) in &self.guardduty_policies {
            gaps.note(None, Some(account), policy);
        }
        gaps.all
    }
}
