#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use super::*;
use crate::facts::samples::{self, ACCOUNT, REGION, denied};
use crate::policy::PolicyFile;
use crate::snapshot::{Detector, DetectorFeature, GuardDutyMember, Organization};

const ADMINISTRATOR: &str = "555566667777";

fn configuration(members: &str, s3: &str) -> GuardDutyAutoEnable {
    GuardDutyAutoEnable {
        members: members.into(),
        features: BTreeMap::from([(S3.to_owned(), s3.to_owned())]),
        member_limit_reached: false,
    }
}

fn member(relationship: &str) -> GuardDutyMember {
    GuardDutyMember {
        account: ACCOUNT.into(),
        detector_id: "d1".into(),
        relationship: relationship.into(),
        features: Reading::Known(vec![DetectorFeature {
            name: S3.into(),
            status: "ENABLED".into(),
            managed_by: None,
        }]),
    }
}

fn hub(administration: Option<GuardDutyAdministration>) -> AccountSnapshot {
    let mut hub = samples::account();
    hub.id = ADMINISTRATOR.into();
    hub.regional.get_mut(REGION).unwrap().guardduty_administration = administration;
    hub
}

fn administering(auto_enable: GuardDutyAutoEnable, members: Vec<GuardDutyMember>) -> AccountSnapshot {
    hub(Some(GuardDutyAdministration {
        auto_enable: Reading::Known(auto_enable),
        members: Reading::Known(members),
    }))
}

fn administered() -> Organization {
    let mut organization = samples::organization();
    organization.guardduty_administrators =
        BTreeMap::from([(REGION.into(), Reading::Known(Some(ADMINISTRATOR.into())))]);
    organization
}

fn asked<T>(organization: &Organization, hub: Option<AccountSnapshot>, ask: impl Fn(&Context<'_>) -> T) -> T {
    let hubs = hub.into_iter().map(|hub| (hub.id.clone(), hub)).collect();
    let guardrails = crate::facts::Guardrails::of(organization);
    let policy = PolicyFile::default();
    ask(&Context { organization, hubs: &hubs, policy: &policy, guardrails: &guardrails })
}

fn region(organization: &Organization, hub: Option<AccountSnapshot>) -> OrganizationRegionFacts {
    asked(organization, hub, |context| of_region(&samples::account(), REGION, context))
}

fn healthy(organization: &Organization, hub: Option<AccountSnapshot>) -> Fact {
    asked(organization, hub, |context| member_healthy(&samples::account(), REGION, context))
}

#[test]
fn only_all_accounts_and_all_features_are_enough() {
    let with = |members, s3| region(&administered(), Some(administering(configuration(members, s3), vec![])));
    assert_eq!(with("ALL", "ALL").guardduty_enables_s3.holds, Tri::Yes);
    for (members, s3) in [("NEW", "ALL"), ("ALL", "NEW"), ("NONE", "ALL"), ("ALL", "NONE")] {
        assert_eq!(with(members, s3).guardduty_enables_s3.holds, Tri::No, "{members} {s3}");
    }
    assert_eq!(
        with("ALL", "NEW").guardduty_enables_s3.reason,
        "S3 Protection is switched on in new accounts only"
    );
    assert_eq!(with("", "ALL").guardduty_enables_s3.holds, Tri::Unknown);
    assert_eq!(with("ALL", "SOME").guardduty_enables_s3.holds, Tri::Unknown);
    let silent = GuardDutyAutoEnable { features: BTreeMap::new(), ..configuration("ALL", "") };
    let silent = region(&administered(), Some(administering(silent, vec![])));
    assert_eq!(silent.guardduty_enables_s3.holds, Tri::Unknown);
}

#[test]
fn accounts_beyond_the_limit_are_left_out() {
    let full = GuardDutyAutoEnable { member_limit_reached: true, ..configuration("ALL", "ALL") };
    let facts = region(&administered(), Some(administering(full, vec![])));
    assert_eq!(facts.guardduty_enables_s3.holds, Tri::No);
}

#[test]
fn a_region_without_an_administrator_enables_nothing() {
    let facts = region(&samples::organization(), None);
    assert_eq!(facts.in_organization.holds, Tri::Yes);
    assert_eq!(facts.guardduty_administrator_set.holds, Tri::No);
    assert_eq!(facts.guardduty_enables_s3.holds, Tri::No);
    assert_eq!(healthy(&samples::organization(), None).holds, Tri::No);
}

#[test]
fn an_administrator_that_was_not_read_leaves_it_open() {
    for hub in
        [None, Some(hub(Some(GuardDutyAdministration { auto_enable: denied("a"), members: denied("b") })))]
    {
        let facts = region(&administered(), hub.clone());
        assert_eq!(facts.guardduty_administrator_set.holds, Tri::Yes);
        assert_eq!(facts.guardduty_enables_s3.holds, Tri::Unknown);
        assert_eq!(healthy(&administered(), hub).holds, Tri::Unknown);
    }
    let mut unread = administered();
    unread.guardduty_administrators.insert(REGION.into(), denied("guardduty:ListOrganizationAdminAccounts"));
    let facts = region(&unread, None);
    assert_eq!(facts.guardduty_administrator_set.holds, Tri::Unknown);
    assert_eq!(facts.guardduty_enables_s3.holds, Tri::Unknown);
    unread.guardduty_administrators.clear();
    assert_eq!(region(&unread, None).guardduty_administrator_set.holds, Tri::Unknown);
}

#[test]
fn an_administrator_without_a_detector_sees_nobody() {
    let facts = region(&administered(), Some(hub(None)));
    assert_eq!(facts.guardduty_enables_s3.holds, Tri::No);
    assert_eq!(healthy(&administered(), Some(hub(None))).holds, Tri::No);
}

#[test]
fn policies_that_enable_it_in_every_account_are_as_good() {
    let policy =
        |blocks: Value| Reading::Known(Some(json!({"guardduty": {"enablement": blocks}}).to_string()));
    let on = json!({"foundational": {"status": "enabled"}, "s3_data_events": {"status": "enabled"}});
    let with = |policies: &[(&str, Reading<Option<String>>)]| {
        let mut organization = samples::organization();
        organization.guardduty_policies =
            policies.iter().map(|(account, policy)| ((*account).to_owned(), policy.clone())).collect();
        region(&organization, None).guardduty_enables_s3
    };
    assert_eq!(with(&[("1", policy(json!({"default": on})))]).holds, Tri::Yes);
    assert_eq!(with(&[("1", policy(json!({REGION: on})))]).holds, Tri::Yes);
    // The block of a region stands instead of the default one.
    let bare = json!({"foundational": {"status": "enabled"}});
    assert_eq!(with(&[("1", policy(json!({"default": on, REGION: bare})))]).holds, Tri::No);
    assert_eq!(with(&[("1", policy(json!({"us-east-2": on})))]).holds, Tri::No);
    let off = json!({"foundational": {"status": "enabled"}, "s3_data_events": {"status": "disabled"}});
    assert_eq!(with(&[("1", policy(json!({"default": off})))]).holds, Tri::No);
    let everywhere = policy(json!({"default": on}));
    assert_eq!(with(&[("1", everywhere.clone()), ("2", Reading::Known(None))]).holds, Tri::No);
    assert_eq!(with(&[("1", everywhere.clone()), ("2", denied("o:D"))]).holds, Tri::Unknown);
    assert_eq!(with(&[("1", everywhere), ("2", Reading::Known(Some("no".into())))]).holds, Tri::Unknown);
}

#[test]
fn only_an_enabled_relationship_is_healthy() {
    let with = |members| healthy(&administered(), Some(administering(configuration("ALL", "ALL"), members)));
    assert_eq!(with(vec![member("Enabled")]).holds, Tri::Yes);
    for status in
        ["Paused", "Removed", "Resigned", "Created", "Invited", "Disabled", "EmailVerificationFailed"]
    {
        let fact = with(vec![member(status)]);
        assert_eq!(fact.holds, Tri::No, "{status}");
        assert!(fact.reason.contains(status), "{}", fact.reason);
    }
    assert_eq!(with(vec![]).holds, Tri::No);
    assert_eq!(with(vec![]).reason, "it is not among the members of GuardDuty's administrator");
}

#[test]
fn the_administrator_itself_and_an_account_alone_are_no_members() {
    let expected = |organization: &Organization, id: &str| {
        let mut account = samples::account();
        account.id = id.into();
        asked(organization, None, |context| member_expected(&account, REGION, context)).holds
    };
    assert_eq!(expected(&administered(), ACCOUNT), Tri::Yes);
    assert_eq!(expected(&administered(), ADMINISTRATOR), Tri::No);
    assert_eq!(expected(&samples::organization(), ACCOUNT), Tri::Yes);
    let mut alone = samples::organization();
    alone.identity = Reading::Known(None);
    assert_eq!(expected(&alone, ACCOUNT), Tri::No);
    alone.identity = denied("organizations:DescribeOrganization");
    assert_eq!(expected(&alone, ACCOUNT), Tri::Unknown);
    let mut unread = administered();
    unread.guardduty_administrators.insert(REGION.into(), denied("g:L"));
    assert_eq!(expected(&unread, ACCOUNT), Tri::Unknown);
}

#[test]
fn what_the_administrator_says_of_a_member_stands_in_for_its_unread_detector() {
    let says = |member: GuardDutyMember| {
        let hub = administering(configuration("ALL", "ALL"), vec![member]);
        asked(&administered(), Some(hub), |context| of_member(&samples::account(), REGION, context))
            .map(|(enabled, s3)| (enabled.holds, s3.holds))
    };
    assert_eq!(says(member("Enabled")), Some((Tri::Yes, Tri::Yes)));
    let off = vec![DetectorFeature { name: S3.into(), status: "DISABLED".into(), managed_by: None }];
    assert_eq!(
        says(GuardDutyMember { features: Reading::Known(off), ..member("Enabled") }),
        Some((Tri::Yes, Tri::No))
    );
    assert_eq!(says(member("Paused")), None);
    assert_eq!(says(GuardDutyMember { features: denied("g:G"), ..member("Enabled") }), None);

    let mut account = samples::account();
    let mut detector: Reading<Option<Detector>> = denied("guardduty:GetDetector");
    std::mem::swap(&mut account.regional.get_mut(REGION).unwrap().detector, &mut detector);
    let hub = administering(configuration("ALL", "ALL"), vec![member("Enabled")]);
    let protected = asked(&administered(), Some(hub), |context| {
        let resources = crate::facts::derive(&account, context);
        let region = resources.iter().find(|r| r.kind == crate::catalogue::ResourceKind::AccountRegion);
        region.unwrap().facts["guardduty_s3_protection"]["holds"].clone()
    });
    assert_eq!(protected, "yes");
}
