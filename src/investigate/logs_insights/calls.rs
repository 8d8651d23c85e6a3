//! The calls to CloudWatch Logs and, about what is delivered there, to CloudTrail: nothing is decided here.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::{QueryStatistics, QueryStatus};

use super::window::Window;
use crate::collect::connection::Access;
use crate::collect::failure::Failure;
use crate::investigate::names::LogGroupId;

/// The most rows that a query gives.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html> also knows a limit of 100,000,
/// which not all partitions have.
pub const MOST_ROWS: usize = 10_000;

/// A row of a result: values as texts, by field. A field that an event does not have is not there.
pub type Row = BTreeMap<String, String>;

/// What a query has found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The rows.
    pub rows: Vec<Row>,
    /// Bytes of the events that were looked at.
    pub bytes_scanned: u64,
    /// How many events were looked at.
    pub records_scanned: u64,
    /// How many events matched.
    pub records_matched: u64,
}

/// How a query ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With its rows.
    Complete(Found),
    /// Without: its state.
    Otherwise(String),
}

/// A trail that delivers to a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveringTrail {
    /// Its ARN.
    pub arn: String,
    /// What CloudTrail says of its last delivery, if it failed.
    pub error: Option<String>,
    /// Whether it logs now.
    pub is_logging: bool,
}

/// CloudWatch Logs in one region, with one account's credentials.
#[derive(Debug, Clone)]
pub struct Calls {
    access: Access,
    region: String,
}

impl Calls {
    /// CloudWatch Logs in a region.
    #[must_use]
    pub fn new(access: &Access, region: &str) -> Self {
        Self { access: access.at(region), region: region.to_owned() }
    }

    /// The class of a log group; none if there is no such log group.
    pub async fn class(&self, group: &LogGroupId) -> Result<Option<String>, Failure> {
        crate::collect::logs::class(&self.access, &self.region, group.name()).await
    }

    /// The trails that deliver to a log group, as far as the caller's account knows them.
    pub async fn trails(&self, group: &LogGroupId) -> Result<Vec<DeliveringTrail>, Failure> {
        let client = self.access.cloudtrail(&self.region);
        let call = client.describe_trails().include_shadow_trails(true).send();
        let trails =
            self.access.call("cloudtrail:DescribeTrails", call).await?.trail_list.unwrap_or_default();
        let delivers = |arn: &str| {
            arn.split(":log-group:").nth(1).is_some_and(|rest| rest.split(':').next() == Some(group.name()))
        };
        let mut delivering = Vec::new();
        for trail in trails {
            let there = trail.cloud_watch_logs_log_group_arn.as_deref().is_some_and(delivers);
            let Some(arn) = trail.trail_arn.filter(|_| there) else { continue };
            let home = trail.home_region.unwrap_or_else(|| self.region.clone());
            let call = self.access.cloudtrail(&home).get_trail_status().name(&arn).send();
            let status = self.access.at(&home).call("cloudtrail:GetTrailStatus", call).await?;
            delivering.push(DeliveringTrail {
                arn,
                error: status.latest_cloud_watch_logs_delivery_error.filter(|error| !error.is_empty()),
                is_logging: status.is_logging.unwrap_or_default(),
            });
        }
        Ok(delivering)
    }

    /// Starts a query over the log groups and gives its id. Both ends of the window are within it, in whole seconds.
    pub async fn start(&self, groups: &[LogGroupId], text: &str, scan: Window) -> Result<String, Failure> {
        let request = self.access.logs(&self.region).start_query().query_string(text);
        let request = request.start_time(scan.from.max(0)).end_time(scan.to.max(0));
        // A log group of another account can only be named by its ARN.
        let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let request = if names.iter().any(|name| name.starts_with("arn:")) {
            request.set_log_group_identifiers(Some(names))
        } else {
            request.set_log_group_names(Some(names))
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "ten thousand")]
        let call = request.limit(MOST_ROWS as i32).send();
        Ok(self.access.call("logs:StartQuery", call).await?.query_id.unwrap_or_default())
    }

    /// How a query ended; none while it runs.
    pub async fn ended(&self, id: &str) -> Result<Option<Ended>, Failure> {
        let mut found = Found::default();
        let mut token = None;
        loop {
            let request = self.access.logs(&self.region).get_query_results().query_id(id);
            let call = request.set_next_token(token.take()).send();
            let page = self.access.call("logs:GetQueryResults", call).await?;
            match page.status {
                Some(QueryStatus::Complete) => {}
                Some(QueryStatus::Scheduled | QueryStatus::Running) | None => return Ok(None),
                // `Unknown` is a state of AWS's own, and no end.
                Some(state) if state.as_str() == "Unknown" => return Ok(None),
                Some(state) => return Ok(Some(Ended::Otherwise(state.as_str().to_owned()))),
            }
            found.count(page.statistics.as_ref());
            let rows = page.results.unwrap_or_default().into_iter();
            found.rows.extend(rows.map(|fields| {
                let pairs = fields.into_iter().filter_map(|field| field.field.zip(field.value));
                pairs.collect::<Row>()
            }));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(Some(Ended::Complete(found)));
            }
        }
    }

    /// Cancels a query.
    pub async fn stop(&self, id: &str) -> Result<(), Failure> {
        let call = self.access.logs(&self.region).stop_query().query_id(id).send();
        self.access.call("logs:StopQuery", call).await.map(|_| ())
    }
}

impl Found {
    /// Takes the counts of a page: each page has those of the whole query.
    fn count(&mut self, statistics: Option<&QueryStatistics>) {
        let Some(statistics) = statistics else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole counts, sent as doubles"
        )]
        let whole = |number: f64| number.max(0.0) as u64;
        self.bytes_scanned = whole(statistics.bytes_scanned);
        self.records_scanned = whole(statistics.records_scanned);
        self.records_matched = whole(statistics.records_matched);
    }
}
