// The staff's face: behind a PIN, all that guests may not touch.
import { button, h, refill, toast } from "./dom.js";
import { about, complaint, follow, get, give, listen, live, post } from "./live.js";
import { t } from "./words.js";
import { maskEditor } from "./masks.js";
import { CAMERA_ON } from "./mood.js";
import { card, switched } from "./staff_parts.js";
import { pinPad } from "./staff_pin.js";
import { scheduleCard } from "./staff_day.js";
import { brokerCard } from "./staff_broker.js";
import { dayCard, logCard } from "./staff_log.js";

// Guests never load this part of the style.
await new Promise((done) => {
  const sheet = h("link", { rel: "stylesheet", href: "/page/staff.css", onload: done, onerror: done });
  document.head.append(sheet);
});

let main = null;

export function show(box) {
  main = box;
  live.about.staff ? inside() : outside();
}

function outside() {
  main.classList.add("outside");
  refill(main, [pinPad(async () => {
    await about();
    follow(); // as staff from now on: with face boxes
    inside();
  })]);
}

function inside() {
  main.classList.remove("outside");
  const cards = [playing(), limits(), wishes(), scheduleCard(), dayCard(), camera(), maskEditor(), live.about.cafe ? mounting() : null, bans(), brokerCard(), machine(), logCard()].filter(Boolean);
  const ways = cards.map((made) => {
    const name = made.querySelector("h2");
    name.tabIndex = -1;
    return h("button", { type: "button", class: "way", onclick: () => { made.scrollIntoView({ block: "start" }); name.focus({ preventScroll: true }); } }, name.textContent);
  });
  const head = h("h1", { class: "sr", tabindex: -1 }, t("staff.title"));
  refill(main, [head, h("nav", { class: "ways", "aria-label": t("tabs") }, ways), ...cards]);
  head.focus({ preventScroll: true });
}

function playing() {
  const words = h("p", {}), deeds = h("div", { class: "row wrap" });
  listen("state", (state) => {
    const song = state.playing;
    words.textContent = song ? `${song.title}${song.artist ? ` · ${song.artist}` : ""}` : t("quiet");
    refill(deeds, [button(t(state.playback === "playing" ? "pause" : "play"), () => give("play_pause", "", true), { class: "primary", key: "play" }, state.playback === "playing" ? "pause" : "play"),
      button(t("next"), () => give("next", "", true), { class: "say", key: "next" }, "next"),
      song ? button(t("staff.ban"), () => give("ban", song.id), { class: "say danger", key: "ban" }, "not") : null]);
  });
  return card(t("tab.now"), words, deeds);
}

function camera() {
  const words = h("p", {}), deeds = h("div", { class: "row wrap" });
  listen("state", (state) => {
    const on = CAMERA_ON.has(state.camera);
    words.textContent = t(on ? "staff.camera.on" : state.camera === "failed" ? "camera.failed" : "staff.camera.off");
    refill(deeds, live.about.cafe
      ? [h("p", { class: "hint" }, t("staff.camera.cafe")), on ? button(t("camera.close"), () => give("guest_end", "", true), { class: "say", key: "off" }, "camera") : null]
      : [button(t(on ? "camera.close" : "camera.open"), () => give("camera", on ? "off" : "on"), { class: on ? "say" : "primary", key: "camera" }, "camera")]);
  });
  return card(t("staff.camera"), words, deeds);
}

function mounting() {
  const checks = ["mounting.height", "mounting.sign", "mounting.area"].map((key) => {
    const tick = h("input", { type: "checkbox" });
    return [tick, h("label", { class: "switch" }, tick, h("span", {}, t(key)))];
  });
  const confirm = button(t("mounting.confirm"), () => { if (checks.every(([tick]) => tick.checked)) give("mounting", "confirmed"); else toast(t("mounting.all"), true); }, { class: "primary" });
  return card(t("mounting.title"), h("p", { class: "hint" }, t("mounting.how")), ...checks.map(([, label]) => label), confirm);
}

function limits() {
  const aims = h("div", { class: "chips", role: "group", "aria-label": t("policy") }), note = h("output", {});
  const ceiling = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": t("staff.ceiling") });
  let held = -Infinity;
  ceiling.addEventListener("input", () => { held = performance.now(); note.textContent = ceiling.value; });
  ceiling.addEventListener("change", () => give("volume_ceiling", ceiling.value));
  const volume = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": t("volume") });
  volume.addEventListener("change", () => give("volume", volume.value, true));
  listen("state", (state) => {
    refill(aims, ["match", "lift", "calm"].map((aim) => button(t(`policy.${aim}`), () => give("policy", aim), { class: "chip", "aria-pressed": String(state.policy === aim), key: aim })));
    if (performance.now() - held > 1500) { ceiling.value = Math.round(state.ceiling * 100); note.textContent = ceiling.value; volume.value = Math.round(state.volume * 100); }
  });
  return card(t("policy"), aims, h("label", {}, h("span", { class: "row" }, t("staff.ceiling"), note), ceiling), h("label", {}, t("volume"), volume));
}

function wishes() {
  const body = h("div", { class: "stack" });
  async function change(part) {
    const told = await post("/api/staff/wishes", part);
    if (told.refused) toast(complaint(told), true); else toast(t("said.wishes"));
    look();
  }
  const count = (name, value, most) => h("label", { class: "field" }, h("span", {}, t(`staff.wishes.${name}`)),
    h("input", { type: "number", min: name === "minutes" ? 0 : 1, max: most, step: 1, value, inputmode: "numeric", key: name, onchange: (event) => change({ [name]: Number(event.target.value) }) }));
  async function look() {
    const rules = await get("/api/staff/wishes");
    if (rules.refused) return;
    refill(body, [switched(t("staff.wishes.open"), rules.open, (on) => change({ open: on }), "open"),
      ...rules.open ? [count("minutes", rules.minutes, 1440), count("most_waiting", rules.most_waiting, 100), switched(t("staff.wishes.explicit"), rules.explicit, (on) => change({ explicit: on }), "explicit")] : []]);
  }
  look();
  return card(t("staff.wishes"), body, h("p", { class: "hint" }, t("staff.wishes.how")), h("p", { class: "hint" }, t("licence")));
}

function bans() {
  const list = h("ul", { class: "rows scroll" });
  async function look() {
    const page = await get("/api/browse?only=banned&limit=200");
    if (page.refused) return;
    refill(list, page.rows.length ? page.rows.map((row) => h("li", {}, h("span", { class: "entry" }, h("span", { class: "title" }, row.title), h("span", { class: "below" }, row.artist || "")),
      button(t("staff.unban"), async () => { await give("unban", row.id); look(); }, { class: "say", key: row.id }))) : [h("li", { class: "hint" }, t("staff.no_bans"))]);
  }
  let song = null;
  listen("state", (state) => { const on = state.playing?.id || ""; if (on !== song) { song = on; look(); } });
  return card(t("staff.bans"), list);
}

function machine() {
  let sure = -Infinity;
  const restart = button(t("staff.restart"), async () => {
    if (performance.now() - sure > 6000) { sure = performance.now(); toast(t("staff.restart.sure")); return; }
    const told = await post("/api/staff/restart", {});
    toast(told.refused ? complaint(told) : t("staff.restarting"), told.refused);
  }, { class: "say danger" }, "restart");
  const leave = button(t("staff.leave"), async () => { await post("/api/staff/leave", {}); await about(); follow(); location.assign("/"); }, { class: "primary" }, "lock");
  return card(t("staff.machine"), h("div", { class: "row wrap" }, restart, leave), h("p", { class: "hint" }, t("staff.forgotten")));
}
