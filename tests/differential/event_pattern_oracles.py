"""Answers event-pattern cases, one JSON line each, by moto's matcher, MiniStack's and Quamina."""

import json
import sys

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern

try:
    from ministack.services import eventbridge as ministack
except ImportError:
    ministack = None

try:
    import event_ruler as quamina
except ImportError:
    quamina = None


def in_quaminas_words(node):
    """`wildcard` is called `shellstyle` there."""
    if isinstance(node, dict):
        return {("shellstyle" if key == "wildcard" else key): in_quaminas_words(value) for key, value in node.items()}
    return [in_quaminas_words(value) for value in node] if isinstance(node, list) else node


def by_quamina(pattern, event):
    """Quamina 1.0.0, which has a part of the operators only and fails on some events: then it has no answer."""
    try:
        matches = quamina.test_event_pattern(json.dumps(event), json.dumps(in_quaminas_words(pattern)))
    except RuntimeError:
        return None
    return "yes" if matches else "no"


def by_moto(pattern, event):
    """moto judges the shape of a pattern only, and not what is below its operators."""
    try:
        compiled = EventPattern.load(json.dumps(pattern))
    except InvalidEventPatternException:
        return "invalid"
    try:
        return "yes" if compiled.matches_event(event) else "no"
    except Exception as error:  # noqa: BLE001, a crash of the oracle is an answer of its own
        return f"crashed: {type(error).__name__}"


def by_ministack(pattern, event):
    """MiniStack compiles a pattern to alternatives as event-ruler does."""
    alternatives, refusal = ministack._parse_pattern_text(json.dumps(pattern))
    if refusal is not None:
        return "invalid"
    return "yes" if any(ministack._matches_detail(event, one) for one in alternatives) else "no"


def main():
    for line in sys.stdin:
        case = json.loads(line)
        pattern, event = case["question"]["pattern"], case["question"]["event"]
        # moto checks no operand: it has no opinion on a pattern that is invalid by its operand.
        answers = {"moto": None if case["fault"] not in (None, "bare value", 5, []) else by_moto(pattern, event)}
        if ministack is not None:
            answers["ministack"] = by_ministack(pattern, event)
        if quamina is not None:
            answers["quamina"] = by_quamina(pattern, event) if case["nested"] else None
        print(json.dumps({"id": case["id"], "answers": answers}))


if __name__ == "__main__":
    main()
