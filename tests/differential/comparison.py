"""Puts generated questions to the built program and to independent implementations, and compares the answers.

An answer is `yes`, `no`, `unknown` or `invalid`. An oracle answers `yes`, `no`, or `None` for what it does not support.
A disagreement must fall under one of the rules of settled.md, which recognise the construct in question and not the
outcome; any other fails the run.
"""

import collections
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Callable

Question = dict


@dataclass(frozen=True)
class Rule:
    """A construct that AWS's documentation settles against an oracle; `name` is its heading in settled.md."""

    name: str
    applies: Callable[[Question], bool]


@dataclass(frozen=True)
class Oracle:
    """Another implementation with what it is known to get wrong."""

    name: str
    answers: Callable[[list[Question]], list[str | None]]
    rules: tuple[Rule, ...] = ()


def ask(evaluator: str, questions: list[Question]) -> list[str]:
    """The program's answers, all lines in one process."""
    program = os.environ.get("EXFILGUARD", "target/debug/exfilguard")
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run([program, "eval", evaluator], input=lines, capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode != 0 or [answer["id"] for answer in answers] != [question["id"] for question in questions]:
        sys.exit(f"exfilguard eval {evaluator} ended with {run.returncode}: {run.stderr}")
    return [answer["result"] for answer in answers]


def compare(evaluator: str, questions: list[Question], oracles: list[Oracle], *, flip: bool = False) -> int:
    """Compares with each oracle and prints one line for each. Returns the number of disagreements.

    `flip` turns the program's answers round: the comparison itself is then on trial, and must find disagreements.
    """
    answers = ask(evaluator, questions)
    if flip:
        answers = [{"yes": "no", "no": "yes"}.get(answer, answer) for answer in answers]
    disagreements = 0
    for oracle in oracles:
        counts = collections.Counter()
        shown = 0
        for question, ours, theirs in zip(questions, answers, oracle.answers(questions), strict=True):
            verdict = judge(question, ours, theirs, oracle)
            counts[verdict] += 1
            if verdict == "DISAGREE" and shown < 5:
                shown += 1
                print(f"  exfilguard says {ours}, {oracle.name} says {theirs}: {json.dumps(question)}")
        disagreements += counts["DISAGREE"]
        settled = ", ".join(f"{name}: {n}" for name, n in sorted(counts.items()) if name.startswith("settled"))
        print(
            f"{evaluator} against {oracle.name}: {len(questions)} cases, {counts['agree']} agree"
            f" ({counts['agree, yes']} yes), {counts['unknown']} unknown to exfilguard, {counts['unsupported']} not"
            f" supported there, {counts['DISAGREE']} disagreements" + (f"; {settled}" if settled else "")
        )
        if counts["agree"] + counts["agree, yes"] < len(questions) // 4 and not flip:
            print("  fewer than a quarter of the cases agree: the generator no longer asks what the oracle can answer")
            disagreements += 1
    return disagreements


def judge(question: Question, ours: str, theirs: str | None, oracle: Oracle) -> str:
    if theirs is None:
        return "unsupported"
    for rule in oracle.rules:
        if ours != theirs and rule.applies(question):
            return f"settled by {rule.name}"
    if ours == "unknown":
        return "unknown"
    if ours == theirs:
        return "agree, yes" if ours == "yes" else "agree"
    return "DISAGREE"


def main(evaluator: str, suites: list[tuple[Callable[[int, int], list[Question]], list[Oracle]]]) -> None:
    """`CASES [SEED] [--self-test]`: each suite is a generator of questions and the oracles that can answer them."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--self-test"]
    cases = int(arguments[0]) if arguments else 10_000
    seed = int(arguments[1]) if len(arguments) > 1 else 20261123
    flip = "--self-test" in sys.argv
    failed = False
    for generate, oracles in suites:
        found = compare(evaluator, generate(cases, seed), oracles, flip=flip)
        failed |= found < cases // 4 if flip else found > 0
    if flip and failed:
        sys.exit("answers that were turned round were not noticed")
    sys.exit(1 if failed else 0)
