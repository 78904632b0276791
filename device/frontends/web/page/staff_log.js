// A day in sums, and what was played.
import { button, clock, h, icon, paint, refill } from "./dom.js";
import { get, listen, live } from "./live.js";
import { language, t } from "./words.js";
import { card } from "./staff_parts.js";

const MOODS = { positive: 66, neutral: 178, negative: 268, unknown: 300 }, MOST_AGO = 30, SPANS = [7, 30, 90, 365];

export function dayCard() {
  const body = h("div", { class: "stack" });
  let ago = 0, song = null;
  async function look() {
    const day = await get(`/api/staff/day?ago=${ago}`);
    if (day.refused) return;
    const named = new Intl.DateTimeFormat(language(), { weekday: "long", month: "long", day: "numeric", timeZone: "UTC" }).format(new Date(day.day));
    refill(body, [h("div", { class: "row" }, button(t("day.earlier"), () => { ago = Math.min(MOST_AGO, ago + 1); look(); }, { bare: true, class: "round small", key: "earlier", disabled: ago === MOST_AGO }, "back"),
      h("b", {}, ago ? named : t("day.today")), button(t("day.later"), () => { ago = Math.max(0, ago - 1); look(); }, { bare: true, class: "round small forward", key: "later", disabled: !ago }, "back")),
      h("dl", { class: "sums" }, ["plays", "minutes", "songs", "skipped"].map((name) => h("div", {}, h("dt", {}, t(`day.${name}`)), h("dd", {}, day[name].toLocaleString(language()))))),
      bars(day.hours), live.about.cafe ? guests(day) : null]);
  }
  listen("state", (state) => { const on = state.playing?.id || ""; if (on !== song) { song = on; if (!ago) look(); } });
  return card(t("day.title"), body);
}

// Plays by the hour; at home as warm or as cool as the moods were.
function bars(hours) {
  const most = Math.max(1, ...hours.map((hour) => hour.heard));
  const words = hours.map((hour, at) => hour.heard ? `${at}: ${hour.heard}` : "").filter(Boolean).join(", ");
  return h("div", { class: "plays", role: "img", "aria-label": `${t("day.by_hour")} ${words}` }, h("div", { class: "towers" }, hours.map((hour) => {
    const tower = h("i", {});
    paint(tower, { "--high": `${hour.heard / most * 100}%`, "--own": hour.valence === null ? "var(--hue)" : hour.valence > 0 ? 66 : 268, "--much": hour.valence === null ? 0.08 : 0.04 + Math.abs(hour.valence) * 0.13 });
    return tower;
  })), h("div", { class: "hours" }, ["0", "6", "12", "18", "24"].map((hour) => h("span", {}, hour))));
}

function guests(day) {
  if (!day.guests) return h("p", { class: "hint" }, t("day.no_guests", { step: day.step }));
  return h("div", { class: "stack" }, h("h3", {}, t("day.guests", { count: day.guests })), h("dl", { class: "bars" }, Object.entries(MOODS).filter(([mood]) => day.moods[mood]).map(([mood, own]) => {
    const full = h("div", { class: "full" });
    paint(full, { "--share": day.moods[mood] / day.guests, "--own": own });
    return h("div", { class: "bar" }, h("dt", {}, t(`class.${mood}`)), h("dd", {}, full, h("span", { class: "percent" }, day.moods[mood])));
  })), h("p", { class: "hint" }, t("day.step", { step: day.step })));
}

export function logCard() {
  const body = h("div", { class: "scroll" }), file = h("a", { class: "say", download: "" }, icon("down"), h("span", {}, t("log.file")));
  const span = h("select", { "aria-label": t("log.span"), onchange: () => look() }, SPANS.map((days) => h("option", { value: days }, t("log.days", { days }))));
  async function look() {
    file.href = `/api/staff/log.csv?days=${span.value}`;
    const rows = await get(`/api/staff/log?days=${span.value}&limit=200`);
    if (rows.refused) { refill(body, [h("p", { class: "hint" }, t("staff.no_log"))]); return; }
    const when = new Intl.DateTimeFormat(language(), { weekday: "short", day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit" });
    refill(body, rows.length ? [h("table", {}, h("thead", {}, h("tr", {}, ["when", "song", "how"].map((name) => h("th", { scope: "col" }, t(`log.${name}`))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("td", {}, when.format(row.at * 1000)), h("td", {}, row.title, h("br"), h("span", { class: "below" }, row.artist)), h("td", {}, `${t(`log.${row.how}`)} ${clock(row.seconds)}`)))))] : [h("p", { class: "hint" }, t("staff.no_log"))]);
  }
  look();
  const made = card(t("staff.log"), h("div", { class: "row wrap" }, span, button(t("staff.log.again"), look, { class: "say" }, "restart"), file), body, h("p", { class: "hint" }, t("log.file.how")));
  made.classList.add("wide");
  return made;
}
