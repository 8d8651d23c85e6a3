"""Reads the SQL of every hunt with an independent parser, as Athena and as Trino, and looks at what it means:
one SELECT that only reads the one table, with the hunt's columns, partition predicates, and as many placeholders as values.
Likewise the SQL for the rows that Logs Insights gave, which reads no other columns than these rows have.

The SQL is written by `cargo test --test hunts` to target/hunt-sql/athena.jsonl and finish.jsonl."""

import json
import sys
from pathlib import Path

import sqlglot
from sqlglot import expressions as exp
from sqlglot.optimizer.qualify import qualify

TYPES = {"text": "varchar", "integer": "bigint", "number": "double"}


def problems(case, dialect):
    statements = sqlglot.parse(case["sql"], dialect=dialect)
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        return ["it is not one SELECT"]
    tree = statements[0]
    found = []
    if tree.find(exp.Insert, exp.Create, exp.Drop, exp.Delete, exp.Update, exp.Command):
        found.append("it does not only read")
    tables = {table.sql(dialect=dialect) for table in tree.find_all(exp.Table)}
    gathered = case["reads"]
    if tables != {'"logs"."cloudtrail_org"' if gathered is None else '"gathered"'}:
        found.append(f"it reads {sorted(tables)}")
    columns = [column.alias_or_name for column in tree.expressions]
    if columns != case["columns"]:
        found.append(f"its columns are {columns}, not {case['columns']}")
    if len(list(tree.find_all(exp.Placeholder, exp.Parameter))) != len(case["values"]):
        found.append("placeholders and values differ in number")
    if "limit" not in tree.args or not tree.args.get("order"):
        found.append("it has no order or no limit")
    found += of_the_trail(tree) if gathered is None else of_gathered(tree, gathered, dialect)
    # With the values in place, as Athena puts them, it is SQL too, and it means the same when it is written anew.
    literal = iter(case["values"])
    filled = "".join(next(literal) if part == "?" else part for part in pieces(case["sql"]))
    again = sqlglot.parse_one(filled, dialect=dialect)
    if again != sqlglot.parse_one(again.sql(dialect=dialect), dialect=dialect):
        found.append("it means something else when it is written anew")
    for cast in again.find_all(exp.Cast):
        if not isinstance(cast, exp.TryCast) and cast.to.this == exp.DataType.Type.BIGINT and cast.find(exp.JSONExtractScalar):
            if not cast.find(exp.TryCast):
                found.append(f"a cast can kill the query: {cast.sql(dialect=dialect)}")
    return found


def of_the_trail(tree):
    partitions = [between for between in tree.find_all(exp.Between) if between.this.name == "dt"]
    without = len(partitions) != len(list(tree.find_all(exp.Table)))
    return ["a table is read without a predicate on its days"] if without else []


def of_gathered(tree, columns, dialect):
    """Every column is one of the rows that Logs Insights gave, or made of them."""
    schema = {"gathered": {name: TYPES[kind] for name, kind in columns.items()}}
    try:
        qualify(tree.copy(), schema=schema, dialect=dialect, validate_qualify_columns=True)
    except sqlglot.errors.OptimizeError as error:
        return [str(error)]
    return []


def pieces(sql):
    part = ""
    for character in sql:
        if character == "?":
            yield part
            yield "?"
            part = ""
        else:
            part += character
    yield part


def main():
    paths = [Path(path) for path in sys.argv[1:]] or [Path("target/hunt-sql/athena.jsonl"), Path("target/hunt-sql/finish.jsonl")]
    cases = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    bad = 0
    for case in cases:
        for dialect in ("athena", "trino"):
            try:
                found = problems(case, dialect)
            except sqlglot.errors.SqlglotError as error:
                found = [str(error)]
            for problem in found:
                bad += 1
                print(f"{case['hunt']} ({dialect}): {problem}")
    finishing = sum(case["reads"] is not None for case in cases)
    if len(cases) - finishing < 18 or finishing < 4:
        sys.exit("too few hunts were written down")
    print(f"{len(cases)} texts of SQL ({finishing} for rows of Logs Insights) read as Athena and as Trino: {bad} problems")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
