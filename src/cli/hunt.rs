//! `exfilguard hunt`: lists, explains and asks hunts.

pub(super) mod aws;
mod inventory;
mod setup;

use std::fmt::Write as _;
use std::io::Write as _;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle};
use jiff::{SpanRelativeTo, Timestamp};
use miette::{IntoDiagnostic as _, miette};
use serde_json::{Value, json};

use self::inventory::Inventory;
use super::arguments::{AwsBackEndArguments, HuntArguments, HuntCommand, ListFormat, RunHunt};
use super::console::{Console, terminal_width};
use super::exit_code::ExitCode;
use super::{Failure, live};
use crate::audit::Stop;
use crate::investigate::parameters::Given;
use crate::investigate::{
    Answer, BackEnd, Hunt, Hunts, LocalLogs, NoteKind, Parameters, QueryBackend as _, QueryError, repeat,
};
use crate::report::hunt::{FORMATS, render};
use crate::report::{Destinations, Format};

/// Lists, explains or asks.
pub fn run(arguments: &HuntArguments, console: &Console) -> Result<ExitCode, Failure> {
    let hunts = Hunts::load().map_err(Failure::usage)?;
    match (&arguments.command, &arguments.run) {
        (Some(HuntCommand::List { output }), _) => print(&list(&hunts, *output)?),
        (Some(HuntCommand::Explain { name, output }), _) => print(&explain(named(&hunts, name)?, *output)?),
        (Some(HuntCommand::Run(asked)), _) => ask(&hunts, &asked.run, &asked.aws, console),
        (Some(HuntCommand::Setup(table)), _) => setup::run(table, console),
        (None, Some(run)) => ask(&hunts, run, &arguments.aws, console),
        (None, None) => {
            Err(Failure::usage(miette!(help = "`exfilguard hunt list` shows all", "name a hunt")))
        }
    }
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let _closed_pipe = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(ExitCode::Success)
}

fn named<'h>(hunts: &'h Hunts, name: &str) -> Result<&'h Hunt, Failure> {
    hunts.get(name).ok_or_else(|| {
        let known: Vec<&str> = hunts.iter().map(|hunt| hunt.id.as_str()).collect();
        let name = crate::visible::visible_start(name, 60);
        Failure::usage(miette!(help = format!("hunts: {}", known.join(", ")), "there is no hunt `{name}`"))
    })
}

fn list(hunts: &Hunts, output: ListFormat) -> Result<String, Failure> {
    if output == ListFormat::Json {
        let all: Vec<Value> = hunts.iter().map(summary).collect();
        return serde_json::to_string_pretty(&all).into_diagnostic().map_err(Failure::usage);
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(terminal_width()).unwrap_or(u16::MAX));
    table.set_header(["HUNT", "QUESTION", "NEEDS", "ATT&CK", "BACK ENDS"]);
    for hunt in hunts.iter() {
        let needs: Vec<&str> = needed(hunt).collect();
        let title = hunt.title.clone();
        table.add_row([
            hunt.id.clone(),
            title,
            needs.join(", "),
            hunt.attack.join(" "),
            BACK_ENDS.map(BackEnd::as_str).join(", "),
        ]);
    }
    // A name that is broken in two cannot be copied.
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    Ok(table.to_string())
}

fn summary(hunt: &Hunt) -> Value {
    json!({
        "id": hunt.id,
        "title": hunt.title,
        "question": hunt.question.trim(),
        "attack": hunt.attack,
        "parameters": hunt.all_parameters(),
        "back_ends": BACK_ENDS,
    })
}

/// The parameters of the hunt's own without which it cannot be asked.
fn needed(hunt: &Hunt) -> impl Iterator<Item = &str> {
    let required = hunt.parameters.iter().filter(|parameter| parameter.required);
    required.map(|parameter| parameter.name.as_str())
}

/// Who can be asked, whichever hunt it is.
const BACK_ENDS: [BackEnd; 3] = [BackEnd::Local, BackEnd::Athena, BackEnd::LogsInsights];

fn explain(hunt: &Hunt, output: ListFormat) -> Result<String, Failure> {
    if output == ListFormat::Json {
        return serde_json::to_string_pretty(hunt).into_diagnostic().map_err(Failure::usage);
    }
    let options = textwrap::Options::new(terminal_width().min(100));
    let wrapped = |text: &str| textwrap::fill(text, &options);
    let mut text = format!("{}: {}\n\n{}\n", hunt.id, hunt.title, wrapped(hunt.question.trim()));
    if !hunt.attack.is_empty() {
        let _infallible = writeln!(text, "\nMITRE ATT&CK: {}", hunt.attack.join(", "));
    }
    text.push_str("\nPARAMETERS\n");
    for parameter in hunt.all_parameters() {
        let default = match (&parameter.default, parameter.required) {
            (Some(default), _) => format!(", default {default}"),
            (None, true) => ", required".to_owned(),
            (None, false) => String::new(),
        };
        let _infallible =
            writeln!(text, "  {} ({}{default}): {}", parameter.name, parameter.kind, parameter.description);
    }
    text.push_str("\nCOLUMNS\n");
    for column in &hunt.columns {
        let _infallible = writeln!(text, "  {}: {}", column.name, column.meaning);
    }
    text.push_str(
        "\nIn the texts `:name` is a parameter, which is bound and never spliced in; `[[…]]` is left out if a parameter in it\n\
         has no value. Rows are sorted and limited by what is added at the end.\n",
    );
    let _infallible = writeln!(text, "\nSQL FOR ATHENA\n{}", hunt.athena.trim_end());
    if let Some(local) = &hunt.local {
        let _infallible = writeln!(text, "\nSQL FOR LOG FILES\n{}", local.trim_end());
    }
    let insights = &hunt.logs_insights;
    let _infallible = writeln!(text, "\nLOGS INSIGHTS\n{}", insights.query.trim_end());
    if let Some(finish) = &insights.finish {
        let _infallible = writeln!(
            text,
            "\nSQL FOR THE ROWS THAT LOGS INSIGHTS GAVE\nIt is executed here, by the engine that reads log files; `:table` are these rows.\n{}",
            finish.trim_end()
        );
    }
    Ok(text)
}

fn ask(
    hunts: &Hunts,
    arguments: &RunHunt,
    at_aws: &AwsBackEndArguments,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let hunt = named(hunts, &arguments.name)?;
    if let Some(other) = arguments.output.iter().find(|asked| !FORMATS.contains(&asked.format)) {
        return Err(Failure::usage(miette!(
            help = format!("formats: {}", FORMATS.map(Format::as_str).join(", ")),
            "rows cannot be written as `{}`",
            other.format.as_str()
        )));
    }
    let destinations = Destinations::prepare(&arguments.output).map_err(Failure::usage)?;
    let inventory = inventory(arguments, console)?;
    let given = given(hunt, arguments, &inventory, console)?;
    let parameters = Parameters::read(hunt, &given).map_err(Failure::usage)?;
    let answer = answer(hunt, parameters, &inventory, arguments, at_aws, console)?;
    let written = destinations.write_with(
        &|format, look, out| Ok(out.write_all(render(format, hunt, &answer, look)?.as_bytes())?),
        console.look(),
        &mut std::io::stdout().lock(),
    );
    for note in &answer.query.notes {
        // A remark, such as the id of an execution, is no warning.
        let tell = |text: &str| match note.kind {
            NoteKind::Remark => console.note(text),
            _ => console.warn(text),
        };
        tell(&note.message);
        note.examples.iter().for_each(|example| tell(&format!("  {example}")));
    }
    if let Err(errors) = written {
        for error in errors {
            console.warn(&error.to_string());
        }
        return Ok(ExitCode::Incomplete);
    }
    Ok(if answer.is_complete() { ExitCode::Success } else { ExitCode::Incomplete })
}

/// Asks the back end that was chosen.
fn answer(
    hunt: &Hunt,
    parameters: Parameters,
    inventory: &Inventory,
    arguments: &RunHunt,
    at_aws: &AwsBackEndArguments,
    console: &Console,
) -> Result<Answer, Failure> {
    let asked = match arguments.backend {
        Some(back_end) => back_end,
        None if !arguments.logs.is_empty() => BackEnd::Local,
        None => {
            let help = "give log files with `--logs PATH`, or choose a back end with `--backend`";
            return Err(Failure::usage(miette!(help = help, "nobody is named who answers the hunt")));
        }
    };
    let memory = usize::try_from(arguments.memory).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    match asked {
        BackEnd::Local => {
            if arguments.logs.is_empty() {
                return Err(Failure::usage(miette!("`--backend local` needs `--logs PATH`")));
            }
            let logs = LocalLogs::open(&arguments.logs, memory).map_err(Failure::usage)?;
            if logs.file_count() == 0 {
                console.warn("there is no log file below what `--logs` names");
            }
            live::run(async { repeat::ask(&logs, hunt, &parameters).await.map_err(failed) })
        }
        BackEnd::Athena => {
            let (stopper, stop) = Stop::new();
            live::run_until_told(&stopper, console, async {
                let athena = aws::athena(at_aws, stop, console).await?;
                let accounts = if athena.needs_accounts() { inventory.accounts.as_slice() } else { &[] };
                let parameters = parameters.or_of_accounts(accounts);
                repeat::ask(&athena, hunt, &parameters).await.map_err(failed)
            })
        }
        BackEnd::LogsInsights => {
            let (stopper, stop) = Stop::new();
            live::run_until_told(&stopper, console, async {
                let insights = aws::logs_insights(at_aws, memory, stop, console).await?;
                repeat::ask(&insights, hunt, &parameters).await.map_err(failed)
            })
        }
    }
}

/// What a query without an answer ends the program with: wrong usage if it was not asked, incomplete if it was.
pub(super) fn failed(error: QueryError) -> Failure {
    let code = match &error {
        QueryError::Interrupted => ExitCode::Interrupted,
        QueryError::Aws { code, .. } if aws::is_about_credentials(code) => ExitCode::NoEntry,
        QueryError::Engine { .. }
        | QueryError::Aws { .. }
        | QueryError::TimedOut { .. }
        | QueryError::WrongAnswer { .. } => ExitCode::Incomplete,
        QueryError::Parameters(_)
        | QueryError::Unsupported { .. }
        | QueryError::Unreadable { .. }
        | QueryError::Refused { .. } => ExitCode::Usage,
    };
    Failure { code, report: error.into() }
}

/// What a snapshot or an assessment lists; nothing if none is named.
fn inventory(arguments: &RunHunt, console: &Console) -> Result<Inventory, Failure> {
    match (&arguments.snapshot, &arguments.assessment) {
        (Some(path), _) => Inventory::of_snapshot(path, console),
        (None, Some(path)) => Inventory::of_assessment(path, console),
        (None, None) => Ok(Inventory::default()),
    }
}

/// The values that the command line gives, and those of the inventory.
fn given(
    hunt: &Hunt,
    arguments: &RunHunt,
    inventory: &Inventory,
    console: &Console,
) -> Result<Given, Failure> {
    let mut given = Given::new();
    for (name, value) in &arguments.set {
        given.entry(name.clone()).or_default().push(value.clone());
    }
    let mut put = |name: &str, values: &[String]| {
        if !values.is_empty() {
            given.insert(name.to_owned(), values.to_vec());
        }
    };
    put("accounts", &arguments.accounts);
    put("regions", &arguments.regions);
    put("limit", &arguments.limit.map(|limit| limit.to_string()).into_iter().collect::<Vec<_>>());
    if hunt.parameter("organization_accounts").is_some() {
        put("organization_accounts", &arguments.organization_accounts);
    }
    inventory.give(hunt, &mut given);
    window(arguments, &mut given, console)?;
    Ok(given)
}

/// The window, as far as `--set` does not give it.
fn window(arguments: &RunHunt, given: &mut Given, console: &Console) -> Result<(), Failure> {
    let to = arguments.to.clone().unwrap_or_else(|| now().to_string());
    let to = given.entry("to".to_owned()).or_insert_with(|| vec![to]).first().cloned().unwrap_or_default();
    if given.contains_key("from") {
        return Ok(());
    }
    let from = match (&arguments.from, &arguments.last) {
        (Some(from), _) => from.clone(),
        (None, last) => {
            if last.is_none() {
                console.note(
                    "the window is the last 24 hours; choose another with `--from` and `--to`, or `--last`",
                );
            }
            before(&to, last.as_deref().unwrap_or("24h"))?
        }
    };
    given.insert("from".to_owned(), vec![from]);
    Ok(())
}

fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The moment so long before another.
fn before(to: &str, last: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::usage(miette!(help = "write for example 24h, 90m or 7d", "`--last {last}` is no duration"))
    };
    let span: jiff::Span = last.trim().parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if duration.is_negative() || duration.is_zero() {
        return Err(wrong());
    }
    let end = crate::investigate::ParameterType::Timestamp.read(to);
    let Ok(crate::investigate::ParameterValue::Timestamp(end)) = end else {
        // What is wrong with it is said when it is read as a parameter.
        return Ok(to.to_owned());
    };
    end.checked_sub(duration).map(|from| from.to_string()).map_err(|_| wrong())
}
