// SPDX-License-Identifier: GPL-2.0-or-later
// Joins the views: what is selected, which view is shown, and the fragment of the address that says both.

const VIEWS = ["overview", "requests", "timeline"];

class App {
  constructor(model) {
    this.model = model;
    this.request = -1;
    this.theme = "system";
    this.shown = "overview";
    this.timeline = new Timeline(model, this);
    this.detail = new Detail(model, this);
    this.search = new Search(model, this);
    this.overview = new Overview(model, this);
    this.table = new RequestTable(model, this);
    this.input = new TimelineInput(this.timeline, this);
    byId("file").textContent = model.head.file;
    document.title = model.head.file + " - wakepath report";
    for (const name of VIEWS) byId("tab-" + name).addEventListener("click", () => this.view(name, true));
    byId("theme").addEventListener("click", () => this.nextTheme());
    byId("help-open").addEventListener("click", () => this.help());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("resize", () => this.timeline.resize());
    window.addEventListener("hashchange", () => this.readFragment());
    window.addEventListener("beforeprint", () => this.table.show());
    window.matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.applyTheme());
    this.applyTheme();
    this.readFragment();
    this.ready = true;
  }

  view(name, focus) {
    this.shown = name;
    for (const view of VIEWS) {
      const on = view === name;
      byId(view).hidden = !on;
      byId("tab-" + view).setAttribute("aria-selected", String(on));
      byId("tab-" + view).tabIndex = on ? 0 : -1;
    }
    document.body.dataset.view = name;
    if (name === "timeline") this.timeline.resize();
    if (name === "requests") this.table.show();
    if (focus) this.focusView();
    this.changed();
  }

  focusView() {
    if (this.shown === "timeline") this.timeline.canvas.focus({ preventScroll: true });
    else byId(this.shown).focus({ preventScroll: true });
  }

  selectRequest(i) {
    this.request = i;
    this.timeline.slice = -1;
    this.timeline.range = null;
    this.detail.request(i);
    this.afterPanel();
    this.timeline.selectRequest(i);
    this.table.draw();
    const { requests } = this.model;
    this.say(`request ${requests.id[i]}, ${duration(requests.total[i])}, ${requests.threadText(i)}`);
    this.changed();
  }

  selectSlice(i) {
    this.timeline.slice = i;
    this.detail.slice(i);
    this.afterPanel();
    const { slices } = this.model;
    this.say(`${slices.title(i)}, ${duration(slices.end[i] - slices.begin[i])}`);
    this.timeline.redraw();
  }

  selectRange(range) {
    this.timeline.range = range;
    this.timeline.slice = -1;
    this.detail.range(range);
    this.afterPanel();
    this.say(`${duration(range.to - range.from)} selected`);
    this.timeline.redraw();
  }

  clear() {
    this.request = -1;
    this.timeline.slice = -1;
    this.timeline.range = null;
    this.timeline.selectRequest(-1);
    this.detail.hide();
    this.afterPanel();
    this.table.draw();
    this.changed();
  }

  /** The panel takes room from the timeline. */
  afterPanel() {
    document.body.classList.toggle("has-detail", !byId("detail").hidden);
    if (this.shown === "timeline") this.timeline.resize();
  }

  /** A request somebody asked to see, in the timeline. */
  showExample(i) {
    if (i < 0) return;
    this.view("timeline");
    this.selectRequest(i);
    this.fit();
    this.timeline.reveal();
    this.focusView();
  }

  showTime(from, to) {
    this.view("timeline", true);
    this.timeline.fit(from, to);
  }

  fit() {
    const { timeline } = this;
    const { slices } = this.model;
    this.view("timeline");
    if (timeline.range) timeline.fit(timeline.range.from, timeline.range.to);
    else if (timeline.slice >= 0) timeline.fit(slices.begin[timeline.slice], slices.end[timeline.slice]);
    else if (this.request >= 0) {
      const times = timeline.picture.timed.map((stage) => stage.time);
      if (times.length) timeline.fit(Math.min(...times), Math.max(...times));
    }
    this.focusView();
  }

  /** In order of completion. */
  stepRequest(by) {
    const { requests } = this.model;
    if (!requests.count) return;
    let next = this.request + by;
    if (this.request < 0) next = Math.max(0, requests.begin.findIndex((begin) => begin >= this.timeline.view.from));
    this.goTo(next);
  }

  stepBySpeed(by) {
    const order = this.model.requests.byTotal;
    const at = order.indexOf(this.request);
    this.goTo(at < 0 ? order[order.length - 1] : order[at + by]);
  }

  goTo(i) {
    if (!(i >= 0 && i < this.model.requests.count)) return;
    this.selectRequest(i);
    if (this.shown !== "timeline") return;
    const { view } = this.timeline;
    const begin = this.model.requests.begin[i];
    const end = begin + (this.model.requests.total[i] || 0);
    if (begin < view.from || end > view.to) this.fit();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || byId("help").open) return;
    const typing = /^(INPUT|TEXTAREA)$/.test(event.target.tagName);
    if (typing && event.key !== "Escape") return;
    if (event.target.getAttribute("role") === "tab" && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const at = VIEWS.indexOf(this.shown) + (event.key === "ArrowLeft" ? VIEWS.length - 1 : 1);
      this.view(VIEWS[at % VIEWS.length]);
      byId("tab-" + this.shown).focus();
      return;
    }
    const actions = {
      1: () => this.view("overview", true), 2: () => this.view("requests", true), 3: () => this.view("timeline", true),
      n: () => this.stepRequest(1), p: () => this.stepRequest(-1), "]": () => this.stepBySpeed(1), "[": () => this.stepBySpeed(-1),
      f: () => this.fit(), "/": () => this.search.input.focus(), t: () => this.nextTheme(), "?": () => this.help(),
      Escape: () => this.escape(typing, event.target),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action) {
      event.preventDefault();
      action();
    } else if (this.shown === "timeline") {
      this.input.key(event);
    }
  }

  escape(typing, target) {
    if (typing) target.blur();
    if (this.timeline.found) this.search.leave();
    else this.clear();
    this.focusView();
  }

  help() {
    const dialog = byId("help");
    dialog.replaceChildren(element("h2", { id: "help-title" }, "Keys"),
      element("dl", { class: "keys" }, KEYS.flatMap(([key, text]) => [element("dt", {}, key), element("dd", {}, text)])),
      element("p", { class: "hint" }, "Bright slices belong to the selected request; dashed ones ran on the CPU it waited for. The coloured line under a row is its critical path."),
      element("button", { onclick: () => dialog.close() }, "close"));
    dialog.showModal();
  }

  nextTheme() {
    this.theme = { system: "dark", dark: "light", light: "system" }[this.theme];
    this.applyTheme();
    this.changed();
    this.say(`colours: ${this.theme}`);
  }

  applyTheme() {
    const system = window.matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
    const name = this.theme === "system" ? system : this.theme;
    document.documentElement.dataset.theme = name;
    byId("theme").textContent = this.theme === "system" ? "auto" : this.theme;
    this.timeline.setTheme(name);
  }

  taskText(tid) {
    for (const [key, task] of this.model.taskNames) if (key.startsWith(tid + ".")) return `${task.comm}/${tid}`;
    const { slices } = this.model;
    if (!this.seenTasks) {
      this.seenTasks = new Map();
      for (let i = 0; i < slices.count; ++i)
        if (slices.kind[i] >= KIND.watched && slices.kind[i] <= KIND.self) this.seenTasks.set(slices.a[i], slices.name[i]);
    }
    return this.seenTasks.has(tid) ? `${slices.names[this.seenTasks.get(tid)]}/${tid}` : `task ${tid}`;
  }

  say(text) {
    byId("live").textContent = text;
  }

  /** The fragment follows what is shown, a moment later. */
  changed() {
    if (!this.ready || this.writing) return;
    this.writing = setTimeout(() => {
      this.writing = 0;
      const { timeline, table, model } = this;
      const fragment = new URLSearchParams({ view: this.shown });
      if (this.shown === "timeline") {
        fragment.set("from", Math.round(timeline.view.from));
        fragment.set("to", Math.round(timeline.view.to));
      }
      if (this.request >= 0) fragment.set("request", model.requests.id[this.request]);
      if (table.query) fragment.set("filter", table.query);
      if (this.theme !== "system") fragment.set("theme", this.theme);
      this.fragment = "#" + fragment;
      history.replaceState(null, "", this.fragment);
    }, 150);
  }

  readFragment() {
    if (location.hash === this.fragment) return;
    const fragment = new URLSearchParams(location.hash.slice(1));
    const theme = fragment.get("theme");
    if (theme === "dark" || theme === "light") {
      this.theme = theme;
      this.applyTheme();
    }
    if (fragment.get("filter")) {
      byId("filter").value = fragment.get("filter");
      this.table.filter(fragment.get("filter"));
    }
    const view = fragment.get("view");
    this.view(VIEWS.includes(view) ? view : "overview");
    const i = this.model.requests.indexOf(Number(fragment.get("request")));
    if (i >= 0) this.selectRequest(i);
    const [from, to] = [Number(fragment.get("from")), Number(fragment.get("to"))];
    if (fragment.has("to") && to > from) this.timeline.show(from, to, false);
  }
}

async function main() {
  const begin = performance.now();
  const data = await readData();
  const model = { head: data.head, requests: new Requests(data), slices: new Slices(data) };
  model.taskNames = new Map(data.head.tasks.map(([tid, start, pid, comm]) => [tid + "." + start, { tid, pid, comm }]));
  const app = new App(model);
  document.documentElement.dataset.ready = String(Math.round(performance.now() - begin));
  // For people with a console, and for tests. Nothing here is needed by the page.
  window.wakepath = Object.freeze({ app, model, requestPicture: (i) => new RequestPicture(model, i) });
}

main().catch((error) => {
  byId("notice").hidden = false;
  byId("notice").textContent = "This report can't be shown: " + error.message +
    ". It needs a browser of 2023 or later, and the whole file.";
  document.documentElement.dataset.ready = "failed";
});
