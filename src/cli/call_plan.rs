//! `exfilguard audit --plan-calls`: how many calls a run would make.

use std::fmt::Write as _;

use crate::collect::{Estimate, Per};

/// The estimate as a person reads it.
#[must_use]
pub fn text(estimate: &Estimate) -> String {
    let Estimate { accounts, regions, .. } = estimate;
    let mut text = format!("{accounts} accounts with {regions} regions together\n\n");
    let rows = [(Per::Run, 1), (Per::Account, *accounts), (Per::Region, *regions)];
    // Writing to a string cannot fail.
    for (per, times) in rows {
        let each = estimate.count(per);
        let all = each.saturating_mul(times);
        _ = writeln!(text, "{:<12} {each:>4} calls x {times:>7} = {all:>9}", format!("per {per}"));
    }
    _ = writeln!(text, "{:<12} {:>39}", "together", estimate.fixed());
    _ = writeln!(
        text,
        "\nand {} for each bucket, and for each thing that is found:",
        match estimate.count(Per::Bucket) {
            1 => "1 call".to_owned(),
            calls => format!("{calls} calls"),
        }
    );
    for (operation, _) in estimate.operations.iter().filter(|(_, per)| *per == Per::Thing) {
        _ = writeln!(text, "  {operation}");
    }
    _ = writeln!(
        text,
        "\nLists of more than a page take more calls. A run says in `run.api_calls` what it made."
    );
    text
}
