// SPDX-License-Identifier: GPL-2.0-or-later
// The first view: what was traced, what came of it, and the way from every percentile to a request.

const PERCENTILES = [["p50", "p50_ns", 50], ["p90", "p90_ns", 90], ["p99", "p99_ns", 99], ["p99.9", "p999_ns", 99.9],
                     ["max", "max_ns", 100]];

class Overview {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.report = model.head.report;
    const node = byId("overview");
    const parts = [this.tiles(), ...this.warnings(), this.verdict(), this.distribution(), this.blame(), this.stageTable(),
                   element("div", { class: "columns" }, this.mechanisms(), this.wakes(), this.transport(), this.recording()),
                   this.losses(), this.diagnostics()];
    node.append(...parts.filter(Boolean));
  }

  tiles() {
    const { report, model } = this;
    const total = report.stages.total;
    const tile = (name, value, note, action) => element(action ? "button" : "div", { class: "tile", onclick: action },
      element("span", { class: "tile-name" }, name), element("span", { class: "tile-value" }, value),
      element("span", { class: "tile-note" }, note));
    const span = (report.recording.last_ns - report.recording.first_ns) / 1e9;
    const go = (p) => () => this.app.showExample(model.requests.exampleAt(p, model.requests.valuesOf("total")));
    return element("div", { class: "tiles" },
      tile("requests", grouped(report.paths.all), `${percent(report.paths.complete, report.paths.all)} complete`),
      tile("rate", span > 0 ? grouped(report.paths.all / span) + " /s" : "-", `over ${span.toFixed(span < 10 ? 2 : 0)} s`),
      tile("median", duration(total.p50_ns), "show its request", total.n ? go(50) : null),
      tile("p99", duration(total.p99_ns), "show its request", total.n ? go(99) : null),
      tile("slowest", duration(total.max_ns), "show its request", total.n ? go(100) : null),
      tile("wakes per request", report.wakes.reads ? (report.wakes.by_delivery / report.wakes.reads).toFixed(3) : "-",
           `${grouped(report.wakes.by_delivery)} for ${grouped(report.wakes.reads)} reads`),
      tile("lost", grouped(report.loss.events), report.loss.events ? `${grouped(report.loss.paths_nearby)} requests near a loss`
        : "every record arrived"));
  }

  /** What the page does not have, before anything is concluded from it. */
  warnings() {
    const { kept, detailed } = this.model.head;
    const all = this.report.paths.all;
    const out = [];
    const add = (text) => out.push(element("p", { class: "note" }, text));
    if (kept.requests < all)
      add(`This page holds ${grouped(kept.requests)} of ${grouped(all)} requests: all from the 99th percentile up, and every ${kept.every}th of the rest. The numbers in tables are of all of them; examples are from those held.`);
    if (kept.slices < kept.slices_all)
      add(`The timeline holds ${grouped(kept.slices)} of ${grouped(kept.slices_all)} slices: whole windows of about a millisecond, those with the slowest requests first. Hatched times are not embedded.`);
    if (!detailed)
      add("Recorded without --detail timeline: interrupts, other tasks and NAPI polls are not in the timeline, and a softirq is drawn from its entry to the last delivery made in it.");
    if (!this.report.recording.closed_cleanly) add("The recording was not closed: its end is missing.");
    return out;
  }

  section(title, ...children) {
    return element("section", { class: "card" }, element("h2", {}, title), ...children);
  }

  /** What the classifier says of each server, with its evidence. */
  verdict() {
    const { classification } = this.model.head;
    if (!classification || !classification.servers.length) return null;
    return this.section("Verdict", ...classification.servers.map((server) => element("div", {},
      element("p", { class: "verdict" }, `${server.comm} pid ${server.pid}: `, element("b", {}, words(server.class) + (server.kind ? ` (${words(server.kind)})` : "")), server.architecture ? `, ${words(server.architecture)}` : ""),
      element("ul", { class: "plain" }, (server.evidence || []).map((line) => element("li", {}, line)), server.missing ? element("li", { class: "hint" }, "not seen: " + server.missing) : null))));
  }

  /** Totals on a logarithmic axis; every bar leads to a request in it. */
  distribution() {
    const { requests } = this.model;
    if (!requests.byTotal.length) return this.section("How long requests took", element("p", {}, "No request has a total."));
    return this.section("How long requests took",
                        element("p", { class: "hint" }, "From the first stage seen to the end of the read. A bar, or a percentile, leads to one of its requests."),
                        this.histogram(requests.valuesOf("total"), 900, 150, true));
  }

  histogram(values, width, height, withAxis) {
    const bins = logBins(this.model.requests, values, withAxis ? 90 : 40);
    const svg = element("svg:svg", { viewBox: `0 0 ${width} ${height}`, class: withAxis ? "histogram" : "spark", "aria-hidden": !withAxis,
                                     role: withAxis ? "group" : null, "aria-label": withAxis ? "Distribution of totals" : null,
                                     preserveAspectRatio: withAxis ? null : "none" });
    if (!bins) return svg;
    const foot = withAxis ? 22 : 0;
    const step = width / bins.counts.length;
    bins.counts.forEach((count, k) => {
      if (!count) return;
      const tall = Math.max(1.5, Math.sqrt(count / bins.most) * (height - foot - (withAxis ? 18 : 0)));
      const bar = element("svg:rect", { x: (k * step).toFixed(1), y: (height - foot - tall).toFixed(1), width: Math.max(0.5, step - 1).toFixed(1),
                                        height: tall.toFixed(1), class: k >= bins.hot ? "hot" : "cool" });
      if (withAxis) {
        bar.append(element("svg:title", {}, `${grouped(count)} requests of ${duration(bins.edge(k))} to ${duration(bins.edge(k + 1))}`));
        bar.addEventListener("click", () => this.app.showExample(bins.examples[k]));
      }
      svg.append(bar);
    });
    if (withAxis) this.histogramAxis(svg, bins, width, height, foot);
    return svg;
  }

  histogramAxis(svg, bins, width, height, foot) {
    const total = this.report.stages.total;
    for (let power = Math.ceil(Math.log10(bins.low)); power <= Math.log10(bins.high); ++power) {
      const x = bins.place(10 ** power) * width;
      svg.append(element("svg:line", { x1: x, x2: x, y1: height - foot, y2: height - foot + 4, class: "tick" }),
                 element("svg:text", { x: x + 3, y: height - 6, class: "tick-text" }, duration(10 ** power).replace(".00", "").replace(".0", "")));
    }
    let last = -100;
    for (const [name, key] of PERCENTILES.slice(0, 4)) {
      if (total[key] === null) continue;
      const x = Math.min(width - 2, Math.max(0, bins.place(total[key]) * width));
      svg.append(element("svg:line", { x1: x, x2: x, y1: 0, y2: height - foot, class: "mark" }));
      if (x - last > 40) svg.append(element("svg:text", { x: Math.min(x + 3, width - 34), y: 11, class: "mark-text" }, name));
      last = x;
    }
  }

  /** Which causes the slowest hundredth had more of than the middle half, and on whose account. */
  blame() {
    const { blame } = this.report;
    if (!blame || !blame.causes) return null;
    const sum = Object.values(blame.causes).reduce((all, cause) => all + cause.sum_ns, 0);
    const list = Object.entries(blame.causes).sort((a, b) => (b[1].grew_ns || 0) - (a[1].grew_ns || 0) || b[1].sum_ns - a[1].sum_ns);
    const head = ["cause", "share of all time", "mean, middle half", "mean, slow", "grew by", "95 % interval", "first in", "most often", "example"];
    const row = ([name, c]) => element("tr", {}, element("th", { scope: "row" }, words(name)),
      element("td", { class: "number share" }, percent(c.sum_ns, sum), element("meter", { min: 0, max: 1, value: sum ? c.sum_ns / sum : 0, "aria-label": `share of ${words(name)}` })),
      element("td", { class: "number" }, duration(c.middle_mean_ns)), element("td", { class: "number" }, duration(c.slow_mean_ns)),
      element("td", { class: "number" }, duration(c.grew_ns)),
      element("td", { class: "number" }, c.grew_low_ns === null || c.grew_low_ns === undefined ? "-" : `${duration(c.grew_low_ns)} to ${duration(c.grew_high_ns)}`),
      element("td", { class: "number" }, c.first_in === undefined ? "-" : grouped(c.first_in)), element("td", {}, c.culprit || ""),
      element("td", {}, c.example ? element("button", { class: "link", onclick: () => this.showId(c.example) }, "#" + c.example) : ""));
    return this.section("Who is to blame",
      element("p", { class: "hint" }, blame.slow ? `The slowest hundredth (${grouped(blame.slow.n)} requests, from ${duration(blame.slow.from_ns)}) against the middle half. The causes of a request add up to its total.`
        : "Fewer than 100 requests: no groups to compare, only sums."),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Causes" }, element("table", {},
        element("thead", {}, element("tr", {}, head.map((t) => element("th", { scope: "col" }, t)))), element("tbody", {}, list.map(row)))));
  }

  showId(id) {
    const i = this.model.requests.indexOf(id);
    if (i >= 0) this.app.showExample(i);
    else this.app.say(`request ${id} is not embedded`);
  }

  stageTable() {
    const { report } = this;
    const order = this.stageOrder();
    const sum = report.stages.total.sum_ns;
    const head = ["stage", "distribution", "requests", ...PERCENTILES.map((p) => p[0]), "share"];
    const rows = order.map((name) => this.stageRow(name, report.stages[name], sum)).filter(Boolean);
    return this.section("Where the time went",
      element("p", { class: "hint" }, "From the stage before to this one. A time leads to a request that took it."),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Times of stages" }, element("table", { class: "stages" },
        element("thead", {}, element("tr", {}, head.map((text) => element("th", { scope: "col" }, text)))),
        element("tbody", {}, rows))), this.untimed());
  }

  /** As most requests have it: loopback hands over before it raises. */
  stageOrder() {
    const { requests } = this.model;
    const uses = new Uint32Array(requests.patterns.length);
    for (const p of requests.pattern) ++uses[p];
    const best = uses.indexOf(uses.reduce((a, b) => Math.max(a, b), 0));
    const order = (requests.patterns[best] || requests.stages.map((_, i) => [i])).map((row) => requests.stages[row[0]]);
    const after = order.filter((name) => name === "reply" || name === "xmit");
    return [...order.filter((name) => !after.includes(name)), "unknown", "total", ...after];
  }

  stageRow(name, row, sum) {
    if (!row || !row.n) return null;
    const { requests } = this.model;
    const values = requests.valuesOf(name);
    const timed = row.first !== row.n || !row.first;
    const cells = PERCENTILES.map(([label, key, p]) => element("td", { class: "number" }, row[key] === null ? "-"
      : element("button", { class: "link", title: `show the request at ${label} of ${name}`, onclick: () => this.app.showExample(requests.exampleAt(p, values), name) }, duration(row[key]))));
    const inTotal = name !== "reply" && name !== "xmit" && name !== "total";
    const share = inTotal && sum ? row.sum_ns / sum : 0;
    return element("tr", { class: name === "total" ? "sum" : "" },
      element("th", { scope: "row" }, element("span", { class: "dot stage-" + name, "aria-hidden": "true" }), name),
      element("td", { class: "spark-cell" }, timed ? this.histogram(values, 110, 18, false) : ""),
      element("td", { class: "number" }, grouped(row.n)), ...cells,
      element("td", { class: "number share" }, inTotal ? [percent(row.sum_ns, sum), element("meter", { min: 0, max: 1, value: share.toFixed(4), "aria-label": `share of ${name}` })] : ""));
  }

  /** Stages that have no time of their own, with their reasons. */
  untimed() {
    const rows = [];
    for (const name of this.model.requests.stages) {
      const stage = this.report.stages[name];
      for (const [seen, reasons] of Object.entries(stage && stage.reasons || {}))
        for (const [reason, count] of Object.entries(reasons)) rows.push([name, words(seen), words(reason), count]);
    }
    if (!rows.length) return null;
    return element("details", {}, element("summary", {}, "Stages without a time of their own, and inferred ones"),
      element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, ["stage", "", "because", "requests"].map((t) => element("th", { scope: "col" }, t)))),
        element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell, k) => element("td", { class: k === 3 ? "number" : "" }, k === 3 ? grouped(cell) : cell))))))));
  }

  bars(counts, total) {
    const list = Object.entries(counts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
    return element("ul", { class: "bars" }, list.map(([name, n]) => element("li", {},
      element("span", { class: "bar-name" }, words(name)), element("span", { class: "bar-number" }, `${grouped(n)}  ${percent(n, total)}`),
      element("meter", { min: 0, max: Math.max(1, total), value: n, "aria-label": words(name) }))));
  }

  mechanisms() {
    const { mechanisms, threads } = this.report;
    return this.section("How readers waited", element("p", { class: "hint" }, "The kernel's wait queue of the socket, when the data arrived."),
      this.bars(mechanisms, this.report.paths.all),
      element("ul", { class: "plain" }, threads.slice(0, 8).map((t) => element("li", {}, element("b", {}, `${t.comm}/${t.tid}`), ` ${grouped(t.reads_woken)} of ${grouped(t.reads)} reads woken`))));
  }

  wakes() {
    const { wakes } = this.report;
    const counts = { "woken for it": wakes.paths_woken_observed, "woken for it, inferred": wakes.paths_woken_inferred, "not known": wakes.paths_unknown };
    for (const [reason, n] of Object.entries(wakes.not_needed)) counts["no wake needed: " + words(reason)] = n;
    return this.section("Wakes", this.bars(counts, this.report.paths.all));
  }

  transport() {
    const { transports, devices, totals } = this.report;
    return this.section("Transport", this.bars(transports, this.report.paths.all),
      element("ul", { class: "plain" }, Object.entries(devices).map(([name, d]) => element("li", {}, element("b", {}, name), ` ${d.kind} ${grouped(d.paths)}`)),
        totals.drops ? element("li", {}, `${grouped(totals.drops)} packets dropped`) : null));
  }

  recording() {
    const { recording } = this.report;
    const started = new Date((recording.first_ns + recording.realtime_offset_ns) / 1e6);
    const rows = [["traced", recording.target], ["command", recording.command], ["kernel", `${recording.kernel} ${recording.arch}, ${recording.cpus} CPUs`],
                  ["began", Number.isNaN(started.getTime()) ? "-" : started.toISOString().replace("T", " ").replace("Z", " UTC")],
                  ["events", grouped(recording.events)], ["wakepath", recording.tool_version]];
    return this.section("Recording", element("dl", {}, rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
      recording.missing_hooks.length ? element("p", { class: "note" }, "Hooks missing: " + recording.missing_hooks.map((h) => `${h.name} (${h.reason})`).join(", ")) : null);
  }

  losses() {
    const { losses } = this.model.head;
    if (!losses.length) return null;
    return this.section("Losses", element("ul", { class: "plain" }, losses.slice(0, 50).map((loss) => element("li", {},
      element("button", { class: "link", onclick: () => this.app.showTime(loss.from, loss.to) }, `${axis(loss.from, 1e5)}`),
      ` ${loss.cpu === null ? "all CPUs" : "CPU " + loss.cpu}: ${loss.count ? grouped(loss.count) + " records" : "records"}, ${loss.why}`)),
      losses.length > 50 ? element("li", {}, `and ${grouped(losses.length - 50)} more`) : null));
  }

  diagnostics() {
    const list = this.report.diagnostics;
    if (!list.length) return null;
    return this.section("Imperfections", element("ul", { class: "plain" }, list.map((d) => element("li", {}, element("b", {}, words(d.severity)), ` ${grouped(d.count)} ${d.sentence}`))));
  }
}

function words(name) {
  return String(name).replace(/_/g, " ");
}

/** Counts on a logarithmic axis, with one request for each. null: there are none. */
function logBins(requests, values, count) {
  let low = Infinity;
  let high = 0;
  let n = 0;
  for (let i = 0; i < requests.count; ++i) {
    const value = values(i);
    if (!(value >= 0)) continue;
    ++n;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!n) return null;
  low = Math.max(1, low);
  high = Math.max(high, low * 1.05);
  const scale = 1 / Math.log(high / low);
  const place = (ns) => Math.log(Math.max(1, ns) / low) * scale;
  const counts = new Array(count).fill(0);
  const examples = new Array(count).fill(-1);
  for (let i = 0; i < requests.count; ++i) {
    const value = values(i);
    if (!(value >= 0)) continue;
    const bin = Math.min(count - 1, Math.max(0, Math.floor(place(value) * count)));
    ++counts[bin];
    examples[bin] = i;
  }
  let above = 0;
  let hot = count;
  while (hot > 0 && above + counts[hot - 1] <= n / 100) above += counts[--hot];
  return { counts, examples, place, low, high, hot, most: Math.max(...counts), edge: (k) => low * (high / low) ** (k / count) };
}
