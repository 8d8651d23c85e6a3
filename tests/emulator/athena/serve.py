"""Starts ministack with what makes its Athena run the hunts' SQL for real: `python serve.py`.

ministack has the API, work groups, the Glue catalogue, DDL and S3. Beside that, here, as Athena does: execution parameters,
Trino's dialect (`trino.py`), CloudTrail's input format over projected partitions (`cloudtrail_files.py`), and the limit on
scanned bytes. ministack's files are not changed.

Prints one line of JSON, `{"port": N}`, when it answers, and exits when standard input closes.
"""

import asyncio
import json
import os
import re
import socket
import sys
import tempfile
import threading

# ministack is configured by the environment, which it reads when it is imported.
os.environ.setdefault("BIND_HOST", "127.0.0.1")
os.environ.setdefault("LOG_LEVEL", "ERROR")
os.environ["S3_DATA_DIR"] = tempfile.mkdtemp(prefix="exfilguard-athena-")

import ministack.app  # noqa: E402
from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack.services import athena, glue  # noqa: E402

import trino  # noqa: E402
from cloudtrail_files import INPUT_FORMAT, CloudTrailTable, InjectedColumnWithoutValue  # noqa: E402

CREATE_DATABASE = re.compile(r"CREATE DATABASE IF NOT EXISTS `(\w+)`")

_start = athena._start_query_execution
_execution_out = athena._execution_out
_get_table = athena._get_table_metadata
_get_database = athena._get_database


def start_query_execution(data: dict):
    """Binds the execution parameters and remembers the limit of the work group."""
    group = athena._workgroups.get(data.get("WorkGroup", "primary"))
    if group is None or group["State"] != "ENABLED":
        return _refused("InvalidRequestException", f"WorkGroup {data.get('WorkGroup')} is not found or disabled.")
    configuration = group["Configuration"]
    if configuration.get("EnforceWorkGroupConfiguration", False):
        data = data | {"ResultConfiguration": {}}
    try:
        bound = trino.bind(data["QueryString"], data.get("ExecutionParameters"))
    except trino.Malformed as problem:
        return _refused("InvalidRequestException", str(problem))
    answer = _start(data | {"QueryString": bound})
    if answer[0] == 200:
        execution = athena._executions[json.loads(answer[2])["QueryExecutionId"]]
        execution["Query"] = data["QueryString"]
        if parameters := data.get("ExecutionParameters"):
            execution["ExecutionParameters"] = parameters
        execution["_cutoff"] = configuration.get("BytesScannedCutoffPerQuery")
        execution["_bound"] = bound
    return answer


async def run_query(query: str, database: str, _catalog=None) -> dict:
    """Runs a SELECT over CloudTrail's files, or makes a database, which ministack's DDL cannot."""
    if made := CREATE_DATABASE.fullmatch(query):
        glue._create_database({"DatabaseInput": {"Name": made[1]}})
        return {"columns": [], "rows": [], "column_types": []}
    execution = next(one for one in reversed(athena._executions.values()) if one.get("_bound") == query)
    # Whoever wants to see a query running, or to cancel it, names this in a comment of the work group.
    delay = athena._workgroups[execution["WorkGroup"]].get("Description", "")
    if delay.startswith("slow "):
        await asyncio.sleep(float(delay.removeprefix("slow ")))
    tables = {
        name.partition("/")[2]: CloudTrailTable(table)
        for name, table in glue._tables.items()
        if name.partition("/")[0] == database and table["StorageDescriptor"]["InputFormat"] == INPUT_FORMAT
    }
    try:
        results, scanned = await asyncio.to_thread(trino.run, query, database, tables)
    except InjectedColumnWithoutValue as problem:
        raise ValueError(f"CONSTRAINT_VIOLATION: {problem}") from problem
    execution["_scanned"] = scanned
    if (cutoff := execution["_cutoff"]) and scanned > cutoff:
        execution["_cancelled"] = "Bytes scanned limit was exceeded"
        raise ValueError(execution["_cancelled"])
    return results


def execution_out(execution: dict) -> dict:
    """The execution with the bytes that were scanned. What went over the limit is cancelled, not failed."""
    described = _execution_out(execution)
    # `None` is not sent by AWS.
    described["Status"] = {name: value for name, value in described["Status"].items() if value is not None}
    described["Statistics"] = described["Statistics"] | {"DataScannedInBytes": execution.get("_scanned", 0)}
    if "_cancelled" in execution and described["Status"]["State"] == "FAILED":
        described["Status"]["State"] = "CANCELLED"
    return described


def get_database(data: dict):
    """The database; Glue's error within Athena's when there is none."""
    if data.get("DatabaseName") not in glue._databases:
        return _refused("MetadataException", f"Database {data.get('DatabaseName')} not found. (Error Code: EntityNotFoundException)")
    return _get_database(data)


def get_table_metadata(data: dict):
    """The table with the parameters that Athena adds; an error when there is none."""
    if f"{data.get('DatabaseName')}/{data.get('TableName')}" not in glue._tables:
        return _refused("MetadataException", "EntityNotFoundException: Entity Not Found")
    status, headers, body = _get_table(data)
    storage = glue._tables[f"{data['DatabaseName']}/{data['TableName']}"]["StorageDescriptor"]
    answer = json.loads(body)
    answer["TableMetadata"]["Parameters"] |= {
        "inputformat": storage["InputFormat"],
        "outputformat": storage["OutputFormat"],
        "serde.serialization.lib": storage["SerdeInfo"]["SerializationLibrary"],
        "location": storage.get("Location", ""),
    }
    return status, headers, json.dumps(answer).encode()


def _refused(code: str, message: str):
    body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
    return 400, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, body


def _finish_what_was_cancelled(execute):
    """ministack overwrites the state of a cancelled query with that of its end."""

    async def wrapped(query_id, *rest):
        execution = athena._executions[query_id]
        stop = asyncio.create_task(_until_cancelled(execution))
        work = asyncio.create_task(execute(query_id, *rest))
        await asyncio.wait({stop, work}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, work):
            task.cancel()

    return wrapped


async def _until_cancelled(execution: dict) -> None:
    while execution["Status"]["State"] != "CANCELLED":
        await asyncio.sleep(0.02)


athena._start_query_execution = start_query_execution
athena._run_duckdb = run_query
athena._execution_out = execution_out
athena._get_table_metadata = get_table_metadata
athena._get_database = get_database
athena._execute_query = _finish_what_was_cancelled(athena._execute_query)


def main() -> None:
    """Serves until standard input closes, so that a killed test leaves nothing behind."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)
    config = Config()
    config.bind = [f"fd://{listening.fileno()}"]
    config.loglevel = "ERROR"
    threading.Thread(target=_exit_with_standard_input, daemon=True).start()
    print(json.dumps({"port": port}), flush=True)
    asyncio.run(serve(ministack.app.app, config))


def _exit_with_standard_input() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
