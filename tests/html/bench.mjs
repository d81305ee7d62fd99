// SPDX-License-Identifier: GPL-2.0-or-later
// bench.mjs REPORT.html: how long a report takes to open, and its frames while the wheel zooms, as JSON.
import { launch, open, settle } from "./browser.mjs";

const browser = await launch();
const begin = performance.now();
const { page } = await open(browser, process.argv[2], { fragment: "#view=timeline&theme=dark" });
await settle(page);
const open_ms = performance.now() - begin;

/** The intervals between frames while the wheel turns, and what the page itself took for each. */
async function zoom(steps, delta, x) {
  const box = await page.locator("#canvas").boundingBox();
  await page.mouse.move(box.x + x, box.y + 200);
  return page.evaluate(async ({ count, by, at }) => {
    const { timeline } = window.wakepath.app;
    const canvas = document.getElementById("canvas");
    const frame = () => new Promise((done) => { requestAnimationFrame(done); });
    timeline.frames.length = 0;
    const intervals = [];
    let last = await frame();
    for (let i = 0; i < count; ++i) {
      const rect = canvas.getBoundingClientRect();
      canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: by, clientX: rect.x + at, clientY: rect.y + 200, bubbles: true, cancelable: true }));
      const now = await frame();
      intervals.push(now - last);
      last = now;
    }
    await frame();
    return { intervals, draw: [...timeline.frames] };
  }, { count: steps, by: delta, at: x });
}

const percentiles = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (p) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p / 100))].toFixed(2));
  return { n: sorted.length, p50: at(50), p95: at(95), max: at(100) };
};
await zoom(30, -20, 600);  // warm
await page.keyboard.press("0");
const near = await zoom(120, -60, 600);
const far = await zoom(120, 60, 600);
const whole = await zoom(60, 2, 600);
const draw = [...near.draw, ...far.draw, ...whole.draw];
const intervals = [...near.intervals, ...far.intervals, ...whole.intervals];
const held = await page.evaluate(() => ({ slices: window.wakepath.model.slices.count, requests: window.wakepath.model.requests.count,
  ready_ms: Number(document.documentElement.dataset.ready), heap_mb: Math.round(performance.memory.usedJSHeapSize / 1e6) }));
console.log(JSON.stringify({ ...held, open_ms: Math.round(open_ms), frame_draw_ms: percentiles(draw), whole_view_draw_ms: percentiles(whole.draw), frame_interval_ms: percentiles(intervals) }));
await browser.close();
