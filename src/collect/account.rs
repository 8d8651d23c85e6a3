//! Reads one account: what is global in it, then its regions side by side.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, BufferUnordered, StreamExt as _};

use super::connection::Access;
use super::kms;
use super::organization::Basics;
use super::{
    access_points, cloudtrail, cloudwatch, ec2, eventbridge, guardduty, guardduty_filters, guardduty_members,
    lambda, logs, macie, organization, s3, s3control, sns, sqs, vpc,
};
use crate::semantics::configuration::Key;
use crate::snapshot::{
    AccountSnapshot, Bucket, Entry, LogGroup, Macie, QueueRecord, Reading, Region, RegionAlarms, TopicRecord,
    Trail, TrailDetails, Unreadable, key_name,
};

/// Regions of one account that are read at once.
const REGIONS_AT_ONCE: usize = 4;

/// Which part of an account is read.
#[derive(Debug, Clone, Default)]
pub struct AccountScope {
    /// The regions that the user named; all enabled ones if none.
    pub regions: Option<Vec<String>>,
    /// The regions that are enabled in the account, where they were read already.
    pub enabled: Option<Reading<Vec<String>>>,
    /// Whether other accounts are judged by this one.
    pub hub: bool,
    /// ARNs of log groups of this account that a trail of another account delivers to.
    pub log_groups: BTreeSet<String>,
}

/// An account before anything of it was read, as it is when it cannot or must not be entered.
#[must_use]
pub fn not_entered(id: &str, name: &str, entry: Entry) -> AccountSnapshot {
    let why = match &entry {
        Entry::Unreachable(why) => why.clone(),
        Entry::Entered | Entry::Suspended => Unreadable {
            operation: "sts:AssumeRole".to_owned(),
            code: "AccountSuspended".to_owned(),
            message: "suspended accounts are not entered".to_owned(),
        },
    };
    AccountSnapshot {
        id: id.to_owned(),
        name: name.to_owned(),
        entry,
        regions: Reading::Unreadable(why.clone()),
        public_access_block: Reading::Unreadable(why.clone()),
        organization_blocks_public_access: Reading::Unreadable(why.clone()),
        canonical_user: None,
        buckets: Reading::Unreadable(why.clone()),
        multi_region_access_points: Reading::Unreadable(why),
        regional: BTreeMap::new(),
        macie: BTreeMap::new(),
        trail_details: BTreeMap::new(),
        log_groups: BTreeMap::new(),
        alarms: BTreeMap::new(),
        keys: BTreeMap::new(),
        topics: BTreeMap::new(),
        functions: BTreeMap::new(),
        queues: BTreeMap::new(),
    }
}

/// Reads an account with access to it. `hub` is the access that may ask about the organization.
pub async fn account(
    access: &Access,
    hub: &Access,
    organization: &Basics,
    id: &str,
    name: &str,
    scope: &AccountScope,
) -> AccountSnapshot {
    let home = organization::leading_region(&organization.partition);
    let at_home = access.at(home);
    let enabled = match &scope.enabled {
        Some(enabled) => enabled.clone(),
        None => ec2::enabled_regions(&at_home, home).await,
    };
    let regions = in_scope(&enabled, scope.regions.as_deref());
    let known_regions = regions.known().cloned().unwrap_or_default();
    // Trails and the account's own block decide what is asked of buckets.
    let (trails, block) = tokio::join!(
        read_trail_lists(access, &known_regions),
        s3control::public_access_block(&at_home, home, id)
    );
    let bucket_scope = s3::BucketScope {
        only: scope.regions.as_deref(),
        enabled: enabled.known().map(Vec::as_slice),
        account_blocks_public_access: block.known().is_some_and(|block| block.is_some_and(|b| b.all())),
        hold_logs: (!scope.hub).then(|| log_buckets(&trails)).flatten(),
    };
    let (mut regional, buckets, multi_region_access_points, organization_blocks) = tokio::join!(
        read_regions(access, trails, id, organization),
        s3::buckets(access, home, bucket_scope),
        access_points::multi_region_access_points(access, &organization.partition, id),
        organization::blocks_public_access(hub, organization, id),
    );
    let s3::Buckets { buckets, canonical_user } = buckets;
    let macie = read_macie(access, &regional, buckets.known().map_or(&[], Vec::as_slice)).await;
    let own = own_trails(&regional, id);
    let trail_details = read_trails(access, &own).await;
    forget_gone_trails(&mut regional, id, &trail_details);
    let log_groups = read_log_groups(access, id, &own, &scope.log_groups).await;
    let alarms = read_alarms(access, &log_groups).await;
    let topics = read_topics(access, &regional, &alarms).await;
    let keys = read_keys(access, &own, buckets.known().map_or(&[], Vec::as_slice)).await;
    let (functions, queues) = tokio::join!(read_functions(access, &regional), read_queues(access, &regional));
    AccountSnapshot {
        id: id.to_owned(),
        name: name.to_owned(),
        entry: Entry::Entered,
        regions,
        public_access_block: block,
        organization_blocks_public_access: organization_blocks,
        canonical_user,
        buckets,
        multi_region_access_points,
        regional,
        macie,
        trail_details,
        log_groups,
        alarms,
        keys,
        topics,
        functions,
        queues,
    }
}

/// The regions to read: those that are enabled and, where the user named some, named. Regions that the user named are
/// taken at his word when the enabled ones cannot be read.
fn in_scope(enabled: &Reading<Vec<String>>, named: Option<&[String]>) -> Reading<Vec<String>> {
    match (enabled, named) {
        (Reading::Known(enabled), Some(named)) => {
            Reading::Known(enabled.iter().filter(|r| named.contains(r)).cloned().collect())
        }
        (Reading::Known(enabled), None) => Reading::Known(enabled.clone()),
        (Reading::Unreadable(_), Some(named)) => {
            let mut named = named.to_vec();
            named.sort();
            Reading::Known(named)
        }
        (Reading::Unreadable(why), None) => Reading::Unreadable(why.clone()),
    }
}

/// Reads several things of an account, a few at once. The futures are made beforehand: a closure that makes them of borrowed
/// items, kept in a stream, would keep the reading of an account from being sent between threads (rust-lang/rust#102211).
fn side_by_side<F: Future>(
    reads: impl IntoIterator<Item = F>,
) -> BufferUnordered<stream::Iter<std::vec::IntoIter<F>>> {
    stream::iter(reads.into_iter().collect::<Vec<_>>()).buffer_unordered(REGIONS_AT_ONCE)
}

/// The trails that each region shows.
async fn read_trail_lists(access: &Access, regions: &[String]) -> BTreeMap<String, Reading<Vec<Trail>>> {
    side_by_side(
        regions.iter().map(|region| async move {
            (region.clone(), cloudtrail::trails(&access.at(region), region).await)
        }),
    )
    .collect()
    .await
}

/// The buckets that trails deliver to; none where it is not known which.
fn log_buckets(trails: &BTreeMap<String, Reading<Vec<Trail>>>) -> Option<BTreeSet<String>> {
    let mut buckets = BTreeSet::new();
    for trails in trails.values() {
        buckets.extend(trails.known()?.iter().map(|trail| trail.s3_bucket.clone()));
    }
    Some(buckets)
}

async fn read_regions(
    access: &Access,
    trails: BTreeMap<String, Reading<Vec<Trail>>>,
    account: &str,
    organization: &Basics,
) -> BTreeMap<String, Region> {
    let administrators = &organization.guardduty_administrators;
    let administers = |region: &String| {
        let administrator = administrators.get(region).and_then(Reading::known);
        administrator.is_some_and(|administrator| administrator.as_deref() == Some(account))
    };
    side_by_side(trails.into_iter().map(|(region, trails)| {
        let administers = administers(&region);
        async move {
            let read = read_region(&access.at(&region), &region, account, administers, trails).await;
            (region, read)
        }
    }))
    .collect()
    .await
}

async fn read_region(
    access: &Access,
    region: &str,
    account: &str,
    administers: bool,
    trails: Reading<Vec<Trail>>,
) -> Region {
    let (event_data_stores, detector, rules, vpc_endpoints, network, access_points) = tokio::join!(
        cloudtrail::event_data_stores(access, region),
        guardduty::detector(access, region),
        eventbridge::rules(access, region),
        ec2::vpc_endpoints(access, region),
        vpc::network(access, region),
        access_points::access_points(access, region, account),
    );
    let (finding_filters, trusted_lists, guardduty_administration) = tokio::join!(
        guardduty_filters::filters(access, region, &detector),
        guardduty_filters::trusted_lists(access, region, &detector),
        guardduty_members::administration(access, region, administers, &detector),
    );
    Region {
        trails,
        event_data_stores,
        detector,
        finding_filters,
        trusted_lists,
        guardduty_administration,
        rules,
        vpc_endpoints,
        network,
        access_points,
    }
}

/// The account's own trails, each once, however many regions show it.
fn own_trails(regional: &BTreeMap<String, Region>, account: &str) -> BTreeMap<String, Trail> {
    let trails = regional.values().filter_map(|region| region.trails.known()).flatten();
    trails
        .filter(|trail| owner(&trail.arn) == account)
        .map(|trail| (trail.arn.clone(), trail.clone()))
        .collect()
}

/// The account that an ARN names.
fn owner(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// A trail that has gone since it was listed is in no list.
fn forget_gone_trails(
    regional: &mut BTreeMap<String, Region>,
    account: &str,
    details: &BTreeMap<String, TrailDetails>,
) {
    for region in regional.values_mut() {
        if let Reading::Known(trails) = &mut region.trails {
            trails.retain(|trail| owner(&trail.arn) != account || details.contains_key(&trail.arn));
        }
    }
}

async fn read_trails(access: &Access, trails: &BTreeMap<String, Trail>) -> BTreeMap<String, TrailDetails> {
    side_by_side(trails.iter().map(|(arn, trail)| async move {
        Some((arn.clone(), cloudtrail::details(&access.at(&trail.home_region), trail).await?))
    }))
    .filter_map(std::future::ready)
    .collect()
    .await
}

/// Macie matters where there are buckets: only those regions are asked.
async fn read_macie(
    access: &Access,
    regional: &BTreeMap<String, Region>,
    buckets: &[Bucket],
) -> BTreeMap<String, Macie> {
    let regions: BTreeSet<&String> = buckets.iter().filter_map(|bucket| bucket.region.known()).collect();
    side_by_side(
        regions
            .into_iter()
            .filter(|region| regional.contains_key(*region))
            .map(|region| async move { (region.clone(), macie::macie(&access.at(region), region).await) }),
    )
    .collect()
    .await
}

/// Keys are asked for where they are used: a trail's in its home region, a bucket's in the bucket's.
async fn read_keys(
    access: &Access,
    trails: &BTreeMap<String, Trail>,
    buckets: &[Bucket],
) -> BTreeMap<String, Reading<Key>> {
    let of_trails =
        trails.values().filter_map(|trail| Some((trail.kms_key_id.clone()?, trail.home_region.clone())));
    let of_buckets = buckets.iter().filter_map(|bucket| {
        let encryption = bucket.protection.encryption.known()?.as_ref()?;
        Some((encryption.key.clone()?, bucket.region.known()?.clone()))
    });
    let keys: BTreeSet<(String, String)> = of_trails.chain(of_buckets).collect();
    let by_name: BTreeMap<String, (String, String)> =
        keys.into_iter().map(|(id, region)| (key_name(&region, &id), (id, region))).collect();
    side_by_side(by_name.into_iter().map(|(name, (id, region))| async move {
        let key = kms::key(&access.at(&region), &region, &id).await;
        (name, key)
    }))
    .collect()
    .await
}

/// Log groups are asked for where they are: in the region and account that their ARN names.
async fn read_log_groups(
    access: &Access,
    account: &str,
    trails: &BTreeMap<String, Trail>,
    more: &BTreeSet<String>,
) -> BTreeMap<String, LogGroup> {
    let of_trails = trails.values().filter_map(|trail| trail.log_group_arn.as_ref());
    let arns: BTreeSet<&String> = of_trails.chain(more).filter(|arn| owner(arn) == account).collect();
    side_by_side(
        arns.into_iter()
            .filter_map(|arn| {
                // arn:P:logs:region:account:log-group:NAME:*
                let mut parts = arn.splitn(7, ':');
                let region = parts.nth(3)?;
                let name = parts.nth(2)?;
                Some((arn, region, name.trim_end_matches(":*")))
            })
            .map(|(arn, region, name)| async move {
                (arn.clone(), logs::log_group(&access.at(region), region, name).await)
            }),
    )
    .collect()
    .await
}

/// Alarms matter where a metric filter feeds them: only those regions are asked.
async fn read_alarms(
    access: &Access,
    log_groups: &BTreeMap<String, LogGroup>,
) -> BTreeMap<String, RegionAlarms> {
    let regions: BTreeSet<&str> = log_groups
        .iter()
        .filter(|(_, group)| group.metric_filters.known().is_none_or(|filters| !filters.is_empty()))
        .filter_map(|(arn, _)| arn.split(':').nth(3))
        .collect();
    side_by_side(regions.into_iter().map(|region| async move {
        (region.to_owned(), cloudwatch::alarms(&access.at(region), region).await)
    }))
    .collect()
    .await
}

/// What the rules' targets name of a service.
fn targets<'a>(
    regional: &'a BTreeMap<String, Region>,
    wanted: &'static str,
) -> impl Iterator<Item = &'a String> {
    let rules = regional.values().filter_map(|region| region.rules.known()).flatten();
    let targets = rules.filter_map(|rule| rule.targets.known()).flatten();
    targets.map(|target| &target.arn).filter(move |arn| service(arn) == wanted)
}

/// The region that an ARN names.
fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// The service that an ARN names.
fn service(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

/// Functions that a rule's targets name.
async fn read_functions(
    access: &Access,
    regional: &BTreeMap<String, Region>,
) -> BTreeMap<String, Reading<Option<String>>> {
    let arns: BTreeSet<&String> = targets(regional, "lambda").collect();
    side_by_side(arns.into_iter().map(|arn| async move {
        (arn.clone(), lambda::function_policy(&access.at(region_of(arn)), arn).await)
    }))
    .collect()
    .await
}

/// Queues that a rule's targets name.
async fn read_queues(access: &Access, regional: &BTreeMap<String, Region>) -> BTreeMap<String, QueueRecord> {
    let arns: BTreeSet<&String> = targets(regional, "sqs").collect();
    side_by_side(
        arns.into_iter()
            .map(|arn| async move { (arn.clone(), sqs::queue(&access.at(region_of(arn)), arn).await) }),
    )
    .collect()
    .await
}

/// Topics that an alarm's actions or a rule's targets name.
async fn read_topics(
    access: &Access,
    regional: &BTreeMap<String, Region>,
    alarms: &BTreeMap<String, RegionAlarms>,
) -> BTreeMap<String, TopicRecord> {
    let targets = targets(regional, "sns");
    let alarms = || alarms.values().filter_map(|region| region.alarms.known());
    let actions = alarms().flat_map(|a| a.metric.iter().flat_map(|alarm| &alarm.alarm_actions));
    let composite = alarms().flat_map(|a| a.composite.iter().flat_map(|alarm| &alarm.alarm_actions));
    let topics: BTreeSet<&String> =
        actions.chain(composite).filter(|arn| service(arn) == "sns").chain(targets).collect();
    side_by_side(
        topics
            .into_iter()
            .map(|arn| async move { (arn.clone(), sns::topic(&access.at(region_of(arn)), arn).await) }),
    )
    .collect()
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_regions_narrow_the_enabled_ones() {
        let regions = |names: &[&str]| names.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>();
        let enabled = Reading::Known(regions(&["eu-west-1", "us-east-1"]));
        let named = regions(&["us-east-1", "me-south-1"]);
        assert_eq!(in_scope(&enabled, Some(&named)), Reading::Known(regions(&["us-east-1"])));
        assert_eq!(in_scope(&enabled, None), enabled);
    }

    #[test]
    fn unreadable_regions_stay_unreadable_unless_the_user_named_some() {
        let denied: Reading<Vec<String>> = Reading::Unreadable(Unreadable {
            operation: "ec2:DescribeRegions".into(),
            code: "UnauthorizedOperation".into(),
            message: String::new(),
        });
        assert_eq!(in_scope(&denied, None), denied);
        assert_eq!(in_scope(&denied, Some(&["us-east-1".into()])), Reading::Known(vec!["us-east-1".into()]));
    }
}
