"""Reads the SQL of every hunt with an independent parser, as Athena and as Trino, and looks at what it means:
one SELECT that only reads the one table, with the hunt's columns, partition predicates, and as many placeholders as values.

The SQL is written by `cargo test --test hunts` to target/hunt-sql/athena.jsonl."""

import json
import sys
from pathlib import Path

import sqlglot
from sqlglot import expressions as exp


def problems(case, dialect):
    statements = sqlglot.parse(case["sql"], dialect=dialect)
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        return ["it is not one SELECT"]
    tree = statements[0]
    found = []
    if tree.find(exp.Insert, exp.Create, exp.Drop, exp.Delete, exp.Update, exp.Command):
        found.append("it does not only read")
    tables = {table.sql(dialect=dialect) for table in tree.find_all(exp.Table)}
    if tables != {'"logs"."cloudtrail_org"'}:
        found.append(f"it reads {sorted(tables)}")
    columns = [column.alias_or_name for column in tree.expressions]
    if columns != case["columns"]:
        found.append(f"its columns are {columns}, not {case['columns']}")
    if len(list(tree.find_all(exp.Placeholder, exp.Parameter))) != len(case["values"]):
        found.append("placeholders and values differ in number")
    if "limit" not in tree.args or not tree.args.get("order"):
        found.append("it has no order or no limit")
    partitions = [between for between in tree.find_all(exp.Between) if between.this.name == "dt"]
    if len(partitions) != len(list(tree.find_all(exp.Table))):
        found.append("a table is read without a predicate on its days")
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
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "target/hunt-sql/athena.jsonl")
    cases = [json.loads(line) for line in path.read_text().splitlines()]
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
    if len(cases) < 18:
        sys.exit("too few hunts were written down")
    print(f"{len(cases)} texts of SQL read as Athena and as Trino: {bad} problems")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
