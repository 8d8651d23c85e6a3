//! Failures that the organization accepts: until a day, with a reason and somebody who answers for it.

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;

use super::checks::CheckDescription;
use super::document;
use super::problem::{Place, Problem};
use super::reader::{Fields, Reader, nearest, shortened};
use super::yaml::{Node, Value};

/// The keys of an exception.
pub(super) const KEYS: &[&str] = &["check", "account", "resource", "reason", "owner", "expires"];

/// The longest pattern: an ARN has at most 2,048 characters.
const MAX_PATTERN: usize = 2048;

/// The longest reason or owner.
const MAX_TEXT: usize = 1000;

/// A line and column of the policy file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// One exception. It excepts failures of the checks, accounts and resources that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct ExceptionRule {
    /// The check's id, or a pattern of ids.
    pub check: Pattern,
    /// The account's id, or a pattern of ids; none: every account.
    pub account: Option<Pattern>,
    /// The resource's id or ARN, or a pattern of one; none: every resource.
    pub resource: Option<Pattern>,
    /// Why the failure is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// Where it stands.
    pub position: Position,
}

impl ExceptionRule {
    /// Whether it is over on a day.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.expires
    }

    /// Whether it names this resource of this account, whatever the check.
    #[must_use]
    pub fn covers(&self, account: &str, id: &str, arn: Option<&str>) -> bool {
        let resource = |pattern: &Pattern| pattern.matches(id) || arn.is_some_and(|arn| pattern.matches(arn));
        self.account.as_ref().is_none_or(|pattern| pattern.matches(account))
            && self.resource.as_ref().is_none_or(resource)
    }
}

/// A text, or a glob pattern: `*`, `?`, `[…]` and `{a,b}`. A name that is equal to the text always matches.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: String,
    matcher: GlobMatcher,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a pattern must not be empty".to_owned());
        }
        if text.len() > MAX_PATTERN {
            return Err(format!("a pattern has at most {MAX_PATTERN} characters"));
        }
        let glob = GlobBuilder::new(text).backslash_escape(true).build();
        let glob = glob.map_err(|error| format!("`{}` is no pattern: {}", shortened(text), error.kind()))?;
        Ok(Self { written: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// As the file has it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it can match more than one name.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        self.written.contains(['*', '?', '[', '{', '\\'])
    }

    /// Whether a name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.written == name || self.matcher.is_match(name)
    }
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
    known_checks: &[CheckDescription],
) -> Option<ExceptionRule> {
    if !matches!(node.value, Value::Mapping(_)) {
        reader.wrong_kind(node, "an exception", "a mapping (`{ check: …, reason: … }`)");
        return None;
    }
    let fields = reader.fields(node, "an exception", KEYS);
    let check = required(reader, node, &fields, "check", "name the check whose failure is accepted");
    let check = check.and_then(|node| check_pattern(reader, node, known_checks));
    let account = fields.get("account").map(|node| account_pattern(reader, node));
    let resource = fields.get("resource").map(|node| reader.parsed(node, "resource", Pattern::new));
    let reason = required(reader, node, &fields, "reason", "say why the failure is accepted");
    let reason = reason.and_then(|node| words(reader, node, "reason"));
    let owner = required(reader, node, &fields, "owner", "say who answers for it");
    let owner = owner.and_then(|node| words(reader, node, "owner"));
    let help = "name its last day, such as `expires: 2027-06-30`: no exception holds for ever";
    let expires = required(reader, node, &fields, "expires", help);
    let expires = expires.and_then(|node| reader.parsed(node, "expires", date));
    let (line, column) = reader.line_and_column(node.place);
    Some(ExceptionRule {
        check: check?,
        // A pattern with a mistake is none at all: it must not widen the exception.
        account: if let Some(pattern) = account { Some(pattern?) } else { None },
        resource: if let Some(pattern) = resource { Some(pattern?) } else { None },
        reason: reason?,
        owner: owner?,
        expires: expires?,
        position: Position { line, column },
    })
}

fn required<'a>(
    reader: &mut Reader<'_>,
    exception: &Node,
    fields: &Fields<'a>,
    key: &str,
    help: &str,
) -> Option<&'a Node> {
    let node = fields.get_set(key);
    if node.is_none() {
        let place = Place { length: 0, ..exception.place };
        reader.report(Problem::new(place, format!("the exception has no `{key}`")).with_help(help));
    }
    node
}

fn check_pattern(reader: &mut Reader<'_>, node: &Node, known_checks: &[CheckDescription]) -> Option<Pattern> {
    let pattern = reader.parsed(node, "check", Pattern::new)?;
    if known_checks.iter().any(|check| pattern.matches(&check.id)) {
        return Some(pattern);
    }
    if pattern.is_glob() {
        let mut help = "`exfilguard checks list` prints all ids".to_owned();
        let name = pattern.written().replace(['*', '?'], "");
        if let Some(nearest) = nearest(&name, known_checks.iter().map(|check| check.id.as_str())) {
            help = format!("did you mean `{nearest}`? {help}");
        }
        let message = format!("`{}` matches no check", shortened(pattern.written()));
        reader.report(Problem::new(node.place, message).with_help(help));
    } else {
        document::unknown_check(reader, pattern.written(), node.place, known_checks);
    }
    None
}

/// An account id or a pattern of them; anything that no twelve digits could match is a mistake.
fn account_pattern(reader: &mut Reader<'_>, node: &Node) -> Option<Pattern> {
    let is_pattern = |text: &str| {
        text.contains(['*', '?', '['])
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"*?[]!-".contains(&byte))
    };
    match &node.value {
        Value::Text(text) if is_pattern(text) => reader.parsed(node, "account", Pattern::new),
        _ => document::account_id(reader, node).and_then(|id| Pattern::new(&id).ok()),
    }
}

/// A text that says something.
fn words(reader: &mut Reader<'_>, node: &Node, name: &str) -> Option<String> {
    reader.parsed(node, name, |text| {
        if text.trim().is_empty() {
            Err(format!("`{name}` is empty"))
        } else if text.len() > MAX_TEXT {
            Err(format!("`{name}` is longer than {MAX_TEXT} bytes"))
        } else {
            Ok(text.trim().to_owned())
        }
    })
}

fn date(text: &str) -> Result<Date, String> {
    let wrong = |why: &str| format!("`{}` is no date: {why}", shortened(text));
    let digits = |part: &str, length: usize| {
        (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<i16>().ok())?
    };
    let mut parts = text.split('-');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(year), Some(month), Some(day), None) = parts else {
        return Err(wrong("write year, month and day, such as `2027-06-30`"));
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return Err(wrong("write year, month and day, such as `2027-06-30`"));
    };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else {
        return Err(wrong("there is no such day"));
    };
    Date::new(year, month, day).map_err(|_| wrong("there is no such day"))
}
