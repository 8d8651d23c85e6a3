//! The assessment as one HTML file: opens from disk, asks no network, and obeys a strict Content-Security-Policy.
//!
//! What a security lead looks at is in the markup and readable without script: score, heat map, what to mend, exceptions
//! and what could not be read. Findings and the matrix are many; the script shows them from a JSON data block, in chunks,
//! and makes nothing but text nodes of it. The policy allows exactly this script and this style, by their hashes.

mod changes;
mod data;
mod frame;
mod limits;
mod sections;

use maud::html;

pub(super) use self::frame::{Frame, Script, initial, page, rich};
use crate::score::assessment::Assessment;

/// The page's script.
const SCRIPT: &str = include_str!("page.js");

/// Writes an assessment as a page, ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render(assessment: &Assessment) -> Result<String, serde_json::Error> {
    let data = data::block(assessment)?;
    let frame = Frame {
        title: sections::title(assessment),
        class: "",
        style: "",
        script: Some(Script { code: SCRIPT, data: &data }),
        brand: sections::brand(assessment),
        links: &sections::links(assessment),
        skip: ("#findings-title", "Skip to the findings"),
    };
    let main = html! {
        (sections::standing(assessment))
        (changes::changes(assessment))
        (sections::mend_first(assessment))
        (sections::heat_map(assessment))
        (sections::matrix(assessment))
        (limits::exceptions(assessment))
        (limits::gaps(assessment))
        (sections::findings(assessment))
        (limits::run(assessment))
    };
    Ok(page(&frame, &main))
}

#[cfg(test)]
mod tests;
