//! The selectors of all observers as rules, each a conjunction of conditions on single fields.

use super::dimension::Literals;
use super::event::{Category, Event, S3_OBJECT};
use super::{ObservedSelectors, Observer, advanced, basic};
use crate::semantics::configuration::{AdvancedEventSelector, EventSelector};
use crate::semantics::verdict::{Assumption, Assumptions, Tri};

/// The fields that critical events differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `resources.ARN`.
    Arn,
    /// `eventName`.
    Name,
    /// `userIdentity.arn`.
    Caller,
    /// `sessionCredentialFromConsole`.
    Console,
}

impl Field {
    /// All, in the order in which they are searched.
    pub const ALL: [Self; 4] = [Self::Arn, Self::Name, Self::Caller, Self::Console];

    /// AWS's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arn => "resources.ARN",
            Self::Name => "eventName",
            Self::Caller => "userIdentity.arn",
            Self::Console => "sessionCredentialFromConsole",
        }
    }

    fn named(name: &str) -> bool {
        Self::ALL.iter().any(|field| field.as_str() == name)
    }
}

/// A selector of either family.
#[derive(Debug, Clone, Copy)]
pub enum Selector<'a> {
    /// A basic one.
    Basic(&'a EventSelector),
    /// An advanced one.
    Advanced(&'a AdvancedEventSelector),
    /// That of a trail without selectors: all management events.
    Default,
}

/// One selector of one observer.
#[derive(Debug)]
pub struct Rule<'a> {
    /// The observer's index.
    pub observer: usize,
    /// What it compares.
    pub selector: Selector<'a>,
    /// Whether it selects the events asked about, as far as the fields decide in which they do not differ, and whether
    /// its observer is active.
    pub applies: Tri,
}

/// The selectors of an observer.
pub fn of<'a>(selectors: &'a crate::semantics::configuration::TrailSelectors) -> Vec<Selector<'a>> {
    if !selectors.advanced_event_selectors.is_empty() {
        selectors.advanced_event_selectors.iter().map(Selector::Advanced).collect()
    } else if !selectors.event_selectors.is_empty() {
        selectors.event_selectors.iter().map(Selector::Basic).collect()
    } else {
        vec![Selector::Default]
    }
}

/// All rules that may select events like `event` in the fields that are not in [`Field`].
pub fn rules<'a>(observers: &[Observer<'a>], event: &Event<'_>) -> Vec<Rule<'a>> {
    let mut rules = Vec::new();
    for (index, observer) in observers.iter().enumerate() {
        let ObservedSelectors::Known(selectors) = observer.selectors else {
            continue;
        };
        for selector in of(selectors) {
            let applies = observer.active.value.and(applies(selector, event));
            if !applies.is_no() {
                rules.push(Rule { observer: index, selector, applies });
            }
        }
    }
    rules
}

/// Whether a selector may select events like `event`, looking only at what is not in [`Field`].
pub fn applies(selector: Selector<'_>, event: &Event<'_>) -> Tri {
    match selector {
        Selector::Default => Tri::from(event.is_management()),
        Selector::Basic(selector) => basic::applies(selector, event).value,
        Selector::Advanced(selector) if selector.field_selectors.is_empty() => Tri::Unknown,
        Selector::Advanced(selector) => Tri::all(
            selector
                .field_selectors
                .iter()
                .filter(|field| !Field::named(&field.field))
                .map(|field| advanced::field_holds(field, event, Some(S3_OBJECT)).value),
        ),
    }
}

/// Whether a selector accepts a value of a field (`None`: the field is absent), and what that rests on.
pub fn accepts(
    selector: Selector<'_>,
    category: Category,
    field: Field,
    value: Option<&str>,
) -> (bool, Assumptions) {
    let mut assumptions = Assumptions::new();
    let accepted = match selector {
        Selector::Default => true,
        Selector::Basic(_) if field != Field::Arn || category == Category::Management => true,
        Selector::Basic(selector) => {
            let (selected, by_assumption) =
                basic::selects_any(selector, S3_OBJECT, value.unwrap_or_default());
            if by_assumption {
                assumptions.insert(Assumption(6));
            }
            selected
        }
        Selector::Advanced(selector) => {
            let values: Vec<&str> = value.into_iter().collect();
            selector.field_selectors.iter().filter(|condition| condition.field == field.as_str()).all(
                |condition| {
                    let verdict = advanced::compare(condition, &values);
                    assumptions.extend(verdict.assumptions);
                    verdict.value.is_yes()
                },
            )
        }
    };
    (accepted, assumptions)
}

/// The literals that rules compare a field with.
pub fn literals<'a>(rules: &[Rule<'a>], field: Field) -> Literals<'a> {
    let mut literals = Literals::default();
    for rule in rules {
        match rule.selector {
            Selector::Default => {}
            Selector::Advanced(selector) => {
                for condition in selector.field_selectors.iter().filter(|other| other.field == field.as_str())
                {
                    literals.add(condition);
                }
            }
            Selector::Basic(selector) if field == Field::Arn => {
                let resources =
                    selector.data_resources.iter().filter(|resource| resource.r#type == S3_OBJECT);
                for value in resources.flat_map(|resource| &resource.values) {
                    literals.add_start(value);
                }
            }
            Selector::Basic(_) => {}
        }
    }
    literals
}
