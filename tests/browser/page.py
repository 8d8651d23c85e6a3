"""Uses an HTML report as people do, in headless Chromium: by mouse, by keyboard, by a link, on paper, light and dark, on a
desktop and on a phone. What must be seen is computed from the JSON report of the same audit.

Arguments: `whole`, `large` or `still` (a page that runs no script), the page, the JSON report. Prints what it did; the first thing that is wrong ends it.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import sync_playwright

# axe-core (Deque), the accessibility checker that browsers' tools are made of, as the package carries it.
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
STATUSES = ["fail", "unknown", "error", "excepted", "pass", "not-applicable"]
ATTENTION = {"fail", "unknown", "error"}


def check(condition, what):
    if not condition:
        raise SystemExit(f"wrong: {what}")


class Report:
    """What the JSON report says, as a list of what the page must show."""

    def __init__(self, path):
        self.document = json.loads(path.read_text(encoding="utf-8"))
        self.names = {account["id"]: account["name"] for account in self.document["accounts"]}
        self.results = self.document["results"]
        self.unreachable = sum(account["status"] == "unreachable" for account in self.document["accounts"])

    def count(self, **wanted):
        """How many results have these fields; `status` is the page's own choice unless it is named."""
        status = wanted.pop("status", None)
        statuses = {status} if status else ATTENTION
        return sum(
            result["status"] in statuses and all(result[key] == value for key, value in wanted.items())
            for result in self.results
        )


def shown(page):
    """The number of results that the page says match the filter."""
    text = page.inner_text("#count")
    found = re.match(r"([\d,]+) of [\d,]+ results", text)
    return int(found.group(1).replace(",", "")) if found else 0


def until(page, condition):
    """Waits; the driver's own way would be evaluated within the page, which its policy forbids."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise SystemExit(f"wrong: never {condition}")


class Browser:
    def __init__(self, chromium, address):
        self.chromium, self.address = chromium, address

    def open(self, fragment="", scheme="light", size="desktop", script=True, bypass=False, ready=True):
        """A page in a profile of its own. Whatever it logs, asks of a network or throws is a fault."""
        width, height = SIZES[size]
        context = self.chromium.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce",
            java_script_enabled=script, bypass_csp=bypass,
        )
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: page.faults.append(f"error: {error}"))
        page.on("request", lambda request: request.url.split("#")[0] != self.address and page.faults.append(f"asks {request.url}"))
        page.goto(self.address + fragment)
        if script and ready:
            until(page, "document.getElementById('count').textContent !== ''")
        return page

    def close(self, page):
        check(not page.faults, page.faults[:3])
        page.context.close()


def fits(page, where):
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, f"{where}: {wide} pixels to scroll sideways")


def accessible(page, where):
    """What axe objects to is a fault; returns how many of its rules passed."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    for violation in found["violations"]:
        node = violation["nodes"][0]
        raise SystemExit(f"wrong: {where}: axe: {violation['id']}: {violation['help']}: {node['html'][:200]}")
    return len(found["passes"])


def looks(browser):
    """Each combination of colours and sizes: nothing to scroll sideways, and nothing that axe objects to."""
    passes = 0
    for scheme in ("light", "dark"):
        for size in SIZES:
            page = browser.open(scheme=scheme, size=size, bypass=True)
            fits(page, f"{scheme} {size}")
            page.evaluate(
                "document.querySelectorAll('.unfold')[0].click(); document.querySelector('#matrix-table button')?.click();"
                "for (const fold of document.querySelectorAll('details')) fold.open = true"
            )
            fits(page, f"{scheme} {size}, unfolded")
            passes += accessible(page, f"{scheme} {size}")
            browser.close(page)
    return f"axe: {passes} rules passed, none broken"


def filters(browser, report):
    """Every filter alone, against the JSON report; and each view by its address in another window."""
    page = browser.open()
    checked = 0

    def expect(number, what):
        nonlocal checked
        check(shown(page) == number, f"{what}: {shown(page)} shown, {number} are there")
        again = browser.open("#" + page.url.partition("#")[2])
        check(shown(again) == number, f"{what}, by its address {page.url}: {shown(again)} shown, {number} are there")
        browser.close(again)
        page.click("#f-reset")
        checked += 1

    expect(report.count() + report.unreachable, "as it opens")
    accounts = sorted({result["account_id"] for result in report.results})
    for account in accounts[:3]:
        page.select_option("#f-account", account)
        expect(report.count(account_id=account), f"account {account}")
    for area in sorted({result["area"] for result in report.results}):
        page.select_option("#f-area", area)
        expect(report.count(area=area), f"area {area}")
    for name in sorted({result["check"] for result in report.results if result["status"] == "fail"})[:2]:
        page.select_option("#f-check", name)
        expect(report.count(check=name), f"check {name}")
    for since in {"new", "known"} if page.query_selector("#f-since") else ():
        page.select_option("#f-since", since)
        expect(report.count(since_baseline=since), f"{since} since the baseline")
    for status in [status for status in STATUSES if report.count(status=status)]:
        for box in page.query_selector_all("#f-status input"):
            box.set_checked(box.get_attribute("value") == status)
        expected = report.count(status=status) + (report.unreachable if status == "unknown" else 0)
        expect(expected, f"status {status}")
    for severity in ("critical", "medium"):
        for box in page.query_selector_all("#f-severity input"):
            box.set_checked(box.get_attribute("value") == severity)
        expect(report.count(severity=severity), f"severity {severity}")
    bucket = next(result for result in report.results if result["status"] == "fail" and result["resource"]["kind"] == "bucket")
    text = bucket["resource"]["id"]
    page.fill("#f-text", text.upper())
    until(page, "location.hash.includes('text=')")
    fields = lambda result: json.dumps([result["resource"], result["message"], result["account_id"]]).lower()
    expect(sum(result["status"] in ATTENTION and text.lower() in fields(result) for result in report.results), f"text {text}")
    browser.close(page)
    return f"{checked} filters, each also by its address"


def sorts(browser):
    page = browser.open()
    names = lambda: page.eval_on_selector_all(".unfold", "all => all.map(one => one.firstChild.textContent)")
    before = names()
    for direction, reverse in (("ascending", False), ("descending", True)):
        page.click("[data-sort=resource]")
        check(names() == sorted(names(), reverse=reverse), f"not {direction}")
        check(page.get_attribute("th:has([data-sort=resource])", "aria-sort") == direction, "aria-sort")
    page.click("[data-sort=resource]")
    check(names() == before, "the third choice gives the first order back")
    browser.close(page)
    return f"{len(before)} rows sorted"


def unfolds(browser, report):
    """A finding of each kind of resource by its own link: seen, unfolded, with witness, evidence and what mends it."""
    page = browser.open("#status=fail")
    links = {}
    kinds = [kind.strip() for kind in page.eval_on_selector_all(".unfold .kind", "all => all.map(one => one.textContent)")]
    for place, kind in enumerate(kinds):
        if kind not in links:
            row = page.locator("tr.row").nth(place)
            row.locator(".unfold").click()
            detail = page.locator("tr.detail").first
            links[kind] = (place, row.locator(".unfold").evaluate("node => node.firstChild.textContent"),
                           detail.locator("a[href*='open=']").get_attribute("href"), detail.inner_text())
            row.locator(".unfold").click()
    browser.close(page)
    filled = 0
    for kind, (_, name, href, text) in links.items():
        of = [r for r in report.results if r["status"] == "fail" and r["resource"]["id"] == name and r["message"].replace("`", "") in text]
        check(of, f"no result of {name} in the JSON report says what the page says")
        result = of[0]
        for size in SIZES:
            page = browser.open(href, size=size)
            page.wait_for_timeout(250)
            row = page.locator("tr.row:has([aria-expanded=true])")
            check(row.count() == 1, f"{kind}: {row.count()} rows are unfolded")
            box, height = row.bounding_box(), SIZES[size][1]
            check(box and 0 <= box["y"] < height, f"{kind}, {size}: the linked finding is not on the screen: {box}")
            told = page.locator("tr.detail").evaluate("node => node.textContent")
            if result["witness"]:
                check(json.dumps(result["witness"], indent=2, ensure_ascii=False)[:400] in told, f"{kind}: no witness")
            for evidence in result["evidence"][:3]:
                check(evidence["operation"] in told and evidence["pointer"] in told, f"{kind}: no evidence {evidence['operation']}")
            check("How to mend it" in told and "By hand" in told, f"{kind}: no way to mend it")
            if result["remediation"]:
                plan = f"exfilguard remediate plan --kind {result['remediation']} --accounts {result['account_id']} "
                check(plan in told, f"{kind}: not `{plan}`")
            commands = page.locator("tr.detail details pre").all_text_contents()
            check(commands and "aws " in commands[0], f"{kind}: no commands")
            if kind == "bucket":
                check(name in " ".join(commands) and not re.search(r"\bBUCKET\b", " ".join(commands)), "the bucket's name in the commands")
                filled += 1
            browser.close(page)
    check(filled and len(links) > 4, f"kinds: {sorted(links)}")
    return f"{len(links)} kinds of resources unfolded by their links"


def keyboard(browser):
    """Without a mouse: the first stop skips to the findings, every stop is seen, and Enter unfolds."""
    page = browser.open()
    page.keyboard.press("Tab")
    check(page.evaluate("document.activeElement.className") == "skip", "the first stop is the link to the findings")
    page.keyboard.press("Enter")
    check(page.evaluate("document.activeElement.id") == "findings-title", "the link leads to the findings")
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => { const node = document.activeElement, style = getComputedStyle(node), box = node.getBoundingClientRect();
            return { name: node.className || node.id || node.tagName, outline: style.outlineStyle !== 'none', size: box.width * box.height }; }""")
        check(stop["outline"] and stop["size"] > 0, f"a stop that nobody sees: {stop}")
        seen.append(stop["name"])
        if stop["name"] == "unfold":
            break
    check(seen[-1] == "unfold", f"no finding within 80 stops: {seen[-5:]}")
    for expanded, rows in (("true", 1), ("false", 0)):
        page.keyboard.press("Enter")
        state = page.evaluate("document.activeElement.getAttribute('aria-expanded')")
        check(state == expanded and page.locator("tr.detail").count() == rows, f"Enter: {state}")
    if page.query_selector("#matrix-table button"):
        page.focus("#matrix-table button")
        page.keyboard.press("Space")
        check(page.locator("#matrix-path ol").count() == 1, "a cell of the matrix by keyboard")
    browser.close(page)
    return f"keyboard: {len(seen)} stops to the first finding"


def sections(browser, report):
    """What stands in the markup, without script: score, exceptions with their end, what could not be read, what changed."""
    page = browser.open(script=False)
    score = report.document["score"]
    check(f"{score['overall']:.1f}" in page.inner_text(".dial"), "the score")
    for area, value in score["by_area"].items():
        check(f"{value:.1f}" in page.inner_text(f"table.bars tr:has(a[href='#area={area}'])"), f"the score of {area}")
    heat = page.inner_text("table.heat")
    check(all(name in heat for name in report.names.values()), "the heat map has every account")
    told = page.inner_text("#exceptions") if page.query_selector("#exceptions") else ""
    excepted = [result["exception"] for result in report.results if result["exception"]]
    check(all(one[key] in told for one in excepted for key in ("reason", "owner", "expires")), "an exception")
    told = page.text_content("#gaps") if page.query_selector("#gaps") else ""
    for gap in report.document["run"]["incomplete"]:
        check(gap["operation"] in told and gap["code"] in told and gap["account_id"] in told, f"a gap: {gap}")
    new = [result for result in report.results if result["since_baseline"] == "new"]
    told = page.text_content("#changes") if page.query_selector("#changes") else ""
    check(all(result["resource"]["id"] in told and result["check"] in told for result in new), "what is new")
    check(not new or ("Resolved" in told and " → " in told), f"what was resolved, and the scores: {told[:300]}")
    browser.close(page)
    return f"{len(excepted)} exceptions, {len(report.document['run']['incomplete'])} gaps, {len(new)} new failures"


def prints(browser):
    page = browser.open()
    page.emulate_media(media="print")
    for hidden in (".filters", ".top nav", "#more"):
        check(not page.is_visible(hidden), f"{hidden} is printed")
    page.set_viewport_size({"width": 703, "height": 1000})
    narrow = page.evaluate("document.querySelector('.findings tr.row td:nth-child(3)').getBoundingClientRect().width")
    check(narrow > 240, f"{narrow} pixels on paper for what is wrong")
    pdf = page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    check(pdf.startswith(b"%PDF") and 2 < pages < 200, f"{pages} pages")
    browser.close(page)
    return f"prints on {pages} pages"


def still(browser):
    """A page that runs no script: nothing to scroll sideways and nothing that axe objects to, in each combination of colours
    and sizes, folded and unfolded; and no column on paper so narrow that words are broken letter by letter."""
    passes = 0
    for scheme in ("light", "dark"):
        for size in SIZES:
            page = browser.open(scheme=scheme, size=size, bypass=True, ready=False)
            for what in ("", ", unfolded"):
                fits(page, f"{scheme} {size}{what}")
                page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
            passes += accessible(page, f"{scheme} {size}")
            if size == "phone" and page.query_selector(".incident td"):
                narrow = page.evaluate(NARROW)
                check(narrow >= 150, f"a cell of {narrow} pixels on a phone")
            browser.close(page)
    # A4 without its margins.
    page = browser.open(ready=False)
    page.set_viewport_size({"width": 703, "height": 1000})
    page.emulate_media(media="print")
    narrow = page.evaluate(NARROW)
    check(narrow >= 40, f"a cell of {narrow} pixels on paper")
    folded = page.evaluate("[...document.querySelectorAll('details')].filter(fold => fold.lastElementChild.getBoundingClientRect().height === 0 && getComputedStyle(fold.lastElementChild).display !== 'none').length")
    check(folded == 0, f"{folded} parts are not printed since they are folded")
    browser.close(page)
    return f"axe: {passes} rules passed, none broken; the narrowest cell on paper has {narrow} pixels"


# The narrowest cell of a table with text in it, but for the cells of a matrix, which hold a letter.
NARROW = """Math.min(...[...document.querySelectorAll('table:not(.matrix) td')].filter(cell => cell.textContent.length > 3)
    .map(cell => cell.getBoundingClientRect().width).filter(width => width > 0), 9999)"""


def large(browser, report):
    """A page with very many results opens, filters, searches and sorts them all."""
    page = browser.open()
    check(shown(page) == report.count(), f"{shown(page)} of {report.count()}")
    check(page.locator("tr.row").count() == 200, "two hundred rows to begin with")
    account = report.results[-1]["account_id"]
    page.select_option("#f-account", account)
    check(shown(page) == report.count(account_id=account), "one account")
    page.click("#f-reset")
    page.fill("#f-text", account)
    until(page, "location.hash.includes('text=')")
    check(shown(page) >= report.count(account_id=account) > 0, "a text")
    page.click("#f-reset")
    for box in page.query_selector_all("#f-status input"):
        box.check()
    check(shown(page) == len(report.results), "every status")
    page.click("[data-sort=account]")
    page.click("#more")
    check(page.locator("tr.row").count() == 400, "more rows")
    page.click("#f-reset")
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    check(pages < 150, f"{pages} pages")
    told = page.text_content("#paper")
    check(told == f"On paper: the first 500 of {report.count():,} results; a narrower filter prints others.", told)
    browser.close(page)
    return f"{len(report.results)} results"


def program():
    names = [os.environ.get("EXFILGUARD_TEST_BROWSER"), "chromium", "chromium-browser", "google-chrome"]
    found = next((path for path in (shutil.which(name) for name in names if name) if path), None)
    if not found and os.environ.get("CI") == "true":
        raise SystemExit("wrong: there is no Chromium in CI")
    return found


def main():
    what, page = sys.argv[1], Path(sys.argv[2]).resolve()
    report = Report(Path(sys.argv[3])) if what != "still" else None
    found = program()
    if not found:
        print("no Chromium: the page was not opened")
        return
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        browser = Browser(chromium, page.as_uri())
        if what == "large":
            parts = [lambda: large(browser, report)]
        elif what == "still":
            parts = [lambda: still(browser)]
        else:
            parts = [lambda: sections(browser, report), lambda: looks(browser), lambda: filters(browser, report),
                     lambda: sorts(browser), lambda: unfolds(browser, report), lambda: keyboard(browser), lambda: prints(browser)]
        for part in parts:
            print(part(), flush=True)
        chromium.close()


main()
