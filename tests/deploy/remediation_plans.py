"""Reads `exfilguard remediate plan` as code with tools that exfilguard does not use.

The commands are run in a shell before a stand-in of the AWS CLI, and their inputs are held to AWS's models by botocore;
Terraform is parsed by python-hcl2, and the templates are read by cfn-lint. Once for the example's organization, and once
with a bucket whose name is an attack on each of them, beside one that differs from it in a character only.
"""

import gzip
import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import hcl2

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
PROGRAM = ROOT / "target/debug/exfilguard"
SNAPSHOT = ROOT / "examples/organization.jsonl.gz"
# Without `${…}`: in a policy that is a variable, so that no statement speaks of such a bucket, and the plan is refused.
HOSTILE = ["it's \"$(touch pwned)\" `touch pwned` %{x} \n*/ \u202e é.b", "it's \"$(touch pwned)\" `touch pwned` %{x} \n*/ \u202e é-b"]
# Answers who it is, and writes down what else it is asked.
STAND_IN = """#!{python}
import json, os, sys
words = sys.argv[1:]
if words[:2] == ["sts", "get-caller-identity"]:
    print(os.environ["ACCOUNT"])
else:
    given = dict(zip(words[2::2], words[3::2]))
    call = {{"service": words[0], "operation": words[1], "account": os.environ["ACCOUNT"], "region": given["--region"],
            "input": json.loads(given["--cli-input-json"])}}
    with open(os.environ["CALLS"], "a") as file:
        file.write(json.dumps(call) + "\\n")
"""


def plan(snapshot, folder, form):
    command = [PROGRAM, "remediate", "plan", "--include-management-account", "--format", form, "--snapshot", snapshot]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{form}: {done.stderr}")
    return done.stdout


def buckets(snapshot):
    with gzip.open(snapshot, "rt", encoding="utf-8") as file:
        accounts = [json.loads(line) for line in file]
    for account in accounts:
        yield from (bucket["name"] for bucket in (account.get("buckets") or {}).get("known") or [])


def hostile(folder):
    """The example with two buckets of other names."""
    wanted = json.loads(plan(SNAPSHOT, folder, "json"))
    changed = [change["resource"] for change in wanted["changes"] if change["kind"] == "require-tls"]
    with gzip.open(SNAPSHOT, "rt", encoding="utf-8") as file:
        text = file.read()
    for name, attack in zip(changed, HOSTILE, strict=False):
        # In texts within the text, too: policies are.
        once, twice = json.dumps(attack)[1:-1], json.dumps(json.dumps(attack)[1:-1])[1:-1]
        for before in (f'"{name}"',):
            text = text.replace(before, f'"{once}"')
        text = text.replace(f":::{name}", f":::{twice}")
    path = Path(folder) / "hostile.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def commands(snapshot, folder, planned):
    script = plan(snapshot, folder, "cli")
    tool = Path(folder) / "aws"
    tool.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    calls = Path(folder) / "calls"
    calls.write_text("", encoding="utf-8")
    for account in sorted({change["account"] for change in planned["changes"]} | {"000000000000"}):
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "ACCOUNT": account, "CALLS": str(calls)}
        for shell in ("sh", "bash"):
            if shell == "bash":
                subprocess.run(["bash", "-n"], input=script, text=True, check=True)
                continue
            done = subprocess.run([shell], input=script, cwd=folder, env=environment, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"commands: {done.stderr}")
    made = [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]
    key = lambda account, region, value: (account, region, json.dumps(value, sort_keys=True))
    wanted = sorted(
        key(change["account"], change["region"], step["call"]["input"])
        for change in planned["changes"]
        for step in change["steps"]
    )
    if sorted(key(call["account"], call["region"], call["input"]) for call in made) != wanted:
        sys.exit("commands: they are not the calls of the plan")
    if (Path(folder) / "pwned").exists():
        sys.exit("commands: a name was run")
    validate = [ROOT / "target/emulator/bin/python", ROOT / "tests/deploy/calls_are_valid.py"]
    done = subprocess.run(validate, input=calls.read_text(encoding="utf-8"), capture_output=True, text=True)
    if done.returncode or int(done.stdout) != len(wanted):
        sys.exit(f"commands: {done.stdout}{done.stderr}")
    return len(made)


def terraform(snapshot, folder):
    module = hcl2.loads(plan(snapshot, folder, "terraform"))
    clean = lambda name: name.strip('"')
    resources = [f"{clean(kind)}.{clean(name)}" for block in module["resource"] for kind, names in block.items() for name in names]
    if len(set(resources)) != len(resources):
        sys.exit("terraform: an address stands there twice")
    return len(resources)


def templates(snapshot, folder):
    found = json.loads(plan(snapshot, folder, "cloudformation"))
    files, count = [], 0
    for number, template in enumerate(found.values()):
        # A template of others' resources alone has remarks and nothing to make.
        if template["Resources"]:
            count += len(template["Resources"])
            files.append(Path(folder) / f"{number}.json")
            files[-1].write_text(json.dumps(template), encoding="utf-8")
    done = subprocess.run([TOOLS / "cfn-lint", *files], capture_output=True, text=True)
    # What a bucket may be called is the one thing that a hostile name is wrong about.
    if done.returncode and snapshot == SNAPSHOT:
        sys.exit(f"cfn-lint: {done.stdout}{done.stderr}")
    return count


def plans():
    with tempfile.TemporaryDirectory() as folder:
        attacked = hostile(folder)
        for snapshot in (SNAPSHOT, attacked):
            planned = json.loads(plan(snapshot, folder, "json"))
            policies = {
                (change["account"], change["region"], step["sets"]["bucket"])
                for change in planned["changes"]
                for step in change["steps"]
                if step["sets"]["setting"] == "bucket-policy"
            }
            if snapshot is attacked and not all(any(bucket == name for *_, bucket in policies) for name in HOSTILE[:1]):
                sys.exit("the hostile name is in no change")
            calls = commands(snapshot, folder, planned)
            resources, made = terraform(snapshot, folder), templates(snapshot, folder)
            found = json.loads(plan(snapshot, folder, "cloudformation")).values()
            kinds = [resource["Type"] for template in found for resource in template["Resources"].values()]
            if kinds.count("AWS::S3::BucketPolicy") != len(policies):
                sys.exit("templates: a bucket's policy is lost")
            print(f"plans as code: {calls} commands, {resources} resources of Terraform, {made} of templates")


if __name__ == "__main__":
    plans()
