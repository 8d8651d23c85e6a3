//! Where check modules come from: embedded in the program, and folders of the user.

use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::error::LoadError;

/// The largest module that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

#[derive(RustEmbed)]
#[folder = "checks"]
#[include = "*.rego"]
struct Embedded;

/// The text of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path to show; for built-in modules below `checks/`.
    pub path: String,
    /// The Rego text.
    pub text: String,
    /// Whether it is embedded in the program.
    pub builtin: bool,
}

impl Source {
    /// Whether it is a test module.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.path.ends_with("_test.rego")
    }

    /// The file's name without folder and extension.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit(['/', '\\']).next().unwrap_or_default();
        name.strip_suffix(".rego").unwrap_or(name)
    }

    /// The name of the folder that it is in.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.path.rsplit(['/', '\\']).nth(1).unwrap_or_default()
    }
}

/// The modules that are embedded in the program, tests included, sorted by path.
#[must_use]
pub fn builtin() -> Vec<Source> {
    let mut sources: Vec<Source> = Embedded::iter()
        .filter_map(|path| {
            let text = String::from_utf8(Embedded::get(&path)?.data.into_owned()).ok()?;
            Some(Source { path: format!("checks/{path}"), text, builtin: true })
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The modules in a folder and the folders below it, tests included, sorted by path.
///
/// # Errors
/// The folder or a file cannot be read, is too large or is no UTF-8.
pub fn folder(folder: &Path) -> Result<Vec<Source>, LoadError> {
    let mut files = Vec::new();
    find(folder, &mut files, 0)?;
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// Folders below folders that are looked into; a check lies in `<area>/<id>.rego`.
const MAX_DEPTH: usize = 8;

fn find(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), LoadError> {
    let shown = folder.display().to_string();
    let fail = |error: std::io::Error| LoadError::file(&shown, format!("cannot be read: {error}"));
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = entry.path();
        if entry.file_type().map_err(fail)?.is_dir() {
            if depth < MAX_DEPTH {
                find(&path, files, depth + 1)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rego") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Source, LoadError> {
    let shown = path.display().to_string();
    let size = fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
    if size > MAX_BYTES {
        return Err(LoadError::file(&shown, format!("larger than {} KiB", MAX_BYTES / 1024)));
    }
    let text = fs::read_to_string(path)
        .map_err(|error| LoadError::file(&shown, format!("cannot be read: {error}")))?;
    Ok(Source { path: shown, text, builtin: false })
}
