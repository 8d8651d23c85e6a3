"""Reads reports with libraries that exfilguard does not use. Arguments: a folder with one report per format, and how
many results and unreachable accounts they are about. Prints what it read; the first wrong report ends it."""

import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import botocore.session
import botocore.validate
import html5lib
import jsonschema
import junitparser
import markdown_it
import ocsf_json_schema

HERE = Path(__file__).parent
# Unicode's white space, which is what Rust trims; Python trims four separators of ASCII besides.
WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
# What no reader sees or a terminal obeys; the same in every format.
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


# Every character that must be written out, whoever shows it: controls, what turns text round, what has no width, what ends
# a line, and what is no character. Written down here again, from Unicode, so that the program's list is held against it.
INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufdd0-\ufdef"
    "\U000e0000-\U000e007f" + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17)) + "]"
)


def shown(text):
    """The text as a report must show it: what nobody sees is written out, everything else is as it was."""
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return INVISIBLE.sub(lambda found: names.get(found.group(), f"\\u{{{ord(found.group()):x}}}"), text)


def begins(found, text, limit, what):
    """Whether a report has the text, or its beginning where it is longer than the format's limit."""
    whole = shown(text)
    if found == whole:
        return
    cut = found.endswith("…") and len(found) >= min(limit, len(whole)) - 12 and whole.startswith(found[:-1])
    check(cut and len(whole) > limit - 12, f"{what}: {found[:200]!r} instead of {whole[:200]!r}")


def assessed(folder):
    """The results that the reports are about, and the accounts that could not be entered."""
    document = json.loads((folder / "assessment.json").read_text(encoding="utf-8"))
    return document["results"]


def check(condition, what):
    if not condition:
        raise SystemExit(f"wrong: {what}")


def read_csv(path, counts):
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    check(len({len(row) for row in rows}) == 1, "rows of different length")
    check(len(rows) == 1 + counts["results"] + counts["gaps"], f"{len(rows)} rows")
    for row in rows:
        for cell in row:
            check(cell[:1] not in tuple("=+-@\t\r"), f"a formula: {cell[:80]!r}")
            check(not HIDDEN.search(cell) and "\n" not in cell, f"hidden characters: {cell[:80]!r}")
            check(len(cell) < 32767, "a cell longer than a spreadsheet's")
    columns = {name: place for place, name in enumerate(rows[0])}
    for row, result in zip(rows[1 + counts["gaps"] :], assessed(path.parent), strict=True):
        for column, text in (("resource_id", result["resource"]["id"]), ("message", result["message"])):
            begins(row[columns[column]].removeprefix("'"), text.removeprefix("'"), 16_000, column)
    return f"{len(rows)} rows"


def read_markdown(path, counts):
    text = path.read_text(encoding="utf-8")
    check(len(text.encode()) <= 1024 * 1024, "longer than a step summary")
    tokens = markdown_it.MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").parse(text)
    width = columns = None
    for token in tokens:
        if token.type in ("html_block", "code_block", "fence"):
            check(re.fullmatch(r"(</?details>|<details><summary>\d+ more</summary>)\s*", token.content), token.content[:200])
        if token.type == "thead_open":
            width = None
        if token.type == "tr_open":
            columns = 0
        if token.type in ("td_open", "th_open"):
            columns += 1
        if token.type == "tr_close":
            width = width or columns
            check(columns == width, f"a row of {columns} cells in a table of {width}")
        for child in token.children or []:
            check(child.type not in ("html_inline", "link_open", "image"), f"{child.type}: {token.content[:200]}")
    check(not HIDDEN.search(text), "hidden characters")
    # White space collapses, what a message quotes in backticks is a code span, and nothing between two is a dash.
    plain = lambda text: re.sub(r"\W", "", text)
    cells = {plain("".join(child.content for child in token.children)) for token in tokens if token.type == "inline"}
    failed = [result for result in assessed(path.parent) if result["status"] == "fail"]
    for result in failed if "left out here" not in text else failed[:25]:
        for name in (shown(result["resource"]["id"])[:150], shown(result["message"])[:150]):
            check(any(plain(name) in cell for cell in cells), f"no cell has {name!r}")
    return f"{len(text)} characters"


def read_junit(path, counts):
    suites = junitparser.JUnitXml.fromfile(str(path))
    cases = [case for suite in suites for case in suite]
    check(len(cases) == counts["results"] + counts["unreachable"], f"{len(cases)} cases")
    wanted = Counter(case_name(result) for result in assessed(path.parent))
    found = Counter(case.name for case in cases if case.classname != "exfilguard.account.reachable")
    check(wanted == found, f"names: {list((wanted - found).items())[:1]} {list((found - wanted).items())[:1]}")
    messages = Counter(shown(result["message"]) for result in assessed(path.parent) if result["status"] == "fail")
    failures = [outcome for case in cases for outcome in case.result if isinstance(outcome, junitparser.Failure)]
    check(messages == Counter(failure.message or "" for failure in failures), "messages of failures")
    return f"{len(cases)} cases"


def case_name(result):
    region = result["region"]
    name = result["resource"]["id"] + (f" {region}" if region is not None else "")
    return shown(name.strip(WHITE)) or "(no name)"


def read_sarif(path, counts):
    log = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((HERE / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    validate(schema, log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        check(rules[result["ruleIndex"]]["id"] == result["ruleId"], "a rule's index")
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        check(re.fullmatch(r"aws(/(?!\.)[A-Za-z0-9._%~-]{1,620}){4}", uri), uri)
        check(not re.search(r"(?<!\\)\]\(", result["message"]["text"]), "a link in a message")
        check(not HIDDEN.search(result["message"]["text"]), "hidden characters")
    check(len(run["results"]) <= 25000, "more results than code scanning takes")
    texts = {shown(result["resource"]["id"])[:400] for result in assessed(path.parent)}
    for result in run["results"]:
        name = result["locations"][0]["logicalLocations"][0]["name"]
        known = result["ruleId"] == "account-not-audited" or name[:400].rstrip("…") in {text[: len(name.rstrip("…"))] for text in texts}
        check(known, f"a name: {name[:200]!r}")
    places = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    kinds = {(r["account_id"], r["region"], r["resource"]["kind"], r["resource"]["id"]) for r in assessed(path.parent) if r["status"] not in ("pass", "not-applicable")}
    check(len(places) >= len(kinds) or len(run["results"]) == 25000, f"{len(places)} places of {len(kinds)} resources")
    return f"{len(run['results'])} results, {len(rules)} rules"


def read_ocsf(path, counts):
    schemas = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version="1.8.0"))
    schema = schemas.get_class_schema("compliance_finding", ["cloud"])
    events = json.loads(path.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    for event in events:
        for error in validator.iter_errors(event):
            raise SystemExit(f"wrong: {error.json_path}: {error.message[:300]}")
    check(len(events) == counts["results"] + counts["unreachable"], f"{len(events)} events")
    check(len({event["finding_info"]["uid"] for event in events}) == len(events), "a uid twice")
    for event, result in zip(events[counts["unreachable"] :], assessed(path.parent), strict=True):
        begins(event["resources"][0]["name"], result["resource"]["id"], 4_000, "name")
        begins(event["compliance"]["status_details"][0], result["message"], 4_000, "message")
    return f"{len(events)} events of class {schema['title'] if 'title' in schema else 2003}"


def read_asff(path, counts):
    findings = json.loads(path.read_text(encoding="utf-8"))
    model = botocore.session.get_session().get_service_model("securityhub").operation_model("BatchImportFindings")
    validator = botocore.validate.ParamValidator()
    for start in range(0, len(findings), 100):
        report = validator.validate({"Findings": findings[start : start + 100]}, model.input_shape)
        check(not report.has_errors(), report.generate_report()[:500])
    limits = {"Title": 256, "Description": 1024, "Id": 512, "GeneratorId": 512, "CompanyName": 128}
    for finding in findings:
        for key, limit in limits.items():
            check(0 < len(finding[key].strip()) and len(finding[key]) <= limit, f"{key} of {len(finding[key])}")
        text = finding["Remediation"]["Recommendation"]["Text"]
        check(0 < len(text) <= 512, f"a recommendation of {len(text)}")
        for value in finding["ProductFields"].values():
            check(0 < len(value) <= 2048, f"a product field of {len(value)}")
        check(len(finding["ProductFields"]) <= 50 and len(finding["Resources"]) <= 32, "too many entries")
        check(len(finding["Resources"][0]["Id"]) <= 512, "a resource's id")
        check(len(json.dumps(finding).encode()) <= 240 * 1024, "a finding of more than 240 KB")
        product = rf"arn:aws[a-z-]*:securityhub:{finding['Region']}:{finding['AwsAccountId']}:product/{finding['AwsAccountId']}/default"
        check(re.fullmatch(product, finding["ProductArn"]), finding["ProductArn"])
        for key in ("CreatedAt", "UpdatedAt"):
            check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", finding[key]), finding[key])
    check(len({finding["Id"] for finding in findings}) == len(findings), "an id twice")
    # The format's limits are in bytes.
    names = {shown(result["resource"]["id"]).strip(WHITE) for result in assessed(path.parent)}
    for finding in findings:
        name = finding["Resources"][0]["Details"]["Other"]["Name"]
        whole = name in names or (name.endswith("…") and any(one.startswith(name[:-1]) for one in names))
        check(whole or finding["GeneratorId"].endswith("/account-not-audited") or name == "-", f"a name: {name[:200]!r}")
    return f"{len(findings)} findings"


# The elements that the page's markup is made of, and those that its script makes.
ELEMENTS = set(
    "html head meta title style body a header div strong span nav main section h1 h2 h3 p svg circle rect dl dt dd table "
    "tbody thead tr th td ul li br code script noscript form label input select option fieldset legend button caption "
    "details summary".split()
) | set("small pre ol abbr".split())


def inspect(text):
    """Counts of elements; none is foreign and none carries an event handler."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    counts = {}
    for element in tree.iter():
        if not isinstance(element.tag, str):
            raise SystemExit("wrong: a comment in the page")
        tag = re.sub(r"^\{[^}]*\}", "", element.tag)
        check(tag in ELEMENTS, f"an element <{tag}>")
        counts[tag] = counts.get(tag, 0) + 1
        for name, value in element.attrib.items():
            name = name if isinstance(name, str) else name[-1]
            check(not name.startswith("on") and name not in ("style", "src", "srcdoc"), f"an attribute {name}")
            check(name != "href" or value.startswith(("#", "https://")), f"a link to {value[:80]!r}")
    check(counts["script"] == 2, f"{counts['script']} scripts")
    return counts


def browser():
    names = [os.environ.get("EXFILGUARD_TEST_BROWSER"), "chromium", "chromium-browser", "google-chrome"]
    return next((path for path in (shutil.which(name) for name in names if name) if path), None)


def of_a_browser():
    """Files of 128 MiB at most; as much address space as it likes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (128 * 1024**2, 128 * 1024**2))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def read_html(path, counts):
    inspect(path.read_text(encoding="utf-8"))
    program = browser()
    if not program:
        return "parsed; no Chromium to open it in"
    with tempfile.TemporaryDirectory() as profile:
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
        command += ["--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"]
        # Every status, so that the hostile rows are shown, and one unfolded.
        statuses = "fail,unknown,error,excepted,pass,not-applicable"
        opened = re.search(r'"results":\[\["([0-9a-f]{16})"', path.read_text(encoding="utf-8"))
        link = f"#status={statuses}" + (f"&open={opened.group(1)}" if opened else "")
        # Into files of bounded size: whatever a browser that goes wrong writes must not fill the memory.
        with open(f"{profile}/page", "w+b") as page, open(f"{profile}/log", "w+b") as log:
            subprocess.run(command + [path.as_uri() + link], stdout=page, stderr=log, timeout=120, preexec_fn=of_a_browser)
            page.seek(0)
            text = page.read().decode(errors="replace")
            log.seek(0)
            log = log.read().decode(errors="replace")
    check("CONSOLE" not in log, "\n".join(line for line in log.splitlines() if "CONSOLE" in line)[:500])
    elements = inspect(text)
    rows = text.count('<tr class="row"')
    names = {shown(result["resource"]["id"]) for result in assessed(path.parent)}
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    for button in tree.iter("button"):
        if button.attrib.get("class") == "unfold":
            name = (button.text or "").removesuffix(" ") if button.text not in names else button.text
            known = name in names or (name + " ") in names or name in ("(no name)", "") or any(one.startswith(name.rstrip("…")) for one in names)
            check(known or len(name) == 12, f"a row: {name[:200]!r}")
    check(rows == min(counts["results"] + counts["unreachable"], 200), f"{rows} rows in the browser")
    check(not opened or text.count('<tr class="detail"') == 1, "the linked finding is not unfolded")
    return f"{rows} rows in Chromium, {sum(elements.values())} elements"


def read_terminal(path, counts):
    text = path.read_text(encoding="utf-8")
    hidden = INVISIBLE.search(text.replace("\n", ""))
    check(not hidden, f"a hidden character: {hidden and text.replace(chr(10), '')[max(0, hidden.start() - 60) : hidden.end() + 20]!r}")
    return f"{len(text.splitlines())} lines"


def validate(schema, document):
    validator = jsonschema.validators.validator_for(schema)(schema)
    for error in validator.iter_errors(document):
        raise SystemExit(f"wrong: {error.json_path}: {error.message[:300]}")


def read_json(path, counts):
    document = json.loads(path.read_text(encoding="utf-8"))
    # What `exfilguard schema assessment` prints.
    validate(json.loads(path.with_name("assessment.schema.json").read_text(encoding="utf-8")), document)
    check(len(document["results"]) == counts["results"], f"{len(document['results'])} results")
    return f"{len(document['results'])} results"


def main():
    # A reader that a report makes greedy ends here, with the place, instead of with the machine's memory.
    resource.setrlimit(resource.RLIMIT_AS, (4 * 1024**3, resource.getrlimit(resource.RLIMIT_AS)[1]))
    folder = Path(sys.argv[1])
    counts = {"results": int(sys.argv[2]), "unreachable": int(sys.argv[3]), "gaps": int(sys.argv[4])}
    readers = {
        "json": read_json,
        "csv": read_csv,
        "markdown": read_markdown,
        "junit": read_junit,
        "sarif": read_sarif,
        "ocsf": read_ocsf,
        "asff": read_asff,
        "html": read_html,
        "terminal": read_terminal,
    }
    for name, read in readers.items():
        # What a comparison writes for the terminal and as JSON is the comparison.
        if not (folder / ("page.html" if name == "html" else name)).exists():
            continue
        try:
            # A browser tells a page by its name.
            told = read(folder / ("page.html" if name == "html" else name), counts)
            print(f"{name}: {told}", flush=True)
        except SystemExit as error:
            raise SystemExit(f"{name}: {error}") from None


main()
