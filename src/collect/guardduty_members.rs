//! What GuardDuty's delegated administrator sees: what it switches on by itself, and its members with their features, 50
//! accounts per call (`aws-semantics.md` 4.2).

use std::collections::BTreeMap;

use super::connection::Access;
use super::failure::Failure;
use crate::snapshot::{
    Detector, DetectorFeature, GuardDutyAdministration, GuardDutyAutoEnable, GuardDutyMember, Reading,
    Unreadable,
};

/// Members of one page, and accounts of one question for features: the most that AWS allows.
const PAGE: usize = 50;

/// Reads the administration of a region; nothing where the account is not the administrator, or has no detector to ask by.
pub async fn administration(
    access: &Access,
    region: &str,
    administers: bool,
    detector: &Reading<Option<Detector>>,
) -> Option<GuardDutyAdministration> {
    let detector = match detector {
        _ if !administers => return None,
        Reading::Known(None) => return None,
        Reading::Unreadable(why) => {
            return Some(GuardDutyAdministration {
                auto_enable: Reading::Unreadable(why.clone()),
                members: Reading::Unreadable(why.clone()),
            });
        }
        Reading::Known(Some(detector)) => &detector.id,
    };
    let (auto_enable, members) =
        tokio::join!(auto_enable(access, region, detector), members(access, region, detector));
    Some(GuardDutyAdministration {
        auto_enable: auto_enable.map_err(Into::into).into(),
        members: members.map_err(Into::into).into(),
    })
}

async fn auto_enable(access: &Access, region: &str, detector: &str) -> Result<GuardDutyAutoEnable, Failure> {
    let call = access.guardduty(region).describe_organization_configuration().detector_id(detector);
    let pages = call.into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("guardduty:DescribeOrganizationConfiguration", pages).await?;
    let mut found = GuardDutyAutoEnable::default();
    for page in pages {
        if let Some(members) = page.auto_enable_organization_members {
            members.as_str().clone_into(&mut found.members);
        }
        found.member_limit_reached |= page.member_account_limit_reached == Some(true);
        for feature in page.features.unwrap_or_default() {
            let (Some(name), Some(whose)) = (feature.name, feature.auto_enable) else { continue };
            found.features.insert(name.as_str().to_owned(), whose.as_str().to_owned());
        }
    }
    Ok(found)
}

async fn members(access: &Access, region: &str, detector: &str) -> Result<Vec<GuardDutyMember>, Failure> {
    let client = access.guardduty(region);
    let call = client.list_members().detector_id(detector).only_associated("true");
    let pages = call
        .max_results(i32::try_from(PAGE).unwrap_or(1))
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("guardduty:ListMembers", pages).await?;
    let mut members: Vec<GuardDutyMember> = pages
        .into_iter()
        .flat_map(|page| page.members.unwrap_or_default())
        .filter_map(|member| {
            Some(GuardDutyMember {
                account: member.account_id?,
                detector_id: member.detector_id.unwrap_or_default(),
                relationship: member.relationship_status.unwrap_or_default(),
                features: Reading::Unreadable(Unreadable {
                    operation: FEATURES.to_owned(),
                    code: GuardDutyMember::UNPROCESSED.to_owned(),
                    message: "the administrator was told nothing of this member".to_owned(),
                }),
            })
        })
        .collect();
    members.sort_by(|a, b| a.account.cmp(&b.account));
    members.dedup_by(|a, b| a.account == b.account);
    for chunk in members.chunks_mut(PAGE) {
        features(access, region, detector, chunk).await;
    }
    Ok(members)
}

const FEATURES: &str = "guardduty:GetMemberDetectors";

/// Asks for the features of up to 50 members at once.
async fn features(access: &Access, region: &str, detector: &str, members: &mut [GuardDutyMember]) {
    let ids: Vec<String> = members.iter().map(|member| member.account.clone()).collect();
    let call =
        access.guardduty(region).get_member_detectors().detector_id(detector).set_account_ids(Some(ids));
    let answer = match access.call(FEATURES, call.send()).await {
        Ok(answer) => answer,
        Err(failure) => {
            let why = Unreadable::from(failure);
            for member in members {
                member.features = Reading::Unreadable(why.clone());
            }
            return;
        }
    };
    let mut by_account: BTreeMap<String, Reading<Vec<DetectorFeature>>> = BTreeMap::new();
    for member in answer.member_data_source_configurations.unwrap_or_default() {
        let (Some(account), Some(features)) = (member.account_id, member.features) else { continue };
        let features = features
            .into_iter()
            .map(|feature| DetectorFeature {
                name: feature.name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
                status: feature.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                managed_by: feature.managed_by.map(|by| by.as_str().to_owned()),
            })
            .collect();
        by_account.insert(account, Reading::Known(features));
    }
    for unprocessed in answer.unprocessed_accounts.unwrap_or_default() {
        let Some(account) = unprocessed.account_id else { continue };
        let why = Unreadable {
            operation: FEATURES.to_owned(),
            code: GuardDutyMember::UNPROCESSED.to_owned(),
            message: unprocessed.result.unwrap_or_default(),
        };
        by_account.insert(account, Reading::Unreadable(why));
    }
    for member in members {
        if let Some(features) = by_account.remove(&member.account) {
            member.features = features;
        }
    }
}
