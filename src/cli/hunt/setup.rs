//! `exfilguard hunt setup`: the table over a trail's files.

use std::io::Write as _;

use miette::miette;

use super::aws::{access, teller};
use super::failed;
use crate::audit::Stop;
use crate::cli::Failure;
use crate::cli::arguments::HuntSetupArguments;
use crate::cli::consent::agreed;
use crate::cli::console::Console;
use crate::cli::exit_code::ExitCode;
use crate::cli::live;
use crate::investigate::athena::setup::{Setup, Standing};
use crate::investigate::athena::trail_table::{MOST_LISTED_ACCOUNTS, TrailTable};

/// Prints the statement, or makes the table.
pub fn run(arguments: &HuntSetupArguments, console: &Console) -> Result<ExitCode, Failure> {
    let table = table(arguments)?;
    if arguments.print {
        // A closed pipe is no error.
        let _closed_pipe = writeln!(std::io::stdout(), "{table}");
        return Ok(ExitCode::Success);
    }
    let (stopper, stop) = Stop::new();
    live::run_until_told(&stopper, console, apply(arguments, &table, stop, console))
}

fn table(arguments: &HuntSetupArguments) -> Result<TrailTable, Failure> {
    let sorted = |texts: &[String]| {
        let mut sorted = texts.to_vec();
        sorted.sort();
        sorted.dedup();
        sorted
    };
    let accounts = sorted(&arguments.accounts);
    if accounts.len() > MOST_LISTED_ACCOUNTS {
        return Err(Failure::usage(miette!(
            help = "leave --accounts out: then each hunt names the accounts that it asks about",
            "a table lists at most {MOST_LISTED_ACCOUNTS} accounts; these are {}",
            accounts.len()
        )));
    }
    Ok(TrailTable {
        database: arguments.athena.database.clone(),
        table: arguments.athena.table.clone(),
        bucket: arguments.bucket.clone(),
        prefix: arguments.prefix.clone(),
        organization: arguments.organization_id.clone(),
        accounts,
        regions: sorted(&arguments.regions),
        since: arguments.since,
    })
}

async fn apply(
    arguments: &HuntSetupArguments,
    table: &TrailTable,
    stop: Stop,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let (access, region) = access(&arguments.athena).await?;
    let asked = &arguments.athena;
    let surroundings = (asked.query_time_out, stop, teller(console));
    let output = asked.output_location.as_ref();
    let setup = Setup::open(&access, &region, table, &asked.work_group, output, surroundings);
    let setup = setup.await.map_err(failed)?;
    let name = format!("{}.{}", table.database, table.table);
    match setup.standing().await.map_err(failed)? {
        Standing::Made => {
            console.note(&format!("the table `{name}` is there as it is wanted; nothing was changed"))
        }
        Standing::Other(differences) => {
            return Err(Failure::usage(miette!(
                help = "a table that is there is never changed: name another one with --table, or drop it yourself",
                "there is another table `{name}` in {region}: {}",
                differences.join("; ")
            )));
        }
        Standing::Missing(statements) => {
            console.note(&format!(
                "to be executed by Athena in {region}, in the work group `{}`:",
                asked.work_group
            ));
            let _closed_pipe = writeln!(std::io::stderr(), "{}", statements.join("\n\n"));
            if !agreed(arguments.yes, "Execute this?", "say --yes once the statement was read")? {
                console.note("nothing was changed");
                return Ok(ExitCode::Success);
            }
            setup.make(&statements).await.map_err(failed)?;
            console.note(&format!("the table `{name}` was made"));
        }
    }
    Ok(ExitCode::Success)
}
