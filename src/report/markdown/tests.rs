#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::*;
use crate::score::assessment::examples::{account, organization, result, run};

fn render(assessment: &Assessment) -> String {
    super::render(&AssessmentView::from(assessment)).unwrap()
}

/// What an independent reader makes of the report: rows of table cells, and everything that is more than text.
fn read(page: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut rows, mut active) = (Vec::new(), Vec::new());
    for event in
        Parser::new_ext(page, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM)
    {
        match event {
            Event::Start(Tag::TableRow | Tag::TableHead) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => rows.last_mut().unwrap().push(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = rows.last_mut().and_then(|row: &mut Vec<String>| row.last_mut()) {
                    cell.push_str(&text);
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => active.push(html.trim().to_owned()),
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_) | Tag::Emphasis) => {
                active.push(format!("{event:?}"));
            }
            _ => {}
        }
    }
    (rows, active)
}

#[test]
fn the_organization_is_told_in_tables() {
    let page = render(&organization());
    assert!(page.starts_with("# exfilguard: "), "{page}");
    assert!(page.contains("> This audit is incomplete"), "{page}");
    let (rows, active) = read(&page);
    assert_eq!(active, Vec::<String>::new());
    let row = rows.iter().find(|row| row.len() == 5 && row[3] == "bucket site").unwrap();
    assert_eq!(row[0], "critical");
    assert_eq!(row[1], "111122223333 production");
    assert!(rows.iter().any(|row| row.iter().any(|cell| cell.contains("the account could not be entered"))));
    assert!(page.contains("missing permission"), "{page}");
    assert!(page.contains("| 2027-06-30 | web team |"), "{page}");
}

#[test]
fn nothing_failed_is_said_only_as_far_as_is_known() {
    let clean = Assessment::new(run(), vec![account("111122223333")], Vec::new());
    assert!(render(&clean).contains("Nothing failed."));
    let mut blind = organization();
    blind.results.clear();
    assert!(render(&blind).contains("Nothing that could be read failed."));
}

#[test]
fn a_large_organization_is_cut_at_the_end_and_the_rest_is_counted() {
    let mut results = Vec::new();
    for number in 0..20_000 {
        let mut one =
            result("bucket-requires-tls", Severity::Medium, Status::Fail, &format!("bucket-{number}"));
        one.message = "x".repeat(300);
        results.push(one);
    }
    results.push(result("bucket-not-public", Severity::Critical, Status::Fail, "zz-the-worst"));
    let long = "y`<|".repeat(1 << 14);
    for _ in 0..200 {
        results.push(result("bucket-not-public", Severity::Critical, Status::Unknown, &long));
    }
    let page = render(&Assessment::new(run(), vec![account("111122223333")], results));
    assert!(page.len() <= MAX_BYTES, "{}", page.len());
    let (rows, active) = read(&page);
    assert_eq!(active.first().unwrap(), "<details><summary>19976 more</summary>");
    assert!(active.iter().all(|html| html.starts_with("<details><summary>") || html == "</details>"));
    let first = rows.iter().position(|row| row.iter().any(|cell| cell.contains("zz-the-worst"))).unwrap();
    let other = rows.iter().position(|row| row.iter().any(|cell| cell == "bucket bucket-0")).unwrap();
    assert!(first < other);
    let shown = page.matches("bucket `bucket-").count();
    assert!(page.contains(&format!("… and {} more results left out", 20_001 - shown - 1)), "{shown}");
}

proptest! {
    // A page is large and slow to make in a test build.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_resource_is_called_it_stays_text(
        name in "[`|\\\\<>&*_~!@#:.wh/a\\[\\]()\\n\\r\\t\u{0}\u{1b}\u{202e}🙂-]{0,30}",
        message in "([`|\\\\<>&*_~!@#\\[\\]() a\\n]|<script>|https://a.b|www.a.b|<!--|\\]\\]>){0,20}",
    ) {
        let mut failing = result("bucket-not-public", Severity::Critical, Status::Fail, &name);
        failing.message = message;
        let mut owner = account("111122223333");
        owner.name = name;
        let page = render(&Assessment::new(run(), vec![owner], vec![failing]));
        let (rows, active) = read(&page);
        prop_assert!(active.is_empty(), "{:?} in {}", active, page);
        let widths: Vec<usize> = rows.iter().map(Vec::len).collect();
        prop_assert_eq!(widths, [6, 6, 2, 2, 5, 5, 5, 5], "{}", page);
    }
}
