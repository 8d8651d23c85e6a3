"""Starts moto with what exfilguard's end-to-end tests need besides: `python serve.py [--athena URL]`.

Prints one line of JSON, `{"port": N}`, when it answers, and exits when standard input closes.
"""

import argparse
import json
import logging
import os
import select
import socket
import struct
import sys
import threading
from http import HTTPStatus

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import access_point_answers
import bucket_answers
import bucket_exports
import bucket_owners
import cloudwatch_cbor
import event_data_stores
import findings
import guardduty_features
import guardduty_filters
import guardduty_members
import logs_insights
import macie
import organization_answers
import organization_trails
import pending_subscriptions
from athena_queries import AthenaElsewhere
from faults import Broken, Disconnected, Faults
from request_log import RequestLog
from seeded_state import SeededState
from service_call import Answer, read_call
from shape_validation import Violations

# Operations that moto answers otherwise than AWS, or not at all.
ANSWERS = {
    "cloudtrail:DescribeTrails": organization_trails.describe_trails,
    "cloudtrail:GetTrailStatus": organization_trails.get_trail_status,
    "cloudtrail:GetEventSelectors": organization_trails.get_event_selectors,
    "cloudtrail:ListEventDataStores": event_data_stores.list_event_data_stores,
    "cloudtrail:GetEventDataStore": event_data_stores.get_event_data_store,
    "guardduty:CreateDetector": guardduty_features.create_detector,
    "guardduty:UpdateDetector": guardduty_features.update_detector,
    "guardduty:GetDetector": guardduty_features.get_detector,
    "guardduty:ListOrganizationAdminAccounts": guardduty_features.list_organization_admin_accounts,
    "guardduty:DescribeOrganizationConfiguration": guardduty_members.describe_configuration,
    "guardduty:UpdateOrganizationConfiguration": guardduty_members.update_configuration,
    "guardduty:CreateMembers": guardduty_members.create_members,
    "guardduty:StopMonitoringMembers": guardduty_members.stop_monitoring,
    "guardduty:ListMembers": guardduty_members.list_members,
    "guardduty:GetMemberDetectors": guardduty_members.get_member_detectors,
    "guardduty:UpdateMemberDetectors": guardduty_members.update_member_detectors,
    "guardduty:ListFindings": findings.list_guardduty,
    "guardduty:GetFindings": findings.get_guardduty,
    "guardduty:ListFilters": guardduty_filters.list_filters,
    "guardduty:ListIPSets": guardduty_filters.list_ip_sets,
    "guardduty:GetIPSet": guardduty_filters.get_ip_set,
    "guardduty:ListTrustedEntitySets": guardduty_filters.list_trusted_entity_sets,
    "logs:StartQuery": logs_insights.start_query,
    "logs:GetQueryResults": logs_insights.get_query_results,
    "logs:StopQuery": logs_insights.stop_query,
    "macie2:ListFindings": findings.list_macie,
    "macie2:GetFindings": findings.get_macie,
    "macie2:CreateClassificationJob": findings.create_job,
    "macie2:EnableMacie": macie.enable,
    "macie2:DisableMacie": macie.disable,
    "macie2:GetMacieSession": macie.get_session,
    "macie2:UpdateMacieSession": macie.update_session,
    "macie2:UpdateAutomatedDiscoveryConfiguration": macie.update_discovery,
    "macie2:DescribeBuckets": macie.describe_buckets,
    "organizations:ListAccounts": organization_answers.list_accounts,
    "organizations:ListParents": organization_answers.for_managers_only,
    "organizations:ListPolicies": organization_answers.for_managers_only,
    "organizations:DescribePolicy": organization_answers.for_managers_only,
    "organizations:ListTargetsForPolicy": organization_answers.for_managers_only,
    "organizations:ListRoots": organization_answers.list_roots,
    "organizations:DescribeEffectivePolicy": organization_answers.describe_effective_policy,
    "s3control:GetAccessPoint": access_point_answers.with_result,
    "s3control:GetAccessPointPolicy": access_point_answers.with_result,
    "s3control:GetMultiRegionAccessPointPolicy": access_point_answers.with_result,
    "s3control:ListAccessPoints": access_point_answers.list_access_points,
    "s3control:ListMultiRegionAccessPoints": access_point_answers.with_result,
    "s3:ListBuckets": bucket_answers.list_buckets,
    "s3:GetBucketPolicy": bucket_answers.get_bucket_policy,
    "s3:GetBucketNotificationConfiguration": bucket_exports.get_notifications,
    "s3:ListBucketInventoryConfigurations": bucket_exports.list_inventories,
    "sns:ListSubscriptionsByTopic": pending_subscriptions.list_subscriptions,
    "sns:ListSubscriptions": pending_subscriptions.list_subscriptions,
    "sns:GetSubscriptionAttributes": pending_subscriptions.get_subscription_attributes,
    "sts:AssumeRole": organization_answers.assume_role,
}
CONTROL = "/_exfilguard/"


class Emulator:
    """The WSGI application: control endpoints, request log, faults, AWS's answers, and moto behind them."""

    def __init__(self, athena: AthenaElsewhere | None) -> None:
        self._athena = athena
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._log = RequestLog()
        self._faults = Faults()
        self._state = SeededState()
        self._violations = Violations()

    def __call__(self, environ, start_response):
        try:
            answer = self._answer(environ)
        except Disconnected:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise
        except Broken as broken:
            return self._broken(environ, broken)
        known = HTTPStatus._value2member_map_.get(answer.status)
        status = f"{answer.status} {known.phrase if known else 'Unknown'}"
        if environ["REQUEST_METHOD"] == "HEAD":
            start_response(status, answer.headers)
            return []
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    @staticmethod
    def _broken(environ, broken: Broken) -> list[bytes]:
        """Sends the head of an answer and the first bytes of its body; then nothing for a minute, or a reset."""
        connection = environ["werkzeug.socket"]
        answer = broken.answer
        lines = [f"HTTP/1.1 {answer.status} OK", *(f"{name}: {value}" for name, value in answer.headers)]
        head = "\r\n".join(line for line in lines if not line.lower().startswith("content-length"))
        head += f"\r\nContent-Length: {len(answer.body)}\r\n\r\n"
        connection.sendall(head.encode() + answer.body[: broken.after])
        if broken.stalls:
            # Ends early when the client hangs up.
            select.select([connection], [], [], 60)
        else:
            # No lingering: what was not read is answered by a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        raise Disconnected

    def _answer(self, environ) -> Answer:
        path = environ.get("PATH_INFO", "/")
        if path.startswith(CONTROL):
            return self._control(environ["REQUEST_METHOD"], path.removeprefix(CONTROL), environ)
        call = read_call(environ)
        if path.startswith("/moto-api"):
            return self._ask_moto(call.environ_for_moto())
        self._log.add(call)
        if (answer := self._faults.answer(call, self._served)) is not None:
            return answer
        return self._served(call)

    def _served(self, call) -> Answer:
        """What AWS answers, without faults."""
        if call.service == "athena" and self._athena is not None:
            return self._athena(call)
        if (refusal := bucket_owners.refusal(call)) is not None:
            return refusal
        special = cloudwatch_cbor.answer if call.protocol == "cbor" else ANSWERS.get(f"{call.service}:{call.operation}")
        if special is None:
            return self._ask_moto(call.environ_for_moto())
        of_moto: list[Answer] = []

        def ask_moto(environ) -> Answer:
            of_moto.append(self._ask_moto(environ))
            return of_moto[-1]

        answer = special(call, ask_moto, self._state)
        if any(answer is untouched for untouched in of_moto):
            return answer
        return self._violations.hold(call, answer)

    def _ask_moto(self, environ) -> Answer:
        started = {}

        def start_response(status, headers, _error=None):
            started.update(status=int(status.split()[0]), headers=list(headers))

        chunks = self._moto(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        return Answer(started["status"], body, started["headers"])

    def _control(self, method: str, what: str, environ) -> Answer:
        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            posted = json.loads(text) if method == "POST" else None
            value = self._do(method, what, posted if isinstance(posted, list) or posted is None else [posted])
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            return Answer(400, f"{problem}\n".encode(), [("Content-Type", "text/plain")])
        return Answer(200, json.dumps(value).encode(), [("Content-Type", "application/json")])

    def _do(self, method: str, what: str, posted: list | None):
        match method, what:
            case "GET", "requests":
                return self._log.summary()
            case "DELETE", "requests":
                return self._log.reset()
            case "GET", "faults":
                return self._faults.rules()
            case "POST", "faults":
                return self._faults.replace(posted)
            case "DELETE", "faults":
                return self._faults.replace([])
            case "GET", "violations":
                return self._violations.all()
            case "DELETE", "violations":
                return self._violations.reset()
            case "POST", "put":
                return self._state.put(posted)
            case "DELETE", "put":
                return self._state.reset()
        raise ValueError(f"no `{method} {CONTROL}{what}`: there are requests, faults, violations and put")


def main() -> None:
    """Serves until standard input closes, so that a killed test leaves nothing behind."""
    options = argparse.ArgumentParser()
    options.add_argument("--athena", type=AthenaElsewhere, help="where ministack answers for Athena")
    athena = options.parse_args().athena
    organization_answers.make_ids_known()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Emulator(athena), threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
