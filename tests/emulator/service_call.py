"""What one HTTP request means to AWS: service, operation, region and calling account."""

import io
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import botocore.session
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import get_account_id_from

# The names that exfilguard and IAM use, by the name in the signature's scope.
NAME_BY_SIGNING_NAME = {"monitoring": "cloudwatch"}
JSON_PROTOCOLS = {"athena", "organizations", "cloudtrail", "logs", "events", "kms", "sqs"}
PROTOCOLS = {
    "s3": "rest-xml",
    "s3control": "rest-xml-wrapped",
    "guardduty": "rest-json",
    "lambda": "rest-json",
    "macie2": "rest-json",
    "securityhub": "rest-json",
    "ec2": "ec2",
    "sts": "query",
    "sns": "query",
    "iam": "query",
}
CBOR_PATH = re.compile(r"^/service/(?P<target>[^/]+)/operation/(?P<operation>[^/]+)$")
CREDENTIAL = re.compile(r"Credential=(?P<key>[^/\s]+)/[^/]*/(?P<region>[^/]*)/(?P<service>[^/]*)/aws4_request")
# The same form of key as moto recognizes: anything else belongs to its default account.
ACCESS_KEY = re.compile(r"^[A-Z0-9]{20}$")


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    def with_body(self, body: bytes, content_type: str | None = None) -> "Answer":
        """The same answer with another body."""
        dropped = {"content-length"} | ({"content-type"} if content_type else set())
        headers = [(name, value) for name, value in self.headers if name.lower() not in dropped]
        if content_type:
            headers.append(("Content-Type", content_type))
        return Answer(self.status, body, headers)

    def with_json(self, value) -> "Answer":
        """The same answer with another JSON body. AWS leaves out what moto writes as null."""
        return self.with_body(json.dumps(_without_nulls(value)).encode())


def _without_nulls(value):
    if isinstance(value, dict):
        return {name: _without_nulls(child) for name, child in value.items() if child is not None}
    return [_without_nulls(child) for child in value] if isinstance(value, list) else value


@dataclass
class Call:
    """One request, read whole."""

    environ: dict
    method: str
    path: str
    query: str
    body: bytes
    service: str
    operation: str
    region: str
    account: str
    protocol: str

    def parameters(self) -> dict:
        """The parameters of a JSON call, or those of a form or query string."""
        if self.protocol in ("json", "rest-json"):
            try:
                return json.loads(self.body or b"{}")
            except ValueError:
                return {}
        text = self.body.decode("utf-8", "replace") if self.protocol in ("query", "ec2") else self.query
        return dict(parse_qsl(text, keep_blank_values=True))

    def environ_for_moto(self, **changes) -> dict:
        """The WSGI environment with its body unread again; `changes` replace variables, `None` removes them."""
        environ = dict(self.environ)
        body = changes.pop("body", self.body)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in changes.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
        return environ


def read_call(environ: dict) -> Call:
    """Reads the request and finds out which operation of which service it is."""
    body = _body(environ)
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
    query = environ.get("QUERY_STRING", "")
    signature = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    region = signature["region"] if signature else "us-east-1"
    service = NAME_BY_SIGNING_NAME.get(signature["service"], signature["service"]) if signature else ""
    if service == "s3" and path.startswith("/v20180820/"):
        service = "s3control"
    protocol, operation = _operation(service, method, path, query, environ, body)
    return Call(environ, method, path, query, body, service, operation, region, _account(environ, signature), protocol)


def _body(environ: dict) -> bytes:
    stream = environ["wsgi.input"]
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
        body = stream.read()
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return body
    return stream.read(int(environ.get("CONTENT_LENGTH") or 0))


def _account(environ: dict, signature) -> str:
    if named := environ.get("HTTP_X_MOTO_ACCOUNT_ID"):
        return named
    if signature and ACCESS_KEY.match(signature["key"]):
        return get_account_id_from(signature["key"])
    return DEFAULT_ACCOUNT_ID


def _operation(service, method, path, query, environ, body) -> tuple[str, str]:
    if cbor := CBOR_PATH.match(path):
        return "cbor", cbor["operation"]
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return "json", target.rpartition(".")[2]
    if service in ("s3", "s3control", "guardduty", "lambda", "macie2", "securityhub"):
        return PROTOCOLS[service], _rest_operation(service, method, path, query)
    form = dict(parse_qsl(body.decode("latin-1") or query))
    protocol = PROTOCOLS.get(service, "json" if service in JSON_PROTOCOLS else "query")
    return protocol, form.get("Action", "Unknown")


_routes: dict[str, list[tuple[str, re.Pattern, set[str], set[tuple[str, str]], str]]] = {}


def _rest_operation(service: str, method: str, path: str, query: str) -> str:
    """The operation with the same path and the most query parameters that are all in the request."""
    given = set(parse_qsl(query, keep_blank_values=True))
    names = {name for name, _ in given}
    named = dict(given).get("x-id")
    if any(operation == named for *_, operation in _routes_of(service)):
        return named
    for at, pattern, flags, constants, operation in _routes_of(service):
        if at == method and flags <= names and constants <= given and pattern.match(path):
            return operation
    return "Unknown"


def _routes_of(service: str):
    if service not in _routes:
        model = botocore.session.get_session().get_service_model(service)
        routes = []
        for operation in model.operation_names:
            # Of two operations at the same place the newer one is meant.
            if model.operation_model(operation).deprecated:
                continue
            http = model.operation_model(operation).http
            path, _, query = http["requestUri"].partition("?")
            # The S3 rules of endpoints take the bucket out of the path in newer models; the raw model keeps it.
            pattern = re.sub(r"\{[^}]+\+\}", ".+", path)
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", pattern)
            pairs = [part.partition("=") for part in query.split("&") if part]
            flags = {name for name, _, value in pairs if not value}
            constants = {(name, value) for name, _, value in pairs if value and not value.startswith("{")}
            routes.append((http["method"], re.compile(f"^{pattern}/?$"), flags, constants, operation))
        # `x-id` only names the operation and is not sent by every client.
        routes = [(m, p, f, {c for c in cs if c[0] != "x-id"}, o) for m, p, f, cs, o in routes]
        preferred = ("ListObjectsV2", "GetObject", "PutObject", "DeleteObject")
        # Of paths that match both, the one that spells out more is meant.
        spelled = {r[1]: r[1].pattern.replace("[^/]+", "").count("/") for r in routes}
        routes.sort(key=lambda r: (-len(r[2]) - len(r[3]), r[4] not in preferred, -spelled[r[1]], r[4]))
        _routes[service] = routes
    return _routes[service]
