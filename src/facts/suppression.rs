//! What hides findings of GuardDuty: filters that archive them, and trusted lists (`aws-semantics.md` 4.3, GD-05 and
//! GD-06).
//!
//! The filters of GuardDuty's administrator apply to members as well as their own of old. Each essential finding is put to
//! them in several variants, because a filter for one bucket or one role hides something else than one for all.

use serde_json::{Value, json};

use super::context::{Context, known_or_clause};
use super::fact::{Evidence, Fact};
use crate::semantics::finding_filter::FindingFilter;
use crate::semantics::guardduty::{self, FindingType};
use crate::semantics::synthetic;
use crate::semantics::verdict::{Assumption, Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Reading, Region, TrustedList};

/// What hides the findings of an account in a region.
#[derive(Debug)]
pub struct Suppression<'a> {
    account: &'a AccountSnapshot,
    region: &'a str,
    partition: &'a str,
    filters: Vec<&'a FindingFilter>,
    lists: Vec<&'a TrustedList>,
    /// Parts that could not be read and may hide a filter.
    unread_filters: Vec<String>,
    /// Parts that could not be read and may hide a trusted list.
    unread_lists: Vec<String>,
}

impl<'a> Suppression<'a> {
    /// Gathers the filters and lists of the account's own detector and of GuardDuty's administrator.
    #[must_use]
    pub fn of(account: &'a AccountSnapshot, region: &'a str, context: &Context<'a>) -> Self {
        let mut found = Self {
            account,
            region,
            partition: &context.organization.partition,
            filters: Vec::new(),
            lists: Vec::new(),
            unread_filters: Vec::new(),
            unread_lists: Vec::new(),
        };
        match account.regional.get(region) {
            Some(read) => found.add(read),
            None => found.unread(format!("region `{region}` was not read")),
        }
        if matches!(context.organization.identity, Reading::Known(None)) {
            return found;
        }
        match context.organization.guardduty_administrators.get(region) {
            Some(Reading::Known(Some(administrator))) if *administrator != account.id => {
                match context.hubs.get(administrator).and_then(|hub| hub.regional.get(region)) {
                    Some(read) => found.add(read),
                    None => found.unread(format!("GuardDuty's administrator {administrator} was not read")),
                }
            }
            Some(Reading::Known(_)) => {}
            Some(Reading::Unreadable(why)) => found.unread(format!("not known because {}", why.clause())),
            None => found.unread(format!("GuardDuty's administrator in `{region}` was not asked for")),
        }
        found
    }

    fn unread(&mut self, why: String) {
        self.unread_filters.push(why.clone());
        self.unread_lists.push(why);
    }

    fn add(&mut self, read: &'a Region) {
        match known_or_clause(&read.finding_filters) {
            Ok(filters) => {
                self.filters.extend(filters.iter().filter(|filter| filter.suppresses()));
                let strange =
                    filters.iter().filter(|filter| !matches!(filter.action.as_str(), "ARCHIVE" | "NOOP"));
                self.unread_filters.extend(
                    strange.map(|f| format!("what filter `{}` does (`{}`) is not known", f.name, f.action)),
                );
            }
            Err(clause) => self.unread_filters.push(clause),
        }
        match known_or_clause(&read.trusted_lists) {
            Ok(lists) => self.lists.extend(lists),
            Err(clause) => self.unread_lists.push(clause),
        }
    }

    /// Whether every essential finding type is kept.
    #[must_use]
    pub fn kept(&self) -> Fact {
        let (mut lost, mut doubt) = (Vec::new(), None);
        for finding in guardduty::essential_finding_types() {
            let kept = self.keeps(finding);
            match kept.value {
                Tri::No => lost.push((finding.name, kept)),
                Tri::Unknown => _ = doubt.get_or_insert(kept),
                Tri::Yes => {}
            }
        }
        if let Some((name, first)) = lost.first() {
            let reason = match lost.len() {
                1 => format!("{} (finding type `{name}`)", first.reason),
                count => format!("{} ({count} finding types, for example `{name}`)", first.reason),
            };
            let types: Vec<&str> = lost.iter().map(|(name, _)| *name).collect();
            let verdict = Verdict { reason, ..first.clone() };
            return self.shown(verdict.with_witness(json!({"archived_finding_types": types})).into());
        }
        match doubt {
            Some(doubt) => self.shown(doubt.into()),
            None => {
                self.shown(Fact::new(Tri::Yes, "no filter archives findings of S3 exfiltration altogether"))
            }
        }
    }

    /// Whether no filter archives a finding type whatever it is about.
    #[must_use]
    pub fn keeps(&self, finding: &FindingType) -> Verdict {
        if self.filters.is_empty() {
            return match self.unread_filters.first() {
                Some(why) => Verdict::unknown(why.clone()),
                None => Verdict::yes("no filter archives it"),
            };
        }
        let variants = self.variants(finding);
        let matched = |filter: &FindingFilter, variant: &Value| filter.matches(variant).value;
        // Several filters may archive together what none of them archives alone.
        let archived =
            Tri::all(variants.iter().map(|v| Tri::any(self.filters.iter().map(|f| matched(f, v)))));
        match (archived, self.unread_filters.first()) {
            (Tri::Yes, _) => {
                let alone = self.filters.iter().find(|f| variants.iter().all(|v| matched(f, v).is_yes()));
                let why = alone.map_or_else(
                    || "several filters together archive it".to_owned(),
                    |filter| format!("filter `{}` archives it", filter.name),
                );
                Verdict::no(why).assuming(Assumption(10))
            }
            (_, Some(why)) => Verdict::unknown(why.clone()),
            (Tri::Unknown, None) => {
                let why = "whether a filter archives it depends on when it is made";
                Verdict::unknown(why).assuming(Assumption(10))
            }
            (Tri::No, None) => Verdict::yes("no filter archives it"),
        }
    }

    /// Filters that archive some variants of an essential finding and leave others.
    #[must_use]
    pub fn narrowed(&self) -> Vec<String> {
        let mut names = Vec::new();
        for filter in &self.filters {
            let narrowed = guardduty::essential_finding_types().any(|finding| {
                let variants = self.variants(finding);
                let matched =
                    variants.iter().filter(|variant| filter.matches(variant).value.is_yes()).count();
                matched > 0 && matched < variants.len()
            });
            if narrowed {
                names.push(filter.name.clone());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Whether no trusted list is active. What an active one holds lies in S3, where an auditor has no business reading
    /// objects: whether it is narrow is then not known.
    #[must_use]
    pub fn trusts_nobody(&self) -> Fact {
        let at_rest = ["INACTIVE", "DELETE_PENDING", "DELETED"];
        let active: Vec<&&TrustedList> =
            self.lists.iter().filter(|list| !at_rest.contains(&list.status.as_str())).collect();
        let shown: Vec<Value> =
            active.iter().map(|list| json!({"Name": list.name, "Location": list.location})).collect();
        let evidence = Evidence::new("guardduty:ListIPSets", self.region, "/ipSetIds", json!(shown));
        let verdict = match (active.first(), self.unread_lists.first()) {
            (Some(list), _) => Verdict::unknown(format!(
                "trusted list `{}` is in state `{}`, and what it holds lies in `{}`, which is not read",
                list.name, list.status, list.location
            )),
            (None, Some(why)) => Verdict::unknown(why.clone()),
            (None, None) => Verdict::yes("no trusted list is active"),
        };
        Fact::from(verdict).with(evidence)
    }

    fn shown(&self, fact: Fact) -> Fact {
        let names: Vec<&str> = self.filters.iter().map(|filter| filter.name.as_str()).collect();
        fact.with(Evidence::new("guardduty:ListFilters", self.region, "/filterNames", json!(names)))
    }

    /// A finding about different principals, addresses and buckets.
    fn variants(&self, finding: &FindingType) -> Vec<Value> {
        let event = synthetic::guardduty_event(
            finding.name,
            finding.severity,
            &self.account.id,
            &self.account.id,
            self.region,
            self.partition,
        );
        let plain = event.get("detail").cloned().unwrap_or_default();
        let changed = |changes: &[(&str, Value)]| {
            let mut variant = plain.clone();
            for (pointer, value) in changes {
                if let Some(place) = variant.pointer_mut(pointer) {
                    *place = value.clone();
                }
            }
            variant
        };
        let ip = "/service/action/awsApiCallAction/remoteIpDetails/ipAddressV4";
        vec![
            plain.clone(),
            changed(&[(ip, json!("203.0.113.77")), ("/resource/accessKeyDetails/userName", json!("Backup"))]),
            changed(&[
                ("/resource/s3BucketDetails/0/name", json!("another-bucket")),
                ("/resource/s3BucketDetails/0/arn", json!("arn:aws:s3:::another-bucket")),
                ("/resource/accessKeyDetails/principalId", json!("AIDAANOTHER")),
                ("/resource/accessKeyDetails/accessKeyId", json!("AKIAANOTHER")),
                ("/resource/accessKeyDetails/userType", json!("IAMUser")),
                ("/resource/s3BucketDetails/0/publicAccess/effectivePermission", json!("PUBLIC")),
                ("/resource/s3BucketDetails/0/tags/0/value", json!("another")),
                ("/service/action/awsApiCallAction/api", json!("AnotherCall")),
                ("/service/action/awsApiCallAction/callerType", json!("Domain")),
                ("/service/action/awsApiCallAction/remoteIpDetails/country/countryName", json!("Elsewhere")),
                ("/service/action/awsApiCallAction/remoteIpDetails/city/cityName", json!("Elsewhere")),
                ("/service/action/awsApiCallAction/remoteIpDetails/organization/asn", json!("64501")),
                ("/service/action/awsApiCallAction/remoteIpDetails/organization/asnOrg", json!("Other")),
            ]),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::collections::BTreeMap;

    use super::*;
    use crate::facts::samples;
    use crate::semantics::finding_filter::Condition;

    fn archiving(field: &str, values: &[&str]) -> FindingFilter {
        let equals = values.iter().map(|value| (*value).to_owned()).collect();
        FindingFilter {
            name: "quiet".into(),
            action: "ARCHIVE".into(),
            criteria: BTreeMap::from([(field.to_owned(), Condition { equals, ..Condition::default() })]),
        }
    }

    fn asked<T>(change: impl FnOnce(&mut Region), ask: impl Fn(&Suppression<'_>) -> T) -> T {
        let mut account = samples::account();
        change(account.regional.get_mut(samples::REGION).unwrap());
        samples::with_context(&samples::organization(), |context| {
            ask(&Suppression::of(&account, samples::REGION, context))
        })
    }

    #[test]
    fn a_filter_on_the_type_hides_it_and_one_on_a_bucket_narrows() {
        let with = |filter: FindingFilter| {
            move |region: &mut Region| region.finding_filters = Reading::Known(vec![filter])
        };
        let by_type = archiving("type", &["Exfiltration:S3/AnomalousBehavior"]);
        let fact = asked(with(by_type.clone()), |found| found.kept());
        assert_eq!(fact.holds, Tri::No);
        assert!(
            fact.reason.contains("`quiet` archives it (finding type `Exfiltration:S3/AnomalousBehavior`)"),
            "{}",
            fact.reason
        );
        let by_bucket = archiving("resource.s3BucketDetails.name", &["crown-jewels"]);
        assert_eq!(asked(with(by_bucket.clone()), |found| found.kept()).holds, Tri::Yes);
        assert_eq!(asked(with(by_bucket), |found| found.narrowed()), ["quiet"]);
        let shown_only = FindingFilter { action: "NOOP".into(), ..by_type };
        assert_eq!(asked(with(shown_only), |found| found.kept()).holds, Tri::Yes);
        let everything = FindingFilter { criteria: BTreeMap::new(), ..archiving("type", &[]) };
        assert_eq!(asked(with(everything), |found| found.kept()).holds, Tri::No);
    }

    #[test]
    fn two_filters_hide_together_what_neither_hides_alone() {
        let one = archiving("resource.s3BucketDetails.name", &["crown-jewels"]);
        let mut rest = archiving("resource.s3BucketDetails.name", &[]);
        let not_equals = vec!["crown-jewels".to_owned()];
        rest.criteria
            .insert("resource.s3BucketDetails.name".into(), Condition { not_equals, ..Condition::default() });
        let both = move |region: &mut Region| region.finding_filters = Reading::Known(vec![one, rest]);
        assert_eq!(asked(both, |found| found.kept()).holds, Tri::No);
    }

    #[test]
    fn lists_and_filters_that_were_not_read_are_told_apart() {
        let unread = |region: &mut Region| region.trusted_lists = samples::denied("guardduty:ListIPSets");
        assert_eq!(asked(unread, |found| found.kept()).holds, Tri::Yes);
        assert_eq!(asked(unread, |found| found.trusts_nobody()).holds, Tri::Unknown);
    }

    #[test]
    fn filters_that_were_not_read_may_hide_anything() {
        let unread = |region: &mut Region| region.finding_filters = samples::denied("guardduty:ListFilters");
        assert_eq!(asked(unread, |found| found.kept()).holds, Tri::Unknown);
    }

    #[test]
    fn an_active_list_is_not_known_to_be_narrow() {
        let list = |status: &str| TrustedList {
            kind: "ip-set".into(),
            name: "office".into(),
            status: status.into(),
            location: "s3://lists/office.txt".into(),
        };
        let with =
            |list: TrustedList| move |region: &mut Region| region.trusted_lists = Reading::Known(vec![list]);
        assert_eq!(asked(with(list("ACTIVE")), |found| found.trusts_nobody()).holds, Tri::Unknown);
        assert_eq!(asked(with(list("INACTIVE")), |found| found.trusts_nobody()).holds, Tri::Yes);
    }
}
