//! The report as a person reads it.

use super::*;
use crate::score::assessment::Assessment;
use crate::score::assessment::examples::organization;

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
