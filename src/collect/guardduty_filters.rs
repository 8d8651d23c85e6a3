//! What hides findings of GuardDuty: filters that archive them, and lists of trusted addresses and entities.

use super::connection::Access;
use super::failure::Failure;
use super::guardduty::is_gone;
use crate::semantics::finding_filter::{Condition, FindingFilter};
use crate::snapshot::{Detector, Reading, TrustedList};

/// The filters of a region's detector; none without a detector.
pub async fn filters(
    access: &Access,
    region: &str,
    detector: &Reading<Option<Detector>>,
) -> Reading<Vec<FindingFilter>> {
    match detector {
        Reading::Unreadable(why) => Reading::Unreadable(why.clone()),
        Reading::Known(None) => Reading::Known(Vec::new()),
        Reading::Known(Some(detector)) => {
            read_filters(access, region, &detector.id).await.map_err(Into::into).into()
        }
    }
}

async fn read_filters(access: &Access, region: &str, detector: &str) -> Result<Vec<FindingFilter>, Failure> {
    let client = access.guardduty(region);
    let pages =
        client.list_filters().detector_id(detector).into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("guardduty:ListFilters", pages).await?;
    let mut filters = Vec::new();
    for name in pages.into_iter().flat_map(|page| page.filter_names.unwrap_or_default()) {
        let call = client.get_filter().detector_id(detector).filter_name(&name).send();
        let answer = match access.call("guardduty:GetFilter", call).await {
            Err(failure) if is_gone(&failure) => continue,
            answer => answer?,
        };
        let criteria = answer.finding_criteria.and_then(|criteria| criteria.criterion).unwrap_or_default();
        filters.push(FindingFilter {
            name,
            action: answer.action.map(|action| action.as_str().to_owned()).unwrap_or_default(),
            criteria: criteria.into_iter().map(|(field, found)| (field, condition(found))).collect(),
        });
    }
    Ok(filters)
}

#[expect(deprecated, reason = "filters of old are still in these spellings")]
fn condition(found: aws_sdk_guardduty::types::Condition) -> Condition {
    let either = |new: Option<Vec<String>>, old: Option<Vec<String>>| {
        new.filter(|values| !values.is_empty()).or(old).unwrap_or_default()
    };
    Condition {
        equals: either(found.equals, found.eq),
        not_equals: either(found.not_equals, found.neq),
        matches: found.matches.unwrap_or_default(),
        not_matches: found.not_matches.unwrap_or_default(),
        greater_than: found.greater_than.or(found.gt.map(i64::from)),
        greater_than_or_equal: found.greater_than_or_equal.or(found.gte.map(i64::from)),
        less_than: found.less_than.or(found.lt.map(i64::from)),
        less_than_or_equal: found.less_than_or_equal.or(found.lte.map(i64::from)),
    }
}

/// The trusted lists of a region's detector; none without a detector.
pub async fn trusted_lists(
    access: &Access,
    region: &str,
    detector: &Reading<Option<Detector>>,
) -> Reading<Vec<TrustedList>> {
    match detector {
        Reading::Unreadable(why) => Reading::Unreadable(why.clone()),
        Reading::Known(None) => Reading::Known(Vec::new()),
        Reading::Known(Some(detector)) => {
            read_trusted_lists(access, region, &detector.id).await.map_err(Into::into).into()
        }
    }
}

async fn read_trusted_lists(
    access: &Access,
    region: &str,
    detector: &str,
) -> Result<Vec<TrustedList>, Failure> {
    let client = access.guardduty(region);
    let pages =
        client.list_ip_sets().detector_id(detector).into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("guardduty:ListIPSets", pages).await?;
    let mut lists = Vec::new();
    for id in pages.into_iter().flat_map(|page| page.ip_set_ids.unwrap_or_default()) {
        let call = client.get_ip_set().detector_id(detector).ip_set_id(id).send();
        let answer = match access.call("guardduty:GetIPSet", call).await {
            Err(failure) if is_gone(&failure) => continue,
            answer => answer?,
        };
        lists.push(TrustedList {
            kind: "ip-set".to_owned(),
            name: answer.name.unwrap_or_default(),
            status: answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            location: answer.location.unwrap_or_default(),
        });
    }
    let pages = client
        .list_trusted_entity_sets()
        .detector_id(detector)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("guardduty:ListTrustedEntitySets", pages).await?;
    for id in pages.into_iter().flat_map(|page| page.trusted_entity_set_ids.unwrap_or_default()) {
        let call = client.get_trusted_entity_set().detector_id(detector).trusted_entity_set_id(id).send();
        let answer = match access.call("guardduty:GetTrustedEntitySet", call).await {
            Err(failure) if is_gone(&failure) => continue,
            answer => answer?,
        };
        lists.push(TrustedList {
            kind: "entity-set".to_owned(),
            name: answer.name.unwrap_or_default(),
            status: answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            location: answer.location.unwrap_or_default(),
        });
    }
    Ok(lists)
}
