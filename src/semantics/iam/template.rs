//! Policy values with variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.
//!
//! Variables exist since policy language version 2012-10-17; in older documents `${…}` is plain text (IAM user guide,
//! *IAM policy elements: Variables and tags*).

use super::context::ContextValue;
use super::glob::Glob;

/// What a variable stands for while a policy is evaluated: the request's value of a lower-case condition key.
pub trait Keys {
    /// The value of the key in the request.
    fn key(&self, lower_case_key: &str) -> &ContextValue;

    /// Whether `aws:PrincipalArn` was derived from a session's ARN, which does not show the path of its role.
    fn role_path_is_unknown(&self) -> bool {
        false
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text in which `*` and `?` are wildcards.
    Pattern(String),
    /// Text that stands for itself.
    Literal(String),
    /// A condition key in lower case, and what stands in when the request lacks it.
    Variable { key: String, default: Option<String> },
}

/// A value of a policy, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    wildcards: bool,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// No variables, no wildcards: compared as text.
    Text(String),
    /// No variables.
    Fixed(Glob),
    /// At least one variable.
    Variable(Vec<Piece>),
}

/// A template with the request's values put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The pattern, and a second one where a request's value itself holds `*` or `?`: AWS does not document whether
    /// those are then wildcards, so both must agree.
    Pattern(Glob, Option<Glob>),
    /// A variable has no value in the request: AWS says that nothing equals it.
    Nothing,
    /// A variable's value is not known.
    Unknown,
}

impl Template {
    /// Reads a value. `variables` says whether the document's version has them, `wildcards` whether the place does.
    ///
    /// # Errors
    /// A clause about a `${` that is no variable.
    pub fn parse(source: &str, variables: bool, wildcards: bool) -> Result<Self, String> {
        let pieces = if variables && source.contains("${") {
            parse_pieces(source, wildcards)?
        } else {
            vec![text_piece(source.to_owned(), wildcards)]
        };
        let form = if pieces.iter().any(|p| matches!(p, Piece::Variable { .. })) {
            Form::Variable(pieces)
        } else {
            let mut glob = Glob::default();
            push_all(&mut glob, &pieces, None);
            match glob.as_literal() {
                Some(text) => Form::Text(text),
                None => Form::Fixed(glob),
            }
        };
        Ok(Self { source: source.to_owned(), wildcards, form })
    }

    /// The value `*`.
    #[must_use]
    pub fn wildcard() -> Self {
        Self { source: "*".to_owned(), wildcards: true, form: Form::Fixed(Glob::new("*")) }
    }

    /// The value as it stands in the document.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The condition keys, in lower case, that the value's variables refer to.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let pieces = match &self.form {
            Form::Variable(pieces) => pieces.as_slice(),
            _ => &[],
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    /// The text, if the value has neither wildcards nor variables.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.form {
            Form::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The pattern, if the value has no variables.
    #[must_use]
    pub fn as_glob(&self) -> Option<Glob> {
        match &self.form {
            Form::Text(text) => Some(Glob::literal(text)),
            Form::Fixed(glob) => Some(glob.clone()),
            Form::Variable(_) => None,
        }
    }

    /// Whether every text matches.
    #[must_use]
    pub fn matches_everything(&self) -> bool {
        matches!(&self.form, Form::Fixed(glob) if glob.matches_everything())
    }

    /// Whether a variable has no value in the request. Then no text is equal or like it (IAM user guide, *Policy variables
    /// with no value*), but whether a text is certainly *not* like it is another question: the same page says that such a
    /// variable might make the whole statement invalid.
    #[must_use]
    pub fn lacks_a_value(&self, keys: &impl Keys) -> bool {
        matches!(self.form, Form::Variable(_)) && self.resolve(keys) == Resolved::Nothing
    }

    /// Puts the request's values in.
    #[must_use]
    pub fn resolve(&self, keys: &impl Keys) -> Resolved {
        let pieces = match &self.form {
            Form::Text(text) => return Resolved::Pattern(Glob::literal(text), None),
            Form::Fixed(glob) => return Resolved::Pattern(glob.clone(), None),
            Form::Variable(pieces) => pieces,
        };
        let mut values = Vec::new();
        let mut unknown = false;
        for piece in pieces {
            if let Piece::Variable { key, default } = piece {
                match (keys.key(key), default) {
                    (ContextValue::Unknown, _) => unknown = true,
                    (value, default) => match (value.single(), default) {
                        (Some(text), _) => values.push(text.to_owned()),
                        (None, Some(text)) if *value == ContextValue::Absent => {
                            values.push(text.clone());
                        }
                        // AWS does not document a default beside a key with several values.
                        (None, Some(_)) => unknown = true,
                        (None, None) => return Resolved::Nothing,
                    },
                }
            }
        }
        if unknown {
            return Resolved::Unknown;
        }
        let mut literal = Glob::default();
        push_all(&mut literal, pieces, Some((&values, false)));
        let ambiguous = self.wildcards && values.iter().any(|value| value.contains(['*', '?']));
        let wild = ambiguous.then(|| {
            let mut wild = Glob::default();
            push_all(&mut wild, pieces, Some((&values, true)));
            wild
        });
        Resolved::Pattern(literal, wild)
    }
}

fn text_piece(text: String, wildcards: bool) -> Piece {
    if wildcards { Piece::Pattern(text) } else { Piece::Literal(text) }
}

/// Appends the pieces; `values` are those of the variables in order, and whether their wildcards count.
fn push_all(glob: &mut Glob, pieces: &[Piece], values: Option<(&[String], bool)>) {
    let (values, wild) = values.unwrap_or((&[], false));
    let mut values = values.iter();
    for piece in pieces {
        match piece {
            Piece::Pattern(text) => glob.push_pattern(text),
            Piece::Literal(text) => glob.push_literal(text),
            Piece::Variable { .. } => {
                let value = values.next().map_or("", String::as_str);
                if wild {
                    glob.push_pattern(value);
                } else {
                    glob.push_literal(value);
                }
            }
        }
    }
}

fn parse_pieces(source: &str, wildcards: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("${") {
        if !before.is_empty() {
            pieces.push(text_piece(before.to_owned(), wildcards));
        }
        let end = variable_end(after)
            .ok_or_else(|| format!("`{source}` has `${{` without the `}}` that ends the variable"))?;
        let (inside, tail) = after.split_at(end);
        pieces.push(parse_variable(inside, source)?);
        rest = tail.strip_prefix('}').unwrap_or(tail);
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(text_piece(rest.to_owned(), wildcards));
    }
    Ok(pieces)
}

/// Where the `}` is that ends the variable; one inside the quotes of a default does not.
fn variable_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (index, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some(index),
            _ => {}
        }
    }
    text.find('}')
}

fn parse_variable(inside: &str, source: &str) -> Result<Piece, String> {
    if matches!(inside, "*" | "?" | "$") {
        return Ok(Piece::Literal(inside.to_owned()));
    }
    let (key, default) = match inside.split_once(',') {
        None => (inside.trim(), None),
        Some((key, default)) => {
            let text =
                default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).ok_or_else(
                    || format!("the default value of a variable in `{source}` must stand in single quotes"),
                )?;
            (key.trim(), Some(text.to_owned()))
        }
    };
    if key.is_empty() || key.contains(['$', '{', '*', '?']) {
        return Err(format!("`${{{inside}}}` in `{source}` is no policy variable"));
    }
    Ok(Piece::Variable { key: key.to_ascii_lowercase(), default })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and what it unwraps is what it asserts"
    )]
    use super::super::context::Context;
    use super::*;

    struct Given(Context);

    impl Keys for Given {
        fn key(&self, key: &str) -> &ContextValue {
            self.0.given(key).unwrap_or(&ContextValue::Absent)
        }
    }

    fn matches(pattern: &str, text: &str) -> Option<bool> {
        let context = Context::new()
            .with("aws:username", "ann")
            .with("aws:PrincipalTag/wild", "a*")
            .with_unknown("aws:userid");
        let template = Template::parse(pattern, true, true).unwrap();
        match template.resolve(&Given(context)) {
            Resolved::Pattern(glob, None) => Some(glob.matches(text)),
            Resolved::Pattern(a, Some(b)) => (a.matches(text) == b.matches(text)).then(|| a.matches(text)),
            Resolved::Nothing => Some(false),
            Resolved::Unknown => None,
        }
    }

    #[test]
    fn variables_take_the_requests_values() {
        assert_eq!(matches("home/${aws:username}/*", "home/ann/x"), Some(true));
        assert_eq!(matches("home/${AWS:UserName}/*", "home/bob/x"), Some(false));
        assert_eq!(matches("${aws:absent}", "${aws:absent}"), Some(false));
        assert_eq!(matches("${aws:absent, 'dflt'}*", "dflt1"), Some(true));
        assert_eq!(matches("${aws:username, 'dflt'}", "ann"), Some(true));
        assert_eq!(matches("${aws:userid}", "x"), None);
        assert_eq!(matches("${aws:userid, 'd'}", "d"), None);
        assert_eq!(matches("${*}${?}${$}", "*?$"), Some(true));
        assert_eq!(matches("${*}", "x"), Some(false));
    }

    #[test]
    fn a_variable_without_a_value_is_told() {
        let keys = Given(Context::new().with("aws:username", "ann").with_unknown("aws:userid"));
        let lacks = |text: &str| Template::parse(text, true, true).unwrap().lacks_a_value(&keys);
        assert!(lacks("home/${aws:absent}/*"));
        for has in ["home/${aws:username}", "${aws:absent, 'none'}", "${aws:userid}", "${*}", "home"] {
            assert!(!lacks(has), "{has}");
        }
    }

    #[test]
    fn wildcards_in_a_requests_value_are_not_guessed() {
        assert_eq!(matches("${aws:PrincipalTag/wild}", "a*"), Some(true));
        assert_eq!(matches("${aws:PrincipalTag/wild}", "ab"), None);
        assert_eq!(matches("${aws:PrincipalTag/wild}", "b"), Some(false));
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for bad in ["${aws:username", "${}", "${a, b}", "${a${b}}"] {
            assert!(Template::parse(bad, true, true).is_err(), "{bad}");
            assert_eq!(Template::parse(bad, false, true).unwrap().as_text(), Some(bad));
        }
    }
}
