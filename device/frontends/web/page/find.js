// The library: search it, go through it, choose from it.
import { button, clock, h, refill, toast } from "./dom.js";
import { complaint, get, give, live, post } from "./live.js";
import { t, term } from "./words.js";
import { uploadCard } from "./upload.js";
import { wishNotice } from "./wish.js";

const SHELVES = ["tracks", "artists", "albums", "genres", "moods"], PAGE = 40;

export function findPanel({ guest = false, field = null } = {}) {
  let shelf = "tracks", inside = {}, text = "", asked = 0, rows = [], total = 0;
  const search = field || h("input", { type: "search", placeholder: t("find.hint"), "aria-label": t("find"), autocomplete: "off", enterkeyhint: "search", maxlength: 120 });
  const tabs = h("div", { class: "shelves", role: "group", "aria-label": t("find.shelves") });
  const crumb = h("div", { class: "row" }), list = h("ul", { class: "rows" }), foot = h("div", { class: "row center" }), count = h("p", { class: "hint", role: "status" });
  const taking = guest ? wishNotice(() => { if (shelf === "tracks" && rows.length) draw(); }) : null;
  const box = h("div", { class: "panel-body" }, taking?.box, search, tabs, guest ? null : uploadCard(), crumb, count, list, foot);
  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { text = search.value.trim(); look(); }, 220); });

  async function look(more = false) {
    const mine = ++asked, query = new URLSearchParams({ what: shelf, limit: PAGE, offset: more ? rows.length : 0, ...inside });
    if (text) query.set("text", text);
    const page = await get(`/api/browse?${query}`);
    if (mine !== asked || page.refused) return;
    rows = more ? [...rows, ...page.rows] : page.rows;
    total = page.total;
    draw();
  }
  function draw() {
    refill(tabs, SHELVES.map((name) => button(t(`shelf.${name}`), () => { shelf = name; inside = {}; look(); }, { class: "chip", "aria-pressed": String(shelf === name && !Object.keys(inside).length), key: name })));
    const of = Object.entries(inside)[0];
    refill(crumb, of ? [button(t("back"), () => { shelf = { artist: "artists", album: "albums", genre: "genres", mood: "moods" }[of[0]]; inside = {}; look(); }, { bare: true, class: "round small" }, "back"),
      h("h3", {}, of[0] === "mood" ? t(`mood.${of[1]}`) : term(of[1])),
      of[0] === "artist" && guest && rows.length ? button(t("wish.artist"), () => wishAny(), { class: "say", key: "any", "aria-disabled": taking.closed() ? "true" : null }, "wish") : null,
      of[0] === "album" && !guest && rows[0] ? button(t("play_album"), () => give("play_album", rows[0].id), { class: "say" }, "play") : null] : []);
    count.textContent = total ? t(total === 1 ? "found.one" : "found.many", { count: total }) : t(live.state?.tracks === 0 ? "found.no_music" : text ? "found.none" : "found.nothing");
    refill(list, rows.map(shelf === "tracks" ? songRow : shelfRow));
    refill(foot, rows.length < total ? [button(t("more"), () => look(true), { class: "say" })] : []);
  }
  const ofShelf = { artists: "artist", albums: "album", genres: "genre", moods: "mood" };
  function shelfRow(row) {
    const name = shelf === "moods" ? t(`mood.${row.title}`) : shelf === "genres" ? term(row.title) : row.title;
    const below = [row.artist, row.year, t(row.tracks === 1 || !row.tracks ? "tracks.one" : "tracks.many", { count: row.tracks || 1 })].filter(Boolean).join(" · ");
    return h("li", {}, h("button", { type: "button", class: "entry", onclick: () => { inside = { [ofShelf[shelf]]: row.title }; shelf = "tracks"; search.value = text = ""; look(); } },
      h("span", { class: "title" }, name), h("span", { class: "below" }, below)));
  }
  function songRow(row) {
    const below = [row.artist, row.album].filter(Boolean).join(" · ");
    const name = h("span", { class: "entry" }, h("span", { class: "title" }, row.title, row.explicit ? h("abbr", { title: t("explicit"), class: "e" }, "E") : null), h("span", { class: "below" }, below));
    const what = { title: row.title };
    return h("li", { class: row.banned ? "banned" : "" }, name, h("span", { class: "time" }, clock(row.duration_seconds || 0)),
      guest ? button(t("wish.for", what), () => wish(row), { bare: true, class: "round small", key: `wish${row.id}`, "aria-disabled": taking.closed() ? "true" : null }, "wish") : [
        button(t("queue.add", what), () => give("queue_add", row.id), { bare: true, class: "round small" }, "plus"),
        button(t("play.this", what), () => give("play_track", row.id, true), { bare: true, class: "round small" }, "play")]);
  }
  // Not `disabled`: who stands on it by the keyboard would lose their place when a wish is granted.
  async function wish(row) {
    if (taking.closed()) toast(taking.said(), true); else await give("wish", row.id);
    taking.ask();
  }
  // Any song of an artist: the first by chance that the house takes; what it refuses costs nothing.
  async function wishAny() {
    const left = [...rows].sort(() => Math.random() - 0.5).slice(0, 6);
    let told = { code: taking.closed(), refused: true };
    while (!taking.closed() && left.length) {
      const song = left.pop();
      told = await post("/api/command", { command: "wish", argument: song.id });
      if (!told.refused) toast(t("said.wish.any", { title: song.title }));
      if (!["wish_already", "wish_banned", "wish_explicit", "wish_unfit"].includes(told.code)) break;
    }
    if (told.refused) toast(taking.closed() ? taking.said() : complaint(told), true);
    taking.ask();
  }
  setTimeout(() => look(), 0);
  return box;
}
