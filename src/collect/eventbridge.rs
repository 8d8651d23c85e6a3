//! EventBridge: the rules of every bus of a region, with their targets.

use futures::stream::{self, StreamExt as _};

use super::connection::Access;
use super::failure::Failure;
use crate::snapshot::{Reading, Rule, Target};

/// Rules whose targets are asked for at once.
const RULES_AT_ONCE: usize = 4;

/// The rules with an event pattern on every bus, without those that an AWS service manages.
pub async fn rules(access: &Access, region: &str) -> Reading<Vec<Rule>> {
    read_rules(access, region).await.map_err(Into::into).into()
}

async fn read_rules(access: &Access, region: &str) -> Result<Vec<Rule>, Failure> {
    let mut rules = Vec::new();
    for bus in buses(access, region).await? {
        rules.extend(rules_of_bus(access, region, &bus).await?);
    }
    let mut rules: Vec<Rule> = stream::iter(rules)
        .map(|rule| with_targets(access, region, rule))
        .buffer_unordered(RULES_AT_ONCE)
        .collect()
        .await;
    rules.sort_by(|a, b| (&a.bus, &a.name).cmp(&(&b.bus, &b.name)));
    Ok(rules)
}

async fn buses(access: &Access, region: &str) -> Result<Vec<String>, Failure> {
    let client = access.eventbridge(region);
    let pages = tokens(|token| {
        let client = client.clone();
        async move {
            let call = client.list_event_buses().set_next_token(token).send();
            let answer = access.call("events:ListEventBuses", call).await?;
            Ok((answer.next_token, answer.event_buses.unwrap_or_default()))
        }
    });
    pages.await.map(|buses| buses.into_iter().filter_map(|bus| bus.name).collect())
}

async fn rules_of_bus(access: &Access, region: &str, bus: &str) -> Result<Vec<Rule>, Failure> {
    let client = access.eventbridge(region);
    let rules = tokens(|token| {
        let client = client.clone();
        async move {
            let call = client.list_rules().event_bus_name(bus).set_next_token(token).send();
            let answer = access.call("events:ListRules", call).await?;
            Ok((answer.next_token, answer.rules.unwrap_or_default()))
        }
    })
    .await?;
    Ok(rules
        .into_iter()
        .filter(|rule| rule.managed_by.as_ref().is_none_or(String::is_empty))
        .filter_map(|rule| {
            Some(Rule {
                name: rule.name?,
                arn: rule.arn.unwrap_or_default(),
                bus: rule.event_bus_name.unwrap_or_else(|| bus.to_owned()),
                event_pattern: rule.event_pattern.filter(|pattern| !pattern.is_empty())?,
                state: rule.state.map(|s| s.as_str().to_owned()).unwrap_or_default(),
                managed_by: None,
                targets: Reading::Known(Vec::new()),
            })
        })
        .collect())
}

async fn with_targets(access: &Access, region: &str, mut rule: Rule) -> Rule {
    let client = access.eventbridge(region);
    let (name, bus) = (&rule.name, &rule.bus);
    let targets = tokens(|token| {
        let client = client.clone();
        async move {
            let call = client.list_targets_by_rule().rule(name).event_bus_name(bus);
            let answer = access.call("events:ListTargetsByRule", call.set_next_token(token).send()).await?;
            Ok((answer.next_token, answer.targets.unwrap_or_default()))
        }
    })
    .await;
    rule.targets = match targets {
        Ok(targets) => Reading::Known(
            targets
                .into_iter()
                .map(|target| Target { id: target.id, arn: target.arn, role_arn: target.role_arn })
                .collect(),
        ),
        Err(failure) => Reading::Unreadable(failure.into()),
    };
    rule
}

/// Walks a list that the SDK has no paginator for. A repeated token would loop for ever and is a failure.
async fn tokens<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<(Option<String>, Vec<T>), Failure>>,
{
    let mut all = Vec::new();
    let mut token = None;
    loop {
        let (next, items) = page(token.clone()).await?;
        all.extend(items);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            Some(next) if token.as_ref() == Some(&next) => return Err(repeated_token()),
            next => token = next,
        }
    }
}

fn repeated_token() -> Failure {
    Failure {
        unreadable: crate::snapshot::Unreadable {
            operation: "events:ListRules".to_owned(),
            code: "RepeatedPageToken".to_owned(),
            message: "the service returned the same page token twice".to_owned(),
        },
        status: None,
    }
}
