// SPDX-License-Identifier: GPL-2.0-or-later
// A headless Chromium that watches a report: what it asked the network for, and what it complained of.
import { chromium } from "playwright-core";

const SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync"];

export async function launch() {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: SWITCHES });
}

/** Opens a report. `complaints` gets whatever the page should not do. */
export async function open(browser, file, { fragment = "", width = 1366, height = 768, colorScheme = "dark" } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  const complaints = [];
  const address = "file://" + file;
  page.on("console", (message) => complaints.push("console: " + message.text()));
  page.on("pageerror", (error) => complaints.push("error: " + error.stack));
  page.on("dialog", (dialog) => { complaints.push("dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(address)) complaints.push("request: " + request.url()); });
  await page.goto(address + fragment);
  await page.waitForFunction(() => document.documentElement.dataset.ready, null, { timeout: 120000 });
  return { page, complaints };
}

/** After the next painted frame. */
export async function settle(page) {
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
}

let failures = 0;
let checks = 0;

export function check(holds, what) {
  ++checks;
  if (holds) return;
  ++failures;
  console.error("FAILED: " + what);
}

export function equal(is, wanted, what) {
  check(JSON.stringify(is) === JSON.stringify(wanted), `${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(wanted)}`);
}

export function conclude() {
  if (!checks) {
    console.error("FAILED: nothing was checked");
    failures = 1;
  }
  console.log(`${checks} checks, ${failures} failed`);
  process.exit(failures ? 1 : 0);
}
