//! Parts of a window of time, in whole seconds as CloudTrail's records have them.

use jiff::Timestamp;

/// A window or a part of one: `from` is in it, `to` no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first second.
    pub from: i64,
    /// The second after the last.
    pub to: i64,
}

impl Window {
    /// The window between two moments.
    #[must_use]
    pub fn between(from: Timestamp, to: Timestamp) -> Self {
        Self { from: from.as_second(), to: to.as_second() }
    }

    /// At least two parts of it, in order, that have each second once; none if it is of one second.
    #[must_use]
    pub fn split(self, parts: u64) -> Option<Vec<Self>> {
        let seconds = self.to.saturating_sub(self.from);
        if seconds < 2 {
            return None;
        }
        let parts = i64::try_from(parts).unwrap_or(i64::MAX).clamp(2, seconds);
        // The first `longer` parts have one second more.
        let (length, longer) = (seconds / parts, seconds % parts);
        let mut from = self.from;
        let part = |index: i64| {
            let to = from + length + i64::from(index < longer);
            let part = Self { from, to };
            from = to;
            part
        };
        Some((0..parts).map(part).collect())
    }

    /// The first second as a moment.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        Timestamp::from_second(self.from).unwrap_or(Timestamp::MIN)
    }

    /// The second after the last as a moment.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_second(self.to).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_second_is_in_one_part(from in -1000_i64..1000, seconds in 2_i64..500, parts in 0_u64..600) {
            let window = Window { from, to: from + seconds };
            let split = window.split(parts).unwrap();
            prop_assert!(split.len() >= 2);
            prop_assert_eq!(split.first().unwrap().from, window.from);
            prop_assert_eq!(split.last().unwrap().to, window.to);
            prop_assert!(split.iter().all(|part| part.from < part.to));
            prop_assert!(split.windows(2).all(|pair| pair[0].to == pair[1].from));
        }
    }

    #[test]
    fn a_second_has_no_parts() {
        assert_eq!(Window { from: 5, to: 6 }.split(2), None);
    }
}
