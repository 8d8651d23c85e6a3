"""EventBridge event patterns, against Quamina (PyPI `event-ruler`) and against moto's matcher."""

import json
import random

import event_ruler
from moto.events.models import EventPattern

from comparison import Oracle, Question, Rule, main

WORDS = ["", "a", "ab", "abc", "b", "B", "Alpha", "alpha", "aws.s3", "GetObject", "getobject", "*", "a*c", "10.0.0.7"]
NUMBERS = [0, 1, -1, 2, 3.5, 300, 1e3]
KEYS = ["source", "detail", "a", "b", "c"]


def scalar(rng: random.Random):
    return rng.choice([rng.choice(WORDS), rng.choice(WORDS), rng.choice(NUMBERS), True, False, None])


def event(rng: random.Random, depth: int = 0) -> dict:
    fields = {}
    for key in rng.sample(KEYS, rng.randint(1, 3)):
        kind = rng.random()
        if kind < 0.2 and depth < 2:
            fields[key] = event(rng, depth + 1)
        elif kind < 0.35:
            fields[key] = [scalar(rng) for _ in range(rng.randint(0, 3))]
        else:
            fields[key] = scalar(rng)
    return fields


def matcher(rng: random.Random, value):
    """A matcher that fits `value` about as often as not."""
    near = value if isinstance(value, str) and rng.random() < 0.7 else rng.choice(WORDS)
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else rng.choice(NUMBERS)
    other = rng.choice(WORDS[1:])
    return rng.choice(
        [
            value,
            scalar(rng),
            {"prefix": near[: rng.randint(0, len(near))]},
            {"suffix": near[rng.randint(0, len(near)) :]},
            {"equals-ignore-case": near.swapcase()},
            {"anything-but": rng.choice([other, [other, near], number, [number, 7]])},
            {"anything-but": {"prefix": other}},
            {"anything-but": {"suffix": other}},
            {"exists": rng.random() < 0.5},
            {"numeric": rng.choice([["=", number], [">", number], [">=", number - 1, "<", number + 1]])},
            {"wildcard": near[:1].replace("*", "x") + "*" + near[-1:].replace("*", "x")},
            {"cidr": rng.choice(["10.0.0.0/24", "10.0.0.7/32", "192.168.0.0/16"])},
            {"prefix": {"equals-ignore-case": near[:1].swapcase()}},
        ]
    )


def pattern(rng: random.Random, node: dict, depth: int = 0) -> dict:
    """A pattern about the event's fields, and now and then about one that it does not have."""
    fields = {}
    keys = [key for key in node if rng.random() < 0.7] or list(node)[:1]
    if rng.random() < 0.15:
        keys.append(rng.choice(KEYS))
    for key in dict.fromkeys(keys):
        value = node.get(key)
        if isinstance(value, dict) and depth < 2:
            fields[key] = pattern(rng, value, depth + 1)
            continue
        if isinstance(value, dict):
            value = None
        of = rng.choice(value) if isinstance(value, list) and value else (None if isinstance(value, list) else value)
        fields[key] = [matcher(rng, of) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.08 and depth == 0:
        of = {key: None if isinstance(node.get(key), (list, dict)) else node.get(key) for key in ("a", "b")}
        fields["$or"] = [{key: [matcher(rng, value)]} for key, value in of.items()]
        fields.pop("a", None)
        fields.pop("b", None)
    return fields


def generate(cases: int, seed: int) -> list[Question]:
    rng = random.Random(seed)
    questions = []
    for number in range(cases):
        of = event(rng)
        questions.append({"id": number, "pattern": pattern(rng, of), "event": of})
    return questions


def leaves(question: Question, holds) -> bool:
    """Whether some leaf of the pattern, with the event's value at its place, has a property."""

    def walk(node, at) -> bool:
        if isinstance(node, dict):
            return any(walk(value, at.get(key, MISSING) if isinstance(at, dict) else MISSING) for key, value in node.items() if key != "$or") or any(
                walk(branch, at) for branch in node.get("$or", ())
            )
        return isinstance(node, list) and any(holds(one, at) for one in node)

    return walk(question["pattern"], question["event"])


MISSING = object()


def moto(questions: list[Question]) -> list[str | None]:
    return ["yes" if EventPattern("", q["pattern"]).matches_event(q["event"]) else "no" for q in questions]


def plain_event(rng: random.Random, depth: int = 0) -> dict:
    """An event with arrays of objects, in which several fields must match in the same element."""
    fields = {}
    for key in rng.sample(KEYS, rng.randint(1, 4)):
        kind = rng.random()
        if kind < 0.25 and depth < 2:
            fields[key] = [plain_event(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        elif kind < 0.4 and depth < 2:
            fields[key] = plain_event(rng, depth + 1)
        elif kind < 0.5:
            fields[key] = [rng.choice(WORDS[1:7]) for _ in range(rng.randint(1, 3))]
        else:
            fields[key] = rng.choice(WORDS[1:7])
    return fields


def plain_pattern(rng: random.Random, node: dict) -> dict:
    """A pattern of what Quamina has: literals, `exists`, `anything-but` with a list, and one `*`."""
    fields = {}
    for key in [key for key in node if rng.random() < 0.6] or list(node)[:1]:
        value = node[key]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            fields[key] = plain_pattern(rng, {k: v for element in value for k, v in element.items()})
        elif isinstance(value, dict):
            fields[key] = plain_pattern(rng, value)
        else:
            near = rng.choice(value) if isinstance(value, list) else value
            word = near if rng.random() < 0.7 else rng.choice(WORDS[1:7])
            fields[key] = [
                rng.choice(
                    [
                        word,
                        word,
                        {"exists": rng.random() < 0.8},
                        {"anything-but": [word, "zz"]},
                        {"wildcard": word[:1] + "*"},
                        {"wildcard": "*" + word[-1:]},
                    ]
                )
            ]
    return fields


def generate_plain(cases: int, seed: int) -> list[Question]:
    rng = random.Random(seed)
    questions = []
    for number in range(cases):
        of = plain_event(rng)
        questions.append({"id": number, "pattern": plain_pattern(rng, of), "event": of})
    return questions


def in_quaminas_words(node):
    """`wildcard` is called `shellstyle` there."""
    if isinstance(node, dict):
        return {("shellstyle" if key == "wildcard" else key): in_quaminas_words(value) for key, value in node.items()}
    return [in_quaminas_words(value) for value in node] if isinstance(node, list) else node


def quamina(questions: list[Question]) -> list[str | None]:
    answers: list[str | None] = []
    for question in questions:
        pattern = json.dumps(in_quaminas_words(question["pattern"]))
        try:
            matches = event_ruler.test_event_pattern(json.dumps(question["event"]), pattern)
        except RuntimeError:
            answers.append(None)
            continue
        answers.append("yes" if matches else "no")
    return answers


def is_operator(name):
    return lambda one: isinstance(one, dict) and name in one


def truth_or_one(value) -> bool:
    """`true` and `1`, `false` and `0`, which Python calls equal; in a list, or as an operand, too."""
    if isinstance(value, dict):
        return any(truth_or_one(operand) for operand in value.values())
    if isinstance(value, list):
        return any(truth_or_one(element) for element in value)
    return isinstance(value, (bool, int, float)) and value in (0, 1)


def boolean_in(value) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and any(isinstance(element, bool) for element in value))


def repeats_itself(node, within_array: bool) -> bool:
    """Whether, within an array of objects, a field holds an array of objects that have a field of the same name."""
    if isinstance(node, list):
        return any(repeats_itself(element, within_array=True) for element in node)
    if not isinstance(node, dict):
        return False
    for key, value in node.items():
        inner = value if isinstance(value, list) else []
        if within_array and any(isinstance(element, dict) and key in element for element in inner):
            return True
        if repeats_itself(value, within_array):
            return True
    return False


def passes_over_an_object(pattern, node) -> bool:
    """Whether an object that the pattern looks into holds another object that it does not look into."""
    if not isinstance(pattern, dict) or not isinstance(node, dict):
        return False
    beside = any(isinstance(value, dict) and key not in pattern for key, value in node.items())
    return beside or any(passes_over_an_object(inner, node.get(key)) for key, inner in pattern.items())


def null_in(value) -> bool:
    return value is None or (isinstance(value, list) and None in value)


MOTO_RULES = (
    Rule("E-1", lambda q: leaves(q, lambda one, at: is_operator("exists")(one) and (at == [] or isinstance(at, dict)))),
    Rule("E-2", lambda q: leaves(q, lambda one, at: truth_or_one(one) and truth_or_one(at))),
    Rule("E-3", lambda q: leaves(q, lambda one, at: is_operator("anything-but")(one) and isinstance(at, list))),
    Rule("E-4", lambda q: leaves(q, lambda one, at: isinstance(at, dict))),
    Rule("E-5", lambda q: leaves(q, lambda one, at: isinstance(one, dict) and null_in(at))),
    Rule("E-6", lambda q: "/32" in json.dumps(q["pattern"])),
    Rule("E-7", lambda q: leaves(q, lambda one, at: is_operator("numeric")(one) and boolean_in(at))),
)

QUAMINA_RULES = (
    Rule("Q-1", lambda q: repeats_itself(q["event"], within_array=False)),
    Rule("Q-2", lambda q: passes_over_an_object(q["pattern"], q["event"])),
)

if __name__ == "__main__":
    main(
        "event-pattern",
        [(generate, [Oracle("moto", moto, MOTO_RULES)]), (generate_plain, [Oracle("quamina", quamina, QUAMINA_RULES)])],
    )
