//! Critical values: for each field, the finitely many values that tell all selectors apart (`aws-semantics.md` 3.6).
//!
//! Selectors compare a field as a whole, from its start or from its end. What they say of a value depends only on which
//! literals it equals, the longest literal that it starts with, and the longest that it ends with. So the literals
//! themselves, and every start joined to every end by a character that stands in no literal, represent all values.

use std::collections::BTreeSet;

use crate::semantics::configuration::FieldSelector;

/// The literals that selectors compare one field with.
#[derive(Debug, Default)]
pub struct Literals<'a> {
    equal: BTreeSet<&'a str>,
    starts: BTreeSet<&'a str>,
    ends: BTreeSet<&'a str>,
}

impl<'a> Literals<'a> {
    /// Adds those of an advanced selector's condition.
    pub fn add(&mut self, field: &'a FieldSelector) {
        self.equal.extend(field.equals.iter().chain(&field.not_equals).map(String::as_str));
        self.starts.extend(field.starts_with.iter().chain(&field.not_starts_with).map(String::as_str));
        self.ends.extend(field.ends_with.iter().chain(&field.not_ends_with).map(String::as_str));
    }

    /// Adds a prefix, as basic selectors have them.
    pub fn add_start(&mut self, start: &'a str) {
        self.starts.insert(start);
    }

    /// How many values [`Self::values`] will make at most.
    pub fn count(&self) -> usize {
        let starts = self.starts.len().saturating_add(1);
        let ends = self.ends.len().saturating_add(1);
        self.equal.len().saturating_add(starts.saturating_mul(ends))
    }

    /// A character that stands in no literal: what is put between a start and an end completes no other literal.
    fn filler(&self) -> char {
        let used: BTreeSet<char> = self
            .equal
            .iter()
            .chain(&self.starts)
            .chain(&self.ends)
            .flat_map(|literal| literal.chars())
            .collect();
        let plain = ('a'..='z').rev().skip(2).chain('0'..='9').chain('A'..='Z');
        plain.chain('\u{3b1}'..='\u{d7ff}').find(|c| !used.contains(c)).unwrap_or('\u{7f}')
    }

    /// All critical values that begin with `root`, without it.
    ///
    /// With a root, a literal end may reach back into the root; the short rests for which it does are values of their own.
    pub fn values(&self, root: &str) -> Vec<String> {
        let filler = self.filler();
        let mut starts: Vec<&str> = self.starts.iter().filter_map(|start| start.strip_prefix(root)).collect();
        starts.insert(0, "");
        let mut ends: Vec<&str> = self.ends.iter().copied().collect();
        ends.insert(0, "");
        let mut values = Vec::new();
        for start in &starts {
            for end in &ends {
                values.push(format!("{start}{filler}{end}"));
            }
        }
        values.extend(self.equal.iter().filter_map(|whole| whole.strip_prefix(root)).map(str::to_owned));
        for end in &self.ends {
            let reaching = end.char_indices().map(|(at, _)| end.split_at(at)).skip(1).chain([(*end, "")]);
            values.extend(
                reaching
                    .filter(|(before, _)| !root.is_empty() && root.ends_with(before))
                    .map(|(_, rest)| rest.to_owned()),
            );
        }
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        values
    }
}
