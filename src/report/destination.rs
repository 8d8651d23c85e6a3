//! Where reports go: `FORMAT[=PATH]` of the command line, checked before the audit starts, written after it.
//!
//! A file is written beside its destination and renamed over it, so that a reader never sees half a report and an old
//! report survives a full disk.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{OsStringValueParser, TypedValueParser as _, ValueParser, ValueParserFactory};

use super::format::{Format, Look, ReportError, write};
use crate::score::{AssessmentView, ReportNeeds};
use crate::visible::visible;

/// A report that was asked for: `FORMAT` for standard output, `FORMAT=PATH` for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The format.
    pub format: Format,
    /// The file; none for standard output.
    pub path: Option<PathBuf>,
}

impl Destination {
    /// The terminal report on standard output: what is written if nothing is asked for.
    pub const DEFAULT: Self = Self { format: Format::Terminal, path: None };

    /// Reads `FORMAT[=PATH]`. The path may hold further `=` and, on Unix, bytes that are not UTF-8.
    ///
    /// # Errors
    /// The format is unknown, or `=` is followed by nothing.
    pub fn parse(text: &OsStr) -> Result<Self, DestinationError> {
        let (name, path) = split(text);
        let format =
            Format::ALL.into_iter().find(|format| OsStr::new(format.as_str()) == name).ok_or_else(|| {
                let name = visible(&name.to_string_lossy()).into_owned();
                DestinationError::UnknownFormat { name }
            })?;
        if path.as_ref().is_some_and(|path| path.is_empty()) {
            return Err(DestinationError::NoPath { format });
        }
        Ok(Self { format, path: path.map(PathBuf::from) })
    }
}

/// Splits at the first `=`.
#[cfg(unix)]
pub(super) fn split(text: &OsStr) -> (OsString, Option<OsString>) {
    use std::os::unix::ffi::OsStrExt as _;
    let mut parts = text.as_bytes().splitn(2, |byte| *byte == b'=');
    let part = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    let name = parts.next().map(part).unwrap_or_default();
    (name, parts.next().map(part))
}

/// Splits at the first `=`.
#[cfg(not(unix))]
pub(super) fn split(text: &OsStr) -> (OsString, Option<OsString>) {
    let text = text.to_string_lossy();
    match text.split_once('=') {
        Some((name, path)) => (name.into(), Some(path.into())),
        None => (text.into_owned().into(), None),
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(OsStr::new(text))
    }
}

impl ValueParserFactory for Destination {
    type Parser = ValueParser;

    fn value_parser() -> Self::Parser {
        OsStringValueParser::new().try_map(|text| Self::parse(&text).map_err(with_help)).into()
    }
}

/// The error with its help: the command line's own messages show the text alone.
fn with_help(error: DestinationError) -> String {
    match miette::Diagnostic::help(&error) {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format.as_str())?;
        match &self.path {
            Some(path) => write!(f, "={}", path.display()),
            None => Ok(()),
        }
    }
}

/// Why reports cannot go where they were asked to go. Nothing is audited then (exit code 2).
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DestinationError {
    /// No such format.
    #[error("`{name}` is no output format")]
    #[diagnostic(help("formats: {}; for example `--output junit=report.xml`", Format::names()))]
    UnknownFormat {
        /// What was given.
        name: String,
    },
    /// `FORMAT=` with nothing behind it.
    #[error("`{}=` names no file", format.as_str())]
    #[diagnostic(help(
        "write `{name}=FILE`, or `{name}` alone for standard output",
        name = format.as_str()
    ))]
    NoPath {
        /// The format.
        format: Format,
    },
    /// Two reports on standard output.
    #[error("`{}` and `{}` cannot both go to standard output", first.as_str(), second.as_str())]
    #[diagnostic(help(
        "write one of them to a file: `--output {name}=FILE`",
        name = second.as_str()
    ))]
    TwoOnStandardOutput {
        /// The one that was asked for first.
        first: Format,
        /// The one that was asked for later.
        second: Format,
    },
    /// Two reports in one file.
    #[error("two reports cannot go to one file, `{}`", path.display())]
    SameFile {
        /// The file as it was given the second time.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("`{}` is a folder, not a file", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
    },
    /// The path is something that cannot be replaced by a file.
    #[error("`{}` is a device, pipe or socket, not a file", path.display())]
    #[diagnostic(help("leave the path out for standard output"))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is there and must not be written.
    #[error("`{}` is read-only", path.display())]
    ReadOnly {
        /// The path.
        path: PathBuf,
    },
    /// The folder is missing or cannot be written, or the path is otherwise unusable.
    #[error("`{}` cannot be written: {source}", path.display())]
    Unusable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A report that could not be written after the audit. Other reports are not affected.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum WriteError {
    /// The report could not be made.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Report(#[from] ReportError),
    /// The report could not be written. What was in the file before is still there.
    #[error("the {} report cannot be written to {place}: {source}", format.as_str())]
    Io {
        /// The format.
        format: Format,
        /// The file, or standard output.
        place: String,
        /// Why.
        source: io::Error,
    },
}

/// The reports of one audit, checked: at most one goes to standard output, no two to one file, and each file can be
/// written as far as can be told.
#[derive(Debug)]
pub struct Destinations {
    reports: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    format: Format,
    file: Option<PathBuf>,
}

impl Destinations {
    /// Checks what was asked for; [`Destination::DEFAULT`] if nothing was.
    ///
    /// # Errors
    /// The first destination that cannot be used.
    pub fn prepare(asked: &[Destination]) -> Result<Self, DestinationError> {
        let asked = if asked.is_empty() { &[Destination::DEFAULT] } else { asked };
        let mut reports: Vec<Prepared> = Vec::new();
        for destination in asked {
            let file = destination.path.as_deref().map(writable).transpose()?;
            if let Some(other) = reports.iter().find(|other| other.file == file) {
                return Err(match &destination.path {
                    Some(path) => DestinationError::SameFile { path: path.clone() },
                    None => DestinationError::TwoOnStandardOutput {
                        first: other.format,
                        second: destination.format,
                    },
                });
            }
            reports.push(Prepared { format: destination.format, file });
        }
        Ok(Self { reports })
    }

    /// What the reports read of each account.
    #[must_use]
    pub fn read(&self) -> ReportNeeds {
        self.reports.iter().fold(ReportNeeds::NONE, |read, report| read.and(report.format.reads()))
    }

    /// The format that goes to standard output, if any does.
    #[must_use]
    pub fn on_standard_output(&self) -> Option<Format> {
        let report = self.reports.iter().find(|report| report.file.is_none())?;
        Some(report.format)
    }

    /// Writes all reports: files first, so that they are there when standard output ends. `look` is for standard
    /// output; files are plain. A closed pipe is no error.
    ///
    /// # Errors
    /// Every report that could not be written; the others are.
    pub fn write(
        &self,
        assessment: &AssessmentView<'_>,
        look: Look,
        standard_output: &mut impl Write,
    ) -> Result<(), Vec<WriteError>> {
        self.write_with(&|format, look, out| write(format, assessment, look, out), look, standard_output)
    }

    /// As [`Destinations::write`], with reports that are made otherwise.
    ///
    /// # Errors
    /// Every report that could not be written; the others are.
    pub fn write_with(
        &self,
        render: &Render<'_>,
        look: Look,
        standard_output: &mut impl Write,
    ) -> Result<(), Vec<WriteError>> {
        let mut errors = Vec::new();
        for report in self.reports.iter().filter(|report| report.file.is_some()) {
            errors.extend(report.write(render, Look::PLAIN, standard_output).err());
        }
        for report in self.reports.iter().filter(|report| report.file.is_none()) {
            errors.extend(report.write(render, look, standard_output).err());
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A panic in the code of one format ends no other report.
fn contained(format: Format, make: impl FnOnce() -> Result<(), ReportError>) -> Result<(), ReportError> {
    // A report is made from what nobody changes any more; what was half made is dropped.
    catch_unwind(AssertUnwindSafe(make)).unwrap_or(Err(ReportError::Defect(format)))
}

impl Prepared {
    fn write(
        &self,
        render: &Render<'_>,
        look: Look,
        standard_output: &mut impl Write,
    ) -> Result<(), WriteError> {
        let render = |out: &mut dyn Write| contained(self.format, || render(self.format, look, out));
        let (written, place) = match &self.file {
            Some(file) => (replace_with(file, render), format!("`{}`", file.display())),
            None => (print_with(standard_output, render), "standard output".to_owned()),
        };
        written.map_err(|error| match error {
            ReportError::Io(source) => WriteError::Io { format: self.format, place, source },
            other => WriteError::Report(other),
        })
    }
}

/// Writes a report in a format to somewhere.
pub type Render<'a> = dyn Fn(Format, Look, &mut dyn Write) -> Result<(), ReportError> + 'a;

/// Writes to standard output as it is made. A reader that closed the pipe has read enough.
fn print_with(
    output: &mut impl Write,
    render: impl FnOnce(&mut dyn Write) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut buffered = BufWriter::new(output);
    match render(&mut buffered).and_then(|()| Ok(buffered.flush()?)) {
        Err(ReportError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer has no reader.
            _ = buffered.into_parts();
            Ok(())
        }
        other => other,
    }
}

/// Writes to standard output. A reader that closed the pipe has read enough.
pub(super) fn print(output: &mut impl Write, content: &[u8]) -> io::Result<()> {
    match output.write_all(content).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The real path of a file that can be written, symbolic links followed.
fn writable(path: &Path) -> Result<PathBuf, DestinationError> {
    let unusable = |source| DestinationError::Unusable { path: path.to_owned(), source };
    let file = match fs::symlink_metadata(path) {
        Ok(_) => existing(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().filter(|_| !names_a_folder(path));
            let Some(name) = name else {
                return Err(DestinationError::Folder { path: path.to_owned() });
            };
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            folder.canonicalize().map_err(unusable)?.join(name)
        }
        Err(error) => return Err(unusable(error)),
    };
    // The only way to know whether a file can be made beside it is to make one.
    temporary_beside(&file).map_err(unusable)?;
    Ok(file)
}

/// The real path of something that is there, if it is a file that may be replaced.
fn existing(path: &Path) -> Result<PathBuf, DestinationError> {
    let unusable = |source| DestinationError::Unusable { path: path.to_owned(), source };
    let path_given = path.to_owned();
    let file = path.canonicalize().map_err(unusable)?;
    let metadata = fs::metadata(&file).map_err(unusable)?;
    if metadata.is_dir() {
        Err(DestinationError::Folder { path: path_given })
    } else if !metadata.is_file() {
        Err(DestinationError::NotAFile { path: path_given })
    } else if metadata.permissions().readonly() {
        Err(DestinationError::ReadOnly { path: path_given })
    } else {
        Ok(file)
    }
}

/// Whether a path ends in a separator.
fn names_a_folder(path: &Path) -> bool {
    let text = path.as_os_str().to_string_lossy();
    text.chars().next_back().is_some_and(std::path::is_separator)
}

/// A new temporary file in the folder of `file`; it disappears when dropped.
pub(super) fn temporary_beside(file: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".exfilguard-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As for any new file; the process's mask takes away what it must.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Replaces a file at once: either its old content is there or all of the new one.
pub(super) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(file, |out| out.write_all(content))
}

/// The same with content that is made while it is written.
fn replace_with<E: From<io::Error>>(
    file: &Path,
    content: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let mut temporary = temporary_beside(file)?;
    if let Ok(metadata) = fs::metadata(file) {
        temporary.as_file().set_permissions(metadata.permissions())?;
    }
    let mut buffered = BufWriter::new(&mut temporary);
    content(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    temporary.as_file().sync_all()?;
    temporary.persist(file).map_err(|error| error.error)?;
    sync_folder(file);
    Ok(())
}

/// Makes the new name last through a power cut, where the system can.
fn sync_folder(file: &Path) {
    #[cfg(unix)]
    if let Some(folder) = file.parent().and_then(|folder| fs::File::open(folder).ok()) {
        // The content is safe already; some file systems cannot sync a folder.
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = file;
}

#[cfg(test)]
mod tests;
