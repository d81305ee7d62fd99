// SPDX-License-Identifier: GPL-2.0-or-later
// Mouse and keyboard of the timeline. The keys are those of Perfetto and magic-trace where they have one.

const KEYS = [
  ["1 2 3", "overview, requests, timeline"],
  ["W S, + -, wheel", "zoom in, out; the wheel at the pointer"],
  ["A D, \u2190 \u2192, drag", "pan"],
  ["\u2191 \u2193", "the row before, after"],
  [", .", "the slice before, after, in the row"],
  ["Enter", "select what is at the middle of the row; fold a group"],
  ["N P", "the next, the previous request"],
  ["] [", "the next slower, the next faster request"],
  ["F", "fit the selection, or the request, into view"],
  ["0, double click", "all of the recording"],
  ["Shift+drag, M", "select a range of time; M selects what is in view"],
  ["drag on the ruler", "zoom into that range"],
  ["Backspace", "the view before"],
  ["/", "search; Enter the next, Shift+Enter the previous"],
  ["T", "dark, light, as the system"],
  ["Escape", "undo the selection, the search"],
  ["?", "these keys"],
];

class TimelineInput {
  constructor(timeline, app) {
    this.timeline = timeline;
    this.app = app;
    this.drag = null;
    const { canvas, scroller } = timeline;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointerleave", () => this.hideTip());
    canvas.addEventListener("dblclick", () => timeline.show(0, timeline.span, true));
    canvas.addEventListener("focus", () => this.focus(true));
    canvas.addEventListener("blur", () => this.focus(false));
    scroller.addEventListener("scroll", () => timeline.redraw());
    this.minimap(timeline.minimap.canvas);
  }

  focus(has) {
    this.timeline.hasFocus = has;
    this.timeline.redraw();
  }

  wheel(event) {
    const { timeline } = this;
    if (event.offsetX < timeline.gutter) return;  // the page scrolls
    event.preventDefault();
    const step = event.deltaMode === 1 ? 30 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
      timeline.pan((event.deltaX || event.deltaY) * step / 1200);
    else
      timeline.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY * step / 400))), timeline.timeAt(event.offsetX));
  }

  down(event) {
    const { timeline } = this;
    if (event.button !== 0) return;
    timeline.canvas.setPointerCapture(event.pointerId);
    const onRuler = event.offsetY < RULER;
    this.drag = { x: event.offsetX, y: event.offsetY, from: timeline.timeAt(event.offsetX), view: { ...timeline.view },
                  scroll: timeline.scroller.scrollTop, ranges: event.shiftKey || onRuler, onRuler, moved: false };
  }

  move(event) {
    const { timeline, drag } = this;
    if (!drag) return this.hover(event);
    const dx = event.offsetX - drag.x;
    const dy = event.offsetY - drag.y;
    if (!drag.moved && Math.abs(dx) + Math.abs(dy) < 4) return undefined;
    if (!drag.moved) timeline.history.push(drag.view);
    drag.moved = true;
    this.hideTip();
    if (drag.ranges) {
      timeline.range = ordered(drag.from, timeline.timeAt(event.offsetX));
      timeline.redraw();
    } else {
      const by = -dx / timeline.plot * (drag.view.to - drag.view.from);
      timeline.show(drag.view.from + by, drag.view.to + by, false);
      timeline.scroller.scrollTop = drag.scroll - dy;
    }
    return undefined;
  }

  up(event) {
    const { timeline, drag } = this;
    this.drag = null;
    if (!drag) return;
    if (!drag.moved) {
      this.pick(event.offsetX, event.offsetY);
    } else if (drag.onRuler && timeline.range) {
      const { from, to } = timeline.range;
      timeline.range = null;
      timeline.show(from, to, false);
    } else if (drag.ranges && timeline.range) {
      this.app.selectRange(timeline.range);
    }
  }

  /** What lies at a place: a request, a slice, or a row. */
  at(x, y) {
    const { timeline } = this;
    const index = timeline.rowAt(y);
    const row = timeline.rows[index];
    if (!row) return {};
    if (x < timeline.gutter) return { row, index };
    const time = timeline.timeAt(x);
    if (row.kind === "points") return { row, index, request: this.requestNear(row, x, y) };
    if (row.kind === "story") return { row, index, request: timeline.picture ? timeline.picture.index : -1 };
    if (!row.track) return { row, index };
    return { row, index, time, slice: this.sliceNear(row.track, x) };
  }

  /** The slice under the pointer; where many share the pixel, the longest. */
  sliceNear(track, x) {
    const { timeline } = this;
    const { slices } = timeline.model;
    const inside = slices.at(track, timeline.timeAt(x));
    if (inside >= 0) return inside;
    const from = firstAbove(slices.begin, timeline.timeAt(x - 2), track.first, track.last);
    const to = firstAbove(slices.begin, timeline.timeAt(x + 2), from, track.last);
    return from < to ? slices.longest.of(from, to) : -1;
  }

  requestNear(row, x, y) {
    const { timeline } = this;
    const { requests } = timeline.model;
    let best = -1;
    let least = 12 * 12;
    for (let i = 0; i < requests.count; ++i) {
      const dx = timeline.overlay.x(requests.begin[i]) - x;
      if (dx > 12 || dx < -12 || !(requests.total[i] >= 0)) continue;
      const dy = timeline.pointY(row, i) - y;
      if (dx * dx + dy * dy < least) {
        least = dx * dx + dy * dy;
        best = i;
      }
    }
    return best;
  }

  pick(x, y) {
    const { timeline, app } = this;
    const hit = this.at(x, y);
    if (!hit.row) return;
    timeline.focus = hit.index;
    if (hit.row.kind === "group") timeline.fold(hit.row);
    else if (hit.request >= 0) app.selectRequest(hit.request);
    else if (hit.slice >= 0) app.selectSlice(hit.slice);
    else app.clear();
  }

  hover(event) {
    const hit = this.at(event.offsetX, event.offsetY);
    const tip = byId("tip");
    const text = this.tipText(hit);
    this.timeline.canvas.style.cursor = event.offsetY < RULER ? "col-resize" : text || hit.row && hit.row.kind === "group" ? "pointer" : "grab";
    if (!text) return this.hideTip();
    tip.textContent = text;
    tip.hidden = false;
    const left = Math.min(event.offsetX + 14, this.timeline.width - tip.offsetWidth - 8);
    tip.style.transform = `translate(${Math.max(0, left)}px, ${event.offsetY + 60}px)`;
    return undefined;
  }

  tipText(hit) {
    const { requests, slices } = this.timeline.model;
    if (hit.row && !hit.row.track && hit.request >= 0)
      return `request #${requests.id[hit.request]}  ${duration(requests.total[hit.request])}  ${requests.threadText(hit.request)}`;
    if (!(hit.slice >= 0)) return hit.row && hit.row.track && hit.time === undefined ? hit.row.label : "";
    const i = hit.slice;
    return `${slices.title(i)}  ${slices.unseen[i] & 2 ? "at least " : ""}${duration(slices.end[i] - slices.begin[i])}`;
  }

  hideTip() {
    byId("tip").hidden = true;
  }

  /** Keys of the timeline. Where a button has the focus, those that a button uses are the button's. */
  key(event) {
    const { timeline, app } = this;
    const free = event.target === timeline.canvas || event.target === document.body || event.target.tagName === "SECTION";
    if (!free && event.key.length > 1) return;
    const middle = (timeline.view.from + timeline.view.to) / 2;
    const small = event.shiftKey ? 0.5 : 0.15;
    const actions = {
      w: () => timeline.zoom(0.75, middle), s: () => timeline.zoom(1 / 0.75, middle),
      "+": () => timeline.zoom(0.75, middle), "=": () => timeline.zoom(0.75, middle), "-": () => timeline.zoom(1 / 0.75, middle),
      a: () => timeline.pan(-small), d: () => timeline.pan(small),
      ArrowLeft: () => timeline.pan(-small), ArrowRight: () => timeline.pan(small),
      ArrowUp: () => this.moveFocus(-1), ArrowDown: () => this.moveFocus(1),
      ",": () => this.step(-1), ".": () => this.step(1), Enter: () => this.enter(),
      0: () => timeline.show(0, timeline.span, true), f: () => app.fit(), Backspace: () => timeline.back(),
      m: () => app.selectRange({ ...timeline.view }),
      Home: () => timeline.show(0, timeline.view.to - timeline.view.from, true),
      End: () => timeline.show(timeline.span - (timeline.view.to - timeline.view.from), timeline.span, true),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  moveFocus(by) {
    const { timeline } = this;
    timeline.focus = Math.max(0, Math.min(timeline.rows.length - 1, timeline.focus + by));
    const row = timeline.rows[timeline.focus];
    const { scroller } = timeline;
    if (!row.pinned) {
      if (row.top - scroller.scrollTop < timeline.pinnedTo) scroller.scrollTop = row.top - timeline.pinnedTo;
      if (row.top + row.height - scroller.scrollTop > timeline.height) scroller.scrollTop = row.top + row.height - timeline.height;
    }
    this.app.say(`${row.label}${row.sub ? ", " + row.sub : ""}${row.track ? ", " + row.track.slices + " slices" : ""}`);
    timeline.redraw();
  }

  /** To the next slice of the focused row. */
  step(by) {
    const { timeline, app } = this;
    const row = timeline.rows[timeline.focus];
    if (!row || !row.track) return app.stepRequest(by);
    const { slices } = timeline.model;
    const inRow = timeline.slice >= row.track.first && timeline.slice < row.track.last;
    const start = inRow ? timeline.slice + by
      : firstAbove(slices.begin, (timeline.view.from + timeline.view.to) / 2, row.track.first, row.track.last) - (by < 0 ? 1 : 0);
    if (start < row.track.first || start >= row.track.last) return undefined;
    const length = timeline.view.to - timeline.view.from;
    const begin = slices.begin[start];
    if (begin < timeline.view.from || begin > timeline.view.to) timeline.show(begin - length / 2, begin + length / 2, true);
    app.selectSlice(start);
    return undefined;
  }

  enter() {
    const { timeline, app } = this;
    const row = timeline.rows[timeline.focus];
    if (!row) return;
    if (row.kind === "group") timeline.fold(row);
    else if (row.track && timeline.slice < 0) this.step(1);
    else app.stepRequest(1);
  }

  minimap(canvas) {
    const { timeline } = this;
    let start = NaN;
    const time = (event) => event.offsetX / canvas.clientWidth * timeline.span;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      start = time(event);
      timeline.history.push({ ...timeline.view });
      const length = timeline.view.to - timeline.view.from;
      timeline.show(start - length / 2, start + length / 2, false);
    });
    canvas.addEventListener("pointermove", (event) => {
      const range = ordered(start, time(event));
      if (range.to - range.from > timeline.span / canvas.clientWidth * 4) timeline.show(range.from, range.to, false);
    });
    canvas.addEventListener("pointerup", () => { start = NaN; });
  }
}

function ordered(a, b) {
  return { from: Math.min(a, b), to: Math.max(a, b) };
}
