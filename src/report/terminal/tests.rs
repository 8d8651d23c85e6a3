//! The report as a person reads it.

use super::*;
use crate::catalogue::{Area, Severity, Status};
use crate::engine::builtin;
use crate::score::assessment::Exception;
use crate::score::assessment::{
    Assessment,
    examples::{account, denied, organization, result, run},
};

fn render(assessment: &Assessment, look: Look) -> String {
    super::render(&AssessmentView::from(assessment), look)
}

fn plain(width: usize) -> String {
    render(&organization(), Look { width, ..Look::PLAIN })
}

#[test]
fn no_line_is_wider_than_the_page() {
    for width in [80, 100, 140] {
        for line in plain(width).lines() {
            let columns = line.chars().count();
            // Names and ARNs are never cut: a word may be wider than the page.
            assert!(columns <= width || !line.trim().contains(' '), "{columns} columns at {width}: {line}");
        }
    }
}

/// What is wide in one column must not make the others as long as it is wide.
#[test]
fn a_long_name_of_what_was_not_read_does_not_multiply() {
    let (wide, long) = ("o".repeat(4_000), "x".repeat(4_000));
    let mut assessment = organization();
    let account = assessment.accounts[0].id.clone();
    assessment.run.incomplete.push(denied(&account, &wide, None));
    let text = render(&assessment, Look { width: 80, ..Look::PLAIN });
    assert!(text.contains("oooo") && text.len() < 40_000, "{} bytes", text.len());

    let mut page = page::Page::new(Look { width: 80, ..Look::PLAIN });
    let columns = [page::Column::Fixed, page::Column::Number, page::Column::Rest];
    page.table(2, &columns, None, &[vec![wide.clone(), wide, long]]);
    let text = page.into_text();
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let colored = render(&organization(), Look { color: true, ..Look::PLAIN });
    assert!(colored.contains('\u{1b}'));
    let mut text = String::new();
    let mut characters = colored.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(character);
        }
    }
    assert_eq!(text, plain(100));
}

#[test]
fn the_worst_stands_first_and_nothing_that_could_not_be_read_is_missing() {
    let text = plain(100);
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("`{what}` is missing:\n{text}"));
    assert!(place("Accounts, worst first") < place("critical"));
    for gap in &organization().run.incomplete {
        place(&gap.code);
    }
}

#[test]
fn on_the_narrowest_page_no_word_of_the_accounts_table_is_broken() {
    let mut assessment = organization();
    let area = |number: usize| Area::ALL.get(number % Area::ALL.len()).copied().unwrap_or(Area::Buckets);
    let results = assessment.results.iter().cycle().take(40).cloned().enumerate();
    let results: Vec<_> = results
        .map(|(number, mut result)| {
            result.area = area(number);
            result.resource.id = format!("r{number}");
            result
        })
        .collect();
    assessment = Assessment::new(assessment.run, assessment.accounts, results);
    let text = render(&assessment, Look { width: 80, ..Look::PLAIN });
    let table = text.split("Accounts, worst first").nth(1).unwrap_or_default();
    let table = table.split("\n\n").next().unwrap_or_default();
    for word in ["suspended", "guardduty", "endpoints", "buckets", "events", "rules", "alarms", "macie"] {
        assert!(table.split_whitespace().any(|found| found == word), "`{word}` is broken:\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn names_of_checks_are_links_where_the_terminal_has_them_and_nothing_else_changes() {
    let linked = render(&organization(), Look { links: true, ..Look::PLAIN });
    assert!(!plain(100).contains('\u{1b}'));
    let mut parts = linked.split("\u{1b}]8;;");
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut addresses = Vec::new();
    for part in parts {
        let (address, rest) =
            part.split_once("\u{1b}\\").unwrap_or_else(|| panic!("a link without end: {part}"));
        addresses.push(address);
        text.push_str(rest);
    }
    assert_eq!(text, plain(100));
    assert!(addresses.len() > 1 && addresses.len().is_multiple_of(2), "{addresses:?}");
    for pair in addresses.chunks(2) {
        assert!(pair[0].starts_with("https://") && pair[1].is_empty(), "{pair:?}");
    }
}

/// Three hundred accounts in which every check fails, cannot be determined and is accepted, and much could not be read.
#[test]
fn a_large_organization_fits_on_two_screens_and_says_how_to_see_more() {
    let ids: Vec<String> = (0..300).map(|number| format!("{:012}", 100_000_000_000_u64 + number)).collect();
    let checks: Vec<String> = builtin()
        .iter()
        .filter(|source| !source.is_test())
        .filter_map(|source| {
            source.path.rsplit('/').next().map(|name| name.replace(".rego", "").replace('_', "-"))
        })
        .collect();
    assert!(checks.len() > 40, "{checks:?}");
    let mut results = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        for (place, check) in checks.iter().enumerate() {
            let status = [Status::Fail, Status::Unknown, Status::Excepted][(number + place) % 3];
            let severity = Severity::WORST_FIRST[place % 5];
            let mut one =
                result(check, severity, status, &format!("a-resource-with-a-name-{number}-{place}"));
            one.account_id.clone_from(id);
            one.message = format!("{} {}", one.message, "and explains it at length, ".repeat(10));
            one.exception = (status == Status::Excepted).then(|| Exception {
                reason: "accepted until it is migrated".to_owned(),
                owner: "data platform".to_owned(),
                expires: "2027-06-30".to_owned(),
            });
            results.push(one);
        }
    }
    let mut run = run();
    run.incomplete = ids
        .iter()
        .flat_map(|id| {
            ["s3:GetBucketPolicy", "sns:GetTopicAttributes", "kms:GetKeyPolicy"]
                .map(|name| denied(id, name, None))
        })
        .collect();
    let assessment = Assessment::new(run, ids.iter().map(|id| account(id)).collect(), results);
    for (width, most) in [(80, 170), (100, 145), (160, 140)] {
        let text = render(&assessment, Look { width, ..Look::PLAIN });
        let lines = text.lines().count();
        assert!(lines <= most, "{lines} lines of {width} columns:\n{text}");
        for more in ["--output html=FILE", "--output json=FILE", "… and"] {
            assert!(text.contains(more), "`{more}` is missing:\n{text}");
        }
    }
}
