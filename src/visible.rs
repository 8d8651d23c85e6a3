//! Text of unknown origin made safe to show: what a terminal would obey or a reader would not see is written out.
//!
//! Names of AWS resources, policy documents and error messages are chosen by others. An escape sequence in a tag must
//! not clear the auditor's screen, and a bidirectional override must not turn a name round.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character written out (`\n`, `\u{1b}`) that [`is_hidden`].
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "{}", hidden.escape_unicode());
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// At most `limit` characters of [`visible`] text, the last of them `…` if something was cut off.
#[must_use]
pub fn visible_start(text: &str, limit: usize) -> String {
    // No character is shown shorter than it is, so that more need not be looked at.
    let (start, cut) = match text.char_indices().nth(limit) {
        Some((end, _)) => (text.get(..end).unwrap_or_default(), true),
        None => (text, false),
    };
    let shown = visible(start);
    if !cut && shown.chars().count() <= limit {
        return shown.into_owned();
    }
    let mut shown: String = shown.chars().take(limit.saturating_sub(1)).collect();
    shown.push('…');
    shown
}

/// Whether a character is a control character, changes the direction of text, has no width, ends a line, or is no
/// character at all (which XML does not allow either).
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'                    // soft hyphen
            | '\u{61c}'                 // Arabic letter mark
            | '\u{180e}'                // Mongolian vowel separator
            | '\u{200b}'                // zero width space
            | '\u{200e}' | '\u{200f}'   // left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202e}'   // line and paragraph separators, bidirectional embeddings and overrides
            | '\u{2060}'..='\u{206f}'   // word joiner, invisible operators, bidirectional isolates
            | '\u{feff}'                // byte order mark
            | '\u{fff9}'..='\u{fffb}'   // interlinear annotations
            | '\u{fdd0}'..='\u{fdef}'   // noncharacters
            | '\u{e0000}'..='\u{e007f}' // tags
        )
        || u32::from(character) & 0xfffe == 0xfffe // noncharacters at the end of each plane
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in
            ["customer-data", "Größe €", "数据", "🙂", "مرحبا", "a & b < c ]]>", "=1+1", "%0A::error::"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        assert_eq!(visible("a\x1b[2Jb\u{7}"), "a\\u{1b}[2Jb\\u{7}");
        assert_eq!(visible("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(visible("one\ntwo\r\tthree\0"), "one\\ntwo\\r\\tthree\\u{0}");
    }

    #[test]
    fn what_turns_or_hides_text_is_written_out() {
        assert_eq!(visible("nimda\u{202e}admin"), "nimda\\u{202e}admin");
        assert_eq!(visible("a\u{2066}b\u{200b}c\u{feff}"), "a\\u{2066}b\\u{200b}c\\u{feff}");
        assert_eq!(visible("\u{ffff}\u{1fffe}\u{fdd0}"), "\\u{ffff}\\u{1fffe}\\u{fdd0}");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(visible_start("größer", 6), "größer");
        assert_eq!(visible_start("größere", 6), "größe…");
        assert_eq!(visible_start("\x1b\x1b\x1b", 6), "\\u{1b…");
        assert_eq!(visible_start(&"x".repeat(1 << 20), 3), "xx…");
        assert_eq!(visible_start("", 3), "");
    }
}
