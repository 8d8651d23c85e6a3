//! How the organization stands: the headline and the table of accounts and areas.

use super::page::{Column, Page, Role, counted};
use crate::catalogue::Area;
use crate::score::AssessmentView;
use crate::score::assessment::{AccountAudit, AccountStatus, Assessment, Source};
use crate::simulate::Outcome;
use crate::visible::{visible, visible_start};

/// How many accounts the table shows.
const MAX_ACCOUNTS: usize = 12;

/// What was audited, and the score.
pub(super) fn headline(page: &mut Page, view: &AssessmentView<'_>) {
    let assessment = view.head();
    let run = &assessment.run;
    let mut parts = vec![format!("exfilguard {}", visible(&run.tool_version))];
    parts.extend(run.organization_id.iter().map(|id| format!("organization {}", visible(id))));
    parts.push(audited(assessment));
    parts.push(counted(run.regions.len(), "region"));
    if run.source == Source::Snapshot {
        parts.push("snapshot".to_owned());
    }
    page.paragraph(0, None, &parts.join(" · "));
    page.line("");

    let score = &assessment.score;
    let headline = format!("Score {:.1} of 100, grade {}", score.overall, score.grade.as_str());
    let headline = page.paint(Role::Grade(score.grade), &headline);
    page.line(&headline);
    if let Some(comparison) = &assessment.comparison {
        let findings = &comparison.findings;
        let before =
            comparison.score.overall.before.map_or_else(|| "none".to_owned(), |score| format!("{score:.1}"));
        let text = format!(
            "since the baseline of {}, score {before}: {} new, {} resolved, {} unchanged, {} not determined any more",
            visible(&comparison.old.moment()),
            findings.new.len(),
            findings.resolved.len(),
            findings.unchanged.len(),
            findings.undetermined.len()
        );
        page.paragraph(0, None, &text);
    }
    if score.band.upper > score.band.lower {
        let text = format!(
            "between {:.1} and {:.1}: {:.1} % of what counts could not be determined and counts as not passed",
            score.band.lower,
            score.band.upper,
            score.unknown_share * 100.0
        );
        page.paragraph(0, Some(Role::Unknown), &text);
    }
    if let (Some(minimum), Some(percentile), true) =
        (score.minimum, score.percentile_10, score.by_account.len() > 1)
    {
        let text = format!(
            "lowest account {minimum:.1}, 10th percentile {percentile:.1}, {} below 50",
            counted(usize::try_from(score.accounts_below_50).unwrap_or(usize::MAX), "account")
        );
        page.paragraph(0, None, &text);
    }
    if let Some(simulated) = score.simulation {
        let counts: Vec<String> = Outcome::ALL
            .into_iter()
            .map(|outcome| format!("{} {outcome}", view.overview().outcome(outcome)))
            .collect();
        let text = format!(
            "thefts simulated (bucket × technique): {}; simulation score {simulated:.1} of 100",
            counts.join(", ")
        );
        page.paragraph(0, None, &text);
    }
    if !run.complete {
        let text = "This audit is incomplete: something in scope could not be read, or a check is defective.";
        page.paragraph(0, Some(Role::Unknown), text);
    }
}

/// How many accounts were read entirely, of those that can be entered at all.
fn audited(assessment: &Assessment) -> String {
    let suspended = assessment.accounts.iter().filter(|a| a.status == AccountStatus::Suspended).count();
    let open =
        usize::try_from(assessment.run.accounts_in_scope).unwrap_or(usize::MAX).saturating_sub(suspended);
    let audited = format!("{} of {} audited", assessment.run.accounts_audited, counted(open, "account"));
    if suspended == 0 { audited } else { format!("{audited}, {suspended} suspended") }
}

/// The scores of accounts by area, worst first.
pub(super) fn accounts(page: &mut Page, view: &AssessmentView<'_>) {
    let assessment = view.head();
    let scored = &assessment.score.by_account;
    let areas: Vec<Area> = assessment.score.by_area.keys().copied().collect();
    if assessment.accounts.is_empty() {
        return;
    }
    let mut accounts: Vec<&AccountAudit> = assessment.accounts.iter().collect();
    accounts.sort_by(|a, b| {
        // Accounts without a score have nothing to mend that is known: last.
        let of = |account: &AccountAudit| scored.get(&account.id).copied().unwrap_or(f64::MAX);
        of(a).total_cmp(&of(b)).then_with(|| a.id.cmp(&b.id))
    });
    page.section("Accounts, worst first (score by area; ? means that something there is unknown)");
    let name_width = page.width().saturating_sub(16 + 9 * (areas.len() + 1)).clamp(0, 24);
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .take(MAX_ACCOUNTS)
        .map(|account| account_row(view, account, &areas, name_width))
        .collect();
    let mut header = vec!["account".to_owned(), "score".to_owned()];
    // A column is as wide as its longest line: two short words are narrower than a long one.
    header.extend(areas.iter().map(|area| area.as_str().replace('-', "\n")));
    let columns: Vec<Column> =
        std::iter::once(Column::Fixed).chain(std::iter::repeat_n(Column::Number, areas.len() + 1)).collect();
    page.table(2, &columns, Some(&header), &rows);
    let more = accounts.len().saturating_sub(MAX_ACCOUNTS);
    if more > 0 {
        let text = format!("… and {}, none of them worse", counted(more, "more account"));
        page.paragraph(2, Some(Role::Aside), &text);
    }
}

fn account_row(
    view: &AssessmentView<'_>,
    account: &AccountAudit,
    areas: &[Area],
    name_width: usize,
) -> Vec<String> {
    let score = &view.head().score;
    let name = match name_width {
        0..6 => String::new(),
        width => visible_start(&account.name, width),
    };
    let name = format!("{} {name}", visible(&account.id));
    let overall = match account.status {
        AccountStatus::Unreachable => "not seen".to_owned(),
        AccountStatus::Suspended => "suspended".to_owned(),
        AccountStatus::Audited | AccountStatus::Partial => {
            score.by_account.get(&account.id).map_or_else(|| "-".to_owned(), |score| format!("{score:.1}"))
        }
    };
    let mut row = vec![name.trim_end().to_owned(), overall];
    let by_area = score.by_account_and_area.get(&account.id);
    let unknown = view.overview().unknown_areas(&account.id);
    row.extend(areas.iter().map(|area| {
        if account.status == AccountStatus::Unreachable {
            return "?".to_owned();
        }
        let mark = if unknown.is_some_and(|areas| areas.contains(area)) { "?" } else { "" };
        match by_area.and_then(|areas| areas.get(area)) {
            Some(score) => format!("{score:.0}{mark}", score = score.floor()),
            None => "-".to_owned(),
        }
    }));
    row
}
