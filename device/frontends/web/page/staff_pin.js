// Coming in: the PIN on a pad, and a new one for who forgot it and holds the device's buttons.
import { button, h, icon, refill, toast } from "./dom.js";
import { complaint, get, listen, live, post } from "./live.js";
import { t } from "./words.js";

const MOST = 12, ASK_MS = 1000;

// What is wrong stands where the digits were; a wait is counted down there.
function fault() {
  const seen = h("span", { "aria-hidden": "true" }), heard = h("span", { class: "sr", role: "alert" });
  const line = h("p", { class: "wrong" }, seen, heard);
  let ticking = 0;
  const words = (told, wait) => told ? complaint(wait ? { ...told, code: "pin_wait", wait } : told) : "";
  function say(told) {
    clearInterval(ticking);
    seen.textContent = heard.textContent = words(told, told?.wait); // a screen reader hears it once, not each second
    if (!told?.wait) return;
    const over = performance.now() + told.wait * 1000;
    ticking = setInterval(() => {
      const wait = Math.ceil((over - performance.now()) / 1000);
      if (wait > 0 && line.isConnected) seen.textContent = words(told, wait); else say(null);
    }, 1000);
  }
  return { line, say };
}

function pad(taken, wrong = null) {
  let pin = "";
  const dots = h("div", { class: "dots", role: "status" }), keys = h("div", { class: "pad" });
  const field = h("input", { type: "password", inputmode: "numeric", autocomplete: "off", maxlength: MOST, class: "sr", "aria-label": t("staff.pin") });
  field.addEventListener("input", () => { pin = field.value.replace(/\D/g, ""); draw(); });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") done(); });
  const put = (digit) => { if (pin.length < MOST) pin += digit; draw(); };
  function draw() { if (pin) wrong?.say(null); field.value = pin; refill(dots, [...pin].map(() => h("i"))); dots.setAttribute("aria-label", t("staff.digits", { count: pin.length })); }
  function done() { const typed = pin; pin = ""; draw(); taken(typed); }
  keys.append(...[..."123456789"].map((d) => h("button", { type: "button", class: "key", onclick: () => put(d) }, d)),
    h("button", { type: "button", class: "key", "aria-label": t("keyboard.erase"), onclick: () => { pin = pin.slice(0, -1); draw(); } }, icon("erase")),
    h("button", { type: "button", class: "key", onclick: () => put("0") }, "0"),
    h("button", { type: "button", class: "key", "aria-label": t("staff.enter"), onclick: done }, icon("enter")));
  if (matchMedia("(pointer: fine)").matches) setTimeout(() => field.focus(), 0);
  return [field, h("div", { class: "typed" }, dots, wrong?.line), keys];
}

export function pinPad(entered) {
  const box = h("div", { class: "card" }), wrong = fault();
  let scene = "", first = "", asking = 0;

  const scenes = {
    enter: () => [h("h1", {}, t("staff.title")), h("p", { class: "hint" }, t(live.about.pin ? "staff.how" : "error.pin_unset")), ...pad(enter, wrong),
      h("details", {}, h("summary", {}, t("staff.forgotten.ask")), h("p", { class: "hint" }, t("staff.forgotten")))],
    type: () => [h("h1", {}, t("reset.title")), h("p", { class: "hint" }, t("reset.type")), ...pad((pin) => { if (pin.length < 6) { toast(t("error.pin_weak"), true); return; } first = pin; turn("again"); })],
    again: () => [h("h1", {}, t("reset.again")), h("p", { class: "hint" }, t("reset.again.how")), ...pad((pin) => { if (pin === first) bring(pin); else { toast(t("reset.differ"), true); turn("type"); } })],
    press: () => [h("h1", {}, t("reset.press")), h("div", { class: "press", "aria-hidden": "true" }, icon("play")), h("p", {}, t("reset.press.how")), button(t("back"), () => turn("type"), { class: "say" }, "back")],
  };
  function turn(name) {
    scene = name;
    refill(box, scenes[name]());
    clearTimeout(asking);
    if (name === "press") ask();
  }
  async function enter(pin) {
    const told = await post("/api/staff/enter", { pin });
    if (told.refused) wrong.say(told); else entered();
  }
  async function bring(pin) {
    const told = await post("/api/staff/reset", { pin });
    first = "";
    if (!told.refused) { step(told.step); return; }
    toast(complaint(told), true);
    turn(told.code === "pin_closed" ? "enter" : "type");
  }
  async function ask() {
    const told = await get("/api/staff/reset").catch(() => ({ refused: true }));
    if (scene !== "press" || !box.isConnected) return;
    if (told.refused || told.step === "press") asking = setTimeout(ask, ASK_MS); else step(told.step);
  }
  function step(name) {
    if (name === "done") { live.about.pin = true; toast(t("reset.done")); turn("enter"); }
    else if (name === "press") turn("press");
    else { toast(t(name === "spoiled" ? "error.pin_spoiled" : "error.pin_closed"), true); turn("enter"); }
  }
  let open = null;
  listen("state", (state) => {
    if (state.pin_reset === open) return;
    open = state.pin_reset;
    if (open) turn("type"); else if (scene === "type" || scene === "again") turn("enter");
  });
  if (!scene) turn("enter");
  return box;
}
