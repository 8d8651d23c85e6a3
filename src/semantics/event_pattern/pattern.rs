//! The pattern as a formula: AND over fields, OR over the alternatives of `$or`, leaves with flattened paths.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::InvalidPattern;
use super::matcher::{Matcher, shortened};

/// Field names that may not stand inside `$or` (event-ruler's `RESERVED_FIELD_NAMES_IN_OR_RELATIONSHIP`); with one of
/// them, `$or` is a plain field.
const RESERVED: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// How many levels a flattened path may have: dotted keys could otherwise nest without bound.
const PATH_DOTS: usize = 256;

/// A pattern in the form in which it is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Formula {
    /// What an event must satisfy.
    pub(super) root: Conjunction,
    /// The leaves that the goals refer to by index.
    pub(super) leaves: Vec<Leaf>,
    /// For every shared prefix, the last goal of `root` that uses it: afterwards it no longer matters which element of
    /// an array at that prefix was chosen.
    pub(super) last_use: Vec<usize>,
}

/// Goals that must all be met.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Conjunction {
    pub(super) goals: Vec<Goal>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Goal {
    /// A leaf, by its index.
    Leaf(usize),
    /// `$or`.
    AnyOf(Vec<Conjunction>),
}

/// A field with its alternatives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// The keys joined with dots.
    pub(super) path: String,
    /// Where each key of the pattern ends in `path`, to see whether the event divides it differently.
    pub(super) steps: Vec<usize>,
    /// The alternatives; never empty.
    pub(super) matchers: Vec<Matcher>,
    /// The prefixes of `path` that another leaf also has, as (end, identifier). The fields below an array at such a
    /// prefix must come from the same element (event-ruler's array consistency).
    pub(super) shared: Vec<(usize, usize)>,
}

impl Leaf {
    /// Whether an absent field satisfies the leaf.
    pub(super) fn accepts_absence(&self) -> bool {
        self.matchers.contains(&Matcher::Exists(false))
    }
}

impl Formula {
    /// Parses and validates the pattern.
    ///
    /// Like event-ruler, first reads every `$or` as a disjunction; if that is impossible, reads them as plain fields.
    ///
    /// # Errors
    /// Why EventBridge would reject the pattern.
    pub(super) fn parse(value: &Value) -> Result<Self, InvalidPattern> {
        let Value::Object(map) = value else {
            return Err(InvalidPattern::new("the pattern must be a JSON object"));
        };
        let disjunction = Reading::new(true).read(map);
        match disjunction {
            Err(_) if mentions_or(map) => Reading::new(false).read(map).or(disjunction),
            outcome => outcome,
        }
    }
}

/// Whether `$or` stands at a place where a field name stands.
fn mentions_or(map: &Map<String, Value>) -> bool {
    map.iter().any(|(key, value)| key == "$or" || value.as_object().is_some_and(mentions_or))
}

/// The state of parsing.
struct Reading {
    disjunction: bool,
    leaves: Vec<Leaf>,
    path: String,
    steps: Vec<usize>,
}

impl Reading {
    fn new(disjunction: bool) -> Self {
        Self { disjunction, leaves: Vec::new(), path: String::new(), steps: Vec::new() }
    }

    fn read(mut self, map: &Map<String, Value>) -> Result<Formula, InvalidPattern> {
        let mut root = Conjunction::default();
        let mut taken = BTreeSet::new();
        self.object(map, false, &mut root, &mut taken)?;
        let leaves = self.leaves;
        sort(&mut root, &leaves);
        Ok(with_shared_prefixes(root, leaves))
    }

    /// Adds the fields of an object to `into`; `taken` collects the paths of the conjunction, because a path that is
    /// given twice has no documented meaning and is rejected.
    fn object(
        &mut self,
        map: &Map<String, Value>,
        inside_or: bool,
        into: &mut Conjunction,
        taken: &mut BTreeSet<String>,
    ) -> Result<(), InvalidPattern> {
        for (key, value) in map {
            if key == "$or" && self.disjunction {
                self.any_of(value, into, taken)?;
                continue;
            }
            let length = self.push(key);
            if inside_or && RESERVED.contains(&key.as_str()) {
                return Err(self.invalid("an operator is not allowed as a field name inside `$or`"));
            }
            match value {
                Value::Object(inner) if inner.is_empty() => {
                    return Err(self.invalid("an empty object is not allowed; name at least one field"));
                }
                Value::Object(inner) => self.object(inner, inside_or, into, taken)?,
                Value::Array(elements) => self.leaf(elements, into, taken)?,
                _ => {
                    return Err(self.invalid(
                        "the value must be an array of alternatives such as `[\"a\"]`, or an object",
                    ));
                }
            }
            self.pop(length);
        }
        Ok(())
    }

    fn any_of(
        &mut self,
        value: &Value,
        into: &mut Conjunction,
        taken: &mut BTreeSet<String>,
    ) -> Result<(), InvalidPattern> {
        let alternatives = match value {
            Value::Array(alternatives) if alternatives.len() >= 2 => alternatives,
            _ => return Err(self.invalid("`$or` takes an array of at least two objects")),
        };
        let mut branches = Vec::with_capacity(alternatives.len());
        let mut added = BTreeSet::new();
        for alternative in alternatives {
            let Value::Object(map) = alternative else {
                return Err(self.invalid("`$or` takes an array of objects only"));
            };
            if map.is_empty() {
                return Err(
                    self.invalid("an empty object inside `$or` is not allowed; name at least one field")
                );
            }
            let mut branch = Conjunction::default();
            let mut of_branch = BTreeSet::new();
            self.object(map, true, &mut branch, &mut of_branch)?;
            if let Some(path) = of_branch.intersection(taken).next() {
                return Err(repeated(path));
            }
            added.append(&mut of_branch);
            branches.push(branch);
        }
        taken.append(&mut added);
        into.goals.push(Goal::AnyOf(branches));
        Ok(())
    }

    fn leaf(
        &mut self,
        elements: &[Value],
        into: &mut Conjunction,
        taken: &mut BTreeSet<String>,
    ) -> Result<(), InvalidPattern> {
        if elements.is_empty() {
            return Err(self.invalid("an empty array is not allowed; list at least one alternative"));
        }
        if self.path.matches('.').count() > PATH_DOTS {
            return Err(self.invalid("the path has too many levels to be evaluated"));
        }
        let matchers: Result<Vec<_>, _> = elements.iter().map(Matcher::parse).collect();
        let matchers = matchers.map_err(|reason| self.invalid(&reason))?;
        if !taken.insert(self.path.clone()) {
            return Err(repeated(&self.path));
        }
        into.goals.push(Goal::Leaf(self.leaves.len()));
        self.leaves.push(Leaf {
            path: self.path.clone(),
            steps: self.steps.clone(),
            matchers,
            shared: Vec::new(),
        });
        Ok(())
    }

    /// Steps into a field; returns the length to hand to [`Self::pop`].
    fn push(&mut self, key: &str) -> usize {
        let length = self.path.len();
        if !self.steps.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
        self.steps.push(self.path.len());
        length
    }

    fn pop(&mut self, length: usize) {
        self.path.truncate(length);
        self.steps.pop();
    }

    fn invalid(&self, reason: &str) -> InvalidPattern {
        if self.path.is_empty() {
            return InvalidPattern::new(reason);
        }
        InvalidPattern::new(format!("field `{}`: {reason}", shortened(&self.path)))
    }
}

fn repeated(path: &str) -> InvalidPattern {
    InvalidPattern::new(format!(
        "field `{}` is given more than once; list all its alternatives in one array",
        shortened(path)
    ))
}

/// Leaves first and by path, so that fields of one array stand together; alternatives after them.
fn sort(conjunction: &mut Conjunction, leaves: &[Leaf]) {
    conjunction.goals.sort_by_key(|goal| match goal {
        Goal::Leaf(index) => (false, leaves.get(*index).map(|leaf| leaf.path.as_str())),
        Goal::AnyOf(_) => (true, None),
    });
    for goal in &mut conjunction.goals {
        if let Goal::AnyOf(branches) = goal {
            branches.iter_mut().for_each(|branch| sort(branch, leaves));
        }
    }
}

/// Finds the prefixes that at least two leaves have in common.
fn with_shared_prefixes(root: Conjunction, mut leaves: Vec<Leaf>) -> Formula {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for leaf in &leaves {
        for prefix in prefixes(&leaf.path) {
            *uses.entry(prefix).or_default() += 1;
        }
    }
    let identifiers: BTreeMap<String, usize> = uses
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .enumerate()
        .map(|(identifier, (prefix, _))| (prefix.to_owned(), identifier))
        .collect();
    for leaf in &mut leaves {
        let shared = prefixes(&leaf.path)
            .filter_map(|prefix| identifiers.get(prefix).map(|identifier| (prefix.len(), *identifier)))
            .collect();
        leaf.shared = shared;
    }
    let mut last_use = vec![0; identifiers.len()];
    for (position, goal) in root.goals.iter().enumerate() {
        mark_uses(goal, position, &leaves, &mut last_use);
    }
    Formula { root, leaves, last_use }
}

/// The prefixes that end at a dot, and the whole path.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').filter_map(|(end, _)| path.get(..end)).chain([path])
}

fn mark_uses(goal: &Goal, position: usize, leaves: &[Leaf], last_use: &mut [usize]) {
    match goal {
        Goal::Leaf(index) => {
            for (_, identifier) in leaves.get(*index).into_iter().flat_map(|leaf| &leaf.shared) {
                if let Some(last) = last_use.get_mut(*identifier) {
                    *last = position;
                }
            }
        }
        Goal::AnyOf(branches) => {
            for goal in branches.iter().flat_map(|branch| &branch.goals) {
                mark_uses(goal, position, leaves, last_use);
            }
        }
    }
}
