// The mood dial: a ring of three arcs, as wide as each mood is probable.
import { h, svg, paint, refill } from "./dom.js";
import { CLASS_HUES } from "./colour.js";
import { percent, t } from "./words.js";

export const CLASSES = ["negative", "neutral", "positive"];
const R = 84, ROUND = 2 * Math.PI * R, GAP = 7;

export function dial() {
  const arcs = {}, ring = svg("svg", { viewBox: "0 0 200 200", class: "ring", "aria-hidden": "true" });
  ring.append(svg("circle", { cx: 100, cy: 100, r: R, class: "track" }));
  for (const name of CLASSES) {
    arcs[name] = svg("circle", { cx: 100, cy: 100, r: R, class: `arc ${name}`, pathLength: ROUND });
    ring.append(arcs[name]);
  }
  const word = h("strong", {}), share = h("span", { class: "share" });
  const bars = h("dl", { class: "bars" });
  const box = h("div", { class: "dial" }, h("div", { class: "clockface" }, ring, h("div", { class: "middle" }, word, share)), bars);

  function show(moods, headline, note) {
    word.textContent = headline;
    share.textContent = note || "";
    const known = Object.keys(moods).length > 0;
    let begun = -ROUND / 4 + GAP / 2;
    const total = CLASSES.reduce((sum, name) => sum + (moods[name] || 0), 0) || 1;
    for (const name of CLASSES) {
      const part = known ? moods[name] / total * ROUND : 0, drawn = Math.max(0, part - GAP);
      paint(arcs[name], { "stroke-dasharray": `${drawn} ${ROUND - drawn}`, "stroke-dashoffset": `${-begun}`, opacity: drawn > 0.5 ? 1 : 0 });
      begun += part;
    }
    if (!bars.children.length || bars.dataset.language !== document.documentElement.lang) {
      bars.dataset.language = document.documentElement.lang;
      refill(bars, CLASSES.map((name) => h("div", { class: `bar ${name}`, key: name },
        h("dt", {}, t(`class.${name}`)), h("dd", {}, h("i", { class: "full", "aria-hidden": "true" }), h("span", { class: "percent" })))));
    }
    for (const row of bars.children) {
      const p = moods[row.dataset.key];
      paint(row.querySelector(".full"), { "--share": p === undefined ? 0 : p });
      row.querySelector(".percent").textContent = p === undefined ? "–" : percent(p);
    }
  }
  for (const name of CLASSES) paint(arcs[name], { stroke: `oklch(var(--arc-light) 0.14 ${CLASS_HUES[name]})` });
  return { box, show };
}
