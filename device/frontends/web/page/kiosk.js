// The kiosk: starts by a touch, shows the notice before the first frame, goes back by itself.
import { button, h, icon, paint, refill, toast } from "./dom.js";
import { complaint, give, listen, listened, live, post, unlisten } from "./live.js";
import { t } from "./words.js";
import { aura } from "./aura.js";
import { stage } from "./stage.js";
import { dial } from "./dial.js";
import { CAMERA_ON, pickButtons } from "./mood.js";
import { findPanel } from "./find.js";
import { keyboard } from "./keyboard.js";

let main = null, scene = "", touched = 0, begun = 0, moving = null, inner = null, watching = 0, lasting = 0;
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { touched = performance.now(); });

export function show(box) {
  main = box;
  scene = "";
  clearInterval(watching);
  touched = performance.now();
  watching = setInterval(watch, 500);
  listen("state", (state) => { moving?.show(state); inner?.(state); });
  lasting = listened();
  turn("idle");
}

function turn(name) {
  scene = name;
  moving?.end();
  moving = inner = null;
  unlisten(lasting);
  touched = performance.now();
  main.dataset.scene = name;
  refill(main, [{ idle, notice, session, wish }[name]()]);
  if (live.state) { moving?.show(live.state); inner?.(live.state); }
  [".touch", ".primary", "input"].map((what) => main.querySelector(what)).find(Boolean)?.focus({ preventScroll: true });
}

// Nobody touched it for a while, or the session has lasted: forget and begin anew.
async function watch() {
  if (scene === "idle") return;
  const idle = (performance.now() - touched) / 1000, seen = live.pulse.faces && CAMERA_ON.has(live.state?.camera);
  const over = begun && (performance.now() - begun) / 1000 > live.about.session_seconds;
  const left = Math.max(0, 1 - idle / live.about.idle_seconds);
  for (const bar of main.querySelectorAll(".countdown")) paint(bar, { "--left": seen ? 1 : left });
  if (over || idle > live.about.idle_seconds && !(seen && scene === "session")) await finish();
}

async function finish() {
  const was = scene;
  turn("idle");
  begun = 0;
  document.dispatchEvent(new Event("guest-gone"));
  if (was !== "notice") await give("guest_end", "", true);
}

function idle() {
  const canvas = h("canvas", { class: "aura", "aria-hidden": "true" });
  moving = aura(canvas);
  const line = h("span", {}), corner = h("div", { class: "corner" });
  inner = (state) => { line.textContent = state.playing ? `${state.playing.title}${state.playing.artist ? ` · ${state.playing.artist}` : ""}` : t("quiet"); };
  refill(corner, [h("span", {}, h("b", {}, t("kiosk.phone")), h("br"), live.about.address.replace(/^http:\/\/|\/$/g, "")), h("img", { src: "/api/qr.svg", alt: t("kiosk.qr", { address: live.about.address }) })]);
  return h("div", { class: "scene idle", onclick: () => turn("notice") },
    h("h1", {}, t("kiosk.idle")),
    h("div", { class: "halo" }, canvas, h("button", { type: "button", class: "touch" }, t("kiosk.touch"))),
    h("p", { class: "lead hint" }, t("kiosk.what")),
    h("p", { class: "corner left hint" }, icon("now"), line), corner,
    live.about.cafe ? h("p", { class: "hint" }, t("licence")) : null);
}

function notice() {
  const points = ["notice.sees", "notice.never", "notice.ends", "notice.choice"];
  return h("div", { class: "scene" }, h("div", { class: "card notice", role: "region", "aria-label": t("notice.title") },
    h("h1", {}, t("notice.title")),
    h("ul", { class: "points" }, points.map((point) => h("li", {}, icon("sparkle"), h("span", {}, t(point, { minutes: Math.ceil(live.about.session_seconds / 60) }))))),
    h("p", { class: "hint" }, t("notice.who")),
    h("div", { class: "both" }, button(t("notice.agree"), begin, { class: "primary" }, "camera"), button(t("notice.without"), () => { begun = performance.now(); turn("session"); }, { class: "say" }), button(t("back"), () => turn("idle"), { class: "say" })),
    h("div", { class: "countdown", "aria-hidden": "true" })));
}

// Only now, with the notice on the screen and agreed to, is the camera asked for.
async function begin() {
  const told = await post("/api/command", { command: live.about.cafe ? "guest_begin" : "camera", argument: live.about.cafe ? "" : "on" });
  if (told.refused) toast(complaint(told), true);
  begun = performance.now();
  turn("session");
}

function session() {
  const ring = dial(), picks = h("div", { class: "picks", role: "group", "aria-label": t("pick") }), middle = stage({ plain: true });
  const words = h("p", { class: "lead" });
  inner = (state) => {
    const on = CAMERA_ON.has(state.camera), known = state.mood !== "unknown";
    const head = state.by_hand ? t(`mood.${state.mood_word}`) : t(`class.${known ? state.mood : "unknown"}`);
    ring.show(on ? live.pulse.moods : {}, head, state.by_hand ? t("you_said") : known ? t("sure", { percent: Math.round(state.confidence * 100) }) : t(on ? "looking" : "camera.off"));
    words.textContent = on ? (live.pulse.faces ? t("kiosk.seen") : t("faces.none")) : t("kiosk.pick");
    refill(picks, pickButtons(state).filter((pick) => on || !pick.classList?.contains("auto")));
  };
  listen("pulse", () => { if (live.state) inner?.(live.state); });
  const box = h("div", { class: "scene" }, h("div", { class: "session" }, middle.box,
    h("div", { class: "card" }, ring.box, words, picks,
      h("div", { class: "both" }, button(t("kiosk.wish"), () => turn("wish"), { class: "say" }, "wish"), button(t("kiosk.done"), finish, { class: "primary" })))),
    h("div", { class: "countdown", "aria-hidden": "true" }));
  moving = { show() {}, end() { middle.end(); } };
  return box;
}

function wish() {
  const field = h("input", { type: "search", placeholder: t("find.hint"), "aria-label": t("find"), autocomplete: "off", inputmode: "none", maxlength: 120 });
  return h("div", { class: "scene" }, h("div", { class: "card wishing" },
    h("div", { class: "row" }, h("h1", { class: "small" }, t("kiosk.wish")), button(t("back"), () => turn("session"), { class: "say" }, "back")),
    findPanel({ guest: true, field }), keyboard(field)),
  h("div", { class: "countdown", "aria-hidden": "true" }));
}
