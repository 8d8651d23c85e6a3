//! The conditions of a query that are checked on a record's text, before anything is built of it: they decide which files
//! and records are worth more.

use std::borrow::Cow;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

use super::fields::{MEMBERS, PARTITIONS, Shape};
use super::functions;

/// A condition on texts of a record. It holds only if SQL says true: null is not true.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    /// Both.
    And(Box<Predicate>, Box<Predicate>),
    /// One or both.
    Or(Box<Predicate>, Box<Predicate>),
    /// A column compared with a text.
    Compare(Subject, Operator, String),
    /// Whether a column is (or is not) one of some texts.
    In { subject: Subject, texts: Vec<String>, negated: bool },
    /// Whether a column is null, or is not.
    Null { subject: Subject, negated: bool },
    /// The record's time compared with a second since 1970.
    Time(Operator, i64),
}

/// A column of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// A field of the record, by its index in [`MEMBERS`].
    Member(usize),
    /// A partition, by its index in [`PARTITIONS`].
    Partition(usize),
}

impl Subject {
    /// The column with this name, if it holds texts that stand in the record as they are.
    fn of(expression: &Expr) -> Option<Self> {
        let Expr::Column(column) = expression else { return None };
        let member =
            |index: &usize| MEMBERS.get(*index).is_some_and(|member| matches!(member.shape, Shape::Text));
        let index = MEMBERS.iter().position(|member| member.column == column.name).filter(member);
        index
            .map(Self::Member)
            .or_else(|| PARTITIONS.iter().position(|name| *name == column.name).map(Self::Partition))
    }
}

fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::Utf8View(Some(text))
            | ScalarValue::LargeUtf8(Some(text)),
            _,
        ) => Some(text),
        _ => None,
    }
}

/// The second that a literal moment names: as it is, or still in the function's hands.
fn second(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Literal(ScalarValue::TimestampSecond(Some(second), _), _) => Some(*second),
        Expr::ScalarFunction(call) => match call_of_time(call) {
            Some(argument) => literal(argument).and_then(functions::second_of),
            None => None,
        },
        _ => None,
    }
}

fn call_of_time(call: &ScalarFunction) -> Option<&Expr> {
    let is = call.func.name() == functions::FROM_ISO8601_TIMESTAMP;
    call.args.first().filter(|_| is && call.args.len() == 1)
}

/// Whether this is `from_iso8601_timestamp(eventtime)`.
fn is_time(expression: &Expr) -> bool {
    let Expr::ScalarFunction(call) = expression else { return false };
    matches!(call_of_time(call), Some(Expr::Column(column)) if column.name == "eventtime")
}

impl Predicate {
    /// The condition that an expression of the query is, if it is of a kind that can be checked on the text.
    pub(super) fn of(expression: &Expr) -> Option<Self> {
        match expression {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                Some(Self::And(Box::new(Self::of(left)?), Box::new(Self::of(right)?)))
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
                Some(Self::Or(Box::new(Self::of(left)?), Box::new(Self::of(right)?)))
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => Self::comparison(left, *op, right),
            Expr::Between(Between { expr, negated: false, low, high }) => Some(Self::And(
                Box::new(Self::comparison(expr, Operator::GtEq, low)?),
                Box::new(Self::comparison(expr, Operator::LtEq, high)?),
            )),
            Expr::InList(InList { expr, list, negated }) => {
                let texts = list.iter().map(|text| literal(text).map(str::to_owned));
                let texts = texts.collect::<Option<Vec<_>>>()?;
                Some(Self::In { subject: Subject::of(expr)?, texts, negated: *negated })
            }
            Expr::IsNull(inner) => Some(Self::Null { subject: Subject::of(inner)?, negated: false }),
            Expr::IsNotNull(inner) => Some(Self::Null { subject: Subject::of(inner)?, negated: true }),
            _ => None,
        }
    }

    fn comparison(left: &Expr, operator: Operator, right: &Expr) -> Option<Self> {
        let known =
            [Operator::Eq, Operator::NotEq, Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq];
        if !known.contains(&operator) {
            return None;
        }
        if is_time(left) {
            return Some(Self::Time(operator, second(right)?));
        }
        if let Some(subject) = Subject::of(left) {
            return Some(Self::Compare(subject, operator, literal(right)?.to_owned()));
        }
        if is_time(right) || Subject::of(right).is_some() {
            return Self::comparison(right, operator.swap()?, left);
        }
        None
    }

    /// Whether the condition holds. `text` gives a column's text, `time` the record's second.
    pub(super) fn holds<'t>(
        &self,
        text: &impl Fn(Subject) -> Option<Cow<'t, str>>,
        time: Option<i64>,
    ) -> bool {
        match self {
            Self::And(a, b) => a.holds(text, time) && b.holds(text, time),
            Self::Or(a, b) => a.holds(text, time) || b.holds(text, time),
            Self::Compare(subject, operator, with) => {
                text(*subject).is_some_and(|text| compares(text.as_ref(), *operator, with.as_str()))
            }
            Self::In { subject, texts, negated } => {
                text(*subject).is_some_and(|text| texts.iter().any(|one| *one == *text) != *negated)
            }
            Self::Null { subject, negated } => text(*subject).is_none() != *negated,
            Self::Time(operator, with) => time.is_some_and(|time| compares(&time, *operator, with)),
        }
    }

    /// Whether any record of a file can fulfil the condition, by what is known of all of them.
    pub(super) fn can_hold(&self, partition: &impl Fn(usize) -> Option<String>) -> bool {
        match self {
            Self::And(a, b) => a.can_hold(partition) && b.can_hold(partition),
            Self::Or(a, b) => a.can_hold(partition) || b.can_hold(partition),
            Self::Compare(Subject::Partition(index), ..)
            | Self::In { subject: Subject::Partition(index), .. }
            | Self::Null { subject: Subject::Partition(index), .. } => match partition(*index) {
                Some(known) => self.holds(&|_| Some(Cow::Owned(known.clone())), None),
                None => true,
            },
            _ => true,
        }
    }
}

fn compares<T: PartialOrd + ?Sized>(left: &T, operator: Operator, right: &T) -> bool {
    match operator {
        Operator::Eq => left == right,
        Operator::NotEq => left != right,
        Operator::Lt => left < right,
        Operator::LtEq => left <= right,
        Operator::Gt => left > right,
        Operator::GtEq => left >= right,
        // `Predicate::comparison` lets no other through.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use datafusion::logical_expr::{col, lit};

    use super::*;

    fn holds(predicate: &Predicate, fields: &[(&str, &str)]) -> bool {
        let text = |subject: Subject| {
            let name = match subject {
                Subject::Member(index) => MEMBERS[index].column,
                Subject::Partition(index) => PARTITIONS[index],
            };
            let found = fields.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| Cow::Owned((*value).to_owned()))
        };
        predicate.holds(&text, Some(5))
    }

    #[test]
    fn conditions_on_texts_are_understood_with_nulls_as_in_sql() {
        let name = Predicate::of(&col("eventname").in_list(vec![lit("GetObject"), lit("CopyObject")], false))
            .unwrap();
        assert!(holds(&name, &[("eventname", "CopyObject")]));
        assert!(!holds(&name, &[("eventname", "PutObject")]));
        assert!(!holds(&name, &[]));
        let not = Predicate::of(&col("eventname").in_list(vec![lit("GetObject")], true)).unwrap();
        assert!(holds(&not, &[("eventname", "PutObject")]) && !holds(&not, &[]));
        let succeeded = Predicate::of(&col("errorcode").is_null()).unwrap();
        assert!(holds(&succeeded, &[]) && !holds(&succeeded, &[("errorcode", "AccessDenied")]));
        let other = Predicate::of(&col("eventsource").not_eq(lit("x"))).unwrap();
        assert!(!holds(&other, &[]), "null is not unequal");
        let either = Predicate::of(&col("account").eq(lit("1")).or(lit("2").eq(col("account")))).unwrap();
        assert!(holds(&either, &[("account", "2")]));
        assert_eq!(Predicate::of(&col("useridentity").eq(lit("x"))), None);
        assert_eq!(Predicate::of(&col("eventname").like(lit("Get%"))), None);
    }

    #[test]
    fn files_are_left_out_only_if_their_place_is_known() {
        let days = Predicate::of(&col("dt").between(lit("2026/01/14"), lit("2026/01/16"))).unwrap();
        let can = |day: Option<&str>| {
            days.can_hold(&|index| (PARTITIONS[index] == "dt").then(|| day.map(str::to_owned)).flatten())
        };
        assert!(can(Some("2026/01/15")) && can(None));
        assert!(!can(Some("2026/01/17")) && !can(Some("2025/12/31")));
        let name = Predicate::of(&col("eventname").eq(lit("x"))).unwrap();
        assert!(name.can_hold(&|_| Some("y".to_owned())));
    }
}
