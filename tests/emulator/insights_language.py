"""The part of the Logs Insights query language that the hunts in `queries/` use, over CloudTrail's records.

Semantics are those that AWS documents; anything else is refused loudly.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html

A field that an event lacks is `None` here. `!=` on it is true, every other comparison false
(https://github.com/DataBiosphere/azul/issues/5884), `count(field)` and the other aggregates leave it out, and a group
without a value is a group. JSON's null is no field.
"""

import datetime
import ipaddress
import json
import re
import statistics
from functools import cmp_to_key

TOKEN = re.compile(
    r"""\s*(?:
      (?P<regex>(?<=like\s)/(?:[^/\\]|\\.)*/|(?<==~\s)/(?:[^/\\]|\\.)*/)
    | (?P<number>\d+(?:\.\d+)?(?![\w.]))
    | (?P<period>\d+(?:ms|s|m|h|d|w)\b)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`[^`]+`)
    | (?P<name>@?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    | (?P<operator>!=|<=|>=|=~|[=<>+\-*/%(),\[\]|])
    )""",
    re.VERBOSE,
)
PARSED = re.compile(r"\s*(?P<regex>/(?:[^/\\]|\\.)*/)")
COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
AGGREGATES = {"count", "sum", "min", "max", "avg", "count_distinct", "sortsFirst", "sortsLast", "earliest", "latest", "stddev"}


class Malformed(ValueError):
    """The text is not of the language, or of a part of it that is not here."""


def run(text: str, events: list[dict], limit: int) -> tuple[list[list[tuple[str, str]]], int]:
    """The rows, each a list of field and value, and the number of events that passed the first filters. An event is
    `{"timestamp": ms, "message": record, "ptr": text}`.
    """
    commands = Parser(text).commands()
    rows = [Event(event) for event in events]
    shown: list[str] | None = None
    matched, aggregated = len(rows), False
    for command, arguments in commands:
        if command == "filter":
            rows = [row for row in rows if truth(arguments(row))]
            matched = matched if aggregated else len(rows)
        elif command == "fields":
            rows = [row.with_fields(arguments) for row in rows]
            shown = (shown or []) + [name for name, _ in arguments]
        elif command == "parse":
            rows = [row.parsed(*arguments) for row in rows]
            shown = (shown or []) + list(arguments[1].groupindex)
        elif command == "display":
            shown = arguments
        elif command == "stats":
            aggregates, groups = arguments
            rows = aggregate(rows, aggregates, groups)
            shown = [name for name, _ in groups] + [name for name, *_ in aggregates]
            aggregated = True
        elif command == "dedup":
            seen: set = set()
            rows = [row for row in rows if (key := tuple(row.get(name) for name in arguments)) not in seen and not seen.add(key)]
        elif command == "sort":
            rows = sort(rows, arguments)
        elif command == "limit":
            limit = min(limit, arguments)
    if shown is None:
        shown = ["@timestamp", "@message"]
    shown = list(dict.fromkeys(shown))
    results = []
    for row in rows[:limit]:
        fields = [(name, printed(value)) for name in shown if (value := row.get(name)) is not None]
        results.append(fields if aggregated else [*fields, ("@ptr", row.get("@ptr"))])
    return results, matched


class Event:
    """An event or a row: fields by name, nested ones with dots and numbers of array elements."""

    def __init__(self, event: dict | None = None, computed: dict | None = None) -> None:
        self._event = event
        self._computed = computed or {}

    def get(self, name: str):
        """The field's value; `None` if there is none."""
        if name in self._computed:
            return self._computed[name]
        if self._event is None:
            return None
        if name.startswith("@"):
            return {
                "@timestamp": Moment(self._event["timestamp"]),
                "@message": json.dumps(self._event["message"], separators=(",", ":")),
                "@ptr": self._event["ptr"],
            }[name]
        value = self._event["message"]
        for part in name.split("."):
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        # Booleans are numbers in Logs Insights; objects and arrays have no value of their own.
        return None if isinstance(value, (dict, list)) else int(value) if isinstance(value, bool) else value

    def with_fields(self, fields) -> "Event":
        """The event with more fields."""
        computed = dict(self._computed)
        for name, expression in fields:
            computed[name] = expression(self)
        return Event(self._event, computed)


    def parsed(self, field: str, pattern: re.Pattern) -> "Event":
        """The event with what the groups of a pattern found in a field; without a match "without the extracted fields"
        (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Parse.html).
        """
        value = self.get(field)
        match = None if value is None else pattern.search(str(value))
        found = match.groupdict() if match else dict.fromkeys(pattern.groupindex)
        return Event(self._event, self._computed | found)


class Moment(int):
    """Milliseconds since 1970, shown as Logs Insights shows moments."""


class Parser:
    """Reads a text into commands and functions of a row."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            # Behind the field of `parse` a slash begins a regular expression.
            pattern = PARSED if self._tokens[-2:-1] == [("name", "parse")] else TOKEN
            match = pattern.match(text, at)
            if match is None:
                raise Malformed(f"unexpected symbol found {text[at:at + 20]!r} at {at}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self._at = 0

    def commands(self):
        """All commands with what they do."""
        commands = []
        while True:
            name = self._take("name")
            read = getattr(self, f"_{name}", None) if name in {"filter", "fields", "display", "stats", "dedup", "sort", "limit", "parse"} else None
            if read is None:
                raise Malformed(f"the command {name!r} is not in this part of the language")
            commands.append((name, read()))
            if self._at == len(self._tokens):
                return commands
            self._expect("|")

    def _filter(self):
        return self._or()

    def _fields(self):
        return [self._named() for _ in self._commas()]

    def _display(self):
        return [self._field() for _ in self._commas()]

    _dedup = _display

    def _parse(self):
        field = self._field()
        pattern = self._take("regex")[1:-1]
        compiled = re.compile(re.sub(r"\(\?<(?=\w)", "(?P<", pattern))
        if not compiled.groupindex or compiled.groups != len(compiled.groupindex):
            raise Malformed("each group of `parse` has a name")
        return field, compiled

    def _limit(self):
        return int(self._take("number"))

    def _sort(self):
        keys = []
        for _ in self._commas():
            field = self._field()
            keys.append((field, self._accept("name", "desc") or (self._accept("name", "asc") and False)))
        return keys

    def _stats(self):
        aggregates, groups = [], []
        for _ in self._commas():
            start = self._at
            function = self._take("name")
            if function not in AGGREGATES:
                raise Malformed(f"{function!r} is no aggregate of this part of the language")
            self._expect("(")
            argument = None if self._accept("operator", "*") or self._peek(")") else self._or()
            self._expect(")")
            aggregates.append((self._alias(start), function, argument))
        if self._accept("name", "by"):
            groups = [self._named() for _ in self._commas()]
        return aggregates, groups

    def _named(self):
        start = self._at
        expression = self._or()
        return self._alias(start), expression

    def _alias(self, start: int) -> str:
        end = self._at
        if self._accept("name", "as"):
            return self._field()
        return "".join(text for _, text in self._tokens[start:end]).strip("`")

    def _commas(self):
        yield
        while self._accept("operator", ","):
            yield

    def _or(self):
        left = self._and()
        while self._accept("name", "or"):
            left = _either(left, self._and())
        return left

    def _and(self):
        left = self._not()
        while self._accept("name", "and"):
            left = _both(left, self._not())
        return left

    def _not(self):
        if self._accept("name", "not"):
            inner = self._not()
            return lambda row: not truth(inner(row))
        return self._comparison()

    def _comparison(self):
        left = self._sum()
        negated = self._accept("name", "not")
        if self._accept("name", "in"):
            self._expect("[")
            values = [self._or() for _ in self._commas()]
            self._expect("]")
            return lambda row: any(compare("=", left(row), value(row)) for value in values) is not negated
        if self._accept("name", "like") or self._accept("operator", "=~"):
            matches = self._pattern()
            return lambda row: (left(row) is not None and matches(str(left(row)))) is not negated
        if negated:
            raise Malformed("`not` stands before `in` or `like`")
        kind, operator = self._token()
        if kind == "operator" and operator in COMPARISONS:
            self._at += 1
            right = self._sum()
            return lambda row: compare(operator, left(row), right(row))
        return left

    def _pattern(self):
        kind, text = self._token()
        self._at += 1
        if kind == "regex":
            pattern = re.compile(text[1:-1])
            return lambda value: pattern.search(value) is not None
        if kind == "string":
            part = unquoted(text)
            return lambda value: part in value
        raise Malformed(f"`like` takes a string or a /regular expression/, not {text!r}")

    def _sum(self):
        left = self._product()
        while (operator := self._token()[1]) in ("+", "-") and self._token()[0] == "operator":
            self._at += 1
            left = _arithmetic(operator, left, self._product())
        return left

    def _product(self):
        left = self._value()
        while (operator := self._token()[1]) in ("*", "/", "%") and self._token()[0] == "operator":
            self._at += 1
            left = _arithmetic(operator, left, self._value())
        return left

    def _value(self):
        kind, text = self._token()
        self._at += 1
        if kind == "operator" and text == "(":
            inner = self._or()
            self._expect(")")
            return inner
        if kind == "operator" and text == "-":
            number = self._take("number")
            return lambda _row: -_number(number)
        if kind == "number":
            number = _number(text)
            return lambda _row: number
        if kind == "string":
            string = unquoted(text)
            return lambda _row: string
        if kind == "period":
            seconds = int(text[:-1]) * SECONDS[text[-1]]
            return lambda _row: seconds
        if kind == "quoted":
            return lambda row: row.get(text[1:-1])
        if kind == "name" and self._accept("operator", "("):
            return self._function(text)
        if kind == "name" and text not in {"by", "as", "and", "or", "not", "in", "like"}:
            return lambda row: row.get(text)
        raise Malformed(f"unexpected {text!r}")

    def _function(self, name: str):
        function = FUNCTIONS.get(name)
        if function is None:
            raise Malformed(f"the function {name!r} is not in this part of the language")
        arguments = [] if self._peek(")") else [self._or() for _ in self._commas()]
        self._expect(")")
        if name == "bin":
            return lambda row: _floor(row.get("@timestamp"), arguments[0](row))
        return lambda row: function(*[argument(row) for argument in arguments])

    def _field(self) -> str:
        kind, text = self._token()
        self._at += 1
        if kind not in ("name", "quoted"):
            raise Malformed(f"a field was expected, not {text!r}")
        return text.strip("`")

    def _token(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "the end")

    def _peek(self, operator: str) -> bool:
        return self._token() == ("operator", operator)

    def _accept(self, kind: str, text: str) -> bool:
        found = self._token() == (kind, text)
        self._at += found
        return found

    def _expect(self, operator: str) -> None:
        if not self._accept("operator", operator):
            raise Malformed(f"{operator!r} was expected, not {self._token()[1]!r}")

    def _take(self, kind: str) -> str:
        found, text = self._token()
        if found != kind:
            raise Malformed(f"a {kind} was expected, not {text!r}")
        self._at += 1
        return text


def _either(left, right):
    return lambda row: truth(left(row)) or truth(right(row))


def _both(left, right):
    return lambda row: truth(left(row)) and truth(right(row))


def _arithmetic(operator: str, left, right):
    def of_row(row):
        a, b = as_number(left(row)), as_number(right(row))
        if a is None or b is None or (operator in "/%" and b == 0):
            return None
        return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None, "%": a % b if b else None}[operator]

    return of_row


def truth(value) -> bool:
    """Conditions are booleans, or the 1 and 0 of functions such as `strcontains`."""
    return value is not None and value not in (0, "", False)


def compare(operator: str, left, right) -> bool:
    """A missing value is unequal to everything, and neither less nor greater."""
    if left is None or right is None:
        return operator == "!="
    a, b = as_number(left), as_number(right)
    if a is None or b is None or (isinstance(left, str) and isinstance(right, str)):
        a, b = str(left), str(right)
    return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


def as_number(value):
    """A number, also one that is written as a text."""
    if isinstance(value, (int, float)):
        return value
    try:
        return _number(value)
    except (TypeError, ValueError):
        return None


def _number(text: str):
    return float(text) if "." in text or "e" in text.lower() else int(text)


def unquoted(text: str) -> str:
    """A string without its quotes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def aggregate(rows: list[Event], aggregates, groups) -> list[Event]:
    """One row per group; one for all events without groups, and none if there are no events."""
    grouped: dict[tuple, list[Event]] = {}
    for row in rows:
        grouped.setdefault(tuple(expression(row) for _, expression in groups), []).append(row)
    results = []
    for key, members in grouped.items():
        computed = dict(zip([name for name, _ in groups], key))
        for name, function, argument in aggregates:
            values = members if argument is None else [value for row in members if (value := argument(row)) is not None]
            computed[name] = _aggregated(function, values, members)
        results.append(Event(None, computed))
    return results


def _aggregated(function: str, values: list, members: list[Event]):
    if function == "count":
        return len(values)
    if function == "count_distinct":
        return len({str(value) for value in values})
    if function in ("sortsFirst", "sortsLast"):
        ordered = sorted(str(value) for value in values)
        return (ordered[0] if function == "sortsFirst" else ordered[-1]) if ordered else None
    if function in ("earliest", "latest"):
        raise Malformed(f"{function!r} is not in this part of the language")
    numbers = [number for value in values if (number := as_number(value)) is not None]
    if not numbers:
        return 0 if function == "sum" else None
    return {"sum": sum, "min": min, "max": max, "avg": statistics.fmean, "stddev": statistics.pstdev}[function](numbers)


def sort(rows: list[Event], keys) -> list[Event]:
    """By the keys; rows without a value are last."""

    def order(one: Event, other: Event) -> int:
        for field, descending in keys:
            a, b = one.get(field), other.get(field)
            if a is None or b is None:
                if (a is None) != (b is None):
                    return 1 if a is None else -1
            elif compare("!=", a, b):
                return (-1 if compare("<", a, b) else 1) * (-1 if descending else 1)
        return 0

    return sorted(rows, key=cmp_to_key(order))


def _floor(moment, seconds: int):
    return None if moment is None else Moment(int(moment) // (seconds * 1000) * seconds * 1000)


FUNCTIONS = {
    "ispresent": lambda value: value is not None,
    "isempty": lambda value: value is None or value == "",
    "isblank": lambda value: value is None or not str(value).strip(),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "concat": lambda *values: "".join(printed(value) for value in values if value is not None),
    "strlen": lambda value: None if value is None else len(str(value)),
    "tolower": lambda value: None if value is None else str(value).lower(),
    "toupper": lambda value: None if value is None else str(value).upper(),
    "strcontains": lambda value, part: 0 if value is None else int(str(part) in str(value)),
    "replace": lambda value, old, new: None if value is None else str(value).replace(old, new),
    "substr": lambda value, start, length=None: None if value is None else str(value)[start : None if length is None else start + length],
    "toMillis": lambda value: None if value is None else int(value),
    "fromMillis": lambda value: None if value is None else Moment(int(value)),
    "isIpInSubnet": lambda address, subnet: _in_subnet(address, subnet),
    "datefloor": _floor,
    "bin": _floor,
}


def _in_subnet(address, subnet: str) -> bool:
    """What is no address is in no subnet."""
    try:
        return ipaddress.ip_address(str(address)) in ipaddress.ip_network(subnet)
    except ValueError:
        return False


def printed(value) -> str:
    """A value as results have it: always a text."""
    if isinstance(value, Moment):
        moment = datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{value % 1000:03}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
