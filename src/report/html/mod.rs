//! The assessment as one HTML file: opens from disk, asks no network, and obeys a strict Content-Security-Policy.
//!
//! What a security lead looks at is in the markup and readable without script: score, heat map, what to mend, exceptions
//! and what could not be read. Findings and the matrix are many; the script shows them from a JSON data block, in chunks,
//! and makes nothing but text nodes of it. The policy allows exactly this script and this style, by their hashes.

mod changes;
mod data;
mod limits;
mod sections;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::score::assessment::Assessment;

/// The page's style.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page's script.
const SCRIPT: &str = include_str!("page.js");

/// Writes an assessment as a page, ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render(assessment: &Assessment) -> Result<String, serde_json::Error> {
    // A browser hashes what it parsed, with line feeds alone.
    let (style, script) = (STYLE.replace('\r', ""), SCRIPT.replace('\r', ""));
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(&script),
        hash(&style)
    );
    let data = data::block(assessment)?;
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
                title { (sections::title(assessment)) }
                style { (PreEscaped(&style)) }
            }
            body {
                a.skip href="#findings-title" { "Skip to the findings" }
                (sections::header(assessment))
                main {
                    (sections::standing(assessment))
                    (changes::changes(assessment))
                    (sections::mend_first(assessment))
                    (sections::heat_map(assessment))
                    (sections::matrix(assessment))
                    (limits::exceptions(assessment))
                    (limits::gaps(assessment))
                    (sections::findings(assessment))
                    (limits::run(assessment))
                }
                script type="application/json" id="data" { (PreEscaped(&data)) }
                script { (PreEscaped(&script)) }
            }
        }
    };
    Ok(page.into_string() + "\n")
}

/// The source expression of an inline script or style.
pub(super) fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests;
