// Takes the pictures of a running system: node take.mjs BASE_URL TOKEN [--community C] [--building B] [--household H] [--out DIR] [--only NAME,…] [--full yes]
//
// A browser is found by CHROMIUM or at /usr/bin/chromium. Without names it takes what the board shows first: the worst community,
// its largest building, the household of its first alert. Every page must be free of sideways scrolling and of errors, or the
// script fails: a picture of a broken page is not a picture.
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const words = process.argv.slice(2);
const options = Object.fromEntries(words.flatMap((word, at) => (word.startsWith("--") ? [[word.slice(2), words[at + 1]]] : [])));
const [base, given] = words.filter((word, at) => !word.startsWith("--") && !words[at - 1]?.startsWith("--"));
if (!base || !given) {
  console.error("usage: node take.mjs BASE_URL TOKEN|@TOKEN_FILE [--community C] [--building B] [--household H] [--out DIR] [--only NAME,…]");
  process.exit(2);
}
const token = given.startsWith("@") ? readFileSync(given.slice(1), "utf8").trim() : given;
const out = resolve(options.out ?? fileURLToPath(new URL("../../docs/screenshots", import.meta.url)));
const only = options.only?.split(",");
mkdirSync(out, { recursive: true });

const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--hide-scrollbars"];
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const faults = [];

async function api(path) {
  const answer = await fetch(`${base}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const community = options.community ?? (await api("/communities?limit=1")).items[0].community;
const rows = (await api(`/communities/${community}/buildings?limit=200`)).items;
const alerts = (await api(`/communities/${community}/alerts?limit=200`)).items;
const alert = alerts.find((item) => item.place.household) ?? alerts[0];
const building = options.building ?? rows.reduce((most, row) => (row.doors > most.doors ? row : most)).building;
const household = options.household ?? alert?.place.household;
const village = rows.find((row) => row.name.endsWith("组"))?.building;

const pages = {
  login: ["/login"],
  communities: ["/"],
  board: [`/c/${community}`],
  building: [`/c/${community}/b/${building}`],
  ...(village ? { village: [`/c/${community}/b/${village}`] } : {}),
  ...(household ? { household: [`/c/${community}/h/${household}`] } : {}),
  alerts: [`/c/${community}/alerts`],
  ...(alert ? { alert: [`/c/${community}/alerts/${alert.alert}`] } : {}),
  unreported: [`/c/${community}/unreported`],
  coverage: [`/c/${community}/coverage`],
  quarantines: [`/c/${community}/quarantines`],
  checkpoints: [`/c/${community}/checkpoints`],
  duties: [`/c/${community}/duties`],
};

async function take(context, name, path, size, language) {
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && faults.push(`${name} ${size}: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`${name} ${size}: ${error}`));
  const answer = await page.goto(`${base}${path}`, { waitUntil: "load" });
  if (!answer.ok()) faults.push(`${name}: ${answer.status()}`);
  await page.waitForFunction(() => !document.getElementById("live") || document.querySelector(".live.on"), null, { timeout: 10_000 }).catch(() => faults.push(`${name} ${size}: not live`));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) faults.push(`${name} ${size}: scrolls sideways by ${wide} px`);
  const suffix = [size === "phone" ? "-phone" : "", language === "en" ? "-en" : ""].join("");
  await page.screenshot({ path: join(out, `${name}${suffix}.png`) });
  if (options.full !== undefined) await page.screenshot({ path: join(out, `${name}${suffix}-full.png`), fullPage: true });
  await page.close();
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args });
try {
  for (const language of ["zh", "en"]) {
    for (const [size, viewport] of Object.entries(sizes)) {
      const context = await browser.newContext({ viewport, deviceScaleFactor: size === "phone" ? 2 : 1, hasTouch: size === "phone", locale: language === "zh" ? "zh-CN" : "en-GB" });
      const cookies = [{ name: "lang", value: language, url: base }];
      await context.addCookies(cookies);
      for (const [name, [path]] of Object.entries(pages)) {
        if (only && !only.includes(name)) continue;
        if (name !== "login") await context.addCookies([{ name: base.startsWith("https") ? "__Host-gridward" : "gridward", value: token, url: base, httpOnly: true, sameSite: "Strict" }]);
        await take(context, name, path, size, language);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exit(faults.length ? 1 : 0);
