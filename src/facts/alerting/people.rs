//! Whether a raised alarm reaches a person: by its own actions, through a composite alarm, or by an EventBridge rule.

use super::super::context::known_or_clause;
use super::super::fact::Fact;
use super::super::notification;
use super::acting;
use crate::semantics::alarm::{Action, AlarmRule, action, can_act};
use crate::semantics::configuration::{CompositeAlarm, MetricAlarm};
use crate::semantics::event_pattern::EventPattern;
use crate::semantics::sns::{Publisher, Service};
use crate::semantics::synthetic;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, AlarmMuteRule};

/// Whether somebody hears of the alarm. `account` is the one that has it.
#[must_use]
pub fn reached(account: &AccountSnapshot, alarm: &MetricAlarm, region: &str) -> Fact {
    let free = acting::not_stuck(account, alarm, region);
    if free.value.is_no() {
        // Neither a composite alarm nor a rule on its state hears of an alarm that stays raised.
        return free.into();
    }
    let directly = by_actions(account, &alarm.alarm_name, &alarm.alarm_arn, &alarm.alarm_actions, region);
    let own = both(both(can_act(alarm).into(), not_muted(account, &alarm.alarm_name, region)), directly);
    if own.holds.is_yes() {
        return own;
    }
    let through = by_composite(account, alarm, region);
    let by_rule = by_rule(account, alarm, region);
    [through, by_rule].into_iter().flatten().fold(own, either)
}

/// Both must hold; the side that decides gives the reason.
pub(super) fn both(a: Fact, b: Fact) -> Fact {
    match (a.holds, b.holds) {
        (Tri::No, _) => a,
        (_, Tri::No) => b,
        (Tri::Unknown, _) => a,
        _ => b,
    }
}

/// One must hold; a certain no of the alarm's own actions stays the reason where nothing else helps.
pub(super) fn either(a: Fact, b: Fact) -> Fact {
    match (a.holds, b.holds) {
        (Tri::Yes, _) => a,
        (_, Tri::Yes) => b,
        (Tri::Unknown, _) => a,
        (_, Tri::Unknown) => b,
        _ => a,
    }
}

fn by_actions(account: &AccountSnapshot, name: &str, arn: &str, actions: &[String], region: &str) -> Fact {
    let message = synthetic::alarm_notification(name, arn, &account.id, region);
    let mut best: Option<Fact> = None;
    for target in actions {
        let fact = match action(target) {
            Action::Topic => {
                let publisher =
                    Publisher { service: Service::CloudWatch, source_arn: arn, source_account: &account.id };
                notification::by_topic(account, target, &publisher, &message)
            }
            Action::Incident => Fact::new(
                Tri::Unknown,
                format!("alarm `{name}` opens an incident or a ticket, and who is told of it is not read"),
            ),
            Action::Machine if target.split(':').nth(2) == Some("lambda") => Fact::new(
                Tri::Unknown,
                format!(
                    "alarm `{name}` calls a function, and whether a person hears of it from there is not known"
                ),
            ),
            Action::Machine => {
                Fact::new(Tri::No, format!("alarm `{name}` acts through `{target}`, which tells nobody"))
            }
        };
        best = Some(match best {
            None => fact,
            Some(best) => either(best, fact),
        });
    }
    best.unwrap_or_else(|| Fact::new(Tri::No, format!("alarm `{name}` has no action")))
}

/// A mute longer than this is a failure even while it does not last (`aws-semantics.md` 5.7).
const LONGEST_MUTE_SECONDS: i64 = 24 * 60 * 60;

pub(super) fn not_muted(account: &AccountSnapshot, name: &str, region: &str) -> Fact {
    let Some(alarms) = account.alarms.get(region) else {
        return Fact::new(Tri::Unknown, format!("the rules that mute alarms in {region} were not read"));
    };
    match known_or_clause(&alarms.mute_rules) {
        Err(clause) => Fact::new(Tri::Unknown, clause),
        Ok(rules) => {
            let of_alarm = rules.iter().filter(|rule| rule.alarm_names.iter().any(|muted| muted == name));
            let mut verdict = Verdict::yes(format!("no rule mutes alarm `{name}`"));
            for rule in of_alarm {
                verdict = verdict.and(mute(rule, name));
            }
            verdict.into()
        }
    }
}

fn mute(rule: &AlarmMuteRule, alarm: &str) -> Verdict {
    let seconds = rule
        .duration
        .parse::<jiff::Span>()
        .ok()
        .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())
        .map(|duration| duration.as_secs());
    match (rule.status.as_str(), seconds) {
        ("EXPIRED", _) => Verdict::yes(""),
        ("ACTIVE", _) => Verdict::no(format!("alarm `{alarm}` is muted now by rule `{}`", rule.arn)),
        (_, Some(seconds)) if seconds <= LONGEST_MUTE_SECONDS => Verdict::yes(""),
        (_, Some(_)) => Verdict::no(format!(
            "alarm `{alarm}` is muted for more than a day at a time by rule `{}`",
            rule.arn
        )),
        (_, None) => {
            Verdict::unknown(format!("how long rule `{}` mutes alarm `{alarm}` is not known", rule.arn))
        }
    }
}

/// Through composite alarms that this alarm alone raises.
fn by_composite(account: &AccountSnapshot, alarm: &MetricAlarm, region: &str) -> Option<Fact> {
    let alarms = account.alarms.get(region)?.alarms.known()?;
    let mut best: Option<Fact> = None;
    for composite in &alarms.composite {
        let Some(fact) = composite_reaches(account, composite, alarm, region) else { continue };
        best = Some(match best {
            None => fact,
            Some(best) => either(best, fact),
        });
    }
    best
}

/// Whether a composite alarm is raised by this alarm alone, and its actions are not held back; none if it does not name
/// the alarm.
pub(super) fn follows(composite: &CompositeAlarm, alarm: &MetricAlarm) -> Option<Verdict> {
    let name = &composite.alarm_name;
    let fires = match AlarmRule::parse(&composite.alarm_rule) {
        Err(error) => {
            Verdict::unknown(format!("the rule of composite alarm `{name}` cannot be read: {error}"))
        }
        Ok(rule) if !rule.names(&alarm.alarm_name, &alarm.alarm_arn) => return None,
        Ok(rule) => Verdict::new(
            rule.fires(&alarm.alarm_name, &alarm.alarm_arn),
            format!("composite alarm `{name}` follows alarm `{}`", alarm.alarm_name),
        ),
    };
    let suppressed = match &composite.actions_suppressor {
        None => Verdict::yes(""),
        Some(other) => {
            Verdict::unknown(format!("the actions of composite alarm `{name}` wait for alarm `{other}`"))
        }
    };
    Some(fires.and(suppressed))
}

fn composite_reaches(
    account: &AccountSnapshot,
    composite: &CompositeAlarm,
    alarm: &MetricAlarm,
    region: &str,
) -> Option<Fact> {
    let name = &composite.alarm_name;
    let follows = follows(composite, alarm)?;
    let acts = can_act(&MetricAlarm {
        alarm_name: name.clone(),
        actions_enabled: composite.actions_enabled,
        alarm_actions: composite.alarm_actions.clone(),
        state_value: composite.state_value.clone(),
        ..MetricAlarm::default()
    });
    let ready = both(follows.and(acts).into(), not_muted(account, name, region));
    let heard = by_actions(account, name, &composite.alarm_arn, &composite.alarm_actions, region);
    Some(both(ready, heard))
}

/// Through an EventBridge rule on the change of the alarm's state, which needs no action of the alarm.
fn by_rule(account: &AccountSnapshot, alarm: &MetricAlarm, region: &str) -> Option<Fact> {
    let rules = account.regional.get(region)?.rules.known()?;
    let event = synthetic::alarm_state_change(&alarm.alarm_name, &alarm.alarm_arn, &account.id, region);
    let mut best: Option<Fact> = None;
    for rule in rules.iter().filter(|rule| rule.bus == "default" && rule.state != "DISABLED") {
        let Ok(pattern) = EventPattern::parse(&rule.event_pattern) else { continue };
        let matches = pattern.matches(&event);
        if matches.value.is_no() {
            continue;
        }
        let targets = rule.targets.known().into_iter().flatten().filter(|target| target.role_arn.is_none());
        for target in targets.filter(|target| action(&target.arn) == Action::Topic) {
            let publisher = Publisher {
                service: Service::EventBridge,
                source_arn: &rule.arn,
                source_account: &account.id,
            };
            let heard = notification::by_topic(account, &target.arn, &publisher, &event);
            let fact = both(matches.clone().into(), heard);
            best = Some(match best {
                None => fact,
                Some(best) => either(best, fact),
            });
        }
    }
    best
}
