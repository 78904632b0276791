// Mood: what the camera reads, what the person says, and what the music makes of it.
import { button, h, paint, refill } from "./dom.js";
import { give, listen, live } from "./live.js";
import { percent, t } from "./words.js";
import { dial } from "./dial.js";
import { chromaOf, hueOf } from "./colour.js";

export const CAMERA_ON = new Set(["on", "opening"]);

export function moodPanel({ guest = false } = {}) {
  const ring = dial(), heard = h("p", { class: "hint" }), camera = h("div", { class: "row wrap" });
  const picks = h("div", { class: "picks", role: "group", "aria-label": t("pick") });
  const more = h("dl", { class: "bars fine" }), aims = h("div", { class: "chips", role: "group", "aria-label": t("policy") });
  const eras = h("select", { "aria-label": t("era") });
  const box = h("div", { class: "panel-body" },
    h("div", { class: "card" }, h("h2", {}, t("mood.title")), ring.box, heard, camera,
      h("details", {}, h("summary", {}, t("emotions")), more)),
    guest ? null : h("div", { class: "card" }, h("h2", {}, t("pick")), picks),
    guest ? null : h("div", { class: "card" }, h("h2", {}, t("policy")), aims, h("label", { class: "field" }, h("span", {}, t("era")), eras)));

  listen("pulse", redial);
  listen("state", (state) => {
    redial();
    refill(picks, pickButtons(state));
    refill(camera, cameraButtons(state, guest));
    refill(aims, ["match", "lift", "calm"].map((aim) => button(t(`policy.${aim}`), () => give("policy", aim), { class: "chip", "aria-pressed": String(state.policy === aim), title: t(`policy.${aim}.more`), key: `aim-${aim}` })));
    if (!eras.children.length) for (const era of ["any", "60s", "70s", "80s", "90s", "2000s", "2010s", "2020s"]) eras.append(h("option", { value: era }, era === "any" ? t("era.any") : t("era.of", { era: era.replace("s", "") })));
    eras.value = state.era || "any";
  });
  eras.addEventListener("change", async () => { if (!await give("era", eras.value)) eras.value = live.state.era || "any"; });

  function redial() {
    const state = live.state, pulse = live.pulse;
    if (!state) return;
    const on = CAMERA_ON.has(state.camera), known = state.mood !== "unknown";
    const head = state.by_hand ? t(`mood.${state.mood_word}`) : t(`class.${known ? state.mood : "unknown"}`);
    const note = state.by_hand ? t("you_said") : known ? t("sure", { percent: Math.round(state.confidence * 100) }) : t(on ? "looking" : state.camera === "failed" ? "camera.gone" : "camera.off");
    ring.show(on || Object.keys(pulse.moods).length ? pulse.moods : {}, head, note);
    const failed = state.camera === "failed";
    heard.classList.toggle("wrong", failed);
    heard.textContent = failed ? t("camera.failed") : on ? (pulse.faces ? t(pulse.faces === 1 ? "faces.one" : "faces.many", { count: pulse.faces }) : t("faces.none")) : t("camera.off.more");
    fine(more, pulse.emotions);
  }
  return box;
}

export function fine(box, emotions) {
  const names = Object.keys(emotions).sort((a, b) => emotions[b] - emotions[a]);
  refill(box, names.length ? names.map((name) => {
    const bar = h("i", { class: "full", "aria-hidden": "true" });
    paint(bar, { "--share": emotions[name] });
    return h("div", { class: "bar" }, h("dt", {}, t(`emotion.${name}`)), h("dd", {}, bar, h("span", { class: "percent" }, percent(emotions[name]))));
  }) : [h("p", { class: "hint" }, t("nobody"))]);
}

export function pickButtons(state) {
  const places = live.about.moods;
  return [...["happy", "positive", "calm", "neutral", "sad", "negative", "angry"].filter((word) => places[word]).map((word) => {
    const made = button(t(`mood.${word}`), () => give("mood", word), { class: "pick", "aria-pressed": String(state.mood_word === word), key: word });
    made.prepend(h("i", { class: "bead", "aria-hidden": "true" }));
    paint(made, { "--own": hueOf(...places[word]), "--own-chroma": chromaOf(...places[word]) });
    return made;
  }), button(t("mood.auto"), () => give("mood", "auto"), { class: "pick auto", "aria-pressed": String(!state.mood_word), key: "auto" }, "camera")];
}

function cameraButtons(state, guest) {
  if (guest || live.about.cafe) return [];
  const on = CAMERA_ON.has(state.camera);
  return [button(t(on ? "camera.close" : state.camera === "failed" ? "camera.again" : "camera.open"), () => give("camera", on ? "off" : "on"), { class: on ? "say" : "primary", key: "camera" }, "camera")];
}
