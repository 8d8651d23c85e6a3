//! `exfilguard man`: manual pages, made from the help texts.

use std::path::Path;

use clap::CommandFactory as _;
use miette::miette;

use super::Failure;
use super::arguments::{Arguments, ManArguments};
use super::exit_code::ExitCode;

/// Writes a page for the program and one for each command into a folder that exists.
pub fn run(arguments: &ManArguments) -> Result<ExitCode, Failure> {
    let folder = &arguments.folder;
    if !folder.is_dir() {
        return Err(Failure::usage(miette!(
            help = "make the folder first; the pages are called exfilguard.1, exfilguard-audit.1, …",
            "`{}` is no folder",
            folder.display()
        )));
    }
    let mut command = Arguments::command();
    command.build();
    pages(&command, "exfilguard", folder).map_err(|error| {
        Failure::usage(miette!("the pages cannot be written into `{}`: {error}", folder.display()))
    })?;
    Ok(ExitCode::Success)
}

/// The page of a command and those of the commands below it.
fn pages(command: &clap::Command, name: &str, folder: &Path) -> std::io::Result<()> {
    let page = command.clone().name(name.to_owned()).display_name(name.to_owned());
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    // What stands behind the options are examples; the library calls it something else.
    let text = String::from_utf8_lossy(&text).replace(".SH EXTRA\n", ".SH EXAMPLES\n");
    std::fs::write(folder.join(format!("{name}.1")), text)?;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set())
    {
        pages(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(())
}
