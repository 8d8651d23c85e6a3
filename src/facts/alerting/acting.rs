//! Whether anything happens at all when an alarm is raised (`aws-semantics.md` 5.7 and 9, ALM-03), whoever hears of it.

use jiff::{SignedDuration, Timestamp};

use super::super::fact::{Evidence, Fact};
use super::super::notification;
use super::people::{both, either, follows, not_muted};
use crate::semantics::alarm::{Action, action};
use crate::semantics::configuration::MetricAlarm;
use crate::semantics::sns::{Publisher, Service};
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, RegionAlarms};

/// An alarm that is raised for longer is one that nobody heeds, and acts no more.
const LONGEST_RAISED: SignedDuration = SignedDuration::from_hours(24);

/// Whether an action would run if the alarm were raised: its own, or that of a composite alarm. `account` is the one that
/// has the alarm.
#[must_use]
pub fn acts(account: &AccountSnapshot, alarm: &MetricAlarm, region: &str) -> Fact {
    let Some(read) = account.alarms.get(region) else {
        return Fact::new(Tri::Unknown, format!("the alarms of {region} were not read"));
    };
    let own = Acting::of_metric(alarm);
    let mut fact = own.acts(account, region);
    for composite in read.alarms.known().iter().flat_map(|alarms| &alarms.composite) {
        let Some(follows) = follows(composite, alarm) else { continue };
        let acting = Acting {
            name: &composite.alarm_name,
            arn: &composite.alarm_arn,
            enabled: composite.actions_enabled,
            actions: &composite.alarm_actions,
            state: &composite.state_value,
            since: composite.state_transitioned_at.as_deref(),
        };
        let ready = both(follows.into(), acting.not_stuck(read).into());
        fact = either(fact, both(ready, acting.acts(account, region)));
    }
    // An alarm that stays raised raises no composite alarm either.
    let stuck = Fact::from(own.not_stuck(read)).with(Evidence::new(
        "cloudwatch:DescribeAlarms",
        &alarm.alarm_arn,
        "/MetricAlarms/StateValue",
        serde_json::json!({"StateValue": alarm.state_value, "since": alarm.state_transitioned_at}),
    ));
    both(stuck, fact)
}

/// Whether the alarm can enter ALARM: no if it is there for more than a day, so that nothing happens any more.
#[must_use]
pub fn not_stuck(account: &AccountSnapshot, alarm: &MetricAlarm, region: &str) -> Verdict {
    match account.alarms.get(region) {
        Some(read) => Acting::of_metric(alarm).not_stuck(read),
        None => Verdict::unknown(format!("the alarms of {region} were not read")),
    }
}

/// What decides whether an alarm acts, of either kind.
struct Acting<'a> {
    name: &'a str,
    arn: &'a str,
    enabled: bool,
    actions: &'a [String],
    state: &'a str,
    since: Option<&'a str>,
}

impl<'a> Acting<'a> {
    fn of_metric(alarm: &'a MetricAlarm) -> Self {
        Self {
            name: &alarm.alarm_name,
            arn: &alarm.alarm_arn,
            enabled: alarm.actions_enabled,
            actions: &alarm.alarm_actions,
            state: &alarm.state_value,
            since: alarm.state_transitioned_at.as_deref(),
        }
    }

    /// Whether the alarm can enter ALARM: it is not there, or only since a short time.
    fn not_stuck(&self, read: &RegionAlarms) -> Verdict {
        let name = self.name;
        if self.state != "ALARM" {
            return Verdict::yes(format!("alarm `{name}` is not raised"));
        }
        let since = self.since.and_then(|since| since.parse::<Timestamp>().ok());
        match since.zip(read.read_at.parse::<Timestamp>().ok()) {
            None => Verdict::unknown(format!("since when alarm `{name}` is in ALARM is not known")),
            Some((since, now)) if now.duration_since(since) > LONGEST_RAISED => Verdict::no(format!(
                "alarm `{name}` is in ALARM since {since}, for more than a day, and acts only when it enters that state"
            )),
            Some(_) => Verdict::yes(format!("alarm `{name}` was raised within the last day")),
        }
    }

    fn acts(&self, account: &AccountSnapshot, region: &str) -> Fact {
        let name = self.name;
        if !self.enabled {
            return Fact::new(Tri::No, format!("the actions of alarm `{name}` are switched off"));
        }
        let mut best: Option<Fact> = None;
        for target in self.actions {
            let fact = self.takes(account, target);
            best = Some(match best {
                None => fact,
                Some(best) => either(best, fact),
            });
        }
        match best {
            None => Fact::new(Tri::No, format!("alarm `{name}` has no action")),
            Some(best) => both(not_muted(account, name, region), best),
        }
    }

    /// Whether an action's target takes what the alarm sends.
    fn takes(&self, account: &AccountSnapshot, target: &str) -> Fact {
        match action(target) {
            Action::Topic => {
                let publisher = Publisher {
                    service: Service::CloudWatch,
                    source_arn: self.arn,
                    source_account: &account.id,
                };
                notification::takes(account, target, &publisher)
            }
            Action::Incident | Action::Machine => Fact::new(
                Tri::Unknown,
                format!(
                    "alarm `{}` acts on `{target}`, and whether that exists and lets it is not read",
                    self.name
                ),
            ),
        }
    }
}
