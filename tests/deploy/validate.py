"""Reads what is rolled out with tools that exfilguard does not use.

CloudFormation templates by cfn-lint, Terraform by python-hcl2, the GitHub action and workflows by the schemas that
check-jsonschema carries and by zizmor. Fails if one of them finds a fault, or if there is nothing to look at.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import hcl2
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent


def run(what, *command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{what}:\n{done.stdout}{done.stderr}")


def cloudformation():
    templates = sorted(map(str, ROOT.glob("deploy/cloudformation/*.yaml")))
    if len(templates) != 4:
        sys.exit(f"{len(templates)} templates")
    run("cfn-lint", str(TOOLS / "cfn-lint"), *templates)
    print(f"cfn-lint: {len(templates)} templates")


def terraform():
    with open(ROOT / "deploy/terraform/main.tf", encoding="utf-8") as file:
        module = hcl2.load(file)
    clean = lambda name: name.strip('"')  # Newer versions of the parser keep the quotes of labels.
    resources = {clean(kind) for block in module["resource"] for kind in block}
    variables = {clean(name) for block in module["variable"] for name in block}
    if resources != {"aws_iam_role", "aws_iam_role_policy"}:
        sys.exit(f"terraform: {resources}")
    if not {"trusted_principal_arn", "external_id", "roles"} <= variables:
        sys.exit(f"terraform: {variables}")
    policies = sorted((ROOT / "deploy/terraform/policies").glob("*.json"))
    for policy in policies:
        statements = json.loads(policy.read_text(encoding="utf-8"))["Statement"]
        # AWS's limit of all inline policies of a role, without white space.
        size = len(json.dumps(statements, separators=(",", ":")))
        if size > 10_000:
            sys.exit(f"{policy.name} has {size} characters, a role's inline policies may have 10240")
    print(f"terraform: {len(resources)} kinds of resources, {len(variables)} variables, {len(policies)} policies")


def github():
    check = str(TOOLS / "check-jsonschema")
    workflows = sorted(map(str, [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/github/*.yml")]))
    if len(workflows) < 5:
        sys.exit(f"{len(workflows)} workflows")
    run("workflows", check, "--builtin-schema", "vendor.github-workflows", *workflows)
    run("action", check, "--builtin-schema", "vendor.github-actions", "action.yml")
    # What an attacker could make of them: expressions in scripts, tokens left behind, permissions too wide.
    zizmor = [str(TOOLS / "zizmor"), "--offline", "--no-progress", "--config", ".github/zizmor.yml"]
    run("zizmor", *zizmor, *workflows, "action.yml")
    print(f"github: {len(workflows)} workflows, one action")


def action():
    """Runs the action's audit step as GitHub would, on the example."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    script = next(step["run"] for step in steps if step.get("id") == "audit")
    # Whatever GitHub puts in for an expression would be code.
    if any("${{" in step.get("run", "") for step in steps):
        sys.exit("action: an expression stands in a script")
    with tempfile.TemporaryDirectory() as folder:
        files = {name: str(Path(folder) / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        inputs = {"AUDIT_ROLE": "", "EXFILGUARD_EXTERNAL_ID": "", "POLICY": "", "BASELINE": ""}
        inputs |= {"SNAPSHOT": str(ROOT / "examples/organization.jsonl.gz"), "ARGUMENTS": "--only\nbucket-not-public\n"}
        # Where the step before would have put the release.
        (Path(folder) / "exfilguard").mkdir()
        (Path(folder) / "exfilguard/exfilguard").symlink_to(ROOT / "target/debug/exfilguard")
        environment = os.environ | files | inputs | {"RUNNER_TEMP": folder}
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
        output = Path(files["GITHUB_OUTPUT"]).read_text(encoding="utf-8")
        summary = Path(files["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
        # A public bucket is in the example: the gate is missed.
        if done.returncode != 1 or "exit-code=1" not in output or not summary.startswith("# exfilguard"):
            sys.exit(f"action: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}{output}")
        # Whatever the report says, the runner takes no line of it for a command.
        lines = done.stdout.splitlines()
        stop = lines[0].removeprefix("::stop-commands::")
        if len(stop) < 14 or lines[0] == stop or lines[-1] != f"::{stop}::":
            sys.exit(f"action: commands of the runner are not stopped: {lines[0]!r} … {lines[-1]!r}")
        reports = sorted(path.name for path in (Path(folder) / "exfilguard-reports").iterdir())
        if reports != ["exfilguard.sarif", "junit.xml", "report.html", "report.json", "summary.md"]:
            sys.exit(f"action: {reports}")
    print(f"action: exit code 1, {len(reports)} reports, a summary")


cloudformation()
terraform()
github()
action()
