"""Runs every test of every check on rego-cpp, which shares no code with the engine that exfilguard embeds.

    python3 -m venv target/rego && target/rego/bin/pip install -r tests/rego/requirements.txt
    target/rego/bin/python tests/rego/independent.py [FOLDER]

FOLDER is `checks` beside this repository's Cargo.toml unless it is given. Exits with 1 and a list if a test does not
come out as exactly `true`, if a check has no test module, or if there is nothing to run.
"""

import json
import re
import sys
from pathlib import Path

import regopy

PACKAGE = re.compile(r"^package\s+(\S+)", re.MULTILINE)
TEST = re.compile(r"^(test_\w+)", re.MULTILINE)
SUFFIX = "_test.rego"


def is_true(answer: str) -> bool:
    """Whether an answer is exactly `true`; an undefined rule's answer is the word `undefined`, which is no JSON."""
    try:
        return json.loads(answer) == {"expressions": [True]}
    except json.JSONDecodeError:
        return False


def problems_of(check: Path, root: Path) -> tuple[int, list[str]]:
    """Runs the tests of one check; gives how many there were and what went wrong."""
    name = check.relative_to(root)
    tests = check.with_name(check.stem + SUFFIX)
    if not tests.is_file():
        return 0, [f"{name}: there is no {tests.name}"]
    source = tests.read_text(encoding="utf-8")
    rules = sorted(set(TEST.findall(source)))
    if not rules:
        return 0, [f"{tests.relative_to(root)}: there is no rule `test_…`"]

    interpreter = regopy.Interpreter()
    package = PACKAGE.search(source)
    if package is None:
        return 0, [f"{tests.relative_to(root)}: there is no `package`"]
    try:
        interpreter.add_module(str(name), check.read_text(encoding="utf-8"))
        interpreter.add_module(str(tests.relative_to(root)), source)
    except regopy.RegoError as error:
        return 0, [f"{name}: is not accepted: {error}"]

    problems = []
    for rule in rules:
        try:
            answer = str(interpreter.query(f"data.{package[1]}.{rule}"))
        except regopy.RegoError as error:
            problems.append(f"{name}: {rule}: {error}")
            continue
        if not is_true(answer):
            problems.append(f"{name}: {rule}: is not true but {answer}")
    return len(rules), problems


def main() -> int:
    default = Path(__file__).resolve().parents[2] / "checks"
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    checks = [path for path in sorted(root.rglob("*.rego")) if not path.name.endswith(SUFFIX)]
    results = [problems_of(check, root) for check in checks]
    problems = [problem for _, found in results for problem in found]
    for problem in problems:
        print(problem)
    if not checks:
        print(f"there is no check below {root}")
    count = sum(number for number, _ in results)
    print(f"rego-cpp {regopy.__version__}: {len(checks)} checks, {count} tests, {len(problems)} problems")
    return 1 if problems or not checks else 0


if __name__ == "__main__":
    sys.exit(main())
