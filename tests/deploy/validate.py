"""Reads what is rolled out with tools that exfilguard does not use.

CloudFormation templates by cfn-lint, Terraform by python-hcl2, the GitHub action and workflows by the schemas that
check-jsonschema carries and by zizmor. The scripts of the shards' runner are run. Fails if one of them finds a fault, or
if there is nothing to look at.
"""

import json
import os
import re
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
    if len(templates) != 6:
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
    if len(workflows) < 6:
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


def state_machines():
    """Both ways of sharding name what they run, and every shard is audited before the merge."""
    for name in ("batch", "step-functions"):
        text = (ROOT / f"deploy/cloudformation/shards-{name}.yaml").read_text(encoding="utf-8")
        # CloudFormation's own tags are of no interest here.
        template = yaml.load(text, Loader=Intrinsics)
        [machine] = [of for of in template["Resources"].values() if of["Type"] == "AWS::StepFunctions::StateMachine"]
        definition = machine["Properties"]["Definition"]
        named = set(re.findall(r"\$\{(\w+)\}", json.dumps(definition)))
        if named != set(machine["Properties"]["DefinitionSubstitutions"]):
            sys.exit(f"shards-{name}: {named}")
        at, way = definition["StartAt"], []
        while at:
            way.append(at)
            at = definition["States"][at].get("Next")
        if way[-2:] != ["Audit", "Merge"]:
            sys.exit(f"shards-{name}: {way}")
        commands = re.findall(r"- (audit-shard|merge-shards)$", text, re.MULTILINE)
        if commands != ["audit-shard", "merge-shards"]:
            sys.exit(f"shards-{name}: {commands}")
    print("shards: two state machines")


class Intrinsics(yaml.SafeLoader):
    """Reads `!Ref` and the like as what stands behind them."""


Intrinsics.add_multi_constructor("!", lambda loader, tag, node: f"{tag} {node.value}")


def shards():
    """Runs the runner's scripts as Batch and ECS would, on an organization that the stand-in serves; S3 is a folder."""
    stand_in = subprocess.Popen(
        [ROOT / "target/stand-in/release/stand-in", "--snapshot", ROOT / "examples/organization.jsonl.gz"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            port = json.loads(stand_in.stdout.readline())["port"]
            run_shards(Path(folder), f"http://127.0.0.1:{port}")
        finally:
            stand_in.kill()
            stand_in.wait()


def run_shards(folder, endpoint):
    aws = folder / "bin/aws"
    aws.parent.mkdir()
    # aws s3 cp --only-show-errors FROM TO, where s3:// is the folder
    aws.write_text(f'#!/bin/sh\nfrom=$(echo "$4" | sed s,^s3:/,{folder}/s3,)\nto=$(echo "$5" | sed s,^s3:/,{folder}/s3,)\n'
                   'mkdir -p "$(dirname "$to")" && cp "$from" "$to"\n', encoding="utf-8")
    aws.chmod(0o755)
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}
    path = os.pathsep.join([str(aws.parent), str(ROOT / "target/debug"), os.environ["PATH"]])
    environment = os.environ | keys | {"PATH": path, "AWS_ENDPOINT_URL": endpoint, "HOME": str(folder)}
    environment |= {"SHARDS": "3", "REPORTS": "s3://reports/exfilguard", "RUN": "nightly"}
    kept = folder / "s3/reports/exfilguard/nightly"
    runner = ROOT / "deploy/runner"

    def script(name, **more):
        return subprocess.run([runner / name], cwd=folder, env=environment | more, capture_output=True, text=True)

    # A Batch child counts from 0, a task of the map is told its number from 1.
    for index in range(2):
        done = script("audit-shard", AWS_BATCH_JOB_ARRAY_INDEX=str(index))
        if done.returncode:
            sys.exit(f"shards: {done.returncode}\n{done.stdout}{done.stderr}")
    if not script("merge-shards").returncode or (kept / "report.json").exists():
        sys.exit("shards: merged although one is missing")
    if script("audit-shard", SHARD="3").returncode:
        sys.exit("shards: the third failed")
    merged = script("merge-shards")
    whole = subprocess.run(
        ["exfilguard", "audit", "--role", "ExfilguardAudit", "--output", "json=whole.json"],
        cwd=folder, env=environment, capture_output=True, text=True,
    )
    if merged.returncode != whole.returncode or whole.returncode not in (0, 1, 3):
        sys.exit(f"shards: {merged.returncode} and {whole.returncode}\n{merged.stderr}{whole.stderr}")
    one, other = (json.loads(path.read_text(encoding="utf-8")) for path in (kept / "report.json", folder / "whole.json"))
    del one["run"], other["run"]
    if one != other:
        sys.exit("shards: merged, they are not what one audit says")
    reports = sorted(path.name for path in kept.iterdir())
    if reports != ["exfilguard.sarif", "junit.xml", "report.html", "report.json", "shards"]:
        sys.exit(f"shards: {reports}")
    print(f"shards: three, merged to what one audit says, {len(one['results'])} results")


cloudformation()
terraform()
github()
action()
state_machines()
shards()
