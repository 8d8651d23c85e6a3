//! Whether a person hears of calls that open a bucket or switch the watching off (`aws-semantics.md` 9, ALM-05 and
//! EVT-03): through a metric filter and its alarm, or through an EventBridge rule. Either way is accepted for each call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::alerting::{Alerting, Wires, may_ask_for_bucket, selected};
use super::context::{Context, CoveringTrail, covering_trails, known_or_clause, owner_of, unseen_trails};
use super::fact::{Evidence, Fact};
use super::{logging, routing};
use crate::semantics::event_pattern::EventPattern;
use crate::semantics::tampering::{EVERYWHERE, OF_BUCKETS, OF_TRAILS, Scene, TamperingCall};
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Rule};

/// A bucket that no pattern names.
const BUCKET_TO_COME: &str = "a-bucket-to-come";

/// What may tell somebody of an account's calls.
#[derive(Debug)]
pub struct Tampering<'a> {
    account: &'a AccountSnapshot,
    partition: &'a str,
    wires: Wires<'a>,
    trails: Vec<CoveringTrail<'a>>,
    /// The rules of each region's default bus, with their patterns.
    rules: BTreeMap<&'a str, Result<Vec<ParsedRule<'a>>, String>>,
}

/// A rule with its pattern, parsed once.
#[derive(Debug)]
struct ParsedRule<'a> {
    rule: &'a Rule,
    pattern: Result<EventPattern, String>,
}

impl<'a> Tampering<'a> {
    /// Gathers the account's rules, and the chains through log groups.
    #[must_use]
    pub fn of(account: &'a AccountSnapshot, context: &Context<'a>, alerting: &'a Alerting<'a>) -> Self {
        let rules = account.regional.keys().map(|region| {
            let rules = routing::rules_on_default_bus(account, region).map(|rules| {
                rules
                    .into_iter()
                    .map(|rule| {
                        let pattern = EventPattern::parse(&rule.event_pattern);
                        ParsedRule { rule, pattern: pattern.map_err(|error| error.to_string()) }
                    })
                    .collect()
            });
            (region.as_str(), rules)
        });
        Self {
            account,
            partition: &context.organization.partition,
            wires: Wires::of(alerting),
            trails: covering_trails(account, context).into_values().collect(),
            rules: rules.collect(),
        }
    }

    /// Whether a person hears of it when a trail is stopped, deleted or changed. Such calls are accepted only in the
    /// region that the trail was created in; without any trail, every region counts.
    #[must_use]
    pub fn of_trails(&self) -> Fact {
        let mut regions: BTreeSet<&str> =
            self.trails.iter().map(|covering| covering.trail.home_region.as_str()).collect();
        let unseen =
            self.account.regional.keys().filter(|region| unseen_trails(self.account, region).is_some());
        regions.extend(unseen.map(String::as_str));
        if regions.is_empty() {
            return self.in_all_regions(&OF_TRAILS);
        }
        self.everywhere(&OF_TRAILS, &regions)
    }

    /// Whether a person hears of it when a bucket is opened, in any region.
    #[must_use]
    pub fn of_buckets(&self) -> Fact {
        self.in_all_regions(&OF_BUCKETS)
    }

    /// Whether a person hears of each of the gravest calls in a region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Fact {
        self.everywhere(&EVERYWHERE, &BTreeSet::from([region]))
    }

    fn in_all_regions(&self, calls: &[TamperingCall]) -> Fact {
        match known_or_clause(&self.account.regions) {
            Err(clause) => Fact::new(Tri::Unknown, clause),
            Ok(regions) if regions.is_empty() => Fact::new(Tri::Unknown, "no region was read"),
            Ok(regions) => self.everywhere(calls, &regions.iter().map(String::as_str).collect()),
        }
    }

    fn everywhere(&self, calls: &[TamperingCall], regions: &BTreeSet<&str>) -> Fact {
        let (mut silent, mut doubt) = (Vec::new(), None);
        let mut heard = Fact::new(Tri::Yes, "a person hears of every such call");
        for region in regions {
            for call in calls {
                let mut fact = self.heard(*call, region);
                fact.reason = format!("`{}` in `{region}`: {}", call.name, fact.reason);
                match fact.holds {
                    Tri::Yes => absorb(&mut heard, fact),
                    Tri::No => silent.push((call.name, *region, fact)),
                    Tri::Unknown => doubt = doubt.or(Some(fact)),
                }
            }
        }
        let evidence = regions.iter().filter_map(|region| self.rules_evidence(region));
        let Some((_, _, first)) = silent.first() else {
            return doubt.unwrap_or(heard).with_all(evidence);
        };
        let mut fact = first.clone();
        if silent.len() > 1 {
            let names: BTreeSet<&str> = silent.iter().map(|(name, _, _)| *name).collect();
            let places: BTreeSet<&str> = silent.iter().map(|(_, region, _)| *region).collect();
            fact.reason = others(&first.reason, &names, &places);
        }
        let calls: Vec<Value> =
            silent.iter().map(|(name, region, _)| json!({"eventName": name, "awsRegion": region})).collect();
        fact.witness = Some(json!({"unheard_calls": calls}));
        fact.with_all(evidence)
    }

    /// Whether a person hears of one call in a region, whichever bucket it is about.
    fn heard(&self, call: TamperingCall, region: &str) -> Fact {
        let by_bucket = call.service == "s3" && self.ask_for_bucket(region);
        let (buckets, unread) = if by_bucket { self.buckets(region) } else { (Vec::new(), None) };
        if let (true, Some(clause)) = (buckets.is_empty(), &unread) {
            return Fact::new(Tri::Unknown, clause.clone());
        }
        let mut all: Option<Fact> = unread.map(|clause| Fact::new(Tri::Unknown, clause));
        let one = [BUCKET_TO_COME];
        let buckets = if buckets.is_empty() { one.as_slice() } else { buckets.as_slice() };
        for bucket in buckets {
            let mut fact = self.heard_of(call, region, bucket);
            if by_bucket && !fact.holds.is_yes() && *bucket != BUCKET_TO_COME {
                fact.reason = format!("on bucket `{bucket}`, {}", fact.reason);
            }
            match (fact.holds, &all) {
                (Tri::No, _) => return fact,
                (_, None) => all = Some(fact),
                (Tri::Unknown, Some(so_far)) if so_far.holds.is_yes() => all = Some(fact),
                _ => {}
            }
        }
        all.unwrap_or_else(|| Fact::new(Tri::Unknown, "nothing was asked"))
    }

    fn heard_of(&self, call: TamperingCall, region: &str, bucket: &str) -> Fact {
        let scene = Scene { account: &self.account.id, region, partition: self.partition, bucket };
        let records = call.records(&scene);
        let by_rule = self.by_rule(call, &records, &scene);
        if by_rule.holds.is_yes() {
            return by_rule;
        }
        let by_alarm = self.wires.alarmed(&records, region);
        match (by_alarm.holds, by_rule.holds) {
            (Tri::Yes, _) => by_alarm,
            (Tri::Unknown, _) => by_alarm,
            (_, Tri::Unknown) => by_rule,
            _ => Fact { reason: format!("{}; {}", by_alarm.reason, by_rule.reason), ..by_alarm },
        }
    }

    /// Through a rule of the region's default bus. EventBridge hears of calls only where a trail logs them.
    fn by_rule(&self, call: TamperingCall, records: &[Value], scene: &Scene<'_>) -> Fact {
        let region = scene.region;
        let rules = match self.rules.get(region) {
            None => return Fact::new(Tri::Unknown, format!("the rules of `{region}` were not read")),
            Some(Err(clause)) => return Fact::new(Tri::Unknown, clause.clone()),
            Some(Ok(rules)) => rules,
        };
        let mut refused: Option<Fact> = None;
        let mut doubt: Option<Fact> = None;
        for rule in rules {
            let fact = self.by_one_rule(call, rule, records, scene);
            match fact {
                None => {}
                Some(fact) if fact.holds.is_yes() => {
                    let recorded = self.recorded(records, region);
                    return match recorded.value {
                        Tri::Yes => fact,
                        Tri::No | Tri::Unknown => recorded.into(),
                    };
                }
                Some(fact) if fact.holds.is_unknown() => doubt = doubt.or(Some(fact)),
                Some(fact) => refused = refused.or(Some(fact)),
            }
        }
        let silent = || Fact::new(Tri::No, "no EventBridge rule matches it");
        match doubt {
            // What no trail logs is certainly not heard of.
            Some(doubt) => match self.recorded(records, region) {
                recorded if recorded.value.is_no() => recorded.into(),
                _ => doubt,
            },
            None => refused.unwrap_or_else(silent),
        }
    }

    /// None if the rule does not match.
    fn by_one_rule(
        &self,
        call: TamperingCall,
        ParsedRule { rule, pattern }: &ParsedRule<'_>,
        records: &[Value],
        scene: &Scene<'_>,
    ) -> Option<Fact> {
        let name = &rule.name;
        let pattern = match pattern {
            Ok(pattern) => pattern,
            Err(error) if rule.state != "DISABLED" => {
                let why = format!("the pattern of rule `{name}` cannot be read: {error}");
                return Some(Fact::new(Tri::Unknown, why));
            }
            Err(_) => return None,
        };
        let mut best: Option<Fact> = None;
        for record in records {
            let event = call.event(record, scene);
            let matches = pattern.matches(&event);
            if matches.value.is_no() {
                return None;
            }
            if rule.state == "DISABLED" {
                return Some(Fact::new(Tri::No, format!("rule `{name}` is disabled")));
            }
            let reached = routing::targets_reach(self.account, rule, &event);
            let fact = routing::combine(matches, reached);
            best = Some(match best {
                Some(best) if !best.holds.is_yes() => best,
                _ => fact,
            });
        }
        best
    }

    /// Whether some trail that logs in the region records the call, so that EventBridge hears of it.
    fn recorded(&self, records: &[Value], region: &str) -> Verdict {
        let here = |covering: &&CoveringTrail<'_>| {
            covering.trail.multi_region || covering.trail.home_region == region
        };
        let by_trail = |covering: &CoveringTrail<'_>| {
            let name = &covering.trail.name;
            let logs = match covering.details {
                Some(details) => logging::is_logging(name, details),
                None => Verdict::unknown(format!(
                    "trail `{name}` belongs to account {}, which was not read",
                    owner_of(&covering.trail.arn)
                )),
            };
            let selected = records.iter().map(|record| selected(covering, record)).reduce(Verdict::and);
            selected.unwrap_or_else(|| Verdict::unknown("nothing was asked")).and(logs)
        };
        let found = self.trails.iter().filter(here).map(by_trail).reduce(Verdict::or);
        let found = found.unwrap_or_else(|| {
            Verdict::no(format!("no trail logs in `{region}`, so that EventBridge hears of no call there"))
        });
        match unseen_trails(self.account, region) {
            Some(why) => found.or(Verdict::unknown(format!("not known because {}", why.clause()))),
            None => found,
        }
    }

    fn ask_for_bucket(&self, region: &str) -> bool {
        let rules = self.rules.get(region).and_then(|rules| rules.as_ref().ok());
        self.wires.ask_for_bucket()
            || rules.into_iter().flatten().any(|parsed| may_ask_for_bucket(&parsed.rule.event_pattern))
    }

    /// The region's buckets, and why they are not all known.
    fn buckets(&self, region: &str) -> (Vec<&'a str>, Option<String>) {
        let buckets = match known_or_clause(&self.account.buckets) {
            Ok(buckets) => buckets,
            Err(clause) => return (Vec::new(), Some(clause)),
        };
        let mut unread = None;
        let mut here = Vec::new();
        for bucket in buckets {
            match known_or_clause(&bucket.region) {
                Ok(at) if at == region => here.push(bucket.name.as_str()),
                Ok(_) => {}
                Err(clause) => unread = Some(clause),
            }
        }
        (here, unread)
    }

    fn rules_evidence(&self, region: &str) -> Option<Evidence> {
        let rules = self.rules.get(region)?.as_ref().ok()?;
        let shown: Vec<Value> = rules
            .iter()
            .map(|parsed| json!({"Name": parsed.rule.name, "State": parsed.rule.state}))
            .collect();
        let resource = format!("event-bus/default of {} in {region}", self.account.id);
        Some(Evidence::new("events:ListRules", &resource, "/Rules", json!(shown)))
    }
}

/// The reason of the first call of which nobody hears, and which others there are.
fn others(first: &str, names: &BTreeSet<&str>, regions: &BTreeSet<&str>) -> String {
    let list = |names: &BTreeSet<&str>| {
        const SHOWN: usize = 6;
        let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        if names.len() > SHOWN {
            shown.push(format!("{} more", names.len() - SHOWN));
        }
        shown.join(", ")
    };
    format!("{first} (in all: {} in {})", list(names), list(regions))
}

fn absorb(all: &mut Fact, fact: Fact) {
    for assumption in fact.assumptions {
        if !all.assumptions.contains(&assumption) {
            all.assumptions.push(assumption);
        }
    }
    all.assumptions.sort();
    for evidence in fact.evidence {
        if !all.evidence.contains(&evidence) {
            all.evidence.push(evidence);
        }
    }
}

#[cfg(test)]
mod tests;
