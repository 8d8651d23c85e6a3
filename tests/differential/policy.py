"""IAM policies, against @cloud-copilot/iam-simulate (npm)."""

import json
import pathlib
import random
import subprocess

from comparison import Oracle, Question, Rule, main

OWN, OTHER = "111122223333", "444455556666"
BUCKETS = ["ledger", "ledger-eu", "logs"]
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:PutBucketPolicy", "s3:DeleteObject"]
ON_BUCKET = {"s3:ListBucket", "s3:PutBucketPolicy"}
ORGANIZATIONS = ["o-aaaaaaaaaa", "o-bbbbbbbbbb"]
FOLDER = pathlib.Path(__file__).parent / "policy"


def principal(rng: random.Random):
    account = rng.choice([OWN, OWN, OTHER])
    return rng.choice(
        [
            {"arn": f"arn:aws:iam::{account}:user/alice"},
            {"arn": f"arn:aws:iam::{account}:user/team/bob"},
            {"arn": f"arn:aws:sts::{account}:assumed-role/App/session"},
            "anonymous",
        ]
    )


def context(rng: random.Random, who) -> dict:
    keys = {"aws:SecureTransport": rng.choice(["true", "false"])}
    if rng.random() < 0.8:
        keys["aws:SourceIp"] = rng.choice(["203.0.113.7", "198.51.100.23", "10.1.2.3"])
    if who != "anonymous":
        account = who["arn"].split(":")[4]
        keys["aws:PrincipalAccount"] = account
        arn = who["arn"]
        if ":assumed-role/" in arn:
            arn = f"arn:aws:iam::{account}:role/App"
        keys["aws:PrincipalArn"] = arn
        if rng.random() < 0.7:
            keys["aws:PrincipalOrgID"] = rng.choice(ORGANIZATIONS)
        if rng.random() < 0.3:
            keys["aws:PrincipalOrgPaths"] = [f"{rng.choice(ORGANIZATIONS)}/r-root/ou-{rng.choice('ab')}/"]
    if rng.random() < 0.3:
        keys["aws:SourceVpce"] = rng.choice(["vpce-0aaaaaaaa", "vpce-0bbbbbbbb"])
    return keys


def condition(rng: random.Random) -> dict:
    exists = rng.choice(["", "", "IfExists"])
    return rng.choice(
        [
            {"Bool" + exists: {"aws:SecureTransport": rng.choice(["true", "false"])}},
            {rng.choice(["IpAddress", "NotIpAddress"]) + exists: {"aws:SourceIp": rng.choice(["203.0.113.0/24", ["10.0.0.0/8", "203.0.113.7"]])}},
            {rng.choice(["StringEquals", "StringNotEquals"]) + exists: {"aws:PrincipalOrgID": rng.choice(ORGANIZATIONS)}},
            {rng.choice(["StringLike", "StringNotLike"]) + exists: {"aws:PrincipalOrgID": rng.choice(["o-a*", "o-?aaaaaaaaa", "*"])}},
            {rng.choice(["StringEquals", "StringNotEquals"]) + exists: {"aws:SourceVpce": ["vpce-0aaaaaaaa", "vpce-0cccccccc"]}},
            {rng.choice(["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"]) + exists: {"aws:PrincipalOrgID": "O-AAAAAAAAAA"}},
            {rng.choice(["ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAllValues:StringNotLike"]): {"aws:PrincipalOrgPaths": ["o-aaaaaaaaaa/r-root/*"]}},
            {rng.choice(["ArnLike", "ArnNotLike", "ArnEquals"]) + exists: {"aws:PrincipalArn": rng.choice([f"arn:aws:iam::{OWN}:role/*", "arn:aws:iam::*:user/*", f"arn:aws:iam::{OWN}:user/alice"])}},
            {"Null": {rng.choice(["aws:SourceVpce", "aws:PrincipalOrgID"]): rng.choice(["true", "false"])}},
            {"StringEquals" + exists: {"aws:PrincipalAccount": rng.choice([OWN, [OWN, OTHER]])}},
        ]
    )


def statement(rng: random.Random, kind: str) -> dict:
    """A statement as AWS accepts it in a policy of this kind."""
    bucket = rng.choice(BUCKETS)
    one = {"Effect": "Deny" if kind in ("scp", "rcp") else rng.choice(["Allow", "Allow", "Deny"])}
    wild = ["s3:*"] if kind == "rcp" else ["s3:*", "*"]
    words = [*wild, rng.choice(ACTIONS), rng.sample(ACTIONS, 2), "s3:Get*", "s3:?utObject", "S3:getobject"]
    one["NotAction" if kind != "rcp" and rng.random() < 0.1 else "Action"] = rng.choice(words)
    resources = rng.choice(
        [
            [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            f"arn:aws:s3:::{bucket}/*",
            "arn:aws:s3:::ledger*",
            "arn:aws:s3:::*/public/*",
            "*",
        ]
    )
    one["NotResource" if rng.random() < 0.08 else "Resource"] = resources
    if kind in ("rcp", "endpoint"):
        one["Principal"] = "*"
    elif kind == "resource":
        one["NotPrincipal" if rng.random() < 0.05 and one["Effect"] == "Deny" else "Principal"] = rng.choice(
            ["*", {"AWS": "*"}, {"AWS": OWN}, {"AWS": f"arn:aws:iam::{OTHER}:root"}, {"AWS": f"arn:aws:iam::{OWN}:user/alice"}, {"AWS": [f"arn:aws:iam::{OWN}:role/App", OTHER]}]
        )
    if rng.random() < 0.5:
        one["Condition"] = condition(rng)
        if rng.random() < 0.2:
            one["Condition"] |= condition(rng)
    return one


def document(rng: random.Random, kind: str) -> dict:
    return {"Version": "2012-10-17", "Statement": [statement(rng, kind) for _ in range(rng.randint(1, 3))]}


def generate(cases: int, seed: int) -> list[Question]:
    rng = random.Random(seed)
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    questions = []
    for number in range(cases):
        who = principal(rng)
        action = rng.choice(ACTIONS)
        bucket = f"arn:aws:s3:::{rng.choice(BUCKETS)}"
        key = rng.choice(["a", "public/a", "ledger"])
        # Without a resource policy the program takes an outsider for granted; the oracle takes him for refused.
        policies = {"resource": document(rng, "resource")}
        if rng.random() < 0.6 and who != "anonymous":
            policies["identity"] = [document(rng, "identity") for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.4 and who != "anonymous":
            policies["scp"] = [[allow, document(rng, "scp")] for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.4:
            policies["rcp"] = [[document(rng, "rcp")]]
        if rng.random() < 0.2:
            policies["endpoint"] = document(rng, "endpoint")
        questions.append(
            {
                "id": number,
                "policies": policies,
                "request": {
                    "action": action,
                    "resource": bucket if action in ON_BUCKET else f"{bucket}/{key}",
                    "resource_account": OWN,
                    "principal": who,
                    "context": context(rng, who),
                },
            }
        )
    return questions


def simulate(questions: list[Question]) -> list[str | None]:
    """Its answers; none where it calls the question an error."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run(["node", "oracle.mjs"], cwd=FOLDER, input=lines, capture_output=True, text=True, check=True)
    results = [json.loads(line) for line in run.stdout.splitlines()]
    if [result["id"] for result in results] != [question["id"] for question in questions]:
        raise RuntimeError(f"iam-simulate lost questions: {run.stderr}")
    words = {"Allowed": "yes", "ExplicitlyDenied": "no", "ImplicitlyDenied": "no"}
    return [words.get(result.get("result")) for result in results]


def statements(question: Question):
    documents = [question["policies"].get("resource"), question["policies"].get("endpoint")]
    documents += question["policies"].get("identity", [])
    documents += [one for kind in ("scp", "rcp") for level in question["policies"].get(kind, []) for one in level]
    return (one for document in documents if document for one in document["Statement"])


def asks_for_account_of_nobody(question: Question) -> bool:
    keys = {key for one in statements(question) for keys in one.get("Condition", {}).values() for key in keys}
    return question["request"]["principal"] == "anonymous" and "aws:PrincipalAccount" in keys


def spares_an_account_alone(question: Question) -> bool:
    """A denial for everybody but an account, without its principals."""
    for one in statements(question):
        spared = one.get("NotPrincipal", {})
        listed = spared.get("AWS", []) if isinstance(spared, dict) else []
        listed = [listed] if isinstance(listed, str) else listed
        if any(who == OWN or who == OTHER or who.endswith(":root") for who in listed):
            return True
    return False


RULES = (
    Rule("P-1", asks_for_account_of_nobody),
    Rule("P-2", spares_an_account_alone),
)

if __name__ == "__main__":
    main("policy", [(generate, [Oracle("iam-simulate", simulate, RULES)])])
