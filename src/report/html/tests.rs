#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;
use serde_json::Value;

use super::frame::hash;
use super::*;
use crate::catalogue::{Severity, Status};
use crate::score::assessment::examples::{account, organization, result, run};

/// The text between the only `start` and the next `end`.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    assert_eq!(page.matches(start).count(), 1, "{start}");
    page.split_once(start).unwrap().1.split_once(end).unwrap().0
}

fn block(page: &str) -> Value {
    serde_json::from_str(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"))
        .unwrap()
}

/// The elements of the page in order, as a reader that knows no script sees them.
fn elements(page: &str) -> Vec<&str> {
    let markup = page.split("<script").next().unwrap();
    markup.split('<').skip(1).map(|tag| tag.split([' ', '>', '/']).next().unwrap()).collect()
}

#[test]
fn the_policy_allows_exactly_the_script_and_the_style_of_the_page() {
    let page = render(&organization()).unwrap();
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"").to_owned();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(policy.contains(&hash(between(&page, "<style>", "</style>"))), "{policy}");
    assert!(policy.contains(&hash(between(&page, "<script>", "</script>"))), "{policy}");
    assert_eq!(page.matches("<script").count(), 2);
    for outside in [" src=", " style=", " onclick=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_page_holds_every_result_and_what_was_not_seen() {
    let assessment = organization();
    let page = render(&assessment).unwrap();
    let data = block(&page);
    let results = data["results"].as_array().unwrap();
    assert_eq!(results.len(), assessment.results.len() + 1);
    let check = |result: &Value| {
        data["checks"][usize::try_from(result[1].as_u64().unwrap()).unwrap()]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(check(&results[0]), "bucket-not-public");
    assert_eq!(check(&results[2]), "account-not-audited");
    assert_eq!(results[0][9]["evidence"][0][3], "\"*\"");
    for part in [
        "could not be entered",
        "suspended",
        "219 days left",
        "s3:GetBucketPolicy",
        "web team",
        "Incomplete.",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn evidence_of_what_passes_is_left_out_when_there_is_much() {
    let results: Vec<_> = (0..=data::ALL_EVIDENCE)
        .map(|number| {
            let mut one =
                result("bucket-not-public", Severity::Critical, Status::Pass, &format!("b{number}"));
            one.witness = serde_json::json!({"a": 1});
            one
        })
        .collect();
    let page = render(&Assessment::new(run(), vec![account("111122223333")], results)).unwrap();
    assert!(page.contains("left out here, as there are many"));
    assert!(block(&page)["results"][0][9].get("witness").is_none());
}

proptest! {
    // A page is large and slow to make in a test build.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_resource_is_called_no_element_is_added(
        hostile in "(</script>|<!--|-->|\\]\\]>|<img src=x onerror=alert\\(1\\)>|[\"'&<>`\u{0}\u{1b}\u{202e}\u{2028}🙂é= \\n]){0,12}",
    ) {
        let of = |text: &str| {
            let mut failing = result("my-own-check", Severity::Critical, Status::Fail, text);
            failing.message = text.to_owned();
            failing.region = Some(text.to_owned());
            failing.resource.arn = Some(text.to_owned());
            failing.witness = serde_json::json!({ text: text });
            let mut owner = account("111122223333");
            owner.name = format!("x{text}");
            let mut run = run();
            run.organization_id = Some(text.to_owned());
            run.regions = vec![text.to_owned()];
            Assessment::new(run, vec![owner], vec![failing])
        };
        let page = render(&of(&hostile)).unwrap();
        let harmless = render(&of("a")).unwrap();
        prop_assert_eq!(elements(&page), elements(&harmless));
        prop_assert_eq!(page.matches("</script>").count(), 2);
        prop_assert!(!page.contains("<!--"));
        prop_assert!(page.chars().all(|c| c == '\n' || !crate::visible::is_hidden(c)));
        let data = block(&page);
        let shown = crate::visible::visible(&hostile).into_owned();
        prop_assert_eq!(data["results"][0][7].as_str().unwrap(), shown);
    }
}
