//! Puts the rows of the parts of a window together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::calls::Row;
use super::text::Merge;

/// The groups of all parts, each once. Every field must have a way to be put together.
#[must_use]
pub fn groups(parts: Vec<Row>, fields: &[(String, Merge)]) -> Vec<Row> {
    let mut merged: BTreeMap<Vec<Option<String>>, Row> = BTreeMap::new();
    for row in parts {
        let group = fields.iter().filter(|(_, merge)| *merge == Merge::Group);
        let group = group.map(|(name, _)| row.get(name).cloned()).collect();
        match merged.entry(group) {
            Entry::Vacant(place) => _ = place.insert(row),
            Entry::Occupied(mut place) => {
                for (name, merge) in fields {
                    let both = together(*merge, place.get().get(name), row.get(name));
                    if let Some(both) = both {
                        place.get_mut().insert(name.clone(), both);
                    }
                }
            }
        }
    }
    merged.into_values().collect()
}

/// A value of two; one that is missing does not count.
fn together(merge: Merge, one: Option<&String>, other: Option<&String>) -> Option<String> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other).cloned() };
    Some(match merge {
        Merge::Count | Merge::Sum => add(a, b),
        Merge::Least if less(b, a) => b.clone(),
        Merge::Greatest if less(a, b) => b.clone(),
        Merge::Least | Merge::Greatest | Merge::Group | Merge::Unknowable => a.clone(),
    })
}

fn add(a: &str, b: &str) -> String {
    match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(a), Ok(b)) => a.saturating_add(b).to_string(),
        _ => {
            let number = |text: &str| text.parse::<f64>().unwrap_or_default();
            (number(a) + number(b)).to_string()
        }
    }
}

fn less(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => a < b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pairs: &[(&str, &str)]) -> Row {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn groups_of_parts_become_those_of_the_window() {
        let fields =
            [("n", Merge::Sum), ("first", Merge::Least), ("last", Merge::Greatest), ("who", Merge::Group)]
                .map(|(name, merge)| (name.to_owned(), merge));
        let merged = groups(
            vec![
                row(&[("n", "1"), ("first", "b"), ("last", "b"), ("who", "x")]),
                row(&[("n", "5"), ("first", "c"), ("last", "c")]),
                row(&[("n", "2.5"), ("first", "a"), ("last", "a"), ("who", "x")]),
                row(&[("n", "7"), ("last", "10")]),
            ],
            &fields,
        );
        assert_eq!(
            merged,
            [
                row(&[("n", "12"), ("first", "c"), ("last", "c")]),
                row(&[("n", "3.5"), ("first", "a"), ("last", "b"), ("who", "x")]),
            ],
            "a group without a value is a group of its own"
        );
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(
            together(Merge::Greatest, Some(&"9".to_owned()), Some(&"10".to_owned())),
            Some("10".to_owned())
        );
        assert_eq!(together(Merge::Count, None, Some(&"1".to_owned())), Some("1".to_owned()));
    }
}
