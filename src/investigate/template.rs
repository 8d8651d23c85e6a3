//! The notation of the hunts' texts: `:name` is a placeholder, `[[…]]` stands only if all of its placeholders have values.
//!
//! Neither is looked for within quotes or comments, and `::` is no placeholder.

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stays as it is.
    Text(&'t str),
    /// A placeholder's name.
    Placeholder(&'t str),
    /// `[[`.
    Open,
    /// `]]`.
    Close,
}

/// Takes a text apart.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (piece, length) = next(rest);
        if let Some(piece) = piece {
            found.push(Piece::Text(&text[plain..at]));
            found.push(piece);
            plain = at + length;
        }
        at += length;
    }
    found.push(Piece::Text(&text[plain..]));
    found.retain(|piece| *piece != Piece::Text(""));
    found
}

/// What a text begins with, and its length in bytes: something of the notation, or plain text.
fn next(rest: &str) -> (Option<Piece<'_>>, usize) {
    let through = |end: &str, skip: usize| {
        rest.get(skip..)
            .and_then(|inner| inner.find(end))
            .map_or(rest.len(), |found| skip + found + end.len())
    };
    match rest.as_bytes() {
        [b'\'', ..] => (None, through("'", 1)),
        [b'"', ..] => (None, through("\"", 1)),
        [b'-', b'-', ..] => (None, through("\n", 2)),
        [b'/', b'*', ..] => (None, through("*/", 2)),
        [b'[', b'[', ..] => (Some(Piece::Open), 2),
        [b']', b']', ..] => (Some(Piece::Close), 2),
        [b':', b':', ..] => (None, 2),
        [b':', first, ..] if first.is_ascii_lowercase() => {
            let name = rest.get(1..).unwrap_or_default();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let end = name.find(|c: char| !plain(c)).unwrap_or(name.len());
            (Some(Piece::Placeholder(&name[..end])), end + 1)
        }
        _ => (None, rest.chars().next().map_or(1, char::len_utf8)),
    }
}

/// The names of a text's placeholders, each once, in order.
///
/// # Errors
/// A `[[` without its `]]`, one within another, or one without a placeholder.
pub(super) fn placeholders(text: &str) -> Result<Vec<String>, String> {
    let (mut names, mut optional) = (Vec::<String>::new(), None);
    for piece in pieces(text) {
        match (piece, optional) {
            (Piece::Text(_), _) => {}
            (Piece::Placeholder(name), _) => {
                optional = optional.map(|_| true);
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
            (Piece::Open, None) => optional = Some(false),
            (Piece::Close, Some(true)) => optional = None,
            (Piece::Open, Some(_)) => return Err("`[[` stands within `[[`".to_owned()),
            (Piece::Close, Some(false)) => return Err("`[[…]]` has no placeholder".to_owned()),
            (Piece::Close, None) => return Err("`]]` has no `[[`".to_owned()),
        }
    }
    if optional.is_some() { Err("`[[` has no `]]`".to_owned()) } else { Ok(names) }
}

/// The text and placeholders that remain when some placeholders have values: an optional part without them is left out.
pub(super) fn resolve(text: &str, has: impl Fn(&str) -> bool) -> Vec<Piece<'_>> {
    let (mut kept, mut optional) = (Vec::new(), None::<Vec<Piece<'_>>>);
    for piece in pieces(text) {
        match piece {
            Piece::Open => optional = Some(Vec::new()),
            Piece::Close => {
                let part = optional.take().unwrap_or_default();
                let given = |piece: &Piece<'_>| !matches!(piece, Piece::Placeholder(name) if !has(name));
                if part.iter().all(given) {
                    kept.extend(part);
                }
            }
            piece => optional.as_mut().unwrap_or(&mut kept).push(piece),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn shown(text: &str, given: &[&str]) -> String {
        let show = |piece: Piece<'_>| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Placeholder(name) => format!("<{name}>"),
            Piece::Open | Piece::Close => unreachable!(),
        };
        resolve(text, |name| given.contains(&name)).into_iter().map(show).collect()
    }

    #[test]
    fn placeholders_are_found_but_not_in_quotes_comments_or_casts() {
        let text =
            "SELECT ':a', \":b\", x::text -- :c\n /* :d */ FROM t WHERE a = :from_day AND b=:to2,'é' :E";
        assert_eq!(placeholders(text).unwrap(), ["from_day", "to2"]);
        assert_eq!(placeholders("r.type = 'AWS::S3::Bucket' AND :x = ':it''s :not' AND :x").unwrap(), ["x"]);
    }

    #[test]
    fn optional_parts_stand_only_with_all_their_values() {
        let text = "a[[ AND b IN (:b)]][[ AND c = :c OR :d]]";
        assert_eq!(shown(text, &["b", "c"]), "a AND b IN (<b>)");
        assert_eq!(shown(text, &["c", "d"]), "a AND c = <c> OR <d>");
        assert_eq!(shown(text, &[]), "a");
    }

    #[test]
    fn what_is_open_must_be_closed() {
        for (text, why) in [
            ("[[ :a", "has no `]]`"),
            (":a ]]", "has no `[["),
            ("[[ a ]]", "no placeholder"),
            ("[[ :a [[ :b ]] ]]", "within"),
        ] {
            assert!(placeholders(text).unwrap_err().contains(why), "{text}");
        }
        assert_eq!(placeholders("'[[ :a'").unwrap(), [""; 0]);
        assert_eq!(placeholders("'open :a").unwrap(), [""; 0]);
    }
}
