"""CloudWatch Logs filter patterns: terms against moto's matcher, JSON patterns against a second implementation.

No registry has an independent implementation of JSON filter patterns: moto and ministack let every message through. So
`reference` below is one: written from AWS's page *Filter pattern syntax*, in another language and by other means
(recursive descent on the text, Python's `re`), sharing nothing with the program. It answers only what that page states.
"""

import json
import random
import re

from moto.logs.utils import EventMessageFilter

from comparison import Oracle, Question, main

WORDS = ["ERROR", "WARN", "GetObject", "PutObject", "ledger", "ledger-eu", "a", "b", "10.0.0.7", "eu-west-1", "AccessDenied"]
FIELDS = ["eventName", "errorCode", "size", "readOnly", "user"]


# Terms ---------------------------------------------------------------------------------------------------------------


def generate_terms(cases: int, seed: int) -> list[Question]:
    """One or several words, or one in quotes: what moto understands."""
    rng = random.Random(seed)
    questions = []
    for number in range(cases):
        message = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))
        near = rng.choice(message.split())
        letters = [word for word in WORDS if word[0].isalpha()]
        words = [near if rng.random() < 0.6 and near[0].isalpha() else rng.choice(letters) for _ in range(rng.randint(1, 3))]
        words = [word if re.fullmatch(r"\w+", word) else f'"{word}"' for word in words]
        quoted = f'"{" ".join(message.split()[:2])}"' if rng.random() < 0.5 else f'"{rng.choice(WORDS)}"'
        bare = " ".join(word for word in words if not word.startswith('"'))
        questions.append({"id": number, "pattern": rng.choice([bare or quoted, quoted]), "message": message})
    return questions


def moto(questions: list[Question]) -> list[str | None]:
    return ["yes" if EventMessageFilter(q["pattern"]).matches(q["message"]) else "no" for q in questions]


# JSON ----------------------------------------------------------------------------------------------------------------


def record(rng: random.Random) -> dict:
    """A record in which a field may lack, or be a string, a number, a boolean or null."""
    of: dict = {}
    for field in FIELDS:
        if rng.random() < 0.25:
            continue
        of[field] = {
            "size": rng.choice([0, 5, 5.0, 1000, 1001, -3, 2.5]),
            "readOnly": rng.choice([True, False, None]),
        }.get(field, rng.choice(WORDS))
    if rng.random() < 0.6:
        of["request"] = {"bucket": rng.choice(WORDS), "parts": [{"n": rng.randint(1, 3)}, {"n": rng.randint(1, 3)}]}
    return of


def condition(rng: random.Random) -> str:
    word = rng.choice(WORDS)
    text = rng.choice([f'"{word}"', f'"{word[:2]}*"', f'"*{word[-2:]}"', f'"*{word[1:2]}*"'])
    number = rng.choice(["5", "5.0", "1000", "1e3", "-3", "2.5", "+5"])
    selector = rng.choice(["$.eventName", "$.errorCode", "$.user", "$.request.bucket"])
    return rng.choice(
        [
            f"{selector} = {text}",
            f"{selector} != {text}",
            f"$.size {rng.choice(['=', '!=', '<', '<=', '>', '>='])} {number}",
            f"$.request.parts[{rng.randint(0, 2)}].n = {rng.randint(1, 3)}",
            f"$.readOnly IS {rng.choice(['TRUE', 'FALSE', 'NULL'])}",
            f"{selector} NOT EXISTS",
            f"{selector} = %{rng.choice(['Get', '^l', 'r$', 'e[dr]', '^Put', 'Ob?j'])}%",
        ]
    )


def expression(rng: random.Random, depth: int = 0) -> str:
    kind = rng.random()
    if kind < 0.45 or depth > 2:
        return condition(rng)
    if kind < 0.6:
        return f"({expression(rng, depth + 1)})"
    joint = rng.choice(["&&", "||"])
    return f"{expression(rng, depth + 1)} {joint} {expression(rng, depth + 1)}"


def generate_json(cases: int, seed: int) -> list[Question]:
    rng = random.Random(seed)
    questions = []
    while len(questions) < cases:
        pattern = "{ " + expression(rng) + " }"
        # AWS allows two regular expressions in a pattern.
        if pattern.count("%") <= 4 and len(pattern) < 1000:
            questions.append({"id": len(questions), "pattern": pattern, "message": record(rng)})
    return questions


TOKEN = re.compile(
    r"""\s*(?:(?P<joint>&&|\|\||\(|\))|(?P<selector>\$[\w.\[\]]+)|(?P<op>!=|<=|>=|=|<|>)
        |(?P<word>IS|NOT|EXISTS|NULL|TRUE|FALSE)\b|"(?P<string>[^"]*)"|%(?P<regex>[^%]*)%|(?P<number>[-+\d.e]+))""",
    re.VERBOSE,
)
MISSING = object()


class Reference:
    """Evaluates while it reads: `||` binds weaker than `&&`, parentheses bind strongest."""

    def __init__(self, pattern: str, message: dict):
        self.tokens = []
        text, at = pattern.strip()[1:-1].rstrip(), 0
        while at < len(text):
            token = TOKEN.match(text, at)
            self.tokens.append((token.lastgroup, token.group(token.lastgroup)))
            at = token.end()
        self.message = message

    def answer(self) -> bool:
        result = self.disjunction()
        assert not self.tokens, self.tokens
        return result

    def take(self):
        return self.tokens.pop(0)

    def at(self, value: str) -> bool:
        return bool(self.tokens) and self.tokens[0] == ("joint", value)

    def disjunction(self) -> bool:
        result = self.conjunction()
        while self.at("||"):
            self.take()
            other = self.conjunction()
            result = result or other
        return result

    def conjunction(self) -> bool:
        result = self.primary()
        while self.at("&&"):
            self.take()
            other = self.primary()
            result = result and other
        return result

    def primary(self) -> bool:
        if self.at("("):
            self.take()
            result = self.disjunction()
            self.take()
            return result
        value = self.look_up(self.take()[1])
        kind, operator = self.take()
        if kind == "word" and operator == "NOT":
            self.take()
            return value is MISSING
        if kind == "word":
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[self.take()[1]]
            return value is wanted
        return self.compare(value, operator, *self.take())

    def look_up(self, selector: str):
        value = self.message
        for step in re.findall(r"\.(\w+)|\[(\d+)\]", selector):
            name, index = step
            if name and isinstance(value, dict) and name in value:
                value = value[name]
            elif index and isinstance(value, list) and int(index) < len(value):
                value = value[int(index)]
            else:
                return MISSING
        return value

    @staticmethod
    def compare(value, operator: str, kind: str, operand: str) -> bool:
        if value is MISSING or value is None:
            return False
        if kind == "number":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            wanted = float(operand)
            return {
                "=": value == wanted,
                "!=": value != wanted,
                "<": value < wanted,
                "<=": value <= wanted,
                ">": value > wanted,
                ">=": value >= wanted,
            }[operator]
        if kind == "regex":
            return re.search(operand, value) is not None
        found = re.fullmatch(".*".join(re.escape(piece) for piece in operand.split("*")), value, re.DOTALL) is not None
        return found if operator == "=" else not found


def reference(questions: list[Question]) -> list[str | None]:
    return ["yes" if Reference(q["pattern"], q["message"]).answer() else "no" for q in questions]


if __name__ == "__main__":
    main(
        "filter-pattern",
        [(generate_terms, [Oracle("moto", moto)]), (generate_json, [Oracle("the reference", reference)])],
    )
