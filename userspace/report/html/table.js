// SPDX-License-Identifier: GPL-2.0-or-later
// All requests as a table: sorted, filtered, a page at a time.

const PAGE = 100;

class RequestTable {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.sort = { name: "total", down: true };
    this.page = 0;
    this.query = "";
    const { requests } = model;
    this.columns = [
      ["id", "request", (i) => requests.id[i], (i) => "#" + requests.id[i]],
      ["begin", "start", (i) => requests.begin[i], (i) => (requests.begin[i] / 1e6).toFixed(3) + " ms"],
      ["total", "total", (i) => requests.total[i], (i) => duration(requests.total[i])],
      ["stage", "most of it", (i) => requests.most[i], (i) => this.stageText(i)],
      ["blame", "to blame most", (i) => (requests.firstCause(i) || [-1])[0], (i) => this.blameText(i)],
      ["thread", "thread", (i) => requests.thread[i], (i) => requests.threadText(i)],
      ["socket", "socket", (i) => requests.socket[i], (i) => requests.socketText(i)],
      ["bytes", "bytes", (i) => requests.bytes[i], (i) => grouped(requests.bytes[i])],
      ["sure", "", (i) => requests.flags[i] & 3, (i) => this.sureText(i)],
    ];
    byId("filter").addEventListener("input", () => this.filter(byId("filter").value));
    byId("filter-form").addEventListener("submit", (event) => event.preventDefault());
    this.stale = true;  // filtered and sorted when it is first looked at
  }

  show() {
    if (this.stale) this.filter(this.query);
  }

  stageText(i) {
    const { requests } = this.model;
    const stage = requests.mostStage[i];
    return requests.most[i] ? `${stage < 0 ? "unknown" : requests.stages[stage]} ${percent(requests.most[i], requests.total[i])}` : "";
  }

  blameText(i) {
    const { requests } = this.model;
    const first = requests.firstCause(i);
    return first ? `${requests.causes[first[0]]} ${percent(first[1], requests.total[i])}` : "";
  }

  sureText(i) {
    const flags = this.model.requests.flags[i];
    return flags & FLAG.lossNearby ? "near a loss" : flags & FLAG.complete ? "" : "incomplete";
  }

  filter(query) {
    this.query = query;
    this.stale = false;
    const keeps = this.compile(query);
    const { requests } = this.model;
    this.rows = [];
    for (let i = 0; i < requests.count; ++i) if (keeps(i)) this.rows.push(i);
    this.page = 0;
    this.order();
    this.app.changed();
  }

  /** "total>1ms running>200us redis incomplete": all must hold. */
  compile(query) {
    const { requests } = this.model;
    const tests = query.trim().split(/\s+/).filter(Boolean).map((word) => {
      const match = /^([a-z]+)([<>])(.+)$/i.exec(word);
      const limit = match ? parseDuration(match[3]) : NaN;
      const known = match && (match[1] === "bytes" || match[1] === "total" || match[1] === "unknown" || requests.stages.includes(match[1]));
      if (known && !Number.isNaN(limit)) {
        const value = match[1] === "bytes" ? (i) => requests.bytes[i] : requests.valuesOf(match[1]);
        return match[2] === ">" ? (i) => value(i) > limit : (i) => value(i) < limit;
      }
      const text = word.toLowerCase();
      return (i) => this.columns.some(([name, , , show]) => name !== "begin" && show(i).toLowerCase().includes(text));
    });
    return (i) => tests.every((test) => test(i));
  }

  order() {
    const { name, down } = this.sort;
    const key = this.columns.find((c) => c[0] === name)[2];
    const sign = down ? -1 : 1;
    const values = Float64Array.from({ length: this.model.requests.count }, (_, i) => { const v = key(i); return v >= 0 || v < 0 ? v : -1; });
    this.rows.sort((a, b) => sign * (values[a] - values[b]) || a - b);
    this.draw();
  }

  draw() {
    if (this.stale) return;
    const pages = Math.max(1, Math.ceil(this.rows.length / PAGE));
    this.page = Math.max(0, Math.min(this.page, pages - 1));
    const first = this.page * PAGE;
    const shown = this.rows.slice(first, first + PAGE);
    const turn = (text, by, off) => element("button", { disabled: off, onclick: () => { this.page += by; this.draw(); } }, text);
    byId("table").replaceChildren(
      element("div", { class: "pager" },
        element("span", { role: "status" }, this.rows.length ? `${grouped(first + 1)} to ${grouped(first + shown.length)} of ${grouped(this.rows.length)}` : "no request fits"),
        turn("before", -1, this.page === 0), turn("next", 1, this.page >= pages - 1)),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Requests" }, element("table", { class: "requests" },
        element("thead", {}, element("tr", {}, this.columns.map((c) => this.headCell(c)))),
        element("tbody", {}, shown.map((i) => this.row(i))))));
  }

  headCell([name, title]) {
    const sorted = this.sort.name === name;
    const click = () => {
      this.sort = { name, down: sorted ? !this.sort.down : true };
      this.page = 0;
      this.order();
      this.app.changed();
    };
    return element("th", { scope: "col", "aria-sort": sorted ? (this.sort.down ? "descending" : "ascending") : "none" },
      title ? element("button", { class: "link", onclick: click }, title, sorted ? (this.sort.down ? " \u25be" : " \u25b4") : "") : element("span", { class: "sr" }, "certainty"));
  }

  row(i) {
    const selected = this.app.request === i;
    return element("tr", { class: selected ? "selected" : "", "data-request": this.model.requests.id[i] },
      this.columns.map(([name, , , show]) => {
        const number = name === "id" || name === "begin" || name === "total" || name === "bytes";
        const content = name === "id" ? element("button", { class: "link", onclick: () => this.app.selectRequest(i) }, show(i)) : show(i);
        return element("td", { class: number ? "number" : name }, content);
      }));
  }
}
