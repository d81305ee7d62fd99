// SPDX-License-Identifier: GPL-2.0-or-later
// cut.mjs REPORT.html: a report whose data is damaged says so.
import { check, conclude, launch, open } from "./browser.mjs";

const browser = await launch();
const { page } = await open(browser, process.argv[2]);
const notice = await page.textContent("#notice");
check(await page.isVisible("#notice") && notice.includes("can't be shown"), "the page says that it can't be shown: " + notice);
await browser.close();
conclude();
