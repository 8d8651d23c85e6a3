//! A metric filter's `fieldSelectionCriteria`: a condition on `@aws.account` and `@aws.region`, the system fields of a
//! centralized log group (`aws-semantics.md` 5.3): `=`, `!=`, `IN`, `NOT IN`, `AND`, `OR` and parentheses.

use crate::semantics::verdict::Tri;

/// The system fields of a log event, where they are known: not the fields of the CloudTrail record in it, but where the
/// log group lies that first took the event in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SystemFields<'a> {
    /// `@aws.account`.
    pub account: Option<&'a str>,
    /// `@aws.region`.
    pub region: Option<&'a str>,
}

impl<'a> SystemFields<'a> {
    /// The value of a system field by its name; none if it is another field or not known.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a str> {
        match name {
            "@aws.account" => self.account,
            "@aws.region" => self.region,
            _ => None,
        }
    }
}

const MAX_LENGTH: usize = 2000;
const MAX_DEPTH: usize = 16;

/// Whether the criteria select a log event; unknown if they cannot be read or rest on a field that is not known.
pub(super) fn selects(criteria: &str, fields: &SystemFields<'_>) -> Tri {
    let read = || {
        let tokens = tokens(criteria)?;
        let mut reader = Reader { tokens: &tokens, at: 0, fields };
        let value = reader.any(0)?;
        (reader.at == tokens.len()).then_some(value)
    };
    read().unwrap_or(Tri::Unknown)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Quoted(&'a str),
    Symbol(&'a str),
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' | '\'' => {
                let (inner, after) = rest.get(1..)?.split_once(first)?;
                (Token::Quoted(inner), after)
            }
            '!' if rest.starts_with("!=") => (Token::Symbol("!="), rest.get(2..)?),
            '=' | '(' | ')' | '[' | ']' | ',' => {
                let (symbol, after) = rest.split_at_checked(1)?;
                (Token::Symbol(symbol), after)
            }
            c if c.is_ascii_alphanumeric() || c == '@' => {
                let more = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
                let (word, after) = rest.split_at_checked(rest.find(|c| !more(c)).unwrap_or(rest.len()))?;
                (Token::Word(word), after)
            }
            _ => return None,
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

/// Reads and evaluates in one go; none where the text is not understood.
struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    fields: &'a SystemFields<'a>,
}

impl<'a> Reader<'a> {
    fn accept(&mut self, token: Token<'_>) -> bool {
        let is = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(is);
        is
    }

    fn any(&mut self, depth: usize) -> Option<Tri> {
        let mut value = self.all(depth)?;
        while self.accept(Token::Word("OR")) {
            value = value.or(self.all(depth)?);
        }
        Some(value)
    }

    fn all(&mut self, depth: usize) -> Option<Tri> {
        let mut value = self.one(depth)?;
        while self.accept(Token::Word("AND")) {
            value = value.and(self.one(depth)?);
        }
        Some(value)
    }

    fn one(&mut self, depth: usize) -> Option<Tri> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.accept(Token::Symbol("(")) {
            let value = self.any(depth + 1)?;
            return self.accept(Token::Symbol(")")).then_some(value);
        }
        let name = match self.tokens.get(self.at)? {
            Token::Word(name) | Token::Quoted(name) if name.starts_with("@aws.") => *name,
            _ => return None,
        };
        self.at += 1;
        let (negated, wanted) = match self.operator()? {
            "=" => (false, vec![self.literal()?]),
            "!=" => (true, vec![self.literal()?]),
            "IN" => (false, self.list()?),
            _ => (true, self.list()?),
        };
        let Some(value) = self.fields.value(name) else { return Some(Tri::Unknown) };
        Some(Tri::from(wanted.contains(&value) != negated))
    }

    /// `=`, `!=`, `IN` or `NOT IN`.
    fn operator(&mut self) -> Option<&'static str> {
        for symbol in ["=", "!="] {
            if self.accept(Token::Symbol(symbol)) {
                return Some(symbol);
            }
        }
        let negated = self.accept(Token::Word("NOT"));
        let listed = self.accept(Token::Word("IN"));
        listed.then_some(if negated { "NOT IN" } else { "IN" })
    }

    fn literal(&mut self) -> Option<&'a str> {
        let token = *self.tokens.get(self.at)?;
        self.at += 1;
        match token {
            Token::Word(text) | Token::Quoted(text) => Some(text),
            Token::Symbol(_) => None,
        }
    }

    fn list(&mut self) -> Option<Vec<&'a str>> {
        let close = if self.accept(Token::Symbol("[")) {
            "]"
        } else if self.accept(Token::Symbol("(")) {
            ")"
        } else {
            return None;
        };
        let mut values = vec![self.literal()?];
        while self.accept(Token::Symbol(",")) {
            values.push(self.literal()?);
        }
        self.accept(Token::Symbol(close)).then_some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SystemFields<'_> = SystemFields { account: Some("111122223333"), region: Some("eu-west-1") };

    fn here(criteria: &str) -> Tri {
        selects(criteria, &HERE)
    }

    #[test]
    fn a_field_is_compared_with_a_literal() {
        assert_eq!(here("@aws.account = \"111122223333\""), Tri::Yes);
        assert_eq!(here("@aws.account=111122223333"), Tri::Yes);
        assert_eq!(here("@aws.region != \"eu-west-1\""), Tri::No);
        assert_eq!(here("@aws.region = 'us-east-1'"), Tri::No);
    }

    #[test]
    fn a_field_is_looked_for_in_a_list() {
        assert_eq!(here("@aws.region IN [\"us-east-1\", \"eu-west-1\"]"), Tri::Yes);
        assert_eq!(here("@aws.region NOT IN [\"us-east-1\", \"eu-west-1\"]"), Tri::No);
        assert_eq!(here("@aws.region NOT IN (\"us-east-1\")"), Tri::Yes);
    }

    #[test]
    fn conjunction_of_criteria_binds_stronger_than_disjunction() {
        let yes = "@aws.account = 111122223333";
        let no = "@aws.account = 1";
        assert_eq!(here(&format!("{yes} OR {no} AND {no}")), Tri::Yes);
        assert_eq!(here(&format!("({yes} OR {no}) AND {no}")), Tri::No);
        assert_eq!(here(&format!("{yes} AND @aws.region = eu-west-1")), Tri::Yes);
    }

    #[test]
    fn a_field_that_is_not_known_matters_only_if_it_decides() {
        let no_region = SystemFields { region: None, ..HERE };
        assert_eq!(selects("@aws.region = eu-west-1", &no_region), Tri::Unknown);
        assert_eq!(selects("@aws.region = eu-west-1 AND @aws.account = 1", &no_region), Tri::No);
        assert_eq!(selects("@aws.region = x OR @aws.account = 111122223333", &no_region), Tri::Yes);
        assert_eq!(here("@aws.other = x"), Tri::Unknown);
    }

    #[test]
    fn criteria_that_cannot_be_read_are_unknown() {
        for criteria in [
            "",
            "@aws.region",
            "@aws.region =",
            "@aws.region ==  x",
            "@aws.region != IN [x]",
            "@aws.region NOT = x",
            "region = x",
            "@aws.region IN []",
            "@aws.region IN [x",
            "@aws.region = \"x",
            "@aws.region = x @aws.region = x",
            "@aws.region LIKE x",
            "@aws.region = x AND",
            "(@aws.region = x",
            "\0",
        ] {
            assert_eq!(here(criteria), Tri::Unknown, "{criteria}");
        }
        assert_eq!(here(&"(".repeat(1500)), Tri::Unknown);
        assert_eq!(here(&"@aws.region = x OR ".repeat(5000)), Tri::Unknown);
    }
}
