"""Answers filter-pattern cases, one JSON line each.

- `sqlite` evaluates every form as an SQL query: SQLite reads the selectors as its own JSON paths, and brings `GLOB`, the
  comparison of numbers, `AND`, `OR` and their precedence; regular expressions are Python's.
- `moto` judges terms: plain words, or one quoted phrase. It matches everything for any other pattern, so it is not asked.
- `ministack` judges included and excluded plain words, ignoring case, so it is asked only where case does not matter.
"""

import json
import re
import sqlite3
import sys

from moto.logs.utils import EventMessageFilter

try:
    from ministack.services import cloudwatch_logs as ministack
except ImportError:
    ministack = None

DATABASE = sqlite3.connect(":memory:")


def search(pattern, text):
    """`regexp` of SQL. Anything but a text gives NULL, as SQL wants it."""
    if not isinstance(text, str):
        return None
    return re.search(pattern, text) is not None


DATABASE.create_function("regexp", 2, search, deterministic=True)


def path_text(path):
    """A path as a text of SQL."""
    return "'" + path.replace("'", "''") + "'"


class Query:
    """An SQL expression and its parameters."""

    def __init__(self):
        self.parameters = []

    def bind(self, value):
        """A place for a value."""
        self.parameters.append(value)
        return "?"

    def glob(self, text):
        """A text of CloudWatch, in which only `*` is special, as a pattern of GLOB."""
        return self.bind(re.sub(r"[\[?]", lambda found: f"[{found.group()}]", text))

    def of_text(self, value, test, literal):
        """The comparison of an SQL value that is a text."""
        if literal["kind"] == "regex":
            found = f"regexp({self.bind(literal['value'])}, {value})"
        else:
            found = f"{value} GLOB {self.glob(literal['value'])}"
        return f"NOT ({found})" if test == "!=" else f"({found})"

    def condition(self, leaf):
        """A condition on a JSON document `line`."""
        before, star, after = leaf["path"].partition("[*]")
        if star:
            test = self.of_path("e.value", "$" + after, leaf) if after else self.of_value("e.type", "e.value", leaf)
            return f"EXISTS (SELECT 1 FROM json_each(line, {path_text(before)}) AS e WHERE {test})"
        return self.of_path("line", leaf["path"], leaf)

    def of_path(self, document, path, leaf):
        """A condition on what a path finds."""
        place = f"{document}, {path_text(path)}"
        return self.of_value(f"json_type({place})", f"json_extract({place})", leaf)

    def of_value(self, kind, value, leaf):
        """A condition on a value of which SQLite tells the JSON type; an absent one has none."""
        test = leaf["test"]
        if test == "NOT EXISTS":
            return f"({kind} IS NULL)"
        if test.startswith("IS "):
            return f"COALESCE({kind} = '{test[3:].lower()}', 0)"
        literal = leaf["literal"]
        if literal["kind"] == "number":
            sign = {"=": "=", "!=": "<>"}.get(test, test)
            return f"COALESCE({kind} IN ('integer', 'real') AND {value} {sign} {self.bind(literal['value'])}, 0)"
        return f"COALESCE({kind} = 'text' AND {self.of_text(value, test, literal)}, 0)"

    def column(self, name, leaf):
        """A condition on a field of a line: text, or a number if the literal is one."""
        literal, test = leaf["literal"], leaf["test"]
        if literal["kind"] != "number":
            return f"COALESCE({self.of_text(name, test, literal)}, 0)"
        sign = {"=": "=", "!=": "<>"}.get(test, test)
        return f"COALESCE(typeof(0 + {name}) IN ('integer', 'real') AND CAST({name} AS REAL) {sign} {self.bind(literal['value'])}, 0)"

    def tree(self, node, leaf):
        """A tree; SQL's own precedence is used where the tree needs no parentheses."""
        if not isinstance(node, list):
            return leaf(node)
        operator = {"&&": " AND ", "||": " OR "}[node[0]]
        written = []
        for child in node[1:]:
            text = self.tree(child, leaf)
            written.append(f"({text})" if isinstance(child, list) and node[0] == "&&" and child[0] == "||" else text)
        return operator.join(written)


def run(query, where, source, values):
    """Whether the one row has the property."""
    sql = f"SELECT COUNT(*) FROM ({source}) WHERE {where}"
    return "yes" if DATABASE.execute(sql, (*values, *query.parameters)).fetchone()[0] else "no"


def by_sqlite(case):
    """The answer of SQLite."""
    query = Query()
    if case["form"] == "json":
        where = query.tree(case["tree"], query.condition)
        return run(query, where, "SELECT ? AS line", [json.dumps(case["message"])])
    if case["form"] == "terms":
        return run(query, terms(query, case["terms"]), "SELECT ? AS line", [case["message"]])
    return spaced(query, case["slots"], case["fields"])


def terms(query, wanted):
    """Terms: all included ones, none of the excluded ones; alternatives only where there is nothing else."""
    if len(wanted) == 1 and "regex" in wanted[0]:
        return f"regexp({query.bind(wanted[0]['regex'])}, line)"
    firm = [term for term in wanted if term["role"] != "?"]
    if not wanted:
        return "1"
    if not firm:
        return " OR ".join(f"instr(line, {query.bind(term['text'])})" for term in wanted)
    return " AND ".join(f"instr(line, {query.bind(term['text'])}) {'=' if term['role'] else '>'} 0" for term in firm)


def spaced(query, slots, fields):
    """A table with a column for each field; `...` stands for the fields that are left over."""
    names = [name for name, _ in slots]
    if "..." in names:
        at = names.index("...")
        gap = len(fields) - (len(slots) - 1)
        slots = slots[:at] + [[f"rest{n}", None] for n in range(gap)] + slots[at + 1 :]
    if len(fields) < len(slots):
        fields = fields + [None] * (len(slots) - len(fields))
    source = "SELECT " + ", ".join(f'? AS "c{n}"' for n in range(len(fields)))
    parts = [
        f"({query.tree(tree, lambda leaf, n=n: query.column(f'c{n}', leaf))})" for n, (_, tree) in enumerate(slots) if tree is not None
    ]
    return run(query, " AND ".join(parts) or "1", source, fields)


def by_moto(case):
    """moto's answer, where it implements the form."""
    if case["form"] != "terms":
        return None
    pattern = case["question"]["pattern"]
    words = pattern == "" or all(word.isalnum() and word.isascii() for word in pattern.split(" ")) and pattern[0].isalpha()
    phrase = len(case["terms"]) == 1 and pattern.startswith('"')
    if not words and not phrase:
        return None
    return "yes" if EventMessageFilter(pattern).matches(case["message"]) else "no"


def by_ministack(case):
    """MiniStack's answer, where it implements the form."""
    if ministack is None or case["form"] != "terms":
        return None
    plain = all(term["role"] in ("", "-") and "regex" not in term and term["text"].isalnum() for term in case["terms"])
    if not plain or "error" in (term["text"].lower() for term in case["terms"]):
        return None
    return "yes" if ministack._compile_filter_pattern(case["question"]["pattern"])(case["message"]) else "no"


def main():
    for text in sys.stdin:
        case = json.loads(text)
        answers = {"sqlite": by_sqlite(case), "moto": by_moto(case)}
        if ministack is not None:
            answers["ministack"] = by_ministack(case)
        print(json.dumps({"id": case["id"], "answers": answers}))


if __name__ == "__main__":
    main()
