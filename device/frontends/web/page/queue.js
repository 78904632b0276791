// What comes next, and why; what people chose can be moved and taken out.
import { button, h, icon, refill } from "./dom.js";
import { give, listen, live } from "./live.js";
import { t, why } from "./words.js";

const REPEATS = ["off", "track", "album"];

export function queuePanel({ guest = false } = {}) {
  const mine = () => !(guest || live.about.cafe && !live.about.kiosk && !live.about.staff);
  const again = h("div", { class: "row wrap", role: "group", "aria-label": t("repeat") });
  const list = h("ol", { class: "rows queue" }), foot = h("div", { class: "row center" });
  const box = h("div", { class: "panel-body" }, h("h2", { class: "sr" }, t("tab.queue")), again, list, foot);
  let shown = "";
  listen("state", (state) => {
    const face = JSON.stringify([state.queue, state.queued, state.repeat, Boolean(state.playing)]);
    if (face === shown) return;
    shown = face;
    refill(again, mine() && state.playing ? [h("span", { class: "hint", "aria-hidden": "true" }, t("repeat")), ...REPEATS.map((name) => repeat(name, state.repeat))] : []);
    refill(list, state.queue.length ? state.queue.map((song, n) => row(song, n, state)) : [h("li", { class: "bare hint" }, icon("queue"), t(state.tracks ? "queue.empty" : "found.no_music"))]);
    const rest = state.queued - state.queue.length;
    refill(foot, [rest > 0 ? h("p", { class: "hint" }, t("queue.rest", { count: rest })) : null,
      guest || !state.queue.length ? null : button(t("queue.clear"), () => give("queue_clear"), { class: "say", key: "clear" })]);
  });
  function repeat(name, now) {
    return button(t(`repeat.${name}`), () => give("repeat", name), { class: "chip", "aria-pressed": String(name === now), key: `repeat-${name}` });
  }
  function row(song, n, state) {
    const what = { title: song.title };
    return h("li", { class: song.by_hand ? "chosen" : "" },
      h("span", { class: "number", "aria-hidden": "true" }, n + 1),
      h("span", { class: "entry" }, h("span", { class: "title" }, song.title), h("span", { class: "below" }, [song.artist, why(song.why)].filter(Boolean).join(" · "))),
      song.by_hand ? h("span", { class: "tag", title: t("queue.chosen") }, icon("heart")) : null,
      !mine() ? null : [
        n > 0 ? button(t("queue.up", what), () => give("queue_move", `${song.id} ${n}`, true), { bare: true, class: "round small", key: `up${song.id}` }, "up") : null,
        n < state.queue.length - 1 ? button(t("queue.down", what), () => give("queue_move", `${song.id} ${n + 2}`, true), { bare: true, class: "round small", key: `down${song.id}` }, "down") : null,
        button(t("queue.remove", what), () => give("queue_remove", song.id), { bare: true, class: "round small", key: `no${song.id}` }, "not")]);
  }
  return box;
}
