"""Failures on demand: the rules that `POST /_exfilguard/faults` sets."""

import threading
import time
from urllib.parse import unquote_plus

from error_format import error
from service_call import Answer, Call

CONDITIONS = {"account", "region", "service", "operation", "resource", "times"}
ACTIONS = {"status", "code", "message", "delay_seconds", "body", "content_type", "disconnect", "done"}


class Disconnected(ConnectionError):
    """The rule says that the connection breaks without an answer."""


class Faults:
    """The rules in force; the first one that matches a call and is not used up acts on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[dict] = []

    def replace(self, rules: list[dict]) -> None:
        """Puts `rules` in place of the old ones; a misspelt rule raises `ValueError`."""
        for rule in rules:
            action = rule.get("action")
            if not isinstance(action, dict) or not action:
                raise ValueError(f"a rule needs an `action`: {rule}")
            if unknown := (rule.keys() - CONDITIONS - {"action"}) | (action.keys() - ACTIONS):
                raise ValueError(f"unknown keys {sorted(unknown)}; allowed are {sorted(CONDITIONS | ACTIONS)}")
        with self._lock:
            self._rules = [dict(rule, used=0) for rule in rules]

    def rules(self) -> list[dict]:
        """The rules with the number of calls that each has hit (`used`)."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def answer(self, call: Call, serve) -> Answer | None:
        """What the matching rule answers; `None` lets the call through. `serve` is done first where the rule says `done`:
        the call takes effect, and its answer is lost. Raises `Disconnected`.
        """
        action = self._take(call)
        if action is None:
            return None
        if action.get("done"):
            serve(call)
        time.sleep(action.get("delay_seconds", 0))
        if action.get("disconnect"):
            raise Disconnected
        status = action.get("status", 400 if "code" in action else 200)
        if "body" in action:
            kind = action.get("content_type", "text/html")
            return Answer(status, action["body"].encode(), [("Content-Type", kind)])
        if "code" in action:
            return error(call, status, action["code"], action.get("message", ""))
        return Answer(status, b"") if "status" in action else None

    def _take(self, call: Call) -> dict | None:
        with self._lock:
            for rule in self._rules:
                if rule["used"] < rule.get("times", float("inf")) and _matches(rule, call):
                    rule["used"] += 1
                    return rule["action"]
        return None


def _matches(rule: dict, call: Call) -> bool:
    for name in ("account", "region", "service", "operation"):
        if name in rule and rule[name] != getattr(call, name):
            return False
    if "resource" in rule:
        where = f"{call.path}?{call.query}\n{call.body.decode('utf-8', 'replace')}"
        # A form and a query string write `:` as `%3A`.
        return rule["resource"] in where or rule["resource"] in unquote_plus(where)
    return True
