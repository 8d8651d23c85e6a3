"""What the validation catches, in each of AWS's protocols: `python -m unittest shape_validation_test`."""

import datetime
import json
import unittest

import cbor2

from error_format import error
from service_call import Answer, Call
from shape_validation import Violations, problems


def call(service: str, operation: str, protocol: str) -> Call:
    """A call of which only the names matter."""
    return Call({}, "POST", "/", "", b"", service, operation, "us-east-1", "123456789012", protocol)


STORE = call("cloudtrail", "GetEventDataStore", "json")
BUCKETS = call("macie2", "DescribeBuckets", "rest-json")
DETECTOR = call("guardduty", "GetDetector", "rest-json")
RULE = call("cloudwatch", "GetAlarmMuteRule", "cbor")
LIST = call("s3", "ListBuckets", "rest-xml")
SUBSCRIPTIONS = call("sns", "ListSubscriptionsByTopic", "query")
ATTRIBUTES = call("sns", "GetSubscriptionAttributes", "query")
ARN = "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/00000000-0000-4000-8000-000000000000"


def of_json(called: Call, value) -> list[str]:
    """The problems of a JSON answer."""
    return problems(called, Answer(200, json.dumps(value).encode()))


def of_xml(called: Call, text: str) -> list[str]:
    """The problems of an XML answer."""
    return problems(called, Answer(200, text.encode()))


class JsonTest(unittest.TestCase):
    def test_a_right_answer_has_none(self):
        store = {"EventDataStoreArn": ARN, "Name": "lake", "Status": "ENABLED", "CreatedTimestamp": 1763900000.5}
        self.assertEqual(of_json(STORE, store), [])
        bucket = {"bucketName": "b", "lastAutomatedDiscoveryTime": "2026-01-15T03:12:44Z"}
        self.assertEqual(of_json(BUCKETS, {"buckets": [bucket]}), [])

    def test_types_and_values_are_held(self):
        self.assertEqual(of_json(STORE, {"Name": 7}), ["/Name is 7 and not a string"])
        self.assertEqual(of_json(STORE, {"MultiRegionEnabled": "true"}), ["/MultiRegionEnabled is 'true' and not a boolean"])
        self.assertEqual(of_json(STORE, {"RetentionPeriod": True}), ["/RetentionPeriod is True and not a integer"])
        self.assertEqual(of_json(STORE, {"Name": None}), ["/Name is None and not a string"])
        [status] = of_json(STORE, {"Status": "RUNNING"})
        self.assertTrue(status.startswith("/Status is 'RUNNING'; there are ["), status)
        [short] = of_json(STORE, {"EventDataStoreArn": "a"})
        self.assertEqual(short, "/EventDataStoreArn has the length 1, not 3 to 256")
        self.assertEqual(of_json(STORE, {"AdvancedEventSelectors": {}}), ["/AdvancedEventSelectors is {} and not a list"])

    def test_unknown_and_missing_members_are_named(self):
        self.assertEqual(of_json(STORE, {"name": "lake"}), ["/name is not in the shape GetEventDataStoreResponse"])
        selectors = {"AdvancedEventSelectors": [{"Name": "s"}]}
        self.assertEqual(of_json(STORE, selectors), ["/AdvancedEventSelectors/0/FieldSelectors is missing"])
        of_names = of_json(DETECTOR, {"serviceRole": "r", "status": "ENABLED", "Tags": {}})
        self.assertEqual(of_names, ["/Tags is not in the shape GetDetectorResponse"])
        self.assertEqual(of_json(DETECTOR, {"status": "ENABLED"}), ["/serviceRole is missing"])

    def test_times_have_the_form_of_their_protocol(self):
        text = "2026-01-15T03:12:44Z"
        self.assertEqual(of_json(STORE, {"CreatedTimestamp": text}), [f"/CreatedTimestamp is '{text}' and not a timestamp"])
        for wrong in (1763900000, "2026-01-15T03:12:44", "yesterday"):
            [problem] = of_json(BUCKETS, {"buckets": [{"lastUpdated": wrong}]})
            self.assertEqual(problem, f"/buckets/0/lastUpdated is {wrong!r} and not a timestamp")

    def test_what_is_no_json_is_said_to_be_none(self):
        [problem] = problems(STORE, Answer(200, b"{"))
        self.assertTrue(problem.startswith("the body is no json: "), problem)


class CborTest(unittest.TestCase):
    def test_times_are_tagged(self):
        now = datetime.datetime.now(datetime.UTC)
        self.assertEqual(problems(RULE, Answer(200, cbor2.dumps({"StartDate": now}, timezone=datetime.UTC))), [])
        wrong = problems(RULE, Answer(200, cbor2.dumps({"StartDate": 7, "Colour": "red"})))
        expected = ["/StartDate is 7 and not a timestamp", "/Colour is not in the shape GetAlarmMuteRuleOutput"]
        self.assertEqual(wrong, expected)


class XmlTest(unittest.TestCase):
    def test_lists_times_and_unknown_elements(self):
        def listed(inner: str) -> list[str]:
            return of_xml(LIST, f'<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets>{inner}</Buckets></R>')

        self.assertEqual(listed("<Bucket><Name>b</Name><CreationDate>2026-01-15T03:12:44.000Z</CreationDate></Bucket>"), [])
        self.assertEqual(listed("<Item><Name>b</Name></Item>"), ["/Buckets/0 is `Item` and not `Bucket`"])
        [time] = listed("<Bucket><CreationDate>today</CreationDate></Bucket>")
        self.assertEqual(time, "/Buckets/0/CreationDate is 'today' and not a timestamp")
        self.assertEqual(listed("<Bucket><Size>1</Size></Bucket>"), ["/Buckets/0/Size is not in the shape Bucket"])
        self.assertEqual(listed("<Bucket><Name>a</Name><Name>b</Name></Bucket>"), ["/Buckets/0/Name is there 2 times"])

    def test_the_query_protocol_has_a_result_and_maps(self):
        def answered(operation: str, inner: str) -> str:
            return f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"

        member = "<Subscriptions><member><Protocol>email</Protocol></member></Subscriptions>"
        self.assertEqual(of_xml(SUBSCRIPTIONS, answered("ListSubscriptionsByTopic", member)), [])
        bare = of_xml(SUBSCRIPTIONS, f"<ListSubscriptionsByTopicResponse>{member}</ListSubscriptionsByTopicResponse>")
        self.assertEqual(bare, ["`ListSubscriptionsByTopicResult` is missing"])
        entry = "<Attributes><entry><key>Owner</key><value>1</value></entry></Attributes>"
        self.assertEqual(of_xml(ATTRIBUTES, answered("GetSubscriptionAttributes", entry)), [])
        named = answered("GetSubscriptionAttributes", entry.replace("key>", "name>"))
        self.assertEqual(of_xml(ATTRIBUTES, named), ["/Attributes has an entry of ['name', 'value'] and not of ['key', 'value']"])


class ErrorTest(unittest.TestCase):
    def test_errors_are_those_of_the_operation(self):
        for called in (STORE, RULE, SUBSCRIPTIONS, LIST):
            self.assertEqual(problems(called, error(called, 403, "AccessDenied", "no")), [])
            [problem] = problems(called, error(called, 400, "NoSuchThing", "no"))
            self.assertTrue(problem.startswith("`NoSuchThing` is no error of the operation; there are ["), problem)
        self.assertEqual(problems(STORE, error(STORE, 400, "EventDataStoreNotFoundException", "no")), [])


class ViolationsTest(unittest.TestCase):
    def test_a_wrong_answer_is_a_500_and_kept_once(self):
        violations = Violations()
        right = Answer(200, b'{"Name": "lake"}')
        self.assertIs(violations.hold(STORE, right), right)
        for _ in range(2):
            held = violations.hold(STORE, Answer(200, b'{"Nome": "lake"}'))
            self.assertEqual(held.status, 500)
            self.assertIn(b"/Nome is not in the shape", held.body)
        line = "cloudtrail:GetEventDataStore: /Nome is not in the shape GetEventDataStoreResponse"
        self.assertEqual(violations.all(), [line])
        violations.reset()
        self.assertEqual(violations.all(), [])


if __name__ == "__main__":
    unittest.main()
