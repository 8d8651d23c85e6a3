"""Tests of the interpreter of Logs Insights, against what AWS documents: `python -m unittest insights_language_test`."""

import unittest

from insights_language import Malformed, run

HOUR = 3_600_000


def event(number: int, **fields) -> dict:
    return {"timestamp": number * HOUR, "message": fields, "ptr": str(number)}


EVENTS = [
    event(1, name="a", size=10.0, who={"arn": "x"}, parts=[{"id": "p"}], denied=False),
    event(2, name="b", size=2, error="Denied"),
    event(3, name="a", who={"arn": "y"}, text="012", missing=None),
]


def rows(text: str, limit: int = 100) -> list[dict]:
    found, _ = run(text, EVENTS, limit)
    return [{name: value for name, value in row if name != "@ptr"} for row in found]


class MissingFields(unittest.TestCase):
    def test_unequal_is_true_and_all_else_false(self):
        self.assertEqual(len(rows('filter error != "Denied"')), 2)
        self.assertEqual(len(rows('filter error != "Denied" and ispresent(error)')), 0)
        for comparison in ('error = "Denied"', "size > 5", "size <= 2", 'error like /D/', 'error in ["Denied"]'):
            self.assertEqual(len(rows(f"filter {comparison}")), 1, comparison)
        self.assertEqual(len(rows('filter error not in ["Denied"]')), 2)

    def test_null_is_no_field_and_nothing_is_shown_of_it(self):
        self.assertEqual(rows("filter ispresent(missing)"), [])
        self.assertEqual(rows("filter name = \"b\" | fields missing, name"), [{"name": "b"}])

    def test_aggregates_leave_them_out_and_groups_do_not(self):
        self.assertEqual(
            rows("stats count(*) as n, count(size) as sized, sum(size) as total by error | sort n desc"),
            [{"n": "2", "sized": "1", "total": "10"}, {"error": "Denied", "n": "1", "sized": "1", "total": "2"}],
        )


class Values(unittest.TestCase):
    def test_fields_are_nested_by_dots_and_numbers(self):
        self.assertEqual(rows('filter parts.0.id = "p" | fields who.arn as arn'), [{"arn": "x"}])
        self.assertEqual(rows('filter name = "a" | fields coalesce(error, who.arn) as c | sort c desc'), [{"c": "y"}, {"c": "x"}])

    def test_texts_of_digits_stay_texts(self):
        self.assertEqual(rows('filter text = "012" | fields text'), [{"text": "012"}])
        self.assertEqual(len(rows('filter text = "12"')), 0)

    def test_parts_of_texts_are_counted_from_zero(self):
        # The example of https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
        self.assertEqual(rows('filter name = "b" | fields substr("xyZfooxyZ", 3, 3) as part, substr("xyZfooxyZ", 6) as rest'),
                         [{"part": "foo", "rest": "xyZ"}])

    def test_moments(self):
        self.assertEqual(rows("filter toMillis(@timestamp) >= 7200000 | stats count(*) as n by bin(2h)"),
                         [{"bin(2h)": "1970-01-01 02:00:00.000", "n": "2"}])

    def test_a_limit_cuts_and_pointers_are_given_for_events_only(self):
        found, matched = run("fields name | limit 2", EVENTS, 100)
        self.assertEqual((len(found), matched, found[0][-1]), (2, 3, ("@ptr", "1")))
        self.assertNotIn("@ptr", dict(run("stats count(*) as n", EVENTS, 100)[0][0]))


class Parsing(unittest.TestCase):
    def test_named_groups_become_fields_and_without_a_match_there_is_none(self):
        self.assertEqual(rows("fields concat(name, \"/\", coalesce(error, \"-\")) as both | parse both /^(?<left>[^\\/]+)\\/(?<right>[a-zA-Z]+)/"
                              " | stats count(*) as n by left, right | sort n desc"),
                         [{"n": "2"}, {"left": "b", "right": "Denied", "n": "1"}])

    def test_a_pattern_takes_a_field_from_some_events_only(self):
        self.assertEqual(
            rows('fields concat(name, "=", coalesce(error, "|")) as both | parse both /^(?:b|c)[a-z]*=(?<why>[^|]*)$/'
                 " | stats count(*) as n by why | sort n desc"),
            [{"n": "2"}, {"why": "Denied", "n": "1"}])
        self.assertEqual(rows('fields concat(name, "=", coalesce(error, "|")) as both | parse both /=(?<why>[^|]*)$/ | filter ispresent(why)'
                              " | fields why"), [{"both": "b=Denied", "why": "Denied"}])

    def test_a_subnet_has_addresses_only(self):
        self.assertEqual(len(rows('filter isIpInSubnet("198.51.100.7", "198.51.100.0/24")')), 3)
        for address in ("198.51.101.7", "athena.amazonaws.com", "::1"):
            self.assertEqual(len(rows(f'filter isIpInSubnet("{address}", "198.51.100.0/24")')), 0, address)


class WhatIsRefused(unittest.TestCase):
    def test_anything_else(self):
        for text in ("parse @message \"*\" as x", "stats pct(size, 95)", "fields foo(size)", "fields if(size = 1, 1, 0)",
                     "parse name /x/", "parse name /(x)/", "filter a = ", "filter a ~ 1",
                     "filter a in \"x\"", "fields a |", "source x"):
            with self.assertRaises(Malformed, msg=text):
                run(text, EVENTS, 100)


if __name__ == "__main__":
    unittest.main()
