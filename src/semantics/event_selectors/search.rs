//! The search for an event that no rule selects, over the product of the critical values of each field.

use std::collections::BTreeMap;

use super::bits::Bits;
use super::event::Category;
use super::rules::{Field, Rule, accepts};
use crate::semantics::verdict::Assumption;

/// Values of the fields of [`Field::ALL`], in that order.
pub type Point = [Option<String>; 4];

/// Values of one field that the rules treat alike, and the rules that accept them.
#[derive(Debug)]
struct Class {
    value: Option<String>,
    accepted: Bits,
    /// Without what rests on.
    plainly: Bits,
}

/// Events that differ in the fields of [`Field`], as classes of values that the rules treat alike.
#[derive(Debug)]
pub struct Space {
    classes: [Vec<Class>; 4],
    rules: usize,
}

/// Partial combinations that are looked at; a search that is longer claims nothing.
const BUDGET: usize = 200_000;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The first event that none of the rules selects.
    Escape(Box<Point>),
    /// There is none.
    Nothing,
    /// The search was given up.
    TooMany,
}

impl Space {
    /// Groups the values of each field.
    pub fn new(rules: &[Rule<'_>], category: Category, values: [Vec<Option<String>>; 4]) -> Self {
        let mut fields = Field::ALL.into_iter();
        let classes = values.map(|values| {
            let field = fields.next().unwrap_or(Field::Console);
            classes(rules, category, field, values)
        });
        Self { classes, rules: rules.len() }
    }

    /// The spaces of each kind of event name by itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let [_, names, _, _] = &self.classes;
        names.iter().filter_map(|class| class.value.as_deref())
    }

    /// Whether there is an event that a rule selects.
    pub fn selects(&self, rule: usize) -> bool {
        self.classes.iter().all(|classes| classes.iter().any(|class| class.accepted.contains(rule)))
    }

    /// Looks for an event that none of the rules selects, in the order of the values. `name` holds the event name
    /// fixed; `without` is an assumption that is not made.
    pub fn escape(&self, rules: &Bits, name: Option<&str>, without: Option<Assumption>) -> Found {
        let dimensions: Vec<Vec<(&Class, &Bits)>> = self
            .classes
            .iter()
            .zip(Field::ALL)
            .map(|(classes, field)| {
                let plain = match field {
                    Field::Arn => without == Some(Assumption(6)),
                    Field::Name | Field::Caller | Field::Console => without == Some(Assumption(8)),
                };
                classes
                    .iter()
                    .filter(|class| field != Field::Name || name.is_none() || class.value.as_deref() == name)
                    .map(|class| (class, if plain { &class.plainly } else { &class.accepted }))
                    .collect()
            })
            .collect();
        if dimensions.iter().any(Vec::is_empty) {
            return Found::Nothing;
        }
        // Rules that accept every value of a field and of all after it.
        let mut all_after = vec![Bits::of(self.rules, |_| true)];
        for dimension in dimensions.iter().rev() {
            let after = all_after.last().cloned().unwrap_or_else(|| Bits::of(self.rules, |_| true));
            all_after.push(dimension.iter().fold(after, |all, (_, accepted)| all.and(accepted)));
        }
        all_after.reverse();
        let mut search = Search { dimensions, all_after, steps: 0 };
        let mut chosen = Vec::new();
        match search.descend(rules, &mut chosen) {
            Some(true) => {
                let mut values = chosen.into_iter();
                Found::Escape(Box::new(std::array::from_fn(|_| values.next().flatten())))
            }
            Some(false) => Found::Nothing,
            None => Found::TooMany,
        }
    }
}

fn classes(rules: &[Rule<'_>], category: Category, field: Field, values: Vec<Option<String>>) -> Vec<Class> {
    let mut known: BTreeMap<(Bits, Bits), ()> = BTreeMap::new();
    let mut classes = Vec::new();
    for value in values {
        let answers: Vec<(bool, bool)> = rules
            .iter()
            .map(|rule| {
                let (accepted, assumptions) = accepts(rule.selector, category, field, value.as_deref());
                (accepted, accepted && assumptions.is_empty())
            })
            .collect();
        let accepted = Bits::of(rules.len(), |index| answers.get(index).is_some_and(|answer| answer.0));
        let plainly = Bits::of(rules.len(), |index| answers.get(index).is_some_and(|answer| answer.1));
        if known.insert((accepted.clone(), plainly.clone()), ()).is_none() {
            classes.push(Class { value, accepted, plainly });
        }
    }
    classes
}

struct Search<'a> {
    dimensions: Vec<Vec<(&'a Class, &'a Bits)>>,
    all_after: Vec<Bits>,
    steps: usize,
}

impl Search<'_> {
    /// Extends the choice until no rule is left: `Some(true)`. None: given up. It is as deep as there are fields.
    fn descend(&mut self, left: &Bits, chosen: &mut Vec<Option<String>>) -> Option<bool> {
        self.steps += 1;
        if self.steps > BUDGET {
            return None;
        }
        let depth = chosen.len();
        if self.all_after.get(depth).is_some_and(|all| all.meets(left)) {
            return Some(false);
        }
        let count = self.dimensions.get(depth).map_or(0, Vec::len);
        if count == 0 {
            return Some(left.is_empty());
        }
        for index in 0..count {
            let Some((class, accepted)) = self.dimensions.get(depth).and_then(|classes| classes.get(index))
            else {
                continue;
            };
            let remaining = left.and(accepted);
            chosen.push(class.value.clone());
            if self.descend(&remaining, chosen)? {
                return Some(true);
            }
            chosen.pop();
        }
        Some(false)
    }
}
