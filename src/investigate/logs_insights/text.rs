//! What stands in a Logs Insights text: its commands, and whether and how the rows of two parts of a window can be put
//! together.

/// How a column of two parts becomes that of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// What rows are grouped by: equal in both.
    Group,
    /// The sum of whole numbers.
    Count,
    /// The sum.
    Sum,
    /// The one that sorts first.
    Least,
    /// The one that sorts last.
    Greatest,
    /// It cannot be told: different values may be the same ones, an average lacks its count.
    Unknowable,
}

/// What the rows of a text are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One per event.
    Events,
    /// One per group: each field with how it is put together, the aggregates before the groups.
    Groups(Vec<(String, Merge)>),
    /// Of aggregates that something else is done with afterwards.
    Further,
}

impl Shape {
    /// Reads the shape of a text's rows.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let commands = commands(text);
        let place = commands.iter().position(|command| word(command) == "stats");
        match place.and_then(|place| commands.get(place..)) {
            None => Self::Events,
            Some([stats]) => Self::Groups(fields_of(stats)),
            Some(_) => Self::Further,
        }
    }

    /// Whether the rows of parts of a window can be put together to those of the window.
    #[must_use]
    pub fn can_be_split(&self) -> bool {
        match self {
            Self::Events => true,
            Self::Groups(fields) => fields.iter().all(|(_, merge)| *merge != Merge::Unknowable),
            Self::Further => false,
        }
    }
}

/// Whether a function stands in a text.
#[must_use]
pub fn calls(text: &str, function: &str) -> bool {
    outside_quotes(text).contains(&format!("{function}("))
}

/// The name that the event's own time has in the rows of a text.
#[must_use]
pub fn name_of_event_time(text: &str) -> Option<String> {
    let mut name = None;
    for command in commands(text).into_iter().filter(|command| word(command) == "fields") {
        for item in top_level(command.trim_start().trim_start_matches("fields")) {
            let (expression, alias) = alias_of(&item);
            if expression == "eventTime" {
                name = Some(alias.unwrap_or(expression).to_owned());
            }
        }
    }
    name
}

/// The commands between the pipes.
fn commands(text: &str) -> Vec<&str> {
    let plain = outside_quotes(text);
    let (mut found, mut start) = (Vec::new(), 0);
    for (at, _) in plain.match_indices('|') {
        found.extend(text.get(start..at));
        start = at + 1;
    }
    found.extend(text.get(start..));
    found.retain(|command| !command.trim().is_empty());
    found
}

fn word(command: &str) -> &str {
    command.split_whitespace().next().unwrap_or_default()
}

/// The fields of a `stats` command.
fn fields_of(stats: &str) -> Vec<(String, Merge)> {
    let (aggregates, groups) = split_at_by(stats.trim_start().trim_start_matches("stats"));
    let name = |item: &str| {
        let (expression, alias) = alias_of(item);
        alias.unwrap_or(expression).to_owned()
    };
    let aggregates = top_level(aggregates).into_iter().map(|item| (name(&item), merge_of(alias_of(&item).0)));
    let groups = top_level(groups).into_iter().map(|item| (name(&item), Merge::Group));
    aggregates.chain(groups).collect()
}

fn merge_of(expression: &str) -> Merge {
    let whole = is_one_call(expression);
    match expression.split('(').next().unwrap_or_default().trim() {
        "count" if whole => Merge::Count,
        "sum" if whole => Merge::Sum,
        "min" | "sortsFirst" if whole => Merge::Least,
        "max" | "sortsLast" if whole => Merge::Greatest,
        _ => Merge::Unknowable,
    }
}

/// Whether the first parenthesis is closed by the last character: `sum(a) / sum(b)` is no sum.
fn is_one_call(expression: &str) -> bool {
    let mut depth = 0_u32;
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1 == expression.len();
        }
    }
    false
}

/// What stands before and after the word `by` that is in no parentheses.
fn split_at_by(text: &str) -> (&str, &str) {
    let mut depth = 0_i32;
    let plain = outside_quotes(text);
    for (at, character) in plain.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        let rest = plain.get(at..).unwrap_or_default();
        if depth == 0 && character.is_whitespace() && word(rest) == "by" {
            let behind = at + rest.find("by").unwrap_or_default() + "by".len();
            return (text.get(..at).unwrap_or_default(), text.get(behind..).unwrap_or_default());
        }
    }
    (text, "")
}

/// The items between commas that are in no parentheses.
fn top_level(text: &str) -> Vec<String> {
    let one_line = |item: &str| item.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut items, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, character) in outside_quotes(text).char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                items.extend(text.get(start..at).map(one_line));
                start = at + 1;
            }
            _ => {}
        }
    }
    items.extend(text.get(start..).map(one_line));
    items.retain(|item| !item.is_empty());
    items
}

fn alias_of(item: &str) -> (&str, Option<&str>) {
    match item.rsplit_once(" as ") {
        Some((expression, alias)) => (expression.trim(), Some(alias.trim())),
        None => (item.trim(), None),
    }
}

/// The text with all that is in quotes or a regular expression made blank, byte for byte. The names within backticks stay:
/// they are fields.
fn outside_quotes(text: &str) -> String {
    let mut quote = None;
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        let inside = quote.is_some();
        match (quote, character) {
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '/') if begins_a_pattern(&plain) => {
                quote = Some(character);
            }
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        if inside || quote.is_some_and(|open| open != '`') {
            (0..character.len_utf8()).for_each(|_| plain.push(' '));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Whether a slash after this text begins a regular expression: behind `like` and `=~`, and behind the field of `parse`.
fn begins_a_pattern(before: &str) -> bool {
    let command = before.rsplit('|').next().unwrap_or_default();
    let words = command.split_whitespace().count();
    let end = before.trim_end();
    end.ends_with("like") || end.ends_with("=~") || (word(command) == "parse" && words == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str) -> Vec<(String, Merge)> {
        match Shape::of(text) {
            Shape::Groups(fields) => fields,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn each_aggregate_says_how_parts_are_put_together() {
        let text = "filter a = \"x | stats y\" and b in [\"by\"]\n| fields coalesce(a, b) as who\n| stats count(*) as n,\n \
                    sum(coalesce(b, 0)) as bytes, count_distinct(k) as keys, sortsFirst(eventTime) as first,\n max(c) as last, \
                    sum(a) / count(*) as mean by who, concat(a, \" by \", b) as both, bin(1h)";
        let of = |name: &str, merge| (name.to_owned(), merge);
        assert_eq!(
            groups(text),
            [
                of("n", Merge::Count),
                of("bytes", Merge::Sum),
                of("keys", Merge::Unknowable),
                of("first", Merge::Least),
                of("last", Merge::Greatest),
                of("mean", Merge::Unknowable),
                of("who", Merge::Group),
                of("both", Merge::Group),
                of("bin(1h)", Merge::Group),
            ]
        );
        assert!(!Shape::of(text).can_be_split());
        assert!(Shape::of("stats sum(a) as b by c").can_be_split());
        assert!(
            calls(text, "count_distinct") && !calls("filter a = \"count_distinct(b)\"", "count_distinct")
        );
    }

    #[test]
    fn events_can_be_split_and_what_comes_after_aggregates_cannot() {
        assert_eq!(Shape::of("filter a = 1 | fields b"), Shape::Events);
        assert_eq!(Shape::of("filter a like /x(y| stats z)/ | fields b/2"), Shape::Events);
        assert_eq!(Shape::of("parse a /x(?<b>y| stats z)/ | fields b/2, c"), Shape::Events);
        assert_eq!(Shape::of("stats count(*) as n by a | filter n > 1"), Shape::Further);
        assert_eq!(Shape::of("stats count(*) as n by a | stats avg(n) as m"), Shape::Further);
        assert!(!Shape::Further.can_be_split());
    }

    #[test]
    fn the_name_of_the_events_time_is_found() {
        let name = |text| name_of_event_time(text);
        assert_eq!(
            name("filter x = 1 | fields coalesce(a, b) as c, eventTime as event_time").as_deref(),
            Some("event_time")
        );
        assert_eq!(name("fields eventTime, a").as_deref(), Some("eventTime"));
        assert_eq!(name("fields a | filter eventTime > \"2\""), None);
    }
}
