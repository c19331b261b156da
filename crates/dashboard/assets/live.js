// Live parts of a page: the stream says which building changed, the page fetches what shows it. Nothing here is needed to read a page or to act on it.
"use strict";
(() => {
  const main = document.getElementById("main");
  const GATHER_MS = 800; // changes arrive in bursts
  const REST_MS = 3000; // at most one fetch in this time
  const TILES_MAX = 40; // beyond this the whole page is quicker
  const waiting = new Set();
  let timer = 0, fetched = 0, source = null, lostAt = 0, fetching = false;

  const busy = (part) => part.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);

  function swap(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of fresh.querySelectorAll("[id^='part-'], [id^='tile-'], #asof")) {
      const old = document.getElementById(part.id);
      if (!old || busy(old)) continue;
      if (part.id === "asof") { old.querySelectorAll("span:not(.live)").forEach((span, at) => { span.textContent = part.querySelectorAll("span:not(.live)")[at]?.textContent ?? ""; }); continue; }
      if (old.isEqualNode(part)) continue;
      const held = old.contains(document.activeElement) ? document.activeElement.id || document.activeElement.closest("[id]")?.id : null;
      const scroll = old.scrollTop;
      announce(old, part);
      old.replaceWith(document.adoptNode(part));
      part.scrollTop = scroll;
      if (held) (document.querySelector(`[id="${CSS.escape(held)}"] a, [id="${CSS.escape(held)}"]`) ?? part).focus({ preventScroll: true });
    }
    doors();
  }

  function announce(old, part) {
    if (part.classList.contains("s-critical") && !old.classList.contains("s-critical")) part.classList.add("arrived");
    if (Number(part.dataset.critical ?? 0) > Number(old.dataset.critical ?? 0)) {
      const say = document.getElementById("say");
      say.textContent = say.dataset.critical;
    }
  }

  async function refresh() {
    if (fetching) return later();
    const tiles = [...waiting].filter((building) => document.getElementById(`tile-${building}`));
    const live = main.dataset.live && tiles.length <= TILES_MAX && !waiting.has("*");
    waiting.clear();
    fetched = Date.now();
    fetching = true;
    try {
      const answer = await fetch(live ? `${main.dataset.live}&tiles=${encodeURIComponent(tiles.join(","))}` : location.href, { credentials: "same-origin", redirect: "manual" });
      if (answer.type === "opaqueredirect") location.reload(); // the token has lapsed: to the door
      else if (answer.ok) swap(await answer.text());
    } catch { /* the stream shows that the line is down; the next change tries again */ }
    fetching = false;
  }

  function later() {
    if (!timer) timer = setTimeout(() => { timer = 0; refresh(); }, Math.max(GATHER_MS, fetched + REST_MS - Date.now()));
  }

  function changed(building) {
    const only = main.dataset.building;
    if (only ? building !== only && building !== "*" : !(main.dataset.live || "any" in main.dataset)) return;
    waiting.add(building);
    later();
  }

  // One stream per visible page: browsers allow six connections to a host.
  function follow() {
    const sign = document.getElementById("live");
    if (!sign || source) return;
    lostAt = lostAt || Date.now();
    source = new EventSource(sign.dataset.stream);
    source.onopen = () => { if (lostAt && fetched) changed("*"); lostAt = 0; fetched = fetched || Date.now(); show(); };
    source.onerror = () => { lostAt = lostAt || Date.now(); show(); if (source?.readyState === EventSource.CLOSED) { source = null; setTimeout(follow, 5000); } };
    source.addEventListener("changed", (event) => changed(JSON.parse(event.data).building));
    source.addEventListener("reset", () => changed("*"));
  }

  function show() {
    const sign = document.getElementById("live");
    if (!sign) return;
    const seconds = Math.round((Date.now() - lostAt) / 1000);
    sign.className = lostAt ? (fetched || seconds > 3 ? "live off" : "live") : "live on";
    sign.textContent = !lostAt ? sign.dataset.on : fetched || seconds > 3 ? sign.dataset.off.replace("{}", seconds) : sign.dataset.wait;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = null; lostAt = 0; } else { follow(); if (main.dataset.refresh) { waiting.add("*"); later(); } }
  });
  if (main?.dataset.refresh) setInterval(() => { if (!document.hidden) { waiting.add(main.dataset.live ? "" : "*"); later(); } }, main.dataset.refresh * 1000);
  setInterval(show, 1000);
  follow();
  show();

  // Doors: one tab stop, arrows move, n finds the next exception.
  const all = () => [...document.querySelectorAll("[data-doors] .door")];
  function doors() {
    const cells = all();
    const first = cells.find((door) => door === document.activeElement) ?? cells.find((door) => "exception" in door.dataset) ?? cells[0];
    for (const door of cells) door.tabIndex = door === first ? 0 : -1;
  }
  function go(door) {
    if (!door) return;
    for (const other of all()) other.tabIndex = other === door ? 0 : -1;
    door.focus();
    door.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  const middle = (door) => { const box = door.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
  function beside(door, dx, dy) {
    const [x, y] = middle(door);
    let best = null, least = Infinity;
    for (const other of all()) {
      const [ox, oy] = middle(other), ahead = (ox - x) * dx + (oy - y) * dy, aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (ahead > 4 && ahead + 3 * aside < least && aside < 200) { least = ahead + 3 * aside; best = other; }
    }
    return best;
  }
  function nextException() {
    const cells = all(), at = cells.indexOf(document.activeElement);
    go([...cells.slice(at + 1), ...cells.slice(0, at + 1)].find((door) => "exception" in door.dataset));
  }
  function nextRow(step) {
    const rows = [...document.querySelectorAll("[data-rows] .line")];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.querySelector("a").focus();
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const door = event.target.closest?.("[data-doors] .door");
    const arrow = ARROWS[event.key];
    if (door && arrow) { event.preventDefault(); go(beside(door, ...arrow)); return; }
    if (event.key === "n") nextException();
    if (event.key === "j") nextRow(1);
    if (event.key === "k") nextRow(-1);
    const wanted = document.querySelector(`[data-key="${CSS.escape(before)} ${CSS.escape(event.key)}"]`) ?? (before ? null : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`));
    before = event.key === "g" ? "g" : "";
    if (wanted?.href) location.assign(wanted.href);
    else wanted?.focus();
  });
  doors();
})();
