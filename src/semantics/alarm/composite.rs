//! Composite alarms: their rule, evaluated with one alarm raised and all others at rest (`aws-semantics.md` 5.7).

use crate::semantics::verdict::Tri;

/// A rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidRule {
    /// What is wrong.
    pub reason: String,
}

/// A parsed rule, such as `ALARM("a") AND NOT OK(b)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRule(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Constant(bool),
    State(State, String),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Alarm,
    Ok,
    InsufficientData,
}

/// Nesting of parentheses and negations.
const MAX_DEPTH: usize = 64;
/// AWS's limit is 10,240 characters.
const MAX_LENGTH: usize = 10_240;

impl AlarmRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// It is not in CloudWatch's grammar, too long or nested too deep.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        if text.chars().count() > MAX_LENGTH {
            return Err(InvalidRule { reason: format!("the rule is longer than {MAX_LENGTH} characters") });
        }
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, at: 0 };
        let node = parser.or(0)?;
        match parser.peek() {
            None => Ok(Self(node)),
            Some(token) => Err(InvalidRule { reason: format!("`{token}` was not expected") }),
        }
    }

    /// Whether the composite alarm is raised when the alarm of this name and ARN is, and all others are in OK.
    #[must_use]
    pub fn fires(&self, name: &str, arn: &str) -> Tri {
        let raised = evaluate(&self.0, &|alarm| alarm == name || alarm == arn);
        let at_rest = evaluate(&self.0, &|_| false);
        match (raised, at_rest) {
            (true, false) => Tri::Yes,
            // It is raised already and does not act again.
            (true, true) => Tri::Unknown,
            (false, _) => Tri::No,
        }
    }

    /// Whether the rule names an alarm.
    #[must_use]
    pub fn names(&self, name: &str, arn: &str) -> bool {
        fn find(node: &Node, is: &dyn Fn(&str) -> bool) -> bool {
            match node {
                Node::Constant(_) => false,
                Node::State(_, alarm) => is(alarm),
                Node::Not(inner) => find(inner, is),
                Node::And(a, b) | Node::Or(a, b) => find(a, is) || find(b, is),
            }
        }
        find(&self.0, &|alarm| alarm == name || alarm == arn)
    }
}

fn evaluate(node: &Node, raised: &dyn Fn(&str) -> bool) -> bool {
    match node {
        Node::Constant(value) => *value,
        Node::State(State::Alarm, alarm) => raised(alarm),
        Node::State(State::Ok, alarm) => !raised(alarm),
        Node::State(State::InsufficientData, _) => false,
        Node::Not(inner) => !evaluate(inner, raised),
        Node::And(a, b) => evaluate(a, raised) && evaluate(b, raised),
        Node::Or(a, b) => evaluate(a, raised) || evaluate(b, raised),
    }
}

/// Words, quoted or not, and parentheses; a quoted word keeps its opening mark, so that no name is taken for syntax.
fn tokens(text: &str) -> Result<Vec<String>, InvalidRule> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            c if c.is_whitespace() => {}
            '(' | ')' => tokens.push(character.to_string()),
            '"' => {
                let mut name = String::from("\"");
                let closed = loop {
                    match characters.next() {
                        Some('"') => break true,
                        Some('\\') if characters.next_if_eq(&'"').is_some() => name.push('"'),
                        Some(c) => name.push(c),
                        None => break false,
                    }
                };
                if !closed {
                    return Err(InvalidRule { reason: "a quotation mark is not closed".to_owned() });
                }
                tokens.push(name);
            }
            c => {
                let mut word = String::from(c);
                while let Some(next) = characters.next_if(|c| !c.is_whitespace() && *c != '(' && *c != ')') {
                    word.push(next);
                }
                tokens.push(word);
            }
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, InvalidRule> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| InvalidRule { reason: "the rule ends too early".to_owned() })
    }

    fn expect(&mut self, wanted: &str) -> Result<(), InvalidRule> {
        let token = self.next()?;
        if token == wanted {
            Ok(())
        } else {
            Err(InvalidRule { reason: format!("`{token}` stands where `{wanted}` was expected") })
        }
    }

    fn or(&mut self, depth: usize) -> Result<Node, InvalidRule> {
        let mut node = self.and(depth)?;
        while self.peek() == Some("OR") {
            self.at += 1;
            node = Node::Or(Box::new(node), Box::new(self.and(depth)?));
        }
        Ok(node)
    }

    fn and(&mut self, depth: usize) -> Result<Node, InvalidRule> {
        let mut node = self.not(depth)?;
        while self.peek() == Some("AND") {
            self.at += 1;
            node = Node::And(Box::new(node), Box::new(self.not(depth)?));
        }
        Ok(node)
    }

    fn not(&mut self, depth: usize) -> Result<Node, InvalidRule> {
        if depth > MAX_DEPTH {
            return Err(InvalidRule { reason: format!("the rule is nested deeper than {MAX_DEPTH}") });
        }
        let token = self.next()?;
        match token.as_str() {
            "NOT" => Ok(Node::Not(Box::new(self.not(depth + 1)?))),
            "TRUE" => Ok(Node::Constant(true)),
            "FALSE" => Ok(Node::Constant(false)),
            "(" => {
                let node = self.or(depth + 1)?;
                self.expect(")")?;
                Ok(node)
            }
            "ALARM" => self.state(State::Alarm),
            "OK" => self.state(State::Ok),
            "INSUFFICIENT_DATA" => self.state(State::InsufficientData),
            other => Err(InvalidRule {
                reason: format!(
                    "`{other}` is neither a state such as ALARM, nor NOT, TRUE, FALSE or a parenthesis"
                ),
            }),
        }
    }

    fn state(&mut self, state: State) -> Result<Node, InvalidRule> {
        self.expect("(")?;
        let token = self.next()?;
        let name = match token.strip_prefix('"') {
            Some(quoted) => quoted,
            None if token == "(" || token == ")" => "",
            None => &token,
        };
        if name.is_empty() {
            return Err(InvalidRule {
                reason: format!("`{token}` stands where the name of an alarm was expected"),
            });
        }
        let name = name.to_owned();
        self.expect(")")?;
        Ok(Node::State(state, name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn fires(rule: &str) -> Tri {
        AlarmRule::parse(rule).unwrap().fires("bulk", "arn:bulk")
    }

    #[test]
    fn one_raised_alarm_decides() {
        assert_eq!(fires("ALARM(\"bulk\")"), Tri::Yes);
        assert_eq!(fires("ALARM(arn:bulk) OR ALARM(other)"), Tri::Yes);
        assert_eq!(fires("ALARM(bulk) AND ALARM(other)"), Tri::No);
        assert_eq!(fires("ALARM(bulk) AND NOT ALARM(maintenance)"), Tri::Yes);
        assert_eq!(fires("ALARM(bulk) AND OK(other)"), Tri::Yes);
        assert_eq!(fires("INSUFFICIENT_DATA(bulk)"), Tri::No);
    }

    #[test]
    fn and_binds_stronger_than_or() {
        assert_eq!(fires("ALARM(bulk) OR ALARM(a) AND ALARM(b)"), Tri::Yes);
        assert_eq!(fires("(ALARM(bulk) OR ALARM(a)) AND ALARM(b)"), Tri::No);
    }

    #[test]
    fn a_composite_alarm_that_is_always_raised_does_not_act() {
        assert_eq!(fires("TRUE"), Tri::Unknown);
        assert_eq!(fires("ALARM(bulk) OR OK(other)"), Tri::Unknown);
        assert_eq!(fires("FALSE"), Tri::No);
    }

    #[test]
    fn names_may_hold_spaces_when_quoted() {
        let rule = AlarmRule::parse("ALARM(\"bulk download (eu)\")").unwrap();
        assert_eq!(rule.fires("bulk download (eu)", ""), Tri::Yes);
        assert!(rule.names("bulk download (eu)", ""));
        assert!(!rule.names("bulk", ""));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in
            ["", "ALARM", "ALARM(", "ALARM()", "ALARM(a) ALARM(b)", "NOT", "XOR(a)", "ALARM(\"a)", "(TRUE"]
        {
            assert!(AlarmRule::parse(rule).is_err(), "{rule}");
        }
        assert!(AlarmRule::parse(&"(".repeat(5000)).is_err());
        assert!(AlarmRule::parse(&"NOT ".repeat(2000)).is_err());
    }

    #[test]
    fn an_alarm_is_named_by_its_arn_too() {
        assert_eq!(fires("ALARM(\"arn:bulk\")"), Tri::Yes);
        assert_eq!(fires("ALARM(arn:other)"), Tri::No);
    }

    #[test]
    fn a_parenthesis_or_nothing_is_no_name() {
        for rule in ["ALARM(()", "ALARM())", "ALARM(\"\")", "OK((a))", "ALARM(a b)"] {
            assert!(AlarmRule::parse(rule).is_err(), "{rule}");
        }
        assert_eq!(AlarmRule::parse("ALARM(\")\")").unwrap().fires(")", ""), Tri::Yes);
    }

    #[test]
    fn a_quotation_mark_in_a_name_is_escaped() {
        let rule = AlarmRule::parse(r#"ALARM("say \"no\"")"#).unwrap();
        assert_eq!(rule.fires("say \"no\"", ""), Tri::Yes);
    }

    #[test]
    fn keywords_are_upper_case_and_quoted_words_are_none() {
        for rule in ["alarm(a)", "ALARM(a) or ALARM(b)", "\"TRUE\"", "AT_LEAST(1, ALARM, (a, b))"] {
            assert!(AlarmRule::parse(rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn negation_binds_strongest() {
        assert_eq!(fires("NOT ALARM(a) AND ALARM(bulk)"), Tri::Yes);
        assert_eq!(fires("NOT (ALARM(a) OR ALARM(bulk))"), Tri::No);
        assert_eq!(fires("NOT NOT ALARM(bulk)"), Tri::Yes);
        assert_eq!(fires("NOT OK(bulk)"), Tri::Yes);
    }

    #[test]
    fn the_longest_rules_are_read_in_bounded_time() {
        let long = format!("ALARM(bulk){}", " OR ALARM(a)".repeat(850));
        assert_eq!(fires(&long), Tri::Yes);
        assert!(AlarmRule::parse(&" OR TRUE".repeat(5000)).is_err());
        let of_wide_characters = format!("ALARM(\"{}\")", "ä".repeat(10_000));
        assert!(AlarmRule::parse(&of_wide_characters).is_ok());
    }
}
