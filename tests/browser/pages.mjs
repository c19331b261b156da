// Looks at the pages of a running system with a real browser: node pages.mjs BASE_URL TOKEN|@TOKEN_FILE [--community C]
//
// What only a browser can tell: rules of WCAG (axe), sizes of what one taps, the keyboard, live changes, a lost line, life without script.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const words = process.argv.slice(2);
const [base, given] = words;
if (!base || !given) {
  console.error("usage: node pages.mjs BASE_URL TOKEN|@TOKEN_FILE [--community C]");
  process.exit(2);
}
const token = given.startsWith("@") ? readFileSync(given.slice(1), "utf8").trim() : given;
const at = words.indexOf("--community");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAP_MIN_PX = 44;
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function api(path) {
  const answer = await fetch(`${base}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const community = at < 0 ? (await api("/communities?limit=1")).items[0].community : words[at + 1];
const rows = (await api(`/communities/${community}/buildings?limit=200`)).items;
const alerts = (await api(`/communities/${community}/alerts?limit=200`)).items;
const building = (alerts.find((alert) => alert.place.household)?.place ?? rows[0]).building;
const household = alerts.find((alert) => alert.place.household)?.place.household;
const home = `/c/${community}`;
const paths = ["/", home, `${home}/b/${building}`, household && `${home}/h/${household}`, `${home}/alerts`, alerts[0] && `${home}/alerts/${alerts[0].alert}`,
  `${home}/unreported`, `${home}/coverage`, `${home}/quarantines`, `${home}/checkpoints`, `${home}/duties`].filter(Boolean);

const failures = [];
const check = (name, holds, told = "") => { console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds ? "" : ` ${told}`}`); if (!holds) failures.push(name); };
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args });

async function visit(options = {}, signed = true) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN", bypassCSP: false, ...options });
  if (signed) await context.addCookies([{ name: base.startsWith("https") ? "__Host-gridward" : "gridward", value: token, url: base, httpOnly: true, sameSite: "Strict" }]);
  return context;
}

async function accessible() {
  // the content security policy keeps injected scripts out: axe comes in past it, in a context of its own
  for (const [size, options] of [["desktop", {}], ["phone", { viewport: { width: 390, height: 844 }, hasTouch: true }]]) {
    const context = await visit({ ...options, bypassCSP: true });
    const page = await context.newPage();
    for (const path of ["/login", ...paths]) {
      await page.goto(base + path);
      await page.addScriptTag({ content: axe });
      const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
      check(`axe ${size} ${path}`, violations.length === 0, JSON.stringify(violations.map((rule) => [rule.id, rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))])));
      const small = await page.evaluate((least) => [...document.querySelectorAll("a, button, select, input:not([type=hidden])")].filter((one) => {
        // these cover their whole row or card
        if (one.matches(".line-link, .cover, .skip")) return false;
        const box = one.getBoundingClientRect();
        return box.width > 0 && (box.height < least - 0.5 || box.width < least - 0.5);
      }).map((one) => `${one.outerHTML.slice(0, 90)} ${Math.round(one.getBoundingClientRect().width)}x${Math.round(one.getBoundingClientRect().height)}`), TAP_MIN_PX);
      check(`tap targets ${size} ${path}`, small.length === 0, small.slice(0, 5).join("\n     "));
    }
    await context.close();
  }
}

async function byKeyboard() {
  const context = await visit();
  const page = await context.newPage();
  await page.goto(`${base}${home}/b/${building}`);
  const focused = () => page.evaluate(() => document.activeElement.id);
  check("one tab stop in the grid", (await page.locator(".door[tabindex='0']").count()) === 1);
  await page.keyboard.press("n");
  const first = await focused();
  check("n goes to an exception", await page.evaluate(() => "exception" in document.activeElement.dataset), first);
  await page.keyboard.press("ArrowDown");
  const below = await focused();
  check("an arrow moves", below !== first && below.startsWith("d-"), `${first} -> ${below}`);
  await page.keyboard.press("ArrowUp");
  check("and back", (await focused()) === first);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.waitForURL(`**${home}/alerts`);
  await page.keyboard.press("j");
  check("j goes to the first alert", await page.evaluate(() => document.activeElement.matches(".line-link")));
  await context.close();
}

// In the page: somebody looks at it, or at something else.
function look(visible) {
  Object.defineProperty(document, "hidden", { configurable: true, value: !visible });
  document.dispatchEvent(new Event("visibilitychange"));
}

async function live() {
  const context = await visit();
  const page = await context.newPage();
  await page.goto(base + home);
  await page.waitForSelector(".live.on");
  await page.evaluate(() => { const figures = document.getElementById("part-figures"); figures.dataset.critical = "-1"; figures.querySelector(".figure-value").textContent = "?"; });
  // the stream of a quiet community says nothing; coming back to the page asks anyway
  await page.evaluate(look, false);
  await page.evaluate(look, true);
  await page.waitForFunction(() => document.querySelector(".figure-value").textContent !== "?", null, { timeout: 15_000 });
  check("what changed is fetched and put in place", (await page.locator(".figure").count()) === 5);
  check("a new critical alert is told", (await page.locator("#say").textContent()).length > 0);
  await context.route("**/stream", (route) => route.abort("connectionfailed"));
  await page.evaluate(look, false);
  await page.evaluate(look, true);
  const lost = await page.waitForSelector(".live.off", { timeout: 15_000 }).catch(() => null);
  check("a lost line is shown", lost !== null);
  await context.close();
}

async function withoutScript() {
  const context = await visit({ javaScriptEnabled: false }, false);
  const page = await context.newPage();
  await page.goto(base + home);
  check("who is not signed in stands at the door", new URL(page.url()).pathname === "/login");
  await page.fill("#token", token);
  await page.click("button.main-button");
  check("and comes where they wanted to go", new URL(page.url()).pathname === home, page.url());
  await page.click(".figure >> nth=0");
  check("a number opens its list", page.url().includes("/alerts?severity=critical"));
  await page.click(".tools a.tool");
  check("the language changes and the page stays", (await page.locator("html").getAttribute("lang")) === "en" && page.url().includes("/alerts?severity=critical"));
  await page.click(".tools button");
  check("and out again", new URL(page.url()).pathname === "/login");
  await page.goto(base + home);
  check("for good", new URL(page.url()).pathname === "/login");
  await context.close();
}

try {
  await accessible();
  await byKeyboard();
  await live();
  await withoutScript();
} finally {
  await browser.close();
}
console.log(failures.length ? `${failures.length} failed` : "all well");
process.exit(failures.length ? 1 : 0);
