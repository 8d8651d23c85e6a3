"""Athena's SQL on DuckDB: parameters are bound as Athena binds them, and sqlglot translates Trino's dialect.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

import datetime
import decimal
import ipaddress

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

DIALECT = "athena"
# Functions of Trino that DuckDB has by another name and sqlglot passes through. It has addresses and networks only in an
# extension that is downloaded: here a network contains an address if its bits are the first ones of the address's
# (https://trino.io/docs/current/functions/ipaddress.html). What is neither has no bits, so that nothing is known of it.
MACROS = [
    "CREATE MACRO any_match(list, f) AS len(list_filter(list, f)) > 0",
    "CREATE MACRO contains_address(network, address) AS "
    "starts_with(getvariable('bits')[address], getvariable('bits')[network])",
]
TYPES = {
    "VARCHAR": "varchar",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}


class Malformed(ValueError):
    """Athena would not take the statement."""


def bind(query: str, parameters: list[str] | None) -> str:
    """The statement with each `?` replaced by its parameter, which is an SQL expression of its own: a string stands in
    single quotes. Statements that define something take none.
    """
    try:
        tokens = [token for token in sqlglot.tokenize(query, read=DIALECT) if token.token_type == TokenType.PLACEHOLDER]
        expected, given = len(tokens), len(parameters or [])
        if expected != given:
            raise Malformed(f"SYNTAX_ERROR: Incorrect number of parameters: expected {expected} but found {given}")
        if not expected:
            return query
        _only_in_where(query)
        for parameter in parameters:
            if not 1 <= len(parameter) <= 1024:
                raise Malformed("Member must have length between 1 and 1024")
            value = sqlglot.parse_one(f"SELECT {parameter}", read=DIALECT)
            if len(value.expressions) != 1 or value.find(exp.From):
                raise Malformed(f"a parameter is one expression, not {parameter}")
    except SqlglotError as problem:
        raise Malformed(f"Queries of this type are not supported: {problem}") from problem
    for token, parameter in reversed(list(zip(tokens, parameters))):
        query = query[: token.start] + parameter + query[token.end + 1 :]
    return query


def _only_in_where(query: str) -> None:
    for placeholder in sqlglot.parse_one(query, read=DIALECT).find_all(exp.Placeholder):
        if placeholder.find_ancestor(exp.Where) is None:
            raise Malformed("SYNTAX_ERROR: parameters are supported in the WHERE clause only")


def run(query: str, database: str, tables: dict) -> tuple[dict, int]:
    """The result as ministack keeps it, and the bytes of the files that were read."""
    try:
        statement = sqlglot.parse_one(query, read=DIALECT)
        _without_database(statement, database)
    except SqlglotError as problem:
        raise ValueError(f"SYNTAX_ERROR: {problem}") from problem
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            connection.execute(macro)
        scanned = _load_tables(connection, statement, tables)
        _know_bits(connection, statement)
        result = connection.execute(statement.transform(_as_trino_means).sql(dialect="duckdb"))
        columns = [name for name, *_ in result.description]
        types = [_type(str(kind)) for _, kind, *_ in result.description]
        rows = [[_text(value) for value in row] for row in result.fetchall()]
    except duckdb.Error as problem:
        raise ValueError(f"SYNTAX_ERROR: {problem}") from problem
    finally:
        connection.close()
    return {"columns": columns, "column_types": types, "rows": rows}, scanned


def _load_tables(connection, statement, tables: dict) -> int:
    named = {cte.alias for cte in statement.find_all(exp.CTE)}
    used: dict[str, list] = {}
    for reference in statement.find_all(exp.Table):
        if reference.name not in named and isinstance(reference.this, exp.Identifier):
            used.setdefault(reference.name, []).append(reference.find_ancestor(exp.Select))
    scanned = 0
    for name, selects in used.items():
        if name not in tables:
            raise ValueError(f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{name}' does not exist")
        scanned += tables[name].load(connection, name, [select.args.get("where") for select in selects])
    return scanned


def _know_bits(connection, statement) -> None:
    """The variable `bits`: of each network in the statement, and of each address that is looked for in one."""
    texts = {literal.this for literal in statement.find_all(exp.Literal) if literal.is_string}
    for contains in filter(_is_of_addresses, statement.find_all(exp.ArrayContains)):
        column = contains.expression.this.sql(dialect="duckdb")
        for table in contains.find_ancestor(exp.Select).find_all(exp.Table):
            texts |= {text for (text,) in connection.execute(f'SELECT DISTINCT {column} FROM "{table.name}"').fetchall()}
    known = [[text, bits] for text in texts if (bits := _bits(text)) is not None]
    if known:
        connection.execute("CREATE TEMP TABLE bits (text VARCHAR, bits VARCHAR)")
        connection.executemany("INSERT INTO bits VALUES (?, ?)", known)
        connection.execute("SET VARIABLE bits = (SELECT map(list(text), list(bits)) FROM bits)")


def _bits(text: str | None) -> str | None:
    """The bits of a network or an address behind the number of its family."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"
    return f"{network.version}:{bits[: network.prefixlen]}"


def _is_of_addresses(contains: exp.ArrayContains) -> bool:
    """Whether it is `contains(network, TRY_CAST(… AS ipaddress))`, not that of a list."""
    address = contains.expression
    return isinstance(address, exp.TryCast) and address.to.this == exp.DataType.Type.IPADDRESS


def _without_database(statement, database: str) -> None:
    for reference in statement.find_all(exp.Table):
        if reference.db not in ("", database):
            raise ValueError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{reference.db}' does not exist")
        reference.set("db", None)


def _as_trino_means(node):
    """`json_extract_scalar` of an object or an array is null in Trino, and text in DuckDB, which has no addresses either."""
    if isinstance(node, exp.ArrayContains) and _is_of_addresses(node):
        return exp.Anonymous(this="contains_address", expressions=[node.this.copy(), node.expression.this.copy()])
    if isinstance(node, exp.JSONExtractScalar):
        value, path = node.this.sql(dialect="duckdb"), node.expression.sql(dialect="duckdb")
        scalar = exp.JSONExtractScalar(this=node.this.copy(), expression=node.expression.copy()).sql(dialect="duckdb")
        kind = f"json_type({value}, {path})"
        return sqlglot.parse_one(f"CASE WHEN {kind} IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE ({scalar}) END", read="duckdb")
    return node


def _type(kind: str) -> str:
    if kind.endswith("[]"):
        return "array"
    return "decimal" if kind.startswith("DECIMAL") else TYPES.get(kind, "varchar")


def _text(value):
    """A value as Athena writes it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, datetime.datetime):
        zone = " UTC" if value.tzinfo else ""
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}{zone}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join("null" if one is None else str(_text(one)) for one in value) + "]"
    if isinstance(value, (datetime.date, decimal.Decimal)):
        return str(value)
    raise ValueError(f"NOT_SUPPORTED: a value of the type {type(value).__name__}")


def _java_double(value: float) -> str:
    """Java's form, in which Trino prints: from ten millions on with an exponent."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, exponent = f"{value:.17e}".split("e")
    short = repr(value)
    if "e" in short:
        digits = short.split("e")[0]
    else:
        digits = repr(value / 10 ** int(exponent))
    digits = digits if "." in digits else f"{digits}.0"
    return f"{digits}E{int(exponent)}"
