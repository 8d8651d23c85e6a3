"""Holds the wrapper's own answers against the output shapes of botocore's service models, so that they stay AWS's.

What moto answers by itself passes unread: only what the wrapper made or changed is held. A wrong answer becomes a 500
and is kept for `GET /_exfilguard/violations`.
"""

import base64
import datetime
import json
import threading
import xml.etree.ElementTree as ElementTree

import botocore.session
import cbor2
from botocore.model import OperationNotFoundError

from service_call import Answer, Call

# Errors that any operation may answer and that no model lists.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
COMMON_ERRORS = {"AccessDenied", "AccessDeniedException", "UnknownOperationException"}
OUTSIDE_OF_THE_BODY = {"header", "headers", "statusCode"}
_session = botocore.session.get_session()
_models: dict = {}


class Violations:
    """The wrong answers until now, each once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[str] = []

    def all(self) -> list[str]:
        """One line each, oldest first."""
        with self._lock:
            return list(self._all)

    def reset(self) -> None:
        """Forgets all."""
        with self._lock:
            self._all = []

    def hold(self, call: Call, answer: Answer) -> Answer:
        """The answer if it has the shape of AWS's, else a 500 that says what is wrong with it."""
        found = [f"{call.service}:{call.operation}: {what}" for what in problems(call, answer)]
        if not found:
            return answer
        with self._lock:
            self._all.extend(line for line in found if line not in self._all)
        return Answer(500, "\n".join(["the emulator's answer is not AWS's", *found]).encode(), [("Content-Type", "text/plain")])


def problems(call: Call, answer: Answer) -> list[str]:
    """What an answer has that AWS's would not have, or the other way round."""
    try:
        operation = _model(call.service).operation_model(call.operation)
    except OperationNotFoundError:
        # Only an error can be the answer to what does not exist.
        return [] if answer.status >= 300 else ["there is no such operation"]
    try:
        if answer.status >= 300:
            return _error_problems(call, operation, answer)
        return list(_body_problems(call, operation, answer.body))
    except (ValueError, ElementTree.ParseError) as problem:
        return [f"the body is no {call.protocol}: {problem}"]


def _model(service: str):
    if service not in _models:
        _models[service] = _session.get_service_model(service)
    return _models[service]


def _error_problems(call: Call, operation, answer: Answer) -> list[str]:
    if call.protocol == "cbor":
        code = cbor2.loads(answer.body).get("__type", "")
    elif call.protocol in ("json", "rest-json"):
        code = answer.json().get("__type", "")
    else:
        found = next((e for e in ElementTree.fromstring(answer.body).iter() if _tag(e) == "Code"), None)
        code = (found.text if found is not None else "") or ""
    code = code.rpartition("#")[2]
    known = {shape.metadata.get("error", {}).get("code") or shape.name for shape in operation.error_shapes}
    known |= {shape.name for shape in operation.error_shapes} | COMMON_ERRORS
    return [] if code in known else [f"`{code}` is no error of the operation; there are {sorted(known)}"]


def _body_problems(call: Call, operation, body: bytes):
    shape = operation.output_shape
    payload = shape.serialization.get("payload") if shape else None
    if payload:
        shape = shape.members[payload]
        if shape.type_name in ("string", "blob"):
            return
    if call.protocol == "cbor":
        yield from _value_problems(shape, cbor2.loads(body) if body else {}, "", _Cbor)
    elif call.protocol in ("json", "rest-json"):
        yield from _value_problems(shape, json.loads(body or b"{}"), "", _RestJson if call.protocol == "rest-json" else _Json)
    elif shape is None:
        return
    else:
        element = ElementTree.fromstring(body)
        if wrapper := shape.serialization.get("resultWrapper"):
            found = next((child for child in element if _tag(child) == wrapper), None)
            if found is None:
                yield f"`{wrapper}` is missing"
                return
            element = found
        yield from _element_problems(shape, element, "")


class _Json:
    """AWS JSON: times are seconds unless the model says otherwise."""

    time = "unixTimestamp"


class _RestJson(_Json):
    """REST JSON has names in the model, the same times."""


class _Cbor:
    """CBOR has a type for times."""

    time = None


def _value_problems(shape, value, path: str, protocol):
    """What is wrong with a value of JSON or CBOR. `path` names the place, such as `/buckets/0/region`."""
    if shape is None:
        if value:
            yield f"{path or '/'} has {sorted(value)}, and the operation answers nothing"
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure_problems(shape, value, path, protocol)
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{path} is {_shown(value)} and not a list"
            return
        yield from _size_problems(shape, len(value), path)
        for number, child in enumerate(value):
            yield from _value_problems(shape.member, child, f"{path}/{number}", protocol)
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"{path} is {_shown(value)} and not a map"
            return
        for key, child in value.items():
            yield from _text_problems(shape.key, key, f"{path} (key)")
            yield from _value_problems(shape.value, child, f"{path}/{key}", protocol)
    else:
        yield from _scalar_problems(shape, value, path, protocol)


def _structure_problems(shape, value, path: str, protocol):
    if not isinstance(value, dict):
        yield f"{path or '/'} is {_shown(value)} and not a structure"
        return
    if getattr(shape, "is_document_type", False):
        return
    members = {
        # Only REST gives members other names in JSON.
        (member.serialization.get("name", name) if protocol is _RestJson else name): (name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") not in OUTSIDE_OF_THE_BODY
    }
    required = set(shape.required_members)
    for written, (name, member) in members.items():
        if written not in value:
            if name in required:
                yield f"{path}/{written} is missing"
            continue
        yield from _value_problems(member, value[written], f"{path}/{written}", protocol)
    for written in value:
        if written not in members:
            yield f"{path}/{written} is not in the shape {shape.name}"


def _scalar_problems(shape, value, path: str, protocol):
    kind = shape.type_name
    right = {
        "string": isinstance(value, str),
        "character": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "long": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, (int, float)) and not isinstance(value, bool),
        "double": isinstance(value, (int, float)) and not isinstance(value, bool),
        "blob": _is_blob(value, protocol),
        "timestamp": _is_time(shape, value, protocol),
    }
    if not right[kind]:
        yield f"{path} is {_shown(value)} and not a {kind}"
    elif kind == "string":
        yield from _text_problems(shape, value, path)


def _text_problems(shape, value: str, path: str):
    if (allowed := getattr(shape, "enum", None)) and value not in allowed:
        yield f"{path} is {_shown(value)}; there are {sorted(allowed)}"
    else:
        yield from _size_problems(shape, len(value), path)


def _size_problems(shape, size: int, path: str):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{path} has the length {size}, not {least} to {most}"


def _is_blob(value, protocol) -> bool:
    if protocol is _Cbor:
        return isinstance(value, bytes)
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        # A text of other characters than those of base 64 is a `ValueError`, too, but no `binascii.Error`.
        return False
    return True


def _is_time(shape, value, protocol) -> bool:
    if protocol is _Cbor:
        return isinstance(value, datetime.datetime)
    form = shape.serialization.get("timestampFormat", protocol.time)
    if form == "iso8601":
        return _is_iso8601(value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_iso8601(value) -> bool:
    try:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is not None
    except (AttributeError, ValueError):
        return False


def _tag(element) -> str:
    return element.tag.rpartition("}")[2]


def _element_problems(shape, element, path: str):
    """What is wrong with an element of XML."""
    kind = shape.type_name
    if kind == "structure":
        yield from _children_problems(shape, element, path)
    elif kind == "list":
        name = shape.member.serialization.get("name", "member")
        yield from _size_problems(shape, len(element), path)
        for number, child in enumerate(element):
            if _tag(child) != name:
                yield f"{path}/{number} is `{_tag(child)}` and not `{name}`"
            yield from _element_problems(shape.member, child, f"{path}/{number}")
    elif kind == "map":
        for entry in [element] if shape.serialization.get("flattened") else element:
            yield from _entry_problems(shape, entry, path)
    else:
        yield from _written_problems(shape, element.text or "", path)


def _entry_problems(shape, entry, path: str):
    names = {
        shape.key.serialization.get("name", "key"): shape.key,
        shape.value.serialization.get("name", "value"): shape.value,
    }
    found = {_tag(child): child for child in entry}
    if found.keys() != names.keys():
        yield f"{path} has an entry of {sorted(found)} and not of {sorted(names)}"
        return
    for name, member in names.items():
        yield from _element_problems(member, found[name], f"{path}/{name}")


def _children_problems(shape, element, path: str):
    members = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") in OUTSIDE_OF_THE_BODY or member.serialization.get("xmlAttribute"):
            continue
        members[_written_name(name, member)] = (name, member)
    children: dict[str, list] = {}
    for child in element:
        children.setdefault(_tag(child), []).append(child)
    required = set(shape.required_members)
    for written, (name, member) in members.items():
        found = children.pop(written, [])
        if not found and name in required:
            yield f"{path}/{written} is missing"
        flattened = member.type_name in ("list", "map") and member.serialization.get("flattened")
        if len(found) > 1 and not flattened:
            yield f"{path}/{written} is there {len(found)} times"
        for child in found:
            of_list = flattened and member.type_name == "list"
            yield from _element_problems(member.member if of_list else member, child, f"{path}/{written}")
    for written in children:
        yield f"{path}/{written} is not in the shape {shape.name}"


def _written_name(name: str, member) -> str:
    if member.type_name == "list" and member.serialization.get("flattened"):
        if of_members := member.member.serialization.get("name"):
            return of_members
    return member.serialization.get("name", name)


def _written_problems(shape, text: str, path: str):
    kind = shape.type_name
    try:
        right = {
            "boolean": lambda: text in ("true", "false"),
            "integer": lambda: int(text) is not None,
            "long": lambda: int(text) is not None,
            "float": lambda: float(text) is not None,
            "double": lambda: float(text) is not None,
            "timestamp": lambda: _is_iso8601(text),
            "blob": lambda: _is_blob(text, _Json),
        }.get(kind, lambda: True)()
    except ValueError:
        right = False
    if not right:
        yield f"{path} is {_shown(text)} and not a {kind}"
    elif kind == "string":
        yield from _text_problems(shape, text, path)


def _shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
