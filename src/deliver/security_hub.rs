//! Findings in ASFF, sent to AWS Security Hub: each to the account and region that it is about, a hundred in one call.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>

use std::collections::BTreeMap;
use std::io;

use aws_smithy_types::body::SdkBody;
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::collect::{Access, Collector};
use crate::report::asff::{MAX_BATCH, findings};
use crate::score::AssessmentView;

/// The operation, as failures name it.
/// The operation that takes findings in.
pub const OPERATION: &str = "securityhub:BatchImportFindings";

/// Accounts and regions that are sent to at once.
const CONCURRENCY: usize = 8;

/// What became of the findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// How many Security Hub took.
    pub imported: usize,
    /// How many it did not take.
    pub refused: usize,
    /// Why, a clause for each account and region, sorted.
    pub problems: Vec<String>,
}

impl Sent {
    fn and(mut self, other: Self) -> Self {
        self.imported += other.imported;
        self.refused += other.refused;
        self.problems.extend(other.problems);
        self
    }

    fn refused(count: usize, problem: String) -> Self {
        Self { imported: 0, refused: count, problems: vec![problem] }
    }
}

/// Sends the findings of an audit. An account or region that does not take them ends nobody else's.
pub async fn send(assessment: &AssessmentView<'_>, collector: &Collector) -> Sent {
    let sending = findings(assessment).flat_map(by_region).map(|group| async move {
        let ((account, region), findings) = match group {
            Ok(group) => group,
            Err(error) => return Sent::refused(0, format!("the findings cannot be read: {error}")),
        };
        match collector.enter(&account).await {
            Ok(access) => region_of(&access, &account, &region, &findings).await,
            Err(failure) => Sent::refused(
                findings.len(),
                format!("account {account} cannot be entered: {}", failure.unreadable.clause()),
            ),
        }
    });
    let mut sent = futures::stream::iter(sending)
        .buffer_unordered(CONCURRENCY)
        .fold(Sent::default(), |all, one| async move { all.and(one) })
        .await;
    sent.problems.sort();
    sent
}

/// The findings of one account and region.
type Group = ((String, String), Vec<Value>);

/// Findings by account and region.
fn by_region(findings: io::Result<Vec<Value>>) -> Vec<io::Result<Group>> {
    let findings = match findings {
        Ok(findings) => findings,
        Err(error) => return vec![Err(error)],
    };
    let mut groups: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for finding in findings {
        let text = |field: &str| finding.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        groups.entry((text("AwsAccountId"), text("Region"))).or_default().push(finding);
    }
    groups.into_iter().map(Ok).collect()
}

/// Sends to one account's Security Hub in one region.
async fn region_of(access: &Access, account: &str, region: &str, findings: &[Value]) -> Sent {
    let client = access.security_hub(region);
    let mut sent = Sent::default();
    for batch in findings.chunks(MAX_BATCH) {
        let body = json!({"Findings": batch}).to_string();
        // The finding goes out as the report has it, which a test holds against the format; the SDK signs it.
        let call = client.batch_import_findings().customize().mutate_request(move |request| {
            let length = body.len().to_string();
            *request.body_mut() = SdkBody::from(body.clone());
            request.headers_mut().insert("content-length", length);
        });
        match access.call(OPERATION, call.send()).await {
            Ok(answer) => {
                let count =
                    |number: Option<i32>| number.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
                let refused = count(answer.failed_count());
                sent.imported += count(answer.success_count());
                if let Some(first) = answer.failed_findings().first() {
                    sent.refused += refused;
                    sent.problems.push(format!(
                        "account {account}, region {region}: {refused} findings were refused, the first with {}: {}",
                        first.error_code().unwrap_or("no code"),
                        first.error_message().unwrap_or("no message")
                    ));
                }
            }
            Err(failure) => {
                // What failed for one batch fails for the next, too.
                let rest = findings.len().saturating_sub(sent.imported + sent.refused);
                return sent.and(Sent::refused(
                    rest,
                    format!("account {account}, region {region}: {}", failure.unreadable.clause()),
                ));
            }
        }
    }
    sent
}
