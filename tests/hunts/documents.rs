//! What is written down of all hunts: their SQL for the independent parser, and the list in the documents.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use exfilguard::investigate::parameters::Given;
use exfilguard::investigate::{Binding, BoundSql, BoundValue, Hunts, Parameters, TableName};
use serde_json::{Value, json};

/// Values for every parameter of every hunt.
fn every_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "from" => "2026-01-14T03:00:00Z",
        "to" => "2026-01-15T03:00:00Z",
        "limit" => "50",
        "accounts" | "organization_accounts" => "111122223333,012345678901",
        "regions" => "eu-west-1,us-east-1",
        "bucket" => "crown-jewels",
        "principals" => "arn:aws:iam::111122223333:role/AppRole",
        "access_keys" => "AKIAIOSFODNN7EXAMPLE,ASIAIOSFODNN7EXAMPLE",
        "addresses" => "198.51.100.7,2001:db8::7",
        "buckets" => "crown-jewels,other",
        "networks" => "10.0.0.0/8,2001:db8::/32",
        "organization_buckets" => "ours,ours-too",
        "baseline_from" => "2025-12-15",
        _ => return None,
    })
}

/// The SQL of every hunt with all parameters and with only the required ones, for `tests/hunts/parse.py`: that for the trail's
/// table, and that for the rows that Logs Insights gave, with the types of their columns.
#[test]
fn every_hunts_sql_is_written_down_for_the_independent_parser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/hunt-sql");
    fs::create_dir_all(&folder).unwrap();
    let (mut lines, mut finishing) = (Vec::new(), Vec::new());
    for hunt in Hunts::load().unwrap().iter() {
        for everything in [true, false] {
            let given: Given = hunt
                .all_parameters()
                .iter()
                .filter(|parameter| everything || parameter.required)
                .filter_map(|parameter| {
                    let texts = every_value(&parameter.name)?;
                    Some((parameter.name.clone(), vec![texts.to_owned()]))
                })
                .collect();
            let parameters = Parameters::read(hunt, &given).unwrap();
            let sql =
                hunt.bind(Binding::Athena, &TableName::read("logs.cloudtrail_org").unwrap(), &parameters);
            assert_eq!(sql.text.matches('?').count(), sql.values.len(), "{}: {}", hunt.id, sql.text);
            for needed in ["dt BETWEEN", "from_iso8601_timestamp(eventtime)"] {
                assert!(sql.text.contains(needed), "{} has no `{needed}`", hunt.id);
            }
            assert_eq!(
                sql.text.contains("account IN") && sql.text.contains("region IN"),
                everything,
                "{}",
                hunt.id
            );
            let written = |sql: &BoundSql, reads: Value| {
                let values: Vec<String> = sql.values.iter().map(BoundValue::literal).collect();
                let columns: Vec<&str> = hunt.columns.iter().map(|column| column.name.as_str()).collect();
                json!({"hunt": hunt.id, "sql": sql.text, "values": values, "columns": columns, "reads": reads})
                    .to_string()
            };
            lines.push(written(&sql, Value::Null));
            let gathered = TableName::read("gathered").unwrap();
            if let Some(finish) = hunt.bind_finish(Binding::Athena, &gathered, &parameters) {
                let columns = hunt.logs_insights.gathered().unwrap();
                let reads = columns.into_iter().map(|(name, kind)| (name, json!(kind))).collect();
                finishing.push(written(&finish, Value::Object(reads)));
            }
        }
    }
    assert!(lines.len() >= 18 && finishing.len() >= 4);
    fs::write(folder.join("athena.jsonl"), lines.join("\n")).unwrap();
    fs::write(folder.join("finish.jsonl"), finishing.join("\n")).unwrap();
}

/// The list of hunts in `docs/hunts.md`, from the hunts' files.
fn list_of_hunts() -> String {
    let mut text = String::new();
    for hunt in Hunts::load().unwrap().iter() {
        let question = hunt.question.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(text, "\n### `{}`\n\n{}.\n\n{question}\n", hunt.id, hunt.title).unwrap();
        writeln!(text, "MITRE ATT&CK: {}.", hunt.attack.join(", ")).unwrap();
        if !hunt.parameters.is_empty() {
            writeln!(text, "\n| Parameter | Type | Default | What it is for |\n|---|---|---|---|").unwrap();
        }
        for parameter in &hunt.parameters {
            let default =
                parameter.default.as_deref().unwrap_or(if parameter.required { "required" } else { "" });
            writeln!(
                text,
                "| `{}` | {} | {default} | {} |",
                parameter.name, parameter.kind, parameter.description
            )
            .unwrap();
        }
        let columns: Vec<String> = hunt.columns.iter().map(|column| format!("`{}`", column.name)).collect();
        writeln!(text, "\nColumns: {}.", columns.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_list_in_the_documents_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hunts.md");
    let present = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let mark = "writes it anew. -->\n";
    let (head, list) = present.split_once(mark).unwrap();
    if std::env::var_os("EXFILGUARD_UPDATE").is_some() {
        fs::write(&path, format!("{head}{mark}{}", list_of_hunts())).unwrap();
    } else {
        assert_eq!(
            list,
            list_of_hunts(),
            "stale, run `EXFILGUARD_UPDATE=1 cargo test --test hunts the_list`"
        );
    }
}
