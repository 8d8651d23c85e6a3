"""AWS's errors in the form that each service's protocol has for them."""

import json
from xml.sax.saxutils import escape

import cbor2

from service_call import Answer, Call

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def error(call: Call, status: int, code: str, message: str = "") -> Answer:
    """An error answer to `call` that the SDK reads `code` and `message` from."""
    identity = ("x-amzn-RequestId", REQUEST_ID)
    plain = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "cbor":
        body = cbor2.dumps({"__type": f"com.amazonaws.{call.service}#{code}", "message": message})
        headers = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), identity]
        return Answer(status, body, headers)
    if call.protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
        kind = "application/json" if call.protocol == "rest-json" else "application/x-amz-json-1.1"
        return Answer(status, body, [("Content-Type", kind), ("x-amzn-ErrorType", code), identity])
    if call.protocol == "rest-xml":
        text = f"<Error>{plain}<RequestId>{REQUEST_ID}</RequestId></Error>"
    elif call.protocol == "ec2":
        text = f"<Response><Errors><Error>{plain}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    else:
        who = "Sender" if status < 500 else "Receiver"
        wrapped = f"<Error><Type>{who}</Type>{plain}</Error>"
        text = f"<ErrorResponse>{wrapped}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Answer(status, (head + text).encode(), [("Content-Type", "text/xml"), identity])
