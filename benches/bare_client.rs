//! How fast the SDK's clients alone send the calls of an audit: what `benches/run` compares the audit with.
//!
//! `bare_client REPORT CONCURRENCY` reads `run.api_calls.by_operation` of an assessment (JSON), and sends as many calls of
//! each operation, mixed, to `AWS_ENDPOINT_URL` with the caller's credentials: so many at once, as fast as they are
//! answered, without any politeness, and without looking at what is answered. Prints one JSON object.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking"
)]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use futures::StreamExt as _;
use serde_json::{Value, json};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A call, under way; whether it was answered well.
type Call = Pin<Box<dyn Future<Output = bool> + Send>>;

/// What calls are sent about: one account's bucket, detector and trail are as good as all.
#[derive(Debug, Clone)]
struct About {
    account: String,
    bucket: String,
    detector: String,
}

/// The clients, each made once.
struct Clients {
    cloudtrail: aws_sdk_cloudtrail::Client,
    ec2: aws_sdk_ec2::Client,
    events: aws_sdk_eventbridge::Client,
    guardduty: aws_sdk_guardduty::Client,
    macie: aws_sdk_macie2::Client,
    s3: aws_sdk_s3::Client,
    sns: aws_sdk_sns::Client,
    sts: aws_sdk_sts::Client,
    about: About,
}

macro_rules! send {
    ($call:expr) => {{
        let call = $call;
        Box::pin(async move { call.send().await.is_ok() })
    }};
}

impl Clients {
    async fn new(configuration: &SdkConfig) -> Self {
        let sts = aws_sdk_sts::Client::new(configuration);
        let account = sts.get_caller_identity().send().await.unwrap().account.unwrap();
        let s3 = aws_sdk_s3::Client::new(configuration);
        let buckets = s3.list_buckets().send().await.unwrap().buckets.unwrap();
        let region = configuration.region().unwrap().to_string();
        let here = buckets.into_iter().find(|bucket| bucket.bucket_region.as_deref() == Some(&region));
        let guardduty = aws_sdk_guardduty::Client::new(configuration);
        let detectors = guardduty.list_detectors().send().await.unwrap().detector_ids.unwrap();
        let detector = detectors.into_iter().next().unwrap_or_default();
        Self {
            cloudtrail: aws_sdk_cloudtrail::Client::new(configuration),
            ec2: aws_sdk_ec2::Client::new(configuration),
            events: aws_sdk_eventbridge::Client::new(configuration),
            macie: aws_sdk_macie2::Client::new(configuration),
            sns: aws_sdk_sns::Client::new(configuration),
            about: About { account, bucket: here.unwrap().name.unwrap(), detector },
            guardduty,
            s3,
            sts,
        }
    }

    /// A call of an operation; of one that is rarely made, a call that is as large.
    fn call(&self, operation: &str) -> Call {
        let (s3, ec2, guardduty) = (&self.s3, &self.ec2, &self.guardduty);
        let About { account, bucket, detector } = &self.about;
        match operation {
            "cloudtrail:ListEventDataStores" => send!(self.cloudtrail.list_event_data_stores()),
            "ec2:DescribeNetworkInterfaces" => send!(ec2.describe_network_interfaces()),
            "ec2:DescribeRegions" => send!(ec2.describe_regions()),
            "ec2:DescribeRouteTables" => send!(ec2.describe_route_tables()),
            "ec2:DescribeVpcEndpoints" => send!(ec2.describe_vpc_endpoints()),
            "ec2:DescribeVpcs" => send!(ec2.describe_vpcs()),
            "events:ListEventBuses" => send!(self.events.list_event_buses()),
            "events:ListRules" => send!(self.events.list_rules()),
            "events:ListTargetsByRule" => {
                send!(self.events.list_targets_by_rule().rule("guardduty-findings"))
            }
            "guardduty:GetDetector" => send!(guardduty.get_detector().detector_id(detector)),
            "guardduty:ListDetectors" => send!(guardduty.list_detectors()),
            "guardduty:ListFilters" => send!(guardduty.list_filters().detector_id(detector)),
            "guardduty:ListIPSets" => send!(guardduty.list_ip_sets().detector_id(detector)),
            "guardduty:ListTrustedEntitySets" => {
                send!(guardduty.list_trusted_entity_sets().detector_id(detector))
            }
            "macie2:GetMacieSession" => send!(self.macie.get_macie_session()),
            "s3:GetBucketAcl" => send!(s3.get_bucket_acl().bucket(bucket)),
            "s3:GetBucketEncryption" => send!(s3.get_bucket_encryption().bucket(bucket)),
            "s3:GetBucketLogging" => send!(s3.get_bucket_logging().bucket(bucket)),
            "s3:GetBucketNotificationConfiguration" => {
                send!(s3.get_bucket_notification_configuration().bucket(bucket))
            }
            "s3:GetBucketOwnershipControls" => send!(s3.get_bucket_ownership_controls().bucket(bucket)),
            "s3:GetBucketPolicy" => send!(s3.get_bucket_policy().bucket(bucket)),
            "s3:GetBucketReplication" => send!(s3.get_bucket_replication().bucket(bucket)),
            "s3:GetBucketTagging" => send!(s3.get_bucket_tagging().bucket(bucket)),
            "s3:GetBucketVersioning" => send!(s3.get_bucket_versioning().bucket(bucket)),
            "s3:GetObjectLockConfiguration" => send!(s3.get_object_lock_configuration().bucket(bucket)),
            "s3:GetPublicAccessBlock" => send!(s3.get_public_access_block().bucket(bucket)),
            "s3:ListBucketInventoryConfigurations" => {
                send!(s3.list_bucket_inventory_configurations().bucket(bucket))
            }
            "s3:ListBuckets" => send!(s3.list_buckets()),
            "sts:AssumeRole" => send!(
                self.sts
                    .assume_role()
                    .role_arn(format!("arn:aws:iam::{account}:role/audit"))
                    .role_session_name("bench")
            ),
            _ if operation.starts_with("sns:") => {
                let arn = format!("arn:aws:sns:us-east-1:{account}:findings");
                send!(self.sns.get_topic_attributes().topic_arn(arn))
            }
            _ => send!(self.cloudtrail.describe_trails()),
        }
    }
}

/// Every operation as often as it was called, those of one kind spread evenly among the others.
fn mixed(counts: &BTreeMap<String, u64>) -> Vec<&str> {
    let mut places: Vec<(f64, &str)> = Vec::new();
    for (operation, &count) in counts {
        places.extend((0..count).map(|number| ((number as f64 + 0.5) / count as f64, operation.as_str())));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.into_iter().map(|(_, operation)| operation).collect()
}

fn main() {
    let [report, concurrency]: [String; 2] = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let counts = serde_json::from_value(report["run"]["api_calls"]["by_operation"].clone()).unwrap();
    let concurrency: usize = concurrency.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("{}", runtime.block_on(run(&counts, concurrency)));
}

async fn run(counts: &BTreeMap<String, u64>, concurrency: usize) -> Value {
    let region = Region::new("us-east-1");
    let configuration = aws_config::defaults(BehaviorVersion::latest()).region(region).load().await;
    let clients = Arc::new(Clients::new(&configuration).await);
    let answered = Arc::new(AtomicU64::new(0));
    let calls = mixed(counts);
    let begun = Instant::now();
    let all = futures::stream::iter(&calls).map(|operation| {
        let (call, answered) = (clients.call(operation), Arc::clone(&answered));
        tokio::spawn(async move {
            if call.await {
                answered.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    all.buffer_unordered(concurrency).for_each(|_| std::future::ready(())).await;
    let seconds = begun.elapsed().as_secs_f64();
    json!({
        "calls": calls.len(), "answered_well": answered.load(Ordering::Relaxed), "seconds": seconds,
        "calls_per_second": calls.len() as f64 / seconds,
    })
}
