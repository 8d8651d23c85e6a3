//! CloudTrail: trails, their status and selectors, and Lake's event data stores.

use super::connection::Access;
use super::failure::Failure;
use crate::semantics::configuration::{
    AdvancedEventSelector, DataResource, EventSelector, FieldSelector, TrailSelectors,
};
use crate::snapshot::{EventDataStore, Reading, Trail, TrailDetails, TrailStatus};

/// The trails that a region shows, shadows included.
pub async fn trails(access: &Access, region: &str) -> Reading<Vec<Trail>> {
    let call = access.cloudtrail(region).describe_trails().include_shadow_trails(true).send();
    match access.call("cloudtrail:DescribeTrails", call).await {
        Ok(answer) => {
            let mut trails: Vec<Trail> =
                answer.trail_list.unwrap_or_default().into_iter().filter_map(trail).collect();
            trails.sort_by(|a, b| a.arn.cmp(&b.arn));
            trails.dedup_by(|a, b| a.arn == b.arn);
            Reading::Known(trails)
        }
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}

fn trail(trail: aws_sdk_cloudtrail::types::Trail) -> Option<Trail> {
    let arn = trail.trail_arn?;
    // The ARN names the home region too, for answers that leave the field out.
    let home_region =
        trail.home_region.or_else(|| arn.split(':').nth(3).map(str::to_owned)).unwrap_or_default();
    Some(Trail {
        name: trail.name.unwrap_or_default(),
        home_region,
        multi_region: trail.is_multi_region_trail.unwrap_or_default(),
        organization: trail.is_organization_trail.unwrap_or_default(),
        include_global_service_events: trail.include_global_service_events.unwrap_or_default(),
        s3_bucket: trail.s3_bucket_name.unwrap_or_default(),
        log_group_arn: trail.cloud_watch_logs_log_group_arn.filter(|arn| !arn.is_empty()),
        log_group_role_arn: trail.cloud_watch_logs_role_arn.filter(|arn| !arn.is_empty()),
        kms_key_id: trail.kms_key_id.filter(|id| !id.is_empty()),
        log_file_validation: trail.log_file_validation_enabled.unwrap_or_default(),
        arn,
    })
}

/// Status and selectors of a trail, from its home region; nothing when it has gone since it was listed.
pub async fn details(access: &Access, trail: &Trail) -> Option<TrailDetails> {
    let client = access.cloudtrail(&trail.home_region);
    let (status, selectors) = tokio::join!(
        access.call("cloudtrail:GetTrailStatus", client.get_trail_status().name(&trail.arn).send()),
        access
            .call("cloudtrail:GetEventSelectors", client.get_event_selectors().trail_name(&trail.arn).send()),
    );
    // Whichever call was the first to find it gone.
    if gone(&status) || gone(&selectors) {
        return None;
    }
    let text = |time: Option<aws_smithy_types::DateTime>| time.map(|t| t.to_string());
    Some(TrailDetails {
        status: status
            .map(|status| TrailStatus {
                is_logging: status.is_logging.unwrap_or_default(),
                latest_delivery_error: status.latest_delivery_error.filter(|e| !e.is_empty()),
                latest_delivery_time: text(status.latest_delivery_time),
                latest_log_group_delivery_error: status
                    .latest_cloud_watch_logs_delivery_error
                    .filter(|e| !e.is_empty()),
                latest_log_group_delivery_time: text(status.latest_cloud_watch_logs_delivery_time),
            })
            .map_err(Into::into)
            .into(),
        selectors: selectors
            .map(|answer| TrailSelectors {
                event_selectors: answer
                    .event_selectors
                    .unwrap_or_default()
                    .into_iter()
                    .map(basic_selector)
                    .collect(),
                advanced_event_selectors: advanced_selectors(answer.advanced_event_selectors),
            })
            .map_err(Into::into)
            .into(),
    })
}

fn gone<T>(answer: &Result<T, Failure>) -> bool {
    answer.as_ref().is_err_and(|failure| failure.code() == "TrailNotFoundException")
}

fn basic_selector(selector: aws_sdk_cloudtrail::types::EventSelector) -> EventSelector {
    EventSelector {
        read_write_type: selector.read_write_type.map(|t| t.as_str().to_owned()),
        include_management_events: selector.include_management_events,
        data_resources: selector
            .data_resources
            .unwrap_or_default()
            .into_iter()
            .map(|resource| DataResource {
                r#type: resource.r#type.unwrap_or_default(),
                values: resource.values.unwrap_or_default(),
            })
            .collect(),
        exclude_management_event_sources: selector.exclude_management_event_sources.unwrap_or_default(),
    }
}

fn advanced_selectors(
    selectors: Option<Vec<aws_sdk_cloudtrail::types::AdvancedEventSelector>>,
) -> Vec<AdvancedEventSelector> {
    let selectors = selectors.unwrap_or_default().into_iter();
    selectors
        .map(|selector| AdvancedEventSelector {
            name: selector.name,
            field_selectors: selector
                .field_selectors
                .into_iter()
                .map(|field| FieldSelector {
                    field: field.field,
                    equals: field.equals.unwrap_or_default(),
                    starts_with: field.starts_with.unwrap_or_default(),
                    ends_with: field.ends_with.unwrap_or_default(),
                    not_equals: field.not_equals.unwrap_or_default(),
                    not_starts_with: field.not_starts_with.unwrap_or_default(),
                    not_ends_with: field.not_ends_with.unwrap_or_default(),
                })
                .collect(),
        })
        .collect()
}

/// The event data stores of a region, each read whole.
pub async fn event_data_stores(access: &Access, region: &str) -> Reading<Vec<EventDataStore>> {
    read_event_data_stores(access, region).await.map_err(Into::into).into()
}

async fn read_event_data_stores(access: &Access, region: &str) -> Result<Vec<EventDataStore>, Failure> {
    let client = access.cloudtrail(region);
    let pages = client.list_event_data_stores().into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("cloudtrail:ListEventDataStores", pages).await?;
    let mut stores = Vec::new();
    for listed in pages.into_iter().flat_map(|page| page.event_data_stores.unwrap_or_default()) {
        let Some(arn) = listed.event_data_store_arn else { continue };
        let call = client.get_event_data_store().event_data_store(&arn).send();
        let store = match access.call("cloudtrail:GetEventDataStore", call).await {
            Ok(store) => store,
            Err(failure) if failure.code() == "EventDataStoreNotFoundException" => continue,
            Err(failure) => return Err(failure),
        };
        stores.push(EventDataStore {
            arn,
            name: store.name.unwrap_or_default(),
            status: store.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            multi_region: store.multi_region_enabled.unwrap_or_default(),
            organization: store.organization_enabled.unwrap_or_default(),
            advanced_event_selectors: advanced_selectors(store.advanced_event_selectors),
        });
    }
    stores.sort_by(|a, b| a.arn.cmp(&b.arn));
    stores.dedup_by(|a, b| a.arn == b.arn);
    Ok(stores)
}
