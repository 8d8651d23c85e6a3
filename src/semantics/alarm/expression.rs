//! The metric math that is understood: a metric times a number, sums, `FILL(m, 0)`, `SUM(METRICS())` and
//! `IF(m > k, 1, 0)` (`aws-semantics.md` 5.4). Everything else is unknown.
//!
//! A sum of two series has a point only where both have one, so a sum with a metric that may be silent is understood
//! only if that metric is filled.

/// What an expression makes of one metric, all others at rest (zero where they are filled or summed by
/// `SUM(METRICS())`).
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

/// An expression as a function of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// What it makes of the metric.
    pub(super) shape: Shape,
    /// Whether there may be points while the metric has none.
    pub(super) filled: bool,
}

/// The longest expression that AWS accepts, in characters.
const MAX_LENGTH: usize = 2048;
/// Nesting of parentheses.
const MAX_DEPTH: usize = 16;

/// Reads an expression as a function of the metric `id`; `others` are the ids of further metrics. None if it is not
/// understood.
pub(super) fn read(expression: &str, id: &str, others: &[&str]) -> Option<Reading> {
    let tokens = tokens(expression)?;
    let mut reader = Reader { tokens: &tokens, at: 0, id, others };
    if let Some(reading) = reader.indicator() {
        return reading;
    }
    let linear = reader.sum(0)?;
    if reader.at != tokens.len() || linear.constant != 0.0 {
        // A constant that is added shifts every point.
        return None;
    }
    if linear.own == 0.0 {
        return Some(Reading { shape: Shape::Independent, filled: true });
    }
    (!linear.needs_others).then_some(Reading { shape: Shape::Times(linear.own), filled: !linear.needs_own })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(f64),
    Word(&'a str),
    Symbol(char),
    AtLeast,
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = |more: fn(char) -> bool| rest.find(|c| !more(c)).unwrap_or(rest.len());
        let (token, length) = match first {
            '0'..='9' | '.' => {
                let end = end(|c| c.is_ascii_digit() || c == '.');
                (Token::Number(rest.get(..end)?.parse().ok()?), end)
            }
            c if c.is_ascii_alphabetic() => {
                let end = end(|c| c.is_ascii_alphanumeric() || c == '_');
                (Token::Word(rest.get(..end)?), end)
            }
            '>' if rest.starts_with(">=") => (Token::AtLeast, 2),
            '+' | '*' | '-' | '(' | ')' | ',' | '>' => (Token::Symbol(first), 1),
            _ => return None,
        };
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// A sum of multiples of metrics.
#[derive(Debug, Clone, Copy, Default)]
struct Linear {
    /// The factor of the metric in question.
    own: f64,
    constant: f64,
    /// There is no point where the metric has none.
    needs_own: bool,
    /// There is no point where some other metric has none.
    needs_others: bool,
    /// Other metrics add to it.
    has_others: bool,
}

impl Linear {
    fn plus(self, other: Self) -> Self {
        Self {
            own: self.own + other.own,
            constant: self.constant + other.constant,
            needs_own: self.needs_own || other.needs_own,
            needs_others: self.needs_others || other.needs_others,
            has_others: self.has_others || other.has_others,
        }
    }

    fn is_constant(self) -> bool {
        self.own == 0.0 && !self.needs_own && !self.needs_others && !self.has_others
    }

    fn times(self, other: Self) -> Option<Self> {
        let (scale, series) = match (self.is_constant(), other.is_constant()) {
            (true, _) => (self.constant, other),
            (_, true) => (other.constant, self),
            _ => return None,
        };
        // Another metric that is taken away lowers the point as much as it likes.
        if scale < 0.0 && series.has_others || !scale.is_finite() {
            return None;
        }
        Some(Self { own: series.own * scale, constant: series.constant * scale, ..series })
    }
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    id: &'a str,
    others: &'a [&'a str],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token<'_>> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    fn accept(&mut self, symbol: char) -> Option<()> {
        (self.tokens.get(self.at) == Some(&Token::Symbol(symbol))).then(|| self.at += 1)
    }

    fn number(&mut self) -> Option<f64> {
        let sign = if self.accept('-').is_some() { -1.0 } else { 1.0 };
        match self.next()? {
            Token::Number(number) => Some(sign * number),
            _ => None,
        }
    }

    /// `IF(m > k, 1, 0)` as the whole expression: none if it is no `IF`, some none if it is one that is not understood.
    fn indicator(&mut self) -> Option<Option<Reading>> {
        if self.tokens.first() != Some(&Token::Word("IF")) {
            return None;
        }
        self.at = 1;
        Some(self.indicator_arguments())
    }

    fn indicator_arguments(&mut self) -> Option<Reading> {
        self.accept('(')?;
        let metric = self.atom(0)?;
        let inclusive = match self.next()? {
            Token::Symbol('>') => false,
            Token::AtLeast => true,
            _ => return None,
        };
        let bound = self.number()?;
        self.accept(',')?;
        let then = self.number()?;
        self.accept(',')?;
        let otherwise = self.number()?;
        self.accept(')')?;
        let plain = metric.own == 1.0 && metric.constant == 0.0 && !metric.has_others;
        let understood = plain && then == 1.0 && otherwise == 0.0 && self.at == self.tokens.len();
        understood.then_some(Reading { shape: Shape::Above { bound, inclusive }, filled: !metric.needs_own })
    }

    fn sum(&mut self, depth: usize) -> Option<Linear> {
        let mut all = self.product(depth)?;
        while self.accept('+').is_some() {
            all = all.plus(self.product(depth)?);
        }
        Some(all)
    }

    fn product(&mut self, depth: usize) -> Option<Linear> {
        let mut all = self.atom(depth)?;
        while self.accept('*').is_some() {
            all = all.times(self.atom(depth)?)?;
        }
        Some(all)
    }

    fn atom(&mut self, depth: usize) -> Option<Linear> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.accept('(').is_some() {
            let inner = self.sum(depth + 1)?;
            self.accept(')')?;
            return Some(inner);
        }
        let at = self.at;
        match self.tokens.get(at)? {
            Token::Word("FILL") => {
                self.at += 1;
                self.accept('(')?;
                let metric = self.metric()?;
                self.accept(',')?;
                if self.number()? != 0.0 {
                    return None;
                }
                self.accept(')')?;
                Some(Linear { needs_own: false, needs_others: false, ..metric })
            }
            Token::Word("SUM") => {
                self.at += 1;
                for token in [
                    Token::Symbol('('),
                    Token::Word("METRICS"),
                    Token::Symbol('('),
                    Token::Symbol(')'),
                    Token::Symbol(')'),
                ] {
                    if self.tokens.get(self.at) != Some(&token) {
                        return None;
                    }
                    self.at += 1;
                }
                // It sums what has a point; further metrics may have one where this one has none.
                let has_others = !self.others.is_empty();
                Some(Linear { own: 1.0, needs_own: !has_others, has_others, ..Linear::default() })
            }
            Token::Word(_) => self.metric(),
            _ => Some(Linear { constant: self.number()?, ..Linear::default() }),
        }
    }

    fn metric(&mut self) -> Option<Linear> {
        let (id, others) = (self.id, self.others);
        match self.next()? {
            Token::Word(word) if word == id => {
                Some(Linear { own: 1.0, needs_own: true, ..Linear::default() })
            }
            Token::Word(word) if others.contains(&word) => {
                Some(Linear { needs_others: true, has_others: true, ..Linear::default() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(expression: &str) -> Option<Shape> {
        read(expression, "m1", &["m2"]).map(|reading| reading.shape)
    }

    fn filled(expression: &str) -> Option<bool> {
        read(expression, "m1", &["m2"]).map(|reading| reading.filled)
    }

    #[test]
    fn sums_and_multiples_are_understood() {
        assert_eq!(of("m1"), Some(Shape::Times(1.0)));
        assert_eq!(of("m1 * 2 + m1"), Some(Shape::Times(3.0)));
        assert_eq!(of("2*(m1+m1)"), Some(Shape::Times(4.0)));
        assert_eq!(of("m1 * -1"), Some(Shape::Times(-1.0)));
        assert_eq!(of("m1 * 0.5"), Some(Shape::Times(0.5)));
        assert_eq!(of("FILL(m1, 0)"), Some(Shape::Times(1.0)));
        assert_eq!(of("FILL(m1,0) + FILL(m2,0)"), Some(Shape::Times(1.0)));
        assert_eq!(of("SUM(METRICS())"), Some(Shape::Times(1.0)));
        assert_eq!(of("m2"), Some(Shape::Independent));
        assert_eq!(of("m1 * 0"), Some(Shape::Independent));
    }

    #[test]
    fn a_sum_with_a_metric_that_may_be_silent_is_not_understood() {
        assert_eq!(of("m1 + m2"), None);
        assert_eq!(of("FILL(m1, 0) + m2"), None);
        assert_eq!(of("m1 + FILL(m2, 0)"), Some(Shape::Times(1.0)));
    }

    #[test]
    fn another_metric_that_is_taken_away_is_not_understood() {
        assert_eq!(of("m1 + FILL(m2, 0) * -1"), None);
        assert_eq!(of("m1 + -1 * FILL(m2, 0)"), None);
    }

    #[test]
    fn only_a_filled_metric_has_points_at_rest() {
        assert_eq!(filled("m1"), Some(false));
        assert_eq!(filled("FILL(m1, 0)"), Some(true));
        assert_eq!(filled("m1 + FILL(m2, 0)"), Some(false));
        assert_eq!(filled("SUM(METRICS())"), Some(true));
        assert_eq!(read("SUM(METRICS())", "m1", &[]).map(|reading| reading.filled), Some(false));
        assert_eq!(filled("IF(m1 > 1, 1, 0)"), Some(false));
        assert_eq!(filled("IF(FILL(m1, 0) > 1, 1, 0)"), Some(true));
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
            "m1 * m1",
            "RATE(m1)",
            "SUM(m1)",
            "m1 - 5",
            "m1 + 5",
            "IF(m1 > 100, m1, 0)",
            "IF(m1 > 100, 1, 0) + m1",
            "IF(m1 < 100, 1, 0)",
            "IF(m2 > 1, 1, 0)",
            "SELECT SUM(x) FROM y",
            "FILL(m1, REPEAT)",
            "FILL(m1, 1)",
            "FILL(m1+m2, 0)",
            "SUM(METRICS(\"e\"))",
            "e1",
            "1.2.3",
            "m1 m1",
            "m1 +",
            "(m1",
            "m1)",
            "m1 \0",
            "",
        ] {
            assert_eq!(of(expression), None, "{expression}");
        }
    }

    #[test]
    fn nesting_and_length_are_bounded() {
        assert_eq!(of(&format!("{}m1{}", "(".repeat(1000), ")".repeat(1000))), None);
        assert_eq!(of(&"m1+".repeat(10_000)), None);
        assert_eq!(of(&format!("m1{}", "+m1".repeat(500))), Some(Shape::Times(501.0)));
    }
}
