//! The matrix of `exfilguard simulate` in its formats, and where they are written to.

mod html;
mod markdown;
pub(in crate::report) mod terminal;

use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

use super::Look;
use super::destination::{print, replace, temporary_beside};
use crate::score::assessment::Assessment;
use crate::simulate::{Cell, Outcome, Technique};

/// A format of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MatrixFormat {
    /// For a person at a terminal.
    Terminal,
    /// The contract's `simulation` array.
    Json,
    /// For a pull request.
    Markdown,
    /// One file for a browser.
    Html,
}

/// `FORMAT` for standard output, `FORMAT=PATH` for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixDestination {
    format: MatrixFormat,
    path: Option<PathBuf>,
}

impl FromStr for MatrixDestination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let format = MatrixFormat::from_str(name, false).map_err(|_| {
            format!("`{name}` is no format of the matrix; formats: terminal, json, markdown, html")
        })?;
        if path.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(format!("`{name}=` names no file; write `{name}=FILE`"));
        }
        Ok(Self { format, path })
    }
}

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// Where the cells are.
    pub assessment: &'a Assessment,
    /// The same before what was assumed.
    pub before: Option<&'a Assessment>,
    /// The techniques, in order.
    pub techniques: &'a [Technique],
    /// What a row is.
    pub rows: MatrixRows,
    /// Whether each cell's path is told.
    pub explain: bool,
}

/// What a row of the matrix is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum MatrixRows {
    /// One bucket.
    #[default]
    Bucket,
    /// One account: of each technique the worst that becomes of any of its buckets.
    Account,
}

impl<'a> Matrix<'a> {
    /// The cells of one bucket after the other, in the order of the contract.
    fn buckets(&self) -> Vec<&'a [Cell]> {
        let same = |a: &Cell, b: &Cell| a.account_id == b.account_id && a.bucket == b.bucket;
        self.assessment.simulation.chunk_by(same).collect()
    }

    /// The rows as they were asked for: what they are called besides the account, and of each technique the worst cell.
    fn rows(&self) -> Vec<Row<'a>> {
        match self.rows {
            MatrixRows::Bucket => self
                .buckets()
                .into_iter()
                .map(|cells| Row {
                    name: cells.first().map(|cell| cell.bucket.clone()).unwrap_or_default(),
                    cells: cells.iter().collect(),
                })
                .collect(),
            MatrixRows::Account => {
                let ids: Vec<&str> = self.techniques.iter().map(|technique| technique.id.as_str()).collect();
                account_rows(&self.assessment.simulation, &ids)
            }
        }
    }

    /// The JSON of the contract's `simulation` array; each cell with its earlier outcome where there is one.
    fn json(&self) -> Result<String, serde_json::Error> {
        let cells: Vec<serde_json::Value> = self
            .assessment
            .simulation
            .iter()
            .map(|cell| {
                let mut value = serde_json::to_value(cell)?;
                if let (Some(object), Some(before)) = (value.as_object_mut(), self.earlier(cell)) {
                    object.insert("before".to_owned(), serde_json::to_value(before.outcome)?);
                }
                Ok(value)
            })
            .collect::<Result<_, serde_json::Error>>()?;
        serde_json::to_string_pretty(&cells).map(|json| json + "\n")
    }

    /// What the cell was before.
    fn earlier(&self, cell: &Cell) -> Option<&'a Cell> {
        let before = self.before?;
        before
            .simulation
            .binary_search_by(|other| Cell::order(other, cell))
            .ok()
            .and_then(|i| before.simulation.get(i))
    }

    /// The number of cells of each outcome, the worst first.
    fn counts(&self) -> Vec<(Outcome, usize)> {
        let count =
            |outcome| self.assessment.simulation.iter().filter(|cell| cell.outcome == outcome).count();
        Outcome::ALL.into_iter().map(|outcome| (outcome, count(outcome))).collect()
    }
}

/// One row of the matrix.
struct Row<'a> {
    /// The bucket, or how many of them there are in the account.
    name: String,
    /// Its cells, in the order of the techniques.
    cells: Vec<&'a Cell>,
}

/// A row per account: of each technique the worst cell of any of its buckets. The cells are in the order of the contract.
fn account_rows<'a>(cells: &'a [Cell], techniques: &[&str]) -> Vec<Row<'a>> {
    let of_account = |cells: &'a [Cell]| {
        let worst = |id: &&str| {
            let of_technique = cells.iter().filter(|cell| cell.technique == **id);
            of_technique.min_by_key(|cell| (cell.outcome, cell.possible))
        };
        Row {
            name: buckets(cells.chunk_by(|a, b| a.bucket == b.bucket).count()),
            cells: techniques.iter().filter_map(worst).collect(),
        }
    };
    cells.chunk_by(|a, b| a.account_id == b.account_id).map(of_account).collect()
}

/// `1 bucket`, `2 buckets`.
fn buckets(number: usize) -> String {
    format!("{number} bucket{}", if number == 1 { "" } else { "s" })
}

/// The matrix's reports cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// Two of them on standard output.
    #[error("only one report can go to standard output; write the other to a file: `--output json=FILE`")]
    TwoOnStandardOutput,
    /// The file cannot be written.
    #[error("`{}` cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Standard output cannot be written to.
    #[error("standard output cannot be written: {0}")]
    StandardOutput(io::Error),
    /// The JSON writer refused a value: a defect of exfilguard.
    #[error("the json report cannot be made: {0}")]
    Json(#[from] serde_json::Error),
}

/// Where the matrix goes, checked before anything is read.
#[derive(Debug)]
pub struct MatrixDestinations(Vec<MatrixDestination>);

impl MatrixDestinations {
    /// Checks what was asked for; the terminal if nothing was.
    ///
    /// # Errors
    /// Two on standard output, or a file that cannot be written.
    pub fn prepare(asked: &[MatrixDestination]) -> Result<Self, miette::Report> {
        let default = [MatrixDestination { format: MatrixFormat::Terminal, path: None }];
        let asked = if asked.is_empty() { &default } else { asked };
        if asked.iter().filter(|destination| destination.path.is_none()).count() > 1 {
            return Err(miette::miette!("{}", MatrixError::TwoOnStandardOutput));
        }
        for path in asked.iter().filter_map(|destination| destination.path.as_ref()) {
            let refused = |source| miette::miette!("{}", MatrixError::File { path: path.clone(), source });
            if path.is_dir() {
                return Err(refused(io::Error::from(io::ErrorKind::IsADirectory)));
            }
            temporary_beside(path).map(drop).map_err(refused)?;
        }
        Ok(Self(asked.to_vec()))
    }

    /// Writes them: files first. `look` is for standard output; files are plain.
    ///
    /// # Errors
    /// The first that cannot be written.
    pub fn write(&self, matrix: &Matrix<'_>, look: Look, output: &mut impl Write) -> Result<(), MatrixError> {
        let mut asked: Vec<&MatrixDestination> = self.0.iter().collect();
        asked.sort_by_key(|destination| destination.path.is_none());
        for MatrixDestination { format, path } in asked {
            let look = if path.is_some() { Look::PLAIN } else { look };
            let text = match format {
                MatrixFormat::Terminal => terminal::render(matrix, look),
                MatrixFormat::Markdown => markdown::render(matrix),
                MatrixFormat::Html => html::render(matrix),
                MatrixFormat::Json => matrix.json()?,
            };
            match path {
                Some(path) => replace(path, text.as_bytes())
                    .map_err(|source| MatrixError::File { path: path.clone(), source })?,
                None => print(output, text.as_bytes()).map_err(MatrixError::StandardOutput)?,
            }
        }
        Ok(())
    }
}
