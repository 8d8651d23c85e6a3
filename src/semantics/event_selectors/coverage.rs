//! Is everything of a kind logged on a bucket? (`aws-semantics.md` 3.6)

use std::collections::BTreeSet;

use serde_json::Value;

use super::bits::Bits;
use super::critical_points::{self, Scene};
use super::operations::EventClass;
use super::rules::{self, Rule};
use super::search::{Found, Point};
use super::{ObservedSelectors, Observer, reason};
use crate::semantics::verdict::{Assumption, Assumptions, Tri, Verdict};

/// A bucket, as far as events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketIdentity {
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its partition.
    pub partition: String,
}

/// An event that nobody logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// The record, with the fields that selectors look at.
    pub event: Value,
    /// Why not: what each observer lacks.
    pub reason: String,
}

/// How much of a class of events on a bucket is logged.
#[derive(Debug, Clone, PartialEq)]
pub enum Coverage {
    /// Everything.
    Full {
        /// Why, naming who logs.
        reason: String,
        /// Assumptions without which it would not be everything.
        assumptions: Assumptions,
    },
    /// Something is, something is not.
    Partial {
        /// What escapes, and what each observer lacks.
        reason: String,
        /// Events that nobody logs, one for each group of event names; never empty.
        witnesses: Vec<Witness>,
        /// Assumptions used.
        assumptions: Assumptions,
    },
    /// Nothing.
    None {
        /// What each observer lacks.
        reason: String,
        /// An event that nobody logs.
        witness: Witness,
        /// Assumptions used.
        assumptions: Assumptions,
    },
    /// Not determined.
    Unknown {
        /// Why not.
        reason: String,
        /// An event of which it is not known whether it is logged, unless there are too many to look at.
        witness: Option<Witness>,
    },
}

impl Coverage {
    /// Whether everything is logged.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let with = |mut verdict: Verdict, witness: Option<&Witness>, assumptions: &Assumptions| {
            verdict.witness = witness.map(|witness| witness.event.clone());
            verdict.assumptions.clone_from(assumptions);
            verdict
        };
        match self {
            Self::Full { reason, assumptions } => with(Verdict::yes(reason), None, assumptions),
            Self::Partial { reason, witnesses, assumptions } => {
                with(Verdict::no(reason), witnesses.first(), assumptions)
            }
            Self::None { reason, witness, assumptions } => {
                with(Verdict::no(reason), Some(witness), assumptions)
            }
            Self::Unknown { reason, witness } => {
                with(Verdict::unknown(reason), witness.as_ref(), &Assumptions::new())
            }
        }
    }
}

/// Witnesses of a partial coverage at most.
const MAX_WITNESSES: usize = 8;
/// Events that a reason names at most.
const MAX_EXAMPLES: usize = 2;

/// A question with all that the answer is found with.
struct Question<'a, 'b> {
    bucket: &'b BucketIdentity,
    class: EventClass,
    observers: &'b [Observer<'a>],
    rules: Vec<Rule<'a>>,
    scenes: Vec<Scene>,
    /// Rules that certainly apply.
    sure: Bits,
    /// Rules that may apply.
    possible: Bits,
    /// Whether an observer may log anything: its selectors were not read.
    unread: bool,
}

/// Events that escape.
enum Escape {
    /// These, if not empty; otherwise none does.
    Points(Vec<Point>),
    /// There are too many to look at.
    TooMany,
}

/// How much of a class of events on a bucket's objects is logged by these observers together.
///
/// The answer is exact: it is found on finitely many critical events, of which no more are looked at than it takes. Where
/// that would take too long, and where an observer could not be read, it is [`Coverage::Unknown`] unless the rest decides.
#[must_use]
pub fn coverage(bucket: &BucketIdentity, class: EventClass, observers: &[Observer<'_>]) -> Coverage {
    let plainest = critical_points::plainest(bucket, class);
    let rules = rules::rules(observers, &critical_points::event(class, &plainest));
    let too_many = || Coverage::Unknown {
        reason: "the selectors are too many to tell whether they cover everything".to_owned(),
        witness: None,
    };
    let Some(scenes) = critical_points::scenes(bucket, class, &rules) else {
        return too_many();
    };
    let applies = |test: fn(Tri) -> bool| {
        Bits::of(rules.len(), |rule| rules.get(rule).is_some_and(|r| test(r.applies)))
    };
    let (sure, possible) = (applies(Tri::is_yes), applies(|_| true));
    let unread = observers.iter().any(|observer| {
        matches!(observer.selectors, ObservedSelectors::Unknown) && !observer.active.value.is_no()
    });
    let question = Question { bucket, class, observers, rules, scenes, sure, possible, unread };
    question.answer().unwrap_or_else(too_many)
}

/// Whether at least some events of a class on a bucket's objects are logged, be it not all of them.
///
/// A selector counts only if it and its observer certainly apply. It is `Unknown`, not `No`, as long as one that may apply,
/// or an observer whose selectors were not read, may log something.
#[must_use]
pub fn logs_something(bucket: &BucketIdentity, class: EventClass, observers: &[Observer<'_>]) -> Verdict {
    let plainest = critical_points::plainest(bucket, class);
    let rules = rules::rules(observers, &critical_points::event(class, &plainest));
    let Some(scenes) = critical_points::scenes(bucket, class, &rules) else {
        return Verdict::unknown("the selectors are too many to tell whether they log anything");
    };
    let selects =
        |rule: usize| scenes.iter().filter(|scene| scene.certain).any(|scene| scene.space.selects(rule));
    let mut doubt = None;
    for (index, rule) in rules.iter().enumerate().filter(|(index, _)| selects(*index)) {
        let Some(observer) = observers.get(rule.observer) else { continue };
        if rule.applies.is_yes() {
            let reason = format!("{} logs {} of bucket `{}`", observer.name, class.plural(), bucket.name);
            return Verdict::yes(reason);
        }
        doubt.get_or_insert_with(|| {
            if observer.active.value.is_unknown() {
                observer.active.reason.clone()
            } else {
                format!("selector {} that is looked at cannot be understood", index + 1)
            }
        });
    }
    let unread = observers.iter().find(|observer| {
        matches!(observer.selectors, ObservedSelectors::Unknown) && !observer.active.value.is_no()
    });
    match doubt.or_else(|| unread.map(|observer| observer.active.reason.clone())) {
        Some(why) => Verdict::unknown(why),
        None => coverage(bucket, class, observers).verdict().and(Verdict::no("")),
    }
}

impl Question<'_, '_> {
    /// None: there is too much to look at.
    fn answer(&self) -> Option<Coverage> {
        if !self.unread {
            // An escape that is found counts although another search was given up.
            match self.escapes(&self.possible, true, None) {
                Escape::Points(points) if !points.is_empty() => return Some(self.missed(&points)),
                Escape::Points(_) => {}
                Escape::TooMany => return None,
            }
        }
        match self.escapes(&self.sure, false, None) {
            Escape::TooMany => None,
            Escape::Points(points) => Some(match points.first() {
                Some(point) => self.doubtful(point),
                None => self.full(),
            }),
        }
    }

    /// Events that none of the rules selects, one for each group of event names.
    fn escapes(&self, rules: &Bits, only_certain: bool, without: Option<Assumption>) -> Escape {
        let mut points = Vec::new();
        let mut given_up = false;
        for scene in self.scenes.iter().filter(|scene| scene.certain || !only_certain) {
            for name in scene.space.names() {
                if points.len() >= MAX_WITNESSES {
                    return Escape::Points(points);
                }
                match scene.space.escape(rules, Some(name), without) {
                    Found::Escape(point) => points.push(*point),
                    Found::Nothing => {}
                    Found::TooMany => given_up = true,
                }
            }
        }
        if points.is_empty() && given_up { Escape::TooMany } else { Escape::Points(points) }
    }

    fn full(&self) -> Coverage {
        let used: BTreeSet<usize> = self
            .rules
            .iter()
            .enumerate()
            .filter(|(rule, _)| self.sure.contains(*rule) && self.selects(*rule))
            .map(|(_, rule)| rule.observer)
            .collect();
        let mut names: Vec<&str> = used
            .into_iter()
            .filter_map(|index| self.observers.get(index))
            .map(|observer| observer.name)
            .collect();
        // One that alone logs everything is named alone.
        if let Some(alone) = self.observers.iter().enumerate().find(|(index, _)| self.alone(*index)) {
            names = vec![alone.1.name];
        }
        let rests_on = |assumption: &Assumption| !matches!(self.escapes(&self.sure, false, Some(*assumption)), Escape::Points(points) if points.is_empty());
        Coverage::Full {
            reason: format!("all {} are logged by {}", self.class.plural(), names.join(" and ")),
            assumptions: [Assumption(6), Assumption(8)].into_iter().filter(rests_on).collect(),
        }
    }

    /// Whether one observer logs everything.
    fn alone(&self, observer: usize) -> bool {
        let own = Bits::of(self.rules.len(), |rule| {
            self.sure.contains(rule) && self.rules.get(rule).is_some_and(|rule| rule.observer == observer)
        });
        matches!(self.escapes(&own, false, None), Escape::Points(points) if points.is_empty())
    }

    fn selects(&self, rule: usize) -> bool {
        self.scenes.iter().filter(|scene| scene.certain).any(|scene| scene.space.selects(rule))
    }

    fn missed(&self, points: &[Point]) -> Coverage {
        let witnesses: Vec<Witness> = points.iter().map(|point| self.witness(point)).collect();
        let something = (0..self.rules.len()).any(|rule| self.selects(rule));
        let assumptions = reason::literal_wildcards(&self.rules);
        match witnesses.first() {
            Some(first) if something => Coverage::Partial {
                reason: format!("{}: {}", self.escaping(points), first.reason),
                witnesses,
                assumptions,
            },
            Some(first) => {
                Coverage::None { reason: first.reason.clone(), witness: first.clone(), assumptions }
            }
            None => Coverage::Unknown { reason: "nothing was looked at".to_owned(), witness: None },
        }
    }

    /// Which events escape.
    fn escaping(&self, points: &[Point]) -> String {
        let root = critical_points::root(self.bucket);
        let mut events: Vec<String> = points
            .iter()
            .map(|[arn, name, _, _]| {
                let key = arn.as_deref().and_then(|arn| arn.strip_prefix(&root)).unwrap_or_default();
                let name = name.as_deref().unwrap_or_default();
                if key.is_empty() { format!("`{name}`") } else { format!("`{name}` of key `{key}`") }
            })
            .collect();
        let more = events.len().saturating_sub(MAX_EXAMPLES);
        events.truncate(MAX_EXAMPLES);
        if more > 0 {
            events.push(format!("{more} more"));
        }
        let verb = if events.len() == 1 { "is" } else { "are" };
        format!("{} {verb} not logged", events.join(" and "))
    }

    fn doubtful(&self, point: &Point) -> Coverage {
        let witness = self.witness(point);
        Coverage::Unknown { reason: witness.reason.clone(), witness: Some(witness) }
    }

    fn witness(&self, point: &Point) -> Witness {
        Witness {
            event: critical_points::record(self.bucket, self.class, point),
            reason: reason::lacks(self.bucket, self.class, self.observers, point),
        }
    }
}
