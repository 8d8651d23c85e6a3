"""Athena: its calls go on to ministack (`athena/serve.py`), which executes the queries, if `--athena URL` names one."""

import urllib.error
import urllib.request

from service_call import Answer, Call

# The connection's own, not the call's.
HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "date", "server"}


class AthenaElsewhere:
    """ministack at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, call: Call) -> Answer:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in call.environ.items()
            if name.startswith("HTTP_") and name.removeprefix("HTTP_").lower() not in HOP_BY_HOP
        }
        headers["Content-Type"] = call.environ.get("CONTENT_TYPE", "application/x-amz-json-1.1")
        request = urllib.request.Request(self._url + call.path, data=call.body, headers=headers, method=call.method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return _answer(response)
        except urllib.error.HTTPError as refused:
            return _answer(refused)


def _answer(response) -> Answer:
    headers = [(name, value) for name, value in response.headers.items() if name.lower() not in HOP_BY_HOP]
    return Answer(response.status, response.read(), headers)
