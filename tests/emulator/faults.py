"""Failures on demand: the rules that `POST /_exfilguard/faults` sets."""

import threading
import time
from urllib.parse import unquote_plus

from error_format import error
from service_call import Answer, Call

CONDITIONS = {"account", "region", "service", "operation", "resource", "times", "skip"}
ACTIONS = {
    "status", "code", "message", "headers", "body", "body_size", "content_type", "delay_seconds", "disconnect",
    "stop_after_bytes", "stop", "done", "expire",
}
# What services say of credentials that have ended; most say ExpiredToken.
EXPIRED = {"ec2": "RequestExpired", "json": "ExpiredTokenException", "rest-json": "ExpiredTokenException"}


class Disconnected(ConnectionError):
    """The rule says that the connection breaks without an answer."""


class Broken(ConnectionError):
    """The rule says that the answer breaks off after some bytes of its body: it stalls, or the connection is reset."""

    def __init__(self, answer: Answer, after: int, stalls: bool) -> None:
        super().__init__("the answer breaks off")
        self.answer, self.after, self.stalls = answer, after, stalls


class Faults:
    """The rules in force; the first one that matches a call and is not used up acts on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[dict] = []
        self._expired: set[str] = set()

    def replace(self, rules: list[dict]) -> None:
        """Puts `rules` in place of the old ones; a misspelt rule raises `ValueError`."""
        for rule in rules:
            action = rule.get("action")
            if not isinstance(action, dict) or not action:
                raise ValueError(f"a rule needs an `action`: {rule}")
            if unknown := (rule.keys() - CONDITIONS - {"action"}) | (action.keys() - ACTIONS):
                raise ValueError(f"unknown keys {sorted(unknown)}; allowed are {sorted(CONDITIONS | ACTIONS)}")
        with self._lock:
            self._rules = [dict(rule, used=0, skipped=0) for rule in rules]
            self._expired = set()

    def rules(self) -> list[dict]:
        """The rules with the number of calls that each has hit (`used`)."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def answer(self, call: Call, serve) -> Answer | None:
        """What the matching rule answers; `None` lets the call through. `serve` is done first where the rule says `done`:
        the call takes effect, and its answer is lost. Raises `Disconnected` and `Broken`.
        """
        if _access_key(call) in self._expired:
            return _expired(call)
        action = self._take(call)
        if action is None:
            return None
        if action.get("expire"):
            with self._lock:
                self._expired.add(_access_key(call))
            return _expired(call)
        if action.get("done"):
            serve(call)
        time.sleep(action.get("delay_seconds", 0))
        if action.get("disconnect"):
            raise Disconnected
        answer = _answer_of(action, call)
        if "stop_after_bytes" in action:
            broken = answer if answer is not None else serve(call)
            raise Broken(broken, action["stop_after_bytes"], action.get("stop") == "stall")
        return answer

    def _take(self, call: Call) -> dict | None:
        with self._lock:
            for rule in self._rules:
                if rule["used"] < rule.get("times", float("inf")) and _matches(rule, call):
                    if rule["skipped"] < rule.get("skip", 0):
                        rule["skipped"] += 1
                        continue
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


def _answer_of(action: dict, call: Call) -> Answer | None:
    status = action.get("status", 400 if "code" in action else 200)
    headers = list(action.get("headers", {}).items())
    if "body" in action:
        kind = action.get("content_type", "text/html")
        text = action["body"].encode()
        # As often as it takes: the rules stay short.
        text = (text * (action["body_size"] // max(len(text), 1) + 1))[: action["body_size"]] if "body_size" in action else text
        return Answer(status, text, [("Content-Type", kind), *headers])
    if "code" in action:
        answer = error(call, status, action["code"], action.get("message", ""))
        return Answer(answer.status, answer.body, [*answer.headers, *headers])
    return Answer(status, b"", headers) if "status" in action else None


def _access_key(call: Call) -> str:
    _, _, rest = call.environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")
    return rest.partition("/")[0]


def _expired(call: Call) -> Answer:
    code = EXPIRED.get(call.protocol, "ExpiredToken")
    return error(call, 403 if call.protocol == "query" else 400, code, "The security token included in the request is expired")
