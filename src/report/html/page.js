"use strict";
// Shows the findings and the matrix of the page's data block. Everything becomes text nodes; nothing is parsed as markup.
(() => {
  const CHUNK = 200, MATRIX_CHUNK = 40, PRINTED = 500;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const make = (tag, options = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key === "text") node.textContent = value;
      else if (key === "class") node.className = value;
      else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  // A text whose parts in backticks are code.
  const rich = (text) => {
    const parts = text.split("`");
    if (parts.length % 2 === 0) return [text];
    return parts.map((part, place) => (place % 2 ? make("code", { text: part, class: part.length < 30 ? "nowrap" : null }) : part));
  };
  const number = (value) => value.toLocaleString("en-US");
  const NAMES = ["id", "check", "severity", "status", "account", "region", "kind", "resource", "message", "more"];
  const results = data.results.map((row, place) => {
    const result = { place };
    NAMES.forEach((name, index) => { result[name] = row[index]; });
    return result;
  });
  data.results = null;
  const account = (result) => data.accounts[result.account] || ["", ""];
  const check = (result) => data.checks[result.check];
  const haystack = (result) => {
    // Made when it is first searched: most pages are never searched.
    result.hay ??= [result.id, check(result).id, check(result).title, ...account(result), data.regions[result.region] || "",
      result.kind, result.resource, result.message, result.more.arn || ""].join("\n").toLowerCase();
    return result.hay;
  };

  // The filter is what stands behind the # of the address, so that each view has a link.
  const STATUS_ORDER = ["fail", "unknown", "error", "excepted", "pass", "not-applicable"];
  const ATTENTION = ["fail", "unknown", "error"];
  const KEYS = ["text", "account", "area", "check", "since"];
  const fresh = () => ({ text: "", account: "", area: "", check: "", since: "", status: new Set(ATTENTION), severity: new Set(data.severities), sort: "", open: "" });
  let view = fresh();
  const counts = { status: {}, severity: {} };
  for (const result of results) {
    const status = data.statuses[result.status], severity = data.severities[result.severity];
    counts.status[status] = (counts.status[status] || 0) + 1;
    counts.severity[severity] = (counts.severity[severity] || 0) + 1;
  }
  const sameSet = (set, list) => set.size === list.length && list.every((name) => set.has(name));
  const address = (wanted) => {
    const parameters = new URLSearchParams();
    for (const key of [...KEYS, "sort", "open"]) if (wanted[key]) parameters.set(key, wanted[key]);
    if (!sameSet(wanted.status, ATTENTION)) parameters.set("status", [...wanted.status].join(","));
    if (!sameSet(wanted.severity, data.severities)) parameters.set("severity", [...wanted.severity].join(","));
    return "#" + (parameters.toString() || "findings");
  };
  const read = () => {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) return false;
    const parameters = new URLSearchParams(hash);
    view = fresh();
    for (const key of [...KEYS, "sort", "open"]) view[key] = parameters.get(key) || "";
    const list = (key, all) => new Set((parameters.get(key) || "").split(",").filter((name) => all.includes(name)));
    if (parameters.has("status")) view.status = list("status", data.statuses);
    // A link to an account, an area or a finding shows it whatever its status.
    else if (view.open) view.status = new Set(data.statuses);
    if (parameters.has("severity")) view.severity = list("severity", data.severities);
    return true;
  };
  const write = () => { try { history.replaceState(null, "", address(view)); } catch { /* some browsers forbid it for files */ } };

  // The form.
  const controls = { text: $("f-text"), account: $("f-account"), area: $("f-area"), check: $("f-check"), since: $("f-since") };
  const boxes = { status: {}, severity: {} };
  const used = (key) => [...new Set(results.map((result) => result[key]))];
  used("account").map((place) => data.accounts[place]).sort((a, b) => (a[1] || a[0]).localeCompare(b[1] || b[0]))
    .forEach(([id, name]) => controls.account.append(make("option", { value: id, text: name ? `${name} · ${id}` : id })));
  data.areas.filter((area) => data.checks.some((entry) => entry.area === area))
    .forEach((area) => controls.area.append(make("option", { value: area, text: area })));
  data.checks.map((entry) => entry.id).sort().forEach((id) => controls.check.append(make("option", { value: id, text: id })));
  const box = (key, name) => {
    if (!counts[key][name]) return;
    const input = make("input", { type: "checkbox", value: name });
    boxes[key][name] = input;
    $("f-" + key).append(make("label", {}, input, `${name} `, make("small", { text: number(counts[key][name]) })));
    input.addEventListener("change", () => { input.checked ? view[key].add(name) : view[key].delete(name); changed(); });
  };
  STATUS_ORDER.forEach((name) => box("status", name));
  data.severities.forEach((name) => box("severity", name));
  const fill = () => {
    for (const key of KEYS) if (controls[key]) controls[key].value = view[key];
    for (const key of ["status", "severity"]) for (const [name, input] of Object.entries(boxes[key])) input.checked = view[key].has(name);
  };
  let timer = 0;
  controls.text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { view.text = controls.text.value; changed(); }, 120); });
  for (const key of KEYS.slice(1)) controls[key]?.addEventListener("change", () => { view[key] = controls[key].value; changed(); });
  const form = document.querySelector(".filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); clearTimeout(timer); view = fresh(); fill(); changed(); });

  // The rows.
  const table = $("findings-table"), body = table.tBodies[0], more = $("more"), count = $("count");
  let chosen = [], shown = 0;
  const SORTS = {
    severity: (a, b) => a.severity - b.severity,
    status: (a, b) => STATUS_ORDER.indexOf(data.statuses[a.status]) - STATUS_ORDER.indexOf(data.statuses[b.status]),
    resource: (a, b) => a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0,
    check: (a, b) => check(a).id < check(b).id ? -1 : check(a).id > check(b).id ? 1 : 0,
    account: (a, b) => { const [x, y] = [account(a).join(), account(b).join()]; return x < y ? -1 : x > y ? 1 : 0; },
  };
  const choose = () => {
    const statuses = data.statuses.map((name) => view.status.has(name)), severities = data.severities.map((name) => view.severity.has(name));
    const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
    chosen = results.filter((result) => result.id === view.open && view.open || statuses[result.status] && severities[result.severity]
      && (!view.account || account(result)[0] === view.account)
      && (!view.area || check(result).area === view.area)
      && (!view.check || check(result).id === view.check)
      && (!view.since || result.more.since === view.since)
      && words.every((word) => haystack(result).includes(word)));
    const [key, down] = [view.sort.replace(/^-/, ""), view.sort.startsWith("-")];
    if (SORTS[key]) chosen.sort((a, b) => (down ? -1 : 1) * SORTS[key](a, b) || a.place - b.place);
    for (const button of table.querySelectorAll("[data-sort]")) {
      button.parentNode.setAttribute("aria-sort", button.dataset.sort !== key ? "none" : down ? "descending" : "ascending");
    }
  };
  const section = (title, ...children) => [make("h3", { text: title }), ...children];
  // The check's way to mend it by hand, for this resource: a name is put in only where a shell takes it as it is.
  const PLAIN = /^[A-Za-z0-9._:/][A-Za-z0-9._:/-]{0,255}$/;
  const filled = (text, result) => {
    const id = result.resource, arn = result.more.arn || "", region = data.regions[result.region] || "";
    const names = { REGION: region, ACCOUNT_ID: account(result)[0], ORG_ID: data.organization || "", PARTITION: /^arn:(aws[a-z-]*):/.exec(arn)?.[1] || "", ...({ bucket: { BUCKET: id }, alarm: { ALARM: id },
      vpc: { VPC_ID: id }, "vpc-endpoint": { ENDPOINT_ID: id }, trail: { TRAIL_ARN: arn, HOME_REGION: region } })[result.kind] };
    return text.replace(/\b[A-Z][A-Z_]+\b/g, (word) => Object.hasOwn(names, word) && PLAIN.test(names[word]) ? names[word] : word);
  };
  const mending = (result, extra, entry) => {
    if (extra.mend === undefined) return [];
    const [told, kind] = data.mends[extra.mend], owner = account(result)[0];
    const nodes = section("How to mend it", make("p", {}, ...rich(told)));
    if (extra.command) nodes.push(make("pre", { tabindex: "0", text: extra.command }));
    if (kind && PLAIN.test(owner)) {
      nodes.push(make("p", { text: "The exact change, proved first, changing nothing yet:" }),
        make("pre", { tabindex: "0", text: `exfilguard remediate plan --kind ${kind} --accounts ${owner} --output plan.json` }));
    }
    if (entry.by_hand.length) {
      const fold = make("details", {}, make("summary", { text: "By hand" }));
      for (const [code, text] of entry.by_hand) fold.append(code ? make("pre", { tabindex: "0", text: filled(text, result) }) : make("p", {}, ...rich(text)));
      fold.append(make("p", { class: "sub", text: "What stands in capitals is yours to put in." }));
      nodes.push(fold);
    }
    return nodes;
  };
  const detail = (result) => {
    const { more: extra } = result, entry = check(result), cell = make("td", { colspan: 5, role: "cell" });
    cell.append(make("p", {}, ...rich(result.message)));
    if (extra.exception) {
      const [reason, owner, expires] = extra.exception;
      cell.append(...section("Accepted", make("p", { text: `${reason} (${owner}, until ${expires})` })));
    }
    cell.append(...mending(result, extra, entry));
    if (extra.witness) cell.append(...section("What shows it", make("pre", { tabindex: "0", text: extra.witness })));
    if (extra.evidence) {
      cell.append(...section("Evidence"));
      for (const [operation, resource, pointer, value] of extra.evidence) {
        cell.append(make("p", { class: "source" }, make("code", { text: operation }), " ", resource, " ", make("code", { text: pointer })));
        if (value) cell.append(make("pre", { tabindex: "0", text: value }));
      }
      if (extra.left_out) cell.append(make("p", { text: `… and ${number(extra.left_out)} more readings in the JSON report` }));
    }
    if (entry.why) cell.append(...section("Why it matters", make("p", {}, ...rich(entry.why))));
    for (const link of entry.links || []) {
      if (link.startsWith("https://")) cell.append(make("p", {}, make("a", { href: link, rel: "noreferrer noopener", target: "_blank", text: link })));
    }
    const facts = [extra.arn, data.regions[result.region], extra.assumptions ? `rests on assumptions ${extra.assumptions.join(", ")}` : ""];
    cell.append(make("p", { class: "sub" }, facts.filter(Boolean).join(" · "), " ", make("a", { href: address({ ...fresh(), open: result.id }), text: "Link to this finding" })));
    return make("tr", { class: "detail", role: "row", id: "d" + result.place }, cell);
  };
  // Rows that were never on the screen have an estimated height: the place is known when those around it are.
  const reveal = (node, times) => {
    node.scrollIntoView({ block: "center", behavior: "instant" });
    if (times > 0) requestAnimationFrame(() => reveal(node, times - 1));
  };
  const row = (result) => {
    const { more: extra } = result, entry = check(result), [id, name] = account(result);
    const severity = data.severities[result.severity], status = data.statuses[result.status];
    const unfold = make("button", { type: "button", class: "unfold", "aria-expanded": "false" }, result.resource || "(no name)", " ", make("span", { class: "kind", text: result.kind }));
    const node = make("tr", { class: "row", role: "row" },
      make("td", { role: "cell" }, make("span", { class: "severity " + severity, text: severity })),
      make("td", { role: "cell" }, make("span", { class: "status " + status, text: status }), extra.since === "new" ? make("span", { class: "badge", text: "new" }) : null),
      make("td", { role: "cell" }, unfold, extra.sensitive ? make("span", { class: "badge", text: "sensitive" }) : null, make("span", { class: "message" }, ...rich(result.message))),
      make("td", { role: "cell" }, entry.title, make("span", { class: "sub", text: entry.id })),
      make("td", { role: "cell" }, name || id, name ? make("span", { class: "sub", text: id }) : null, make("span", { class: "sub", text: data.regions[result.region] || "global" })));
    const toggle = (open) => {
      const isOpen = unfold.getAttribute("aria-expanded") === "true";
      if (open === isOpen) return;
      unfold.setAttribute("aria-expanded", String(!isOpen));
      if (isOpen) { node.nextSibling.remove(); unfold.removeAttribute("aria-controls"); } else { node.after(detail(result)); unfold.setAttribute("aria-controls", "d" + result.place); }
    };
    node.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button || !event.target.closest("a") && String(getSelection()) === "") toggle();
    });
    if (view.open === result.id) queueMicrotask(() => { toggle(true); unfold.focus({ preventScroll: true }); reveal(node, 4); });
    return node;
  };
  const append = (limit) => {
    const fragment = document.createDocumentFragment();
    const end = Math.min(chosen.length, shown + limit);
    for (; shown < end; shown += 1) fragment.append(row(chosen[shown]));
    body.append(fragment);
    more.hidden = shown >= chosen.length;
    more.textContent = `Show more (${number(chosen.length - shown)} left)`;
  };
  const draw = () => {
    choose();
    body.replaceChildren();
    shown = 0;
    table.hidden = chosen.length === 0;
    const open = view.open ? chosen.findIndex((result) => result.id === view.open) : -1;
    append(Math.max(CHUNK, open + 1));
    const text = chosen.length === 0 ? (results.length === 0 ? "No results." : "No finding matches the filter.")
      : `${number(chosen.length)} of ${number(results.length)} results`;
    count.textContent = text;
  };
  const changed = () => { view.open = ""; write(); draw(); };
  more.addEventListener("click", () => { const first = shown; append(CHUNK); body.querySelectorAll("tr.row")[first]?.querySelector("button").focus(); });
  table.tHead.addEventListener("click", (event) => {
    const key = event.target.closest("[data-sort]")?.dataset.sort;
    if (!key) return;
    view.sort = view.sort === key ? "-" + key : view.sort === "-" + key ? "" : key;
    changed();
  });
  addEventListener("hashchange", () => { if (read()) { fill(); draw(); if (!view.open) $("findings-title").scrollIntoView(); } });
  // Paper holds a part; it says so.
  const paper = (node, printed, all, noun, how) => {
    node.hidden = printed >= all;
    node.textContent = `On paper: the first ${number(printed)} of ${number(all)} ${noun}${how}.`;
  };
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details.fold")) fold.open = true;
    if (shown < PRINTED) append(PRINTED - shown);
    paper($("paper"), shown, chosen.length, "results", "; a narrower filter prints others");
    if ($("matrix-paper")) paper($("matrix-paper"), $("matrix-table").tBodies[0]?.rows.length ?? 0, data.matrix.length, "buckets", "");
  });

  // The matrix.
  const matrix = $("matrix-table");
  if (matrix && data.matrix.length) {
    const head = make("tr", {}, make("th", { scope: "col", text: "bucket" }));
    for (const [id, title] of data.techniques) head.append(make("th", { scope: "col", title }, make("abbr", { title, text: id })));
    const rows = make("tbody"), panel = $("matrix-path"), button = $("matrix-more");
    matrix.append(make("thead", {}, head), rows);
    let place = 0, pressed = null;
    const explain = (target, owner, bucket, technique, cell) => {
      pressed?.setAttribute("aria-expanded", "false");
      pressed = pressed === target ? null : target;
      panel.replaceChildren();
      if (!pressed) return;
      pressed.setAttribute("aria-expanded", "true");
      const [outcome, possible, path, checks, broken] = cell;
      const told = possible > outcome ? `${data.outcomes[outcome]}, perhaps ${data.outcomes[possible]}` : data.outcomes[outcome];
      const steps = make("ol");
      for (const step of path) steps.append(make("li", {}, ...rich(data.paths[step])));
      const box = make("div", { class: "path" }, make("h3", {}, make("code", { text: bucket }), ` · ${technique[0]} ${technique[1]}: ${told}`), make("p", { class: "aside", text: [technique[2], technique[3]].filter(Boolean).join(" ") }), steps);
      if (broken) box.append(make("p", {}, make("strong", { text: "Breaks first: " }), ...rich(broken)));
      if (checks.length) {
        const links = make("p", {}, "Mended by: ");
        checks.forEach((id, index) => links.append(index ? ", " : "", make("a", { href: "#" + new URLSearchParams({ account: owner, check: id }).toString(), text: id })));
        box.append(links);
      }
      panel.append(box);
      box.scrollIntoView({ block: "nearest" });
    };
    const appendBuckets = () => {
      for (const end = Math.min(data.matrix.length, place + MATRIX_CHUNK); place < end; place += 1) {
        const [owner, bucket, region, cells] = data.matrix[place];
        const [id, name] = data.accounts[owner] || ["", ""];
        const line = make("tr", {}, make("th", { scope: "row", title: `${bucket}, ${region}` }, bucket, make("small", { text: name || id })));
        cells.forEach((cell, index) => {
          if (!cell) { line.append(make("td")); return; }
          const outcome = data.outcomes[cell[0]];
          const target = make("button", { type: "button", class: outcome, title: `${data.techniques[index][1]}: ${outcome}`, "aria-expanded": "false", "aria-label": `${bucket}, ${data.techniques[index][1]}: ${outcome}` }, outcome.charAt(0).toUpperCase() + (cell[1] > cell[0] ? "?" : ""));
          target.addEventListener("click", () => explain(target, id, bucket, data.techniques[index], cell));
          line.append(make("td", {}, target));
        });
        rows.append(line);
      }
      button.hidden = place >= data.matrix.length;
      button.textContent = `Show more buckets (${number(data.matrix.length - place)} left)`;
    };
    button.addEventListener("click", appendBuckets);
    appendBuckets();
  }

  read();
  fill();
  draw();
})();
