//! EventBridge: the rules of every bus of a region, with their targets.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};

use super::connection::Access;
use super::failure::Failure;
use super::pages::RepeatedPage;
use crate::snapshot::{Reading, Rule, Target};

/// Rules whose targets are asked for at once.
const RULES_AT_ONCE: usize = 4;

const BUSES: &str = "events:ListEventBuses";
const RULES: &str = "events:ListRules";
const TARGETS: &str = "events:ListTargetsByRule";

/// What EventBridge says of a bus or rule that is not there (any more).
const GONE: &str = "ResourceNotFoundException";

/// The rules with an event pattern on every bus, without those that an AWS service manages.
pub async fn rules(access: &Access, region: &str) -> Reading<Vec<Rule>> {
    read_rules(access, region).await.map_err(Into::into).into()
}

async fn read_rules(access: &Access, region: &str) -> Result<Vec<Rule>, Failure> {
    let mut rules = Vec::new();
    for bus in buses(access, region).await? {
        match rules_of_bus(access, region, &bus).await {
            // The bus has gone since it was listed, and its rules with it.
            Err(failure) if failure.code() == GONE => {}
            of_bus => rules.extend(of_bus?),
        }
    }
    let mut rules: Vec<Rule> = stream::iter(rules)
        .map(|rule| with_targets(access, region, rule))
        .buffer_unordered(RULES_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    rules.sort_by(|a, b| (&a.bus, &a.name).cmp(&(&b.bus, &b.name)));
    rules.dedup_by(|a, b| (&a.bus, &a.name) == (&b.bus, &b.name));
    Ok(rules)
}

async fn buses(access: &Access, region: &str) -> Result<Vec<String>, Failure> {
    let client = access.eventbridge(region);
    let pages = tokens(BUSES, |token| {
        let client = client.clone();
        async move {
            let call = client.list_event_buses().set_next_token(token).send();
            let answer = access.call(BUSES, call).await?;
            Ok((answer.next_token, answer.event_buses.unwrap_or_default()))
        }
    });
    pages.await.map(|buses| buses.into_iter().filter_map(|bus| bus.name).collect())
}

async fn rules_of_bus(access: &Access, region: &str, bus: &str) -> Result<Vec<Rule>, Failure> {
    let client = access.eventbridge(region);
    let rules = tokens(RULES, |token| {
        let client = client.clone();
        async move {
            let call = client.list_rules().event_bus_name(bus).set_next_token(token).send();
            let answer = access.call(RULES, call).await?;
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

/// The rule with its targets; nothing when it has gone since it was listed.
async fn with_targets(access: &Access, region: &str, mut rule: Rule) -> Option<Rule> {
    let client = access.eventbridge(region);
    let (name, bus) = (&rule.name, &rule.bus);
    let targets = tokens(TARGETS, |token| {
        let client = client.clone();
        async move {
            let call = client.list_targets_by_rule().rule(name).event_bus_name(bus);
            let answer = access.call(TARGETS, call.set_next_token(token).send()).await?;
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
        Err(failure) if failure.code() == GONE => return None,
        Err(failure) => Reading::Unreadable(failure.into()),
    };
    Some(rule)
}

/// Walks a list that the SDK has no paginator for. A token that comes again would lead in circles and is a failure.
async fn tokens<T, F>(operation: &str, mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<(Option<String>, Vec<T>), Failure>>,
{
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut token = None;
    loop {
        let (next, items) = page(token).await?;
        all.extend(items);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            Some(next) if !seen.insert(next.clone()) => return Err(RepeatedPage::of(operation)),
            next => token = next,
        }
    }
}
