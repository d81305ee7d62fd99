// SPDX-License-Identifier: GPL-2.0-or-later
// The timeline: what is in view, and a frame of it.

const RULER = 22;
const GAP = 1;  // between rows

class Timeline {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.canvas = byId("canvas");
    this.scroller = byId("scroller");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.minimap = new Minimap(this);
    this.raster = new Raster(model);
    this.overlay = new Overlay(this.context, this);
    this.span = Math.max(1, model.head.span_ns);
    this.latency = latencyScale(model.requests, this.span, POINTS);
    this.allRows = makeRows(model);
    this.folded = new Set();
    this.view = { from: 0, to: this.span };
    this.history = [];
    this.range = null;
    this.focus = 0;
    this.hasFocus = false;
    this.slice = -1;
    this.picture = null;
    this.found = null;
    this.frames = [];
    this.layout();
  }

  setTheme(name) {
    this.dark = name === "dark";
    this.palette = new Palette(name);
    this.minimap.stale = true;
    this.redraw();
  }

  /** The selected request's rows come first: its CPUs, its socket, its thread; the rest below as it was. */
  ordered() {
    if (!this.picture) return this.allRows;
    const { cpus, thread, socket } = this.picture.places();
    const isMine = (row) => cpus.has(row.cpu) || row.thread === thread || row.socket !== undefined && row.socket === socket;
    const mine = this.allRows.filter(isMine);
    const rank = (row) => (row.cpu !== undefined ? 0 : row.socket !== undefined ? 1 : 2);
    mine.sort((a, b) => rank(a) - rank(b));
    const title = { kind: "group", label: `of request #${this.model.requests.id[this.picture.index]}`, height: 18, id: "mine" };
    mine.splice(mine.findIndex((row) => rank(row) > 0), 0, title);
    const rest = this.allRows.filter((row) => !isMine(row) && !row.pinned);
    return [...this.allRows.filter((row) => row.pinned), ...mine, ...rest.filter((row, i) => row.kind !== "group" || rest[i + 1] && rest[i + 1].kind !== "group")];
  }

  /** Rows that are not folded away, and where they lie. */
  layout() {
    let hidden = false;
    this.rows = this.ordered().filter((row) => {
      if (row.kind === "group") hidden = this.folded.has(row.id);
      return row.kind === "group" || !hidden;
    });
    let y = RULER;
    for (const row of this.rows) {
      row.top = y;
      y += row.height + GAP;
      if (row.kind === "points" || row.kind === "story") this.pinnedTo = y;
    }
    this.total = y;
    byId("spacer").style.height = Math.max(0, y - this.scroller.clientHeight) + "px";
  }

  resize() {
    const width = this.scroller.clientWidth;
    const height = this.scroller.clientHeight;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    this.ratio = ratio;
    this.width = width;
    this.height = height;
    this.gutter = width < 700 ? 110 : 172;
    this.plot = Math.max(10, width - this.gutter);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = width + "px";
    this.canvas.style.height = height + "px";
    this.raster.resize(this.plot, height);
    this.layout();
    this.minimap.resize();
    this.redraw();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (!this.width || byId("timeline").hidden || !this.palette) return;
      const begin = performance.now();
      this.draw();
      this.frames.push(performance.now() - begin);
      if (this.frames.length > 2000) this.frames.shift();
    });
  }

  draw() {
    const { context: c, palette, raster } = this;
    const scroll = this.scroller.scrollTop;
    for (const row of this.rows) row.y = row.pinned ? row.top : row.top - scroll;
    const shown = this.rows.filter((row) => row.y < this.height && row.y + row.height > (row.pinned ? 0 : this.pinnedTo));
    raster.clear(packed(palette.theme.back));
    shown.sort((a, b) => (a.pinned ? 1 : 0) - (b.pinned ? 1 : 0));  // those that stay are painted over those that scroll
    const labels = shown.map((row) => [row, this.paintRow(row)]);
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    c.fillStyle = palette.theme.back;
    c.fillRect(0, 0, this.gutter, this.height);
    this.overlay.gaps(shown);
    this.putRaster();
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "middle";
    this.overlay.grid(this.height);
    this.clipped(this.pinnedTo, () => {
      for (const [row, list] of labels) if (!row.pinned) this.overlay.labels(list, row.y, row.height);
      if (this.picture) this.overlay.path(this.picture);
      if (this.slice >= 0) this.overlay.sliceMark(this.slice);
    });
    this.clipped(RULER, () => this.pinned(shown));
    this.overlay.gapWords(shown);
    this.overlay.selection();
    this.paintGutter(shown);
    this.minimap.draw();
  }

  clipped(top, draw) {
    const { context: c } = this;
    c.save();
    c.beginPath();
    c.rect(this.gutter, top, this.plot, this.height - top);
    c.clip();
    draw();
    c.restore();
  }

  paintRow(row) {
    const { raster, palette, view } = this;
    const labels = [];
    const marked = this.isMarked();
    if (row.pinned) raster.pixels.fill(packed(palette.theme.row), Math.max(0, row.y) * raster.width, (row.y + row.height) * raster.width);
    if (row.kind === "slices") raster.slicesRow(row.track, view, row.y, row.height, palette, marked, labels);
    if (row.kind === "area") {
      raster.line.fill(packed(palette.theme.row));
      raster.spread(row.y, row.height);
      raster.areaRow(row.track, view, row.y, row.height, palette, this.picture && this.picture.socket.cookie !== row.socket);
    }
    if (row.kind === "points") raster.points(this.model.requests, view, row.y, row.height, palette, this.latency);
    return labels;
  }

  /** Which slices stay bright while the rest is dimmed; null: all. */
  isMarked() {
    if (this.found) return (i) => this.found.has(this.model.slices.name[i]);
    if (this.picture) return (i) => this.picture.marked.has(i);
    return null;
  }

  putRaster() {
    const { context: c, raster } = this;
    if (this.ratio === 1) return c.putImageData(raster.image, this.gutter, 0);
    if (!this.buffer || this.buffer.width !== raster.width || this.buffer.height !== raster.height)
      this.buffer = new OffscreenCanvas(raster.width, raster.height);
    this.buffer.getContext("2d").putImageData(raster.image, 0, 0);
    c.imageSmoothingEnabled = false;
    c.drawImage(this.buffer, this.gutter, 0, raster.width, raster.height);
    return undefined;
  }

  pinned(shown) {
    const { context: c, palette } = this;
    for (const row of shown.filter((r) => r.pinned)) {
      if (row.kind === "story" && this.picture) this.overlay.story(row, this.picture);
      if (row.kind !== "points") continue;
      c.fillStyle = palette.theme.dim;
      c.globalAlpha = 0.8;
      c.fillText(duration(this.latency.high), this.gutter + this.plot - 52, row.y + 8);
      c.fillText(duration(this.latency.low), this.gutter + this.plot - 52, row.y + row.height - 8);
      c.globalAlpha = 1;
      if (this.picture) this.ring(row, this.picture.index);
    }
    c.fillStyle = palette.theme.grid;
    c.fillRect(this.gutter, this.pinnedTo - 1, this.plot, 1);
  }

  ring(row, index) {
    const { context: c, palette } = this;
    const { requests } = this.model;
    if (!(requests.total[index] >= 0)) return;
    c.strokeStyle = palette.theme.text;
    c.lineWidth = 2;
    c.beginPath();
    c.arc(this.overlay.x(requests.begin[index]), this.pointY(row, index), 5, 0, 7);
    c.stroke();
  }

  pointY(row, index) {
    return row.y + this.latency.y[index] + 1;
  }

  paintGutter(shown) {
    const { context: c, palette, gutter } = this;
    c.save();
    c.beginPath();
    c.rect(0, 0, this.width, this.height);
    c.clip();
    for (const row of shown) {
      if (row.pinned) {
        c.fillStyle = palette.theme.back;
        c.fillRect(0, row.y, gutter, row.height + GAP);
      }
      if (row.kind === "group") {
        c.fillStyle = palette.theme.group;
        c.fillRect(0, Math.max(row.y, this.pinnedTo), this.width, row.height - Math.max(0, this.pinnedTo - row.y));
      }
      if (row.y + row.height / 2 < this.pinnedTo && !row.pinned) continue;
      const isGroup = row.kind === "group";
      c.fillStyle = isGroup || row.thread && !row.sub ? palette.theme.text : palette.theme.dim;
      c.font = isGroup ? "600 11px system-ui, sans-serif" : "11px system-ui, sans-serif";
      const mark = isGroup ? (this.folded.has(row.id) ? "\u25b8 " : "\u25be ") : "";
      const inset = isGroup ? 6 : 14;
      const room = Math.floor((gutter - inset - 6) / 5.9);
      const text = mark + row.label;
      c.fillText(text.length > room ? text.slice(0, room - 1) + "\u2026" : text, inset, row.y + row.height / 2);
    }
    c.fillStyle = palette.theme.back;
    c.fillRect(0, 0, gutter, RULER);
    c.fillStyle = palette.theme.dim;
    c.font = "11px system-ui, sans-serif";
    c.fillText(`${duration(this.view.to - this.view.from)} in view`, 14, RULER / 2);
    c.fillStyle = palette.theme.grid;
    c.fillRect(gutter - 1, 0, 1, this.height);
    c.restore();
  }

  timeAt(x) {
    return this.view.from + (x - this.gutter) / this.plot * (this.view.to - this.view.from);
  }

  rowAt(y) {
    const pinned = this.rows.findIndex((row) => row.pinned && y >= row.y && y < row.y + row.height + GAP);
    if (pinned >= 0 || y < this.pinnedTo) return pinned;
    return this.rows.findIndex((row) => !row.pinned && y >= row.y && y < row.y + row.height + GAP);
  }

  /** Shows [from, to], at least 100 ns of it, within the recording and a little around it. */
  show(from, to, remember) {
    if (remember) this.history.push({ ...this.view });
    if (this.history.length > 100) this.history.shift();
    const margin = this.span * 0.02;
    const length = Math.min(this.span + 2 * margin, Math.max(100, to - from));
    const middle = (from + to) / 2;
    const low = Math.min(Math.max(middle - length / 2, -margin), this.span + margin - length);
    this.view = { from: low, to: low + length };
    this.app.changed();
    this.redraw();
  }

  zoom(factor, at) {
    const { from, to } = this.view;
    this.show(at - (at - from) * factor, at + (to - at) * factor, false);
  }

  pan(share) {
    const by = (this.view.to - this.view.from) * share;
    this.show(this.view.from + by, this.view.to + by, false);
  }

  fit(from, to) {
    const margin = Math.max(200, (to - from) * 0.12);
    this.show(from - margin, to + margin, true);
  }

  back() {
    const view = this.history.pop();
    if (view) this.show(view.from, view.to, false);
  }

  selectRequest(index) {
    this.picture = index < 0 ? null : new RequestPicture(this.model, index);
    this.layout();
    if (this.picture && !byId("timeline").hidden) this.reveal();
    this.redraw();
  }

  /** The rows of the selected request come first. */
  reveal() {
    this.scroller.scrollTop = 0;
  }

  fold(row) {
    if (!this.folded.delete(row.id)) this.folded.add(row.id);
    this.layout();
    this.redraw();
  }
}

/** The whole recording in one line: how many requests when, the slowest of each moment, and the part in view. */
class Minimap {
  constructor(timeline) {
    this.timeline = timeline;
    this.canvas = byId("minimap");
    this.stale = true;
  }

  resize() {
    this.ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = 40;
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
    this.stale = true;
  }

  /** Painted once for each size and theme, then copied. */
  paint() {
    const { requests } = this.timeline.model;
    const { palette, latency, span } = this.timeline;
    const slowest = new Float64Array(this.width).fill(-1);
    const many = new Uint32Array(this.width);
    for (let i = 0; i < requests.count; ++i) {
      const x = Math.min(this.width - 1, Math.max(0, Math.floor(requests.begin[i] / span * this.width)));
      ++many[x];
      if (requests.total[i] > slowest[x]) slowest[x] = requests.total[i];
    }
    this.background = new OffscreenCanvas(Math.max(1, this.canvas.width), this.canvas.height);
    const c = this.background.getContext("2d");
    c.scale(this.ratio, this.ratio);
    c.fillStyle = palette.theme.row;
    c.fillRect(0, 0, this.width, this.height);
    const most = many.reduce((a, b) => Math.max(a, b), 1);
    for (let x = 0; x < this.width; ++x) {
      if (!many[x]) continue;
      c.fillStyle = palette.theme.faint;
      const tall = Math.max(1, many[x] / most * 18);
      c.fillRect(x, this.height - tall, 1, tall);
      c.fillStyle = slowest[x] >= latency.hotFrom ? palette.theme.hot : palette.theme.accent;
      c.fillRect(x, this.height - 4 - latency.of(slowest[x]) * (this.height - 8), 1, 2);
    }
    for (const loss of this.timeline.model.head.losses) {
      c.fillStyle = palette.theme.loss;
      c.fillRect(loss.from / span * this.width, 0, Math.max(2, (loss.to - loss.from) / span * this.width), 5);
    }
    this.stale = false;
  }

  draw() {
    if (!this.width) return;
    if (this.stale) this.paint();
    const c = this.canvas.getContext("2d");
    const { view, span, palette } = this.timeline;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.drawImage(this.background, 0, 0);
    c.scale(this.ratio, this.ratio);
    const x0 = view.from / span * this.width;
    const x1 = Math.max(x0 + 2, view.to / span * this.width);
    c.fillStyle = palette.theme.back;
    c.globalAlpha = 0.6;
    c.fillRect(0, 0, x0, this.height);
    c.fillRect(x1, 0, this.width - x1, this.height);
    c.globalAlpha = 1;
    c.strokeStyle = palette.theme.accent;
    c.strokeRect(x0 + 0.5, 0.5, Math.max(1, x1 - x0 - 1), this.height - 1);
  }
}
