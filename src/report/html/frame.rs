//! What every HTML page has around its content: a head whose Content-Security-Policy allows the page its own style and
//! script, by their hashes, and nothing else; and a bar with the links to its sections. And the ways in which text of
//! unknown origin is put into a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::simulate::Outcome;
use crate::visible::visible;

/// The style that all pages share.
const STYLE: &str = include_str!("page.css");

/// A page without its content.
pub(in crate::report) struct Frame<'a> {
    /// The title of the window.
    pub title: String,
    /// The class of the body, for a page with a style of its own.
    pub class: &'a str,
    /// What this page's style has besides the shared one.
    pub style: &'a str,
    /// The page's script and the data block that it reads; without it nothing runs.
    pub script: Option<Script<'a>>,
    /// What stands in the bar beside the program's name.
    pub brand: Markup,
    /// The sections: where, what, and whether the page has it.
    pub links: &'a [(&'a str, &'a str, bool)],
    /// Where the link leads that a keyboard meets first, and what it says.
    pub skip: (&'a str, &'a str),
}

/// A script and what it shows.
pub(in crate::report) struct Script<'a> {
    /// The script.
    pub code: &'a str,
    /// JSON in which nothing ends a script element.
    pub data: &'a str,
}

/// The whole page, ended by a line feed.
pub(in crate::report) fn page(frame: &Frame<'_>, main: &Markup) -> String {
    // A browser hashes what it parsed, with line feeds alone.
    let style = format!("{STYLE}{}", frame.style).replace('\r', "");
    let code = frame.script.as_ref().map(|script| script.code.replace('\r', ""));
    let mut policy =
        format!("default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'", hash(&style));
    if let Some(code) = &code {
        policy = format!(
            "{policy}; script-src '{}'; require-trusted-types-for 'script'; trusted-types 'none'",
            hash(code)
        );
    }
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                meta name="generator" content="exfilguard";
                title { (frame.title) }
                style { (PreEscaped(&style)) }
            }
            body class=[Some(frame.class).filter(|class| !class.is_empty())] {
                a.skip href=(frame.skip.0) { (frame.skip.1) }
                header.top {
                    div.brand { strong { "exfilguard" } (frame.brand) }
                    nav aria-label="Sections" {
                        @for (link, text, shown) in frame.links { @if *shown { a href=(link) { (text) } } }
                    }
                }
                main { (main) }
                @if let (Some(script), Some(code)) = (&frame.script, &code) {
                    script type="application/json" id="data" { (PreEscaped(script.data)) }
                    script { (PreEscaped(code)) }
                }
            }
        }
    };
    page.into_string() + "\n"
}

/// The source expression of an inline script or style.
pub(super) fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// A sentence of ours with names of unknown origin: what it quotes in backticks is shown as code. Where they do not come
/// in pairs, a name has one, and nothing is.
pub(in crate::report) fn rich(text: &str) -> Markup {
    let shown = visible(text);
    let parts: Vec<&str> = shown.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html! { (shown) };
    }
    html! { @for (place, part) in parts.iter().enumerate() { @if place % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// What stands in a cell of the matrix: there is no room for the word.
pub(in crate::report) fn initial(outcome: Outcome) -> String {
    outcome.to_string().chars().take(1).flat_map(char::to_uppercase).collect()
}
