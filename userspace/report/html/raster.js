// SPDX-License-Identifier: GPL-2.0-or-later
// Rows of slices, painted pixel by pixel into one image: what a frame costs depends on the pixels, not on the slices.

class Raster {
  constructor(model) {
    this.slices = model.slices;
    this.colours = colourNumbers(model.slices);
    this.width = this.height = 0;
  }

  resize(width, height) {
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    this.image = new ImageData(Math.max(1, width), Math.max(1, height));
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.line = new Uint32Array(Math.max(1, width));
  }

  clear(colour) {
    this.pixels.fill(colour);
  }

  /** Copies the line to `height` lines from `top`. */
  spread(top, height) {
    const from = Math.max(0, top);
    const to = Math.min(this.height, top + height);
    for (let y = from; y < to; ++y) this.pixels.set(this.line, y * this.width);
  }

  /** A row of slices. `labels` gets [i, x0, x1] of those wide enough for words. */
  slicesRow(track, view, top, height, palette, marked, labels) {
    const { begin, end, busy } = this.slices;
    const { line, width } = this;
    const scale = width / (view.to - view.from);
    const back = packed(palette.theme.row);
    const shades = marked ? palette.dimmed : palette.covered;
    line.fill(back);
    let i = firstAbove(begin, view.from, track.first, track.last) - 1;
    if (i < track.first || end[i] < view.from) ++i;
    while (i < track.last && begin[i] < view.to) {
      const x0 = (begin[i] - view.from) * scale;
      const x1 = (end[i] - view.from) * scale;
      if (x1 - x0 >= 2) {
        const from = Math.max(0, Math.round(x0));
        const to = Math.min(width, Math.max(from + 1, Math.round(x1)));
        const list = marked && marked(i) ? palette.covered : shades;
        const colour = list[this.colours[i] * palette.shades + palette.shades - 1];
        line.fill(colour, from, to);
        if (to - from > 3 && to < width) line[to - 1] = mixed(colour, back, 0.55);
        if (to - from >= 26) labels.push(i, from, to);
        ++i;
      } else {
        const x = Math.max(0, Math.floor(x0));
        let next = firstAboveNear(begin, view.from + (x + 1) / scale, i, track.last);
        if (next > i + 1 && (end[next - 1] - begin[next - 1]) * scale >= 2) --next;
        const share = Math.min(1, (busy[next] - busy[i]) * scale);
        const dominant = next - i === 1 ? i : this.slices.longest.roughly(i, next);
        const shade = Math.min(palette.shades - 1, Math.floor(share * palette.shades));
        const list = marked && marked(dominant) ? palette.covered : shades;
        if (x < width) line[x] = list[this.colours[dominant] * palette.shades + shade];
        i = next;
      }
    }
    this.spread(top, height);
  }

  /** Unread bytes as an area: of each pixel the most. */
  areaRow(track, view, top, height, palette, dim) {
    const { begin, end, a } = this.slices;
    const { width } = this;
    const scale = width / (view.to - view.from);
    const heights = this.line.fill(0);
    let i = firstAbove(begin, view.from, track.first, track.last) - 1;
    if (i < track.first || end[i] < view.from) ++i;
    const factor = (height - 3) / Math.sqrt(track.most);
    while (i < track.last && begin[i] < view.to) {
      const from = Math.max(0, Math.floor((begin[i] - view.from) * scale));
      const to = Math.min(width, Math.max(from + 1, Math.ceil((end[i] - view.from) * scale)));
      const next = to - from > 1 ? i + 1 : firstAboveNear(begin, view.from + (from + 1) / scale, i, track.last);
      const most = next - i === 1 ? i : this.slices.largest.of(i, next);
      const tall = Math.max(1, Math.round(Math.sqrt(a[most]) * factor));
      for (let x = from; x < to; ++x) if (heights[x] < tall) heights[x] = tall;
      i = next;
    }
    const shades = dim ? palette.dimmed : palette.covered;
    const body = shades[KIND.unread * palette.shades + 2];
    const edge = shades[KIND.unread * palette.shades + palette.shades - 1];
    for (let x = 0; x < width; ++x) {
      for (let k = 0; k < heights[x]; ++k) {
        const y = top + height - 2 - k;
        if (y >= 0 && y < this.height) this.pixels[y * width + x] = k === heights[x] - 1 ? edge : body;
      }
    }
  }

  /** Requests as points: x the start, y the logarithm of the total; where there are many they add up. */
  points(requests, view, top, height, palette, scaleY) {
    const { width } = this;
    const scale = width / (view.to - view.from);
    const counts = this.counts && this.counts.length === width * height ? this.counts.fill(0) : new Uint16Array(width * height);
    this.counts = counts;
    const { begin, count } = requests;
    const { y, hot } = scaleY;
    for (let i = 0; i < count; ++i) {
      const x = (begin[i] - view.from) * scale | 0;
      if (begin[i] >= view.from && x < width && y[i] < height) counts[y[i] * width + x] += hot[i] ? 256 : 1;
    }
    const size = (view.to - view.from) * count < scaleY.span * 3000 ? 3 : 2;
    const back = packed(palette.theme.row);
    const colours = [palette.theme.accent, palette.theme.hot].map((hex) => [0.55, 0.75, 0.9, 1].map((share) => mixed(back, packed(hex), share)));
    for (let at = 0; at < counts.length; ++at) {
      if (!counts[at]) continue;
      const many = counts[at] & 255;
      const colour = colours[counts[at] >> 8 ? 1 : 0][size === 3 ? 3 : Math.min(3, many)];
      for (let dy = 0; dy < size; ++dy)
        this.pixels.fill(colour, top * width + at + dy * width, top * width + at + dy * width + Math.min(size - 1, width - at % width));
    }
  }

  /** Diagonal lines over a part of the image, `thick` of every `spacing` pixels. */
  hatch(x0, x1, top, bottom, colour, spacing, thick) {
    for (let y = Math.max(0, top); y < Math.min(this.height, bottom); ++y)
      for (let line = 0; line < thick; ++line)
        for (let x = x0 + (spacing * 4096 - (x0 + y + line) % spacing) % spacing; x < x1; x += spacing) this.pixels[y * this.width + x] = colour;
  }
}

/** Totals on a logarithmic axis `height` pixels tall. */
function latencyScale(requests, recorded, height) {
  const list = requests.byTotal;
  const low = Math.log(Math.max(1, list.length ? requests.total[list[0]] : 1));
  const high = Math.log(Math.max(2, requests.slowest));
  const span = Math.max(0.1, high - low);
  const p99 = list.length ? requests.total[list[Math.max(0, Math.ceil(list.length * 0.99) - 1)]] : 0;
  const of = (ns) => (Math.log(Math.max(1, ns)) - low) / span;
  const y = new Uint8Array(requests.count).fill(255);
  const hot = new Uint8Array(requests.count);
  for (let i = 0; i < requests.count; ++i) {
    const total = requests.total[i];
    if (total >= 0) y[i] = height - 5 - Math.round(of(total) * (height - 8));
    if (total >= p99) hot[i] = 1;
  }
  return { of, y, hot, hotFrom: p99, span: recorded, low: Math.exp(low), high: Math.exp(high) };
}
