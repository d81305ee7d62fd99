// SPDX-License-Identifier: GPL-2.0-or-later
// part.mjs REPORT.html REPORT.json: a page that holds only a part says which, and its slowest request is whole.
import { readFileSync } from "node:fs";

import { check, conclude, equal, launch, open, settle } from "./browser.mjs";

const report = JSON.parse(readFileSync(process.argv[3], "utf8"));
const browser = await launch();
const { page, complaints } = await open(browser, process.argv[2]);
const held = await page.evaluate(() => {
  const { model } = window.wakepath;
  return { requests: model.requests.count, slices: model.slices.count, left_out: model.head.kept.left_out.length, all: model.head.report.paths.all,
           slowest: model.requests.slowest };
});
check(held.requests > 100 && held.requests <= 600, `about 500 requests are held: ${held.requests}`);
check(held.slices > 1000 && held.slices <= 5000, `at most 5000 slices are held: ${held.slices}`);
check(held.left_out > 0, "the times left out are told");
equal(held.all, report.paths.all, "the tables count all requests");
equal(held.slowest, report.stages.total.max_ns, "the slowest request is held");
const notes = (await page.textContent("#overview")).replace(/\u202f/g, "");
check(notes.includes(`${held.requests} of ${held.all} requests`), "the page says how many requests it holds");
check(notes.includes(`${held.slices} of`), "the page says how many slices it holds");
await page.click(".tile:has-text('slowest')");
await settle(page);
const missed = await page.evaluate(() => window.wakepath.app.timeline.picture.points.filter((point) => point.slice < 0).length);
equal(missed, 0, "every arrow of the slowest request finds its slice");
equal(complaints, [], "nothing to complain of");
await browser.close();
conclude();
