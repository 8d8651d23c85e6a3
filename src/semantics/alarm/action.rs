//! What an alarm does when it is raised (`aws-semantics.md` 5.7).

use crate::semantics::configuration::MetricAlarm;
use crate::semantics::verdict::Verdict;

/// An alarm's action, by its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An SNS topic.
    Topic,
    /// A ticket or an incident: people work on it, but who is told is not read.
    Incident,
    /// Something that acts without people: scaling, a reboot, a function.
    Machine,
}

/// The kind of an action.
#[must_use]
pub fn action(arn: &str) -> Action {
    let mut parts = arn.splitn(6, ':');
    let (scheme, service) = (parts.next(), parts.nth(1));
    let resource = parts.nth(2).unwrap_or_default();
    match (scheme, service) {
        (Some("arn"), Some("sns")) => Action::Topic,
        (Some("arn"), Some("ssm")) if resource.starts_with("opsitem:") => Action::Incident,
        (Some("arn"), Some("ssm-incidents")) if resource.starts_with("response-plan/") => Action::Incident,
        _ => Action::Machine,
    }
}

/// Whether an alarm's actions would run: they are switched on, there are some, and the alarm is not in ALARM already.
#[must_use]
pub fn can_act(alarm: &MetricAlarm) -> Verdict {
    let name = &alarm.alarm_name;
    if !alarm.actions_enabled {
        return Verdict::no(format!("the actions of alarm `{name}` are switched off"));
    }
    if alarm.alarm_actions.is_empty() {
        return Verdict::no(format!("alarm `{name}` has no action"));
    }
    if alarm.state_value == "ALARM" {
        let since = alarm.state_transitioned_at.as_deref().unwrap_or("an unknown time");
        return Verdict::unknown(format!(
            "alarm `{name}` is in ALARM since {since}, and acts only when it enters that state"
        ));
    }
    Verdict::yes(format!("alarm `{name}` can act"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::verdict::Tri;

    fn alarm() -> MetricAlarm {
        MetricAlarm {
            alarm_name: "bulk".into(),
            actions_enabled: true,
            alarm_actions: vec!["arn:aws:sns:eu-west-1:111122223333:alerts".into()],
            state_value: "OK".into(),
            ..MetricAlarm::default()
        }
    }

    #[test]
    fn an_alarm_acts_unless_its_actions_are_off_or_absent() {
        assert_eq!(can_act(&alarm()).value, Tri::Yes);
        assert_eq!(can_act(&MetricAlarm { actions_enabled: false, ..alarm() }).value, Tri::No);
        assert_eq!(can_act(&MetricAlarm { alarm_actions: Vec::new(), ..alarm() }).value, Tri::No);
    }

    #[test]
    fn an_alarm_that_is_raised_already_may_stay_silent() {
        let stuck = MetricAlarm { state_value: "ALARM".into(), ..alarm() };
        assert_eq!(can_act(&stuck).value, Tri::Unknown);
        let fresh = MetricAlarm { state_value: "INSUFFICIENT_DATA".into(), ..alarm() };
        assert_eq!(can_act(&fresh).value, Tri::Yes);
    }

    #[test]
    fn actions_are_told_apart_by_their_service() {
        assert_eq!(action("arn:aws:sns:eu-west-1:1:t"), Action::Topic);
        assert_eq!(action("arn:aws:ssm:eu-west-1:1:opsitem:1"), Action::Incident);
        assert_eq!(action("arn:aws:automate:eu-west-1:ec2:stop"), Action::Machine);
        assert_eq!(action("arn:aws:lambda:eu-west-1:1:function:f"), Action::Machine);
        assert_eq!(action("nonsense"), Action::Machine);
    }

    #[test]
    fn a_response_plan_is_an_incident_and_other_systems_manager_arns_are_not() {
        assert_eq!(action("arn:aws:ssm-incidents::111122223333:response-plan/theft"), Action::Incident);
        assert_eq!(action("arn:aws-cn:ssm:cn-north-1:1:opsitem:1#CATEGORY=Security"), Action::Incident);
        assert_eq!(action("arn:aws:ssm:eu-west-1:1:document/run"), Action::Machine);
    }

    #[test]
    fn what_only_looks_like_a_topic_is_none() {
        assert_eq!(action("urn:aws:sns:eu-west-1:1:t"), Action::Machine);
        assert_eq!(action("arn:aws:SNS:eu-west-1:1:t"), Action::Machine);
        assert_eq!(action(""), Action::Machine);
    }

    #[test]
    fn the_reason_tells_since_when_an_alarm_is_raised() {
        let since = Some("2026-01-15T03:12:44Z".to_owned());
        let stuck = MetricAlarm { state_value: "ALARM".into(), state_transitioned_at: since, ..alarm() };
        assert!(can_act(&stuck).reason.contains("2026-01-15T03:12:44Z"));
    }
}
