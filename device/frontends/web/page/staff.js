// The staff's face: behind a PIN, all that guests may not touch.
import { button, clock, h, icon, refill, toast } from "./dom.js";
import { about, complaint, follow, get, give, listen, live, post } from "./live.js";
import { language, t } from "./words.js";
import { maskEditor } from "./masks.js";
import { CAMERA_ON } from "./mood.js";

let main = null;

export function show(box) {
  main = box;
  live.about.staff ? inside() : outside();
}

function outside() {
  main.classList.add("outside");
  let pin = "";
  const dots = h("div", { class: "dots", role: "status" }), pad = h("div", { class: "pad" });
  const field = h("input", { type: "password", inputmode: "numeric", autocomplete: "current-password", maxlength: 12, class: "sr", "aria-label": t("staff.pin") });
  field.addEventListener("input", () => { pin = field.value.replace(/\D/g, ""); draw(); });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") enter(); });
  const put = (digit) => { if (pin.length < 12) pin += digit; draw(); };
  function draw() { field.value = pin; refill(dots, [...pin].map(() => h("i"))); dots.setAttribute("aria-label", t("staff.digits", { count: pin.length })); }
  async function enter() {
    const told = await post("/api/staff/enter", { pin });
    pin = "";
    draw();
    if (told.refused) { toast(complaint(told), true); return; }
    await about();
    follow(); // as staff from now on: with face boxes
    inside();
  }
  pad.append(...[..."123456789"].map((d) => h("button", { type: "button", class: "key", onclick: () => put(d) }, d)),
    h("button", { type: "button", class: "key", "aria-label": t("keyboard.erase"), onclick: () => { pin = pin.slice(0, -1); draw(); } }, icon("erase")),
    h("button", { type: "button", class: "key", onclick: () => put("0") }, "0"),
    h("button", { type: "button", class: "key", "aria-label": t("staff.enter"), onclick: enter }, "↵"));
  refill(main, [h("div", { class: "card" }, h("h1", {}, t("staff.title")), h("p", { class: "hint" }, t(live.about.pin ? "staff.how" : "error.pin_unset")), field, dots, pad, h("p", { class: "hint" }, t("staff.forgotten")))]);
  if (matchMedia("(pointer: fine)").matches) field.focus();
}

function inside() {
  main.classList.remove("outside");
  refill(main, [playing(), camera(), maskEditor(), live.about.cafe ? mounting() : null, limits(), wishes(), dayparts(), bans(), log(), machine()]);
}

function card(title, ...kids) { return h("section", { class: "card", "aria-label": title }, h("h2", {}, title), ...kids); }

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
  const tick = h("input", { type: "checkbox", checked: live.about.wishes });
  tick.addEventListener("change", async () => { const told = await post("/api/staff/wishes", { open: tick.checked }); if (told.refused) { tick.checked = !tick.checked; toast(complaint(told), true); } else live.about.wishes = told.open; });
  return card(t("staff.wishes"), h("label", { class: "switch" }, tick, h("span", {}, t("staff.wishes.open"))), h("p", { class: "hint" }, t("staff.wishes.how", { minutes: live.about.wish_minutes })), h("p", { class: "hint" }, t("licence")));
}

function dayparts() {
  const body = h("div", {}), now = h("p", { class: "hint" });
  listen("state", (state) => { now.textContent = state.daypart ? t("dayparts.now", { name: state.daypart }) : t("dayparts.none_now"); });
  get("/api/staff/dayparts").then((parts) => {
    if (parts.refused) return;
    refill(body, [parts.length ? h("table", {}, h("tbody", {}, parts.map((part) => h("tr", {}, h("th", { scope: "row" }, part.name), h("td", {}, `${part.start}–${part.until}`),
      h("td", {}, [part.days.length < 7 ? part.days.map((day) => t(`day.${day}`)).join(" ") : t("day.all"), part.quiet ? t("dayparts.quiet") : part.policy ? t(`policy.${part.policy}`) : "", part.allow_explicit ? "" : t("dayparts.clean")].filter(Boolean).join(" · ")))))) : h("p", { class: "hint" }, t("dayparts.empty"))]);
  });
  return card(t("dayparts"), now, body);
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

function log() {
  const body = h("div", { class: "scroll" });
  async function look() {
    const rows = await get("/api/staff/log?days=7&limit=200");
    if (rows.refused) { refill(body, [h("p", { class: "hint" }, t("staff.no_log"))]); return; }
    const when = new Intl.DateTimeFormat(language(), { weekday: "short", hour: "2-digit", minute: "2-digit" });
    refill(body, rows.length ? [h("table", {}, h("thead", {}, h("tr", {}, ["when", "song", "how"].map((name) => h("th", { scope: "col" }, t(`log.${name}`))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("td", {}, when.format(row.at * 1000)), h("td", {}, row.title, h("br"), h("span", { class: "below" }, row.artist)), h("td", {}, `${t(`log.${row.how}`)} ${clock(row.seconds)}`)))))] : [h("p", { class: "hint" }, t("staff.no_log"))]);
  }
  look();
  const made = card(t("staff.log"), body, button(t("staff.log.again"), look, { class: "say" }, "restart"));
  made.classList.add("wide");
  return made;
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
