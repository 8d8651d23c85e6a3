//! A plan as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plan::{Change, Mended, Plan};
use crate::catalogue::Status;

/// The whole plan.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        write_change(&mut text, change);
    }
    if !plan.refused.is_empty() {
        let _infallible = writeln!(text, "Left as it is:");
    }
    for refused in &plan.refused {
        let _infallible = writeln!(
            text,
            "  {} `{}` in account {} ({}): {}",
            refused.check, refused.resource, refused.account, refused.kind, refused.reason
        );
    }
    let _infallible = writeln!(
        text,
        "{} changes in {} accounts, {} results left as they are",
        plan.changes.len(),
        plan.accounts().len(),
        plan.refused.len()
    );
    text
}

/// Resources that a line names at most; the plan's JSON has all.
const MAX_NAMED: usize = 8;

/// What is mended, a line for each check.
fn mended(results: &[Mended]) -> Vec<String> {
    let mut by_check: BTreeMap<(&str, Status), Vec<&str>> = BTreeMap::new();
    for mended in results {
        by_check.entry((&mended.check, mended.after)).or_default().push(&mended.resource);
    }
    by_check
        .into_iter()
        .map(|((check, after), resources)| {
            let named: Vec<String> =
                resources.iter().take(MAX_NAMED).map(|resource| format!("`{resource}`")).collect();
            let more = match resources.len().saturating_sub(MAX_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{check} of {}{more} → {after}", named.join(", "))
        })
        .collect()
}

fn write_change(text: &mut String, change: &Change) {
    let _infallible = writeln!(text, "{}", change.id);
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &str| lines.push(format!("  {name:<11} {value}"));
    let counts = |counts: &BTreeMap<String, u64>| {
        let all: Vec<String> = counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    line("what", &format!("{} ({} {})", change.summary, change.account, change.region));
    for (number, mended) in mended(&change.results).iter().enumerate() {
        line(if number == 0 { "mends" } else { "" }, mended);
    }
    line("risk", &format!("{}: {}", change.risk.level.as_str(), change.risk.why));
    line("cost", &change.cost);
    line("undo", &change.undo);
    let (before, after) = (counts(&change.simulation.before), counts(&change.simulation.after));
    let simulated = if before == after { format!("stays {before}") } else { format!("{before} → {after}") };
    line("simulation", &format!("with the whole plan: {simulated}"));
    for step in &change.steps {
        lines.push(format!("  {:<11} {}", "call", step.call.name()));
        lines.extend(step.difference.iter().map(|difference| format!("    {difference}")));
    }
    text.push_str(&lines.join("\n"));
    text.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ResourceKind;

    #[test]
    fn what_is_mended_is_a_line_for_each_check_and_names_not_too_many() {
        let of = |check: &str, number: usize| Mended {
            check: check.to_owned(),
            account: "111122223333".to_owned(),
            region: None,
            kind: ResourceKind::Bucket,
            resource: format!("b{number}"),
            after: Status::Pass,
        };
        let mut results: Vec<Mended> = (0..10).map(|number| of("object-reads-logged", number)).collect();
        results.push(of("bucket-requires-tls", 3));
        assert_eq!(
            mended(&results),
            [
                "bucket-requires-tls of `b3` → pass",
                "object-reads-logged of `b0`, `b1`, `b2`, `b3`, `b4`, `b5`, `b6`, `b7` and 2 more → pass"
            ]
        );
    }
}
