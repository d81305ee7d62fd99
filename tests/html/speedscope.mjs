// SPDX-License-Identifier: GPL-2.0-or-later
// speedscope.mjs FILE NAME...: speedscope opens an exported file and shows these names as profiles or frames.
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, conclude, launch } from "./browser.mjs";

const [file, ...names] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "wakepath-speedscope-"));
const profile = join(folder, "profile.js");
writeFileSync(profile, `speedscope.loadFileFromBase64(${JSON.stringify(basename(file))}, ${JSON.stringify(readFileSync(file).toString("base64"))})`);
const index = fileURLToPath(new URL("node_modules/speedscope/dist/release/index.html", import.meta.url));
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
  const said = [];
  page.on("pageerror", (error) => said.push(error.message));
  page.on("console", (message) => said.push(message.text()));
  page.on("dialog", (dialog) => { said.push(dialog.message()); dialog.dismiss(); });
  await page.goto(`file://${index}#localProfilePath=${profile}`);
  const loaded = await page.waitForFunction(() => document.title !== "speedscope", null, { timeout: 60000 }).then(() => true, () => false);
  check(loaded, `speedscope opens ${basename(file)}: ${said.join("; ")}`);
  check(!said.some((text) => /wrong|unrecognized|fail/i.test(text)), `speedscope has nothing to complain of: ${said.join("; ")}`);
  // The sandwich view lists frames as text; the flame chart is drawn. Of many profiles the title tells which one.
  await page.keyboard.press("3");
  await page.waitForTimeout(500);
  const text = await page.evaluate(() => document.title + "\n" + document.body.innerText);
  for (const name of names) check(text.includes(name), `speedscope shows ${name}: ${text.slice(0, 400)}`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
conclude();
