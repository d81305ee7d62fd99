// SPDX-License-Identifier: GPL-2.0-or-later
// Words and numbers for people. Text reaches the page through textContent only.

/** Three digits and a unit, as the terminal has it: 740 ns, 12.3 us. */
function duration(ns) {
  if (ns === null || ns === undefined || Number.isNaN(ns)) return "-";
  const sign = ns < 0 ? "-" : "";
  let value = Math.abs(ns);
  for (const unit of ["ns", "us", "ms"]) {
    if (value < 999.5) return sign + three(value, unit === "ns") + " " + unit;
    value /= 1000;
  }
  return sign + three(value, false) + " s";
}

function three(value, whole) {
  if (whole || value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** A place on the time axis, precise enough for a step of `step` ns. */
function axis(ns, step) {
  const unit = step >= 1e8 ? ["s", 1e9] : step >= 1e5 ? ["ms", 1e6] : step >= 100 ? ["us", 1e3] : ["ns", 1];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / unit[1]) - 1e-9));
  return (ns / unit[1]).toFixed(Math.min(digits, 3)) + " " + unit[0];
}

function grouped(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

function percent(part, whole) {
  if (!whole) return "-";
  const p = 100 * part / whole;
  if (part && p < 0.1) return "<0.1 %";
  if (part < whole && p > 99.9) return ">99.9 %";
  return (p >= 99.95 ? "100" : p.toFixed(1)) + " %";
}

function bytesText(n) {
  return n < 10000 ? grouped(n) + " B" : n < 1e7 ? (n / 1e3).toFixed(1) + " kB" : (n / 1e6).toFixed(1) + " MB";
}

/** "1.5ms" as ns; NaN where it is none. */
function parseDuration(text) {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s)?$/.exec(text);
  return match ? Number(match[1]) * { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }[match[2] || "ns"] : NaN;
}

/** element("p", {class: "x"}, "text", child, ...) */
function element(name, attributes, ...children) {
  const node = name.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
                                       : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false)
      node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

/** The first index in [low, high) whose value in `sorted` is greater than `limit`. */
function firstAbove(sorted, limit, low, high) {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The same, for a place that is likely near `low`. */
function firstAboveNear(sorted, limit, low, high) {
  let step = 1;
  let from = low;
  while (from + step < high && sorted[from + step] <= limit) {
    from += step;
    step *= 2;
  }
  return firstAbove(sorted, limit, from, Math.min(high, from + step + 1));
}
