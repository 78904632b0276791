// The phone's face: what plays, and beside or behind it mood, library, queue and photo.
import { h, icon, refill } from "./dom.js";
import { listen, live } from "./live.js";
import { keep, read, t } from "./words.js";
import { stage } from "./stage.js";
import { moodPanel } from "./mood.js";
import { findPanel } from "./find.js";
import { queuePanel } from "./queue.js";
import { photoPanel } from "./photo.js";
import { takeDrops } from "./upload.js";

const MAKERS = { mood: moodPanel, find: findPanel, queue: queuePanel, photo: photoPanel };
const TABS = ["now", "mood", "find", "queue", "photo"];

export function show(main) {
  const guest = live.about.cafe && !live.about.kiosk && !live.about.staff;
  const made = {}, panel = h("section", { class: "panel", id: "panel" }), nav = h("nav", { class: "tabs", "aria-label": t("tabs") });
  const mini = h("button", { type: "button", class: "mini", onclick: () => turn("now") });
  const middle = stage({ guest }), named = h("h1", { class: "sr named" });
  const unkept = h("p", { class: "unkept hint", role: "alert", hidden: true }, t("unkept"));
  main.append(middle.box, nav, named, panel, mini, unkept);

  function turn(name) {
    main.dataset.tab = name;
    keep("tab", name);
    named.textContent = t(name === "find" && guest ? "tab.wish" : `tab.${name}`);
    const side = name === "now" ? "mood" : name;
    made[side] ||= MAKERS[side]({ guest });
    if (panel.firstChild !== made[side]) panel.replaceChildren(made[side]);
    refill(nav, TABS.map((tab) => h("button", { type: "button", key: tab, class: `tab ${tab}`, "aria-current": tab === name ? "page" : null, onclick: () => turn(tab) },
      icon(tab === "find" && guest ? "wish" : tab), h("span", {}, t(tab === "find" && guest ? "tab.wish" : `tab.${tab}`)))));
    scrollTo(0, 0);
  }
  listen("state", (state) => {
    const song = state.playing;
    unkept.hidden = guest || !state.unkept;
    mini.hidden = !song;
    refill(mini, song ? [h("span", { class: "title" }, song.title), h("span", { class: "below" }, song.artist)] : []);
  });
  takeDrops(() => turn("find"));
  const last = read("tab");
  turn(TABS.includes(last) ? last : "now");
  if (live.about.cafe) main.append(h("p", { class: "licence hint" }, t("licence")));
}
