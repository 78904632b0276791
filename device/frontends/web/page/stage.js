// What plays: picture, why it was chosen, where in it, and what to say about it.
import { button, clock, h, icon, paint, refill } from "./dom.js";
import { both, t, why } from "./words.js";
import { give, listen, live, position } from "./live.js";
import { aura } from "./aura.js";
import { cover } from "./cover.js";
import { uploadCard } from "./upload.js";

export function stage({ guest = false, plain = false } = {}) {
  const canvas = h("canvas", { class: "aura", "aria-hidden": "true" });
  const art = h("div", { class: "art" }, canvas), names = h("div", { class: "names" });
  const reason = h("p", { class: "why" }), asked = h("div", { class: "asked" });
  const seek = h("input", { type: "range", min: 0, max: 100, value: 0, step: 1, class: "seek", "aria-label": t("seek"), disabled: guest });
  const gone = h("span", { class: "time" }), whole = h("span", { class: "time" });
  const transport = h("div", { class: "transport" }), opinion = h("div", { class: "opinion" }), loud = volume();
  const first = h("div", { class: "first" });
  const box = h("section", { class: "stage", "aria-label": t("tab.now") }, art, names, reason,
    h("div", { class: "progress" }, gone, seek, whole), guest ? null : transport, first, asked, opinion, guest || plain ? null : loud.box);
  const moving = aura(canvas);
  let shown = "", held = false;

  seek.addEventListener("input", () => { held = true; fill(seek); gone.textContent = clock(seek.value); });
  seek.addEventListener("change", async () => { await give("seek", Math.round(seek.value), true); held = false; });

  function tick() {
    if (!box.isConnected) return;
    const state = live.state;
    if (state && !held) {
      const at = position();
      seek.max = Math.max(1, Math.round(state.duration));
      seek.value = at;
      fill(seek);
      gone.textContent = clock(at);
      whole.textContent = clock(state.duration);
      seek.setAttribute("aria-valuetext", `${clock(at)} / ${clock(state.duration)}`);
    }
    setTimeout(tick, 500);
  }

  listen("state", (state) => {
    moving.show(state);
    loud.show(state);
    const song = state.playing, face = JSON.stringify([song, state.now, state.playback, state.liked, state.hold, state.tracks > 0, state.tier]);
    if (face !== shown) { shown = face; song ? playing(song, state) : silent(state); }
    question(asked, state.question, guest);
  });
  setTimeout(tick, 0);

  function playing(song, state) {
    if (art.dataset.song !== song.id + Boolean(state.now?.artwork)) {
      art.dataset.song = song.id + Boolean(state.now?.artwork);
      art.replaceChildren(canvas, cover(song, state.now));
    }
    const album = [state.now?.album, state.now?.year].filter(Boolean).join(" · ");
    refill(names, [h("h1", { class: song.title.length > 42 ? "long" : null, title: song.title.length > 42 ? song.title : null }, song.title), h("p", { class: "artist" }, song.artist || t("no_artist")), album && h("p", { class: "album" }, album)]);
    refill(reason, [h("span", {}, icon("sparkle"), h("b", {}, ` ${t("why")} `), why(song.why) || t("why.new")),
      h("span", { class: "tier", title: t(`tier.${song.tier}.more`) }, t(`tier.${song.tier}`))]);
    first.replaceChildren();
    const on = state.playback === "playing";
    box.dataset.playing = on;
    delete box.dataset.quiet;
    refill(transport, [
      button(t("previous"), () => give("previous", "", true), { bare: true, class: "round", key: "previous" }, "previous"),
      button(t(on ? "pause" : "play"), () => give("play_pause", "", true), { bare: true, class: "round big", key: "play" }, on ? "pause" : "play"),
      button(t("next"), () => give("next", "", true), { bare: true, class: "round", key: "next" }, "next"),
    ]);
    refill(opinion, [
      button(t(state.liked ? "liked" : "like"), () => give(state.liked ? "unlike" : "like", guest ? song.id : ""), { class: "say like", "aria-pressed": String(state.liked), key: "like" }, "heart"),
      guest ? null : button(t("not_this"), () => give("not_this", "", true), { class: "say", key: "not" }, "not"),
      guest ? null : button(t("another"), () => give("another_like_this"), { class: "say", key: "another" }, "another"),
    ]);
  }

  function silent(state) {
    art.dataset.song = "";
    art.replaceChildren(canvas);
    box.dataset.playing = false;
    box.dataset.quiet = state.tracks ? "paused" : "empty";
    const words = state.hold ? t(`hold.${state.hold}`) : t(state.tracks ? "silent" : "no_music");
    refill(names, [h("h1", {}, t("quiet")), h("p", { class: "still" }, words)]);
    refill(reason, []);
    refill(opinion, []);
    refill(first, state.tracks || guest || plain ? [] : [uploadCard({ open: true })]);
    refill(transport, state.tracks ? [button(t("play"), () => give("play", "", true), { class: "primary", key: "play" }, "play")] : []);
  }
  return { box, end: () => moving.end() };
}

export function question(box, asked, guest) {
  const face = asked && !guest ? asked.id : "";
  if (box.dataset.asked === face) return;
  box.dataset.asked = face;
  const within = box.parentElement?.contains(document.activeElement);
  refill(box, face ? [h("div", { class: "card question", role: "group", "aria-label": both(asked) },
    h("div", { class: "row" }, h("h2", {}, both(asked)), button(t("close"), () => give("dismiss", "", true), { bare: true, class: "round small" }, "not")),
    h("div", { class: "answers" }, asked.answers.map((one, n) => button(both(one), () => give("answer", one.id), { class: "answer", key: `answer-${n}` }))))] : []);
  // Whoever has the focus here is led to the answers, and back when they are gone.
  if (within) box.parentElement.querySelector(face ? ".answer" : "[data-key=not]")?.focus({ preventScroll: true });
  if (face) box.scrollIntoView?.({ block: "nearest", behavior: "smooth" });
}

// The part of a slider that lies behind its knob.
function fill(slider) { paint(slider, { "--at": `${slider.value / slider.max * 100}%` }); }

export function volume() {
  const slide = h("input", { type: "range", min: 0, max: 100, step: 1, class: "volume", "aria-label": t("volume") });
  const note = h("span", { class: "time" }), box = h("label", { class: "loud" }, icon("volume"), slide, note);
  let ceiling = 100, held = -Infinity, waiting = null;
  async function send() {
    if (waiting === null) return;
    const level = waiting;
    waiting = null;
    await give("volume", level, true);
    setTimeout(send, 120);
  }
  slide.addEventListener("input", () => {
    if (slide.value > ceiling) slide.value = ceiling;
    note.textContent = slide.value;
    fill(slide);
    held = performance.now();
    const idle = waiting === null;
    waiting = Math.round(slide.value);
    if (idle) setTimeout(send, 80);
  });
  function show(state) {
    ceiling = Math.round(state.ceiling * 100);
    slide.style.setProperty("--ceiling", `${ceiling}%`);
    box.title = ceiling < 100 ? t("ceiling", { ceiling }) : "";
    if (performance.now() - held < 1200) return;
    slide.value = Math.round(state.volume * 100);
    fill(slide);
    note.textContent = slide.value;
  }
  return { box, show };
}
