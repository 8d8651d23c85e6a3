"""Generated EventBridge patterns and events, and the rules that settle disagreements about them."""

import ipaddress
import json
import os
import sys
from pathlib import Path

from rule import Rule

NAME = "event-pattern"
HERE = Path(__file__).resolve().parent

WORDS = ["", "a", "ab", "abc", "b", "bucket", "Bucket", "BUCKET-1", "bucket-1", "x*y", "a\\b", "10.0.0.1", "true", "5", "é", "É"]
NUMBERS = [-5, 0, 1, 5, 5.0, 5.5, 7, 8, 8.9, 300, 300.0, 1e3]
ADDRESSES = ["10.0.0.1", "10.0.0.255", "10.0.1.0", "192.0.2.7", "203.0.113.9", "2001:db8::1", "2001:db8:1::2", "::1", "not-an-ip"]
NETWORKS = ["10.0.0.1/32", "10.0.0.0/24", "10.0.0.0/8", "192.0.2.0/29", "0.0.0.0/0", "203.0.113.9/31", "2001:db8::/32", "2001:db8::/64", "::/0"]
TYPES = ["Exfiltration:S3/AnomalousBehavior", "Exfiltration:S3/MaliciousIPCaller", "Discovery:S3/TorIPCaller", "Policy:S3/BucketAnonymousAccessGranted"]


def event(rng):
    """A small event: texts, numbers, null, booleans, arrays, arrays of objects and nested objects."""
    detail = {
        "type": rng.choice(TYPES),
        "severity": rng.choice(NUMBERS),
        "name": rng.choice(WORDS),
        "ip": rng.choice(ADDRESSES),
        "flag": rng.choice([True, False, None, "true", 0, 1]),
        "tags": [rng.choice(WORDS + NUMBERS[:4] + [None, True, False]) for _ in range(rng.randrange(4))],
        "items": [{k: rng.choice(WORDS[:6] + [1, 5]) for k in ("k", "v") if rng.random() < 0.9} for _ in range(rng.randrange(4))],
        "a": {"b": {"c": rng.choice(WORDS + [None])}, "d": rng.choice(NUMBERS)},
        "empty": rng.choice([{}, [], "", None]),
    }
    for key in list(detail):
        if rng.random() < 0.15:
            del detail[key]
    made = {"source": rng.choice(["aws.guardduty", "aws.s3"]), "account": "111122223333", "detail": detail}
    if rng.random() < 0.8:
        made["detail-type"] = rng.choice(["GuardDuty Finding", "Object Created"])
    if rng.random() < 0.5:
        made["resources"] = [rng.choice(["arn:aws:s3:::b", "arn:aws:s3:::c"]) for _ in range(rng.randrange(3))]
    if rng.random() < 0.05:
        made["detail.type"] = rng.choice(TYPES)
    return made


PATHS = [
    ("source",), ("account",), ("detail-type",), ("resources",), ("detail", "type"), ("detail", "severity"), ("detail", "name"),
    ("detail", "ip"), ("detail", "flag"), ("detail", "tags"), ("detail", "a", "b", "c"), ("detail", "a", "d"), ("detail", "a"),
    ("detail", "empty"), ("detail", "type"), ("detail", "name"), ("detail", "nothing"),
]


def value_at(node, path):
    """The value of a path, or None."""
    for key in path:
        if not isinstance(node, dict) or key not in node:
            return None
        node = node[key]
    return node


def text_operand(rng, text, kind):
    """A part of a text for an operator."""
    if kind == "prefix":
        return text[: rng.randint(0, len(text))]
    if kind == "suffix":
        return text[rng.randint(0, len(text)) :]
    if kind == "wildcard":
        cut = sorted(rng.randint(0, len(text)) for _ in range(2))
        quoted = [part.replace("\\", "\\\\").replace("*", "\\*") for part in (text[: cut[0]], text[cut[1] :])]
        return "*".join(quoted) if rng.random() < 0.8 else "*".join([*quoted, ""]).replace("**", "*")
    if kind == "equals-ignore-case":
        return text.swapcase() if rng.random() < 0.7 else text
    return text


def matcher(rng, value):
    """One alternative that is likely about this value."""
    if isinstance(value, list):
        value = rng.choice(value) if value else None
    roll = rng.random()
    if roll < 0.1 or isinstance(value, dict):
        return {"exists": rng.random() < 0.75}
    if isinstance(value, str):
        return text_matcher(rng, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_matcher(rng, value)
    if roll < 0.6:
        return value
    if roll < 0.7:
        return rng.choice([0, 1, True, False, None])
    return {"anything-but": rng.choice(["a", ["a", "b"], 5, [5, 7], {"prefix": "a"}, {"wildcard": "*a*"}])}


def text_matcher(rng, text):
    """An alternative for a text."""
    if rng.random() < 0.12:
        text = rng.choice(WORDS + TYPES)
    kind = rng.choice(
        ["exact", "exact", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "nocase-affix", "cidr-or-number"]
    )
    if kind == "exact":
        return text
    if kind == "cidr-or-number":
        address = text in ADDRESSES
        return {"cidr": rng.choice(NETWORKS)} if address or rng.random() < 0.3 else number_matcher(rng, rng.choice(NUMBERS))
    if kind == "nocase-affix":
        side = rng.choice(["prefix", "suffix"])
        return {side: {"equals-ignore-case": text_operand(rng, text_operand(rng, text, side), "equals-ignore-case")}}
    if kind == "anything-but":
        inner = rng.choice(["exact", "list", "prefix", "suffix", "equals-ignore-case", "wildcard"])
        if inner == "exact":
            return {"anything-but": text}
        if inner == "list":
            return {"anything-but": [text, rng.choice(WORDS)]}
        operand = text_operand(rng, text, inner)
        if not operand and inner in ("prefix", "suffix"):
            operand = "q"
        return {"anything-but": {inner: operand if rng.random() < 0.6 else [operand, "zzz"]}}
    return {kind: text_operand(rng, text, kind)}


def number_matcher(rng, number):
    """An alternative for a number."""
    near = number + rng.choice([-1, 0, 0, 1])
    kind = rng.choice(["exact", "compare", "range", "anything-but", "list"])
    if kind == "exact":
        return near
    if kind == "compare":
        return {"numeric": [rng.choice(["=", "<", "<=", ">", ">="]), near]}
    if kind == "range":
        return {"numeric": [rng.choice([">", ">="]), near - rng.choice([0, 1, 3]), rng.choice(["<", "<="]), near + rng.choice([1, 2])]}
    if kind == "anything-but":
        return {"anything-but": near}
    return {"anything-but": [near, rng.choice(NUMBERS)]}


def put(pattern, path, alternatives, dotted):
    """Writes a leaf; `dotted` joins the last two keys."""
    path = list(path)
    if dotted and len(path) > 1:
        path[-2:] = [".".join(path[-2:])]
    for key in path[:-1]:
        child = pattern.setdefault(key, {})
        if not isinstance(child, dict):
            return
        pattern = child
    pattern.setdefault(path[-1], alternatives)


def leaf(rng, made):
    """A path and its alternatives: often true of the event."""
    path = rng.choice(PATHS)
    count = rng.choice([1, 1, 2, 2, 3])
    return path, [matcher(rng, value_at(made, path)) for _ in range(count)]


def items_pattern(rng, made):
    """A pattern below the array of objects: its two keys must fit one element."""
    entries = value_at(made, ("detail", "items")) or []
    wanted = rng.choice(entries) if entries else {"k": "a", "v": "b"}
    if entries and rng.random() < 0.4:
        other = rng.choice(entries)
        wanted = {"k": wanted.get("k", "a"), "v": other.get("v", "b")}
    below = {key: [value] for key, value in wanted.items()} or {"k": ["a"]}
    if rng.random() < 0.2:
        below[rng.choice(["k", "v"])] = [matcher(rng, rng.choice(WORDS[:6]))]
    return below


def nested_event(rng, depth=0):
    """An event of texts, objects and arrays of objects, in which a pattern's fields must match in the same element."""
    fields_ = {}
    for key in rng.sample("abcde", rng.randint(1, 4)):
        roll = rng.random()
        if roll < 0.25 and depth < 2:
            fields_[key] = [nested_event(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        elif roll < 0.4 and depth < 2:
            fields_[key] = nested_event(rng, depth + 1)
        elif roll < 0.5:
            fields_[key] = [rng.choice(WORDS[1:6]) for _ in range(rng.randint(1, 3))]
        else:
            fields_[key] = rng.choice(WORDS[1:6])
    return fields_


def nested_pattern(rng, made):
    """A pattern about a nested event, of what Quamina has: texts, `exists`, `anything-but` with a list, one `*`."""
    pattern = {}
    for key in [key for key in made if rng.random() < 0.6] or list(made)[:1]:
        value = made[key]
        if isinstance(value, list) and isinstance(value[0], dict):
            pattern[key] = nested_pattern(rng, {k: v for element in value for k, v in element.items()})
        elif isinstance(value, dict):
            pattern[key] = nested_pattern(rng, value)
        else:
            word = rng.choice(value) if isinstance(value, list) else value
            word = word if rng.random() < 0.8 else rng.choice(WORDS[1:6])
            pattern[key] = [rng.choice([word, word, {"exists": rng.random() < 0.8}, {"anything-but": [word, "zz"]}, {"wildcard": word[:1] + "*"}, {"wildcard": "*" + word[-1:]}])]
    return pattern


def valid_pattern(rng, made):
    """A pattern that AWS accepts."""
    pattern = {}
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        put(pattern, *leaf(rng, made), dotted=rng.random() < 0.1)
    if rng.random() < 0.2:
        put(pattern, ("detail", "items"), items_pattern(rng, made), dotted=False)
    if rng.random() < 0.2:
        branches = []
        for _ in range(rng.choice([2, 2, 3])):
            branch = {}
            put(branch, *leaf(rng, made), dotted=False)
            branches.append(branch)
        pattern["$or"] = branches
    return pattern


# What makes a pattern invalid (EventBridge user guide, "Event pattern syntax" and "Comparison operators").
FAULTS = [
    "bare value", 5, [], [{}], [{"exists": "yes"}], [{"exists": 1}], [{"numeric": ["=", "5"]}], [{"numeric": []}], [{"numeric": ["!=", 5]}],
    [{"numeric": ["<", 5, ">", 1]}], [{"numeric": [">", 5, "<", 1]}], [{"numeric": [">", 1, "<", 5, "<", 7]}], [{"prefix": 5}], [{"prefix": {"wildcard": "a"}}],
    [{"suffix": None}], [{"wildcard": "a**b"}], [{"wildcard": "a\\b"}], [{"wildcard": 1}], [{"anything-but": None}], [{"anything-but": True}],
    [{"anything-but": ["a", 5]}], [{"anything-but": []}], [{"anything-but": {"cidr": "10.0.0.0/8"}}], [{"anything-but": {"prefix": ""}}],
    [{"cidr": "10.0.0.0"}], [{"cidr": "10.0.0.0/33"}], [{"cidr": "here/8"}], [{"equals-ignore-case": ["a"]}], [{"unknown-operator": "a"}],
    [{"prefix": "a", "suffix": "b"}], [["a"]], {},
]


def fields(pattern, path=()):
    """The fields of a pattern, in order: the path with its dots, and the alternatives (None for `$or`'s branches)."""
    for key, value in pattern.items():
        if key == "$or" and isinstance(value, list):
            for branch in value:
                yield from fields(branch, path)
        elif isinstance(value, dict):
            yield from fields(value, (*path, *key.split(".")))
        else:
            yield (*path, *key.split(".")), value


def repeats_a_field(pattern):
    """Whether some field is written more than once and its two lists can meet."""

    def taken(node, path, before):
        found = set(before)
        for key, value in node.items():
            if key == "$or":
                branches = [taken(branch, path, found) for branch in value]
                if None in branches:
                    return None
                found = found.union(*branches)
            elif isinstance(value, dict):
                found = taken(value, (*path, *key.split(".")), found)
            else:
                field = (*path, *key.split("."))
                if field in found:
                    return None
                found.add(field)
            if found is None:
                return None
        return found

    return taken(pattern, (), set()) is None


def case(rng):
    """One question, what was done to make it invalid, and whether Quamina has all of its operators."""
    if rng.random() < 0.2:
        made = nested_event(rng)
        return {"question": {"pattern": nested_pattern(rng, made), "event": made}, "fault": None, "nested": True}
    made = event(rng)
    pattern = valid_pattern(rng, made)
    while repeats_a_field(pattern) and rng.random() < 0.9:
        pattern = valid_pattern(rng, made)
    fault = None
    if rng.random() < 0.06:
        fault = rng.randrange(len(FAULTS))
        pattern["zz"] = FAULTS[fault]
    return {"question": {"pattern": pattern, "event": made}, "fault": None if fault is None else FAULTS[fault], "nested": False}


def oracle_command():
    """The process of the independent matchers."""
    return [oracle_python(), str(HERE / "event_pattern_oracles.py")]


def oracle_python():
    """The Python with the emulator's packages."""
    return os.environ.get("EXFILGUARD_TEST_PYTHON", sys.executable)


def unavailable():
    """Nothing is needed beyond the emulator."""
    return None


def agrees(mine, theirs):
    """Whether two answers are the same."""
    return mine == theirs


def holds_array_of_objects(node):
    """Whether the value is an array with an object in it."""
    return isinstance(node, list) and any(isinstance(entry, (dict, list)) for entry in node)


def below_an_array(case_):
    """A field of the pattern lies inside an array of the event."""
    made = case_["question"]["event"]
    return any(
        holds_array_of_objects(value_at(made, path[:end]))
        for path, _ in fields(case_["question"]["pattern"])
        for end in range(1, len(path))
    )


def exists_at_no_leaf(case_):
    """`exists` is asked of a field that is there, but is an object or an empty array."""
    made = case_["question"]["event"]
    return any(
        value_at(made, path) in ([], {}) or isinstance(value_at(made, path), dict)
        for path, alternatives in fields(case_["question"]["pattern"])
        if isinstance(alternatives, list) and any(isinstance(one, dict) and "exists" in one for one in alternatives)
    )


def dotted_key_in_the_event(case_):
    """The event has a key with a dot, and the pattern asks for that path."""
    dotted = {tuple(key.split(".")) for key in case_["question"]["event"] if "." in key}
    return any(path in dotted for path, _ in fields(case_["question"]["pattern"]))


def leaf_and_object(case_):
    """A path of the pattern has a list of alternatives and also fields below it."""
    paths = [path for path, _ in fields(case_["question"]["pattern"])]
    return any(long[: len(short)] == short for short in paths for long in paths if len(short) < len(long))


def repeated_field(case_):
    """A field of the pattern is written twice."""
    return repeats_a_field(case_["question"]["pattern"])


def asked_of(case_, operator, kinds):
    """Whether an operator is asked of a field with a value, or an element, of one of these types."""
    for path, alternatives in fields(case_["question"]["pattern"]):
        value = value_at(case_["question"]["event"], path)
        values = value if isinstance(value, list) else [value]
        named = isinstance(alternatives, list) and any(isinstance(one, dict) and operator in one for one in alternatives)
        if named and any(isinstance(one, kinds) for one in values):
            return True
    return False


def cidr_with_host_bits(case_):
    """A `cidr` whose address is not the first of its network."""
    for _, alternatives in fields(case_["question"]["pattern"]):
        for one in alternatives if isinstance(alternatives, list) else []:
            network = one.get("cidr") if isinstance(one, dict) else None
            if isinstance(network, str) and network in NETWORKS and str(ipaddress.ip_network(network, strict=False)) != network:
                return True
    return False


def address_as_network(case_):
    """A `cidr` of a single address."""
    return "/32" in json.dumps(case_["question"]["pattern"])


def truth_or_one(value):
    """`true`, `false`, 0 or 1, alone or in a list or as an operand."""
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return any(isinstance(one, (bool, int, float)) and one in (0, 1) or isinstance(one, list) and truth_or_one(one) for one in values)


def true_beside_one(case_):
    """`true` or 1, `false` or 0 in the event, and one of the four among the alternatives of that field."""
    made = case_["question"]["event"]
    return any(
        isinstance(alternatives, list) and any(truth_or_one(one) for one in alternatives) and truth_or_one(value_at(made, path))
        for path, alternatives in fields(case_["question"]["pattern"])
    )


def array_repeats_its_field(node, within=False):
    """Within an array of objects, a field holds an array of objects that have a field of the same name."""
    if isinstance(node, list):
        return any(array_repeats_its_field(element, True) for element in node)
    if not isinstance(node, dict):
        return False
    for key, value in node.items():
        inner = value if isinstance(value, list) else []
        if within and any(isinstance(element, dict) and key in element for element in inner):
            return True
        if array_repeats_its_field(value, within):
            return True
    return False


def passes_over_an_object(pattern, node):
    """An object that the pattern looks into holds another object that it does not look into."""
    if not isinstance(pattern, dict) or not isinstance(node, dict):
        return False
    beside = any(isinstance(value, dict) and key not in pattern for key, value in node.items())
    return beside or any(passes_over_an_object(inner, node.get(key)) for key, inner in pattern.items())


def presences(node, path):
    """Whether a field is there as a leaf, once for every element of the arrays on its way."""
    if isinstance(node, list):
        return {found for element in node if isinstance(element, (dict, list)) for found in presences(element, path)}
    if not isinstance(node, dict) or path[0] not in node:
        return {False}
    value = node[path[0]]
    if len(path) > 1:
        return presences(value, path[1:])
    return {any(not isinstance(one, (dict, list)) for one in (value if isinstance(value, list) else [value]))}


def absent_in_some_elements(case_):
    """`exists: false` of a field that some elements of an array have and others lack."""
    made = case_["question"]["event"]
    return any(
        len(presences(made, path)) == 2
        for path, alternatives in fields(case_["question"]["pattern"])
        if isinstance(alternatives, list) and {"exists": False} in alternatives
    )


RULES = [
    Rule("ministack-absent-in-some-elements", "ministack", absent_in_some_elements),
    Rule("quamina-array-in-an-array", "quamina", lambda case_: array_repeats_its_field(case_["question"]["event"])),
    Rule("quamina-object-beside", "quamina", lambda case_: passes_over_an_object(case_["question"]["pattern"], case_["question"]["event"])),
    Rule("moto-cidr-of-one-address", "moto", address_as_network),
    Rule("moto-true-is-one", "moto", true_beside_one),
    Rule("moto-cidr-with-host-bits", "moto", cidr_with_host_bits),
    Rule("moto-numbers-as-addresses", "moto", lambda case_: asked_of(case_, "cidr", (int, float))),
    Rule("moto-booleans-as-numbers", "moto", lambda case_: asked_of(case_, "numeric", bool)),
    Rule("moto-ignores-fields-inside-arrays", "moto", below_an_array),
    Rule("moto-exists-is-not-about-leaves", "moto", exists_at_no_leaf),
    Rule("moto-keeps-one-of-two-spellings", "moto", dotted_key_in_the_event),
    Rule("moto-repeated-field", "moto", repeated_field),
    Rule("ministack-dotted-keys-of-events", "ministack", dotted_key_in_the_event),
    Rule("ministack-leaf-and-object", "ministack", leaf_and_object),
    Rule("repeated-field", "ministack", repeated_field),
]
