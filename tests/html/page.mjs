// SPDX-License-Identifier: GPL-2.0-or-later
// page.mjs REPORT.html PATHS.jsonl REPORT.json [hostile]: what a person can do with a report, and whether it is true.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { check, conclude, equal, launch, open, settle } from "./browser.mjs";

const [, , file, pathsFile, reportFile, kind] = process.argv;
const paths = readFileSync(pathsFile, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const report = JSON.parse(readFileSync(reportFile, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const byId = new Map(paths.map((path) => [path.id, path]));

const state = (page) => page.evaluate(() => {
  const { app } = window.wakepath;
  return { view: app.shown, request: app.request < 0 ? null : app.model.requests.id[app.request], from: app.timeline.view.from,
           to: app.timeline.view.to, slice: app.timeline.slice, range: app.timeline.range, detail: document.getElementById("detail").textContent,
           focus: app.timeline.focus };
});

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
  await settle(page);
  return state(page);
}

async function overview(page) {
  const text = await page.textContent("#overview");
  check(text.replace(/\u202f/g, "").includes(String(report.paths.all)), "the overview tells the number of requests");
  equal(await page.evaluate(() => window.wakepath.model.requests.count), paths.length, "every request is in the page");
  // The percentiles lead to the requests at them.
  const totals = paths.filter((p) => p.total_ns !== null && p.total_ns !== undefined).map((p) => p.total_ns).sort((a, b) => a - b);
  for (const [name, percentile] of [["median", 50], ["p99", 99], ["slowest", 100]]) {
    await page.keyboard.press("1");
    await page.click(`.tile:has-text("${name}")`);
    await settle(page);
    const now = await state(page);
    equal(now.view, "timeline", `${name} leads to the timeline`);
    equal(byId.get(now.request).total_ns, totals[Math.max(0, Math.ceil(totals.length * percentile / 100) - 1)], `${name} leads to its request`);
    check(now.detail.includes("#" + now.request), `${name}: its request is shown`);
  }
  await page.keyboard.press("1");
  await page.click(".stages tbody tr:has(th:has-text('running')) td:nth-child(8) button");
  await settle(page);
  check((await state(page)).request !== null, "a percentile of a stage leads to a request");
}

async function keyboard(page) {
  await page.keyboard.press("Escape");
  equal((await press(page, "2")).view, "requests", "key 2");
  equal((await press(page, "1")).view, "overview", "key 1");
  equal((await press(page, "3")).view, "timeline", "key 3");
  const all = await press(page, "0");
  const length = (s) => s.to - s.from;
  const nearer = await press(page, "w", "w");
  check(length(nearer) < length(all) * 0.6, "w zooms in");
  const right = await press(page, "d");
  check(right.from > nearer.from && Math.abs(length(right) - length(nearer)) < 1, "d pans");
  check((await press(page, "a", "a")).from < right.from, "a pans back");
  check(length(await press(page, "s")) > length(nearer), "s zooms out");
  await press(page, "0");
  const first = await press(page, "n");
  check(first.request !== null, "n selects a request");
  const second = await press(page, "n");
  check(second.request !== first.request, "n goes on");
  equal((await press(page, "p")).request, first.request, "p goes back");
  const fitted = await press(page, "f");
  check(length(fitted) < byId.get(fitted.request).total_ns * 20 + 1e6, "f brings the request into view");
  check(length(await press(page, "Backspace")) > length(fitted), "Backspace goes back");
  const slower = await press(page, "]");
  check(byId.get(slower.request).total_ns >= byId.get(first.request).total_ns, "] finds a slower one");
  await press(page, "Escape", "0");
  let now = await state(page);
  for (let i = 0; i < 40 && now.slice < 0; ++i) now = await press(page, "ArrowDown", ".");
  check(now.slice >= 0, "arrow and . select a slice");
  const next = await press(page, ".");
  equal(next.slice, now.slice + 1, ". goes to the next slice");
  equal((await press(page, ",")).slice, now.slice, ", goes back");
  check((await press(page, "m")).range !== null, "m selects what is in view");
  equal((await press(page, "Escape")).range, null, "Escape lets go");
  await press(page, "?");
  check(await page.evaluate(() => document.getElementById("help").open), "? opens the keys");
  await press(page, "Escape");
  check(!(await page.evaluate(() => document.getElementById("help").open)), "Escape closes them");
}

async function reachableByTab(page) {
  await page.keyboard.press("1");
  const seen = new Set();
  for (let i = 0; i < 400; ++i) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName);
    seen.add(name);
    if (seen.has("theme") && seen.has("search") && seen.has("tab-overview")) break;
  }
  for (const id of ["theme", "search", "tab-overview"]) check(seen.has(id), `Tab reaches ${id}`);
  await page.keyboard.press("3");
  equal(await page.evaluate(() => document.activeElement.id), "canvas", "key 3 focuses the timeline");
}

/** Every arrow's end lies on the slice that the recording has at that time, in the row of that CPU or thread. */
async function arrows(page) {
  const step = Math.max(1, Math.floor(paths.length / 200));
  const wanted = paths.filter((_, i) => i % step === 0).map((p) => p.id);
  const pictures = await page.evaluate((ids) => {
    const { model, requestPicture } = window.wakepath;
    return ids.map((id) => {
      const picture = requestPicture(model.requests.indexOf(id));
      return { id, rivals: picture.rivals.length, points: picture.points.map((p) => ({ stage: p.stage, time: p.time, lane: p.track.lane, key: p.track.key, tid: p.track.tid,
        slice: p.slice < 0 ? null : { begin: model.slices.begin[p.slice], end: model.slices.end[p.slice], kind: model.slices.kind[p.slice], name: model.slices.names[model.slices.name[p.slice]], a: model.slices.a[p.slice] } })) };
    });
  }, wanted);
  let hits = 0;
  let misses = 0;
  const kinds = { irq: [0], softirq: [2], driver: [3, 4, 5, 6, 7], queued: [16], waking: [9, 10], running: [8], returned: [12], read: [13], reply: [14] };
  for (const picture of pictures) {
    const path = byId.get(picture.id);
    for (const point of picture.points) {
      const stage = path.stages[point.stage];
      equal(Math.round(point.time), stage.ts_ns - report.recording.first_ns, `#${picture.id} ${point.stage}: its time`);
      if (point.lane < 4) equal(Number(point.key), stage.cpu, `#${picture.id} ${point.stage}: its CPU`);
      if (point.lane === 4 || point.lane === 5) equal(point.tid, path.task.tid, `#${picture.id} ${point.stage}: its thread`);
      if (point.lane === 6) equal(point.key, String(path.socket.cookie), `#${picture.id} ${point.stage}: its socket`);
      if (!point.slice) {
        ++misses;
        continue;
      }
      ++hits;
      check(point.slice.begin - 2000 <= point.time && point.time <= point.slice.end, `#${picture.id} ${point.stage}: inside its slice`);
      check(kinds[point.stage].includes(point.slice.kind), `#${picture.id} ${point.stage}: the slice is of its kind`);
      if (point.stage === "irq") equal(point.slice.a, path.arrival.irq, `#${picture.id}: the interrupt's line`);
    }
  }
  check(hits > 0 && misses <= hits * 0.02, `arrows hit slices: ${hits} hit, ${misses} missed`);
  return pictures;
}

async function drawnArrows(page) {
  const slowest = paths.filter((p) => p.total_ns).sort((a, b) => b.total_ns - a.total_ns)[0];
  await page.evaluate((id) => window.wakepath.app.showExample(window.wakepath.model.requests.indexOf(id)), slowest.id);
  await settle(page);
  const canvas = () => page.evaluate(() => document.getElementById("canvas").toDataURL());
  const selected = await canvas();
  await page.evaluate(() => { const { timeline } = window.wakepath.app; timeline.picture.points.length = 0; timeline.redraw(); });
  await settle(page);
  check(await canvas() !== selected, "arrows are drawn");
  await press(page, "Escape");
}

async function selection(page) {
  await press(page, "Escape", "0");
  const box = await page.locator("#canvas").boundingBox();
  const gutter = await page.evaluate(() => window.wakepath.app.timeline.gutter);
  await page.keyboard.down("Shift");
  await page.mouse.move(box.x + gutter + 100, box.y + 150);
  await page.mouse.down();
  await page.mouse.move(box.x + gutter + 400, box.y + 150, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await settle(page);
  const now = await state(page);
  check(now.range !== null, "Shift and drag select a range");
  const first = (p) => Math.min(...Object.values(p.stages).filter((s) => s.ts_ns).map((s) => s.ts_ns)) - report.recording.first_ns;
  const inside = paths.filter((p) => p.total_ns !== null && first(p) >= now.range.from && first(p) <= now.range.to).length;
  check(now.detail.replace(/\u202f/g, "").includes(`${inside} requests begin here`), `the selection counts ${inside} requests: ${now.detail.slice(0, 80)}`);
  check(now.detail.includes("What took the time"), "the selection names what took the time");
  await press(page, "Escape");
  const before = await state(page);
  await page.mouse.move(box.x + gutter + 300, box.y + 200);
  await page.mouse.wheel(0, -400);
  await settle(page);
  const after = await state(page);
  check(after.to - after.from < before.to - before.from, "the wheel zooms");
  await page.mouse.down();
  await page.mouse.move(box.x + gutter + 200, box.y + 200, { steps: 4 });
  await page.mouse.up();
  await settle(page);
  check((await state(page)).from > after.from, "dragging pans");
}

async function table(page) {
  await press(page, "2");
  const ids = () => page.$$eval("#table tbody tr", (rows) => rows.map((row) => Number(row.dataset.request)));
  const slowest = [...paths].filter((p) => p.total_ns).sort((a, b) => b.total_ns - a.total_ns);
  equal(byId.get((await ids())[0]).total_ns, slowest[0].total_ns, "the slowest comes first");
  const half = slowest[Math.floor(slowest.length / 2)].total_ns;
  await page.fill("#filter", `total>${half}ns`);
  const count = paths.filter((p) => p.total_ns > half).length;
  const told = (await page.textContent(".pager")).replace(/\u202f/g, "");
  check(count ? told.includes("of " + count) : told.includes("no request"), `the filter leaves ${count}: ${told}`);
  await page.fill("#filter", "nobodyiscalledthis");
  check((await page.textContent(".pager")).includes("no request"), "a filter that nothing passes says so");
  await page.fill("#filter", "");
  await page.click("#table th button:has-text('request')");
  await page.click("#table th button:has-text('request')");
  equal((await ids())[0], Math.min(...paths.map((p) => p.id)), "sorted by number");
  await page.click("#table tbody button >> nth=0");
  equal((await state(page)).request, Math.min(...paths.map((p) => p.id)), "a row selects its request");
}

async function search(page) {
  await press(page, "3", "Escape", "0", "/");
  equal(await page.evaluate(() => document.activeElement.id), "search", "/ goes to the search");
  await page.keyboard.type("NET_RX");
  check(/slices/.test(await page.textContent("#found")), "the search counts slices");
  const hit = await press(page, "Enter");
  check(hit.slice >= 0 && hit.detail.includes("NET_RX"), "Enter goes to a slice of that name");
  await page.evaluate(() => window.wakepath.app.search.leave());
  await press(page, "/");
  await page.keyboard.type("#" + paths[0].id);
  equal((await press(page, "Enter")).request, paths[0].id, "a number finds its request");
  await page.evaluate(() => window.wakepath.app.search.leave());
}

async function losses(page) {
  if (!report.loss.gaps.length) return;
  const colours = await page.evaluate(() => {
    const { app, model } = window.wakepath;
    const loss = model.head.losses.find((l) => l.cpu !== null) || model.head.losses[0];
    app.clear();
    app.showTime(loss.from, loss.to);
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const { timeline } = app;
      const row = timeline.rows.find((r) => r.kind === "slices" && (loss.cpu === null || r.cpu === loss.cpu));
      const x = Math.round(timeline.overlay.x((loss.from + loss.to) / 2));
      const pixels = timeline.canvas.getContext("2d").getImageData(x - 8, row.y + 2, 16, row.height - 4).data;
      let red = 0;
      for (let i = 0; i < pixels.length; i += 4) if (pixels[i] > pixels[i + 2] + 20) ++red;
      done({ red, all: pixels.length / 4, count: model.head.losses.reduce((n, l) => n + l.count, 0) });
    })));
  });
  check(colours.red > colours.all / 4, `the loss is drawn on its CPU: ${JSON.stringify(colours)}`);
  equal(colours.count, report.loss.gaps.reduce((n, gap) => n + gap.count, 0), "the losses are all there");
}

async function evidence(page) {
  const sample = paths.filter((_, i) => i % Math.max(1, Math.floor(paths.length / 50)) === 0);
  const stories = await page.evaluate((ids) => ids.map((id) => {
    const { requests } = window.wakepath.model;
    return requests.story(requests.indexOf(id)).map((s) => [s.name, s.evidence]);
  }), sample.map((p) => p.id));
  stories.forEach((story, k) => {
    const told = new Map(story);
    const path = sample[k];
    if (path.stages.done) check(told.get("done").includes(`returned ${path.read.ret}`), `#${path.id}: evidence of done: ${told.get("done")}`);
    if (path.stages.protocol) check(told.get("protocol").includes(`${path.begin}..${path.end}`), `#${path.id}: evidence of protocol: ${told.get("protocol")}`);
    check(![...told.values()].some((text) => text.includes("\u0001") || text.includes("undefined")), `#${path.id}: its numbers are back`);
  });
}

async function blame(page) {
  const sample = paths.filter((_, i) => i % Math.max(1, Math.floor(paths.length / 50)) === 0);
  const told = await page.evaluate((ids) => ids.map((id) => {
    const { requests } = window.wakepath.model;
    return requests.blame(requests.indexOf(id));
  }), sample.map((p) => p.id));
  told.forEach((shares, k) => {
    const path = sample[k];
    const sums = (list) => JSON.stringify(list.map((s) => [s.cause, s.ns]).sort());
    equal(sums(shares), sums(path.blame), `#${path.id}: its blame`);
    check(!shares.some((s) => s.words.includes("\u0001") || s.words.includes("undefined")), `#${path.id}: the numbers of its blame are back`);
    for (const share of path.blame.filter((s) => s.culprit && s.culprit.tid && !s.culprit.peer))
      check(shares.some((s) => s.cause === share.cause && s.words.includes(`task ${share.culprit.tid})`)), `#${path.id}: ${share.cause} names task ${share.culprit.tid}`);
  });
  await page.evaluate((id) => { const { app, model } = window.wakepath; app.selectRequest(model.requests.indexOf(id)); }, sample[0].id);
  const panel = await page.textContent("#detail");
  check(sample[0].blame.every((s) => panel.includes(s.cause)), `the panel has the blame of #${sample[0].id}`);
}

async function accessibility(page) {
  for (const theme of ["dark", "light"]) {
    for (const view of ["1", "2", "3"]) {
      await page.evaluate((t) => { const { app } = window.wakepath; app.theme = t; app.applyTheme(); }, theme);
      await press(page, view);
      if (view === "3") await press(page, "n");
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      for (const violation of found.violations)
        check(false, `axe, ${theme}, view ${view}: ${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 2).map((n) => n.html.slice(0, 160) + " " + n.failureSummary).join(" | ")}`);
      check(found.passes.length > 5, "axe has looked");
    }
  }
}

async function fragment(browser, address) {
  const id = paths[Math.floor(paths.length / 2)].id;
  const { page, complaints } = await open(browser, file, { fragment: `#view=timeline&request=${id}&from=1000&to=90000` });
  const now = await state(page);
  equal([now.view, now.request, Math.round(now.from), Math.round(now.to)], ["timeline", id, 1000, 90000], "the fragment brings the view back");
  await press(page, "w");
  await page.waitForTimeout(400);
  check(page.url().startsWith(address) && page.url().includes("view=timeline") && !page.url().includes("to=90000"), "the address follows the view: " + page.url());
  equal(complaints, [], "nothing to complain of");
  await page.close();
}

async function sizes(browser) {
  for (const [width, height] of [[1280, 720], [1024, 700]]) {
    const { page } = await open(browser, file, { width, height });
    for (const view of ["1", "2", "3"]) {
      await press(page, view);
      if (view === "3") await press(page, "n");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      check(wide <= 0, `${width} wide, view ${view}: ${wide} pixels too wide`);
    }
    await page.close();
  }
  const { page } = await open(browser, file);
  const pdf = await page.pdf({ format: "A4" });
  check(pdf.length > 20000, "it prints");
  await page.close();
}

async function hostile(page) {
  equal(await page.evaluate(() => window.pwned === undefined), true, "no name became a program");
  equal(await page.evaluate(() => document.querySelectorAll("img, b b, svg[onload], iframe").length), 0, "no name became an element");
  const text = await page.evaluate(() => document.body.textContent);
  check(text.includes("<svg onload=window.pwned=1>"), "the target is shown as it is");
  const names = await page.evaluate(() => window.wakepath.model.slices.names.join(" "));
  check(names.includes("</script>") && names.includes("<img/src=x>"), "hostile names are names");
  check(!/[\u0000-\u001f\u202e]/.test(names), "nothing in a name turns the line around");
}

/** The policy holds even against what a bug would let in. */
async function policy(browser) {
  const { page, complaints } = await open(browser, file);
  await page.evaluate(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "window.pwned = 1";
    document.body.append(script);
    const image = new Image();
    image.src = "https://192.0.2.1/x.png";
    document.body.append(image);
    fetch("https://192.0.2.1/").catch(() => {});
  });
  await page.waitForTimeout(300);
  equal(await page.evaluate(() => window.pwned === undefined), true, "the policy lets no other program run");
  const refused = await page.evaluate(() => window.refused);
  for (const directive of ["script-src-elem", "img-src", "connect-src"]) check(refused.includes(directive), `the policy refuses by ${directive}: ${refused}`);
  check(complaints.some((c) => c.includes("Content Security Policy")), "the policy speaks");
  await page.close();
}

const browser = await launch();
const { page, complaints } = await open(browser, file);
if (kind === "hostile") await hostile(page);
for (const part of [overview, keyboard, reachableByTab, arrows, drawnArrows, selection, table, search, losses, evidence, blame]) {
  try {
    await part(page);
  } catch (error) {
    check(false, `${part.name}: ${error.message}`);
  }
}
if (kind === "hostile") await hostile(page);
equal(complaints, [], "nothing to complain of");
await accessibility(page);
await fragment(browser, "file://" + file);
await sizes(browser);
await policy(browser);
await browser.close();
conclude();
