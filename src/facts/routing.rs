//! Whether GuardDuty's findings about S3 reach a person through EventBridge, and which rules are dead.
//!
//! GuardDuty publishes a finding on the default bus of the affected account and, in the same region, on that of the
//! organization's GuardDuty administrator (`aws-semantics.md` 4.3): a rule on either is enough.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::context::{Context, known_or_clause};
use super::fact::{Evidence, Fact};
use super::notification;
use super::rule_targets;
use super::suppression::Suppression;
use crate::semantics::event_pattern::EventPattern;
use crate::semantics::guardduty;
use crate::semantics::sns::{Publisher, Service};
use crate::semantics::synthetic;
use crate::semantics::verdict::{Assumption, Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Reading, Rule, Target};

/// The bus that AWS services publish on.
const DEFAULT_BUS: &str = "default";

/// The way of GuardDuty's findings about an account in a region to people: what hides them, and the rules on the buses that
/// receive them, compiled once and asked for each finding type.
#[derive(Debug)]
pub struct FindingRoutes<'a> {
    account: &'a AccountSnapshot,
    region: &'a str,
    partition: &'a str,
    suppression: Suppression<'a>,
    buses: Vec<Bus<'a>>,
    /// What was found out of finding types, by name.
    asked: RefCell<BTreeMap<&'static str, Fact>>,
}

impl<'a> FindingRoutes<'a> {
    /// Gathers filters and buses, and compiles the rules.
    #[must_use]
    pub fn of(account: &'a AccountSnapshot, region: &'a str, context: &Context<'a>) -> Self {
        Self {
            account,
            region,
            partition: &context.organization.partition,
            suppression: Suppression::of(account, region, context),
            buses: buses(account, region, context),
            asked: RefCell::default(),
        }
    }

    /// Whether every essential finding type of S3 reaches a person.
    #[must_use]
    pub fn all(&self) -> Fact {
        let mut reached: Vec<Fact> = Vec::new();
        let (mut unrouted, mut doubtful) = (Vec::new(), Vec::new());
        for finding in guardduty::essential_finding_types() {
            let fact = self.one(finding);
            match fact.holds {
                Tri::Yes => reached.push(fact),
                Tri::No => unrouted.push((finding.name, fact)),
                Tri::Unknown => doubtful.push((finding.name, fact)),
            }
        }
        let evidence = rules_evidence(&self.buses, self.region);
        let decided = if unrouted.is_empty() { doubtful } else { unrouted };
        match decided.first() {
            None => routed(reached).with_all(evidence),
            Some((name, first)) => {
                let count = decided.len();
                let mut fact = first.clone();
                if count > 1 {
                    fact.reason = format!("{} ({count} finding types, for example `{name}`)", fact.reason);
                } else {
                    fact.reason = format!("{} (finding type `{name}`)", fact.reason);
                }
                if fact.holds.is_no() {
                    let names: Vec<&str> = decided.iter().map(|(name, _)| *name).collect();
                    fact.witness = Some(json!({"unrouted_finding_types": names}));
                }
                fact.with_all(evidence)
            }
        }
    }

    /// Whether one finding type reaches a person.
    #[must_use]
    pub fn one(&self, finding: &guardduty::FindingType) -> Fact {
        if let Some(known) = self.asked.borrow().get(finding.name) {
            return known.clone();
        }
        let fact = self.ask(finding);
        self.asked.borrow_mut().insert(finding.name, fact.clone());
        fact
    }

    fn ask(&self, finding: &guardduty::FindingType) -> Fact {
        let kept = self.suppression.keeps(finding);
        if kept.value.is_no() {
            return kept.into();
        }
        let mut best: Option<Fact> = None;
        for bus in &self.buses {
            let fact = match (&bus.rules, bus.account) {
                (Ok(rules), Some(owner)) => {
                    on_bus(owner, rules, || self.event(finding, bus), bus.owner != self.account.id)
                }
                (Err(clause), _) => Fact::from(Verdict::unknown(clause.clone())),
                (Ok(_), None) => Fact::new(Tri::Unknown, "the rules of the bus were not read"),
            };
            best = Some(better(best, fact));
        }
        let routed = best.unwrap_or_else(|| Fact::new(Tri::No, "no bus receives the finding"));
        if routed.holds.is_yes() && kept.value.is_unknown() { kept.into() } else { routed }
    }

    /// The finding as a bus receives it.
    fn event(&self, finding: &guardduty::FindingType, bus: &Bus<'_>) -> Value {
        synthetic::guardduty_event(
            finding.name,
            finding.severity,
            &self.account.id,
            &bus.owner,
            self.region,
            self.partition,
        )
    }
}

/// The rules on the default bus of an account in one region, compiled once and asked for many events.
#[derive(Debug)]
pub struct DefaultBus<'a> {
    owner: &'a AccountSnapshot,
    rules: Result<Vec<Compiled<'a>>, String>,
}

/// A rule with its pattern, or why the pattern cannot be read.
type Compiled<'a> = (&'a Rule, Result<EventPattern, String>);

/// What the rules of a bus make of an event.
#[derive(Debug)]
pub struct OnBus {
    /// A rule that is in force matches it and has a target.
    pub noticed: Fact,
    /// A person hears of it.
    pub reaches: Fact,
}

impl<'a> DefaultBus<'a> {
    /// Compiles the rules.
    #[must_use]
    pub fn of(account: &'a AccountSnapshot, region: &str) -> Self {
        Self { owner: account, rules: compiled(account, region) }
    }

    /// Whether what the rules make of an event may depend on one of these fields, or on what is below it: by a rule's pattern,
    /// or by the filter policy of a topic's subscription.
    #[must_use]
    pub fn look_at(&self, fields: &[&str]) -> bool {
        let mut rules = self.rules.iter().flatten();
        let mut topics = self.owner.topics.values().filter_map(|topic| topic.subscriptions.known()).flatten();
        rules.any(|(_, pattern)| pattern.as_ref().is_ok_and(|pattern| pattern.reads(fields)))
            || topics.any(|subscription| subscription.filter_policy.is_some())
    }

    /// Puts an event of CloudTrail to the rules. A management event that only reads is handed to rules that ask for all
    /// management events alone (`aws-semantics.md` 6.2).
    #[must_use]
    pub fn event(&self, event: &Value, read_only_management: bool) -> OnBus {
        let nothing = || Fact::new(Tri::No, "no EventBridge rule matches it");
        let rules = match &self.rules {
            Ok(rules) => rules,
            Err(clause) => {
                let unknown = Fact::new(Tri::Unknown, clause.clone());
                return OnBus { noticed: unknown.clone(), reaches: unknown };
            }
        };
        let (mut noticed, mut reaches) = (nothing(), nothing());
        for (rule, pattern) in rules {
            let handed = match rule.state.as_str() {
                "DISABLED" => false,
                "ENABLED" => !read_only_management,
                _ => true,
            };
            if !handed {
                continue;
            }
            let matches = match pattern {
                Ok(pattern) => pattern.matches(event),
                Err(error) => {
                    Verdict::unknown(format!("the pattern of rule `{}` cannot be read: {error}", rule.name))
                }
            };
            if matches.value.is_no() {
                continue;
            }
            let targets = match known_or_clause(&rule.targets) {
                Err(clause) => Verdict::unknown(clause),
                Ok(targets) if targets.is_empty() => {
                    Verdict::no(format!("rule `{}` has no target", rule.name))
                }
                Ok(_) => Verdict::yes(format!("rule `{}` matches it", rule.name)),
            };
            noticed = better(Some(noticed), Fact::from(matches.clone().and(targets)));
            reaches = better(Some(reaches), combine(matches, targets_reach(self.owner, rule, event)));
        }
        OnBus { noticed, reaches }
    }
}

fn routed(reached: Vec<Fact>) -> Fact {
    let mut all = Fact::new(Tri::Yes, "every finding type about S3 reaches a person");
    for fact in reached {
        for assumption in fact.assumptions {
            if !all.assumptions.contains(&assumption) {
                all.assumptions.push(assumption);
            }
        }
    }
    all.assumptions.sort();
    all
}

/// A default bus on which findings of an account appear.
#[derive(Debug)]
struct Bus<'a> {
    owner: String,
    rules: Result<Vec<Compiled<'a>>, String>,
    /// The account whose rules these are; none when it was not read.
    account: Option<&'a AccountSnapshot>,
}

fn buses<'a>(account: &'a AccountSnapshot, region: &str, context: &Context<'a>) -> Vec<Bus<'a>> {
    let mut buses =
        vec![Bus { owner: account.id.clone(), rules: compiled(account, region), account: Some(account) }];
    let is_member = context.is_member(&account.id);
    match context.organization.guardduty_administrators.get(region) {
        Some(Reading::Known(Some(administrator))) if is_member && *administrator != account.id => {
            let hub = context.hubs.get(administrator);
            let rules = match hub {
                Some(hub) => compiled(hub, region),
                None => Err(format!("GuardDuty's administrator {administrator} was not read")),
            };
            buses.push(Bus { owner: administrator.clone(), rules, account: hub });
        }
        Some(Reading::Unreadable(why)) if is_member => buses.push(Bus {
            owner: String::new(),
            rules: Err(format!("not known because {}", why.clause())),
            account: None,
        }),
        // A region that the caller does not have enabled: who administers it was not asked.
        None if is_member => buses.push(Bus {
            owner: String::new(),
            rules: Err(format!("GuardDuty's administrator in {region} was not asked for")),
            account: None,
        }),
        _ => {}
    }
    buses
}

fn compiled<'a>(account: &'a AccountSnapshot, region: &str) -> Result<Vec<Compiled<'a>>, String> {
    let rules = rules_on_default_bus(account, region)?.into_iter();
    let pattern = |rule: &Rule| EventPattern::parse(&rule.event_pattern).map_err(|error| error.to_string());
    Ok(rules.map(|rule| (rule, pattern(rule))).collect())
}

/// The rules of the bus that AWS services publish on.
pub(super) fn rules_on_default_bus<'a>(
    account: &'a AccountSnapshot,
    region: &str,
) -> Result<Vec<&'a Rule>, String> {
    match account.regional.get(region) {
        None => Err(format!("region `{region}` of account {} was not read", account.id)),
        Some(read) => {
            let rules = known_or_clause(&read.rules)?;
            Ok(rules.iter().filter(|rule| rule.bus == DEFAULT_BUS).collect())
        }
    }
}

/// Yes before unknown before no; of two noes the one that got further.
fn better(best: Option<Fact>, fact: Fact) -> Fact {
    let rank = |fact: &Fact| match fact.holds {
        Tri::Yes => 2,
        Tri::Unknown => 1,
        Tri::No => 0,
    };
    match best {
        None => fact,
        Some(best) if rank(&fact) > rank(&best) => fact,
        Some(best) if rank(&fact) == rank(&best) && best.reason.starts_with(NO_RULE) => fact,
        Some(best) => best,
    }
}

/// How the reason begins when nothing matches at all.
const NO_RULE: &str = "no EventBridge rule";

/// What the rules of a bus make of a finding, which is only put together if there is a rule.
fn on_bus(
    owner: &AccountSnapshot,
    rules: &[Compiled<'_>],
    event: impl FnOnce() -> Value,
    administrator: bool,
) -> Fact {
    let mut best = Fact::new(
        Tri::No,
        format!("{NO_RULE} on the default bus of account {} matches GuardDuty's findings", owner.id),
    );
    if rules.is_empty() {
        return best;
    }
    let event = event();
    for (rule, pattern) in rules {
        let matches = matches(rule, pattern, &event, administrator);
        if matches.value.is_no() {
            continue;
        }
        if rule.state == "DISABLED" {
            best = better(Some(best), Fact::new(Tri::No, format!("rule `{}` is disabled", rule.name)));
            continue;
        }
        let reached = targets_reach(owner, rule, &event);
        let fact = combine(matches, reached);
        best = better(Some(best), fact);
    }
    best
}

/// Whether a rule that matches so brings an event to a person.
pub(super) fn combine(matches: Verdict, reached: Fact) -> Fact {
    let value = matches.value.and(reached.holds);
    if matches.value.is_unknown() && reached.holds.is_yes() {
        return matches.into();
    }
    let mut fact = Fact { holds: value, ..reached };
    for assumption in matches.assumptions {
        let assumption = assumption.to_string();
        if !fact.assumptions.contains(&assumption) {
            fact.assumptions.push(assumption);
        }
    }
    fact
}

/// Whether a rule matches a finding. On the administrator's bus the event's own `account` is not documented
/// ([A-11](Assumption)): both values are tried.
fn matches(
    rule: &Rule,
    pattern: &Result<EventPattern, String>,
    event: &Value,
    administrator: bool,
) -> Verdict {
    let pattern = match pattern {
        Ok(pattern) => pattern,
        Err(error) => {
            return Verdict::unknown(format!("the pattern of rule `{}` cannot be read: {error}", rule.name));
        }
    };
    let verdict = pattern.matches(event);
    if !administrator {
        return verdict;
    }
    let mut other = event.clone();
    if let (Some(fields), Some(account)) = (other.as_object_mut(), event.pointer("/detail/accountId")) {
        fields.insert("account".to_owned(), account.clone());
    }
    let second = pattern.matches(&other);
    if second.value == verdict.value {
        return verdict;
    }
    Verdict::unknown(format!(
        "rule `{}` asks for the event's `account`, which is not documented on the administrator's bus",
        rule.name
    ))
    .assuming(Assumption(11))
}

/// Whether one of a rule's targets brings the event to a person. `owner` is the account that has the rule.
pub(super) fn targets_reach(owner: &AccountSnapshot, rule: &Rule, event: &Value) -> Fact {
    let targets = match known_or_clause(&rule.targets) {
        Err(clause) => return Fact::from(Verdict::unknown(clause)),
        Ok(targets) => targets,
    };
    let mut best = Fact::new(Tri::No, format!("rule `{}` has no target", rule.name));
    for (index, target) in targets.iter().enumerate() {
        let fact = target_reaches(owner, rule, target, event);
        best = if index == 0 { fact } else { better(Some(best), fact) };
    }
    best
}

fn target_reaches(owner: &AccountSnapshot, rule: &Rule, target: &Target, event: &Value) -> Fact {
    let service = target.arn.split(':').nth(2).unwrap_or_default();
    match service {
        "sns" if target.role_arn.is_some() => Fact::new(
            Tri::Unknown,
            format!("rule `{}` publishes with a role, whose permissions are not read", rule.name),
        ),
        "sns" => {
            let publisher =
                Publisher { service: Service::EventBridge, source_arn: &rule.arn, source_account: &owner.id };
            notification::by_topic(owner, &target.arn, &publisher, event)
        }
        "ssm-incidents" => Fact::new(
            Tri::Unknown,
            format!("rule `{}` starts an incident, whose contacts are not read", rule.name),
        ),
        // What surely takes no event tells nobody of it.
        "lambda" | "sqs" if rule_targets::takes(rule, target, owner).holds.is_no() => {
            rule_targets::takes(rule, target, owner)
        }
        _ => Fact::new(
            Tri::Unknown,
            format!(
                "rule `{}` sends to `{service}`, and whether a person hears of it from there is not known",
                rule.name
            ),
        ),
    }
}

fn rules_evidence(buses: &[Bus<'_>], region: &str) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for bus in buses {
        let Ok(rules) = &bus.rules else { continue };
        let resource = format!("event-bus/{DEFAULT_BUS} of {} in {region}", bus.owner);
        let shown: Vec<Value> =
            rules.iter().map(|(rule, _)| json!({"Name": rule.name, "State": rule.state})).collect();
        evidence.push(Evidence::new("events:ListRules", &resource, "/Rules", json!(shown)));
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::samples;

    fn rule(pattern: &Value) -> Rule {
        Rule {
            name: "findings".into(),
            arn: "arn:aws:events:eu-west-1:111122223333:rule/findings".into(),
            bus: "default".into(),
            event_pattern: pattern.to_string(),
            state: "ENABLED".into(),
            managed_by: None,
            targets: Reading::Known(vec![Target {
                id: "1".into(),
                arn: samples::TOPIC.into(),
                role_arn: None,
            }]),
        }
    }

    fn routed_by(rules: Vec<Rule>) -> Fact {
        let mut account = samples::account_with_topic();
        if let Some(region) = account.regional.get_mut(samples::REGION) {
            region.rules = Reading::Known(rules);
        }
        samples::with_context(&samples::organization(), |context| {
            FindingRoutes::of(&account, samples::REGION, context).all()
        })
    }

    #[test]
    fn a_rule_on_every_finding_with_a_person_behind_it_routes() {
        let fact = routed_by(vec![rule(&json!({"source": ["aws.guardduty"]}))]);
        assert_eq!(fact.holds, Tri::Yes, "{}", fact.reason);
    }

    #[test]
    fn without_a_rule_nothing_is_routed() {
        let fact = routed_by(Vec::new());
        assert_eq!(fact.holds, Tri::No);
        assert!(fact.reason.starts_with(NO_RULE), "{}", fact.reason);
    }

    #[test]
    fn a_disabled_rule_is_named() {
        let disabled = Rule { state: "DISABLED".into(), ..rule(&json!({"source": ["aws.guardduty"]})) };
        let fact = routed_by(vec![disabled]);
        assert_eq!(fact.holds, Tri::No);
        assert!(fact.reason.contains("rule `findings` is disabled"), "{}", fact.reason);
    }

    #[test]
    fn a_rule_on_one_type_leaves_the_others_unrouted() {
        let pattern = json!({
            "source": ["aws.guardduty"],
            "detail": {"type": ["Exfiltration:S3/AnomalousBehavior"]}
        });
        let fact = routed_by(vec![rule(&pattern)]);
        assert_eq!(fact.holds, Tri::No);
        let unrouted = fact.witness.unwrap_or_default()["unrouted_finding_types"].to_string();
        assert!(!unrouted.contains("Exfiltration:S3/AnomalousBehavior"), "{unrouted}");
        assert!(unrouted.contains("AttackSequence:S3/CompromisedData"), "{unrouted}");
    }

    #[test]
    fn a_function_that_surely_refuses_tells_nobody_and_one_that_is_invoked_may() {
        const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:page";
        let allows = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": FUNCTION,
            "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction"}]});
        for (policy, expected) in [(None, Tri::No), (Some(allows.to_string()), Tri::Unknown)] {
            let mut account = samples::account();
            account.functions.insert(FUNCTION.into(), Reading::Known(policy));
            let target = Target { id: "1".into(), arn: FUNCTION.into(), role_arn: None };
            let findings =
                Rule { targets: Reading::Known(vec![target]), ..rule(&json!({"source": ["aws.guardduty"]})) };
            if let Some(region) = account.regional.get_mut(samples::REGION) {
                region.rules = Reading::Known(vec![findings]);
            }
            let fact = samples::with_context(&samples::organization(), |context| {
                FindingRoutes::of(&account, samples::REGION, context).all()
            });
            assert_eq!(fact.holds, expected, "{}", fact.reason);
        }
    }

    #[test]
    fn rules_on_other_buses_see_no_findings() {
        let other = Rule { bus: "custom".into(), ..rule(&json!({"source": ["aws.guardduty"]})) };
        assert_eq!(routed_by(vec![other]).holds, Tri::No);
    }

    #[test]
    fn unread_rules_are_unknown() {
        let mut account = samples::account();
        if let Some(region) = account.regional.get_mut(samples::REGION) {
            region.rules = samples::denied("events:ListRules");
        }
        let fact = samples::with_context(&samples::organization(), |context| {
            FindingRoutes::of(&account, samples::REGION, context).all()
        });
        assert_eq!(fact.holds, Tri::Unknown, "{}", fact.reason);
    }
}
