//! Text of unknown origin in Markdown, harmless in a table cell as in a paragraph.

use crate::visible::visible_start;

/// The most characters of a text that is shown as code.
const MAX_CODE: usize = 200;

/// A name as code. What cannot stand in a code span within a table is escaped text instead.
pub(in crate::report) fn code(text: &str) -> String {
    let shown = visible_start(text, MAX_CODE);
    if shown.trim().is_empty() {
        return "—".to_owned();
    }
    // A backtick ends the span, and no table lets a pipe stand behind a backslash.
    if shown.contains(['`', '|']) { escaped(&shown) } else { format!("`{shown}`") }
}

/// A message; what it quotes in backticks is shown as code.
pub(in crate::report) fn prose(text: &str, limit: usize) -> String {
    let shown = visible_start(text, limit);
    let parts: Vec<&str> = shown.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without a partner quotes nothing.
        return escaped(&shown);
    }
    let mut quoted = true;
    let shown = parts.into_iter().map(|part| {
        quoted = !quoted;
        if quoted { code(part) } else { escaped(part) }
    });
    shown.collect()
}

/// Visible text with everything escaped that Markdown, HTML or GitHub would obey.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let before_word = characters.peek().is_some_and(|next| !next.is_whitespace());
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '|' => shown.push_str("&#124;"),
            // A mention tells somebody, a number becomes the reference to an issue; neither within code.
            '@' | '#' if before_word => {
                shown.push('`');
                shown.push(character);
                shown.push('`');
            }
            // Within an address that GitHub would turn into a link.
            '.' | ':' if before_word => shown.extend(['\\', character]),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '~' | '^' | '$' => {
                shown.extend(['\\', character]);
            }
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code() {
        assert_eq!(code("customer-data"), "`customer-data`");
        assert_eq!(code("a|b"), "a&#124;b");
        assert_eq!(code("a`b"), "a\\`b");
        assert_eq!(code(" "), "—");
        assert_eq!(code("a\nb"), "`a\\nb`");
    }

    #[test]
    fn messages_quote_and_do_not_obey() {
        assert_eq!(prose("bucket `a_b` is *open*", 99), "bucket `a_b` is \\*open\\*");
        assert_eq!(prose("odd ` <img>", 99), "odd \\` &lt;img&gt;");
        assert_eq!(prose("[a](http://b.c)", 99), "\\[a\\]\\(http\\://b\\.c\\)");
        assert_eq!(prose("@all see #1", 99), "`@`all see `#`1");
        assert_eq!(prose("ends. So", 99), "ends. So");
    }
}
