"""Generated IAM policies and requests, and the rules that settle disagreements about them.

A question with an unknown context key has `variants`: the values that the key may have (None: it is absent). A yes or no
of exfilguard must then be the simulator's answer for every one of them.
"""

import copy
import json
import shutil
from pathlib import Path

from rule import Rule

NAME = "policy"
HERE = Path(__file__).resolve().parent

OWNER, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{OWNER}:user/alice"
SESSION = f"arn:aws:sts::{OWNER}:assumed-role/Reader/s1"
PRINCIPALS = [
    {"arn": USER},
    {"arn": f"arn:aws:iam::{OWNER}:user/team/bob"},
    {"arn": SESSION},
    {"arn": f"arn:aws:iam::{OWNER}:root"},
    {"arn": f"arn:aws:iam::{OTHER}:user/mallory"},
    {"arn": f"arn:aws:sts::{OTHER}:assumed-role/Worker/s2"},
    {"arn": f"arn:aws:iam::{OTHER}:root"},
    {"service": "cloudtrail.amazonaws.com"},
    "anonymous",
]
ACTIONS = {
    "s3:GetObject": "arn:aws:s3:::crown/k/a.txt",
    "s3:PutObject": "arn:aws:s3:::crown/k/b.txt",
    "s3:DeleteObject": "arn:aws:s3:::crown/x",
    "s3:ListBucket": "arn:aws:s3:::crown",
    "s3:GetBucketPolicy": "arn:aws:s3:::crown",
    "s3:PutBucketPolicy": "arn:aws:s3:::crown",
    "sns:Publish": f"arn:aws:sns:eu-west-1:{OWNER}:alerts",
    "sqs:SendMessage": f"arn:aws:sqs:eu-west-1:{OWNER}:jobs",
}

# Context keys: the family of operators that fits, and values that requests have and policies name.
KEYS = {
    "aws:SourceVpce": ("String", ["vpce-1", "vpce-2", "VPCE-1"]),
    "aws:PrincipalOrgID": ("String", ["o-own", "o-other"]),
    "aws:PrincipalTag/team": ("String", ["red", "blue", "Red"]),
    "aws:RequestedRegion": ("String", ["eu-west-1", "us-east-1"]),
    "aws:SourceIp": ("Ip", ["10.0.0.5", "203.0.113.9", "2001:db8::1"]),
    "aws:SecureTransport": ("Bool", ["true", "false"]),
    "aws:ViaAWSService": ("Bool", ["true", "false"]),
    "aws:CurrentTime": ("Date", ["2026-01-01T00:00:00Z", "2027-06-30T12:00:00Z"]),
    "aws:EpochTime": ("Date", ["1767225600", "1800000000"]),
    "aws:MultiFactorAuthAge": ("Numeric", ["0", "5", "300", "3600"]),
    "aws:SourceArn": ("Arn", [f"arn:aws:s3:::crown", f"arn:aws:cloudtrail:eu-west-1:{OWNER}:trail/t"]),
    "aws:PrincipalOrgPaths": ("Multi", ["o-own/r-1/ou-1/", "o-own/r-1/ou-2/", "o-other/r-9/"]),
    "aws:CalledVia": ("Multi", ["athena.amazonaws.com", "glue.amazonaws.com"]),
}
# Keys that only one action has.
ACTION_KEYS = {
    "s3:ListBucket": {"s3:prefix": ("String", ["home/alice", "home/", "k"]), "s3:max-keys": ("Numeric", ["1", "100"])},
    "s3:PutObject": {"s3:x-amz-acl": ("String", ["private", "public-read"])},
}
# Keys that follow from the principal; a request never gives them otherwise.
DERIVED = {
    "aws:PrincipalArn": ("Arn", [USER, f"arn:aws:iam::{OWNER}:role/Reader", f"arn:aws:iam::{OTHER}:user/mallory"]),
    "aws:PrincipalAccount": ("String", [OWNER, OTHER]),
    "aws:username": ("String", ["alice", "bob", "mallory"]),
    "aws:PrincipalIsAWSService": ("Bool", ["true", "false"]),
}
OPERATORS = {
    "String": ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"],
    "Ip": ["IpAddress", "NotIpAddress"],
    "Bool": ["Bool"],
    "Date": ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
    "Numeric": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"],
    "Arn": ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringEquals", "StringLike"],
    "Multi": ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
}
NETWORKS = ["10.0.0.0/8", "10.0.0.5", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0"]


def globbed(rng, text):
    """A text with wildcards that is often true of it."""
    cut = rng.randint(0, len(text))
    return rng.choice([text[:cut] + "*", "*" + text[cut:], text[:cut] + "?" + text[cut + 1 :], text[:cut] + "*" + text[cut + 1 :]])


def condition_values(rng, operator, family, values):
    """The values that a condition names."""
    if family == "Ip":
        return [rng.choice(NETWORKS) for _ in range(rng.choice([1, 1, 2]))]
    chosen = [rng.choice(values) for _ in range(rng.choice([1, 1, 2]))]
    if "Like" in operator and operator.startswith("String"):
        chosen = [globbed(rng, value) if rng.random() < 0.6 else value for value in chosen]
    if operator.startswith("Arn") and rng.random() < 0.5:
        chosen = [":".join([*value.split(":")[:5], globbed(rng, ":".join(value.split(":")[5:]))]) for value in chosen]
    if family == "String" and rng.random() < 0.08:
        chosen[0] = rng.choice(["${aws:username}", "${aws:PrincipalTag/team, 'red'}", "a${*}b", "${aws:PrincipalAccount}"])
    if family == "Numeric" and rng.random() < 0.2:
        chosen[0] += rng.choice([".0", ".5"])
    return chosen


def condition(rng, keys):
    """One operator with one key."""
    key = rng.choice(list(keys))
    family, values = keys[key]
    if rng.random() < 0.12:
        return "Null", key, rng.choice(["true", "false"])
    operator = rng.choice(OPERATORS[family])
    values = condition_values(rng, operator, family, values)
    if family == "Multi":
        operator = rng.choice(["ForAllValues:", "ForAnyValue:"]) + operator
    if rng.random() < 0.25 and not operator.startswith("ForAnyValue"):
        operator += "IfExists"
    if rng.random() < 0.05:
        key = key.swapcase() if "/" not in key else key
    return operator, key, values[0] if len(values) == 1 and rng.random() < 0.6 else values


def conditions(rng, keys):
    """A condition block."""
    block = {}
    for _ in range(rng.choice([1, 1, 2, 3])):
        operator, key, values = condition(rng, keys)
        if key.lower() not in (name.lower() for name in block.get(operator, {})):
            block.setdefault(operator, {})[key] = values
    return block


def actions(rng, action):
    """An Action list, often with this action."""
    if rng.random() < 0.2:
        action = rng.choice(list(ACTIONS))
    service, name = action.split(":")
    cut = rng.randint(1, len(name))
    spelled = rng.choice([action, action, f"{service}:*", f"{service}:{name[:cut]}*", "*", f"{service}:{name.lower()}", f"{service}:?{name[1:]}", f"{service}:*{name[cut:]}"])
    return spelled if rng.random() < 0.5 else [spelled, rng.choice(list(ACTIONS))]


def resources(rng, resource, variables):
    """A Resource list, often with this resource."""
    if rng.random() < 0.2:
        resource = rng.choice(list(ACTIONS.values()))
    head, tail = resource.rsplit(":", 1)
    cut = rng.randint(1, len(tail))
    spelled = rng.choice([resource, "*", f"{head}:{tail[:cut]}*", f"{head}:*", f"{head}:{tail[:cut - 1]}?{tail[cut:]}"])
    if variables and rng.random() < 0.08:
        spelled = rng.choice(["arn:aws:s3:::crown/${aws:username}/*", "arn:aws:s3:::crown/${aws:PrincipalTag/team}", "arn:aws:s3:::${aws:PrincipalTag/none, 'crown'}/*"])
    return spelled if rng.random() < 0.5 else [spelled, rng.choice(list(ACTIONS.values()))]


def names_of(principal):
    """The spellings of a principal in a Principal element."""
    if principal == "anonymous":
        return ["*", {"AWS": "*"}]
    if "service" in principal:
        return [{"Service": principal["service"]}]
    account = principal["arn"].split(":")[4]
    found = [{"AWS": principal["arn"]}, {"AWS": account}, {"AWS": f"arn:aws:iam::{account}:root"}]
    if "assumed-role" in principal["arn"]:
        found.append({"AWS": f"arn:aws:iam::{account}:role/{principal['arn'].split('/')[1]}"})
    return found


def principal_element(rng, principal):
    """A Principal, often with this principal."""
    if rng.random() < 0.15:
        principal = rng.choice(PRINCIPALS)
    if rng.random() < 0.3:
        return rng.choice(["*", {"AWS": "*"}])
    named = copy.deepcopy(rng.choice(names_of(principal)))
    if isinstance(named, dict) and "AWS" in named and named["AWS"] != "*" and rng.random() < 0.3:
        named["AWS"] = [named["AWS"], rng.choice([OTHER, USER, "AIDAEXAMPLEID1234567"])]
    return named


def statement(rng, request, kind, variables, effect=None):
    """One statement, often about this request."""
    effect = effect or rng.choice(["Allow"] * 5 + ["Deny"])
    made = {"Effect": effect}
    made["NotAction" if rng.random() < 0.08 else "Action"] = actions(rng, request["action"])
    made["NotResource" if rng.random() < 0.08 and kind != "scp" else "Resource"] = resources(rng, request["resource"], variables)
    if kind == "rcp":
        made["Principal"] = "*"
        made["Action"] = rng.choice(["s3:*", "*", request["action"]])
        made.pop("NotAction", None)
        if made["Action"] == "*":
            made["Action"] = "s3:*"
    elif kind == "endpoint":
        # The simulator takes no other principal there.
        made["Principal"] = "*"
    elif kind == "resource":
        negated = effect == "Deny" and rng.random() < 0.15
        made["NotPrincipal" if negated else "Principal"] = principal_element(rng, request["principal"])
    if rng.random() < (0.8 if effect == "Deny" else 0.3):
        keys = dict(KEYS)
        keys.update(DERIVED)
        keys.update(ACTION_KEYS.get(request["action"], {}))
        made["Condition"] = conditions(rng, keys)
    return made


def document(rng, request, kind, count=None):
    """One policy document."""
    version = "2012-10-17" if kind in ("scp", "rcp") or rng.random() < 0.93 else "2008-10-17"
    statements = [statement(rng, request, kind, version == "2012-10-17", "Deny" if kind == "rcp" else None) for _ in range(count or rng.choice([1, 1, 2, 3]))]
    return {"Version": version, "Statement": statements[0] if len(statements) == 1 and rng.random() < 0.3 else statements}


ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OPEN_ENDPOINT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


def policies(rng, request):
    """What the request meets. A part that is left out is left out for the simulator too."""
    made = {"resource": document(rng, request, "resource") if rng.random() < 0.85 else None}
    signed = isinstance(request["principal"], dict) and "arn" in request["principal"]
    if signed:
        made["identity"] = [document(rng, request, "identity") for _ in range(rng.choice([0, 1, 1, 2]))]
        if rng.random() < 0.3:
            made["identity"] = [ALLOW_ALL]
        if request["principal"]["arn"] == f"arn:aws:iam::{OTHER}:root":
            # Nobody can attach a policy to a root user. (exfilguard does not look at any for the owner's root user.)
            made["identity"] = []
    if signed and rng.random() < 0.3:
        levels = []
        for _ in range(rng.choice([1, 2])):
            level = [ALLOW_ALL] if rng.random() < 0.8 else []
            if rng.random() < 0.5 or not level:
                level.append(document(rng, request, "scp"))
            levels.append(level)
        made["scp"] = levels
    if request["action"].startswith("s3:") and rng.random() < 0.2:
        made["rcp"] = [[document(rng, request, "rcp", count=1)]]
    if signed and rng.random() < 0.2:
        made["endpoint"] = OPEN_ENDPOINT if rng.random() < 0.2 else document(rng, request, "endpoint")
    if request["action"].startswith("s3:") and rng.random() < 0.15:
        made["block_public_access"] = {
            "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True
        }
    if made["resource"] is None:
        # A resource without a policy, in both programs.
        del made["resource"]
        if not signed or request["principal"]["arn"].split(":")[4] != OWNER:
            made["resource"] = document(rng, request, "resource")
    return made


def derived(request):
    """The context keys that exfilguard derives from the principal; the simulator has to be told."""
    principal = request["principal"]
    if principal == "anonymous":
        return {"aws:PrincipalAccount": "anonymous", "aws:PrincipalType": "Anonymous", "aws:userid": "anonymous", "aws:ResourceAccount": OWNER}
    found = {"aws:PrincipalIsAWSService": "true" if "service" in principal else "false", "aws:ResourceAccount": OWNER}
    if "service" in principal:
        found["aws:PrincipalServiceName"] = principal["service"]
        return found
    arn = principal["arn"]
    account = arn.split(":")[4]
    found["aws:PrincipalAccount"] = account
    if "assumed-role" in arn:
        found["aws:PrincipalArn"] = f"arn:aws:iam::{account}:role/{arn.split('/')[1]}"
    else:
        found["aws:PrincipalArn"] = arn
    if ":user/" in arn:
        found["aws:username"] = arn.rsplit("/", 1)[1]
    return found


def case(rng):
    """One question and what the simulator must be told besides."""
    action = rng.choice(list(ACTIONS))
    request = {"action": action, "resource": ACTIONS[action], "resource_account": OWNER, "principal": rng.choice(PRINCIPALS), "context": {}}
    keys = {**KEYS, **ACTION_KEYS.get(action, {})}
    for key, (family, values) in keys.items():
        if rng.random() < 0.5:
            several = family == "Multi"
            request["context"][key] = rng.sample(values, rng.randint(1, len(values))) if several else rng.choice(values)
    signed = isinstance(request["principal"], dict) and "arn" in request["principal"]
    if not signed:
        for key in ("aws:PrincipalOrgID", "aws:PrincipalTag/team", "aws:PrincipalOrgPaths", "aws:MultiFactorAuthAge"):
            request["context"].pop(key, None)
    question = {"policies": policies(rng, request), "request": request}
    given = {**derived(request), **request["context"]}
    variants = [given]
    if rng.random() < 0.12 and request["context"]:
        key = rng.choice(list(request["context"]))
        family, values = keys[key]
        request["context"][key] = {"unknown": True}
        choices = [[value] for value in values] if family == "Multi" else values
        variants = [{**given, key: value} for value in choices]
        variants.append({name: value for name, value in given.items() if name != key})
    if "assumed-role" in str(request["principal"]):
        # As in a real request; the ARN of a session does not show its role's path.
        request["context"]["aws:PrincipalArn"] = given["aws:PrincipalArn"]
    made = {"question": question, "variants": variants}
    if str(request["principal"]).endswith(":root'}"):
        # A root user has no policies of its own; the simulator has to be told that it may do everything.
        made["simulated_identity"] = [ALLOW_ALL]
    return made


def oracle_command():
    """The process of the simulator."""
    return ["node", str(HERE / "policy" / "simulate.js")]


def unavailable():
    """Why the simulator cannot be asked, or None."""
    if not shutil.which("node"):
        return "node is not installed"
    if not (HERE / "policy" / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        return "iam-simulate is not installed; tests/differential/run installs it where npm is"
    return None


def agrees(mine, theirs):
    """`theirs` has the simulator's answers for all variants: a certain answer must be right for each."""
    return all(mine == one for one in theirs)


def documents(case_):
    """Every policy document of a question, with its place."""
    policies_ = case_["question"]["policies"]
    for place in ("resource", "endpoint"):
        if place in policies_:
            yield place, policies_[place]
    for one in policies_.get("identity", []):
        yield "identity", one
    for place in ("scp", "rcp"):
        for level in policies_.get(place, []):
            for one in level:
                yield place, one


def statements(case_):
    """Every statement of a question, with the place of its document."""
    for place, one in documents(case_):
        found = one["Statement"]
        for made in found if isinstance(found, list) else [found]:
            yield place, made


def owners_root_and_the_bucket_policy(case_):
    """The root user of the bucket's account reads or writes the bucket's policy, which denies something."""
    request = case_["question"]["request"]
    denies = any(place == "resource" and made["Effect"] == "Deny" for place, made in statements(case_))
    return denies and request["action"] in ("s3:GetBucketPolicy", "s3:PutBucketPolicy") and request["principal"] == {"arn": f"arn:aws:iam::{OWNER}:root"}


def conditions_of(made, wanted):
    """The conditions of a statement whose operator's name has this text: operator, key in lower case, values."""
    for operator, keys in made.get("Condition", {}).items():
        for key, values in keys.items():
            if wanted in operator:
                yield operator, key.lower(), values if isinstance(values, list) else [values]


def source_addresses(case_):
    """The addresses that the request, or one of its variants, comes from."""
    return [given["aws:SourceIp"] for given in case_["variants"] if "aws:SourceIp" in given]


def every_ipv4_address(case_):
    """A condition on `0.0.0.0/0`, asked of an IPv4 address."""
    asked = any("." in address for address in source_addresses(case_))
    return asked and any("0.0.0.0/0" in values for _, made in statements(case_) for _, _, values in conditions_of(made, "IpAddress"))


def negated_address_of_the_other_family(case_):
    """`NotIpAddress` with a single IPv4 address (no network), asked of an IPv6 address, or the reverse."""
    return any(
        "/" not in value and (":" in value) != (":" in address)
        for _, made in statements(case_)
        for _, _, values in conditions_of(made, "NotIpAddress")
        for value in values
        for address in source_addresses(case_)
    )


def not_principal_of_a_part(case_):
    """A Deny whose NotPrincipal names a part, but not all, of the principal's account, role and session (or user)."""
    principal = case_["question"]["request"]["principal"]
    if not isinstance(principal, dict) or "arn" not in principal:
        return False
    arn = principal["arn"]
    account = arn.split(":")[4]
    chain = [{account, f"arn:aws:iam::{account}:root"}]
    if not arn.endswith(":root"):
        chain.append({arn})
    if "assumed-role" in arn:
        chain.append({f"arn:aws:iam::{account}:role/{arn.split('/')[1]}"})
    for _, made in statements(case_):
        listed = made.get("NotPrincipal")
        names = listed.get("AWS", []) if isinstance(listed, dict) else []
        names = set(names if isinstance(names, list) else [names])
        if 0 < sum(bool(link & names) for link in chain) < len(chain):
            return True
    return False


def variable_in_an_old_document(case_):
    """A document of version 2008-10-17 with `${` in it."""
    return any(one["Version"] == "2008-10-17" and "${" in json.dumps(one) for _, one in documents(case_))


def block_public_access_and_a_bare_address(case_):
    """`RestrictPublicBuckets`, and a grant to everyone that is narrowed to an address without a prefix length."""
    if "block_public_access" not in case_["question"]["policies"]:
        return False
    return any(
        "/" not in value
        for place, made in statements(case_)
        if place == "resource" and made["Effect"] == "Allow"
        for operator, key, values in conditions_of(made, "IpAddress")
        if operator == "IpAddress" and key == "aws:sourceip"
        for value in values
    )


RULES = [
    Rule("iam-simulate-variables-of-2008", "iam-simulate", variable_in_an_old_document),
    Rule("iam-simulate-public-by-one-address", "iam-simulate", block_public_access_and_a_bare_address),
    Rule("iam-simulate-every-ipv4-address", "iam-simulate", every_ipv4_address),
    Rule("iam-simulate-other-address-family", "iam-simulate", negated_address_of_the_other_family),
    Rule("iam-simulate-not-principal", "iam-simulate", not_principal_of_a_part),
    Rule("iam-simulate-owners-root", "iam-simulate", owners_root_and_the_bucket_policy),
]
