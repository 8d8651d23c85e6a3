//! Where a value in a module comes from: which part of the facts a reference means.

use super::schema::Step;

/// Where the value of an expression comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// A part of the facts.
    Input(Vec<Step>),
    /// A part of the surroundings.
    Data(Vec<String>),
    /// A collection whose entries come from these. `over_input_list` if it may be empty because a list of the facts is.
    Items {
        /// Where entries come from.
        entries: Vec<Origin>,
        /// Whether it has an entry per entry of a list of the facts.
        over_input_list: bool,
    },
    /// One of these.
    Any(Vec<Origin>),
    /// Computed, or a literal.
    Opaque,
}

impl Origin {
    /// The origin of a field of it.
    #[must_use]
    pub fn field(self, name: &str) -> Self {
        match self {
            Self::Input(mut path) => {
                path.push(Step::Field(name.to_owned()));
                Self::Input(path)
            }
            Self::Data(mut path) => {
                path.push(name.to_owned());
                Self::Data(path)
            }
            Self::Any(all) => Self::any(all.into_iter().map(|origin| origin.field(name))),
            Self::Items { .. } | Self::Opaque => Self::Opaque,
        }
    }

    /// The origin of its entries.
    #[must_use]
    pub fn entry(self) -> Self {
        match self {
            Self::Input(mut path) => {
                path.push(Step::Each);
                Self::Input(path)
            }
            Self::Items { entries, .. } => Self::any(entries),
            Self::Any(all) => Self::any(all.into_iter().map(Self::entry)),
            Self::Data(_) | Self::Opaque => Self::Opaque,
        }
    }

    /// One of several.
    pub fn any(origins: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for origin in origins {
            if !all.contains(&origin) {
                all.push(origin);
            }
        }
        match all.len() {
            0 => Self::Opaque,
            1 => all.swap_remove(0),
            _ => Self::Any(all),
        }
    }

    /// The parts of the facts that it may be.
    #[must_use]
    pub fn inputs(&self) -> Vec<&[Step]> {
        match self {
            Self::Input(path) => vec![path],
            Self::Any(all) => all.iter().flat_map(Self::inputs).collect(),
            Self::Items { entries, .. } => entries.iter().flat_map(Self::inputs).collect(),
            Self::Data(_) | Self::Opaque => Vec::new(),
        }
    }
}
