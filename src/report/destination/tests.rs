#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::report::render;
use crate::score::assessment::examples::organization;

fn to(text: &str) -> Destination {
    text.parse().unwrap()
}

fn file(format: &str, path: &Path) -> Destination {
    to(&format!("{format}={}", path.display()))
}

/// The error of the destinations, which must have one.
fn refused(asked: &[Destination]) -> String {
    Destinations::prepare(asked).unwrap_err().to_string()
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_destination_is_a_format_and_perhaps_a_path() {
    assert_eq!(to("terminal"), Destination::DEFAULT);
    assert_eq!(to("json").path, None);
    let junit = to("junit=out/a=b.xml");
    assert_eq!(junit.format, Format::Junit);
    assert_eq!(junit.path, Some(PathBuf::from("out/a=b.xml")));
    assert_eq!(junit.to_string(), "junit=out/a=b.xml");
}

#[test]
fn wrong_destinations_say_what_is_allowed() {
    let error = |text: &str| text.parse::<Destination>().unwrap_err().to_string();
    assert_eq!(error("yaml"), "`yaml` is no output format");
    assert_eq!(error(""), "`` is no output format");
    assert_eq!(error("JSON"), "`JSON` is no output format");
    assert_eq!(error("pdf=x.pdf"), "`pdf` is no output format");
    assert_eq!(error("json="), "`json=` names no file");
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let destination = Destination::parse(OsStr::from_bytes(b"json=\xff.json")).unwrap();
    assert_eq!(destination.path.unwrap().as_os_str().as_bytes(), b"\xff.json");
}

#[test]
fn the_command_line_reads_destinations() {
    use clap::Parser;
    #[derive(Parser)]
    struct Arguments {
        #[arg(long)]
        output: Vec<Destination>,
    }
    let arguments = Arguments::try_parse_from(["x", "--output", "json=a", "--output", "terminal"]);
    assert_eq!(arguments.unwrap().output, [to("json=a"), to("terminal")]);
    let error = Arguments::try_parse_from(["x", "--output", "jsn"]).err().unwrap();
    assert!(error.to_string().contains("`jsn` is no output format"), "{error}");
}

#[test]
fn without_a_wish_the_terminal_report_goes_to_standard_output() {
    let destinations = Destinations::prepare(&[]).unwrap();
    assert_eq!(destinations.on_standard_output(), Some(Format::Terminal));
    let mut output = Vec::new();
    destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut output).unwrap();
    assert!(!output.is_empty());
}

#[test]
fn one_report_at_most_goes_to_standard_output() {
    assert_eq!(
        refused(&[to("terminal"), to("json")]),
        "`terminal` and `json` cannot both go to standard output"
    );
    assert_eq!(refused(&[to("json"), to("json")]), "`json` and `json` cannot both go to standard output");
}

#[test]
fn two_reports_cannot_share_a_file_however_it_is_spelled() {
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("report");
    let same = folder.path().join(".").join("report");
    assert!(
        refused(&[file("json", &one), file("junit", &same)]).starts_with("two reports cannot go to one file")
    );
    #[cfg(unix)]
    {
        fs::write(&one, "old").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&one, &link).unwrap();
        assert!(refused(&[file("json", &one), file("junit", &link)]).starts_with("two reports"));
    }
}

#[test]
fn all_reports_are_written_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let asked = [
        to("terminal"),
        file("json", &folder.path().join("report.json")),
        file("junit", &folder.path().join("report.xml")),
    ];
    let destinations = Destinations::prepare(&asked).unwrap();
    assert_eq!(names(folder.path()), Vec::<String>::new());
    let mut output = Vec::new();
    destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut output).unwrap();
    assert_eq!(names(folder.path()), ["report.json", "report.xml"]);
    let json = fs::read(folder.path().join("report.json")).unwrap();
    assert_eq!(super::super::json::read(&json).unwrap(), organization());
    assert_eq!(
        String::from_utf8(output).unwrap(),
        render(Format::Terminal, &organization(), Look::PLAIN).unwrap()
    );
}

#[test]
fn a_path_that_cannot_be_written_is_refused_before_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| file("json", &folder.path().join(name));
    assert!(refused(&[file("json", folder.path())]).ends_with("is a folder, not a file"));
    assert!(refused(&[at("new/")]).ends_with("is a folder, not a file"));
    assert!(refused(&[at("missing/report.json")]).contains("cannot be written: No such file"));
    assert!(refused(&[at(&"x".repeat(300))]).contains("cannot be written: "));
    assert!(refused(&[at("a\0b")]).contains("cannot be written: "));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(refused(&[at("file/report.json")]).contains("cannot be written: "));
    let fixed = folder.path().join("fixed.json");
    fs::write(&fixed, "old").unwrap();
    let mut permissions = fs::metadata(&fixed).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&fixed, permissions).unwrap();
    assert!(refused(&[file("json", &fixed)]).ends_with("is read-only"));
    assert_eq!(fs::read_to_string(&fixed).unwrap(), "old");
}

#[cfg(unix)]
#[test]
fn devices_and_dangling_links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&[to("json=/dev/full")]).ends_with("is a device, pipe or socket, not a file"));
    assert!(refused(&[to("json=/dev/null")]).ends_with("is a device, pipe or socket, not a file"));
    let dangling = folder.path().join("dangling");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &dangling).unwrap();
    assert!(refused(&[file("json", &dangling)]).contains("cannot be written: No such file"));
    let looping = folder.path().join("loop");
    std::os::unix::fs::symlink(&looping, &looping).unwrap();
    assert!(refused(&[file("json", &looping)]).contains("cannot be written: "));
    let into_folder = folder.path().join("into");
    std::os::unix::fs::symlink(folder.path(), &into_folder).unwrap();
    assert!(refused(&[file("json", &into_folder)]).ends_with("is a folder, not a file"));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real.json");
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let destinations = Destinations::prepare(&[file("json", &link)]).unwrap();
    destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut io::sink()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&real).unwrap().starts_with('{'));
}

#[test]
fn an_old_report_survives_a_failed_write_and_the_other_reports_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let lost = folder.path().join("lost");
    fs::create_dir(&lost).unwrap();
    let asked = [file("json", &lost.join("report.json")), file("junit", &folder.path().join("report.xml"))];
    let destinations = Destinations::prepare(&asked).unwrap();
    fs::remove_dir(&lost).unwrap();
    let errors =
        destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut io::sink()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().starts_with("the json report cannot be written to `"), "{}", errors[0]);
    assert_eq!(names(folder.path()), ["report.xml"]);

    // The name is taken by a folder when the report is renamed: the temporary file goes away.
    let taken = folder.path().join("taken");
    let destinations = Destinations::prepare(&[file("json", &taken)]).unwrap();
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("old"), "").unwrap();
    assert!(
        destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut io::sink()).is_err()
    );
    assert_eq!(names(folder.path()), ["report.xml", "taken"]);
}

/// A reader that is gone, or a disk that is full.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_closed_pipe_is_no_error_but_a_full_disk_is() {
    let destinations = Destinations::prepare(&[to("json")]).unwrap();
    let mut closed = Broken(io::ErrorKind::BrokenPipe);
    assert!(destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut closed).is_ok());
    let mut full = Broken(io::ErrorKind::StorageFull);
    let errors =
        destinations.write(&AssessmentView::from(&organization()), Look::PLAIN, &mut full).unwrap_err();
    assert!(errors[0].to_string().starts_with("the json report cannot be written to standard output: "));
}

#[test]
fn f28_a_panic_in_one_format_ends_no_other_report() {
    let folder = tempfile::tempdir().unwrap();
    let (json, csv) = (folder.path().join("r.json"), folder.path().join("r.csv"));
    let destinations = Destinations::prepare(&[file("json", &json), file("csv", &csv)]).unwrap();
    let render = |format: Format, _: Look, out: &mut dyn Write| match format {
        Format::Json => panic!("a defect of a format"),
        _ => Ok(out.write_all(b"written\n")?),
    };
    let errors = destinations.write_with(&render, Look::PLAIN, &mut Vec::new()).unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["the json report cannot be made: exfilguard broke over it; please report it"]);
    assert_eq!(fs::read_to_string(csv).unwrap(), "written\n");
    assert!(!json.exists());
}
