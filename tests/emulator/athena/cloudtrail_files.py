"""CloudTrail's files as Athena's `CloudTrailInputFormat` and partition projection read them.

https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import gzip
import json
import os
import re
import tempfile

from ministack.services import s3
from sqlglot import exp

INPUT_FORMAT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"


class InjectedColumnWithoutValue(ValueError):
    """A query leaves out the value of a partition column that is injected."""


class CloudTrailTable:
    """One table, as its DDL defines it."""

    def __init__(self, table: dict) -> None:
        storage = table["StorageDescriptor"]
        self._columns = [(column["Name"], re.sub(r"\s+", "", column["Type"])) for column in storage["Columns"]]
        self._partition_keys = [key["Name"] for key in table["PartitionKeys"]]
        self._properties = table["Parameters"]
        template = self._properties["storage.location.template"].removeprefix("s3://").rstrip("/")
        self._bucket, _, prefix = template.partition("/")
        parts = re.split(r"\$\{(\w+)\}", f"{prefix}/")
        pattern = "".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>.+?)" for n, part in enumerate(parts))
        # Projected days have slashes; what lies below a partition's folder belongs to it, whatever it is named.
        self._key = re.compile(pattern.replace("(?P<dt>.+?)", r"(?P<dt>\d{4}/\d{2}/\d{2})"))

    def load(self, connection, name: str, wheres: list) -> int:
        """Makes a table of DuckDB of the partitions that the conditions leave; says how many bytes of S3 it read."""
        partitions = self._partitions()
        wanted: set[tuple[str, ...]] = set()
        for where in wheres:
            wanted |= self._chosen(connection, partitions, where)
        lines, scanned = [], 0
        for partition in sorted(wanted):
            for key in partitions[partition]:
                stored = s3._get_object_data(self._bucket, key)
                scanned += len(stored)
                text = gzip.decompress(stored) if key.endswith(".gz") else stored
                values = dict(zip(self._partition_keys, partition))
                lines += [json.dumps(self._row(record) | values) for record in json.loads(text)["Records"]]
        columns = self._columns + [(key, "string") for key in self._partition_keys]
        definitions = {column: _duckdb_type(kind) for column, kind in columns}
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            file.write("\n".join(lines))
        try:
            connection.execute(
                f'CREATE TABLE "{name}" ({", ".join(f"{column} {kind}" for column, kind in definitions.items())})'
            )
            if lines:
                connection.execute(
                    f'INSERT INTO "{name}" SELECT * FROM read_json(?, format = \'newline_delimited\', columns = ?, '
                    "maximum_object_size = 67108864)",
                    [file.name, definitions],
                )
        finally:
            os.unlink(file.name)
        return scanned

    def _partitions(self) -> dict[tuple[str, ...], list[str]]:
        """Keys by partition, of the partitions that the projection knows."""
        found: dict[tuple[str, ...], list[str]] = {}
        for key in sorted(s3._buckets[self._bucket]["objects"]):
            if (match := self._key.match(key)) is None:
                continue
            partition = tuple(match[name] for name in self._partition_keys)
            if all(self._is_projected(name, value) for name, value in zip(self._partition_keys, partition)):
                found.setdefault(partition, []).append(key)
        return found

    def _is_projected(self, name: str, value: str) -> bool:
        kind = self._properties[f"projection.{name}.type"]
        if kind == "enum":
            return value in self._properties[f"projection.{name}.values"].split(",")
        if kind == "date":
            first, last = self._properties[f"projection.{name}.range"].split(",")
            return first <= value and (last == "NOW" or value <= last)
        return kind == "injected"

    def _chosen(self, connection, partitions: dict, where) -> set[tuple[str, ...]]:
        """The partitions that are left by the conditions on partition columns alone."""
        conditions = [] if where is None else list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        conditions = [condition.unnest() for condition in conditions]
        of_partitions = [
            condition
            for condition in conditions
            if (columns := list(condition.find_all(exp.Column)))
            and all(column.name in self._partition_keys for column in columns)
        ]
        for name in self._partition_keys:
            if self._properties[f"projection.{name}.type"] == "injected" and not any(
                isinstance(condition, (exp.EQ, exp.In)) and condition.this.name == name for condition in of_partitions
            ):
                raise InjectedColumnWithoutValue(
                    f"For the injected projected partition column {name}, the WHERE clause must contain only static "
                    "equality conditions, and at least one such condition must be present."
                )
        if not partitions:
            return set()
        names = ", ".join(self._partition_keys)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE partitions ({', '.join(f'{name} VARCHAR' for name in self._partition_keys)})")
        connection.executemany(
            f"INSERT INTO partitions VALUES ({', '.join('?' for _ in self._partition_keys)})", [list(one) for one in partitions]
        )
        text = " AND ".join(f"({_unqualified(condition).sql(dialect='duckdb')})" for condition in of_partitions) or "TRUE"
        return set(connection.execute(f"SELECT {names} FROM partitions WHERE {text}").fetchall())

    def _row(self, record: dict) -> dict:
        by_name = {name.lower(): value for name, value in record.items()}
        return {name: _as(kind, by_name.get(name)) for name, kind in self._columns}


def _unqualified(condition):
    return condition.transform(lambda node: exp.column(node.name) if isinstance(node, exp.Column) else node)


def _as(kind: str, value):
    """A JSON value as the SerDe gives it: names of structs in any case, what is declared as a string as its JSON text."""
    if value is None:
        return None
    if kind == "string":
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if kind.startswith("array<"):
        return [_as(kind[6:-1], one) for one in value] if isinstance(value, list) else None
    if not isinstance(value, dict):
        return None
    if kind.startswith("map<"):
        return {name: _as("string", one) for name, one in value.items()}
    by_name = {name.lower(): one for name, one in value.items()}
    return {name: _as(field, by_name.get(name)) for name, field in _fields(kind)}


def _fields(kind: str) -> list[tuple[str, str]]:
    """The names and types within `struct<…>`."""
    depth, start, fields = 0, 0, []
    inner = kind.removeprefix("struct<").removesuffix(">")
    for at, character in enumerate(f"{inner},"):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, _, field = inner[start:at].partition(":")
            fields.append((name, field))
            start = at + 1
    return fields


def _duckdb_type(kind: str) -> str:
    if kind == "string":
        return "VARCHAR"
    if kind.startswith("array<"):
        return f"{_duckdb_type(kind[6:-1])}[]"
    if kind.startswith("map<"):
        return "MAP(VARCHAR, VARCHAR)"
    if kind.startswith("struct<"):
        return f"STRUCT({', '.join(f'{name} {_duckdb_type(field)}' for name, field in _fields(kind))})"
    raise ValueError(f"NOT_SUPPORTED: the type {kind}")
