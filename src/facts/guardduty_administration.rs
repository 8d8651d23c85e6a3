//! Who runs GuardDuty for the organization in a region, whom it reaches, and what it switches on by itself
//! (`aws-semantics.md` 4.2; section 9, GD-03, GD-04 and GD-09).

use serde_json::{Value, json};

use super::context::{Context, known_or_clause};
use super::fact::{Evidence, Fact};
use super::resources::OrganizationRegionFacts;
use crate::semantics::guardduty;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, GuardDutyAdministration, GuardDutyAutoEnable, Organization, Reading};

/// What checks may read of a region of the organization; `account` is the management account, or the one judged alone.
#[must_use]
pub fn of_region(account: &AccountSnapshot, region: &str, context: &Context<'_>) -> OrganizationRegionFacts {
    OrganizationRegionFacts {
        organization_id: context.organization_id().unwrap_or_default().to_owned(),
        region: region.to_owned(),
        in_organization: in_organization(context),
        guardduty_administrator_set: administrator_set(region, context),
        guardduty_enables_s3: enables_s3(account, region, context),
    }
}

fn in_organization(context: &Context<'_>) -> Fact {
    match &context.organization.identity {
        Reading::Unreadable(why) => Fact::unread(why),
        Reading::Known(None) => Fact::new(Tri::No, "the account belongs to no organization"),
        Reading::Known(Some(identity)) => {
            Fact::new(Tri::Yes, format!("the account belongs to organization {}", identity.id))
        }
    }
}

/// The administrator's id, or the verdict that decides without one.
fn administrator<'a>(region: &str, context: &Context<'a>) -> Result<&'a str, Verdict> {
    match context.organization.guardduty_administrators.get(region) {
        None => Err(Verdict::unknown(format!("GuardDuty's administrator in `{region}` was not asked for"))),
        Some(administrator) => match known_or_clause(administrator) {
            Err(clause) => Err(Verdict::unknown(clause)),
            Ok(Some(administrator)) => Ok(administrator),
            Ok(None) => Err(Verdict::no("GuardDuty has no delegated administrator there")),
        },
    }
}

fn administrator_set(region: &str, context: &Context<'_>) -> Fact {
    let administrator = administrator(region, context);
    let shown = administrator.as_ref().ok().copied();
    let evidence = Evidence::new(
        "guardduty:ListOrganizationAdminAccounts",
        region,
        "/adminAccounts/0/adminAccountId",
        json!(shown),
    );
    let verdict = match administrator {
        Ok(id) => Verdict::yes(format!("account {id} is GuardDuty's administrator there")),
        Err(verdict) => verdict,
    };
    Fact::from(verdict).with(evidence)
}

/// What the administrator sees in a region, or the verdict that decides without it.
fn administration<'a>(
    account: &'a AccountSnapshot,
    region: &str,
    context: &Context<'a>,
) -> Result<&'a GuardDutyAdministration, Verdict> {
    let id = administrator(region, context)?;
    let unread = || Verdict::unknown(format!("GuardDuty's administrator {id} was not read in `{region}`"));
    let read = context.other(id, account).ok_or_else(unread)?.regional.get(region).ok_or_else(unread)?;
    match (&read.guardduty_administration, &read.detector) {
        (Some(administration), _) => Ok(administration),
        (None, Reading::Known(None)) => {
            Err(Verdict::no(format!("GuardDuty's administrator {id} has not enabled GuardDuty there")))
        }
        (None, _) => Err(unread()),
    }
}

fn enables_s3(account: &AccountSnapshot, region: &str, context: &Context<'_>) -> Fact {
    let administration = administration(account, region, context);
    let mut evidence = Vec::new();
    let by_administrator = match administration.map(|found| known_or_clause(&found.auto_enable)) {
        Err(verdict) => verdict,
        Ok(Err(clause)) => Verdict::unknown(clause),
        Ok(Ok(configuration)) => {
            evidence.push(Evidence::new(
                "guardduty:DescribeOrganizationConfiguration",
                region,
                "",
                json!({
                    "autoEnableOrganizationMembers": configuration.members,
                    "features": {S3: configuration.features.get(S3)},
                    "memberAccountLimitReached": configuration.member_limit_reached,
                }),
            ));
            by_configuration(configuration)
        }
    };
    let verdict = match by_policies(region, context) {
        Some(by_policies) => by_administrator.or(by_policies),
        None => by_administrator,
    };
    Fact::from(verdict).with_all(evidence)
}

/// The feature's name in GuardDuty's API.
const S3: &str = "S3_DATA_EVENTS";

fn by_configuration(configuration: &GuardDutyAutoEnable) -> Verdict {
    let whose = |what: &str, whose: Option<&str>| match whose {
        Some("ALL") => Verdict::yes(format!("{what} is switched on in all accounts")),
        Some("NEW") => Verdict::no(format!("{what} is switched on in new accounts only")),
        Some("NONE") => Verdict::no(format!("{what} is switched on in no account by itself")),
        Some(other) if !other.is_empty() => {
            Verdict::unknown(format!("for whom {what} is switched on (`{other}`) is not known to exfilguard"))
        }
        _ => Verdict::unknown(format!("AWS did not say in whose accounts {what} is switched on")),
    };
    let limit = if configuration.member_limit_reached {
        Verdict::no("the administrator has as many members as it may have, and further accounts are left out")
    } else {
        Verdict::yes("the administrator may have more members")
    };
    whose("GuardDuty", Some(&configuration.members))
        .and(whose("S3 Protection", configuration.features.get(S3).map(String::as_str)))
        .and(limit)
}

/// Whether the organization's GuardDuty policies enable S3 Protection in every active account; none if it has no such
/// policies.
fn by_policies(region: &str, context: &Context<'_>) -> Option<Verdict> {
    let policies = &context.organization.guardduty_policies;
    let mut verdict: Option<Verdict> = None;
    for (account, policy) in policies {
        let of_account = match known_or_clause(policy) {
            Err(clause) => Verdict::unknown(clause),
            Ok(None) => Verdict::no(format!("no GuardDuty policy is in force in account {account}")),
            Ok(Some(text)) => enabled_by_policy(text, account, region),
        };
        // The first account that decides stands for all: there may be thousands.
        verdict = Some(match verdict {
            Some(before) if before.value.and(of_account.value) == before.value => before,
            _ => of_account,
        });
    }
    if verdict.as_ref().is_some_and(|verdict| verdict.value.is_yes()) {
        return Some(Verdict::yes(
            "the organization's GuardDuty policies enable S3 Protection in all accounts",
        ));
    }
    verdict
}

/// An effective policy, `{"guardduty": {"enablement": {"default" | REGION: {FEATURE: {"status": "enabled"}}}}}`: the block of
/// a region stands instead of the default one, not beside it.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty_syntax.html>
fn enabled_by_policy(text: &str, account: &str, region: &str) -> Verdict {
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return Verdict::unknown(format!("the GuardDuty policy of account {account} is no JSON"));
    };
    let Some(block) = block_of(&document, region) else {
        return Verdict::no(format!("the GuardDuty policy of account {account} says nothing of the region"));
    };
    let status = |feature: &str| {
        let status = block.get(feature).and_then(|feature| feature.get("status"));
        status.and_then(|status| status.as_str().or_else(|| status.get("@@assign").and_then(Value::as_str)))
    };
    if status("foundational") == Some("enabled") && status("s3_data_events") == Some("enabled") {
        Verdict::yes(format!("the GuardDuty policy of account {account} enables S3 Protection"))
    } else {
        Verdict::no(format!("the GuardDuty policy of account {account} does not enable S3 Protection there"))
    }
}

/// The block of an effective policy that is in force in a region.
fn block_of<'a>(document: &'a Value, region: &str) -> Option<&'a Value> {
    let blocks = document.pointer("/guardduty/enablement")?;
    blocks.get(region).or_else(|| blocks.get("default"))
}

/// Why nobody may switch S3 Protection of an account by a call of GuardDuty's: a GuardDuty policy of the organization rules it.
///
/// <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorFeatureConfigurationResult.html>
#[must_use]
pub fn ruled_by_policy(organization: &Organization, account: &str, region: &str) -> Option<String> {
    let text = match organization.guardduty_policies.get(account)?.as_result() {
        Ok(text) => text.as_ref()?,
        Err(why) => {
            return Some(format!(
                "whether a GuardDuty policy of the organization rules account {account} is not known: {}",
                why.clause()
            ));
        }
    };
    let document = serde_json::from_str::<Value>(text).unwrap_or_default();
    let ruled = block_of(&document, region).is_some_and(|block| block.get("s3_data_events").is_some());
    ruled.then(|| {
        format!(
            "a GuardDuty policy of the organization rules S3 Protection of account {account} in `{region}`: edit that policy"
        )
    })
}

/// Whether the account should be a member of GuardDuty's administrator.
#[must_use]
pub fn member_expected(account: &AccountSnapshot, region: &str, context: &Context<'_>) -> Fact {
    let member = in_organization(context);
    if !member.holds.is_yes() {
        return member;
    }
    match administrator(region, context) {
        Ok(id) if id == account.id => Fact::new(Tri::No, "the account is GuardDuty's administrator itself"),
        Ok(_) => member,
        // Whoever administers, it is not this account: that was said, or there is nobody.
        Err(verdict) if verdict.value == Tri::No => member,
        Err(verdict) => verdict.into(),
    }
}

/// Whether GuardDuty's administrator has the account as a member whose findings it sees.
#[must_use]
pub fn member_healthy(account: &AccountSnapshot, region: &str, context: &Context<'_>) -> Fact {
    let members = match administration(account, region, context).map(|found| known_or_clause(&found.members))
    {
        Err(verdict) => return verdict.into(),
        Ok(Err(clause)) => return Verdict::unknown(clause).into(),
        Ok(Ok(members)) => members,
    };
    let relationship =
        members.iter().find(|member| member.account == account.id).map(|member| member.relationship.as_str());
    let verdict = match relationship {
        Some("Enabled") => Verdict::yes("GuardDuty's administrator sees the account's findings"),
        Some(other) => Verdict::no(format!(
            "its relationship to GuardDuty's administrator is `{other}` and not `Enabled`"
        )),
        None => Verdict::no("it is not among the members of GuardDuty's administrator"),
    };
    Fact::from(verdict).with(Evidence::new(
        "guardduty:ListMembers",
        region,
        "/members/relationshipStatus",
        json!(relationship),
    ))
}

/// What GuardDuty's administrator says of a member whose own detector could not be read: whether GuardDuty is enabled
/// there, and whether it watches S3 data events. None if it does not say.
#[must_use]
pub fn of_member(account: &AccountSnapshot, region: &str, context: &Context<'_>) -> Option<(Fact, Fact)> {
    let members = administration(account, region, context).ok()?.members.known()?;
    let member = members.iter().find(|member| member.account == account.id)?;
    let features = member.features.known().filter(|_| member.relationship == "Enabled")?;
    let features: Vec<(&str, &str)> =
        features.iter().map(|feature| (feature.name.as_str(), feature.status.as_str())).collect();
    let evidence = |operation, shown| Evidence::new(operation, &member.detector_id, "/members", shown);
    let enabled = Verdict::yes("GuardDuty is enabled, says its administrator");
    let of_s3: Vec<_> = features.iter().filter(|(name, _)| *name == S3).collect();
    Some((
        Fact::from(enabled).with(evidence("guardduty:ListMembers", json!(member.relationship))),
        Fact::from(guardduty::s3_protection(Some(&features), None))
            .with(evidence("guardduty:GetMemberDetectors", json!(of_s3))),
    ))
}

#[cfg(test)]
#[path = "guardduty_administration_tests.rs"]
mod tests;
