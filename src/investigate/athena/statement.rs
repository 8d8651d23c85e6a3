//! What Athena can bind: "currently, ? parameters can be placed only in the WHERE clause", and a value has at most 1,024
//! characters (<https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html>,
//! <https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html>). Any other value is written where it
//! stands, as a literal: it is a number or a text of a closed alphabet, in quotes.

use crate::investigate::binding::BoundSql;

/// The longest value that is bound, in characters.
const LONGEST_VALUE: usize = 1024;

/// Words that begin another part of a query than its `WHERE` clause.
const OTHER_CLAUSES: [&str; 14] = [
    "SELECT",
    "FROM",
    "JOIN",
    "ON",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "WITH",
    "WINDOW",
];

/// The text with `?` for what Athena binds, and the values of these as SQL literals.
#[must_use]
pub fn bind_what_can_be(sql: &BoundSql) -> (String, Vec<String>) {
    let mut values = sql.values.iter();
    let (mut text, mut bound) = (String::with_capacity(sql.text.len()), Vec::new());
    // Whether this is within a WHERE clause, at each depth of parentheses.
    let mut in_where = vec![false];
    let mut rest = sql.text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest);
        let (token, behind) = rest.split_at(length);
        rest = behind;
        match first {
            '(' => in_where.push(in_where.last().copied().unwrap_or_default()),
            ')' if in_where.len() > 1 => _ = in_where.pop(),
            '?' => {
                let literal = values.next().map(crate::investigate::BoundValue::literal).unwrap_or_default();
                if in_where.last().copied().unwrap_or_default() && literal.len() <= LONGEST_VALUE {
                    text.push('?');
                    bound.push(literal);
                } else {
                    text.push_str(&literal);
                }
                continue;
            }
            _ => {
                let word = token.to_ascii_uppercase();
                let now = word == "WHERE";
                if let Some(place) =
                    in_where.last_mut().filter(|_| now || OTHER_CLAUSES.contains(&word.as_str()))
                {
                    *place = now;
                }
            }
        }
        text.push_str(token);
    }
    (text, bound)
}

/// The length of what a text begins with: a quoted text, a comment, a word, or one character.
fn token_length(rest: &str) -> usize {
    let through = |end: &str, skip: usize| {
        let inner = rest.get(skip..).unwrap_or_default();
        inner.find(end).map_or(rest.len(), |found| skip + found + end.len())
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    match rest.as_bytes() {
        [b'\'', ..] => through("'", 1),
        [b'"', ..] => through("\"", 1),
        [b'-', b'-', ..] => through("\n", 2),
        [b'/', b'*', ..] => through("*/", 2),
        _ if rest.starts_with(is_word) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
        _ => rest.chars().next().map_or(rest.len(), char::len_utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::investigate::BoundValue;

    fn bound(text: &str, values: &[&str]) -> (String, Vec<String>) {
        let values = values.iter().map(|value| BoundValue::Text((*value).to_owned())).collect();
        bind_what_can_be(&BoundSql { text: text.to_owned(), values })
    }

    #[test]
    fn values_are_bound_within_where_and_written_elsewhere() {
        let (text, values) = bound(
            "WITH a AS (SELECT ? AS x, '?' AS y -- ? (\n FROM t WHERE d = ? AND (e IN (?, ?) OR f = 'it''s ?')) \
             SELECT CASE WHEN x = ? THEN 1 END FROM a JOIN b ON a.x = ? WHERE x = (SELECT max(?) FROM c WHERE g > ?) AND h = ? \
             ORDER BY x LIMIT ?",
            &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"],
        );
        assert_eq!(
            text,
            "WITH a AS (SELECT '1' AS x, '?' AS y -- ? (\n FROM t WHERE d = ? AND (e IN (?, ?) OR f = 'it''s ?')) \
             SELECT CASE WHEN x = '5' THEN 1 END FROM a JOIN b ON a.x = '6' WHERE x = (SELECT max('7') FROM c WHERE g > ?) \
             AND h = ? ORDER BY x LIMIT '10'"
        );
        assert_eq!(values, ["'2'", "'3'", "'4'", "'8'", "'9'"]);
    }

    #[test]
    fn long_values_and_numbers_are_literals_of_their_own() {
        let long = "x".repeat(1023);
        assert_eq!(bound("WHERE a = ?", &[&long]), (format!("WHERE a = '{long}'"), vec![]));
        let number = BoundSql {
            text: "WHERE a = ? LIMIT ?".to_owned(),
            values: vec![BoundValue::Integer(5), BoundValue::Integer(6)],
        };
        assert_eq!(bind_what_can_be(&number), ("WHERE a = ? LIMIT 6".to_owned(), vec!["5".to_owned()]));
    }
}
