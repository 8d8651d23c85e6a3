"""Generated CloudWatch Logs filter patterns and log lines, and the rules that settle disagreements about them.

A case also holds the pattern as a tree (`tree`), from which the oracle builds an SQL query: the generator writes the
pattern's text from the same tree, so that no parser of ours stands between the tree and the oracle.
"""

import json
import os
import sys
from pathlib import Path

from rule import Rule

NAME = "filter-pattern"
HERE = Path(__file__).resolve().parent

TEXTS = ["GetObject", "PutObject", "GetBucketPolicy", "AccessDenied", "a", "ab", "10.0.0.1", "10.0.1.2", "arn:aws:s3:::b/k", "two words", "x?y", "a[b]", "4", ""]
NUMBERS = [0, 1, 4, 5, 5.5, 403, 404, -3, 1000000, 2.5e3]
REGEXES = ["Get", "^Get", "Object$", "^10[.]0[.]", "\\.1$", "[a-c]+", "^a?b*$", "[0-9]{2}", "Get|Put", "^.$"]


def message(rng):
    """A small record like CloudTrail's."""

    def text():
        return rng.choice(TEXTS)

    made = {
        "eventName": text(),
        "sourceIPAddress": rng.choice(["10.0.0.1", "10.0.1.2", "192.0.2.1", "AWS Internal"]),
        "readOnly": rng.choice([True, False]),
        "errorCode": rng.choice(["AccessDenied", "NoSuchKey", None]),
        "user": {"type": rng.choice(["IAMUser", "Root", "AWSService"]), "name": text(), "mfa": rng.choice([True, False, None])},
        "bytes": rng.choice(NUMBERS),
        "status": rng.choice([200, 403, 404, "404", "4xx"]),
        "resources": [{"ARN": text(), "size": rng.choice(NUMBERS)} for _ in range(rng.randrange(4))],
        "tags": [text() for _ in range(rng.randrange(4))],
        "grid": [[rng.choice(NUMBERS) for _ in range(2)] for _ in range(rng.randrange(3))],
    }
    for key in list(made):
        if rng.random() < 0.12:
            del made[key]
    return made


PATHS = {
    "text": ["$.eventName", "$.sourceIPAddress", "$.errorCode", "$.user.type", "$.user.name", "$.tags[0]", "$.resources[0].ARN", "$.resources[1].ARN", "$.nothing", "$.user.nothing"],
    "number": ["$.bytes", "$.status", "$.resources[0].size", "$.grid[0][1]", "$.grid[1][0]", "$.nothing"],
    "boolean": ["$.readOnly", "$.user.mfa", "$.errorCode", "$.eventName", "$.user"],
    "wild-text": ["$.resources[*].ARN", "$.tags[*]"],
    "wild-number": ["$.resources[*].size"],
}


def value_at(node, path):
    """The value of a selector without wildcards, or None."""
    for step in path[1:].replace("[", ".[").split(".")[1:]:
        if step.startswith("["):
            index = int(step[1:-1])
            node = node[index] if isinstance(node, list) and index < len(node) else None
        else:
            node = node.get(step) if isinstance(node, dict) else None
        if node is None:
            return None
    return node


def glob_of(rng, text):
    """A wildcard text that is often true of this text."""
    cut = rng.randint(0, len(text))
    return rng.choice([text[:cut] + "*", "*" + text[cut:], "*" + text[cut : cut + 3] + "*", text[:cut] + "*" + text[cut + 1 :]])


def literal(rng, value):
    """How a text is compared: whole, with wildcards, or by a regular expression."""
    if not isinstance(value, str) or rng.random() < 0.12:
        value = rng.choice(TEXTS)
    kind = rng.choice(["text", "text", "glob", "glob", "regex"])
    if kind == "regex":
        return {"kind": "regex", "value": rng.choice(REGEXES)}
    if kind == "glob":
        value = glob_of(rng, value)
    return {"kind": "text", "value": value}


def condition(rng, made):
    """One condition on a record."""
    kind = rng.choice(["text"] * 5 + ["number"] * 3 + ["boolean"] * 2 + ["exists", "wild-text", "wild-number"])
    if kind == "exists":
        return {"path": rng.choice(PATHS["text"] + PATHS["number"] + PATHS["boolean"]), "test": "NOT EXISTS"}
    path = rng.choice(PATHS[kind])
    if kind == "boolean":
        return {"path": path, "test": rng.choice(["IS TRUE", "IS FALSE", "IS NULL"])}
    if kind.startswith("wild"):
        first = value_at(made, path.replace("[*]", "[0]"))
        operator = rng.choice(["=", "=", "=", "!="])
        if kind == "wild-text":
            return {"path": path, "test": operator, "literal": literal(rng, first)}
        operator = rng.choice(["=", "<", "<=", ">", ">="])
        return {"path": path, "test": operator, "literal": {"kind": "number", "value": rng.choice(NUMBERS)}}
    value = value_at(made, path)
    if kind == "text":
        return {"path": path, "test": rng.choice(["=", "=", "!="]), "literal": literal(rng, value)}
    if not isinstance(value, (int, float)) or rng.random() < 0.5:
        value = rng.choice(NUMBERS)
    operator = rng.choice(["=", "!=", "<", "<=", ">", ">="])
    return {"path": path, "test": operator, "literal": {"kind": "number", "value": value}}


def tree_of(rng, leaf, depth=0):
    """`&&` and `||` over leaves; nodes are lists `[operator, child, ...]`."""
    if depth == 3 or rng.random() < 0.45:
        return leaf()
    operator = rng.choice(["&&", "||", "||"])
    return [operator, *(tree_of(rng, leaf, depth + 1) for _ in range(rng.choice([2, 2, 3])))]


def leaves(tree):
    """The leaves of a tree."""
    if isinstance(tree, list):
        return [leaf for child in tree[1:] for leaf in leaves(child)]
    return [tree]


def quoted(text):
    """A text between double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal_text(rng, one):
    """A literal as a pattern writes it."""
    value = one["value"]
    if one["kind"] == "regex":
        return f"%{value}%"
    if one["kind"] == "number":
        spelled = repr(value)
        return rng.choice([spelled, spelled, f"{value:e}"]) if isinstance(value, float) else spelled
    plain = value and all(c.isalnum() or c in "_.*-:/" for c in value) and not value[0].isdigit() and value[0] not in "-.+"
    return value if plain and rng.random() < 0.5 else quoted(value)


def text_of(rng, tree, write, outer="||"):
    """A tree as a pattern writes it, with as few parentheses as precedence allows, and now and then some more."""
    space = rng.choice([" ", " ", ""])
    if not isinstance(tree, list):
        text = write(tree)
        return f"({space}{text}{space})" if rng.random() < 0.2 else text
    operator, *children = tree
    text = f" {operator} ".join(text_of(rng, child, write, operator) for child in children)
    needed = outer == "&&" and operator == "||"
    return f"({space}{text}{space})" if needed or rng.random() < 0.15 else text


def json_case(rng):
    """A pattern `{ ... }` and a record."""
    made = message(rng)
    tree = tree_of(rng, lambda: condition(rng, made))

    def write(leaf):
        space = rng.choice([" ", " ", ""])
        if leaf["test"][0] in "IN":
            return f"{leaf['path']} {leaf['test']}"
        return f"{leaf['path']}{space}{leaf['test']}{space}{literal_text(rng, leaf['literal'])}"

    pattern = "{ " + text_of(rng, tree, write) + " }"
    return pattern, made if rng.random() < 0.5 else json.dumps(made), {"form": "json", "tree": tree, "message": made}


WORDS = ["ERROR", "error", "WARN", "timeout", "time", "disk full", "code=5", "GET /index.html"]


def terms_case(rng):
    """Terms, and a line of words."""
    line = " ".join(rng.choice(WORDS + ["INFO", "ok", "ERRORS"]) for _ in range(rng.randrange(1, 6)))
    roles = rng.choice([[""], [""], ["", "-"], ["?"], ["?"], ["", "?"], ["-"], ["", "-", "?"]])
    terms = [{"role": rng.choice(roles), "text": rng.choice(WORDS)} for _ in range(rng.choice([1, 1, 2, 3]))]
    if rng.random() < 0.1:
        terms = [{"role": "", "regex": rng.choice(REGEXES + ["ERR", "^time", "disk [a-z]+", "[A-Z]{5}"])}]
    if rng.random() < 0.02:
        terms = []

    def write(term):
        if "regex" in term:
            return f"%{term['regex']}%"
        text = term["text"]
        return term["role"] + (text if text.isalnum() and rng.random() < 0.7 else quoted(text))

    return " ".join(write(term) for term in terms), line, {"form": "terms", "terms": terms, "message": line}


COLUMNS = {
    "ip": ["127.0.0.1", "10.0.0.1", "192.0.2.44"],
    "user": ["-", "frank", "root"],
    "level": ["ERROR", "WARN", "INFO"],
    "time": ["10/Oct/2000:13:25:15 -0700", "11/Oct/2000:00:00:00 +0000"],
    "request": ["GET /index.html HTTP/1.0", "PUT /a HTTP/1.1", "GET /b"],
    "status": ["200", "403", "404", "500"],
    "bytes": ["0", "1534", "20", "3.5"],
}


def spaced_condition(rng, column, value):
    """One condition on a field."""
    numeric = column in ("status", "bytes")
    if numeric and rng.random() < 0.6:
        operator = rng.choice(["<", "<=", ">", ">=", "=", "!="])
        number = float(rng.choice([value, *COLUMNS[column]]))
        return {"path": column, "test": operator, "literal": {"kind": "number", "value": int(number) if number == int(number) else number}}
    if rng.random() < 0.3:
        value = rng.choice(COLUMNS[column])
    if rng.random() < 0.2:
        one = {"kind": "regex", "value": rng.choice(["^1", "Oct", "HTTP", "[0-9]+$", "^GET", "R"])}
    else:
        one = {"kind": "text", "value": glob_of(rng, value) if rng.random() < 0.6 else value}
    if one["kind"] == "text" and one["value"].replace(".", "").isdigit():
        one = {"kind": "number", "value": float(one["value"]) if "." in one["value"] else int(one["value"])} if numeric else one
    return {"path": column, "test": rng.choice(["=", "=", "!="]), "literal": one}


def spaced_case(rng):
    """A pattern `[ ... ]` and a line of fields."""
    columns = rng.sample(list(COLUMNS), rng.randint(2, 6))
    fields = [rng.choice(COLUMNS[column]) for column in columns]
    line = " ".join(
        f"[{value}]" if column == "time" else f'"{value}"' if " " in value else value for column, value in zip(columns, fields)
    )
    slots = [[column, None] for column in columns]
    for slot, value in zip(slots, fields):
        if rng.random() < 0.4:
            slot[1] = tree_of(rng, lambda slot=slot, value=value: spaced_condition(rng, slot[0], value), depth=1)
    if rng.random() < 0.5:
        start, end = sorted(rng.randint(0, len(slots)) for _ in range(2))
        slots[start:end] = [["...", None]]
    elif rng.random() < 0.3:
        line += " tail"
        fields.append("tail")
    elif rng.random() < 0.2:
        fields.pop()
        line = line[: line.rindex("[" if columns[-1] == "time" else '"' if line.endswith('"') else " ")].rstrip(' "')
        return spaced_case(rng) if line.count('"') % 2 else spaced_of(rng, slots, line, fields)
    return spaced_of(rng, slots, line, fields)


def spaced_of(rng, slots, line, fields):
    """The question of these slots."""

    def write(leaf):
        space = rng.choice([" ", ""])
        return f"{leaf['path']}{space}{leaf['test']}{space}{literal_text(rng, leaf['literal'])}"

    written = [name if tree is None else text_of(rng, tree, write) for name, tree in slots]
    pattern = "[" + rng.choice([", ", ","]).join(written) + "]"
    return pattern, line, {"form": "spaced", "slots": slots, "fields": fields}


def regexes(extra):
    """How many regular expressions a pattern has; AWS allows two."""
    trees = [extra["tree"]] if extra["form"] == "json" else [tree for _, tree in extra.get("slots", []) if tree is not None]
    return sum(leaf.get("literal", {}).get("kind") == "regex" for tree in trees for leaf in leaves(tree))


def wildcard_selectors(extra):
    """How many selectors with `[*]` a pattern has; AWS allows three."""
    return sum("[*]" in leaf["path"] for leaf in leaves(extra["tree"])) if extra["form"] == "json" else 0


def case(rng):
    """One question of one of the three forms."""
    make = rng.choice([json_case, json_case, json_case, terms_case, spaced_case])
    while True:
        pattern, line, extra = make(rng)
        if regexes(extra) <= 2 and wildcard_selectors(extra) <= 3 and len(pattern) <= 1024:
            return {"question": {"pattern": pattern, "message": line}, **extra}


def oracle_command():
    """The process of the independent matchers."""
    return [os.environ.get("EXFILGUARD_TEST_PYTHON", sys.executable), str(HERE / "filter_pattern_oracles.py")]


def unavailable():
    """Nothing is needed beyond the emulator."""
    return None


def agrees(mine, theirs):
    """Whether two answers are the same."""
    return mine == theirs


RULES: list[Rule] = []
