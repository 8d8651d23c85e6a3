"""Asks rego-cpp about every check and resource of the example organization, and compares with what exfilguard found.

The test `engine_agreement` writes the cases (target/rego-cases/example.jsonl): the module, what it saw, and the outcome on
regorus. Unknown results are no matter of Rego and are not among them.

    target/rego/bin/python tests/rego/agreement.py target/rego-cases/example.jsonl
"""

import json
import sys
from pathlib import Path

import regopy

ROOT = Path(__file__).resolve().parents[2]


def ask(case: dict, rule: str):
    """The value of a rule; `None` if it is undefined."""
    interpreter = regopy.Interpreter()
    interpreter.add_module(case["path"], (ROOT / case["path"]).read_text(encoding="utf-8"))
    interpreter.add_data(case["data"])
    interpreter.set_input(case["input"])
    try:
        return json.loads(str(interpreter.query(f"{case['package']}.{rule}")))["expressions"][0]
    except json.JSONDecodeError:
        return None


def outcome(case: dict) -> tuple[str, str | None]:
    """The contract of a check, as the engine holds it."""
    module = (ROOT / case["path"]).read_text(encoding="utf-8")
    if "\napplies if" in module and ask(case, "applies") is not True:
        return "not-applicable", None
    if ask(case, "pass") is True:
        return "pass", None
    return "fail", ask(case, "message")


def main() -> int:
    cases = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    cases = [case for case in cases if case["status"] in ("pass", "fail", "not-applicable")]
    disagreements = []
    for case in cases:
        status, message = outcome(case)
        if status != case["status"] or (status == "fail" and message != case["message"]):
            disagreements.append(f"{case['path']}: {case['status']} here, {status} there: {message}")
    for disagreement in disagreements:
        print(disagreement)
    print(f"rego-cpp {regopy.__version__}: {len(cases)} evaluations, {len(disagreements)} disagreements")
    return 1 if disagreements or len(cases) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
