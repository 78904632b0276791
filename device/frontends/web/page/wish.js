// Whether a guest may wish for a song now: said before they search, and again when it changes.
import { h, icon, refill } from "./dom.js";
import { get, listen, live } from "./live.js";
import { t } from "./words.js";

const clocked = (at) => { const d = new Date(at); return `${String(d.getHours()).padStart(2, "0")}:${String(d.getMinutes()).padStart(2, "0")}`; };

export function wishNotice(changed) {
  const words = h("p", { role: "status" }), sign = h("span", { "aria-hidden": "true" }), box = h("div", { class: "taking" }, sign, words);
  let until = 0, minutes = null, waking = 0, shown = "";

  // Why not, of this house or of this guest; empty while they may.
  const closed = () => live.state?.wishes_closed || (until > Date.now() ? "wait" : "");
  function said() {
    const why = closed(), state = live.state;
    if (why === "quiet") return state.wishes_until ? t("wish.quiet.until", { time: state.wishes_until }) : t("wish.quiet");
    if (why === "wait") return t(live.about.kiosk ? "wish.wait.kiosk" : "wish.wait", { time: clocked(until + 59_000) });
    if (why) return t(`wish.${why}`);
    return minutes ? t("wish.how", { minutes }) : t("wish.how.free");
  }
  function show() {
    const now = said();
    if (now === shown) return;
    shown = words.textContent = now;
    box.dataset.closed = closed();
    refill(sign, [icon(closed() ? closed() === "off" ? "lock" : "clock" : "wish")]);
    changed();
  }
  // Each guest waits their own time, so that it is no part of the state that all are told.
  async function ask() {
    const told = await get("/api/wish").catch(() => ({}));
    if (told.refused || told.wait === undefined) return;
    until = told.wait ? Date.now() + told.wait * 1000 : 0;
    clearTimeout(waking);
    if (told.wait) waking = setTimeout(ask, told.wait * 1000 + 500);
    show();
  }
  listen("state", (state) => {
    if (minutes !== state.wish_minutes) { minutes = state.wish_minutes; ask(); }
    show();
  });
  return { box, closed, said, ask, end: () => clearTimeout(waking) };
}
