//! GuardDuty: the detector of a region and the organization's delegated administrator.

use super::connection::Access;
use super::failure::Failure;
use crate::snapshot::{Detector, DetectorFeature, Reading};

/// The region's detector; known and `None` when GuardDuty was never enabled there.
pub async fn detector(access: &Access, region: &str) -> Reading<Option<Detector>> {
    read_detector(access, region).await.map_err(Into::into).into()
}

/// Whether a failure says that a detector, filter or list has gone since it was listed. GuardDuty has one code for every
/// wrong request; only the message tells.
pub fn is_gone(failure: &Failure) -> bool {
    let gone = ["detectorId is not owned by the current account", "no such resource found"];
    failure.code() == "BadRequestException" && gone.iter().any(|text| failure.message().contains(text))
}

async fn read_detector(access: &Access, region: &str) -> Result<Option<Detector>, Failure> {
    let client = access.guardduty(region);
    let pages = client.list_detectors().into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("guardduty:ListDetectors", pages).await?;
    let mut ids = pages.into_iter().flat_map(|page| page.detector_ids.unwrap_or_default());
    let Some(id) = ids.next() else {
        return Ok(None);
    };
    let call = client.get_detector().detector_id(&id).send();
    let answer = match access.call("guardduty:GetDetector", call).await {
        Err(failure) if is_gone(&failure) => return Ok(None),
        answer => answer?,
    };
    let features = answer.features.filter(|features| !features.is_empty()).map(|features| {
        features
            .into_iter()
            .map(|feature| DetectorFeature {
                name: feature.name.map(|n| n.as_str().to_owned()).unwrap_or_default(),
                status: feature.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
                managed_by: feature.managed_by.map(|by| by.as_str().to_owned()),
            })
            .collect()
    });
    #[expect(deprecated, reason = "AWS still answers accounts that never set a feature in this shape only")]
    let legacy = answer.data_sources;
    Ok(Some(Detector {
        id,
        status: answer.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        features,
        legacy_s3_logs: legacy
            .and_then(|sources| sources.s3_logs)
            .and_then(|logs| logs.status)
            .map(|status| status.as_str().to_owned()),
        finding_publishing_frequency: answer
            .finding_publishing_frequency
            .map(|frequency| frequency.as_str().to_owned()),
    }))
}

/// The delegated administrator in a region; asked with the management account's credentials.
pub async fn administrator(access: &Access, region: &str) -> Reading<Option<String>> {
    let pages = access
        .guardduty(region)
        .list_organization_admin_accounts()
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    match access.pages("guardduty:ListOrganizationAdminAccounts", pages).await {
        Ok(pages) => Reading::Known(
            pages
                .into_iter()
                .flat_map(|page| page.admin_accounts.unwrap_or_default())
                .find_map(|admin| admin.admin_account_id),
        ),
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}
