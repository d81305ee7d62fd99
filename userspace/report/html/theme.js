// SPDX-License-Identifier: GPL-2.0-or-later
// Colours of the canvas. The page's own are in style.css.

const THEMES = {
  dark: {
    back: "#0e1116", row: "#12161d", group: "#171c25", grid: "#222936", text: "#dbe2ea", dim: "#8b96a5",
    accent: "#6cb6ff", loss: "#ff5c5c", band: "#6cb6ff", label: "#0b0e13", faint: "#2b3442", hot: "#ffb454",
    kinds: ["#ff79c6", "#8d5a86", "#ff9e64", "#e0af68", "#7ee787", "#5d6b7f", "#7c7f93", "#4a4458", "#4cc38a", "#f2cc60",
            "#ff7b72", "#27303d", "#2c4a6b", "#6cb6ff", "#39c5cf", "#b392f0", "#58a6ff", "#3d444d"],
    tasks: ["#7ee787", "#6cb6ff", "#d2a8ff", "#39c5cf", "#ffd866", "#ff9e9e", "#a5d6ff", "#c3e88d"],
    softirqs: "#9a6a45",
    stages: { hw: "#ff79c6", irq: "#ff79c6", raise: "#ff79c6", softirq: "#ff9e64", driver: "#e0af68", stack: "#e0af68",
              protocol: "#d9c05c", queued: "#c8d15a", waking: "#f2cc60", runnable: "#f2cc60", running: "#ff7b72",
              returned: "#b392f0", read: "#7ee787", copied: "#6cb6ff", done: "#6cb6ff", reply: "#39c5cf", xmit: "#39c5cf",
              unknown: "#6e7681" },
  },
  light: {
    back: "#ffffff", row: "#fafbfc", group: "#eef1f5", grid: "#e1e6ec", text: "#1c2430", dim: "#566273",
    accent: "#0a58ca", loss: "#c9252d", band: "#0a58ca", label: "#0b0e13", faint: "#d5dce4", hot: "#c2570c",
    kinds: ["#e85aad", "#b98bb4", "#f08c3e", "#d9a520", "#4caf6d", "#aab4c0", "#b9b4c7", "#d7d2de", "#58b97f", "#eac54f",
            "#f0736a", "#e6eaef", "#c4d8ee", "#5a9cec", "#41b8c0", "#a98be6", "#4c8fe0", "#c5cad1"],
    tasks: ["#58b97f", "#5a9cec", "#b58ee8", "#41b8c0", "#d8ad2f", "#ec8383", "#7db7ee", "#9cc45c"],
    softirqs: "#d8b08c",
    stages: { hw: "#e85aad", irq: "#e85aad", raise: "#e85aad", softirq: "#f08c3e", driver: "#d9a520", stack: "#d9a520",
              protocol: "#c4ab1f", queued: "#a5b020", waking: "#eac54f", runnable: "#eac54f", running: "#f0736a",
              returned: "#a98be6", read: "#58b97f", copied: "#5a9cec", done: "#5a9cec", reply: "#41b8c0", xmit: "#41b8c0",
              unknown: "#9aa3ad" },
  },
};

/** 0xAABBGGRR, as ImageData wants it on every machine browsers run on. */
function packed(hex) {
  const n = parseInt(hex.slice(1), 16);
  return (0xff000000 | (n & 0xff) << 16 | (n & 0xff00) | n >> 16) >>> 0;
}

function mixed(a, b, share) {
  const channel = (shift) => Math.round((a >>> shift & 255) * (1 - share) + (b >>> shift & 255) * share) << shift;
  return (0xff000000 | channel(16) | channel(8) | channel(0)) >>> 0;
}

/** Colours by number: one for each kind, then those of watched tasks, then other softirqs. */
class Palette {
  constructor(name) {
    this.theme = THEMES[name];
    const hex = [...this.theme.kinds, ...this.theme.tasks, this.theme.softirqs];
    const back = packed(this.theme.row);
    this.shades = 8;
    this.full = Uint32Array.from(hex, packed);
    // By colour and by how much of the pixel is covered.
    this.covered = new Uint32Array(hex.length * this.shades);
    this.dimmed = new Uint32Array(hex.length * this.shades);
    hex.forEach((_, c) => {
      for (let s = 0; s < this.shades; ++s) {
        const colour = mixed(back, this.full[c], 0.3 + 0.7 * (s + 1) / this.shades);
        this.covered[c * this.shades + s] = colour;
        this.dimmed[c * this.shades + s] = mixed(back, colour, 0.38);
      }
    });
    this.hex = hex;
  }
}

/** The number of each slice's colour. */
function colourNumbers(slices) {
  const out = new Uint8Array(slices.count);
  const others = THEMES.dark.kinds.length;
  const tasks = THEMES.dark.tasks.length;
  for (let i = 0; i < slices.count; ++i) {
    const kind = slices.kind[i];
    if (kind === KIND.watched) out[i] = others + slices.a[i] % tasks;
    else if (kind === KIND.softirq && slices.a[i] !== 3) out[i] = others + tasks;
    else out[i] = kind;
  }
  return out;
}
