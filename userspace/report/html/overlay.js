// SPDX-License-Identifier: GPL-2.0-or-later
// What is drawn over the rows: words, losses, the selected request's path and its arrows, the selection.

class Overlay {
  constructor(context, timeline) {
    this.context = context;
    this.timeline = timeline;
  }

  x(time) {
    const { view, plot, gutter } = this.timeline;
    return gutter + (time - view.from) / (view.to - view.from) * plot;
  }

  labels(list, top, height) {
    const { context: c, timeline } = this;
    const { slices } = timeline.model;
    const { label, text: pale, dim } = timeline.palette.theme;
    const marked = timeline.isMarked();
    const onDark = [KIND.blocked, KIND.self, KIND.wait, KIND.unknown];
    for (let k = 0; k < list.length; k += 3) {
      const [i, from, to] = [list[k], list[k + 1], list[k + 2]];
      const kind = slices.kind[i];
      const text = slices.title(i);
      const room = Math.floor((to - from - 6) / 6);
      if (room < 3) continue;
      c.fillStyle = marked && !marked(i) ? dim : timeline.dark && onDark.includes(kind) ? pale : label;
      c.fillText(text.length > room ? text.slice(0, room - 1) + "\u2026" : text, timeline.gutter + from + 4, top + height / 2);
    }
  }

  grid(height) {
    const { context: c, timeline } = this;
    const { view, plot, gutter, palette } = timeline;
    const step = niceStep((view.to - view.from) * 110 / plot);
    c.fillStyle = palette.theme.group;
    c.fillRect(gutter, 0, plot, RULER);
    c.textBaseline = "middle";
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      const x = Math.round(this.x(t));
      c.fillStyle = palette.theme.grid;
      c.globalAlpha = 0.55;
      c.fillRect(x, RULER, 1, height - RULER);
      c.globalAlpha = 1;
      c.fillStyle = palette.theme.dim;
      c.fillRect(x, RULER - 5, 1, 5);
      c.fillText(axis(t, step), x + 4, RULER / 2);
    }
  }

  /** Losses over the rows of their CPU, or over all; times not embedded over everything. Painted before words are. */
  gaps(rowsInView) {
    const { timeline } = this;
    const { losses, kept } = timeline.model.head;
    const { view, raster, palette } = timeline;
    const dim = packed(palette.theme.dim);
    const red = packed(palette.theme.loss);
    for (const [from, to] of kept.left_out) {
      if (to < view.from || from > view.to) continue;
      const [x0, x1] = this.pixels(from, to, 0);
      raster.hatch(x0, x1, timeline.pinnedTo, timeline.height, dim, 9, 1);
    }
    for (const loss of losses) {
      if (loss.to < view.from || loss.from > view.to) continue;
      const [x0, x1] = this.pixels(loss.from, loss.to, 2);
      for (const row of this.rowsOf(loss, rowsInView)) raster.hatch(x0, x1, row.y, row.y + row.height, red, 5, 2);
    }
  }

  pixels(from, to, least) {
    const { plot, gutter } = this.timeline;
    const x0 = Math.max(0, Math.floor(this.x(from) - gutter));
    return [x0, Math.min(plot, Math.max(x0 + least, Math.ceil(this.x(to) - gutter)))];
  }

  rowsOf(loss, rowsInView) {
    return rowsInView.filter((row) => row.kind === "points" || row.kind !== "group" && (loss.cpu === null || row.cpu === loss.cpu));
  }

  gapWords(rowsInView) {
    const { context: c, timeline } = this;
    const { losses, kept } = timeline.model.head;
    const { view, palette, gutter } = timeline;
    const say = (from, to, y, text, colour) => {
      const [x0, x1] = this.pixels(from, to, 0);
      if (to < view.from || from > view.to || x1 - x0 < 80) return;
      c.fillStyle = palette.theme.back;
      c.fillRect(gutter + x0 + 4, y - 8, text.length * 6.2 + 8, 16);
      c.fillStyle = colour;
      c.fillText(text, gutter + x0 + 8, y);
    };
    for (const [from, to] of kept.left_out) say(from, to, timeline.pinnedTo + 10, "not embedded", palette.theme.dim);
    const points = rowsInView.find((row) => row.kind === "points");
    if (points) for (const loss of losses) say(loss.from, loss.to, points.y + 10, grouped(loss.count) + " lost", palette.theme.loss);
  }

  /** The selected request's stages in one row, as in `show`. */
  story(row, picture) {
    const { context: c, timeline } = this;
    const colours = timeline.palette.theme.stages;
    for (const band of picture.bands) {
      const x0 = Math.max(timeline.gutter, this.x(band.from));
      const x1 = Math.min(timeline.gutter + timeline.plot, this.x(band.to));
      if (x1 < timeline.gutter || x0 > timeline.gutter + timeline.plot || x1 < x0) continue;
      c.fillStyle = colours[band.stage];
      c.fillRect(x0, row.y + 3, Math.max(1, x1 - x0 - 1), row.height - 6);
      const text = band.stage + " " + duration(band.to - band.from);
      const room = Math.floor((x1 - x0 - 6) / 6);
      if (room < 3) continue;
      c.fillStyle = timeline.palette.theme.label;
      c.fillText(text.length > room ? text.slice(0, room - 1) + "\u2026" : text, x0 + 4, row.y + row.height / 2);
    }
  }

  /** The critical path as lines under the rows, then the arrows. */
  path(picture) {
    const { context: c, timeline } = this;
    const rowOf = (track) => timeline.rows.find((row) => row.track === track);
    const colours = timeline.palette.theme.stages;
    for (const band of picture.bands) {
      const row = band.track && rowOf(band.track);
      if (!row) continue;
      const x0 = Math.max(timeline.gutter, this.x(band.from));
      const x1 = Math.min(timeline.gutter + timeline.plot, this.x(band.to));
      if (x1 < x0) continue;
      c.fillStyle = colours[band.stage];
      c.fillRect(x0, row.y + row.height - 3, Math.max(1, x1 - x0), 3);
    }
    const { slices } = timeline.model;
    c.lineWidth = 1.5;
    for (const i of picture.marked) this.outline(i, picture.rivals.includes(i), slices, rowOf);
    this.arrows(picture, rowOf);
  }

  outline(i, isRival, slices, rowOf) {
    const { context: c, timeline } = this;
    const row = rowOf(slices.tracks.find((t) => i >= t.first && i < t.last));
    if (!row) return;
    const x0 = Math.max(timeline.gutter, this.x(slices.begin[i]));
    const x1 = Math.min(timeline.gutter + timeline.plot, this.x(slices.end[i]));
    if (x1 < x0) return;
    c.strokeStyle = isRival ? timeline.palette.theme.hot : timeline.palette.theme.text;
    c.setLineDash(isRival ? [4, 3] : []);
    c.strokeRect(x0 + 0.5, row.y + 0.5, Math.max(1, x1 - x0 - 1), row.height - 1);
    c.setLineDash([]);
  }

  arrows(picture, rowOf) {
    const { context: c, timeline } = this;
    c.lineWidth = 1.6;
    let before = null;
    for (const point of picture.points) {
      const row = rowOf(point.track);
      if (!row) continue;
      const here = { x: this.x(point.time), y: row.y + row.height / 2, row };
      if (before && before.row !== row) this.arrow(before, here, timeline.palette.theme.text);
      c.fillStyle = timeline.palette.theme.text;
      c.beginPath();
      c.arc(here.x, here.y, 3, 0, 7);
      c.fill();
      before = here;
    }
  }

  arrow(from, to, colour) {
    const { context: c } = this;
    const down = to.y > from.y ? 1 : -1;
    const bend = Math.min(40, Math.abs(to.y - from.y) / 2 + 6);
    const end = to.y - down * 5;
    c.strokeStyle = colour;
    c.globalAlpha = 0.9;
    c.beginPath();
    c.moveTo(from.x, from.y);
    c.bezierCurveTo(from.x, from.y + down * bend, to.x, end - down * bend, to.x, end);
    c.stroke();
    c.fillStyle = colour;
    c.beginPath();
    c.moveTo(to.x, end + down * 4);
    c.lineTo(to.x - 4, end - down * 4);
    c.lineTo(to.x + 4, end - down * 4);
    c.fill();
    c.globalAlpha = 1;
  }

  /** The chosen range of time, a focused row, the point of the selected request. */
  selection() {
    const { context: c, timeline } = this;
    const { range, palette, gutter, plot, height } = timeline;
    if (range) {
      const x0 = Math.max(gutter, this.x(range.from));
      const x1 = Math.min(gutter + plot, this.x(range.to));
      if (x1 > x0) {
        c.fillStyle = palette.theme.band;
        c.globalAlpha = 0.13;
        c.fillRect(x0, RULER, x1 - x0, height - RULER);
        c.globalAlpha = 1;
        c.fillRect(x0, 0, 1, height);
        c.fillRect(x1 - 1, 0, 1, height);
        c.fillText(duration(range.to - range.from), x0 + 4, RULER + 8);
      }
    }
    const row = timeline.rows[timeline.focus];
    if (row && timeline.hasFocus) {
      c.strokeStyle = palette.theme.accent;
      c.lineWidth = 1;
      c.strokeRect(0.5, row.y + 0.5, gutter - 1, row.height - 1);
    }
  }

  sliceMark(i) {
    const { context: c, timeline } = this;
    const { slices } = timeline.model;
    const row = timeline.rows.find((r) => r.track && i >= r.track.first && i < r.track.last);
    if (!row) return;
    const x0 = this.x(slices.begin[i]);
    c.strokeStyle = timeline.palette.theme.text;
    c.lineWidth = 2;
    c.strokeRect(x0, row.y + 1, Math.max(2, this.x(slices.end[i]) - x0), row.height - 2);
  }
}

/** 1, 2 or 5 times a power of ten, at least `ns`. */
function niceStep(ns) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, ns)));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= ns);
}
