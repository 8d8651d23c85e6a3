//! The metric math that is understood: a metric times a number, sums, `FILL(m, 0)`, `SUM(METRICS())` and
//! `IF(m > k, 1, 0)` (`aws-semantics.md` 5.4). Everything else is unknown.

/// What an expression makes of one metric, all others at rest (without a data point, or zero).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// The metric times a factor.
    Times(f64),
    /// 1 while the metric is above (`inclusive`: or at) a bound, else 0.
    Above {
        /// The bound.
        bound: f64,
        /// Whether the bound itself counts.
        inclusive: bool,
    },
    /// The expression does not depend on the metric.
    Independent,
}

/// Reads an expression as a shape of the metric `id`; `others` are the ids of further metrics, `sum_of_all` whether all
/// metrics of the alarm count into `METRICS()`. None if it is not understood.
pub fn shape(expression: &str, id: &str, others: &[&str]) -> Option<Shape> {
    let text: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    if text.len() > 1024 {
        return None;
    }
    if text.eq_ignore_ascii_case("SUM(METRICS())") {
        return Some(Shape::Times(1.0));
    }
    if let Some(arguments) = call(&text, "IF") {
        return indicator(arguments, id);
    }
    let mut factor = 0.0;
    for term in text.split('+') {
        factor += self::factor(term, id, others)?;
    }
    Some(if factor == 0.0 { Shape::Independent } else { Shape::Times(factor) })
}

/// The arguments of a call that is the whole text.
fn call<'a>(text: &'a str, function: &str) -> Option<&'a str> {
    let (name, rest) = text.split_once('(')?;
    let arguments = rest.strip_suffix(')')?;
    (name.eq_ignore_ascii_case(function) && !arguments.contains('(')
        || arguments.contains("FILL(") && name.eq_ignore_ascii_case(function))
    .then_some(arguments)
}

fn indicator(arguments: &str, id: &str) -> Option<Shape> {
    let mut parts = arguments.split(',');
    let (condition, then, otherwise) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || then != "1" || otherwise != "0" {
        return None;
    }
    let (metric, bound) = condition.split_once('>')?;
    let (inclusive, bound) = match bound.strip_prefix('=') {
        Some(bound) => (true, bound),
        None => (false, bound),
    };
    (metric == id).then_some(Shape::Above { bound: number(bound)?, inclusive })
}

/// The factor of the metric in one term of a sum; 0 for another metric or a zero.
fn factor(term: &str, id: &str, others: &[&str]) -> Option<f64> {
    let mut factor = 1.0;
    let mut found = None;
    for part in term.split('*') {
        let part = match call(part, "FILL") {
            Some(arguments) => arguments.strip_suffix(",0")?,
            None => part,
        };
        if part == id {
            if found.is_some() {
                return None;
            }
            found = Some(true);
        } else if others.contains(&part) {
            if found.is_some() {
                return None;
            }
            found = Some(false);
        } else {
            factor *= number(part)?;
        }
    }
    match found {
        Some(true) => Some(factor),
        Some(false) => Some(0.0),
        // A constant that is added shifts every point.
        None if factor == 0.0 => Some(0.0),
        None => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(expression: &str) -> Option<Shape> {
        shape(expression, "m1", &["m2"])
    }

    #[test]
    fn sums_and_multiples_are_understood() {
        assert_eq!(of("m1"), Some(Shape::Times(1.0)));
        assert_eq!(of("m1 + m2"), Some(Shape::Times(1.0)));
        assert_eq!(of("m1 * 2 + m1"), Some(Shape::Times(3.0)));
        assert_eq!(of("FILL(m1, 0)"), Some(Shape::Times(1.0)));
        assert_eq!(of("FILL(m1,0) + FILL(m2,0)"), Some(Shape::Times(1.0)));
        assert_eq!(of("SUM(METRICS())"), Some(Shape::Times(1.0)));
        assert_eq!(of("m2"), Some(Shape::Independent));
    }

    #[test]
    fn an_indicator_is_understood() {
        assert_eq!(of("IF(m1 > 100, 1, 0)"), Some(Shape::Above { bound: 100.0, inclusive: false }));
        assert_eq!(of("IF(m1 >= 100, 1, 0)"), Some(Shape::Above { bound: 100.0, inclusive: true }));
    }

    #[test]
    fn everything_else_is_not() {
        for expression in [
            "ANOMALY_DETECTION_BAND(m1, 2)",
            "m1 / m2",
            "m1 * m2",
            "RATE(m1)",
            "m1 - 5",
            "m1 + 5",
            "IF(m1 > 100, m1, 0)",
            "SELECT SUM(x) FROM y",
            "FILL(m1, REPEAT)",
            "",
        ] {
            assert_eq!(of(expression), None, "{expression}");
        }
    }
}
