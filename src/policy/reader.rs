//! Reads typed values out of a YAML tree and collects every mistake on the way, so that a person sees all of them at
//! once.

use super::problem::{Place, Problem};
use super::yaml::{Node, Value};
use crate::visible::visible_start;

/// The values of a mapping by key, in the order of `allowed`.
pub(super) struct Fields<'a> {
    values: Vec<(&'static str, &'a Node)>,
}

impl<'a> Fields<'a> {
    /// The value of a key, if the key is there.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.values.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// The value of a key, if the key is there and its value is not nothing. For keys whose default is nothing.
    pub(super) fn get_set(&self, key: &str) -> Option<&'a Node> {
        self.get(key).filter(|node| node.value != Value::Null)
    }
}

/// Collects the mistakes of one file.
pub(super) struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    /// The mistakes so far.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Records a mistake.
    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The text of the file at a place, as the person wrote it.
    pub(super) fn written(&self, place: Place) -> &'t str {
        self.text.get(place.start..place.start.saturating_add(place.length)).unwrap_or_default()
    }

    /// The first line of what the person wrote at a place, for a message.
    pub(super) fn beginning(&self, place: Place) -> String {
        shortened(self.written(place).lines().next().unwrap_or_default())
    }

    /// Line and column of a place.
    pub(super) fn line_and_column(&self, place: Place) -> (usize, usize) {
        place.line_and_column(self.text)
    }

    /// Records that a value is of the wrong kind.
    pub(super) fn wrong_kind(&mut self, node: &Node, name: &str, expected: &str) {
        let kind = node.value.kind();
        let written = self.written(node.place);
        let found = match &node.value {
            Value::Boolean(_) | Value::Integer(_) | Value::Number(_) if !written.is_empty() => {
                format!("{kind}, `{}`", shortened(written))
            }
            _ => kind.to_owned(),
        };
        self.report(Problem::new(node.place, format!("`{name}` must be {expected}, not {found}")));
    }

    /// The fields of a mapping whose keys are known. Nothing at all is an empty mapping.
    pub(super) fn fields<'a>(
        &mut self,
        node: &'a Node,
        name: &str,
        allowed: &'static [&'static str],
    ) -> Fields<'a> {
        let mut values = Vec::new();
        for (key, value) in self.entries(node, name) {
            match allowed.iter().find(|allowed| **allowed == key.name) {
                Some(allowed) => values.push((*allowed, value)),
                None => self.unknown_name(key.place, "key", key.name, allowed.iter().copied()),
            }
        }
        Fields { values }
    }

    /// The entries of a mapping whose keys are free texts. Nothing at all is an empty mapping.
    pub(super) fn entries<'a>(&mut self, node: &'a Node, name: &str) -> Vec<(Key<'a>, &'a Node)> {
        let entries = match &node.value {
            Value::Null => return Vec::new(),
            Value::Mapping(entries) => entries,
            _ => {
                self.wrong_kind(node, name, "a mapping (`key: value`)");
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for (key, value) in entries {
            match &key.value {
                Value::Text(name) => texts.push((Key { name, place: key.place }, value)),
                other => self.report(
                    Problem::new(
                        key.place,
                        format!("a key of `{name}` must be a text, not {}", other.kind()),
                    )
                    .with_help("quote it"),
                ),
            }
        }
        texts
    }

    /// The items of a list. Nothing at all is an empty list.
    pub(super) fn items<'a>(&mut self, node: &'a Node, name: &str) -> &'a [Node] {
        match &node.value {
            Value::Null => &[],
            Value::List(items) => items,
            _ => {
                self.wrong_kind(node, name, "a list (`[ … ]`)");
                &[]
            }
        }
    }

    /// A text.
    pub(super) fn text<'a>(&mut self, node: &'a Node, name: &str) -> Option<&'a str> {
        match &node.value {
            Value::Text(text) => Some(text),
            Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => {
                let written = shortened(self.written(node.place));
                self.report(
                    Problem::new(node.place, format!("`{name}` must be a text, not {}", node.value.kind()))
                        .with_help(format!("quote it: \"{written}\"")),
                );
                None
            }
            _ => {
                self.wrong_kind(node, name, "a text");
                None
            }
        }
    }

    /// A text of a certain form.
    pub(super) fn parsed<T>(
        &mut self,
        node: &Node,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(node, name)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.report(Problem::new(node.place, message));
                None
            }
        }
    }

    /// A list of texts of a certain form. Items with mistakes are left out.
    pub(super) fn list<T>(
        &mut self,
        node: Option<&Node>,
        name: &str,
        mut item: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = node else {
            return Vec::new();
        };
        let items = self.items(node, name);
        items.iter().filter_map(|node| item(self, node)).collect()
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node, name: &str) -> Option<bool> {
        match &node.value {
            Value::Boolean(value) => Some(*value),
            Value::Text(text) => {
                let found = shortened(text);
                self.report(Problem::new(
                    node.place,
                    format!("`{name}` must be `true` or `false`, not the text `{found}`"),
                ));
                None
            }
            _ => {
                self.wrong_kind(node, name, "`true` or `false`");
                None
            }
        }
    }

    /// Records a name that is not one of the allowed ones, with the nearest of them.
    pub(super) fn unknown_name<'n>(
        &mut self,
        place: Place,
        what: &str,
        name: &str,
        allowed: impl Iterator<Item = &'n str> + Clone,
    ) {
        let list: Vec<&str> = allowed.clone().collect();
        let mut help = format!("allowed here: {}", list.join(", "));
        if let Some(nearest) = nearest(name, allowed) {
            help = format!("did you mean `{nearest}`? {help}");
        }
        let name = shortened(name);
        self.report(Problem::new(place, format!("unknown {what} `{name}`")).with_help(help));
    }
}

/// A key of a mapping.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    pub(super) place: Place,
}

/// The name that a person most likely meant, if one is near: at most a third of its letters differ.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Longer than any name that exists: comparing would only cost time.
    if name.len() > 100 {
        return None;
    }
    let name = name.to_lowercase().replace('_', "-");
    known
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&name, &candidate.replace('_', "-"));
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The beginning of a text that a person wrote, for a message.
pub(super) fn shortened(text: &str) -> String {
    visible_start(text, 60)
}
