//! Lays out lines, paragraphs and tables within a width.

use anstyle::{AnsiColor, Color, Style};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle};

use super::super::format::Look;
use crate::catalogue::Severity;
use crate::score::assessment::Grade;

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Role {
    /// The heading of a section.
    Heading,
    /// A severity.
    Severity(Severity),
    /// The letter of a score.
    Grade(Grade),
    /// What could not be determined.
    Unknown,
    /// What a person can type.
    Command,
    /// What matters less.
    Aside,
}

impl Role {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(Color::Ansi(color)));
        match self {
            Self::Heading => Style::new().bold(),
            Self::Severity(Severity::Critical) | Self::Grade(Grade::E) => color(AnsiColor::Red).bold(),
            Self::Severity(Severity::High) | Self::Grade(Grade::D) => color(AnsiColor::Red),
            Self::Severity(Severity::Medium) | Self::Grade(Grade::C) => color(AnsiColor::Yellow),
            Self::Severity(Severity::Low | Severity::Info) => color(AnsiColor::Blue),
            Self::Grade(Grade::A | Grade::B) => color(AnsiColor::Green).bold(),
            Self::Unknown => color(AnsiColor::Magenta).bold(),
            Self::Command => color(AnsiColor::Cyan),
            Self::Aside => Style::new().dimmed(),
        }
    }
}

/// How the cells of a table's column are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Column {
    /// As wide as its content, which must be short.
    Fixed,
    /// What is left of the width.
    Rest,
    /// A number: as wide as its content, aligned to the right.
    Number,
}

/// The text of the report.
#[derive(Debug)]
pub(in crate::report) struct Page {
    text: String,
    width: usize,
    color: bool,
    links: bool,
}

impl Page {
    pub(in crate::report) fn new(look: Look) -> Self {
        Self {
            text: String::new(),
            // Wider lines are harder to read, not easier.
            width: look.width.clamp(Look::NARROWEST, 160),
            color: look.color,
            links: look.links,
        }
    }

    /// The text as a link, where the terminal has such.
    ///
    /// <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>
    pub(in crate::report) fn link(&self, text: &str, address: Option<&str>) -> String {
        let plain = |address: &&str| address.bytes().all(|byte| byte.is_ascii_graphic());
        match address.filter(plain) {
            Some(address) if self.links => format!("\u{1b}]8;;{address}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
            _ => text.to_owned(),
        }
    }

    /// Whether there are links at all.
    pub(in crate::report) fn has_links(&self) -> bool {
        self.links
    }

    /// Columns of a line.
    pub(in crate::report) fn width(&self) -> usize {
        self.width
    }

    /// The text as it is shown in this role.
    pub(in crate::report) fn paint(&self, role: Role, text: &str) -> String {
        if self.color {
            let style = role.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Adds a line as it is.
    pub(in crate::report) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Begins a section.
    pub(in crate::report) fn section(&mut self, title: &str) {
        let title = self.paint(Role::Heading, title);
        self.text.push('\n');
        self.line(&title);
    }

    /// Adds text in a role, wrapped and indented.
    pub(in crate::report) fn paragraph(&mut self, indent: u16, role: Option<Role>, text: &str) {
        let rows = [vec![text.to_owned()]];
        for line in self.rows(indent, &[Column::Rest], None, &rows) {
            let body = line.trim_start();
            let space = &line[..line.len() - body.len()];
            let body = role.map_or_else(|| body.to_owned(), |role| self.paint(role, body));
            self.line(&format!("{space}{body}"));
        }
    }

    /// Adds a table without lines. Every row has as many cells as there are columns.
    pub(in crate::report) fn table(
        &mut self,
        indent: u16,
        columns: &[Column],
        header: Option<&[String]>,
        rows: &[Vec<String>],
    ) {
        for line in self.rows(indent, columns, header, rows) {
            self.line(&line);
        }
    }

    /// What stands in a cell. A name of 64 KiB in a column that is as wide as its content would leave the others a
    /// character for each line, and each of these lines would be as wide as the name: gigabytes.
    fn cell(&self, column: Column, text: &str) -> String {
        let widest = self.width / 4 * 3;
        match column {
            Column::Fixed | Column::Number if text.chars().count() > widest => {
                text.chars().take(widest - 1).chain(['…']).collect()
            }
            Column::Fixed | Column::Number | Column::Rest => text.to_owned(),
        }
    }

    fn rows(
        &self,
        indent: u16,
        columns: &[Column],
        header: Option<&[String]>,
        rows: &[Vec<String>],
    ) -> Vec<String> {
        let mut table = Table::new();
        table
            .load_style(TableStyle::new())
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        if let Some(header) = header {
            table.set_header(header);
        }
        table.add_rows(
            rows.iter().map(|row| columns.iter().zip(row).map(|(column, cell)| self.cell(*column, cell))),
        );
        let last = columns.len().saturating_sub(1);
        for (index, column) in columns.iter().enumerate() {
            let Some(drawn) = table.column_mut(index) else {
                continue;
            };
            let left = if index == 0 { indent } else { 0 };
            let right = match column {
                _ if index == last => 0,
                // Eight columns of numbers and an account id fit on the narrowest page, no word broken.
                Column::Number if self.width < 90 => 1,
                _ => 2,
            };
            drawn.set_padding((left, right));
            match column {
                Column::Rest => {}
                Column::Fixed => {
                    drawn.set_constraint(ColumnConstraint::ContentWidth);
                }
                Column::Number => {
                    drawn.set_cell_alignment(CellAlignment::Right);
                    drawn.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// The finished text.
    pub(in crate::report) fn into_text(self) -> String {
        self.text
    }
}

/// `1 account`, `2 accounts`.
pub(in crate::report) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
