// SPDX-License-Identifier: GPL-2.0-or-later
// The panel beside the views: one request with its evidence, one slice, or a range of time.

const MARKS = [["+", "observed"], ["~", "inferred"], ["-", "not needed"], ["-", "not applicable"], ["?", "unknown"]];

class Detail {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.node = byId("detail");
  }

  hide() {
    this.node.hidden = true;
  }

  show(title, ...children) {
    this.node.replaceChildren(element("div", { class: "detail-head" }, element("h2", {}, title),
      element("button", { class: "close", title: "close (Escape)", "aria-label": "close", onclick: () => this.app.clear() }, "\u00d7")), ...children.filter(Boolean));
    this.node.hidden = false;
  }

  request(i) {
    const { requests } = this.model;
    const story = requests.story(i);
    const socket = requests.sockets[requests.socket[i]];
    const rank = requests.total[i] >= 0 ? requests.byTotal.indexOf(i) + 1 : 0;
    const state = requests.flags[i] & FLAG.lossNearby ? "records were lost nearby" : requests.flags[i] & FLAG.complete ? "complete" : "incomplete";
    this.show(`Request #${requests.id[i]}`,
      element("p", { class: "big" }, duration(requests.total[i]), element("span", { class: "hint" }, rank ? `  slower than ${percent(rank - 1, requests.byTotal.length)} of those here` : "")),
      element("p", { class: "facts" }, element("b", {}, requests.threadText(i)), ` pid ${requests.threads[requests.thread[i]].pid}`, element("br"),
        socket.local ? `${socket.protocol} ${socket.local} <- ${socket.peer}` : socket.protocol === "unknown" ? "no socket known, as of a pipe" : socket.protocol, element("br"), `${grouped(requests.bytes[i])} bytes, ${state}`),
      this.buttons(), this.waterfall(i, story),
      element("p", { class: "hint" }, "+ observed  ~ inferred  ? unknown  - not needed or not applicable"), this.blame(i));
  }

  /** Whose its time was: shares that add up to the total. */
  blame(i) {
    const shares = this.model.requests.blame(i);
    if (!shares.length) return null;
    const total = this.model.requests.total[i];
    let from = 0;
    return element("section", {}, element("h3", {}, "To blame"), element("ol", { class: "waterfall blame" }, shares.map((share) => {
      const [sign, seen] = MARKS[share.seen];
      const bar = this.bar({ name: share.cause === "unknown" ? "unknown" : "blame", delta: share.ns, offset: from += share.ns }, total);
      return element("li", {}, element("div", { class: "line" }, element("span", { class: `sign seen-${share.seen}`, title: seen }, sign),
        element("span", { class: "stage" }, share.cause), element("span", { class: "delta" }, duration(share.ns)),
        element("span", { class: "offset" }, percent(share.ns, total))), bar, element("div", { class: "evidence" }, share.words));
    })));
  }

  buttons() {
    const button = (text, title, action) => element("button", { title, onclick: action }, text);
    return element("div", { class: "buttons" }, button("in the timeline", "show it there (f)", () => this.app.fit()),
      button("faster", "the next faster one ([)", () => this.app.stepBySpeed(-1)), button("slower", "the next slower one (])", () => this.app.stepBySpeed(1)),
      button("previous", "the one before (p)", () => this.app.stepRequest(-1)), button("next", "the one after (n)", () => this.app.stepRequest(1)));
  }

  waterfall(i, story) {
    const total = this.model.requests.total[i];
    return element("ol", { class: "waterfall" }, story.map((stage) => {
      const timed = !Number.isNaN(stage.time);
      const [sign, seen] = MARKS[stage.seen];
      return element("li", { class: timed ? "" : "untimed" },
        element("div", { class: "line" }, element("span", { class: `sign seen-${stage.seen}`, title: seen }, sign),
          element("span", { class: "stage" }, element("span", { class: `dot stage-${stage.hidesUnknown ? "unknown" : stage.name}`, "aria-hidden": "true" }), stage.name),
          element("span", { class: "delta" }, timed && !Number.isNaN(stage.delta) ? duration(stage.delta) : timed ? "start" : ""),
          element("span", { class: "offset" }, timed && stage.offset ? "+" + duration(stage.offset) : ""),
          element("span", { class: "cpu" }, stage.cpu >= 0 ? "cpu " + stage.cpu : "")),
        timed && stage.delta >= 0 ? this.bar(stage, total) : null,
        element("div", { class: "evidence" }, [stage.context, stage.evidence].filter(Boolean).join(": ")));
    }));
  }

  bar(stage, total) {
    const from = Math.min(100, 100 * (stage.offset - stage.delta) / Math.max(1, total));
    const width = Math.max(0.6, Math.min(100 - from, 100 * stage.delta / Math.max(1, total)));
    const name = stage.hidesUnknown ? "unknown" : stage.name;
    return element("svg:svg", { class: "bar-line", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
      element("svg:rect", { x: Math.min(99.4, from), y: 0, width, height: 4, class: "fill-" + name }));
  }

  slice(i) {
    const { slices } = this.model;
    const track = slices.tracks.find((t) => i >= t.first && i < t.last);
    const kind = slices.kind[i];
    const length = slices.end[i] - slices.begin[i];
    const rows = [["what", KIND_TEXT[kind]], ["began", slices.unseen[i] & 1 ? "earlier than " + axis(slices.begin[i], 1) : axis(slices.begin[i], 10)],
                  ["took", (slices.unseen[i] ? "at least " : "") + duration(length)], ...this.sliceFacts(kind, slices.a[i], slices.b[i])];
    rows.push(["where", track.lane < LANE.state ? "CPU " + track.key : track.lane === LANE.unread ? "socket " + track.key : "thread " + track.tid]);
    this.show(slices.title(i) || KIND_TEXT[kind], element("dl", {}, rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
      element("div", { class: "buttons" }, element("button", { onclick: () => this.app.fit() }, "fit into view")), this.requestsOf(i, track));
  }

  sliceFacts(kind, a, b) {
    const task = (tid) => (tid ? this.app.taskText(tid) : "the idle task");
    switch (kind) {
      case KIND.irq: return [["line", a], ["interrupted", task(b)]];
      case KIND.timer: return [["interrupted", task(b)]];
      case KIND.softirq: return [["ran over", task(b)]];
      case KIND.napi: return [["packets", `${a} of at most ${b}`], ["began", "with the softirq, or after the poll before"]];
      case KIND.running: return [["on", "CPU " + a]];
      case KIND.runnable: case KIND.preempted: return [["then on", "CPU " + a], ["ran there before", task(b)]];
      case KIND.blocked: return [["state", a === 2 ? "uninterruptible" : a === 1 ? "interruptible" : a]];
      case KIND.wait: case KIND.read: case KIND.send: case KIND.accept: return [["returned", a], ["descriptor", b < 0 ? "-" : b]];
      case KIND.watched: case KIND.other: case KIND.kernel: case KIND.self: return [["left", b ? "to sleep" : "still runnable"]];
      default: return [];
    }
  }

  /** Requests whose time overlaps a slice of their own thread, socket or CPU. */
  requestsOf(i, track) {
    const { requests, slices } = this.model;
    const list = [];
    for (let r = 0; r < requests.count && list.length < 8; ++r) {
      if (!(requests.begin[r] <= slices.end[i] && requests.begin[r] + requests.total[r] >= slices.begin[i])) continue;
      const thread = requests.threads[requests.thread[r]];
      if (track.lane >= LANE.state && track.lane < LANE.unread && (thread.tid !== track.tid || thread.start !== track.start)) continue;
      if (track.lane === LANE.unread && requests.sockets[requests.socket[r]].cookie !== track.key) continue;
      list.push(r);
    }
    if (!list.length) return null;
    return element("div", {}, element("h3", {}, "Requests under way"), element("ul", { class: "plain" }, list.map((r) => element("li", {},
      element("button", { class: "link", onclick: () => this.app.selectRequest(r) }, `#${requests.id[r]}`), ` ${duration(requests.total[r])}`))));
  }

  /** Statistics of a range of time. */
  range({ from, to }) {
    const { requests } = this.model;
    const inside = Array.from(requests.byTotal).filter((i) => requests.begin[i] >= from && requests.begin[i] <= to);
    const at = (p) => inside[Math.max(0, Math.ceil(inside.length * p / 100) - 1)];
    const rows = inside.length ? [["p50", at(50)], ["p90", at(90)], ["p99", at(99)], ["max", inside[inside.length - 1]]] : [];
    const lost = this.model.head.losses.filter((loss) => loss.from <= to && loss.to >= from).reduce((n, loss) => n + loss.count, 0);
    this.show(duration(to - from) + " selected",
      element("p", {}, `${grouped(inside.length)} requests begin here, ${lost ? grouped(lost) + " records lost" : "nothing lost"}`),
      rows.length ? element("dl", {}, rows.flatMap(([name, i]) => [element("dt", {}, name), element("dd", {}, element("button", { class: "link", onclick: () => this.app.selectRequest(i) }, duration(requests.total[i])))])) : null,
      element("div", { class: "buttons" }, element("button", { onclick: () => this.app.fit() }, "zoom into it")),
      element("h3", {}, "What took the time"), this.takers(from, to));
  }

  /** By row and name: how often, how long, the longest. */
  takers(from, to) {
    const { slices } = this.model;
    const sums = new Map();
    for (const track of slices.tracks) {
      if (track.lane === LANE.unread) continue;
      let i = Math.max(track.first, firstAbove(slices.begin, from, track.first, track.last) - 1);
      for (; i < track.last && slices.begin[i] < to; ++i) {
        const length = Math.min(to, slices.end[i]) - Math.max(from, slices.begin[i]);
        if (length < 0) continue;
        const key = `${track.lane < LANE.state ? "CPU " + track.key : track.tid}\u0000${slices.kind[i]}\u0000${slices.name[i]}\u0000${slices.kind[i] >= KIND.watched && slices.kind[i] <= KIND.self ? slices.a[i] : ""}`;
        const sum = sums.get(key) || { i, lane: track.lane, where: key.split("\u0000")[0], count: 0, ns: 0, most: 0 };
        ++sum.count;
        sum.ns += length;
        sum.most = Math.max(sum.most, length);
        sums.set(key, sum);
      }
    }
    const list = [...sums.values()].sort((a, b) => b.ns - a.ns).slice(0, 40);
    return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What took the time" }, element("table", {},
      element("thead", {}, element("tr", {}, ["where", "what", "times", "sum", "longest"].map((t) => element("th", { scope: "col" }, t)))),
      element("tbody", {}, list.map((s) => element("tr", {}, element("td", {}, s.where), element("td", {}, slices.title(s.i)), element("td", { class: "number" }, grouped(s.count)),
        element("td", { class: "number" }, duration(s.ns)), element("td", { class: "number" }, duration(s.most)))))));
  }
}
