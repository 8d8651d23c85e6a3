//! The book in `docs/`: mdBook builds it, every page is in it, and every link leads somewhere.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;
use pulldown_cmark::{Event, Parser, Tag};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn links(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let links = Parser::new(&text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
        _ => None,
    });
    links.collect()
}

#[test]
fn the_book_builds() {
    let book = MDBook::load(root().join("docs")).unwrap();
    let titles: Vec<&str> = book.book.chapters().map(|chapter| chapter.name.as_str()).collect();
    assert!(titles.len() > 55, "{titles:?}");
    let mut config = book.config.clone();
    let folder = tempfile::tempdir().unwrap();
    config.build.build_dir = folder.path().to_path_buf();
    MDBook::load_with_config(root().join("docs"), config).unwrap().build().unwrap();
    for page in ["index.html", "getting-started.html", "checks/object-reads-logged.html"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains("<main>"), "{page}");
    }
}

#[test]
fn every_page_is_in_the_book() {
    let docs = root().join("docs");
    let listed: BTreeSet<PathBuf> =
        links(&docs.join("SUMMARY.md")).iter().map(|link| docs.join(link)).collect();
    let mut found = Vec::new();
    pages(&docs, &mut found);
    let found: BTreeSet<PathBuf> = found.into_iter().filter(|page| !page.ends_with("SUMMARY.md")).collect();
    assert_eq!(listed, found);
}

#[test]
fn every_link_leads_to_a_file() {
    let mut all = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for folder in ["docs", "deploy", "checks"] {
        pages(&root().join(folder), &mut all);
    }
    for page in all {
        for link in links(&page) {
            let target = link.split('#').next().unwrap();
            if link.contains("://") || link.starts_with("mailto:") || target.is_empty() {
                continue;
            }
            let file = page.parent().unwrap().join(target);
            assert!(file.exists(), "{}: `{link}` leads nowhere", page.display());
        }
    }
}
