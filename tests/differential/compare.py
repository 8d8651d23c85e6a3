"""Asks exfilguard and independent implementations the same generated questions and compares the answers.

    compare.py [--cases N] [--seed S] [--evaluator NAME]... [--case ID] [--self-test] [--show N]

The same seed, on any machine, makes the same questions. Exit 0: every disagreement falls under a rule of settled.md;
1: some does not; 2: something could not be run. `README.md` explains the classes.
"""

import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import event_pattern
import filter_pattern
import policy

HERE = Path(__file__).resolve().parent
EVALUATORS = {module.NAME: module for module in (policy, event_pattern, filter_pattern)}
FLIPPED = {"yes": "no", "no": "yes"}


def answers_of(command, lines, what):
    """The lines that a command prints for these lines of input, one each."""
    with tempfile.TemporaryFile("w+") as questions:
        questions.writelines(lines)
        questions.seek(0)
        done = subprocess.run(command, stdin=questions, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{what} ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(lines):
        sys.exit(f"{what} answered {len(answers)} of {len(lines)} questions: {done.stderr.strip()[-2000:]}")
    return answers


def generate(module, seed, number):
    """Case `number` of a seed. Each case has its own random stream, so that one can be made alone."""
    case = module.case(random.Random(f"{module.NAME}/{seed}/{number}"))
    case["id"] = number
    return case


class Tally:
    """Counts of one evaluator, and the disagreements that no rule settles."""

    def __init__(self):
        self.answers = collections.Counter()
        self.agreed = collections.Counter()
        self.not_covered = collections.Counter()
        self.settled = collections.Counter()
        self.unknown = 0
        self.open = []

    def add(self, module, case, mine, theirs):
        """Classifies one case against every oracle."""
        result = mine["result"]
        self.answers[result] += 1
        if result == "unknown":
            self.unknown += 1
            return
        for oracle, theirs_result in theirs["answers"].items():
            if theirs_result is None:
                self.not_covered[oracle] += 1
            elif module.agrees(result, theirs_result):
                self.agreed[oracle] += 1
            else:
                rule = next((r for r in module.RULES if r.oracle == oracle and r.recognises(case)), None)
                if rule is None:
                    self.open.append((case, oracle, mine, theirs_result))
                else:
                    self.settled[rule.name] += 1

    def line(self, name, cases, seconds):
        """The evaluator's line at the end of a run."""
        by_oracle = ", ".join(
            f"{oracle} {self.agreed[oracle]}" + (f" (not covered {n})" if (n := self.not_covered[oracle]) else "")
            for oracle in sorted(set(self.agreed) | set(self.not_covered))
        )
        settled = ", ".join(f"settled by {rule}: {n}" for rule, n in sorted(self.settled.items())) or "settled: 0"
        results = ", ".join(f"{result} {n}" for result, n in sorted(self.answers.items()))
        return (
            f"{name}: {cases} cases ({results}); agreed: {by_oracle}; unknown {self.unknown}; {settled}; "
            f"disagreements {len(self.open)} [{seconds:.1f} s]"
        )


def compare(module, program, options):
    """Runs one evaluator; gives its tally."""
    numbers = [options.case] if options.case is not None else range(options.cases)
    cases = [generate(module, options.seed, number) for number in numbers]
    mine = answers_of(
        [program, "eval", module.NAME],
        [json.dumps({"id": case["id"], **case["question"]}) + "\n" for case in cases],
        f"exfilguard eval {module.NAME}",
    )
    theirs = answers_of(module.oracle_command(), [json.dumps(case) + "\n" for case in cases], f"oracle of {module.NAME}")
    tally = Tally()
    for case, own, other in zip(cases, mine, theirs):
        if own["id"] != case["id"] or other["id"] != case["id"]:
            sys.exit(f"{module.NAME}: answers are out of order at case {case['id']}")
        if options.self_test:
            own["result"] = FLIPPED.get(own["result"], own["result"])
        tally.add(module, case, own, other)
    return tally


def settled_names():
    """The names of the rules that settled.md explains."""
    return re.findall(r"^### ([a-z0-9-]+)$", (HERE / "settled.md").read_text(encoding="utf-8"), re.MULTILINE)


def check_rules():
    """Every rule of the comparer is explained in settled.md, and the reverse."""
    coded = sorted(rule.name for module in EVALUATORS.values() for rule in module.RULES)
    if sorted(settled_names()) != coded:
        difference = sorted(set(coded) ^ set(settled_names()))
        sys.exit(f"settled.md and the comparer name different rules (or one twice): {', '.join(difference)}")


def show(name, seed, found, limit):
    """Prints disagreements, the smallest first."""
    found.sort(key=lambda entry: len(json.dumps(entry[0]["question"])))
    for case, oracle, mine, theirs in found[:limit]:
        print(f"\nDISAGREEMENT {name} --seed {seed} --case {case['id']}: {oracle} says {theirs}, exfilguard {mine['result']}")
        print(f"  {mine['reason']}")
        print(f"  {json.dumps({'id': case['id'], **case['question']})}")
    if len(found) > limit:
        print(f"\n... and {len(found) - limit} more of {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", default="exfilguard")
    parser.add_argument("--evaluator", action="append", choices=list(EVALUATORS))
    parser.add_argument("--case", type=int, help="only this case of the seed")
    parser.add_argument("--self-test", action="store_true", help="flip exfilguard's answers: must find disagreements")
    parser.add_argument("--show", type=int, default=5, help="disagreements to print per evaluator")
    options = parser.parse_args()
    program = os.environ.get("EXFILGUARD", "target/debug/exfilguard")
    check_rules()
    failed = False
    lines = []
    for name in options.evaluator or list(EVALUATORS):
        module = EVALUATORS[name]
        reason = module.unavailable()
        if reason:
            lines.append(f"{name}: SKIPPED, {reason}")
            continue
        began = time.monotonic()
        tally = compare(module, program, options)
        cases = 1 if options.case is not None else options.cases
        lines.append(tally.line(name, cases, time.monotonic() - began))
        if options.self_test:
            # Nearly all flipped answers must be caught; rules may swallow those of the constructs they name.
            flipped = tally.answers["yes"] + tally.answers["no"]
            caught = len({case["id"] for case, *_ in tally.open})
            if caught < flipped * 0.8:
                failed = True
                lines.append(f"{name}: self-test FAILED: {caught} of {flipped} flipped answers were noticed")
            else:
                lines.append(f"{name}: self-test passed: {caught} of {flipped} flipped answers were noticed")
        else:
            show(name, options.seed, tally.open, options.show)
            failed = failed or bool(tally.open)
    print("\n".join(["", *lines]))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
