"""CloudWatch Logs Insights over the log events that were put: the queries are executed (`insights_language.py`).

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html
"""

import json
import threading
import uuid
from datetime import datetime

from moto.logs.models import logs_backends

import insights_language
from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/x-amz-json-1.1")]
MOST_ROWS = 10_000
_queries: dict[str, dict] = {}
_lock = threading.Lock()


def start_query(call: Call, _moto, state: SeededState) -> Answer:
    """Executes a query; its result is kept, and complete after as many questions as the state says."""
    parameters = call.parameters()
    named = [name for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if name in parameters]
    if len(named) != 1:
        return error(call, 400, "InvalidParameterException", "exactly one way to name log groups")
    groups = parameters[named[0]] if isinstance(parameters[named[0]], list) else [parameters[named[0]]]
    groups = [group.split(":log-group:")[-1].removesuffix(":*") for group in groups]
    there = logs_backends[call.account][call.region].groups
    if missing := [group for group in groups if group not in there]:
        return error(call, 400, "ResourceNotFoundException", f"Log group '{missing[0]}' does not exist")
    limit = parameters.get("limit", 1000)
    if not 1 <= limit <= 100_000 or parameters["startTime"] > parameters["endTime"]:
        return error(call, 400, "InvalidParameterException", "limit or time range")
    events, scanned = [], 0
    for event in _events(call, state, groups):
        # Both ends are within the range, which is of seconds.
        if parameters["startTime"] <= event["timestamp"] // 1000 <= parameters["endTime"]:
            events.append(event)
            scanned += event["size"]
    try:
        rows, matched = insights_language.run(parameters["queryString"], events, min(limit, MOST_ROWS))
    except insights_language.Malformed as problem:
        return error(call, 400, "MalformedQueryException", str(problem))
    query = str(uuid.uuid4())
    behaviour = state.last("insights_behaviour", account=call.account, region=call.region) or {}
    numbers = {"recordsMatched": matched, "recordsScanned": len(events), "bytesScanned": scanned}
    with _lock:
        _queries[query] = {
            "rows": [[{"field": field, "value": value} for field, value in row] for row in rows],
            "statistics": {name: float(number) for name, number in numbers.items()},
            "status": "Running",
            "questions": behaviour.get("value", {}).get("questions", 1),
            "end": behaviour.get("value", {}).get("end", "Complete"),
            "page": behaviour.get("value", {}).get("page", MOST_ROWS),
        }
    return _answer({"queryId": query})


def get_query_results(call: Call, _moto, _state: SeededState) -> Answer:
    """The result, page by page, once it is complete."""
    parameters = call.parameters()
    with _lock:
        query = _queries.get(parameters["queryId"])
        if query is None:
            return error(call, 400, "ResourceNotFoundException", "no such query")
        if query["status"] == "Running":
            query["questions"] -= 1
            if query["questions"] < 0:
                query["status"] = query["end"]
        status = query["status"]
    if status != "Complete":
        return _answer({"status": status, "results": [], "statistics": {name: 0.0 for name in query["statistics"]}})
    start = int(parameters.get("nextToken") or 0)
    end = start + query["page"]
    page = {"status": status, "results": query["rows"][start:end], "statistics": query["statistics"]}
    return _answer(page | ({"nextToken": str(end)} if end < len(query["rows"]) else {}))


def stop_query(call: Call, _moto, _state: SeededState) -> Answer:
    """Cancels a query that runs."""
    with _lock:
        query = _queries.get(call.parameters()["queryId"])
        if query is None or query["status"] != "Running":
            return error(call, 400, "InvalidParameterException", "the query has ended or is not there")
        query["status"] = "Cancelled"
    return _answer({"success": True})


def _events(call: Call, state: SeededState, groups: list[str]):
    """The log events of the groups. CloudTrail's come late: the item says by how many seconds."""
    for group in groups:
        for item in state.all("log_events", account=call.account, region=call.region, name=group):
            for number, record in enumerate(item["records"]):
                moment = datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00")).timestamp()
                yield {
                    "timestamp": int((moment + item["seconds_late"]) * 1000),
                    "message": record,
                    "ptr": f"{id(item):x}-{number}",
                    "size": len(json.dumps(record, separators=(",", ":"))),
                }


def _answer(value: dict) -> Answer:
    return Answer(200, json.dumps(value).encode(), HEADERS)
