//! A plan as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plan::{Change, Plan};

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

fn write_change(text: &mut String, change: &Change) {
    let _infallible = writeln!(text, "{}", change.id);
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &str| lines.push(format!("  {name:<11} {value}"));
    let mended: Vec<String> = change
        .results
        .iter()
        .map(|mended| format!("{} of `{}` → {}", mended.check, mended.resource, mended.after))
        .collect();
    let counts = |counts: &BTreeMap<String, u64>| {
        let all: Vec<String> = counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    line("what", &format!("{} ({} {})", change.summary, change.account, change.region));
    line("mends", &mended.join("; "));
    line("risk", &format!("{}: {}", change.risk.level.as_str(), change.risk.why));
    line("cost", &change.cost);
    line("undo", &change.undo);
    line(
        "simulation",
        &format!("{} → {}", counts(&change.simulation.before), counts(&change.simulation.after)),
    );
    for step in &change.steps {
        lines.push(format!("  {:<11} {}", "call", step.call.name()));
        lines.extend(step.difference.iter().map(|difference| format!("    {difference}")));
    }
    text.push_str(&lines.join("\n"));
    text.push_str("\n\n");
}
