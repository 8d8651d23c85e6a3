//! Evaluation of a [`Formula`] on an event, in the way of event-ruler's state machine: a set of states is carried from
//! goal to goal, and every state remembers which element of each array its fields came from (array consistency).
//!
//! Only arrays that several leaves of the pattern share are remembered, so that nearly always there is a single state.
//! `$or` unites the states of its alternatives instead of expanding their cross product.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::Value;

use super::comparison::{Comparison, compare, either};
use super::pattern::{Conjunction, Formula, Goal, Leaf};
use crate::semantics::verdict::Tri;

/// How many nodes of the event may be visited before the answer is unknown.
const VISITS: usize = 20_000_000;
/// How many states may exist at a time before the answer is unknown.
const STATES: usize = 100_000;
/// How deep arrays of the event may nest before the answer is unknown.
const DEPTH: usize = 200;

/// The element that was chosen of an array which several leaves share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Binding {
    /// The array, by its address.
    array: usize,
    element: usize,
    /// The shared prefix at which the array stands.
    prefix: usize,
}

/// Where a set of matching fields was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct State {
    /// Sorted.
    bindings: Vec<Binding>,
    /// Leaves whose absence can be judged only when all elements are chosen.
    deferred: Vec<usize>,
}

/// What a match rests on; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Footing {
    /// Something about it is not documented.
    pub(super) unknown: bool,
    /// Equal numbers were written differently.
    pub(super) spelling: bool,
    /// A dotted key stood for a nested one.
    pub(super) flattened: bool,
}

impl Footing {
    fn with(self, other: Self) -> Self {
        Self {
            unknown: self.unknown || other.unknown,
            spelling: self.spelling || other.spelling,
            flattened: self.flattened || other.flattened,
        }
    }
}

type States = BTreeMap<State, Footing>;

/// The outcome of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The event matches, or may match if the footing says so.
    Matched(Footing),
    /// It does not match; the position of the goal of the root that failed, and whether that rests on an assumption.
    Failed { goal: usize, footing: Footing },
    /// Too much work, or too deep.
    GaveUp(&'static str),
}

/// Evaluates `formula` on `event`.
pub(super) fn evaluate(formula: &Formula, event: &Value) -> Outcome {
    let mut evaluation = Evaluation { formula, event, visits: 0, gave_up: None, against: Footing::default() };
    let (states, failed) = evaluation.root();
    if let Some(reason) = evaluation.gave_up {
        return Outcome::GaveUp(reason);
    }
    match states.into_values().min() {
        Some(footing) => Outcome::Matched(footing),
        None => Outcome::Failed { goal: failed, footing: evaluation.against },
    }
}

struct Evaluation<'a> {
    formula: &'a Formula,
    event: &'a Value,
    visits: usize,
    gave_up: Option<&'static str>,
    /// Assumptions on which a value was turned away.
    against: Footing,
}

/// A scalar of the event that stands at the path of a leaf.
struct Found<'e> {
    scalar: &'e Value,
    flattened: bool,
}

impl<'a> Evaluation<'a> {
    /// The states after all goals, and the position of the last goal that was tried.
    fn root(&mut self) -> (States, usize) {
        let formula = self.formula;
        let mut states = States::from([(State::default(), Footing::default())]);
        let mut position = 0;
        for (index, goal) in formula.root.goals.iter().enumerate() {
            position = index;
            states = self.goal(goal, states);
            if states.is_empty() || self.gave_up.is_some() {
                return (states, position);
            }
            states = self.without_settled(index, states);
        }
        (self.settle_deferred(states), position)
    }

    /// Forgets the elements of arrays that no later goal looks at.
    fn without_settled(&self, position: usize, states: States) -> States {
        if states.keys().all(|state| state.bindings.is_empty()) {
            return states;
        }
        let mut kept = States::new();
        for (mut state, footing) in states {
            if state.deferred.is_empty() {
                let last_use = &self.formula.last_use;
                state
                    .bindings
                    .retain(|binding| last_use.get(binding.prefix).is_some_and(|last| *last > position));
            }
            insert(&mut kept, state, footing);
        }
        kept
    }

    fn conjunction(&mut self, conjunction: &'a Conjunction, mut states: States) -> States {
        for goal in &conjunction.goals {
            if states.is_empty() || self.gave_up.is_some() {
                break;
            }
            states = self.goal(goal, states);
        }
        states
    }

    fn goal(&mut self, goal: &'a Goal, states: States) -> States {
        let mut reached = States::new();
        match goal {
            Goal::Leaf(index) => {
                let Some(leaf) = self.formula.leaves.get(*index) else {
                    return reached;
                };
                for (state, footing) in states {
                    self.leaf(leaf, &state, footing, &mut reached);
                    if leaf.accepts_absence() {
                        self.absence(*index, leaf, state, footing, &mut reached);
                    }
                    if reached.len() > STATES {
                        self.gave_up = Some("the event has too many combinations of array elements to try");
                    }
                    if self.gave_up.is_some() {
                        break;
                    }
                }
            }
            Goal::AnyOf(branches) => {
                for branch in branches {
                    for (state, footing) in self.conjunction(branch, states.clone()) {
                        insert(&mut reached, state, footing);
                    }
                }
            }
        }
        reached
    }

    /// Adds the states in which a value of the leaf matches.
    fn leaf(&mut self, leaf: &'a Leaf, state: &State, footing: Footing, reached: &mut States) {
        let mut against = self.against;
        self.walk(leaf, &state.bindings, &mut |found, bindings| {
            let outcome = alternatives(leaf, found.scalar);
            let here = Footing {
                unknown: outcome.value.is_unknown(),
                spelling: outcome.spelling,
                flattened: found.flattened,
            };
            if outcome.value.is_no() {
                against.spelling |= outcome.spelling;
                return ControlFlow::Continue(());
            }
            let best = here == Footing::default() && bindings.len() == state.bindings.len();
            let next = State { bindings: sorted(bindings), deferred: state.deferred.clone() };
            insert(reached, next, footing.with(here));
            if best || reached.len() > STATES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.against = against;
    }

    /// Adds the state if the leaf is absent, as far as that is known already.
    ///
    /// Where an array of several objects holds the field in some elements only, event-ruler's answer depends on the
    /// alphabetical order of the fields; AWS does not document it, so the answer is unknown.
    fn absence(
        &mut self,
        index: usize,
        leaf: &'a Leaf,
        mut state: State,
        footing: Footing,
        reached: &mut States,
    ) {
        match self.presence(leaf, &state.bindings) {
            Presence::Certain => {}
            Presence::Elsewhere => {
                state.deferred.push(index);
                insert(reached, state, footing);
            }
            Presence::Absent => {
                let anywhere =
                    !state.bindings.is_empty() && !matches!(self.presence(leaf, &[]), Presence::Absent);
                insert(reached, state, footing.with(Footing { unknown: anywhere, ..Footing::default() }));
            }
        }
    }

    /// Judges the deferred absences, now that all elements are chosen.
    fn settle_deferred(&mut self, states: States) -> States {
        if states.keys().all(|state| state.deferred.is_empty()) {
            return states;
        }
        let mut settled = States::new();
        for (state, footing) in states {
            let mut deferred = state.deferred.iter().filter_map(|index| self.formula.leaves.get(*index));
            let absent =
                deferred.all(|leaf| matches!(self.presence(leaf, &state.bindings), Presence::Absent));
            if absent {
                let unknown = footing.unknown || !state.deferred.is_empty();
                insert(&mut settled, State::default(), Footing { unknown, ..footing });
            }
        }
        settled
    }

    /// Whether the field has a value that is consistent with the chosen elements.
    fn presence(&mut self, leaf: &'a Leaf, chosen: &[Binding]) -> Presence {
        let mut presence = Presence::Absent;
        let mut flattened = false;
        self.walk(leaf, chosen, &mut |found, bindings| {
            flattened |= found.flattened;
            if bindings.len() == chosen.len() {
                presence = Presence::Certain;
                return ControlFlow::Break(());
            }
            presence = Presence::Elsewhere;
            ControlFlow::Continue(())
        });
        self.against.flattened |= flattened;
        presence
    }

    /// Calls `visit` with every scalar at the path of `leaf` that is consistent with the chosen elements, and with the
    /// elements chosen up to there.
    fn walk(
        &mut self,
        leaf: &'a Leaf,
        chosen: &[Binding],
        visit: &mut dyn FnMut(&Found<'a>, &[Binding]) -> ControlFlow<()>,
    ) {
        let mut walk =
            Walk { leaf, bindings: chosen.to_vec(), depth: 0, visits: self.visits, gave_up: None, visit };
        // Breaking off is a normal end: either the visitor has seen enough or `gave_up` says why.
        let _ = walk.node(self.event, Some(&leaf.path), 0, false);
        self.visits = walk.visits;
        self.gave_up = self.gave_up.or(walk.gave_up);
    }
}

/// Whether a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// No.
    Absent,
    /// Yes, whichever elements are chosen later.
    Certain,
    /// In an element of an array of which none is chosen yet.
    Elsewhere,
}

/// One walk along the path of a leaf.
struct Walk<'w, 'a> {
    leaf: &'a Leaf,
    bindings: Vec<Binding>,
    depth: usize,
    visits: usize,
    gave_up: Option<&'static str>,
    visit: &'w mut dyn FnMut(&Found<'a>, &[Binding]) -> ControlFlow<()>,
}

impl<'a> Walk<'_, 'a> {
    /// Visits `node`; `rest` is the part of the path that is still to go, `None` at its end. `step` counts the keys
    /// taken, `flattened` tells whether they divide the path differently from the pattern.
    fn node(
        &mut self,
        node: &'a Value,
        rest: Option<&'a str>,
        step: usize,
        flattened: bool,
    ) -> ControlFlow<()> {
        self.visits += 1;
        if self.visits > VISITS || self.depth > DEPTH {
            let reason = if self.depth > DEPTH {
                "the event nests too deep"
            } else {
                "the event is too large to evaluate"
            };
            self.gave_up = Some(reason);
            return ControlFlow::Break(());
        }
        self.depth += 1;
        let flow = match (node, rest) {
            (Value::Object(map), Some(rest)) => {
                for (end, _) in rest.match_indices('.') {
                    let Some((key, below)) = rest.get(..end).zip(rest.get(end + 1..)) else {
                        continue;
                    };
                    if let Some(child) = map.get(key) {
                        let end = self.leaf.path.len().saturating_sub(below.len() + 1);
                        self.child(child, Some(below), end, step, flattened)?;
                    }
                }
                match map.get(rest) {
                    Some(child) => self.child(child, None, self.leaf.path.len(), step, flattened),
                    None => ControlFlow::Continue(()),
                }
            }
            (Value::Object(_), None) => ControlFlow::Continue(()),
            (Value::Array(items), rest) => self.array(items, rest, step, flattened),
            (_, Some(_)) => ControlFlow::Continue(()),
            (scalar, None) => (self.visit)(&Found { scalar, flattened }, &self.bindings),
        };
        self.depth -= 1;
        flow
    }

    fn child(
        &mut self,
        child: &'a Value,
        below: Option<&'a str>,
        end: usize,
        step: usize,
        flattened: bool,
    ) -> ControlFlow<()> {
        let flattened = flattened || self.leaf.steps.get(step) != Some(&end);
        self.node(child, below, step + 1, flattened)
    }

    fn array(
        &mut self,
        items: &'a [Value],
        rest: Option<&'a str>,
        step: usize,
        flattened: bool,
    ) -> ControlFlow<()> {
        let end =
            rest.map_or(self.leaf.path.len(), |rest| self.leaf.path.len().saturating_sub(rest.len() + 1));
        let shared = self.leaf.shared.iter().find(|(length, _)| *length == end).filter(|_| items.len() > 1);
        let Some((_, prefix)) = shared else {
            return items.iter().try_for_each(|item| self.node(item, rest, step, flattened));
        };
        let array = items.as_ptr().addr();
        let chosen =
            self.bindings.iter().find(|binding| binding.array == array).map(|binding| binding.element);
        if let (Some(element), Some(_)) = (chosen, rest) {
            // Below an array only the chosen element counts; no need to pass over the others.
            return items
                .get(element)
                .map_or(ControlFlow::Continue(()), |item| self.node(item, rest, step, flattened));
        }
        for (element, item) in items.iter().enumerate() {
            let composite = item.is_object() || item.is_array();
            match chosen {
                // A scalar belongs to no element, so it is consistent with any choice.
                _ if !composite => self.node(item, rest, step, flattened)?,
                Some(chosen) if chosen != element => {}
                Some(_) => self.node(item, rest, step, flattened)?,
                None => {
                    self.bindings.push(Binding { array, element, prefix: *prefix });
                    let flow = self.node(item, rest, step, flattened);
                    self.bindings.pop();
                    flow?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The alternatives of a leaf on a scalar, without `exists: false`.
fn alternatives(leaf: &Leaf, scalar: &Value) -> Comparison {
    let mut best = Comparison::from(Tri::No);
    for matcher in &leaf.matchers {
        best = either(best, compare(matcher, scalar));
        if best == Comparison::from(Tri::Yes) {
            break;
        }
    }
    best
}

fn sorted(bindings: &[Binding]) -> Vec<Binding> {
    let mut bindings = bindings.to_vec();
    bindings.sort_unstable();
    bindings
}

/// Adds a state, or improves the footing of an equal one.
fn insert(states: &mut States, state: State, footing: Footing) {
    states.entry(state).and_modify(|known| *known = footing.min(*known)).or_insert(footing);
}
