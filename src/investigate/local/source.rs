//! Which files hold records: single files, and folders in AWS's layout or without one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::backend::QueryError;

/// A file that may hold records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// What its place or its name says.
    pub partition: Partition,
}

/// What the place or name of a file says of its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Partition {
    /// The account for which it was delivered.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The day of delivery, `2026/01/15`.
    pub day: Option<String>,
}

/// The files of the paths that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogFiles {
    /// Those that are read, by path.
    pub files: Vec<LogFile>,
    /// Those that hold no records: digests, Insights events, other kinds of file.
    pub left_out: Vec<PathBuf>,
    /// What could not be looked into, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

impl LogFiles {
    /// Finds the files below the paths. A file that is named is read whatever it is called.
    ///
    /// # Errors
    /// A path that was named cannot be read at all.
    pub(super) fn find(paths: &[PathBuf]) -> Result<Self, QueryError> {
        let mut found = Self::default();
        for path in paths {
            let unreadable = |source: io::Error| QueryError::Unreadable { path: path.clone(), source };
            let metadata = fs::metadata(path).map_err(unreadable)?;
            if metadata.is_dir() {
                fs::read_dir(path).map_err(unreadable)?;
                found.walk(path);
            } else {
                found.add(path.clone(), metadata.len());
            }
        }
        found.files.sort_by(|a, b| a.path.cmp(&b.path));
        found.files.dedup_by(|a, b| a.path == b.path);
        found.left_out.sort();
        Ok(found)
    }

    fn walk(&mut self, folder: &Path) {
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable.push((folder, error.to_string()));
                    continue;
                }
            };
            for entry in entries {
                let looked = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?, entry)));
                match looked {
                    Ok((path, kind, _)) if kind.is_dir() => folders.push(path),
                    Ok((path, _, _)) => self.look_at(path),
                    Err(error) => self.unreadable.push((folder.clone(), error.to_string())),
                }
            }
        }
    }

    fn look_at(&mut self, path: PathBuf) {
        match fs::metadata(&path) {
            // A link to a folder is not followed: it may lead back.
            Ok(metadata) if !metadata.is_file() || !may_hold_records(&path) => self.left_out.push(path),
            Ok(metadata) => self.add(path, metadata.len()),
            Err(error) => self.unreadable.push((path, error.to_string())),
        }
    }

    fn add(&mut self, path: PathBuf, size: u64) {
        let partition = Partition::of(&path);
        self.files.push(LogFile { path, size, partition });
    }
}

/// Whether a file of a folder may hold records, by its name and its folder.
fn may_hold_records(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = [".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"];
    let other = |text: &str| {
        ["CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated"]
            .iter()
            .any(|kind| text.contains(kind))
    };
    let folder = path.parent().unwrap_or(path);
    let in_other = folder.components().any(|part| other(&part.as_os_str().to_string_lossy()));
    !in_other && !other(&name) && ending.iter().any(|ending| name.ends_with(ending))
}

impl Partition {
    /// Reads `…/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/…`, else `ACCOUNT_CloudTrail_REGION_YYYYMMDDT….json.gz`.
    pub(super) fn of(path: &Path) -> Self {
        let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let from_folders = parts.iter().rposition(|part| part == "CloudTrail").and_then(|at| {
            let part = |index: usize| parts.get(index).map(AsRef::as_ref).unwrap_or_default();
            let day = format!("{}/{}/{}", part(at + 2), part(at + 3), part(at + 4));
            Self::read(part(at.checked_sub(1)?), part(at + 1), &day)
        });
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let from_name = || {
            let parts: Vec<&str> = name.split('_').collect();
            let [account, "CloudTrail", region, time, ..] = parts.as_slice() else { return None };
            let day = format!("{}/{}/{}", time.get(..4)?, time.get(4..6)?, time.get(6..8)?);
            Self::read(account, region, &day)
        };
        from_folders.or_else(from_name).unwrap_or_default()
    }

    fn read(account: &str, region: &str, day: &str) -> Option<Self> {
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        let date: Vec<&str> = day.split('/').collect();
        let [year, month, of_month] = date.as_slice() else { return None };
        let right = digits(account, 12)
            && region.split('-').count() >= 3
            && digits(year, 4)
            && digits(month, 2)
            && digits(of_month, 2);
        right.then(|| Self {
            account: Some(account.to_owned()),
            region: Some(region.to_owned()),
            day: Some(day.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_layout_tells_account_region_and_day() {
        let partition = |path: &str| {
            let Partition { account, region, day } = Partition::of(Path::new(path));
            [account, region, day].map(Option::unwrap_or_default).join(" ")
        };
        let expected = "111122223333 eu-west-1 2026/01/15";
        assert_eq!(
            partition("x/AWSLogs/o-abc1234567/111122223333/CloudTrail/eu-west-1/2026/01/15/a.json.gz"),
            expected
        );
        assert_eq!(partition("111122223333/CloudTrail/eu-west-1/2026/01/15/a.json.gz"), expected);
        assert_eq!(partition("flat/111122223333_CloudTrail_eu-west-1_20260115T0310Z_Ab1.json.gz"), expected);
        for other in [
            "a.json",
            "CloudTrail/a.json",
            "x/CloudTrail/eu-west-1/2026/01/15/a.json",
            "é_CloudTrail_é_é.json",
        ] {
            assert_eq!(partition(other), "  ", "{other}");
        }
    }

    #[test]
    fn digests_and_other_files_are_left_out_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "{}").unwrap();
        };
        for name in [
            "CloudTrail/a.json.gz",
            "b.jsonl",
            "CloudTrail-Digest/c.json.gz",
            "CloudTrail-Insight/d.json",
            "e.txt",
        ] {
            write(name);
        }
        let found = LogFiles::find(&[folder.path().to_path_buf(), folder.path().join("b.jsonl")]).unwrap();
        let names = |paths: Vec<&PathBuf>| -> Vec<String> {
            paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(found.files.iter().map(|file| &file.path).collect()), ["a.json.gz", "b.jsonl"]);
        assert_eq!(names(found.left_out.iter().collect()), ["c.json.gz", "d.json", "e.txt"]);
        let missing = LogFiles::find(&[folder.path().join("missing")]).unwrap_err();
        assert!(matches!(missing, QueryError::Unreadable { .. }));
    }
}
