//! Whether a rule's conditions on a finding's severity let the essential finding types through (`aws-semantics.md` 9,
//! EVT-04).

use serde_json::{Value, json};

use super::context::known_or_clause;
use super::fact::Fact;
use super::rule_pattern;
use crate::semantics::event_pattern::EventPattern;
use crate::semantics::guardduty::{self, FindingType};
use crate::semantics::synthetic;
use crate::semantics::verdict::Tri;
use crate::snapshot::{AccountSnapshot, Rule};

/// Severities of findings lie between 1.0 and 10.0, with one digit after the point (GuardDuty user guide, *Severity levels
/// of GuardDuty findings*); in tenths.
const SEVERITIES: std::ops::RangeInclusive<u8> = 10..=100;

/// Whether a rule about GuardDuty lets every essential finding type through that it would take at another severity. A type
/// that another rule of the same bus takes (`rules`: all of the region) is not lost: rules often share the severities out.
#[must_use]
pub fn kept(rule: &Rule, rules: &[Rule], account: &AccountSnapshot, region: &str, partition: &str) -> Fact {
    let (pattern, evidence) = match rule_pattern::parsed(rule) {
        Ok(parsed) => parsed,
        Err(unknown) => return unknown,
    };
    if !asks_for_severity(&rule.event_pattern) {
        return verdict(&[], None).with(evidence);
    }
    let event = |finding: &FindingType| {
        let (name, severity) = (finding.name, finding.severity);
        synthetic::guardduty_event(name, severity, &account.id, &account.id, region, partition)
    };
    let (mut lost, mut doubtful) = (Vec::new(), None);
    for finding in guardduty::essential_finding_types() {
        let plain = event(finding);
        let dropped = match pattern.matches(&plain).value {
            Tri::Yes => continue,
            Tri::No => at_some_severity(&pattern, plain.clone()),
            Tri::Unknown => Tri::Unknown,
        };
        match dropped.and(!taken_by_another(rule, rules, &plain)) {
            Tri::No => {}
            Tri::Yes => lost.push(finding),
            Tri::Unknown => doubtful = doubtful.or(Some(finding.name)),
        }
    }
    verdict(&lost, doubtful).with(evidence)
}

/// Whether a pattern says anything about a severity: most do not, and need not be tried.
fn asks_for_severity(pattern: &str) -> bool {
    // Parsed again, so that no escape hides the name.
    serde_json::from_str::<Value>(pattern).is_ok_and(|pattern| pattern.to_string().contains("severity"))
}

/// Whether the pattern matches the finding at any severity.
fn at_some_severity(pattern: &EventPattern, mut event: Value) -> Tri {
    Tri::any(SEVERITIES.map(|tenths| {
        if let Some(severity) = event.pointer_mut("/detail/severity") {
            *severity = if tenths % 10 == 0 { json!(tenths / 10) } else { json!(f64::from(tenths) / 10.0) };
        }
        pattern.matches(&event).value
    }))
}

/// Whether another rule of the bus that is switched on and has a target matches the finding.
fn taken_by_another(rule: &Rule, rules: &[Rule], event: &Value) -> Tri {
    let others = rules
        .iter()
        .filter(|other| other.arn != rule.arn && other.bus == rule.bus && other.state != "DISABLED");
    Tri::any(others.map(|other| {
        let matches = match EventPattern::parse(&other.event_pattern) {
            Ok(pattern) => pattern.matches(event).value,
            Err(_) => Tri::Unknown,
        };
        let sends =
            known_or_clause(&other.targets).map_or(Tri::Unknown, |targets| (!targets.is_empty()).into());
        matches.and(sends)
    }))
}

fn verdict(lost: &[&FindingType], doubtful: Option<&str>) -> Fact {
    match (lost.first(), doubtful) {
        (Some(first), _) => {
            let more = match lost.len() {
                1 => String::new(),
                count => format!(" and {} more finding types", count - 1),
            };
            let why = format!(
                "its condition on the severity drops `{}`, whose severity is {:.1}{more}",
                first.name, first.severity
            );
            let names: Vec<&str> = lost.iter().map(|finding| finding.name).collect();
            let mut fact = Fact::new(Tri::No, why);
            fact.witness = Some(json!({"dropped_finding_types": names}));
            fact
        }
        (None, Some(name)) => Fact::new(
            Tri::Unknown,
            format!("whether its condition on the severity drops `{name}` is not known"),
        ),
        (None, None) => Fact::new(Tri::Yes, "no essential finding type is dropped for its severity"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::facts::samples;
    use crate::snapshot::{Reading, Target};

    fn rule(name: &str, severity: &Value) -> Rule {
        let mut pattern = json!({"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]});
        if !severity.is_null() {
            pattern["detail"] = json!({"severity": severity});
        }
        Rule {
            name: name.into(),
            arn: format!("arn:aws:events:eu-west-1:111122223333:rule/{name}"),
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

    fn judged(rules: &[Rule]) -> Fact {
        kept(&rules[0], rules, &samples::account(), samples::REGION, "aws")
    }

    #[test]
    fn a_rule_without_a_condition_keeps_all_and_so_does_one_from_seven_up() {
        for severity in [Value::Null, json!([{"numeric": [">=", 7]}]), json!([{"numeric": [">", 7.9]}])] {
            assert_eq!(judged(&[rule("findings", &severity)]).holds, Tri::Yes, "{severity}");
        }
    }

    #[test]
    fn a_rule_for_critical_findings_only_drops_all_others() {
        let fact = judged(&[rule("critical", &json!([{"numeric": [">=", 8.5]}]))]);
        assert_eq!(fact.holds, Tri::No);
        let dropped = fact.witness.unwrap()["dropped_finding_types"].as_array().unwrap().len();
        assert_eq!(dropped, 7);
        assert_eq!(
            fact.reason,
            "its condition on the severity drops `Exfiltration:S3/AnomalousBehavior`, whose severity is 8.0 and 6 \
             more finding types"
        );
    }

    #[test]
    fn a_text_where_a_number_stands_is_no_matter_of_severity() {
        // It matches at no severity at all: the rule is dead, which is another check's matter.
        assert_eq!(judged(&[rule("text", &json!(["8"]))]).holds, Tri::Yes);
    }

    #[test]
    fn rules_may_share_the_severities_out() {
        let medium = rule("medium", &json!([{"numeric": [">=", 4, "<", 7]}]));
        let high = rule("high", &json!([{"numeric": [">=", 7]}]));
        assert_eq!(judged(std::slice::from_ref(&medium)).holds, Tri::No);
        assert_eq!(judged(&[medium.clone(), high.clone()]).holds, Tri::Yes);
        for useless in [
            Rule { state: "DISABLED".into(), ..high.clone() },
            Rule { bus: "custom".into(), ..high.clone() },
            Rule { targets: Reading::Known(Vec::new()), ..high.clone() },
        ] {
            assert_eq!(judged(&[medium.clone(), useless]).holds, Tri::No);
        }
        let unread = Rule { targets: samples::denied("events:ListTargetsByRule"), ..high };
        assert_eq!(judged(&[medium, unread]).holds, Tri::Unknown);
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_unknown() {
        let broken = Rule { event_pattern: "{".into(), ..rule("broken", &Value::Null) };
        assert_eq!(judged(&[broken]).holds, Tri::Unknown);
    }
}
