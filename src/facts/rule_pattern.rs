//! Whether an EventBridge rule is written for GuardDuty's findings, and whether it can still match one
//! (`aws-semantics.md` 2.3).

use serde_json::json;

use super::fact::{Evidence, Fact};
use crate::semantics::event_pattern::{EventPattern, Literal};
use crate::semantics::guardduty;
use crate::semantics::verdict::Tri;
use crate::snapshot::Rule;

/// What is known of one rule's pattern.
#[derive(Debug)]
pub struct RulePattern {
    /// The pattern is about GuardDuty findings.
    pub concerns_guardduty: Fact,
    /// The pattern can match a finding that GuardDuty still makes.
    pub not_dead: Fact,
    /// The retired finding types that the pattern names.
    pub retired_types: Vec<String>,
}

/// A rule's pattern and where it was read.
///
/// # Errors
/// It is no pattern: what rests on it is unknown.
pub fn parsed(rule: &Rule) -> Result<(EventPattern, Evidence), Fact> {
    let evidence =
        Evidence::new("events:ListRules", &rule.arn, "/Rules/EventPattern", json!(rule.event_pattern));
    match EventPattern::parse(&rule.event_pattern) {
        Ok(pattern) => Ok((pattern, evidence)),
        Err(error) => {
            let why = format!("the pattern of rule `{}` cannot be read: {error}", rule.name);
            Err(Fact::new(Tri::Unknown, why).with(evidence))
        }
    }
}

/// Judges a rule's pattern: is it about GuardDuty, and does it name what GuardDuty no longer makes?
#[must_use]
pub fn judged(rule: &Rule) -> RulePattern {
    let (pattern, evidence) = match parsed(rule) {
        Ok(parsed) => parsed,
        Err(unknown) => {
            return RulePattern {
                concerns_guardduty: unknown.clone(),
                not_dead: unknown,
                retired_types: Vec::new(),
            };
        }
    };
    let (retired_types, only_retired) = retired(&pattern);
    let source = literals_admit(&pattern.literals(&["source"]), "aws.guardduty");
    let detail_type = literals_admit(&pattern.literals(&["detail-type"]), "GuardDuty Finding");
    // A pattern that names neither the source nor the kind of event is not written for GuardDuty.
    let by_source = source.named && source.admits;
    let about = by_source || (detail_type.named && detail_type.admits && source.admits);
    let concerns_guardduty = Fact::new(
        about,
        if about {
            "its pattern is about GuardDuty's findings"
        } else {
            "its pattern is not about GuardDuty"
        },
    );
    let not_dead = alive(only_retired, &source, &detail_type);
    RulePattern {
        concerns_guardduty: concerns_guardduty.with(evidence.clone()),
        not_dead: not_dead.with(evidence),
        retired_types,
    }
}

struct Named {
    named: bool,
    admits: bool,
}

fn literals_admit(literals: &[Literal], value: &str) -> Named {
    let admits = literals.is_empty()
        || literals.iter().any(|literal| match literal {
            Literal::Exact(exact) => exact == value,
            Literal::Prefix(prefix) => value.starts_with(prefix.as_str()),
            Literal::Wildcard(_) | Literal::Other => true,
        });
    Named { named: !literals.is_empty(), admits }
}

/// The retired finding types that a pattern names, exactly or by a prefix that no present type begins with, and whether
/// it names no others.
fn retired(pattern: &EventPattern) -> (Vec<String>, bool) {
    let literals = pattern.literals(&["detail", "type"]);
    let mut only_retired = !literals.is_empty();
    let mut retired = Vec::new();
    for literal in literals {
        match literal {
            Literal::Exact(name) if guardduty::is_retired(&name) => retired.push(name),
            Literal::Prefix(prefix) if !guardduty::finding_types().any(|f| f.name.starts_with(&prefix)) => {
                let mut named =
                    guardduty::retired_types().filter(|name| name.starts_with(&prefix)).peekable();
                // A prefix of neither present nor retired types of ours may be one of another service's findings.
                only_retired &= named.peek().is_some();
                retired.extend(named.map(str::to_owned));
            }
            _ => only_retired = false,
        }
    }
    retired.sort();
    retired.dedup();
    (retired, only_retired)
}

/// A rule is dead if its pattern can only match retired types, or asks for another source or kind of event than
/// GuardDuty's (`aws-semantics.md` 2.3).
fn alive(only_retired: bool, source: &Named, detail_type: &Named) -> Fact {
    if only_retired {
        return Fact::new(Tri::No, "GuardDuty no longer makes any finding type that it names");
    }
    if !source.admits || !detail_type.admits {
        return Fact::new(Tri::No, "no event has both that source and that detail-type");
    }
    Fact::new(Tri::Yes, "it can match finding types that GuardDuty makes")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Rule, RulePattern, Tri, json};
    use crate::snapshot::Reading;

    fn judged(pattern: &Value) -> RulePattern {
        super::judged(&Rule {
            name: "findings".into(),
            arn: "arn:aws:events:eu-west-1:111122223333:rule/findings".into(),
            bus: "default".into(),
            event_pattern: pattern.to_string(),
            state: "ENABLED".into(),
            managed_by: None,
            targets: Reading::Known(Vec::new()),
        })
    }

    #[test]
    fn a_rule_that_names_retired_types_is_dead() {
        let judged = judged(&json!({
            "source": ["aws.guardduty"],
            "detail": {"type": ["Exfiltration:S3/ObjectRead.Unusual"]}
        }));
        assert_eq!(judged.concerns_guardduty.holds, Tri::Yes);
        assert_eq!(judged.not_dead.holds, Tri::No);
        assert_eq!(judged.retired_types, ["Exfiltration:S3/ObjectRead.Unusual"]);
    }

    #[test]
    fn a_prefix_that_only_retired_types_have_is_dead() {
        let judged = judged(&json!({
            "source": ["aws.guardduty"],
            "detail": {"type": [{"prefix": "Exfiltration:S3/ObjectRead"}]}
        }));
        assert_eq!(judged.not_dead.holds, Tri::No);
    }

    #[test]
    fn a_rule_that_also_names_a_present_type_is_alive() {
        let judged = judged(&json!({
            "source": ["aws.guardduty"],
            "detail": {"type": ["Exfiltration:S3/ObjectRead.Unusual", "Exfiltration:S3/AnomalousBehavior"]}
        }));
        assert_eq!(judged.not_dead.holds, Tri::Yes);
        assert_eq!(judged.retired_types, ["Exfiltration:S3/ObjectRead.Unusual"]);
    }

    #[test]
    fn a_misspelled_detail_type_is_dead() {
        let judged = judged(&json!({"source": ["aws.guardduty"], "detail-type": ["GuardDuty finding"]}));
        assert_eq!(judged.concerns_guardduty.holds, Tri::Yes);
        assert_eq!(judged.not_dead.holds, Tri::No);
    }

    #[test]
    fn rules_about_something_else_are_not_concerned() {
        assert_eq!(judged(&json!({"source": ["aws.ec2"]})).concerns_guardduty.holds, Tri::No);
        assert_eq!(judged(&json!({"account": ["111122223333"]})).concerns_guardduty.holds, Tri::No);
    }
}
